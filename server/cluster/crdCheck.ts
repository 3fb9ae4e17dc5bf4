import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
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
  return [
    ...(name === `${plural}.${group}` ? [] : [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')]),
    ...checkGroup(group),
    ...checkScope(spec.scope),
    ...versions.flatMap((version, index) => checkVersion(version, `spec.versions[${index}]`)),
    ...(new Set(versions.map(version => version.name)).size === versions.length ? [] : [invalid('spec.versions', versions, 'must contain unique version names')]),
    ...(versions.filter(version => version.storage === true).length === 1 ? [] : [invalid('spec.versions', versions, 'must have exactly one version marked as storage version')]),
    ...checkNames(isObject(spec.names) ? spec.names : {}),
    ...(spec.preserveUnknownFields === true ? [invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead')] : []),
    ...checkApproval(group, fieldAt(crd, 'metadata.annotations')),
  ]
}

function checkGroup(group: string): StatusCause[] {
  const wrong = checkSubdomain(group)
  if (wrong.length > 0) return [invalid('spec.group', group, wrong.join(','))]
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

function checkScope(scope: JsonValue | undefined): StatusCause[] {
  if (scope === 'Namespaced' || scope === 'Cluster') return []
  return [{ reason: 'FieldValueNotSupported', field: 'spec.scope', message: `Unsupported value: ${JSON.stringify(scope ?? '')}: supported values: "Cluster", "Namespaced"` }]
}

function checkNames(names: JsonObject): StatusCause[] {
  if (!names.kind || names.kind !== names.listKind) return []
  return [invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same')]
}

function checkVersion(version: JsonObject, path: string): StatusCause[] {
  const schema = fieldAt(version, 'schema.openAPIV3Schema')
  const columns = Array.isArray(version.additionalPrinterColumns) ? version.additionalPrinterColumns.filter(isObject) : []
  return [
    ...(isObject(schema) ? checkSchema(schema, `${path}.schema.openAPIV3Schema`) : [required(`${path}.schema.openAPIV3Schema`)]),
    ...columns.flatMap((column, index) => checkColumn(column, `${path}.additionalPrinterColumns[${index}]`)),
  ]
}

function checkColumn(column: JsonObject, path: string): StatusCause[] {
  return COLUMN_TYPES.includes(String(column.type)) ? [] : [invalid(`${path}.type`, column.type, `must be one of ${COLUMN_TYPES.join(',')}`)]
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
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value ?? '')}: ${detail}` }
}

function required(field: string, detail = ''): StatusCause {
  return { reason: 'FieldValueRequired', field, message: detail ? `Required value: ${detail}` : 'Required value' }
}
