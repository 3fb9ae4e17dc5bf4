import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'

export interface TableOptions {
  /** The list's metadata (resourceVersion, continue, remainingItemCount); of one object or a watch event, its own resourceVersion. */
  readonly list?: JsonObject | undefined
  readonly includeObject: 'None' | 'Metadata' | 'Object'
  /** Epoch in ms, for ages. */
  readonly now: number
  /** Leave `columnDefinitions` out: in all but the first event of a watch. */
  readonly noHeaders?: boolean
}

/** Objects as a `Table` of meta.k8s.io/v1, in upstream's columns for built-ins and the kind's printer columns otherwise. */
export function toTable(kind: KindVersion, objects: readonly JsonObject[], options: TableOptions): JsonObject {
  void kind
  void objects
  void options
  return {}
}

/** A `PartialObjectMetadataList` with that list metadata, or a `PartialObjectMetadata` of the first object where there is none. */
export function toPartialMetadata(objects: readonly JsonObject[], list?: JsonObject): JsonObject {
  void objects
  void list
  return {}
}
