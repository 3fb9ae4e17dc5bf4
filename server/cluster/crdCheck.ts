import type { JsonObject, JsonValue } from './json.ts'
import { sameJson } from './equality.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { checkSubdomain } from './names.ts'
import type { StatusCause } from './schema.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']

/**
 * What is wrong with a CustomResourceDefinition beyond its own schema, worded as kube-apiextensions words it
 * (apiextensions-apiserver pkg/apis/apiextensions/validation). Of the rules for a structural schema only those are
 * checked that a hand-written schema breaks: a type everywhere, and no preserveUnknownFields.
 */
export function checkCrd(crd: JsonObject): StatusCause[] {
  const spec = isObject(crd.spec) ? crd.spec : {}
  const group = String(spec.group ?? '')
  const plural = String(fieldAt(spec, 'names.plural') ?? '')
  const name = String(fieldAt(crd, 'metadata.name') ?? '')
  const versions = Array.isArray(spec.versions) ? spec.versions.filter(isObject) : []
  const names = isObject(spec.names) ? spec.names : {}
  const stored = versions.filter(version => version.storage === true).length
  return [
    ...(name === `${plural}.${group}` ? [] : [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')]),
    ...checkGroup(group),
    ...checkScope(spec.scope),
    ...versions.flatMap((version, index) => checkVersion(version, `spec.versions[${index}]`)),
    ...checkSchemas(versions),
    ...(new Set(versions.map(version => version.name)).size === versions.length ? [] : [invalid('spec.versions', versions, 'must contain unique version names')]),
    ...(stored === 1 ? [] : [invalid('spec.versions', spec.versions ?? null, 'must have exactly one version marked as storage version')]),
    ...['plural', 'singular', 'kind', 'listKind'].filter(field => !names[field]).map(field => required(`spec.names.${field}`)),
    ...checkNames(names),
    ...(spec.preserveUnknownFields === true ? [invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead')] : []),
    ...(stored > 0 ? [] : [invalid('status.storedVersions', null, 'must have at least one stored version')]),
    ...checkApproval(group, fieldAt(crd, 'metadata.annotations')),
  ]
}

function checkGroup(group: string): StatusCause[] {
  if (!group) return [required('spec.group')]
  const wrong = checkSubdomain(group)
  if (wrong.length > 0) return [invalid('spec.group', group, wrong.join(','))]
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

function checkScope(scope: JsonValue | undefined): StatusCause[] {
  if (scope === 'Namespaced' || scope === 'Cluster') return []
  if (!scope) return [required('spec.scope')]
  return [{ reason: 'FieldValueNotSupported', field: 'spec.scope', message: `Unsupported value: ${JSON.stringify(scope)}: supported values: "Cluster", "Namespaced"` }]
}

function checkNames(names: JsonObject): StatusCause[] {
  if (!names.kind || names.kind !== names.listKind) return []
  return [invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same')]
}

function checkVersion(version: JsonObject, path: string): StatusCause[] {
  const schema = fieldAt(version, 'schema.openAPIV3Schema')
  const columns = Array.isArray(version.additionalPrinterColumns) ? version.additionalPrinterColumns.filter(isObject) : []
  return [
    ...(isObject(schema) ? [] : [required(`${path}.schema.openAPIV3Schema`)]),
    ...columns.flatMap((column, index) => checkColumn(column, `${path}.additionalPrinterColumns[${index}]`)),
  ]
}

/** A schema that all versions share is spoken of as `spec.validation`, where v1beta1 had it. */
function checkSchemas(versions: readonly JsonObject[]): StatusCause[] {
  const schemas = versions.map(version => fieldAt(version, 'schema.openAPIV3Schema'))
  const [first, ...others] = schemas
  if (isObject(first) && others.every(other => sameJson(other, first))) return checkRoot(first, 'spec.validation.openAPIV3Schema')
  return schemas.flatMap((schema, index) => isObject(schema) ? checkRoot(schema, `spec.versions[${index}].schema.openAPIV3Schema`) : [])
}

function checkRoot(schema: JsonObject, path: string): StatusCause[] {
  const type = schema.type ?? ''
  return [...(type && type !== 'object' ? [invalid(`${path}.type`, type, 'must be object at the root')] : []), ...checkSchema(schema, path)]
}

function checkColumn(column: JsonObject, path: string): StatusCause[] {
  return COLUMN_TYPES.includes(String(column.type)) ? [] : [invalid(`${path}.type`, column.type, `must be one of ${COLUMN_TYPES.join(',')}`)]
}

const SCHEMA_FIELDS = new Set([
  '$ref', '$schema', 'additionalItems', 'additionalProperties', 'allOf', 'anyOf', 'default', 'definitions', 'dependencies', 'description', 'enum', 'example', 'exclusiveMaximum', 'exclusiveMinimum',
  'externalDocs', 'format', 'id', 'items', 'maxItems', 'maxLength', 'maxProperties', 'maximum', 'minItems', 'minLength', 'minProperties', 'minimum', 'multipleOf', 'not', 'nullable', 'oneOf',
  'pattern', 'patternProperties', 'properties', 'required', 'title', 'type', 'uniqueItems', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type', 'x-kubernetes-map-type', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
])

/** Removes in place what a schema in a CustomResourceDefinition may not say, and returns the paths. Schemas hold schemas, so that no schema of ours can describe them. */
export function pruneSchemas({ group, plural }: KindVersion, crd: JsonObject): string[] {
  if (group !== 'apiextensions.k8s.io' || plural !== 'customresourcedefinitions') return []
  const versions = fieldAt(crd, 'spec.versions')
  return (Array.isArray(versions) ? versions : []).flatMap((version, index) => pruneSchema(fieldAt(version, 'schema.openAPIV3Schema'), `spec.versions[${index}].schema.openAPIV3Schema`))
}

function pruneSchema(schema: JsonValue | undefined, path: string): string[] {
  if (Array.isArray(schema)) return schema.flatMap((item, index) => pruneSchema(item, `${path}[${index}]`))
  if (!isObject(schema)) return []
  const unknown = Object.keys(schema).filter(name => !SCHEMA_FIELDS.has(name))
  for (const name of unknown) Reflect.deleteProperty(schema, name)
  const named = ['properties', 'patternProperties', 'definitions'].flatMap(field => Object.entries(isObject(schema[field]) ? schema[field] : {}).map(([name, child]) => [`${field}.${name}`, child] as const))
  const single = ['items', 'additionalProperties', 'not', 'allOf', 'anyOf', 'oneOf'].map(field => [field, schema[field]] as const)
  return [...unknown.map(name => `${path}.${name}`), ...[...named, ...single].flatMap(([name, child]) => pruneSchema(child, `${path}.${name}`))]
}

/** A structural schema names a type for everything that it specifies. */
function checkSchema(schema: JsonObject, path: string): StatusCause[] {
  const untyped = !schema.type && schema['x-kubernetes-int-or-string'] !== true && schema['x-kubernetes-preserve-unknown-fields'] !== true
  const properties = isObject(schema.properties) ? schema.properties : {}
  return [
    ...(untyped ? [required(`${path}.type`, 'must not be empty for specified object fields')] : []),
    ...(schema.type === 'array' && !isObject(schema.items) ? [required(`${path}.items`, 'must be specified')] : []),
    ...Object.entries(properties).flatMap(([name, property]) => isObject(property) ? checkSchema(property, `${path}.properties[${name}]`) : []),
    ...(isObject(schema.items) ? checkSchema(schema.items, `${path}.items`) : []),
    ...(isObject(schema.additionalProperties) ? checkSchema(schema.additionalProperties, `${path}.additionalProperties`) : []),
  ]
}

function checkApproval(group: string, annotations: JsonValue | undefined): StatusCause[] {
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group)
  if (!isProtected || (isObject(annotations) && annotations['api-approved.kubernetes.io'])) return []
  return [required('metadata.annotations[api-approved.kubernetes.io]', 'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111')]
}

function invalid(field: string, value: unknown, detail: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${detail}` }
}

function required(field: string, detail = ''): StatusCause {
  return { reason: 'FieldValueRequired', field, message: detail ? `Required value: ${detail}` : 'Required value' }
}
