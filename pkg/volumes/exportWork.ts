import type { KubeObject } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { ClaimUsers } from './claimUsers.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportWorld } from './exportWorld.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { imageState, wasImported } from '#images/imageState.ts'
import { dataVolumeOf } from './dataVolume.ts'
import { isBeingFilled } from './diskCopy.ts'

/** Work on the disk other than a guest's. What has failed, or is being deleted, does nothing any more and is not counted. */
export function workOn(world: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  return [...users.vms.flatMap(workOnVm), ...backupsOf(world, users), ...exportsOf(world), ...dataVolumesOf(world), ...snapshotsOf(world), ...vmExportsOf(world, users), ...workOnVolume(world)]
}

/** KubeVirt's own notes on the VM (kubevirt pkg/storage/admitters/vm-storage-status.go). */
function workOnVm(vm: VirtualMachine): ExportSafetyReason[] {
  const { snapshotInProgress, restoreInProgress, memoryDumpRequest } = vm.status ?? {}
  const update = vm.status?.volumeUpdateState as { volumeMigrationState?: object } | undefined
  const dumping = memoryDumpRequest && !['Completed', 'Failed'].includes(memoryDumpRequest.phase ?? '')
  const work = [restoreInProgress && 'restore', snapshotInProgress && 'snapshot', update?.volumeMigrationState && 'storage-migration', dumping && 'memory-dump'] as const
  return work.flatMap(name => name ? [{ code: 'vm-busy' as const, vm: objectKey(vm), with: name }] : [])
}

/** Harvester's. A restore in place puts other disks into the VM, removes these and starts it (harvester pkg/controller/master/backup/restore.go). */
function backupsOf({ claim, backups, restores }: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const { namespace } = claim.metadata
  const names = new Set(users.vms.map(vm => vm.metadata.name))
  const isOurs = (object: KubeObject, vm = '') => object.metadata.namespace === namespace && !object.metadata.deletionTimestamp && names.has(vm)
  return [
    ...backups.objects.filter(backup => isOurs(backup, backup.spec.source?.name) && !backup.status?.readyToUse && !backup.status?.error)
      .map(backup => ({ code: 'backup-in-progress' as const, vm: `${namespace}/${backup.spec.source?.name}`, backup: objectKey(backup) })),
    ...restores.objects.filter(restore => isOurs(restore, restore.spec.target?.name) && !restore.status?.complete && findCondition(restore.status?.conditions, 'InProgress')?.status !== 'False')
      .map(restore => ({ code: 'restore-in-progress' as const, vm: `${namespace}/${restore.spec.target?.name}`, restore: objectKey(restore) })),
  ]
}

/** Whether the image is still being made. */
export function isOpen(image: VirtualMachineImage, dataVolumes: ExportWorld['dataVolumes']): boolean {
  const { word } = imageState(image, { dataVolume: { object: dataVolumeOf(image, dataVolumes) } })
  return !wasImported(image) && !['failed', 'missing', 'deleting'].includes(word)
}

function exportsOf({ claim, images, dataVolumes, ownImage }: ExportWorld): ExportSafetyReason[] {
  const { namespace, name } = claim.metadata
  return images.objects
    .filter(({ spec, ...image }) => spec.sourceType === 'export-from-volume' && spec.pvcName === name && spec.pvcNamespace === namespace && objectKey(image) !== ownImage)
    .filter(image => isOpen(image, dataVolumes)).map(image => ({ code: 'export-in-progress', image: objectKey(image) }))
}

function dataVolumesOf({ claim, dataVolumes, ownImage }: ExportWorld): ExportSafetyReason[] {
  const { namespace, name } = claim.metadata
  return dataVolumes.objects.flatMap<ExportSafetyReason>(dataVolume => {
    const { metadata, spec, status } = dataVolume
    const key = objectKey(dataVolume)
    const source = spec.source?.pvc
    // The claim of a DataVolume has its name. One that failed to fill it has left half a disk.
    if (key === objectKey(claim))
      return status?.phase === 'Succeeded' ? [] : [{ code: 'being-filled', dataVolume: key }]
    const clones = source?.name === name && (source.namespace || metadata.namespace) === namespace
    return clones && key !== ownImage && !['Succeeded', 'Failed'].includes(status?.phase ?? '') ? [{ code: 'clone-in-progress', dataVolume: key }] : []
  })
}

function snapshotsOf({ claim, snapshots }: ExportWorld): ExportSafetyReason[] {
  const { namespace, name } = claim.metadata
  return snapshots.objects
    .filter(({ metadata, spec, status }) => metadata.namespace === namespace && spec.source.persistentVolumeClaimName === name && !metadata.deletionTimestamp && !status?.readyToUse && !status?.error)
    .map(snapshot => ({ code: 'snapshot-in-progress', snapshot: objectKey(snapshot) }))
}

/**
 * KubeVirt's own exports. One that waits takes the disk as soon as nobody else has it, and one that is ready has a pod on it
 * until it is deleted or its time is over; of a VM it has every disk (kubevirt pkg/storage/export/export/pvc-source.go,
 * vm-source.go). One of a snapshot reads a claim of its own, which it has made from it.
 */
function vmExportsOf({ claim, vmExports }: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const { namespace, name } = claim.metadata
  const sources = [`/PersistentVolumeClaim/${name}`, ...users.vms.map(vm => `kubevirt.io/VirtualMachine/${vm.metadata.name}`)]
  return vmExports.objects
    .filter(({ metadata, spec: { source }, status }) => metadata.namespace === namespace && !metadata.deletionTimestamp && !['Terminated', 'Skipped'].includes(status?.phase ?? '') && sources.includes(`${source.apiGroup ?? ''}/${source.kind}/${source.name}`))
    .map(vmExport => ({ code: 'vm-export-in-progress', vmExport: objectKey(vmExport) }))
}

function workOnVolume({ claim, longhornVolumes }: ExportWorld): ExportSafetyReason[] {
  const volume = claim.spec?.volumeName
  const longhorns = longhornVolumes.objects.find(candidate => candidate.metadata.name === volume)
  const { restoreRequired, expansionRequired } = longhorns?.status ?? {}
  const work = [restoreRequired && 'restore', expansionRequired && 'expansion', isBeingFilled(longhorns) && 'clone'] as const
  return [
    // FileSystemResizePending is left out: it waits for the next pod, and so for a VM that an export may have off.
    ...(findCondition(claim.status?.conditions, 'Resizing')?.status === 'True' ? [{ code: 'claim-resizing' } as const] : []),
    ...work.flatMap(name => name && volume ? [{ code: 'longhorn-busy' as const, volume, with: name }] : []),
  ]
}
