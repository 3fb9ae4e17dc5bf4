import { stringify } from 'yaml'
import { apiVersionOf } from './admission.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import type { Page } from './listing.ts'
import { metaText } from './metadata.ts'
import type { Shape } from './negotiation.ts'
import { Stored } from './objects.ts'
import { toPartialMetadata, toTable } from './table.ts'

/** A body ready to send. */
export interface Rendered { readonly type: string, readonly text: string | Uint8Array }

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** `includeObject` of a Table request; metadata where it is not said. */
export function readIncludeObject(query: URLSearchParams): IncludeObject {
  const said = query.get('includeObject')
  return said === 'None' || said === 'Object' ? said : 'Metadata'
}

function inFormat(shape: Shape, text: string): Rendered {
  return shape.format === 'yaml' ? { type: 'application/yaml', text: stringify(JSON.parse(text), { version: '1.1', sortMapEntries: true }) } : { type: 'application/json', text }
}

/** Any JSON in the format that was asked for. */
export function renderJson(shape: Shape, body: unknown): Rendered {
  return inFormat(shape, JSON.stringify(body))
}

/** One object as object, Table or PartialObjectMetadata. A Status is always itself. */
export function renderObject(kind: KindVersion, shape: Shape, object: JsonObject, include: IncludeObject, now: number): Rendered {
  if (object['kind'] === 'Status' && object['apiVersion'] === 'v1') return renderJson(shape, object)
  const served = { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) }
  if (shape.as === 'object') {
    const { kind: name, apiVersion, ...rest } = served
    return renderJson(shape, { kind: name, apiVersion, ...rest })
  }
  return renderJson(shape, shape.as === 'table'
    ? toTable(kind, [served], { list: { resourceVersion: metaText(object, 'resourceVersion') }, includeObject: include, now })
    : toPartialMetadata([served]))
}

/** The JSON of an item in a list: items of built-in lists carry no kind and apiVersion. */
function itemText(kind: KindVersion, stored: Stored, apiVersion: string): string {
  const text = stored.text(apiVersion)
  if (!kind.builtIn) return text
  const lead = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`
  return text.startsWith(lead) ? `{${text.slice(lead.length)}` : text
}

/** A page of a list as list, Table or PartialObjectMetadataList. */
export function renderPage(kind: KindVersion, shape: Shape, page: Page, include: IncludeObject, now: number): Rendered {
  const metadata: JsonObject = {
    resourceVersion: page.resourceVersion,
    ...(page.continueToken || (!kind.builtIn && shape.as === 'object') ? { continue: page.continueToken } : {}),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  const apiVersion = apiVersionOf(kind)
  if (shape.as === 'table') return renderJson(shape, toTable(kind, page.items.map(item => item.as(apiVersion)), { list: metadata, includeObject: include, now }))
  if (shape.as === 'partial') return renderJson(shape, toPartialMetadata(page.items.map(item => item.as(apiVersion)), metadata))
  const items = page.items.map(item => itemText(kind, item, apiVersion)).join(',')
  return inFormat(shape, `{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[${items}]}`)
}

/** Writes the events of one watch, each a line. A Table names its columns in the first event only. */
export class EventWriter {
  private readonly kind: KindVersion
  private readonly shape: Shape
  private readonly include: IncludeObject
  private readonly now: () => number
  private named = false

  constructor(kind: KindVersion, shape: Shape, include: IncludeObject, now: () => number) {
    this.kind = kind
    this.shape = shape
    this.include = include
    this.now = now
  }

  line(type: string, stored: Stored): string {
    const apiVersion = apiVersionOf(this.kind)
    if (this.shape.as === 'object') return `{"type":"${type}","object":${stored.text(apiVersion)}}\n`
    return this.other(type, stored.as(apiVersion))
  }

  bookmark(revision: number, annotations?: JsonObject): string {
    const metadata: JsonObject = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) }
    const object: JsonObject = { kind: this.kind.kind, apiVersion: apiVersionOf(this.kind), metadata }
    return this.shape.as === 'object' ? `${JSON.stringify({ type: 'BOOKMARK', object })}\n` : this.other('BOOKMARK', object)
  }

  error(status: JsonObject): string {
    return `${JSON.stringify({ type: 'ERROR', object: status })}\n`
  }

  private other(type: string, object: JsonObject): string {
    const shown = this.shape.as === 'table' ? this.table([object]) : toPartialMetadata([object])
    return `${JSON.stringify({ type, object: shown })}\n`
  }

  private table(objects: JsonObject[]): JsonObject {
    const list = { resourceVersion: metaText(objects[0], 'resourceVersion') }
    const table = toTable(this.kind, objects, { list, includeObject: this.include, now: this.now(), noHeaders: this.named })
    this.named = true
    return table
  }
}

/** The object that a selector watch reports as gone: its last chosen state under the revision in which it left. */
export function asLeft(before: Stored, revision: number): Stored {
  const metadata = before.object['metadata']
  return new Stored(before.key, { ...before.object, metadata: { ...(typeof metadata === 'object' && metadata && !Array.isArray(metadata) ? metadata : {}), resourceVersion: String(revision) } }, revision)
}
