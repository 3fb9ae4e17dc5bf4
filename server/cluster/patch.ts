import jsonMergePatch from 'json-merge-patch'
import { applyPatch as applyJsonPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { sameJson } from './equality.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion, Schema } from './kind.ts'
import { OBJECT_META } from './kinds/meta.ts'
import { copy } from './prune.ts'
import { strategicMerge } from './strategicMerge.ts'

export interface PatchRefusal { readonly status: 400 | 413 | 415 | 422, readonly reason: string, readonly message: string }
export type PatchOutcome = { readonly ok: JsonObject } | PatchRefusal

const MOST_OPERATIONS = 10_000
const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'

/**
 * Applies a patch (the parsed body) to the stored object; the caller admits the result. Never throws; `current` is not changed.
 * Texts as in k8s.io/apiserver pkg/endpoints/handlers/patch.go and evanphx/json-patch v4. Server-side apply is not served.
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
    return badRequest(error instanceof Error ? error.message : String(error))
  }
}

function patchByOperations(current: JsonObject, body: JsonValue): PatchOutcome {
  if (!Array.isArray(body)) return badRequest(`error decoding patch: json: cannot unmarshal ${goKind(body)} into Go value of type []handlers.jsonPatchOp`)
  if (body.length > MOST_OPERATIONS)
    return { status: 413, reason: 'RequestEntityTooLarge', message: `The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${body.length}` }
  const patched = copy(current)
  for (const operation of body) {
    const message = isObject(operation) ? applyOperation(patched, operation) : 'Unexpected kind: unknown'
    if (message) return { status: 422, reason: 'Invalid', message }
  }
  return { ok: patched }
}

/** Applies one operation in place; the words for what hinders it, or undefined when it is done. */
function applyOperation(object: JsonObject, operation: JsonObject): string | undefined {
  const { op, path, from } = operation
  if (typeof path !== 'string') return 'operation missing path field: missing value'
  const hindrance = explain(object, String(op), path, typeof from === 'string' ? from : '', operation.value)
  if (hindrance || op === 'test') return hindrance
  try {
    const [error] = applyJsonPatch(object, [operation as unknown as Operation])
    return error ? error.message : undefined
  }
  catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type Place = { readonly container: JsonObject | JsonValue[], readonly key: string } | undefined

/** The container that a pointer's last step is in; undefined where there is none. */
function placeOf(object: JsonObject, pointer: string): Place {
  const steps = pointer.split('/').slice(1).map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at: JsonValue | undefined = object
  for (const step of steps.slice(0, -1)) at = childOf(at, step)
  return typeof at === 'object' && at !== null && steps.length > 0 ? { container: at, key: steps.at(-1) ?? '' } : undefined
}

function childOf(container: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(container)) return container[Number(key)]
  return isObject(container) && Object.hasOwn(container, key) ? container[key] : undefined
}

function explain(object: JsonObject, op: string, path: string, from: string, value: JsonValue | undefined): string | undefined {
  const place = placeOf(object, path)
  const source = placeOf(object, from)
  switch (op) {
    case 'add': return place ? outOfRange(place, 0, `error in add for path: '${path}'`) : `add operation does not apply: doc is missing path: "${path}": missing value`
    case 'remove': return place ? absent(place, `error in remove for path: '${path}'`) : `remove operation does not apply: doc is missing path: "${path}": missing value`
    case 'replace':
      if (!place) return `replace operation does not apply: doc is missing path: ${path}: missing value`
      return childOf(place.container, place.key) === undefined ? `replace operation does not apply: doc is missing key: ${path}: missing value` : undefined
    case 'test':
      if (!place) return `test operation does not apply: is missing path: ${path}: missing value`
      return sameValue(childOf(place.container, place.key), value) ? undefined : `testing value ${path} failed: test failed`
    case 'move':
      if (!source) return `move operation does not apply: doc is missing from path: ${from}: missing value`
      return absent(source, `error in move for path: '${source.key}'`) ?? (place ? undefined : `move operation does not apply: doc is missing destination path: ${path}: missing value`)
    case 'copy':
      if (!source) return `copy operation does not apply: doc is missing from path: ${from}: missing value`
      return place ? undefined : `copy operation does not apply: doc is missing destination path: ${path}: missing value`
    default: return `Unexpected kind: ${op}`
  }
}

function absent({ container, key }: NonNullable<Place>, where: string): string | undefined {
  if (Array.isArray(container)) return outOfRange({ container, key }, 1, where)
  return Object.hasOwn(container, key) ? undefined : `${where}: Unable to remove nonexistent key: ${key}: missing value`
}

function outOfRange({ container, key }: NonNullable<Place>, margin: 0 | 1, where: string): string | undefined {
  if (!Array.isArray(container) || key === '-') return undefined
  return Number(key) > container.length - margin ? `${where}: Unable to access invalid index: ${key}: invalid index referenced` : undefined
}

/** Nothing and null are the same to a test. */
function sameValue(found: JsonValue | undefined, wanted: JsonValue | undefined): boolean {
  if (found === undefined || found === null || wanted === undefined || wanted === null) return (found ?? null) === (wanted ?? null)
  return sameJson(found, wanted)
}

function badRequest(message: string): PatchRefusal {
  return { status: 400, reason: 'BadRequest', message }
}

function goKind(value: JsonValue): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value
}
