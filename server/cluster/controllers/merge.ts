import { isDeepStrictEqual } from 'node:util'

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The merge patch (RFC 7386) that makes `to` of `from`; undefined where they are the same. Fields that are undefined in `to` count as absent. */
export function mergePatchOf(from: unknown, to: object): Record<string, unknown> | undefined {
  const before = isFields(from) ? from : {}
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(before)) {
    if ((to as Fields)[key] === undefined && before[key] !== undefined)
      patch[key] = null
  }
  for (const [key, value] of Object.entries(to)) {
    if (value === undefined)
      continue
    const change = changeOf(before[key], value)
    if (change !== undefined)
      patch[key] = change
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

function changeOf(before: unknown, value: unknown): unknown {
  if (isFields(value) && isFields(before))
    return mergePatchOf(before, value)
  const plain: unknown = JSON.parse(JSON.stringify(value))
  return isDeepStrictEqual(before, plain) ? undefined : plain
}
