import { askHooks, resourceOf, stored } from './admission.ts'
import { returnsDeleted } from './builtIns.ts'
import type { Call, Cluster } from './cluster.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { finalizersOf, metadataOf, metaText, tidyMetadata, timestamp } from './metadata.ts'
import type { Stored } from './objects.ts'
import { storeKey } from './objects.ts'
import { badRequest, detailsOf, forbidden, invalidOptions, qualifiedResource, StatusError } from './status.ts'

/** What a DELETE may say, in its body or its query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined
  readonly propagationPolicy: 'Foreground' | 'Background' | 'Orphan' | undefined
  readonly preconditions: { readonly uid?: string, readonly resourceVersion?: string }
  readonly dryRun: boolean
}

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value ? value : undefined
}

/** Reads DeleteOptions of a body, or of the query where there is no body. Throws 400 or 422 as upstream. */
export function readDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  if (body && body['kind'] !== undefined && body['kind'] !== 'DeleteOptions') {
    throw badRequest(`decoded object cannot be converted to DeleteOptions`)
  }
  const said = body ?? {}
  const policy = text(said['propagationPolicy']) ?? query.get('propagationPolicy') ?? undefined
  const known = POLICIES.find(name => name === policy)
  if (policy && !known) throw invalidOptions('DeleteOptions', 'propagationPolicy', 'FieldValueNotSupported', `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`)
  const grace = said['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds')
  const dryRuns = Array.isArray(said['dryRun']) ? said['dryRun'] : query.getAll('dryRun')
  if (dryRuns.some(value => value !== 'All')) throw invalidOptions('DeleteOptions', 'dryRun', 'FieldValueNotSupported', `Unsupported value: ${JSON.stringify(dryRuns)}: supported values: "All"`)
  const uid = text(fieldAt(said, 'preconditions.uid'))
  const resourceVersion = text(fieldAt(said, 'preconditions.resourceVersion'))
  return {
    gracePeriodSeconds: grace === null || grace === undefined ? undefined : Number(grace),
    propagationPolicy: known ?? (said['orphanDependents'] === true || query.get('orphanDependents') === 'true' ? 'Orphan' : undefined),
    preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
    dryRun: dryRuns.length > 0,
  }
}

