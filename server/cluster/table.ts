import { builtInTable } from './builtInTable.ts'
import type { TableColumn } from './builtInTable.ts'
import { ageOf } from './humanDuration.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt } from './json.ts'
import { firstAt } from './jsonPath.ts'
import type { KindVersion, PrinterColumn } from './kind.ts'

export interface TableOptions {
  /** The list's metadata (resourceVersion, continue, remainingItemCount); of one object or a watch event, its own resourceVersion. */
  readonly list?: JsonObject | undefined
  readonly includeObject: 'None' | 'Metadata' | 'Object'
  /** Epoch in ms, for ages. */
  readonly now: number
  /** Leave `columnDefinitions` out: in all but the first event of a watch. */
  readonly noHeaders?: boolean
}

interface Row { readonly cells: JsonValue[], readonly conditions?: JsonValue }
interface Layout { readonly columns: readonly TableColumn[], readonly row: (object: JsonObject, now: number) => Row }

const NAME: TableColumn = { name: 'Name', format: 'name', description: 'Name, unique in its namespace.' }

/** Objects as a `Table` of meta.k8s.io/v1, in upstream's columns for built-ins and the kind's printer columns otherwise. */
export function toTable(kind: KindVersion, objects: readonly JsonObject[], { list = {}, includeObject, now, noHeaders = false }: TableOptions): JsonObject {
  const layout = layoutOf(kind)
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: list,
    columnDefinitions: noHeaders ? null : layout.columns.map(({ name, type = 'string', format = '', description = '', priority = 0 }) => ({ name, type, format, description, priority })),
    rows: objects.map(object => ({ ...layout.row(object, now), object: included(object, includeObject) })),
  }
}

/** A `PartialObjectMetadataList` with that list metadata, or a `PartialObjectMetadata` of the first object where there is none. */
export function toPartialMetadata(objects: readonly JsonObject[], list?: JsonObject): JsonObject {
  const [first = {}] = objects
  return list ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: list, items: objects.map(partial) } : partial(first)
}

function partial(object: JsonObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} }
}

function included(object: JsonObject, include: TableOptions['includeObject']): JsonValue {
  return include === 'None' ? null : include === 'Object' ? object : partial(object)
}

function layoutOf(kind: KindVersion): Layout {
  if (!kind.builtIn) return printed(kind.printerColumns)
  return builtInTable(kind) ?? CREATED_AT
}

/** What upstream shows of a kind that has no table of its own. */
const CREATED_AT: Layout = {
  columns: [NAME, { name: 'Created At', type: 'date' }],
  row: object => ({ cells: [fieldAt(object, 'metadata.name') ?? '', fieldAt(object, 'metadata.creationTimestamp') ?? ''] }),
}

/** The printer columns of a custom kind (apiextensions-apiserver pkg/registry/customresource/tableconvertor). */
function printed(columns: readonly PrinterColumn[]): Layout {
  return {
    columns: [NAME, ...columns.map(column => ({ ...column, description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}` }))],
    row: (object, now) => ({ cells: [fieldAt(object, 'metadata.name') ?? '', ...columns.map(column => cellOf(column, firstAt(object, column.jsonPath), now))] }),
  }
}

function cellOf({ type }: PrinterColumn, value: JsonValue | undefined, now: number): JsonValue {
  if (value === undefined) return null
  switch (type) {
    case 'string': return typeof value === 'string' ? value : value === null ? '<nil>' : JSON.stringify(value)
    case 'integer': return typeof value === 'number' ? Math.trunc(value) : null
    case 'number': return typeof value === 'number' ? value : null
    case 'boolean': return typeof value === 'boolean' ? value : null
    case 'date': return typeof value !== 'string' ? null : Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, now)
  }
}
