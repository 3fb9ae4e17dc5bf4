import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import type { PersistentVolume } from './kinds.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import type { Index } from './world.ts'

/** Key: `namespace/claim`. */
export const PODS_BY_CLAIM: Index<Pod> = { kind: PODS, keys: pod => (pod.spec?.volumes ?? []).map(volume => volume.persistentVolumeClaim ? `${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}` : undefined) }
/** Key: the PersistentVolume's name. */
export const CLAIMS_BY_VOLUME: Index<PersistentVolumeClaim> = { kind: CLAIMS, keys: claim => [claim.spec?.volumeName] }
/** Key: the claim's uid. */
export const VOLUMES_BY_CLAIM: Index<PersistentVolume> = { kind: PERSISTENT_VOLUMES, keys: volume => [volume.spec.claimRef?.uid] }

/** A pod whose containers have all ended for good: it uses nothing any more. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}
