import { parse as parseYaml } from 'yaml'
import { readProtobuf } from './protobuf.ts'
import { duplicateFields } from './duplicates.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { badRequest, StatusError, unsupportedMediaType } from './status.ts'

/** Bytes that a body may have, as of a real server. */
export const BODY_LIMIT = 3 * 1024 * 1024

export function bodyTooLarge(): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`)
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF]

/** Start of a body as error texts show it: text of an object, hex of anything else. */
function summary(body: Buffer): string {
  if (!body.length) return '<empty>'
  const cut = body.subarray(0, 30)
  const shown = body[0] === 0x7B ? cut.toString('utf8') : cut.toString('hex')
  return body.length > 30 ? `${shown} ...` : shown
}

/** The reason in which Go's decoder would put it, as far as the place of the error tells. */
export function jsonReason(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const position = /position (\d+)/.exec(message)?.[1]
  const found = position === undefined ? undefined : text[Number(position)]
  if (found === undefined) return 'unexpected end of JSON input'
  const where = message.includes('property name') ? 'looking for beginning of object key string' : 'looking for beginning of value'
  return `invalid character '${found}' ${where}`
}

function mediaType(contentType: string | undefined): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
}

function unrecognized(kindName: string, because: string, body: Buffer): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${kindName}): ${because} (${summary(body)})`)
}

/** An object that a client sent, and the fields that it says twice. */
export interface SentObject { readonly object: JsonObject, readonly duplicates: readonly string[] }

/** Reads the object in a body. Throws 400 for what is no object, 415 for what is neither JSON nor YAML. */
export function readObject(kind: KindVersion, contentType: string | undefined, body: Buffer): SentObject {
  const type = mediaType(contentType)
  const text = body.toString('utf8')
  let value: unknown
  if (type === 'application/yaml') {
    try { value = parseYaml(text) }
    catch (error) { throw unrecognized(kind.kind, `yaml: ${error instanceof Error ? error.message.split('\n')[0] ?? '' : ''}`, body) }
  }
  else if (type === '' || type === 'application/json') {
    try { value = JSON.parse(text) }
    catch (error) { throw unrecognized(kind.kind, `couldn't get version/kind; json parse error: ${jsonReason(text, error)}`, body) }
  }
  else if (type === PROTOBUF && kind.builtIn) {
    try { value = readProtobuf(body, kind.kind) }
    catch (error) { throw unrecognized(kind.kind, error instanceof Error ? error.message : '', body) }
    if (value === undefined) throw unsupportedMediaType(ACCEPTED)
  }
  else {
    throw unsupportedMediaType(ACCEPTED)
  }
  if (!isObject(value)) {
    const is = Array.isArray(value) ? 'array' : typeof value
    throw unrecognized(kind.kind, `couldn't get version/kind; json parse error: json: cannot unmarshal ${is} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`, body)
  }
  if (!kind.builtIn) {
    for (const [field, name] of [['kind', 'Kind'], ['apiVersion', 'apiVersion']] as const) {
      if (!value[field]) throw unrecognized(kind.kind, `Object '${name}' is missing in '${text}'`, body)
    }
  }
  return { object: value, duplicates: type === '' || type === 'application/json' ? duplicateFields(text) : [] }
}

/** Reads DeleteOptions or another small body; undefined where there is none. */
export function readOptionalObject(contentType: string | undefined, body: Buffer): JsonObject | undefined {
  if (!body.length) return undefined
  const text = body.toString('utf8')
  if (mediaType(contentType) === PROTOBUF) return readProtobuf(body, 'DeleteOptions')
  try {
    const value: unknown = mediaType(contentType) === 'application/yaml' ? parseYaml(text) : JSON.parse(text)
    if (isObject(value)) return value
  }
  catch (error) {
    throw new StatusError(500, '', `couldn't get version/kind; json parse error: ${jsonReason(text, error)}`)
  }
  throw new StatusError(500, '', 'couldn\'t get version/kind; json parse error: not an object')
}

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'

/** Reads a patch and its type. Server-side apply is not served: 415, as every type that the kind does not take. */
export function readPatch(kind: KindVersion, contentType: string | undefined, body: Buffer): { type: string, patch: JsonValue } {
  const type = mediaType(contentType)
  const known = type === JSON_PATCH || type === MERGE_PATCH || (kind.builtIn && type === STRATEGIC_PATCH)
  if (!known) {
    throw kind.builtIn
      ? new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
      : unsupportedMediaType([JSON_PATCH, MERGE_PATCH, 'application/apply-patch+yaml'])
  }
  const text = body.toString('utf8')
  try {
    const patch = JSON.parse(text) as JsonValue
    return { type, patch }
  }
  catch (error) {
    const reason = jsonReason(text, error)
    throw badRequest(type === STRATEGIC_PATCH ? reason : `error decoding patch: ${reason}`)
  }
}
