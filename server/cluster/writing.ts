import { randomUUID } from 'node:crypto'
import { apiVersionOf, askHooks, checkNamespace, resourceOf, uidConflict } from './admission.ts'
import { countsGenerations, createsOnUpdate, needsVersion, strategyOf } from './builtIns.ts'
import type { Call, Cluster } from './cluster.ts'
import { removeStored } from './deleting.ts'
import { checkEscalation } from './escalation.ts'
import { sameJson } from './equality.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { checkMetadata, checkMetadataUpdate, finalizersOf, finalizerWarnings, metadataOf, metaText, tidyMetadata, timestamp } from './metadata.ts'
import { generateName } from './names.ts'
import { storeKey } from './objects.ts'
import { applyPatch } from './patch.ts'
import type { Admission } from './schema.ts'
import { admit, strictMessage } from './schema.ts'
import type { Surroundings } from './strategies/strategy.ts'
import { alreadyExists, badRequest, conflict, forbidden, invalid, MODIFIED, notFound, StatusError } from './status.ts'

/** Where an object is. */
export interface Address { readonly namespace: string, readonly name: string }

/** An answer of a write: 201 for a new object. */
export interface Written { readonly code: 200 | 201, readonly object: JsonObject }

const TRIES = 8

/** Refuses a body of another kind or version, in the words of the two decoders (custom resources and built-ins). */
function checkIdentity(kind: KindVersion, body: JsonObject): JsonObject {
  const expected = apiVersionOf(kind)
  const { apiVersion, kind: sentKind } = body
  if (!kind.builtIn) {
    if (apiVersion !== expected) throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`)
    if (sentKind !== kind.kind) {
      const cause = { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(sentKind)}: must be ${kind.kind}`, field: 'kind' }
      throw invalid({ ...kind, kind: String(sentKind) }, metaText(body, 'name'), [cause])
    }
    return body
  }
  const asked = typeof sentKind === 'string' && sentKind ? sentKind : kind.kind
  const version = typeof apiVersion === 'string' && apiVersion ? apiVersion : expected
  if (asked !== kind.kind || version !== expected) {
    const because = `no kind "${asked}" is registered for version "${version}" in scheme "pkg/runtime/scheme.go:110"`
    throw badRequest(`${asked} in version "${version.split('/').pop() ?? ''}" cannot be handled as a ${kind.kind}: ${because}`)
  }
  return { ...body, kind: asked, apiVersion: version }
}

function settleNamespace(kind: KindVersion, namespace: string, metadata: JsonObject): void {
  const sent = metadata['namespace'] ?? ''
  if (sent !== '' && sent !== (kind.namespaced ? namespace : '')) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (kind.namespaced) metadata['namespace'] = namespace
}

