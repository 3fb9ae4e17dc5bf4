import { sameJson } from './equality.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { Schema } from './kind.ts'
import { fieldSchema } from './prune.ts'
import type { StatusCause } from './schema.ts'

// What a schema promises beyond JSON schema.

/** Items that a list of type `set` or `map` has twice (apiextensions-apiserver pkg/apiserver/schema/listtype). */
export function checkListTypes(value: JsonValue, schema: Schema, path = ''): StatusCause[] {
  if (Array.isArray(value)) {
    return [
      ...duplicates(value, schema).map(([index, shown]) => ({ reason: 'FieldValueDuplicate', field: `${path}[${index}]`, message: `Duplicate value: ${JSON.stringify(shown)}` })),
      ...value.flatMap((item, index) => checkListTypes(item, schema.items ?? {}, `${path}[${index}]`)),
    ]
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = fieldSchema(schema, name)
    return known ? checkListTypes(child, known, path ? `${path}.${name}` : name) : []
  })
}

function duplicates(list: readonly JsonValue[], schema: Schema): [number, JsonValue][] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'map' && type !== 'set') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const identities = type === 'set' ? list : list.map(item => identity(item, keys))
  return identities.flatMap((item, index) => {
    const earlier = identities.slice(0, index).filter(other => sameJson(other, item)).length
    return earlier === 1 ? [[index, item] as [number, JsonValue]] : []
  })
}

function identity(item: JsonValue, keys: readonly string[]): JsonObject {
  return isObject(item) ? Object.fromEntries(keys.flatMap(key => item[key] === undefined ? [] : [[key, item[key]]])) : {}
}

/** Fields that changed although their rule says `self == oldSelf`. Other rules in CEL are not followed. */
function checkImmutable(value: JsonValue | undefined, previous: JsonValue | undefined, schema: Schema, path = ''): StatusCause[] {
  if (value === undefined || previous === undefined) return []
  const broken = sameJson(value, previous) ? [] : schema['x-kubernetes-validations']?.filter(({ rule }) => rule.trim() === 'self == oldSelf') ?? []
  return [
    ...broken.map(({ message, rule }) => ({ reason: 'FieldValueInvalid', field: path, message: `Invalid value: ${JSON.stringify(typeName(value))}: ${message ?? `failed rule: ${rule}`}` })),
    ...(isObject(value) && isObject(previous)
      ? Object.entries(value).flatMap(([name, child]) => {
          const known = fieldSchema(schema, name)
          return known ? checkImmutable(child, previous[name], known, path ? `${path}.${name}` : name) : []
        })
      : []),
  ]
}

/** A rule's cause names the type in place of the value. */
function typeName(value: JsonValue): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value
}

/** Embedded resources say what they are. */
export function checkEmbedded(value: JsonValue, schema: Schema, path = ''): StatusCause[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => checkEmbedded(item, schema.items ?? {}, `${path}[${index}]`))
  if (!isObject(value)) return []
  const missing = schema['x-kubernetes-embedded-resource'] ? ['apiVersion', 'kind'].filter(name => value[name] === undefined) : []
  return [
    ...missing.map(name => ({ reason: 'FieldValueRequired', field: `${path}.${name}`, message: 'Required value' })),
    ...Object.entries(value).flatMap(([name, child]) => {
      const known = fieldSchema(schema, name)
      return known ? checkEmbedded(child, known, path ? `${path}.${name}` : name) : []
    }),
  ]
}

const BLOCKING = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid'])
const UNCHECKED: StatusCause = { reason: 'FieldValueInvalid', field: '<nil>', message: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation' }

/** Rules are not looked at while plainer things are wrong; where the schema has any, that is said too. */
export function checkRules(object: JsonObject, previous: JsonObject | undefined, schema: Schema, wrong: readonly StatusCause[]): StatusCause[] {
  if (!wrong.some(cause => BLOCKING.has(cause.reason))) return checkImmutable(object, previous, schema)
  return hasRules(schema) ? [UNCHECKED] : []
}

const ruled = new WeakMap<Schema, boolean>()

function hasRules(schema: Schema): boolean {
  const known = ruled.get(schema)
  if (known !== undefined) return known
  const children = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : []), ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [])]
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || children.some(hasRules)
  ruled.set(schema, found)
  return found
}
