import { sameJson } from '../equality.ts'
import type { JsonObject } from '../json.ts'
import type { StatusCause } from '../schema.ts'
import type { Strategy } from './strategy.ts'
import { forbiddenChange, immutable, section } from './strategy.ts'

const KEY = '[-._a-zA-Z0-9]+'
const KEY_TEXT = `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${KEY}')`

/** Go leaves empty maps out. */
function withoutEmptyMaps(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !['data', 'binaryData'].includes(field) || Object.keys(section(object, field)).length > 0))
}

/** A Secret's `stringData` is written only: it lands, encoded, in `data`. */
function encodeSecret(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object
  if (stringData === undefined) return object
  const encoded = Object.fromEntries(Object.entries(section(object, 'stringData')).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]))
  return { ...rest, data: { ...section(object, 'data'), ...encoded } }
}

function checkKeys(object: JsonObject): StatusCause[] {
  return ['data', 'binaryData'].flatMap(field => Object.keys(section(object, field)).sort()
    .filter(key => !new RegExp(`^${KEY}$`).test(key))
    .map(key => ({ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(key)}: ${KEY_TEXT}`, field: `${field}[${key}]` })))
}

function checkImmutable(object: JsonObject, previous: JsonObject): StatusCause[] {
  if (previous['immutable'] !== true) return []
  const because = 'field is immutable when `immutable` is set'
  return [
    ...(object['immutable'] === true ? [] : [forbiddenChange('immutable', because)]),
    ...['data', 'binaryData'].filter(field => !sameJson(object[field], previous[field])).map(field => forbiddenChange(field, because)),
  ]
}

export const CONFIG_MAPS: Strategy = { prepareCreate: withoutEmptyMaps, prepareUpdate: withoutEmptyMaps, check: checkKeys, checkUpdate: checkImmutable }

export const SECRETS: Strategy = {
  prepareCreate: object => withoutEmptyMaps(encodeSecret({ type: 'Opaque', ...object })),
  prepareUpdate: (object, previous) => withoutEmptyMaps(encodeSecret({ ...(previous['type'] === undefined ? {} : { type: previous['type'] }), ...object })),
  check: checkKeys,
  checkUpdate: (object, previous) => [
    ...(object['type'] === previous['type'] ? [] : [immutable('type', object['type'])]),
    ...checkImmutable(object, previous),
  ],
}