/** 422 of a patch whose result cannot be read as its kind. */
function unreadablePatch(patched: JsonObject, because: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${because}`
  return new StatusError(422, 'Invalid', ` "" is invalid: patch: ${message}`, { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] })
}

/** Turns what decoding and schema found into refusals and warnings. Causes are left to the caller, to stand with those of the metadata. */
export function heed(kind: KindVersion, admission: Admission, call: Call, patched?: JsonObject): void {
  if (patched && admission.malformed) throw unreadablePatch(patched, admission.malformed.replace(/^.* cannot be handled as a \S+: /, ''))
  if (patched && admission.strictErrors.length) throw unreadablePatch(patched, `strict decoding error: ${admission.strictErrors.join(', ')}`)
  if (admission.malformed) throw badRequest(admission.malformed)
  if (admission.strictErrors.length) throw badRequest(strictMessage(kind, admission.strictErrors))
  admission.warnings.forEach(call.warn)
}

function withMetadata(object: JsonObject, metadata: JsonObject): JsonObject {
  const { apiVersion, kind, metadata: replaced, ...rest } = object
  void replaced
  return { apiVersion: apiVersion ?? null, kind: kind ?? null, metadata: tidyMetadata(metadata), ...rest }
}

function surroundings(cluster: Cluster, sent: JsonObject): Surroundings {
  return { store: cluster.store, now: timestamp(cluster.now()), sent }
}

function freeName(cluster: Cluster, kind: KindVersion, namespace: string, prefix: string): string {
  const taken = cluster.store.of(resourceOf(kind))
  let name = generateName(prefix)
  for (let tries = 1; tries < TRIES && taken.get(storeKey(namespace, name)); tries++) name = generateName(prefix)
  return name
}

/** Creates an object. Throws a StatusError with the code and text of a real API server. */
export function createObject(cluster: Cluster, kind: KindVersion, namespace: string, body: JsonObject, call: Call): Written {
  const sent = checkIdentity(kind, body)
  const admission = admit(kind, sent, { fieldValidation: call.fieldValidation, part: 'object' })
  heed(kind, admission, call)
  const { resourceVersion, deletionTimestamp, deletionGracePeriodSeconds, ...metadata } = metadataOf(admission.object)
  void deletionTimestamp
  void deletionGracePeriodSeconds
  settleNamespace(kind, namespace, metadata)
  const prefix = typeof metadata['generateName'] === 'string' ? metadata['generateName'] : ''
  if (!metadata['name'] && prefix) metadata['name'] = freeName(cluster, kind, namespace, prefix)
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : ''
  metadata['uid'] = randomUUID()
  metadata['creationTimestamp'] = timestamp(cluster.now())
  if (countsGenerations(kind)) metadata['generation'] = 1
  else delete metadata['generation']

  const request = { operation: 'CREATE' as const, kind, subresource: '', namespace, name, old: undefined, user: call.user, dryRun: call.dryRun }
  checkNamespace(cluster, kind, namespace, name)
  const first = withMetadata(admission.object, metadata)
  const mutated = askHooks(cluster, 'mutate', { ...request, object: first }, call) ?? first
  // What a hook wrote is held to the schema as well.
  const checked = mutated === first ? { ...admission, object: first } : admit(kind, mutated, { fieldValidation: 'Ignore', part: 'object' })
  const strategy = strategyOf(kind)
  const completed = strategy.prepareCreate?.(checked.object, surroundings(cluster, sent)) ?? checked.object
  const object = withMetadata(completed, metadataOf(completed))
  const causes = [...checkMetadata(kind, object), ...strategy.check?.(object) ?? [], ...checked.causes]
  if (causes.length) throw invalid(kind, name, causes)
  if (!kind.builtIn) finalizerWarnings(object).forEach(call.warn)
  strategy.warn?.(object).forEach(call.warn)
  askHooks(cluster, 'validate', { ...request, object }, call)
  checkEscalation(cluster, kind, object, call.user)
  if (resourceVersion) throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created')

  const key = storeKey(namespace, name)
  const there = cluster.store.of(resourceOf(kind)).get(key)
  if (there) throw existsError(kind, name, there.object)
  if (call.dryRun) return { code: 201, object }
  return { code: 201, object: cluster.store.put(resourceOf(kind), key, object).object }
}

function existsError(kind: KindVersion, name: string, there: JsonObject): StatusError {
  const error = alreadyExists(kind, name)
  return metaText(there, 'deletionTimestamp') ? new StatusError(409, error.reason, `object is being deleted: ${error.message}`, error.details) : error
}

/** Replaces an object, or its status. */
export function replaceObject(cluster: Cluster, kind: KindVersion, at: Address, part: 'object' | 'status', body: JsonObject, call: Call): Written {
  const sent = checkIdentity(kind, body)
  const sentName = metaText(sent, 'name')
  if (!sentName) throw badRequest(`the name of the object (${at.name} based on URL) was undeterminable: name must be provided`)
  if (sentName !== at.name) throw badRequest(`the name of the object (${sentName}) does not match the name on the URL (${at.name})`)
  const metadata = { ...metadataOf(sent) }
  settleNamespace(kind, at.namespace, metadata)
  const previous = cluster.store.of(resourceOf(kind)).get(storeKey(at.namespace, at.name))?.object
  if (!previous) {
    if (createsOnUpdate(kind) && part === 'object') return createObject(cluster, kind, at.namespace, body, call)
    throw notFound(kind, at.name)
  }
  const uid = metaText(sent, 'uid')
  if (uid && uid !== metaText(previous, 'uid')) throw uidConflict(kind, at.namespace, at.name, uid, metaText(previous, 'uid'))
  checkVersion(kind, at.name, metadata['resourceVersion'], metaText(previous, 'resourceVersion'))
  return update(cluster, kind, at, part, sent, previous, call, 'replace')
}

function checkVersion(kind: KindVersion, name: string, sent: JsonValue | undefined, current: string): void {
  const version = typeof sent === 'string' ? sent : ''
  if (version && !/^\d+$/.test(version)) throw new StatusError(500, '', `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`)
  if ((!version || version === '0')) {
    if (!needsVersion(kind)) return
    const cause = { reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update', field: 'metadata.resourceVersion' }
    throw invalid({ ...kind, kind: kind.plural }, name, [cause])
  }
  if (version !== current) throw conflict(kind, name, MODIFIED)
}

/** Patches an object, or its status. `body` is the parsed patch. */
export function patchObject(cluster: Cluster, kind: KindVersion, at: Address, part: 'object' | 'status', contentType: string, body: JsonValue, call: Call): Written {
  const previous = cluster.store.of(resourceOf(kind)).get(storeKey(at.namespace, at.name))?.object
  if (!previous) throw notFound(kind, at.name)
  const current = { ...previous, apiVersion: apiVersionOf(kind) }
  const outcome = applyPatch(contentType, kind, current, body)
  if (!('ok' in outcome)) {
    // A JSON patch that cannot be applied is answered without its reason.
    const message = outcome.status === 422 && contentType === 'application/json-patch+json' ? 'the server rejected our request due to an error in our request' : outcome.message
    throw new StatusError(outcome.status, outcome.reason, message, outcome.status === 422 ? {} : undefined)
  }
  const patched = checkIdentity(kind, outcome.ok)
  const name = metaText(patched, 'name')
  if (name !== at.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${at.name})`)
  checkVersion(kind, at.name, metadataOf(patched)['resourceVersion'] ?? metaText(previous, 'resourceVersion'), metaText(previous, 'resourceVersion'))
  return update(cluster, kind, at, part, patched, previous, call, 'patch')
}

