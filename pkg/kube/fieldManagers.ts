import type { KubeObject } from './object.ts'

/** Who has set that field to what it is, by name: a program, or the field manager that it gave; none where the cluster does not say. */
export function fieldManagers({ metadata: { managedFields = [] } }: KubeObject, ...path: readonly string[]): readonly string[] {
  return managedFields.filter(({ fieldsV1 }) => isIn(fieldsV1, path)).map(({ manager = '' }) => manager)
}

function isIn(tree: unknown, [name, ...below]: readonly string[]): boolean {
  if (name === undefined)
    return true
  const branch: unknown = typeof tree === 'object' && tree !== null ? Reflect.get(tree, `f:${name}`) : undefined
  return branch !== undefined && isIn(branch, below)
}
