import type { KindVersion } from './kind.ts'
import type { StatusCause } from './schema.ts'

// Built-ins and all metadata are read into Go structs by a real API server: a value of a wrong type is a decoding error, 400,
// and its words are those of encoding/json. Structs other than metadata's are named after the kind, for lack of Go's types.

/** What is said of metadata of a wrong type. */
export function metadataError(kind: KindVersion, cause: StatusCause): string {
  if (cause.field === '') return `json: cannot unmarshal ${goKind(cause)} into Go value of type v1.ObjectMeta`
  const [field = '', ...rest] = cause.field.replaceAll(/\[\d+\]/g, '').split('.')
  const inOwner = field === 'ownerReferences' && rest.length > 0
  const path = [...(kind.builtIn ? ['metadata'] : []), field, ...(inOwner ? rest : [])].join('.')
  return timeError(cause) ?? `json: cannot unmarshal ${goKind(cause)} into Go struct field ${inOwner ? 'OwnerReference' : 'ObjectMeta'}.${path} of type ${goType(cause)}`
}

/** What is said of any other field of a built-in. */
export function decodingError(kind: KindVersion, cause: StatusCause): string {
  return timeError(cause) ?? `json: cannot unmarshal ${goKind(cause)} into Go struct field ${kind.kind}.${cause.field.replaceAll(/\[\d+\]/g, '')} of type ${goType(cause)}`
}

function timeError(cause: StatusCause): string | undefined {
  if (!cause.message.includes('must be of type date-time')) return undefined
  const value = JSON.stringify(foundIn(cause))
  return `parsing time ${value} as "2006-01-02T15:04:05Z07:00": cannot parse ${value} as "2006"`
}

const GO_KINDS: Readonly<Record<string, string>> = { integer: 'number', boolean: 'bool' }
const GO_TYPES: Readonly<Record<string, string>> = { integer: 'int64', boolean: 'bool', array: '[]string', object: 'map[string]string' }

function foundIn(cause: StatusCause): string {
  return String(JSON.parse(/: ("(?:[^"\\]|\\.)*")$/.exec(cause.message)?.[1] ?? '""'))
}

function goKind(cause: StatusCause): string {
  const found = foundIn(cause)
  return GO_KINDS[found] ?? found
}

function goType(cause: StatusCause): string {
  const type = /must be of type ([a-z0-9-]+)/.exec(cause.message)?.[1] ?? 'string'
  return GO_TYPES[type] ?? type
}
