import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { sameJson } from './equality.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { Schema } from './kind.ts'
import type { StatusCause } from './schema.ts'

// Ajv finds what breaks the schema; this file says it in the words of kube-openapi (pkg/validation/errors) and apiextensions.

const { 'date-time': dateTime, date, email, hostname, ipv4, ipv6, uuid, byte, uri } = fullFormats
const formats = { 'date-time': dateTime, date, email, hostname, ipv4, ipv6, uuid, byte, uri, 'duration': /^([+-]?\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$/ }
const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, formats, logger: false, code: { optimize: false } })
followKubeOpenapi()
const compiled = new WeakMap<Schema, ValidateFunction>()

/**
 * Has Ajv find faults in the order of kube-openapi (pkg/validation/validate, schema.go, slice_validator.go and
 * object_validator.go): alternatives, numbers and texts, lists, enumerations, objects; what is inside before what is
 * missing or too few. Of several fields it tells in any order (it reads a Go map); here, in the schema's.
 */
function followKubeOpenapi(): void {
  for (const [name, ...others] of [['minItems', 'maxItems'], ['required']] as const) {
    const definition = ajv.getKeyword(name)
    if (typeof definition === 'boolean') continue
    for (const keyword of [name, ...others]) ajv.removeKeyword(keyword)
    ajv.addKeyword(definition)
  }
  const common = ajv.RULES.rules.filter(({ type }) => type === undefined).flatMap(({ rules }) => rules)
  const of = (wanted: string) => ajv.RULES.rules.filter(({ type }) => type === wanted)
  const isEnumeration = ({ keyword }: { readonly keyword: string }) => keyword === 'enum'
  ajv.RULES.rules = [{ rules: common.filter(rule => !isEnumeration(rule)) }, ...of('number'), ...of('string'), ...of('array'), { rules: common.filter(isEnumeration) }, ...of('object')]
}

/** What is wrong with a value by its schema. Field paths begin at the root of the object. */
export function validate(value: JsonValue, schema: Schema): StatusCause[] {
  let check = compiled.get(schema)
  if (!check) {
    check = ajv.compile(toJsonSchema(schema))
    compiled.set(schema, check)
  }
  return check(value) ? [] : causesOf(check.errors ?? [], value)
}

/** True when every cause's value is as it was before: what was wrong already does not hinder an update (CRDValidationRatcheting). */
export function isUnchanged(cause: StatusCause, object: JsonObject, previous: JsonObject): boolean {
  const steps = cause.field.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
  const path = cause.reason === 'FieldValueRequired' ? steps.slice(0, -1) : steps
  let [after, before]: [JsonValue | undefined, JsonValue | undefined] = [object, previous]
  for (const step of path) {
    // Items of a list are not known again by their place: only a list that is the same altogether counts.
    if (Array.isArray(after) || Array.isArray(before)) return sameJson(after, before)
    after = isObject(after) ? after[step] : undefined
    before = isObject(before) ? before[step] : undefined
  }
  return path.length > 0 && sameJson(after, before)
}

function toJsonSchema(schema: Schema): object {
  const { properties, additionalProperties, items, allOf, anyOf, oneOf, not, pattern, nullable, format, ...rest } = schema
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  const type = intOrString ? ['integer', 'string'] : schema.type === undefined ? undefined : [schema.type]
  return {
    ...simple(rest),
    ...(type ? { type: nullable ? [...type, 'null'] : type } : {}),
    ...(format !== undefined && format in formats ? { format } : {}),
    ...(pattern !== undefined && isPattern(pattern) ? { pattern } : {}),
    ...(properties ? { properties: mapValues(properties, toJsonSchema) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: toJsonSchema(additionalProperties) } : {}),
    ...(items ? { items: toJsonSchema(items) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(toJsonSchema) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(toJsonSchema) } : {}),
    ...(allOf ? { allOf: allOf.map(toJsonSchema) } : {}),
    ...(not ? { not: toJsonSchema(not) } : {}),
  }
}

const SIMPLE = ['required', 'enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties']

/** The keywords that mean the same in both; draft 4 says exclusive bounds with a boolean. */
function simple(schema: object): object {
  const kept = Object.fromEntries(Object.entries(schema).filter(([key, value]) => SIMPLE.includes(key) && !isEmptyList(value)))
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, ...rest } = kept as Record<string, unknown>
  return {
    ...rest,
    ...(minimum === undefined ? {} : { [exclusiveMinimum ? 'exclusiveMinimum' : 'minimum']: minimum }),
    ...(maximum === undefined ? {} : { [exclusiveMaximum ? 'exclusiveMaximum' : 'maximum']: maximum }),
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** Go's patterns and ours differ in corners: one that cannot be read here is not held. */
function isPattern(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'))
  }
  catch {
    return false
  }
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, convert: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]))
}

function causesOf(errors: readonly ErrorObject[], root: JsonValue): StatusCause[] {
  const alternatives = errors.filter(error => error.keyword === 'anyOf' || error.keyword === 'oneOf')
  const inAlternative = (error: ErrorObject, of: ErrorObject) => error.schemaPath.startsWith(`${of.schemaPath}/`) && error.instancePath.startsWith(of.instancePath)
  const inside = new Set(errors.filter(error => alternatives.some(of => inAlternative(error, of))))
  const told = errors.flatMap(error => {
    if (alternatives.includes(error)) return [error, ...errors.filter(other => inAlternative(other, error) && isBestBranch(other, error, errors))]
    return inside.has(error) ? [] : [error]
  })
  return [...new Set(told)].filter(isFirstOfText()).map(error => causeOf(error, pathOf(error.instancePath, root)))
}

