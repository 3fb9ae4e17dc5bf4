import type { VirtualMachineInstance, VmVolume } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import type { Controller } from './step.ts'
import { NOTHING, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'

// virt-handler and volumes that come and go while the guest runs (kubevirt pkg/virt-handler/vm.go updateHotplugVolumeStatus).

export interface VolumeStatus {
  readonly name: string
  readonly target: string
  readonly phase?: '' | 'Pending' | 'Bound' | 'AttachedToNode' | 'MountedToPod' | 'Ready' | 'UnMountedFromPod' | 'Detaching'
  readonly reason?: string
  readonly message?: string
  readonly hotplugVolume?: { readonly attachPodName?: string, readonly attachPodUID?: string }
  readonly persistentVolumeClaimInfo?: object
}

export function volumeStatusesOf(vmi: VirtualMachineInstance): readonly VolumeStatus[] {
  return (vmi.status?.volumeStatus ?? []) as readonly VolumeStatus[]
}

export function isPluggable(volume: VmVolume): boolean {
  return Boolean(volume.persistentVolumeClaim?.hotpluggable ?? volume.dataVolume?.hotpluggable)
}

export const guestVolumes: Controller<VirtualMachineInstance> = {
  name: 'virt-handler-volumes',
  actor: 'virt-handler',
  kind: VMIS,
  stage: vmi => volumeStatusesOf(vmi).filter(one => one.hotplugVolume).map(one => `${one.name} ${one.phase} ${one.hotplugVolume?.attachPodUID} ${isWanted(one, vmi)} ${vmi.status?.phase}`).join(),
  step(vmi, _world, time) {
    const phase = vmi.status?.phase
    if ((phase !== 'Scheduled' && phase !== 'Running') || vmi.metadata.deletionTimestamp)
      return NOTHING
    const writes = setStatus(VMIS, vmi, { ...vmi.status, volumeStatus: advanceAll(vmi) })
    if (writes.length === 0)
      return NOTHING
    return time.left(TAKES.mountVolume) > 0 ? wait(time.left(TAKES.mountVolume)) : write(writes)
  },
}

/** Each entry one stage on; those that were there from the start stay as they are. */
function advanceAll(vmi: VirtualMachineInstance): VolumeStatus[] {
  return volumeStatusesOf(vmi).reduce<VolumeStatus[]>((done, one, index, all) => [...done, one.hotplugVolume ? advance(one, vmi, [...done, ...all.slice(index)]) : one], [])
}

function advance(one: VolumeStatus, vmi: VirtualMachineInstance, all: readonly VolumeStatus[]): VolumeStatus {
  const { name, phase = '' } = one
  if (!isWanted(one, vmi))
    return ['Ready', 'MountedToPod', 'AttachedToNode'].includes(phase)
      ? { ...one, target: '', phase: 'UnMountedFromPod', reason: 'VolumeUnMountedFromPod', message: `Volume ${name} has been unmounted from virt-launcher pod` }
      : one
  if (['Pending', 'Bound', 'AttachedToNode'].includes(phase) && one.hotplugVolume?.attachPodUID)
    return { ...one, phase: 'MountedToPod', reason: 'VolumeMountedToPod', message: `Volume ${name} has been mounted in virt-launcher pod` }
  return phase === 'MountedToPod' && vmi.status?.phase === 'Running' ? attached(one, vmi, all) : one
}

/** As it is once the guest has the disk, at the first name that no other has. */
export function attached(one: VolumeStatus, vmi: VirtualMachineInstance, all: readonly { readonly target?: string }[]): VolumeStatus {
  const disk = vmi.spec.domain?.devices?.disks?.find(({ name }) => name === one.name) as { readonly disk?: { readonly bus?: string } } | undefined
  const prefix = disk?.disk?.bus === 'virtio' ? 'vd' : 'sd'
  const target = [...'abcdefghijklmnopqrstuvwxyz'].map(letter => prefix + letter).find(word => all.every(other => other.target !== word)) ?? ''
  return { ...one, target, phase: 'Ready', reason: 'VolumeReady', message: `Successfully attach hotplugged volume ${one.name} to VM` }
}

function isWanted(one: VolumeStatus, vmi: VirtualMachineInstance): boolean {
  return (vmi.spec.volumes ?? []).some(volume => volume.name === one.name)
}

/** Whether every hot-plugged volume is in the pod: a guest that has one does not start before. */
export function areMounted(vmi: VirtualMachineInstance): boolean {
  const statuses = volumeStatusesOf(vmi)
  return !(vmi.spec.volumes ?? []).some(isPluggable) || (statuses.length > 0 && statuses.every(one => !one.hotplugVolume || one.phase === 'Ready' || one.phase === 'MountedToPod'))
}
