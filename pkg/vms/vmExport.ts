import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Source: kubevirt staging/src/kubevirt.io/api/export/v1beta1/types.go.

/** KubeVirt's own export: it serves disks for download, by a pod that holds them. */
export interface VmExport extends KubeObject {
  readonly spec: { readonly source: { readonly apiGroup?: string | null, readonly kind: string, readonly name: string } }
  /** Pending, Ready, Terminated or Skipped; empty until KubeVirt has seen it. */
  readonly status?: { readonly phase?: string }
}
export const VM_EXPORTS = defineResource<VmExport>('export.kubevirt.io/v1beta1', 'VirtualMachineExport', 'virtualmachineexports')
