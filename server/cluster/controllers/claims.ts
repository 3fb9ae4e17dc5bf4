import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { PODS_BY_CLAIM, VOLUMES_BY_CLAIM } from './claimIndexes.ts'
import type { PersistentVolume } from './kinds.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import type { Controller, Write } from './step.ts'
import { NOTHING, change, on, setStatus, write, writeOr } from './step.ts'
import type { World } from './world.ts'

// What kube-controller-manager does where there is one (kubernetes pkg/controller/volume/persistentvolume).

const PROVISIONERS = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner']
const COMPLETED = 'pv.kubernetes.io/bind-completed'
const BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'

/** Whether a claim's class leaves it alone until a pod that uses it has a node. */
export function waitsForConsumer(claim: PersistentVolumeClaim, kind: StorageClass, world: World): boolean {
  return kind.volumeBindingMode === 'WaitForFirstConsumer' && !world.find(PODS_BY_CLAIM, objectKey(claim)).some(pod => pod.spec?.nodeName)
}

/** The annotations by which a provisioner knows that a claim without a volume is its own; none where it knows already. */
function callProvisioner(claim: PersistentVolumeClaim, world: World): Record<string, string> {
  const kind = world.get(STORAGE_CLASSES, claim.spec?.storageClassName)
  if (!kind || waitsForConsumer(claim, kind, world) || PROVISIONERS.every(name => claim.metadata.annotations?.[name] === kind.provisioner))
    return {}
  return Object.fromEntries(PROVISIONERS.map(name => [name, kind.provisioner]))
}

/** What is missing of a claim that has its volume: whether the binder chose it, and that it is done. */
function bindTo(volume: PersistentVolume, claim: PersistentVolumeClaim): Write[] {
  const chosen = claim.spec?.volumeName === volume.metadata.name
  if (chosen && claim.metadata.annotations?.[COMPLETED])
    return []
  return [change(CLAIMS, claim, { metadata: { annotations: { [COMPLETED]: 'yes', ...(chosen ? {} : { [BY_CONTROLLER]: 'yes' }) } }, spec: { volumeName: volume.metadata.name } })]
}

/** Binds a claim to the volume that was made for it, and asks the provisioner of its class for one. */
export const claims: Controller<PersistentVolumeClaim> = {
  name: 'claim-binder',
  actor: 'kube',
  kind: CLAIMS,
  reads: [STORAGE_CLASSES],
  wakes: [
    on(PERSISTENT_VOLUMES, volume => [claimKey(volume)]),
    on(STORAGE_CLASSES, (kind, world) => world.all(CLAIMS).filter(claim => claim.spec?.storageClassName === kind.metadata.name && !claim.spec.volumeName).map(objectKey)),
    on(PODS, pod => (pod.spec?.volumes ?? []).map(volume => volume.persistentVolumeClaim && `${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`)),
  ],
  step(claim, world) {
    if (claim.metadata.deletionTimestamp)
      return NOTHING
    const [volume] = world.find(VOLUMES_BY_CLAIM, claim.metadata.uid)
    if (!volume) {
      const called = claim.spec?.volumeName ? {} : callProvisioner(claim, world)
      if (Object.keys(called).length)
        return write(change(CLAIMS, claim, { metadata: { annotations: called } }))
      const lost = claim.spec?.volumeName && claim.status?.phase === 'Bound' && !world.get(PERSISTENT_VOLUMES, claim.spec.volumeName)
      return writeOr(setStatus(CLAIMS, claim, { ...claim.status, phase: lost ? 'Lost' : claim.status?.phase ?? 'Pending' }), NOTHING)
    }
    const binding = bindTo(volume, claim)
    if (binding.length)
      return write(binding)
    return writeOr(setStatus(CLAIMS, claim, { ...claim.status, phase: 'Bound', accessModes: volume.spec.accessModes ?? [], capacity: volume.spec.capacity ?? {} }), NOTHING)
  },
}

/** A volume is Bound while its claim lives, then Released. */
export const volumes: Controller<PersistentVolume> = {
  name: 'volume-binder',
  actor: 'kube',
  kind: PERSISTENT_VOLUMES,
  wakes: [on(CLAIMS, claim => [claim.spec?.volumeName])],
  step(volume, world) {
    const claim = world.get(CLAIMS, claimKey(volume))
    const bound = claim?.metadata.uid === volume.spec.claimRef?.uid && claim?.spec?.volumeName === volume.metadata.name
    const waiting = volume.status?.phase === undefined || volume.status.phase === 'Pending' || volume.status.phase === 'Available'
    const phase = bound ? 'Bound' : claim && claim.metadata.uid === volume.spec.claimRef?.uid && waiting ? 'Available' : 'Released'
    return writeOr(setStatus(PERSISTENT_VOLUMES, volume, { ...volume.status, phase }), NOTHING)
  },
}

function claimKey(volume: PersistentVolume): string | undefined {
  const { claimRef } = volume.spec
  return claimRef && `${claimRef.namespace}/${claimRef.name}`
}
