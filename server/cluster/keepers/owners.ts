import { resourceOf } from '../admission.ts'
import type { Call, Cluster } from '../cluster.ts'
import type { DeleteOptions } from '../deleting.ts'
import { deleteObject, removeStored } from '../deleting.ts'
import { sameJson } from '../equality.ts'
import type { JsonObject } from '../json.ts'
import { isObject } from '../json.ts'
import type { KindVersion } from '../kind.ts'
import type { Owner } from '../metadata.ts'
import { finalizersOf, metadataOf, metaText, ownersOf } from '../metadata.ts'
import type { HistoryEvent } from '../objects.ts'
import { storeKey } from '../objects.ts'
import { StatusError } from '../status.ts'
import { WorkQueue } from './queue.ts'

const CALL: Call = { user: { name: 'system:serviceaccount:kube-system:generic-garbage-collector', groups: ['system:serviceaccounts', 'system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }
const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'
/** The metadata that says who owns whom, and who is to go. */
const FIELDS = ['ownerReferences', 'deletionTimestamp', 'finalizers']

function isEnding(object: JsonObject, finalizer: string): boolean {
  return Boolean(metaText(object, 'deletionTimestamp')) && finalizersOf(object).includes(finalizer)
}

function withMetadata(object: JsonObject, changes: JsonObject): JsonObject {
  return { ...object, metadata: { ...metadataOf(object), ...changes } }
}

/** Where an object is: the resource's name in the store, a space, its key. */
function placeOf(resource: string, key: string): string { return `${resource} ${key}` }

/**
 * The garbage collector: what has lost all its owners is deleted, what is deleted in the foreground waits for its
 * dependents, what is orphaned is let go (pkg/controller/garbagecollector of kube-controller-manager).
 */
class OwnerKeeper {
  private readonly cluster: Cluster
  private readonly dependents = new Map<string, Set<string>>()
  private readonly queue: WorkQueue
  private readonly unlisten: () => void

  constructor(cluster: Cluster, log: (message: string) => void) {
    this.cluster = cluster
    this.queue = new WorkQueue(place => this.attend(place), log)
    for (const resource of cluster.store.resources()) for (const { key, object } of cluster.store.of(resource).range('')) this.index(resource, key, object)
    this.unlisten = cluster.store.listen((resource, event) => this.heed(resource, event))
  }

  stop(): void {
    this.unlisten()
    this.queue.stop()
  }

  private index(resource: string, key: string, object: JsonObject): void {
    const place = placeOf(resource, key)
    const owners = ownersOf(object)
    for (const { uid } of owners) this.dependents.set(uid, (this.dependents.get(uid) ?? new Set()).add(place))
    if (owners.length || isEnding(object, FOREGROUND) || isEnding(object, ORPHAN)) this.queue.add(place)
  }

  private heed(resource: string, event: HistoryEvent): void {
    const { object, key } = event.after
    const before = event.before?.object
    if (event.type === 'MODIFIED' && before && FIELDS.every(field => sameJson(metadataOf(before)[field], metadataOf(object)[field]))) return
    const place = placeOf(resource, key)
    const left = new Set(ownersOf(before ?? {}).map(owner => owner.uid))
    if (event.type !== 'DELETED') {
      for (const { uid } of ownersOf(object)) left.delete(uid)
      this.index(resource, key, object)
    }
    for (const uid of left) this.dependents.get(uid)?.delete(place)
    const uid = metaText(object, 'uid')
    if (event.type === 'DELETED' || isEnding(object, FOREGROUND)) for (const dependent of this.dependents.get(uid) ?? []) this.queue.add(dependent)
    // Owners who wait for this one to go look again.
    for (const owner of ownersOf(before ?? object)) this.attendOwner(owner, metaText(object, 'namespace'))
    if (event.type === 'DELETED' && !this.dependents.get(uid)?.size) this.dependents.delete(uid)
  }

  private attendOwner(owner: Owner, namespace: string): void {
    const found = this.find(owner, namespace)
    if (found && found !== 'unknown' && isEnding(found.object, FOREGROUND)) this.queue.add(placeOf(found.resource, found.key))
  }

  private kindOf(resource: string): KindVersion | undefined {
    return this.cluster.registry.all().find(kind => resourceOf(kind) === resource)
  }

  /** The owner as it is stored; `unknown` where its kind is not served, so that nothing can be said. */
  private find(owner: Owner, namespace: string): { resource: string, key: string, object: JsonObject } | 'unknown' | undefined {
    const kind = this.cluster.registry.byKind(owner.apiVersion, owner.kind)
    if (!kind) return 'unknown'
    const key = storeKey(kind.namespaced ? namespace : '', owner.name)
    const stored = this.cluster.store.of(resourceOf(kind)).get(key)
    return stored && metaText(stored.object, 'uid') === owner.uid ? { resource: resourceOf(kind), key, object: stored.object } : undefined
  }

  private attend(place: string): void {
    const [resource = '', key = ''] = place.split(' ')
    const stored = this.cluster.store.of(resource).get(key)
    const kind = this.kindOf(resource)
    if (!stored || !kind) return
    if (isEnding(stored.object, ORPHAN)) return this.orphan(kind, key, stored.object)
    if (isEnding(stored.object, FOREGROUND)) this.releaseWhenAlone(kind, key, stored.object)
    if (!metaText(stored.object, 'deletionTimestamp')) this.collect(kind, key, stored.object)
  }

  /** Deletes an object that no owner holds; where some do, lets go of those who do not. */
  private collect(kind: KindVersion, key: string, object: JsonObject): void {
    const owners = ownersOf(object)
    if (!owners.length) return
    const namespace = metaText(object, 'namespace')
    const found = owners.map(owner => this.find(owner, namespace))
    if (found.includes('unknown')) return
    const holds = owners.filter((_, index) => {
      const owner = found[index]
      return owner && owner !== 'unknown' && !isEnding(owner.object, FOREGROUND)
    })
    const gone = owners.length - holds.length
    if (holds.length && !gone) return
    if (holds.length) {
      const kept = new Set(holds.map(owner => owner.uid))
      this.keepReferences(kind, key, object, uid => kept.has(uid))
      return
    }
    const waits = found.some(owner => owner !== undefined)
    const policy = finalizersOf(object).includes(ORPHAN) ? 'Orphan' : finalizersOf(object).includes(FOREGROUND) || (waits && this.hasDependents(object)) ? 'Foreground' : 'Background'
    const options: DeleteOptions = { gracePeriodSeconds: undefined, propagationPolicy: policy, preconditions: { uid: metaText(object, 'uid') }, dryRun: false }
    try {
      deleteObject(this.cluster, kind, { namespace, name: metaText(object, 'name') }, options, CALL)
    }
    catch (error) {
      if (!(error instanceof StatusError && error.code === 404)) throw error
    }
  }

  private hasDependents(object: JsonObject): boolean {
    return Boolean(this.dependents.get(metaText(object, 'uid'))?.size)
  }

  private* dependentsOf(uid: string): Generator<{ kind: KindVersion, key: string, object: JsonObject }> {
    for (const place of [...this.dependents.get(uid) ?? []]) {
      const [resource = '', key = ''] = place.split(' ')
      const object = this.cluster.store.of(resource).get(key)?.object
      const kind = this.kindOf(resource)
      if (object && kind) yield { kind, key, object }
    }
  }

  private keepReferences(kind: KindVersion, key: string, object: JsonObject, keep: (uid: string) => boolean): void {
    const references = metadataOf(object)['ownerReferences']
    const kept = Array.isArray(references) ? references.filter(reference => isObject(reference) && keep(String(reference['uid']))) : []
    const { ownerReferences, ...metadata } = metadataOf(object)
    void ownerReferences
    this.cluster.store.put(resourceOf(kind), key, { ...object, metadata: kept.length ? { ...metadata, ownerReferences: kept } : metadata })
  }

  private orphan(kind: KindVersion, key: string, object: JsonObject): void {
    const uid = metaText(object, 'uid')
    for (const dependent of this.dependentsOf(uid)) this.keepReferences(dependent.kind, dependent.key, dependent.object, owner => owner !== uid)
    this.release(kind, key, ORPHAN)
  }

  private releaseWhenAlone(kind: KindVersion, key: string, object: JsonObject): void {
    const uid = metaText(object, 'uid')
    const blocked = [...this.dependentsOf(uid)].some(dependent => ownersOf(dependent.object).some(owner => owner.uid === uid && owner.blockOwnerDeletion))
    if (!blocked) this.release(kind, key, FOREGROUND)
  }

  private release(kind: KindVersion, key: string, finalizer: string): void {
    const object = this.cluster.store.of(resourceOf(kind)).get(key)?.object
    if (!object) return
    const rest = finalizersOf(object).filter(name => name !== finalizer)
    const released = withMetadata(object, { finalizers: rest })
    if (rest.length || Number(metadataOf(object)['deletionGracePeriodSeconds'] ?? 0) > 0) this.cluster.store.put(resourceOf(kind), key, released)
    else removeStored(this.cluster, kind, key, released)
  }
}

/** Starts the garbage collector; answers how to stop it. */
export function keepOwners(cluster: Cluster, log: (message: string) => void): () => void {
  const keeper = new OwnerKeeper(cluster, log)
  return () => keeper.stop()
}
