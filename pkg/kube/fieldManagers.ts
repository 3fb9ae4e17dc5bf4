import type { KubeObject, ManagedFields } from './object.ts'
import { readTimestamp } from './object.ts'

/** Who has set that field to what it is, by name: a program, or the field manager that it gave; none where the cluster does not say. */
export function fieldManagers(object: KubeObject, ...path: readonly string[]): readonly string[] {
  return writersOf(object, path).map(({ manager = '' }) => manager)
}

/**
 * By when that field was as it is, by the API server's clock, in epoch milliseconds: the time is that of its writer's last change
 * of anything, which may have come later. Undefined where the cluster does not say.
 */
export function fieldWrittenBy(object: KubeObject, ...path: readonly string[]): number | undefined {
  const times = writersOf(object, path).flatMap(({ time }) => readTimestamp(time) ?? [])
  return times.length ? Math.max(...times) : undefined
}

function writersOf({ metadata: { managedFields = [] } }: KubeObject, path: readonly string[]): readonly ManagedFields[] {
  return managedFields.filter(({ fieldsV1 }) => isIn(fieldsV1, path))
}

function isIn(tree: unknown, [name, ...below]: readonly string[]): boolean {
  if (name === undefined)
    return true
  const branch: unknown = typeof tree === 'object' && tree !== null ? Reflect.get(tree, `f:${name}`) : undefined
  return branch !== undefined && isIn(branch, below)
}
