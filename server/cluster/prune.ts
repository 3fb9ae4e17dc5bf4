import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { Schema } from './kind.ts'
import { OBJECT_META } from './kinds/meta.ts'

const TYPE_META = new Set(['apiVersion', 'kind', 'metadata'])

/**
 * Removes in place the fields that a schema does not know and returns their paths, sorted. Below a node that preserves
 * unknown fields only what it names is looked into. At the root and in embedded resources apiVersion, kind and metadata stay.
 * (apiextensions-apiserver pkg/apiserver/schema/pruning)
 */
export function prune(value: JsonValue, schema: Schema, root = false): string[] {
  const found: string[] = []
  pruneAt(value, schema, '', found, root)
  return found.sort()
}

function pruneAt(value: JsonValue, schema: Schema, path: string, found: string[], root = false): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => pruneAt(item, schema.items ?? {}, `${path}[${index}]`, found))
    return
  }
  if (!isObject(value)) return
  const keep = schema['x-kubernetes-preserve-unknown-fields'] === true
  const embedded = root || schema['x-kubernetes-embedded-resource'] === true
  for (const [name, child] of Object.entries(value)) {
    const at = path ? `${path}.${name}` : name
    if (embedded && TYPE_META.has(name)) {
      if (!root && name === 'metadata') pruneAt(child, OBJECT_META, at, found)
      continue
    }
    const known = fieldSchema(schema, name)
    if (known) pruneAt(child, known, at, found)
    else if (!keep && schema.additionalProperties !== true) {
      found.push(at)
      Reflect.deleteProperty(value, name)
    }
  }
}

/** The schema of a field by name or, in a map, of its values; undefined where it has none. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  const named = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined
  return named ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
}

/** Removes in place the nulls that may not be null and have no default: they are the same as nothing (schema/defaulting). */
export function dropNulls(value: JsonValue, schema: Schema): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema.items ?? {})
    return
  }
  if (!isObject(value)) return
  for (const [name, child] of Object.entries(value)) {
    const known = fieldSchema(schema, name)
    if (!known) continue
    if (child === null && known.nullable !== true && known.default === undefined && Object.hasOwn(schema.properties ?? {}, name))
      Reflect.deleteProperty(value, name)
    else dropNulls(child, known)
  }
}

/** Fills in place the defaults of fields that are missing, or null where null is not allowed; of objects that are there only. */
export function fillDefaults(value: JsonValue, schema: Schema): void {
  if (Array.isArray(value)) {
    for (const item of value) fillDefaults(item, schema.items ?? {})
    return
  }
  if (!isObject(value)) return
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const missing = value[name] === undefined || (value[name] === null && property.nullable !== true)
    if (missing && property.default !== undefined) value[name] = structuredClone(property.default) as JsonValue
  }
  for (const [name, child] of Object.entries(value)) {
    const known = fieldSchema(schema, name)
    if (known) fillDefaults(child, known)
  }
}

/** A copy of an object of which nothing is shared. */
export function copy(object: JsonObject): JsonObject {
  return structuredClone(object)
}
