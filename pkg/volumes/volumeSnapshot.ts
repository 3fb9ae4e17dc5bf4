import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Source: kubernetes-csi/external-snapshotter client/apis/volumesnapshot/v1.

export interface VolumeSnapshot extends KubeObject {
  readonly spec: { readonly source: { readonly persistentVolumeClaimName?: string } }
  readonly status?: { readonly readyToUse?: boolean, readonly error?: { readonly message?: string } }
}
export const VOLUME_SNAPSHOTS = defineResource<VolumeSnapshot>('snapshot.storage.k8s.io/v1', 'VolumeSnapshot', 'volumesnapshots')
