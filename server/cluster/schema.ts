import { checkBuiltIn, completeBuiltIn } from './builtInFields.ts'
import { pruneSchemas } from './crdCheck.ts'
import { decodingError, metadataError, normalise } from './goDecoding.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { checkEmbedded, checkListTypes, checkRules } from './invariants.ts'
import type { KindVersion } from './kind.ts'
import { OBJECT_META } from './kinds/meta.ts'
import { copy, dropNulls, fillDefaults, prune } from './prune.ts'
import { isUnchanged, validate } from './validate.ts'

/** A cause in `details.causes` of a Status. `message` is without the field: the whole text is `field: message`. */
export interface StatusCause { readonly reason: string, readonly message: string, readonly field: string }

export interface AdmitOptions {
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** The stored object, on an update. */
  readonly previous?: JsonObject | undefined
  /** `object` keeps the stored status where the kind has a status subresource (none on create); `status` keeps all but the status. */
  readonly part: 'object' | 'status'
}

export interface Admission {
  /** The object as it would be stored: pruned, defaulted. */
  readonly object: JsonObject
  /** 422 Invalid when not empty. Text by `invalidMessage`. */
  readonly causes: StatusCause[]
  /** Warning headers (fieldValidation Warn). */
  readonly warnings: string[]
  /** 400 BadRequest when not empty (fieldValidation Strict). Text by `strictMessage`. */
  readonly strictErrors: string[]
  /** 400 BadRequest with this whole message: the object cannot even be read as its kind. Goes before all others. */
  readonly malformed?: string
}

/** Reads, prunes, defaults and validates an object of a kind, in that order. Pure; never throws. */
export function admit(kind: KindVersion, sent: JsonObject, { fieldValidation, previous, part }: AdmitOptions): Admission {
  const object = copy(sent)
  const { unknown: unknownMetadata, malformed } = readMetadata(kind, object)
  if (malformed) return { object, causes: [], warnings: [], strictErrors: [], malformed }

  const unknown = [...unknownMetadata, ...prune(object, kind.schema, true), ...pruneSchemas(kind, object)].map(path => `unknown field "${path}"`)
  const found = {
    warnings: fieldValidation === 'Warn' ? unknown : [],
    strictErrors: fieldValidation === 'Strict' ? unknown : [],
  }
  dropNulls(object, kind.schema)
  fillDefaults(object, kind.schema)
  if (kind.builtIn) normalise(object, kind.schema)
  if (kind.builtIn) completeBuiltIn(kind, object)
  const admitted = takePart(kind, object, previous, part)
  const wrong = part === 'status' && !kind.builtIn ? validateStatus(kind, admitted) : validate(admitted, kind.schema)
  const unreadable = kind.builtIn ? wrong.map(cause => decodingError(kind, cause)).find(Boolean) : undefined
  if (unreadable) return { object: admitted, causes: [], ...found, malformed: `${unhandled(kind)}: ${unreadable}` }

  const told = [
    ...(previous ? wrong.filter(cause => !isUnchanged(cause, admitted, previous)) : wrong),
    ...checkEmbedded(admitted, kind.schema),
    ...checkListTypes(admitted, kind.schema),
    ...(kind.builtIn ? checkBuiltIn(kind, admitted) : []),
  ]
  return { object: admitted, causes: [...told, ...checkRules(admitted, previous, kind.schema, told)], ...found }
}

/** The message of a 422: `Kind.group "name" is invalid: a`, or `[a, b]` when several. */
export function invalidMessage(kind: KindVersion, name: string, causes: readonly StatusCause[]): string {
  const texts = [...new Set(causes.map(cause => `${cause.field}: ${cause.message}`))]
  const qualified = kind.group ? `${kind.kind}.${kind.group}` : kind.kind
  return `${qualified} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`
}

/** The message of a 400 for unknown fields under fieldValidation=Strict. */
export function strictMessage(kind: KindVersion, strictErrors: readonly string[]): string {
  return `${unhandled(kind)}: strict decoding error: ${strictErrors.join(', ')}`
}

function unhandled({ kind, version }: KindVersion): string {
  return `${kind} in version "${version}" cannot be handled as a ${kind}`
}

/** Metadata is typed by itself, whatever the schema says: unknown fields go, a field of a wrong type makes the object unreadable. */
function readMetadata(kind: KindVersion, object: JsonObject): { unknown: string[], malformed?: string } {
  const metadata = object.metadata
  if (metadata === undefined) return { unknown: [] }
  const unknown = prune(metadata, OBJECT_META).map(path => `metadata.${path}`)
  dropNulls(metadata, OBJECT_META)
  normalise(metadata, OBJECT_META)
  const wrong = validate(metadata, OBJECT_META).find(cause => cause.reason === 'FieldValueTypeInvalid')
  return wrong ? { unknown, malformed: `${unhandled(kind)}: ${metadataError(kind, OBJECT_META, wrong)}` } : { unknown }
}

/** At the status door only the status is looked at, and paths within the messages begin there. */
function validateStatus(kind: KindVersion, object: JsonObject): StatusCause[] {
  const schema = kind.schema.properties?.status
  if (!schema || object.status === undefined) return []
  return validate(object.status, schema).map(cause => ({ ...cause, field: cause.field === '<nil>' ? cause.field : `status${cause.field ? `.${cause.field}` : ''}` }))
}

/** Who may write which part: without a status subresource the object is one; with it, each door leaves the other's part as it was. */
function takePart(kind: KindVersion, object: JsonObject, previous: JsonObject | undefined, part: 'object' | 'status'): JsonObject {
  if (!kind.hasStatus) return object
  const { status, ...rest } = object
  if (part === 'status' && previous) {
    const { status: replaced, ...kept } = previous
    void replaced
    return withStatus({ ...kept, ...(kind.builtIn ? { metadata: rest.metadata ?? {} } : {}) }, status)
  }
  if (previous) return withStatus(rest, previous.status)
  const initial = kind.builtIn ? kind.schema.properties?.status?.default as JsonValue | undefined : undefined
  return withStatus(rest, initial === undefined ? undefined : structuredClone(initial))
}

function withStatus(object: JsonObject, status: JsonValue | undefined): JsonObject {
  return status === undefined ? object : { ...object, status }
}
