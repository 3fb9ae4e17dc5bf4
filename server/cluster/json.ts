/** A value as JSON knows it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }
export interface JsonObject { [key: string]: JsonValue }

/** True for a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a nested field by its dotted path (no dots inside names); undefined where any step is missing. */
export function fieldAt(value: JsonValue | undefined, path: string): JsonValue | undefined {
  let at: JsonValue | undefined = value
  for (const step of path.split('.')) at = isObject(at) ? at[step] : undefined
  return at
}
