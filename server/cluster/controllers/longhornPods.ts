import type { LonghornVolume } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { CLAIMS_BY_VOLUME, PODS_BY_CLAIM } from './claimIndexes.ts'
import { stamp } from './conditions.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import type { World } from './world.ts'

// longhorn-manager controller/kubernetes_pv_controller.go.

type KubernetesStatus = NonNullable<NonNullable<LonghornVolume['status']>['kubernetesStatus']>

const NEW: KubernetesStatus = { pvName: '', pvStatus: '', namespace: '', pvcName: '', lastPVCRefAt: '', lastPodRefAt: '', workloadsStatus: null }

/**
 * The claim and the pods on the volume: pods that have ended count as long as they are there. Of what is gone the names are
 * kept, with the time at which it was seen to be gone.
 */
export function kubernetesStatusOf(volume: LonghornVolume, world: World, now: number): KubernetesStatus {
  const { name } = volume.metadata
  const before = { ...NEW, ...volume.status?.kubernetesStatus }
  const pv = world.get(PERSISTENT_VOLUMES, name)
  if (!pv)
    return before.pvName ? { ...withoutPods(withoutClaim(before, now), now), pvName: '', pvStatus: '' } : before
  const kept = { ...before.pvName === name ? before : NEW, pvName: name, pvStatus: pv.status?.phase ?? '' }
  const [claim] = world.find(CLAIMS_BY_VOLUME, name)
  if (pv.status?.phase !== 'Bound' || !claim)
    return withoutPods(withoutClaim(kept, now), now)
  const bound = { ...kept, namespace: claim.metadata.namespace ?? '', pvcName: claim.metadata.name, lastPVCRefAt: '' }
  const pods = [...world.find(PODS_BY_CLAIM, objectKey(claim))].sort((one, other) => one.metadata.name < other.metadata.name ? -1 : 1)
  if (!pods.length)
    return withoutPods(bound, now)
  const workloadsStatus = pods.map(({ metadata, status }) => {
    const owner = metadata.ownerReferences?.[0]
    return { podName: metadata.name, podStatus: status?.phase ?? '', workloadName: owner?.name ?? '', workloadType: owner?.kind ?? '' }
  })
  return { ...bound, workloadsStatus, lastPodRefAt: '' }
}

function withoutClaim(status: KubernetesStatus, now: number): KubernetesStatus {
  return status.pvcName && !status.lastPVCRefAt ? { ...status, lastPVCRefAt: stamp(now) } : status
}

function withoutPods(status: KubernetesStatus, now: number): KubernetesStatus {
  return status.workloadsStatus?.length && !status.lastPodRefAt ? { ...status, lastPodRefAt: stamp(now) } : status
}