/** Of a text's length and pattern only the first fault is told. */
function isFirstOfText(): (error: ErrorObject) => boolean {
  const told = new Set<string>()
  return ({ keyword, schemaPath }) => {
    if (!['maxLength', 'minLength', 'pattern'].includes(keyword)) return true
    const schema = schemaPath.slice(0, -keyword.length)
    const isFirst = !told.has(schema)
    told.add(schema)
    return isFirst
  }
}

/** Of the alternatives that all fail, only the one with the fewest faults is told. */
function isBestBranch(error: ErrorObject, of: ErrorObject, errors: readonly ErrorObject[]): boolean {
  const counts = new Map<string, number>()
  const branchOf = (path: string) => path.slice(of.schemaPath.length + 1).split('/')[0] ?? ''
  for (const { schemaPath, instancePath } of errors) {
    if (schemaPath.startsWith(`${of.schemaPath}/`) && instancePath.startsWith(of.instancePath)) counts.set(branchOf(schemaPath), (counts.get(branchOf(schemaPath)) ?? 0) + 1)
  }
  const [best] = [...counts].sort(([, a], [, b]) => a - b)
  return best?.[0] === branchOf(error.schemaPath)
}

function pathOf(instancePath: string, root: JsonValue): string {
  let at: JsonValue | undefined = root
  let path = ''
  for (const step of instancePath.split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    path += Array.isArray(at) ? `[${step}]` : path ? `.${step}` : step
    at = Array.isArray(at) ? at[Number(step)] : isObject(at) ? at[step] : undefined
  }
  return path
}

type Describe = (error: ErrorObject, path: string) => StatusCause

const invalid = (value: unknown, detail: string): Pick<StatusCause, 'reason' | 'message'> => ({ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${detail}` })
const inBody = (rule: (limit: unknown) => string, value: (data: unknown) => unknown = data => data): Describe =>
  (error, field) => ({ field, ...invalid(value(error.data), `${field} in body should ${rule(Object.values(error.params).at(-1))}`) })
const atRoot = (text: (path: string, error: ErrorObject) => string): Describe => (error, path) => ({ field: '<nil>', ...invalid('', text(JSON.stringify(path), error)) })
const sizeOf = (data: unknown) => (Array.isArray(data) ? data.length : Object.keys(data as object).length)
const items = (count: unknown) => `${String(count)} item${count === 1 ? '' : 's'}`
const tooMany: Describe = ({ data, params }, field) => ({ field, reason: 'FieldValueTooMany', message: `Too many: ${sizeOf(data)}: must have at most ${items(params.limit)}` })

const DESCRIBE: Readonly<Record<string, Describe>> = {
  required: ({ params }, path) => ({ field: `${path}.${String(params.missingProperty)}`.replace(/^\./, ''), reason: 'FieldValueRequired', message: 'Required value' }),
  type: ({ data, params, parentSchema }, field) => {
    const format = (parentSchema as { format?: string }).format
    // A format is named in place of the type unless the value is text or a list; null has no format.
    if (format !== undefined && data !== null && typeof data !== 'string' && !Array.isArray(data)) return typeInvalid(field, format, formatOf(data))
    return typeInvalid(field, [params.type].flat().filter(type => type !== 'null').join(','), typeOf(data))
  },
  format: ({ data, params }, field) => typeInvalid(field, String(params.format), String(data)),
  enum: ({ data, params }, field) => ({
    field, reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(data)}: supported values: ${(params.allowedValues as unknown[]).map(value => JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value))).join(', ')}`,
  }),
  maxLength: ({ params }, field) => ({ field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${params.limit} byte${params.limit === 1 ? '' : 's'}` }),
  minLength: inBody(limit => `be at least ${String(limit)} chars long`),
  maxItems: tooMany,
  maxProperties: tooMany,
  minItems: inBody(limit => `have at least ${String(limit)} items`, sizeOf),
  minProperties: inBody(limit => `have at least ${String(limit)} properties`, sizeOf),
  minimum: inBody(limit => `be greater than or equal to ${String(limit)}`),
  maximum: inBody(limit => `be less than or equal to ${String(limit)}`),
  exclusiveMinimum: inBody(limit => `be greater than ${String(limit)}`),
  exclusiveMaximum: inBody(limit => `be less than ${String(limit)}`),
  multipleOf: inBody(factor => `be a multiple of ${String(factor)}`),
  pattern: inBody(pattern => `match '${String(pattern)}'`),
  anyOf: atRoot(path => `${path} must validate at least one schema (anyOf)`),
  oneOf: atRoot((path, { params }) => `${path} must validate one and only one schema (oneOf). ${params.passingSchemas ? `Found ${(params.passingSchemas as unknown[]).length} valid alternatives` : 'Found none valid'}`),
  not: atRoot(path => `${path} must not validate the schema (not)`),
}

function causeOf(error: ErrorObject, path: string): StatusCause {
  return DESCRIBE[error.keyword]?.(error, path) ?? { field: path, ...invalid(error.data, error.message ?? 'is invalid') }
}

function typeInvalid(field: string, type: string, found: string): StatusCause {
  return { field, reason: 'FieldValueTypeInvalid', message: `Invalid value: ${JSON.stringify(found)}: ${field} in body must be of type ${type}: ${JSON.stringify(found)}` }
}

function formatOf(data: unknown): string {
  if (typeof data !== 'number') return ''
  return Number.isInteger(data) ? 'int64' : 'double'
}

function typeOf(data: unknown): string {
  if (data === null) return 'null'
  if (Array.isArray(data)) return 'array'
  if (typeof data === 'number') return Number.isInteger(data) ? 'integer' : 'number'
  return typeof data
}
