import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion, Schema } from './kind.ts'
import { fieldSchema } from './prune.ts'
import { canonicalQuantity } from './quantity.ts'
import type { StatusCause } from './schema.ts'

// Built-ins and all metadata are read into Go structs by a real API server: a value of a wrong type is a decoding error, 400,
// in the words of encoding/json. Go's names of structs are guessed from the names of fields, which is right for most.

/** What is said of metadata of a wrong type. */
export function metadataError(kind: KindVersion, schema: Schema, cause: StatusCause): string {
  if (cause.field === '') return `json: cannot unmarshal ${goKind(cause)} into Go value of type v1.ObjectMeta`
  const { names, leaf } = readPath(schema, cause.field)
  const struct = names[0] === 'ownerReferences' && names.length > 1 ? 'OwnerReference' : 'ObjectMeta'
  return decodingText(cause, struct, [...(kind.builtIn ? ['metadata'] : []), ...names], leaf)
}

/** What is said of any other field of a built-in; undefined where the cause is no matter of decoding. */
export function decodingError(kind: KindVersion, cause: StatusCause): string | undefined {
  const { names, leaf } = readPath(kind.schema, cause.field)
  if (leaf['x-kubernetes-int-or-string'] && leaf.pattern !== undefined) return 'quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\''
  if (cause.reason !== 'FieldValueTypeInvalid') return undefined
  const parent = names.at(-2)
  const struct = parent === undefined ? kind.kind : names.length === 2 ? `${kind.kind}${pascal(parent)}` : pascal(singular(parent))
  return decodingText(cause, struct, names, leaf)
}

function decodingText(cause: StatusCause, struct: string, names: readonly string[], leaf: Schema): string {
  const found = foundIn(cause)
  const isText = cause.message.startsWith(`Invalid value: ${JSON.stringify(found)}`) && leaf.type === 'string' && leaf.format !== undefined
  if (leaf.format === 'date-time' && isText) return `parsing time ${JSON.stringify(found)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(found)} as "2006"`
  if (leaf.format === 'byte' && found !== 'int64') return `illegal base64 data at input byte ${Math.max(found.search(/[^A-Za-z0-9+/=]/), 0)}`
  return `json: cannot unmarshal ${goKind(cause)} into Go struct field ${struct}.${names.join('.')} of type ${goType(leaf, names.at(-1) ?? '')}`
}

/** The fields on the way to a value, without places in lists and keys of maps, and the schema of the value. */
function readPath(schema: Schema, path: string): { names: string[], leaf: Schema } {
  const names: string[] = []
  let leaf = schema
  for (const step of path.split('.')) {
    const [name = '', ...places] = step.split('[')
    if (leaf.properties && Object.hasOwn(leaf.properties, name)) names.push(name)
    leaf = fieldSchema(leaf, name) ?? {}
    for (const place of places) leaf = place ? leaf.items ?? {} : leaf
  }
  return { names, leaf }
}

const GO_KINDS: Readonly<Record<string, string>> = { 'integer': 'number', 'int64': 'number', 'double': 'number', 'boolean': 'bool', '': 'bool' }

function foundIn(cause: StatusCause): string {
  return String(JSON.parse(/: ("(?:[^"\\]|\\.)*")$/.exec(cause.message)?.[1] ?? '""'))
}

function goKind(cause: StatusCause): string {
  const found = foundIn(cause)
  return GO_KINDS[found] ?? found
}

function goType(schema: Schema, name: string): string {
  switch (schema.type) {
    case 'boolean': return 'bool'
    case 'integer': return schema.format ?? 'int64'
    case 'array': return `[]${goType(schema.items ?? {}, singular(name))}`
    case 'object': return schema.additionalProperties ? 'map[string]string' : `v1.${pascal(name)}`
    default: return schema.format === 'byte' ? '[]uint8' : 'string'
  }
}

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
const singular = (name: string) => name.replace(/s$/, '')

/** Values of a built-in as its decoder leaves them, in place: nulls in maps of texts are empty, quantities have their canonical form. */
export function normalise(value: JsonValue, schema: Schema): void {
  if (Array.isArray(value)) {
    for (const item of value) normalise(item, schema.items ?? {})
    return
  }
  if (!isObject(value)) return
  for (const [name, child] of Object.entries(value)) {
    const known = fieldSchema(schema, name)
    if (known) normaliseField(value, name, child, known)
  }
}

function normaliseField(object: JsonObject, name: string, child: JsonValue, schema: Schema): void {
  if (child === null && schema.type === 'string' && !schema.nullable) object[name] = ''
  else if (schema['x-kubernetes-int-or-string'] && schema.pattern !== undefined) object[name] = canonicalQuantity(String(child)) ?? child
  else normalise(child, schema)
}