function checkPreconditions(kind: KindVersion, name: string, object: JsonObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions
  const refuse = (because: string): StatusError => {
    const kindName = kind.group ? `${kind.kind}.${kind.group}` : kind.kind
    return new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${kindName} "${name}": ${because}`, detailsOf({ group: kind.group, plural: kind.kind }, name))
  }
  if (uid && uid !== metaText(object, 'uid')) {
    throw refuse(`the UID in the precondition (${uid}) does not match the UID in record (${metaText(object, 'uid')}). The object might have been deleted and then recreated`)
  }
  if (resourceVersion && resourceVersion !== metaText(object, 'resourceVersion')) {
    throw refuse(`the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metaText(object, 'resourceVersion')}). The object might have been modified`)
  }
}

/** Finalizers that the propagation policy asks for: `orphan` or `foregroundDeletion` for the garbage collector. */
function collectorFinalizers(object: JsonObject, policy: DeleteOptions['propagationPolicy']): string[] {
  const finalizers = finalizersOf(object)
  if (!policy) return finalizers
  const own = finalizers.filter(name => name !== 'orphan' && name !== 'foregroundDeletion')
  if (policy === 'Orphan') return [...own, 'orphan']
  return policy === 'Foreground' ? [...own, 'foregroundDeletion'] : own
}

/** Seconds a pod is given to end, or undefined for kinds that go at once. */
function gracePeriod(kind: KindVersion, object: JsonObject, options: DeleteOptions): number | undefined {
  if (!kind.builtIn || qualifiedResource(kind) !== 'pods') return undefined
  const phase = fieldAt(object, 'status.phase')
  if (!fieldAt(object, 'spec.nodeName') || phase === 'Failed' || phase === 'Succeeded') return 0
  const asked = options.gracePeriodSeconds ?? Number(fieldAt(object, 'spec.terminationGracePeriodSeconds') ?? 0)
  return asked < 0 ? 1 : asked
}

type Graceful = { readonly state: 'none' | 'pending' } | { readonly state: 'graceful', readonly seconds: number, readonly deadline: string }

/** How a deletion stands towards the time that the object is given (registry/rest BeforeDelete). */
function judgeGrace(kind: KindVersion, object: JsonObject, options: DeleteOptions, now: number): Graceful {
  const seconds = gracePeriod(kind, object, options)
  if (seconds === undefined) return { state: 'none' }
  const ending = metaText(object, 'deletionTimestamp')
  if (!ending) return { state: 'graceful', seconds, deadline: timestamp(now + seconds * 1000) }
  const given = Number(metadataOf(object)['deletionGracePeriodSeconds'] ?? 0)
  if (given === 0) return { state: 'none' }
  if (options.gracePeriodSeconds === undefined || options.gracePeriodSeconds >= given) return { state: 'pending' }
  const moved = Date.parse(ending) - given * 1000 + options.gracePeriodSeconds * 1000
  if (moved >= now) return { state: 'graceful', seconds: options.gracePeriodSeconds, deadline: timestamp(moved) }
  return { state: 'graceful', seconds: options.gracePeriodSeconds === 0 ? 0 : 1, deadline: timestamp(now) }
}

function withMetadata(object: JsonObject, changes: JsonObject): JsonObject {
  return { ...object, metadata: tidyMetadata({ ...metadataOf(object), ...changes }) }
}

function nextGeneration(object: JsonObject): JsonObject {
  const generation = Number(metadataOf(object)['generation'] ?? 0)
  return generation && !metaText(object, 'deletionTimestamp') ? { generation: generation + 1 } : {}
}

/** Takes an object out of the store and answers its last state. */
export function removeStored(cluster: Cluster, kind: KindVersion, key: string, last?: JsonObject): JsonObject {
  return cluster.store.remove(resourceOf(kind), key, last)?.object ?? last ?? {}
}

function saved(cluster: Cluster, kind: KindVersion, key: string, object: JsonObject, options: DeleteOptions): JsonObject {
  return options.dryRun ? object : cluster.store.put(resourceOf(kind), key, object).object
}

function success(kind: KindVersion, object: JsonObject): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { ...detailsOf(kind, metaText(object, 'name')), uid: metaText(object, 'uid') } }
}

/** A namespace only ends once /finalize has emptied its `spec.finalizers`. */
function deleteNamespace(cluster: Cluster, kind: KindVersion, key: string, object: JsonObject, options: DeleteOptions): JsonObject | undefined {
  const finalizers = fieldAt(object, 'spec.finalizers')
  if (!Array.isArray(finalizers) || !finalizers.length) return undefined
  if (metaText(object, 'deletionTimestamp')) return object
  const ending = withMetadata(object, { deletionTimestamp: timestamp(cluster.now()) })
  return saved(cluster, kind, key, { ...ending, status: { ...(isObject(object['status']) ? object['status'] : {}), phase: 'Terminating' } }, options)
}

/** Deletes an object, or begins to; answers the body: the object where it still exists or its kind wants so, else a Status. */
export function deleteObject(cluster: Cluster, kind: KindVersion, at: { readonly namespace: string, readonly name: string }, options: DeleteOptions, call: Call): JsonObject {
  const isNamespace = kind.builtIn && qualifiedResource(kind) === 'namespaces'
  if (isNamespace && IMMORTAL.has(at.name)) throw forbidden(kind, at.name, 'this namespace may not be deleted')
  const key = storeKey(at.namespace, at.name)
  const object = stored(cluster, kind, key, at.name)
  checkPreconditions(kind, at.name, object, options)
  askHooks(cluster, 'validate', { operation: 'DELETE', kind, subresource: '', ...at, object: undefined, old: object, user: call.user, dryRun: options.dryRun }, call)
  if (isNamespace) {
    const ending = deleteNamespace(cluster, kind, key, object, options)
    if (ending) return ending
  }
  const grace = judgeGrace(kind, object, options, cluster.now())
  if (grace.state === 'pending') return object
  const finalizers = collectorFinalizers(object, options.propagationPolicy)
  if (grace.state === 'graceful') {
    const marked = withMetadata(object, { ...nextGeneration(object), finalizers, deletionTimestamp: grace.deadline, deletionGracePeriodSeconds: grace.seconds })
    const ending = saved(cluster, kind, key, marked, options)
    if (finalizers.length || grace.seconds > 0) return ending
  }
  else if (finalizers.length) {
    return markAsDeleting(cluster, kind, key, object, finalizers, options)
  }
  if (!options.dryRun) removeStored(cluster, kind, key, cluster.store.of(resourceOf(kind)).get(key)?.object)
  return returnsDeleted(kind) && kind.builtIn ? object : success(kind, object)
}

function markAsDeleting(cluster: Cluster, kind: KindVersion, key: string, object: JsonObject, finalizers: string[], options: DeleteOptions): JsonObject {
  const since = metaText(object, 'deletionTimestamp')
  const same = since && finalizers.join() === finalizersOf(object).join() && metadataOf(object)['deletionGracePeriodSeconds'] === 0
  if (same) return object
  const marked = withMetadata(object, { ...nextGeneration(object), finalizers, deletionTimestamp: since || timestamp(cluster.now()), deletionGracePeriodSeconds: 0 })
  return saved(cluster, kind, key, marked, options)
}

/** Deletes what a list has found; what is gone meanwhile is no error. */
export function deleteCollection(cluster: Cluster, kind: KindVersion, items: readonly Stored[], options: DeleteOptions, call: Call): void {
  for (const { key, object } of items) {
    if (!cluster.store.of(resourceOf(kind)).get(key)) continue
    deleteObject(cluster, kind, { namespace: metaText(object, 'namespace'), name: metaText(object, 'name') }, { ...options, preconditions: {} }, call)
  }
}
