import type { JsonObject, JsonValue } from './json.ts'
import type { KindVersion } from './kind.ts'
import type { StatusCause } from './schema.ts'
import { invalidMessage } from './schema.ts'

/** A refusal that is answered as a `Status` object. Texts are those of k8s.io/apimachinery api/errors, as a 1.34 server says them. */
export class StatusError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: JsonObject | undefined
  readonly metadata: JsonObject
  /** What is sent beside the body. */
  readonly headers: Readonly<Record<string, string | string[]>>

  constructor(code: number, reason: string, message: string, details?: JsonObject, metadata: JsonObject = {}, headers: StatusError['headers'] = {}) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
    this.metadata = metadata
    this.headers = headers
  }

  /** The same refusal, with more beside it. */
  withHeaders(headers: StatusError['headers']): StatusError {
    return new StatusError(this.code, this.reason, this.message, this.details, this.metadata, { ...this.headers, ...headers })
  }

  /** The Status body. */
  get body(): JsonObject {
    return {
      kind: 'Status', apiVersion: 'v1', metadata: this.metadata, status: 'Failure', message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }
}

/** What error texts and details need of a resource. */
export interface ResourceName { readonly group: string, readonly plural: string }

/** `virtualmachines.kubevirt.io`, or `pods` in the core group. */
export function qualifiedResource(resource: ResourceName): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural
}

/** The `details` that name an object, or a collection where there is no name. */
export function detailsOf(resource: ResourceName, name?: string): JsonObject {
  return { ...(name ? { name } : {}), ...(resource.group ? { group: resource.group } : {}), kind: resource.plural }
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualifiedResource(resource)} "${name}" not found`, detailsOf(resource, name))
}

/** 404 for a resource that the server does not have, in a group that it has. */
export function resourceUnknown(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualifiedResource(resource)} "${name}" already exists`, detailsOf(resource, name))
}

export function conflict(resource: ResourceName, name: string, because: string): StatusError {
  return new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedResource(resource)} "${name}": ${because}`, detailsOf(resource, name))
}

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(resource: ResourceName, name: string, because: string, causes?: JsonValue[]): StatusError {
  const named = name ? `${qualifiedResource(resource)} "${name}"` : qualifiedResource(resource)
  return new StatusError(403, 'Forbidden', `${named} is forbidden: ${because}`, { ...detailsOf(resource, name), ...(causes ? { causes } : {}) })
}

function asJson(causes: readonly StatusCause[]): JsonValue[] {
  return causes.map(({ reason, message, field }) => ({ reason, message, field }))
}

/** 422 of an object; its details carry the kind, not the resource. */
export function invalid(kind: KindVersion, name: string, causes: readonly StatusCause[]): StatusError {
  return new StatusError(422, 'Invalid', invalidMessage(kind, name, causes), {
    ...(name ? { name } : {}), ...(kind.group ? { group: kind.group } : {}), kind: kind.kind, causes: asJson(causes),
  })
}

/** 422 of query parameters or of DeleteOptions: `ListOptions.meta.k8s.io "" is invalid: …`. */
export function invalidOptions(optionsKind: string, field: string, reason: string, message: string): StatusError {
  return new StatusError(422, 'Invalid', `${optionsKind}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io', kind: optionsKind, causes: [{ reason, message, field }],
  })
}

/** 405 of a custom resource: `delete is not supported on resources of kind "widgets.example.com"`. */
export function verbUnsupported(resource: ResourceName, verb: string): StatusError {
  return new StatusError(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${qualifiedResource(resource)}"`, detailsOf(resource))
}

/** 405 of a built-in route. */
export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`)
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
}

/** 410 of a list or watch from a revision that is forgotten. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message)
}

export function tooOld(asked: number, oldest: number): StatusError {
  return expired(`too old resource version: ${asked} (${oldest})`)
}

/** 504 of a list or watch from a revision that is not yet reached. */
export function tooNew(asked: number, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1,
  })
}

export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}
