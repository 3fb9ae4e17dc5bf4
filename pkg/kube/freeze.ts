/** Freezes a parsed JSON value in all its depth and returns it; Vue leaves a frozen object unproxied. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    freezeTree(value as Record<string, unknown>)
  return value
}

function freezeTree(tree: Record<string, unknown>): void {
  for (const key in tree) {
    const child = tree[key]
    // Half of the weight of most objects, and nobody but the YAML view looks into it.
    if (typeof child === 'object' && child !== null && key !== 'managedFields')
      freezeTree(child as Record<string, unknown>)
  }
  Object.freeze(tree)
}
