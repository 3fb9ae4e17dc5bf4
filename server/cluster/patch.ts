import jsonMergePatch from 'json-merge-patch'
import { applyPatch as applyJsonPatch, Pointer } from 'rfc6902'
import type { Operation } from 'rfc6902'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion, Schema } from './kind.ts'
import { OBJECT_META } from './kinds/meta.ts'
import { copy } from './prune.ts'
import { BadDirective, strategicMerge } from './strategicMerge.ts'

interface PatchRefusal { readonly status: 400 | 413 | 415 | 422 | 500, readonly reason: string, readonly message: string }
export type PatchOutcome = { readonly ok: JsonObject } | PatchRefusal

const MOST_OPERATIONS = 10_000
const JSON_PATCH = 'application/json-patch+json'
/** Whatever hinders a JSON patch, this is all that a client is told. */
const REJECTED = 'the server rejected our request due to an error in our request'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'

/**
 * Applies a patch (the parsed body) to the stored object; the caller admits the result. Never throws; `current` is not changed.
 * Texts as in k8s.io/apiserver pkg/endpoints/handlers/patch.go. Server-side apply is not served.
 */
export function applyPatch(contentType: string, kind: KindVersion, current: JsonObject, body: JsonValue): PatchOutcome {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === JSON_PATCH) return patchByOperations(current, body)
  if (type === MERGE_PATCH) return patchByMerge(current, body)
  if (type === STRATEGIC && kind.builtIn) return patchStrategically(kind, current, body)
  return unsupported(type, kind)
}

function unsupported(type: string | undefined, kind: KindVersion): PatchRefusal {
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(kind.builtIn ? [STRATEGIC] : []), ...(type === APPLY ? [] : [APPLY])]
  return { status: 415, reason: 'UnsupportedMediaType', message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}` }
}

function patchByMerge(current: JsonObject, body: JsonValue): PatchOutcome {
  if (!isObject(body)) return badRequest(`error decoding patch: json: cannot unmarshal ${goKind(body)} into Go value of type map[string]interface {}`)
  return { ok: jsonMergePatch.apply(copy(current), copy(body)) as JsonObject }
}

function patchStrategically(kind: KindVersion, current: JsonObject, body: JsonValue): PatchOutcome {
  if (!isObject(body)) return badRequest(`json: cannot unmarshal ${goKind(body)} into Go value of type map[string]interface {}`)
  const schema: Schema = { ...kind.schema, properties: { ...kind.schema.properties, metadata: OBJECT_META } }
  try {
    return { ok: strategicMerge(copy(current), body, schema) }
  }
  catch (error) {
    if (error instanceof BadDirective) return badRequest(error.message)
    return { status: 500, reason: '', message: error instanceof Error ? error.message : String(error) }
  }
}

function patchByOperations(current: JsonObject, body: JsonValue): PatchOutcome {
  if (!Array.isArray(body)) return badRequest(`error decoding patch: json: cannot unmarshal ${goKind(body)} into Go value of type []handlers.jsonPatchOp`)
  const odd = body.find(operation => !isObject(operation))
  if (odd !== undefined) return badRequest(`error decoding patch: json: cannot unmarshal ${goKind(odd)} into Go value of type handlers.jsonPatchOp`)
  if (body.length > MOST_OPERATIONS)
    return { status: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${body.length}` }
  const patched = copy(current)
  const done = (body as unknown as Operation[]).every(operation => applies(patched, operation))
  return done ? { ok: patched } : { status: 422, reason: 'Invalid', message: REJECTED }
}

/** Applies one operation in place; false when it cannot be. Upstream is laxer than RFC 6902 with fields that are missing: they count as null. */
function applies(object: JsonObject, operation: Operation): boolean {
  try {
    const { parent, value } = Pointer.fromJSON(operation.path).evaluate(object) as { parent: unknown, value: unknown }
    if (operation.op === 'test' && operation.value === null) return Boolean(parent) && (value ?? null) === null
    const lax: Operation = operation.op === 'replace' && !Array.isArray(parent) ? { ...operation, op: 'add' } : operation
    return applyJsonPatch(object, [lax]).every(error => error === null)
  }
  catch {
    return false
  }
}

function badRequest(message: string): PatchRefusal {
  return { status: 400, reason: 'BadRequest', message }
}

function goKind(value: JsonValue): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value
}
