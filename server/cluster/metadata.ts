import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { checkLabelValue, checkName, checkQualifiedName } from './names.ts'
import type { StatusCause } from './schema.ts'

const ORDER = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'labels', 'annotations', 'ownerReferences', 'finalizers']

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

/** Metadata as upstream writes it: known fields in their order, empty ones left out. `managedFields` are not kept: this server does no server-side apply. */
export function tidyMetadata(metadata: JsonObject): JsonObject {
  const tidy: JsonObject = {}
  for (const field of ORDER) {
    const value = metadata[field]
    if (value !== undefined && !isEmpty(value)) tidy[field] = value
  }
  if (tidy['generation'] === 0) delete tidy['generation']
  return tidy
}

/** The metadata of an object; an empty one where it has none. */
export function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata']
  return isObject(metadata) ? metadata : {}
}

/** A text field of the metadata, '' where it is missing. */
export function metaText(object: JsonObject | undefined, field: string): string {
  const value = metadataOf(object)[field]
  return typeof value === 'string' ? value : ''
}

export function finalizersOf(object: JsonObject): string[] {
  const finalizers = metadataOf(object)['finalizers']
  return Array.isArray(finalizers) ? finalizers.filter(finalizer => typeof finalizer === 'string') : []
}

export interface Owner { readonly apiVersion: string, readonly kind: string, readonly name: string, readonly uid: string, readonly controller: boolean, readonly blockOwnerDeletion: boolean }

export function ownersOf(object: JsonObject): Owner[] {
  const owners = metadataOf(object)['ownerReferences']
  if (!Array.isArray(owners)) return []
  return owners.filter(isObject).map(owner => ({
    apiVersion: String(owner['apiVersion'] ?? ''), kind: String(owner['kind'] ?? ''), name: String(owner['name'] ?? ''), uid: String(owner['uid'] ?? ''),
    controller: owner['controller'] === true, blockOwnerDeletion: owner['blockOwnerDeletion'] === true,
  }))
}

function invalidField(field: string, value: JsonValue | undefined, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: ${message}`, field: `metadata.${field}` }
}

function checkLabels(labels: JsonObject): StatusCause[] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, value]) => [
    ...checkQualifiedName(key).map(text => invalidField('labels', key, text)),
    ...checkLabelValue(String(value)).map(text => invalidField('labels', value, text)),
  ])
}

function checkAnnotations(annotations: JsonObject): StatusCause[] {
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)), 0)
  return [
    ...Object.keys(annotations).flatMap(key => checkQualifiedName(key.toLowerCase()).map(text => invalidField('annotations', key, text))),
    ...(size > 262144 ? [{ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 262144 bytes', field: 'metadata.annotations' }] : []),
  ]
}

function checkOwners(owners: readonly Owner[]): StatusCause[] {
  const [first, ...more] = owners.filter(owner => owner.controller).map(({ kind, name }) => `${kind}/${name}`)
  const rivals = more.map(rival => invalidField('ownerReferences', owners.map(owner => ({ ...owner })), `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${rival}`))
  const incomplete = owners.flatMap(({ apiVersion, kind, name, uid }) => [
    ...(apiVersion ? [] : [invalidField('ownerReferences.apiVersion', '', 'version must not be empty')]),
    ...(kind ? [] : [invalidField('ownerReferences.kind', '', 'must not be empty')]),
    ...(name ? [] : [invalidField('ownerReferences.name', '', 'must not be empty')]),
    ...(uid ? [] : [invalidField('ownerReferences.uid', '', 'must not be empty')]),
  ])
  return [...incomplete, ...rivals]
}

function checkCommon(object: JsonObject): StatusCause[] {
  const { labels, annotations } = metadataOf(object)
  return [
    ...checkLabels(isObject(labels) ? labels : {}),
    ...checkAnnotations(isObject(annotations) ? annotations : {}),
    ...checkOwners(ownersOf(object)),
  ]
}

/** What is wrong with the metadata of an object to be created (api/validation ValidateObjectMeta). */
export function checkMetadata(kind: KindVersion, object: JsonObject): StatusCause[] {
  const name = metaText(object, 'name')
  const prefix = metaText(object, 'generateName')
  const finalizers = finalizersOf(object)
  return [
    ...(prefix ? checkName(kind, prefix, true).map(text => invalidField('generateName', prefix, text)) : []),
    ...(name ? checkName(kind, name).map(text => invalidField('name', name, text)) : [{ reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' }]),
    ...checkCommon(object),
    ...finalizers.flatMap(finalizer => checkQualifiedName(finalizer).map(text => invalidField('finalizers', finalizer, text))),
    ...(finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
      ? [invalidField('finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')]
      : []),
  ]
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds']

/** What is wrong with changed metadata (ValidateObjectMetaUpdate). */
export function checkMetadataUpdate(object: JsonObject, previous: JsonObject): StatusCause[] {
  const before = metadataOf(previous)
  const after = metadataOf(object)
  const added = finalizersOf(object).filter(finalizer => !finalizersOf(previous).includes(finalizer)).sort()
  return [
    ...(before['deletionTimestamp'] && added.length
      ? [{ reason: 'FieldValueForbidden', message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(text => JSON.stringify(text)).join(', ')}}`, field: 'metadata.finalizers' }]
      : []),
    ...IMMUTABLE.filter(field => before[field] !== after[field]).map(field => invalidField(field, after[field], 'field is immutable')),
    ...checkCommon(object),
  ]
}

/** Warnings for finalizers that may clash: `metadata.finalizers: "bare": prefer a domain-qualified …`. */
export function finalizerWarnings(object: JsonObject, previous?: JsonObject): string[] {
  const known = previous ? finalizersOf(previous) : []
  return finalizersOf(object)
    .filter(finalizer => !finalizer.includes('/') && !['orphan', 'foregroundDeletion', 'kubernetes'].includes(finalizer) && !known.includes(finalizer))
    .map(finalizer => `metadata.finalizers: "${finalizer}": prefer a domain-qualified finalizer name${finalizer.includes('.') ? ' including a path (/)' : ''} to avoid accidental conflicts with other finalizer writers`)
}

/** Seconds since 1970 as the API writes times, without fractions. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
