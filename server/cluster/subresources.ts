import { resourceOf, stored } from './admission.ts'
import type { Call, Cluster } from './cluster.ts'
import type { DeleteOptions } from './deleting.ts'
import { deleteObject, removeStored } from './deleting.ts'
import type { JsonObject } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { finalizersOf, metaText, timestamp } from './metadata.ts'
import { storeKey } from './objects.ts'
import { badRequest, StatusError } from './status.ts'
import type { Address } from './writing.ts'

// Subresources of single built-ins, beside `status` which any kind may have.

const DONE: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }

/** Puts a pod on a node, as the scheduler does. Throws 409 where it is on one already. */
export function bindPod(cluster: Cluster, kind: KindVersion, at: Address, body: JsonObject, call: Call): JsonObject {
  const key = storeKey(at.namespace, at.name)
  const pod = stored(cluster, kind, key, at.name)
  const node = fieldAt(body, 'target.name')
  if (typeof node !== 'string' || !node) throw badRequest('Binding "" is invalid: target.name: Required value')
  const on = fieldAt(pod, 'spec.nodeName')
  if (on) {
    throw new StatusError(409, 'Conflict', `Operation cannot be fulfilled on pods/binding "${at.name}": pod ${at.name} is already assigned to node "${String(on)}"`, { name: at.name, kind: 'pods/binding' })
  }
  const status = isObject(pod['status']) ? pod['status'] : {}
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : []
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: timestamp(cluster.now()) }
  const others = conditions.filter(condition => isObject(condition) && condition['type'] !== 'PodScheduled')
  if (!call.dryRun) {
    cluster.store.put(resourceOf(kind), key, {
      ...pod,
      spec: { ...(isObject(pod['spec']) ? pod['spec'] : {}), nodeName: node },
      status: { ...status, conditions: [...others, scheduled] },
    })
  }
  return DONE
}

/** Deletes a pod on behalf of somebody who drains its node. */
export function evictPod(cluster: Cluster, kind: KindVersion, at: Address, options: DeleteOptions, call: Call): JsonObject {
  deleteObject(cluster, kind, at, options, call)
  return DONE
}

/** Writes the finalizers of a namespace's spec; one that is ending and has none left is gone with this write. */
export function finalizeNamespace(cluster: Cluster, kind: KindVersion, name: string, body: JsonObject, call: Call): JsonObject {
  const namespace = stored(cluster, kind, name, name)
  const finalizers = fieldAt(body, 'spec.finalizers')
  const list = Array.isArray(finalizers) ? finalizers : []
  const object: JsonObject = { ...namespace, spec: list.length ? { finalizers: list } : {} }
  if (call.dryRun) return object
  if (metaText(namespace, 'deletionTimestamp') && !list.length && !finalizersOf(namespace).length) return removeStored(cluster, kind, name, object)
  return cluster.store.put(resourceOf(kind), name, object).object
}
