import type { Condition, KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Source: harvester/harvester pkg/apis/harvesterhci.io/v1beta1/backup.go.

export interface VmBackup extends KubeObject {
  readonly spec: { readonly source?: { readonly apiGroup?: string, readonly kind?: string, readonly name?: string }, readonly type?: string }
  readonly status?: {
    readonly readyToUse?: boolean
    readonly error?: { readonly message?: string }
    readonly volumeBackups?: readonly { readonly persistentVolumeClaim?: { readonly spec?: { readonly storageClassName?: string } } }[]
  }
}
/** Backups, which leave the cluster, and snapshots, which stay: Harvester has one kind for both. */
export const VM_BACKUPS = defineResource<VmBackup>('harvesterhci.io/v1beta1', 'VirtualMachineBackup', 'virtualmachinebackups')

export interface VmRestore extends KubeObject {
  readonly spec: { readonly target?: { readonly name?: string }, readonly newVM?: boolean }
  readonly status?: { readonly complete?: boolean, readonly conditions?: readonly Condition[] }
}
export const VM_RESTORES = defineResource<VmRestore>('harvesterhci.io/v1beta1', 'VirtualMachineRestore', 'virtualmachinerestores')
