import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'

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
export function admit(kind: KindVersion, object: JsonObject, options: AdmitOptions): Admission {
  void kind
  void options
  return { object, causes: [], warnings: [], strictErrors: [] }
}

/** The message of a 422: `Kind.group "name" is invalid: a`, or `[a, b]` when several. */
export function invalidMessage(kind: KindVersion, name: string, causes: readonly StatusCause[]): string {
  const texts = [...new Set(causes.map(cause => `${cause.field}: ${cause.message}`))]
  const qualified = kind.group ? `${kind.kind}.${kind.group}` : kind.kind
  return `${qualified} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`
}

/** The message of a 400 for unknown fields under fieldValidation=Strict. */
export function strictMessage(kind: KindVersion, strictErrors: readonly string[]): string {
  return `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${strictErrors.join(', ')}`
}
