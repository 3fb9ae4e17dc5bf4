import type { Node, PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Condition, KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { VmBackup, VmRestore } from '#vms/vmBackup.ts'
import type { VmExport } from '#vms/vmExport.ts'
import type { DataVolume } from './dataVolume.ts'
import type { ExportWorld } from './exportWorld.ts'
import type { VolumeSnapshot } from './volumeSnapshot.ts'

// Objects around one disk, `production/web-01-root`, for the specs of what is judged about it.

export const meta = (name: string, namespace = 'production') => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
export const live = <T extends KubeObject>(...objects: T[]): Seen<T> => ({ objects, state: 'live' })
export const DELETED = { deletionTimestamp: '2026-03-01T11:59:00Z' }

export const CLAIM: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('web-01-root'), spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } }
const ROOT = [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }]

export function vm(runStrategy: RunStrategy, status: VirtualMachine['status'] = { runStrategy }, extra: object = {}, name = 'web-01'): VirtualMachine {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...meta(name), ...extra }, spec: { runStrategy, template: { spec: { volumes: ROOT } } }, status }
}
export function vmi(phase: VmiPhase, status: object = {}, extra: object = {}, name = 'web-01'): VirtualMachineInstance {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { ...meta(name), ...extra }, spec: { volumes: ROOT }, status: { phase, ...status } }
}
export function pod(phase: string, extra: Partial<Pod> & { labels?: Record<string, string> } = {}, name = 'virt-launcher-web-01-x'): Pod {
  const { labels, metadata, ...rest } = extra
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...meta(name), labels: labels ?? { 'kubevirt.io': 'virt-launcher' }, ...metadata }, spec: { nodeName: 'node-1', volumes: ROOT }, status: { phase }, ...rest }
}
export function attachment(nodeName = 'node-1', volume = 'pv-1', extra: object = {}): VolumeAttachment {
  return { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { ...meta('csi-1'), ...extra }, spec: { attacher: 'driver.longhorn.io', nodeName, source: { persistentVolumeName: volume } }, status: { attached: true } }
}
export function node(name: string, ready: Condition['status'] = 'True', taints: { key: string, effect: string }[] = [], since?: string): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { ...meta(name) }, spec: { taints }, status: { conditions: [{ type: 'Ready', status: ready, ...(since && { lastTransitionTime: since }) }] } }
}
export const OUT_OF_SERVICE = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }]

export function exportImage(name: string, imported: Condition['status']): VirtualMachineImage {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta(name), spec: { displayName: name, sourceType: 'export-from-volume', pvcName: 'web-01-root', pvcNamespace: 'production' }, status: { conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: imported }] } }
}
export function dataVolume(metadata: DataVolume['metadata'], phase: string): DataVolume {
  return { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata, spec: { source: { pvc: { namespace: 'production', name: 'web-01-root' } } }, status: { phase } }
}
export function snapshot(status?: VolumeSnapshot['status']): VolumeSnapshot {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', metadata: meta('nightly'), spec: { source: { persistentVolumeClaimName: 'web-01-root' } }, status }
}
export function backup(status?: VmBackup['status'], of = 'web-01'): VmBackup {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineBackup', metadata: meta('nightly'), spec: { source: { name: of }, type: 'backup' }, status }
}
export function restore(status?: VmRestore['status']): VmRestore {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineRestore', metadata: meta('back'), spec: { target: { name: 'web-01' } }, status }
}
export function vmExport(kind: 'PersistentVolumeClaim' | 'VirtualMachine' | 'VirtualMachineSnapshot', name: string, phase?: string): VmExport {
  const apiGroup = { PersistentVolumeClaim: '', VirtualMachine: 'kubevirt.io', VirtualMachineSnapshot: 'snapshot.kubevirt.io' }[kind]
  return { apiVersion: 'export.kubevirt.io/v1beta1', kind: 'VirtualMachineExport', metadata: meta('download'), spec: { source: { apiGroup, kind, name } }, ...(phase && { status: { phase } }) }
}
export function longhornVolume(status: LonghornVolume['status']): LonghornVolume {
  return { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1', 'longhorn-system'), spec: {}, status }
}

/** The disk of a VM that is halted, with everything gone. */
export const REST: ExportWorld = {
  claim: CLAIM, vms: live(vm('Halted')), vmis: live(), pods: live(), attachments: live(), nodes: live(node('node-1'), node('node-2')),
  images: live(), dataVolumes: live(), snapshots: live(), backups: live(), restores: live(), vmExports: live(), longhornVolumes: live(longhornVolume({ state: 'detached' })),
}
