import type { Cluster } from '../cluster.ts'
import { removeStored } from '../deleting.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { finalizersOf, metadataOf, metaText } from '../metadata.ts'
import type { HistoryEvent } from '../objects.ts'
import { WorkQueue } from './queue.ts'

const CLAIMS = 'persistentvolumeclaims'
const VOLUMES = 'persistentvolumes'
const FINALIZERS: Readonly<Record<string, string>> = { [CLAIMS]: 'kubernetes.io/pvc-protection', [VOLUMES]: 'kubernetes.io/pv-protection' }

function claimsOf(pod: JsonObject): string[] {
  const volumes = fieldAt(pod, 'spec.volumes')
  return Array.isArray(volumes) ? volumes.map(volume => fieldAt(volume, 'persistentVolumeClaim.claimName')).filter(name => typeof name === 'string') : []
}

/** A pod holds a claim from when it is on a node until it has ended. */
function holds(pod: JsonObject, claim: string): boolean {
  const phase = fieldAt(pod, 'status.phase')
  return Boolean(fieldAt(pod, 'spec.nodeName')) && phase !== 'Succeeded' && phase !== 'Failed' && claimsOf(pod).includes(claim)
}

/** Lets deleted claims go once no pod uses them, and deleted volumes once no claim is bound to them (pkg/controller/volume/pvcprotection, pvprotection). */
export function keepProtection(cluster: Cluster, log: (message: string) => void): () => void {
  const inUse = (resource: string, object: JsonObject): boolean => {
    if (resource === VOLUMES) return fieldAt(object, 'status.phase') === 'Bound'
    const namespace = metaText(object, 'namespace')
    return cluster.store.of('pods').range(`${namespace}/`).some(pod => holds(pod.object, metaText(object, 'name')))
  }
  const attend = (place: string) => {
    const [resource = '', key = ''] = place.split(' ')
    const object = cluster.store.of(resource).get(key)?.object
    const finalizer = FINALIZERS[resource]
    const kind = cluster.registry.find('', 'v1', resource)
    if (!object || !finalizer || !kind || !metaText(object, 'deletionTimestamp') || !finalizersOf(object).includes(finalizer) || inUse(resource, object)) return
    const rest = finalizersOf(object).filter(name => name !== finalizer)
    const released = { ...object, metadata: { ...metadataOf(object), finalizers: rest } }
    if (rest.length) cluster.store.put(resource, key, released)
    else removeStored(cluster, kind, key, released)
  }
  const queue = new WorkQueue(attend, log)
  for (const resource of [CLAIMS, VOLUMES]) for (const { key } of cluster.store.of(resource).range('')) queue.add(`${resource} ${key}`)
  const unlisten = cluster.store.listen((resource: string, event: HistoryEvent) => {
    const { object, key } = event.after
    if (resource in FINALIZERS && metaText(object, 'deletionTimestamp')) queue.add(`${resource} ${key}`)
    if (resource !== 'pods' || !isObject(object)) return
    for (const claim of claimsOf(object)) queue.add(`${CLAIMS} ${metaText(object, 'namespace')}/${claim}`)
  })
  return () => {
    unlisten()
    queue.stop()
  }
}