const KEPT = ['creationTimestamp', 'deletionTimestamp']
const FILLED = ['uid', 'deletionGracePeriodSeconds']

/** Metadata of an update: what the server owns stays, the rest is as sent. */
function updatedMetadata(kind: KindVersion, at: Address, part: 'object' | 'status', sent: JsonObject, previous: JsonObject): JsonObject {
  const before = metadataOf(previous)
  if (part === 'status' && !kind.builtIn) return { ...before }
  const metadata: JsonObject = { ...metadataOf(sent) }
  settleNamespace(kind, at.namespace, metadata)
  for (const field of [...KEPT, 'generation', 'resourceVersion']) if (before[field] !== undefined) metadata[field] = before[field]
  if (before['generation'] === undefined) delete metadata['generation']
  for (const field of FILLED) if (!metadata[field] && before[field] !== undefined) metadata[field] = before[field]
  return tidyMetadata(metadata)
}

/** What counts as a change of the desired state: all but metadata, and but status where that is written apart. */
function desired(kind: KindVersion, object: JsonObject): JsonObject {
  const { metadata, apiVersion, status, ...rest } = object
  void metadata
  void apiVersion
  return kind.hasStatus || status === undefined ? rest : { ...rest, status }
}

function update(cluster: Cluster, kind: KindVersion, at: Address, part: 'object' | 'status', sent: JsonObject, previous: JsonObject, call: Call, by: 'replace' | 'patch'): Written {
  const request = { operation: 'UPDATE' as const, kind, subresource: part === 'status' ? 'status' : '', namespace: at.namespace, name: at.name, old: previous, user: call.user, dryRun: call.dryRun }
  const admission = admit(kind, sent, { fieldValidation: call.fieldValidation, previous, part })
  heed(kind, admission, call, by === 'patch' ? sent : undefined)
  const first = withMetadata(admission.object, updatedMetadata(kind, at, part, sent, previous))
  const mutated = askHooks(cluster, 'mutate', { ...request, object: first }, call) ?? first
  const checked = mutated === first ? { ...admission, object: first } : admit(kind, mutated, { fieldValidation: 'Ignore', previous, part })
  const strategy = strategyOf(kind)
  const completed = part === 'object' && strategy.prepareUpdate ? strategy.prepareUpdate(checked.object, previous, surroundings(cluster, sent)) : checked.object
  const metadata = updatedMetadata(kind, at, part, mutated, previous)
  const changed = countsGenerations(kind) && !sameJson(desired(kind, completed), desired(kind, previous))
  const object = withMetadata(completed, changed ? { ...metadata, generation: Number(metadata['generation'] ?? 0) + 1 } : metadata)

  const causes = part === 'status' ? [...strategy.checkStatus?.(object) ?? [], ...checked.causes] : [...checkMetadataUpdate(object, previous), ...checkMetadataUpdate(object, previous), ...strategy.checkUpdate?.(object, previous) ?? [], ...strategy.check?.(object) ?? [], ...checked.causes]
  if (causes.length) throw invalid(kind, at.name, causes)
  const because = part === 'object' ? strategy.forbid?.(object, previous, cluster.store) : undefined
  if (because) throw forbidden(kind, at.name, because)
  if (!kind.builtIn) finalizerWarnings(object, previous).forEach(call.warn)
  askHooks(cluster, 'validate', { ...request, object }, call)
  checkEscalation(cluster, kind, object, call.user)
  return { code: 200, object: save(cluster, kind, at, object, previous, call) }
}

/** Stores a changed object; one that is being deleted goes with its last finalizer. An update that changes nothing makes no revision. */
function save(cluster: Cluster, kind: KindVersion, at: Address, object: JsonObject, previous: JsonObject, call: Call): JsonObject {
  const metadata = metadataOf(object)
  const grace = metadata['deletionGracePeriodSeconds'] ?? 0
  const done = Boolean(metadata['deletionTimestamp']) && grace === 0 && finalizersOf(object).length === 0 && !hasSpecFinalizers(kind, object)
  if (done) return call.dryRun ? object : removeStored(cluster, kind, storeKey(at.namespace, at.name), object)
  if (sameJson({ ...object, apiVersion: null }, { ...previous, apiVersion: null })) return previous
  if (call.dryRun) return object
  return cluster.store.put(resourceOf(kind), storeKey(at.namespace, at.name), object).object
}

function hasSpecFinalizers(kind: KindVersion, object: JsonObject): boolean {
  const spec = object['spec']
  return kind.builtIn && kind.plural === 'namespaces' && isObject(spec) && Array.isArray(spec['finalizers']) && spec['finalizers'].length > 0
}
