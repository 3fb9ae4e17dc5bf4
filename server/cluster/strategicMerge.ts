import { sameJson } from './equality.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { Schema } from './kind.ts'
import { fieldSchema } from './prune.ts'

// Strategic merge patch as in k8s.io/apimachinery pkg/util/strategicpatch: lists of built-ins merge by a key that their schema
// names; `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` direct what a plain merge cannot say.

const ORDER = '$setElementOrder/'
const DELETE = '$deleteFromPrimitiveList/'

/** Merges a patch into an object of a built-in kind and returns the new object. Throws an Error with upstream's text on a patch without merge keys. */
export function strategicMerge(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  const directive = patch.$patch
  if (directive === 'replace') return plain(patch)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') throw new Error(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`)

  const merged = retained(original, patch)
  for (const [name, change] of Object.entries(patch)) {
    if (name.startsWith(DELETE)) deletePrimitives(merged, name.slice(DELETE.length), change)
    else if (!name.startsWith('$')) mergeField(merged, name, change, fieldSchema(schema, name) ?? {}, patch[ORDER + name])
  }
  for (const [name, order] of Object.entries(patch)) {
    const field = name.slice(ORDER.length)
    if (name.startsWith(ORDER) && patch[field] === undefined) reorder(merged, field, fieldSchema(schema, field) ?? {}, order)
  }
  return merged
}

function mergeField(into: JsonObject, name: string, change: JsonValue, schema: Schema, order: JsonValue | undefined): void {
  const before = into[name]
  if (change === null) Reflect.deleteProperty(into, name)
  else if (isObject(change) && isObject(before)) into[name] = strategicMerge(before, change, schema)
  else if (isObject(change) && change.$patch === 'delete') Reflect.deleteProperty(into, name)
  else if (Array.isArray(change) && merges(schema)) into[name] = mergeList(Array.isArray(before) ? before : [], change, schema, order)
  else into[name] = isObject(change) ? plain(change) : change
}

const merges = (schema: Schema) => schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false

function mergeList(original: readonly JsonValue[], patch: readonly JsonValue[], schema: Schema, order: JsonValue | undefined): JsonValue[] {
  const key = schema['x-kubernetes-patch-merge-key']
  const same = sameBy(key)
  const changes = patch.filter(item => !isDirective(item))
  const replaced = patch.some(item => isObject(item) && item.$patch === 'replace')
  const kept = replaced ? [] : original.filter(item => !patch.some(other => isObject(other) && other.$patch === 'delete' && same(item, other)))

  const merged = [...kept]
  for (const item of changes) {
    if (key !== undefined && (!isObject(item) || item[key] === undefined)) throw new Error(`map: ${goText(item)} does not contain declared merge key: ${key}`)
    const at = merged.findIndex(other => same(other, item))
    const before = merged[at]
    if (at < 0) merged.push(isObject(item) ? plain(item) : item)
    else if (isObject(before) && isObject(item)) merged[at] = strategicMerge(before, item, schema.items ?? {})
  }
  return inOrder(merged, original, Array.isArray(order) ? order : changes, same)
}

type Same = (a: JsonValue, b: JsonValue) => boolean

function sameBy(key: string | undefined): Same {
  return key === undefined ? sameJson : (a, b) => isObject(a) && isObject(b) && sameJson(a[key], b[key])
}

/** Items of the patch in its order; those that only the server has keep their place before what they stood before. */
function inOrder(merged: readonly JsonValue[], original: readonly JsonValue[], order: readonly JsonValue[], same: Same): JsonValue[] {
  const placeIn = (list: readonly JsonValue[], item: JsonValue) => list.findIndex(other => same(other, item))
  const patched = merged.filter(item => placeIn(order, item) >= 0).sort((a, b) => placeIn(order, a) - placeIn(order, b))
  const others = merged.filter(item => placeIn(order, item) < 0)
  const sorted: JsonValue[] = []
  for (const item of patched) {
    const place = placeIn(original, item)
    while (others[0] !== undefined && place >= 0 && placeIn(original, others[0]) < place) sorted.push(...others.splice(0, 1))
    sorted.push(item)
  }
  return [...sorted, ...others]
}

function reorder(into: JsonObject, name: string, schema: Schema, order: JsonValue): void {
  const list = into[name]
  if (Array.isArray(list) && Array.isArray(order)) into[name] = inOrder(list, list, order, sameBy(schema['x-kubernetes-patch-merge-key']))
}

function deletePrimitives(into: JsonObject, name: string, values: JsonValue): void {
  const list = into[name]
  if (Array.isArray(list) && Array.isArray(values)) into[name] = list.filter(item => !values.some(value => sameJson(item, value)))
}

function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch.$retainKeys
  if (keys === undefined) return { ...original }
  const isKept = (name: string) => Array.isArray(keys) && keys.includes(name)
  if (Object.entries(patch).some(([name, value]) => value !== null && !name.startsWith('$') && !isKept(name))) throw new BadDirective('invalid patch format of retainKeys')
  return Object.fromEntries(Object.entries(original).filter(([name]) => isKept(name)))
}

/** A directive that contradicts its patch: 400, where other faults of a patch are 500. */
export class BadDirective extends Error {}

/** A value as Go prints it: `map[a:1 b:[x y]]`. */
function goText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (isObject(value)) return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => `${key}:${goText(child)}`).join(' ')}]`
  return value === null ? '<nil>' : String(value)
}

function isDirective(item: JsonValue): boolean {
  return isObject(item) && item.$patch !== undefined && item.$patch !== 'merge'
}

/** A part of a patch as a value of its own: without directives and nulls. */
function plain(patch: JsonObject): JsonObject {
  const fields = Object.entries(patch).filter(([name, value]) => !name.startsWith('$') && value !== null && !(isObject(value) && value.$patch === 'delete'))
  return Object.fromEntries(fields.map(([name, value]) => [name, plainValue(value)]))
}

function plainValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.filter(item => !isDirective(item)).map(plainValue)
  return isObject(value) ? plain(value) : value
}
