import { resourceOf } from '../admission.ts'
import type { Call, Cluster } from '../cluster.ts'
import { deleteCollection } from '../deleting.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { finalizersOf, metadataOf, metaText, timestamp } from '../metadata.ts'
import type { HistoryEvent } from '../objects.ts'
import { CRD_CLEANUP } from '../strategies/platform.ts'
import { WorkQueue } from './queue.ts'

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io'
const CALL: Call = { user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }
const BACKGROUND = { gracePeriodSeconds: undefined, propagationPolicy: 'Background' as const, preconditions: {}, dryRun: false }

function resourceNamed(crd: JsonObject): string {
  return resourceOf({ group: String(fieldAt(crd, 'spec.group') ?? ''), plural: String(fieldAt(crd, 'spec.names.plural') ?? '') })
}

function terminating(crd: JsonObject, now: string): JsonObject {
  const status = isObject(crd['status']) ? crd['status'] : {}
  const conditions: JsonValue[] = Array.isArray(status['conditions']) ? status['conditions'] : []
  const condition = { type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress', lastTransitionTime: now }
  return { ...crd, status: { ...status, conditions: [...conditions.filter(known => isObject(known) && known['type'] !== 'Terminating'), condition] } }
}

/** Serves each CustomResourceDefinition while it is stored; one that is deleted takes its objects with it and ends their watches. */
export function keepDefinitions(cluster: Cluster, log: (message: string) => void): () => void {
  const definitions = cluster.store.of(DEFINITIONS)
  // The real server takes the objects from its store: no webhook is asked, so none can keep a definition from going.
  const unasked: Cluster = { ...cluster, hooks: [] }

  const clean = (name: string) => {
    const crd = definitions.get(name)?.object
    if (!crd || !metaText(crd, 'deletionTimestamp') || !finalizersOf(crd).includes(CRD_CLEANUP)) return
    const objects = cluster.store.of(resourceNamed(crd))
    const kind = cluster.registry.versionsOf(String(fieldAt(crd, 'spec.group')), String(fieldAt(crd, 'spec.names.plural')))[0]
    if (kind) deleteCollection(unasked, kind, objects.range('').filter(stored => !metaText(stored.object, 'deletionTimestamp')), BACKGROUND, CALL)
    if (objects.size) return
    const rest = finalizersOf(crd).filter(finalizer => finalizer !== CRD_CLEANUP)
    const released = { ...crd, metadata: { ...metadataOf(crd), finalizers: rest } }
    if (rest.length) cluster.store.put(DEFINITIONS, name, released)
    else cluster.store.remove(DEFINITIONS, name, released)
  }
  const queue = new WorkQueue(clean, log)

  const heed = (resource: string, event: HistoryEvent) => {
    const { object, key } = event.after
    if (resource === DEFINITIONS) {
      if (event.type === 'DELETED') {
        cluster.registry.removeCrd(key)
        cluster.store.of(resourceNamed(object)).endListening()
        return
      }
      cluster.registry.addCrd(object)
      if (!metaText(object, 'deletionTimestamp')) return
      if (!event.before || !metaText(event.before.object, 'deletionTimestamp')) cluster.store.put(DEFINITIONS, key, terminating(object, timestamp(cluster.now())))
      queue.add(key)
    }
    else if (event.type === 'DELETED' && definitions.get(resource)) {
      if (metaText(definitions.get(resource)?.object, 'deletionTimestamp')) queue.add(resource)
    }
  }
  for (const { key, object } of definitions.range('')) {
    cluster.registry.addCrd(object)
    queue.add(key)
  }
  const unlisten = cluster.store.listen(heed)
  return () => {
    unlisten()
    queue.stop()
  }
}
