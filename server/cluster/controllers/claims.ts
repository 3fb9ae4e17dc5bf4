import type { PersistentVolumeClaim } from '#kube/core.ts'
import { CLAIMS } from '#kube/core.ts'
import { VOLUMES_BY_CLAIM } from './claimIndexes.ts'
import type { PersistentVolume } from './kinds.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, on, setStatus, write, writeOr } from './step.ts'

// What kube-controller-manager does where there is one (kubernetes pkg/controller/volume/persistentvolume).

/** Binds a claim to the volume that was made for it. */
export const claims: Controller<PersistentVolumeClaim> = {
  name: 'claim-binder',
  actor: 'kube',
  kind: CLAIMS,
  wakes: [
    on(PERSISTENT_VOLUMES, volume => [claimKey(volume)]),
  ],
  step(claim, world) {
    if (claim.metadata.deletionTimestamp)
      return NOTHING
    const [volume] = world.find(VOLUMES_BY_CLAIM, claim.metadata.uid)
    if (!volume) {
      const lost = claim.spec?.volumeName && claim.status?.phase === 'Bound' && !world.get(PERSISTENT_VOLUMES, claim.spec.volumeName)
      return writeOr(setStatus(CLAIMS, claim, { ...claim.status, phase: lost ? 'Lost' : claim.status?.phase ?? 'Pending' }), NOTHING)
    }
    if (claim.spec?.volumeName !== volume.metadata.name)
      return write(change(CLAIMS, claim, { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } }, spec: { volumeName: volume.metadata.name } }))
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
