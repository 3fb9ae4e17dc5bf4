import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import type { VirtualMachine, VirtualMachineInstance, VmVolume } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { claimNameOf } from './claimNames.ts'
import type { VolumeStatus } from './guestVolumes.ts'
import { isPluggable, volumeStatusesOf } from './guestVolumes.ts'
import { suffix } from './hash.ts'
import { LAUNCHER_IMAGE } from './launcher.ts'
import type { Write } from './step.ts'
import { change, create, ownerOf, remove } from './step.ts'
import type { World } from './world.ts'

// Volumes that come to a running VMI and leave it, by the VM's template alone (gate DeclarativeHotplugVolumes): kubevirt
// pkg/storage/hotplug/hotplug.go, pkg/virt-controller/watch/vmi/{volume-hotplug,storage}.go.

/** Whether a migration must bring a pod with volumes along. */
export function hasPluggedVolumes(vmi: VirtualMachineInstance): boolean {
  return volumeStatusesOf(vmi).some(one => one.hotplugVolume) || (vmi.spec.volumes ?? []).some(isPluggable)
}

/** Those that the launcher does not mount itself. */
export function pluggedVolumes(vmi: VirtualMachineInstance, launcher: Pod): VmVolume[] {
  return (vmi.spec.volumes ?? []).filter(volume => isPluggable(volume) && !launcher.spec?.volumes?.some(({ name }) => name === volume.name))
}

/** What brings a running VMI's pluggable volumes and their disks to what the VM's template says; one that is still leaving is not added again before it has left. */
export function plugVolumes(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): Write[] {
  if (vmi?.status?.phase !== 'Running')
    return []
  const wanted = vm.spec.template.spec
  const has = vmi.spec
  const same = (volume: VmVolume, other: VmVolume | undefined) => JSON.stringify(volume) === JSON.stringify(other)
  const kept = (has.volumes ?? []).filter(volume => {
    const other = wanted.volumes?.find(({ name }) => name === volume.name)
    return !isPluggable(volume) || (other && (!isPluggable(other) || same(volume, other)))
  })
  const added = (wanted.volumes ?? []).filter(volume => isPluggable(volume) && !has.volumes?.some(({ name }) => name === volume.name) && !volumeStatusesOf(vmi).some(({ name }) => name === volume.name))
  const volumes = [...kept, ...added]
  if (added.length === 0 && kept.length === (has.volumes ?? []).length)
    return []
  const oldDisks = has.domain?.devices?.disks ?? []
  const disks = [
    ...oldDisks.filter(({ name }) => volumes.some(volume => volume.name === name) || !has.volumes?.some(volume => volume.name === name)),
    ...(wanted.domain?.devices?.disks ?? []).filter(({ name }) => added.some(volume => volume.name === name)),
  ]
  return [change(VMIS, vmi, { spec: { volumes, domain: { devices: { disks } } } })]
}

function claimOf(vmi: VirtualMachineInstance, volume: VmVolume, world: World): PersistentVolumeClaim | undefined {
  return world.get(CLAIMS, `${vmi.metadata.namespace}/${claimNameOf(volume)}`)
}

function claimVolumesOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).filter(volume => volume.persistentVolumeClaim).map(({ name }) => name)
}

function holdsJust(pod: Pod, volumes: readonly VmVolume[]): boolean {
  const names = claimVolumesOf(pod)
  return names.length === volumes.length && volumes.every(({ name }) => names.includes(name))
}

/** The pod with a launcher's hot-plugged volumes, whichever it is. */
export function attachmentOf(launcher: Pod, world: World): Pod | undefined {
  return world.owned(PODS, launcher.metadata.uid)[0]
}

/** The pod that makes kubelet bring volumes to a launcher's node. */
export function attachmentPod(launcher: Pod, volumes: readonly VmVolume[], { labels = {}, annotations = {} }: { readonly labels?: Record<string, string>, readonly annotations?: Record<string, string> } = {}): Write {
  const names = volumes.map(({ name }) => name).sort().join()
  const host = { key: 'kubernetes.io/hostname', operator: 'In', values: [launcher.spec?.nodeName ?? ''] }
  const spec = {
    containers: [{ name: 'hotplug-disk', image: LAUNCHER_IMAGE, resources: { requests: { cpu: '10m', memory: '2M' }, limits: { cpu: '100m', memory: '80M' } } }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [host] }] } } },
    terminationGracePeriodSeconds: 0,
    volumes: [{ name: 'hotplug-disks', emptyDir: {} }, ...volumes.map(volume => ({ name: volume.name, persistentVolumeClaim: { claimName: claimNameOf(volume) } }))],
  }
  return create(PODS, {
    metadata: { name: `hp-volume-${suffix(`${launcher.metadata.uid} ${names}`)}`, namespace: launcher.metadata.namespace, labels: { 'kubevirt.io': 'hotplug-disk', ...labels }, annotations, ownerReferences: [ownerOf(PODS, launcher)] },
    spec: spec as NonNullable<Pod['spec']>,
  })
}

/** Makes the pod that holds just the volumes that can be attached, and removes others once virt-handler has let go of what they hold. */
export function attachVolumes(vmi: VirtualMachineInstance, launcher: Pod, world: World): Write[] {
  const pods = world.owned(PODS, launcher.metadata.uid)
  const attachable = pluggedVolumes(vmi, launcher).filter(volume => claimOf(vmi, volume, world)?.status?.phase === 'Bound')
  const current = pods.find(pod => holdsJust(pod, attachable) && !pod.metadata.deletionTimestamp)
  const others = pods.filter(pod => !holdsJust(pod, attachable))
  const made = !current && attachable.length > 0 && !others.some(pod => pod.status?.phase === 'Pending' || !pod.status?.phase) ? [attachmentPod(launcher, attachable)] : []
  const spare = attachable.length > 0 && current?.status?.phase !== 'Running' ? others.find(pod => pod.status?.phase === 'Running') : undefined
  const isHeld = (name: string) => volumeStatusesOf(vmi).some(one => one.name === name && one.hotplugVolume && (one.phase === 'Ready' || one.phase === 'MountedToPod') && !vmi.spec.volumes?.some(volume => volume.name === name))
  return [...made, ...others.filter(pod => pod !== spare && !pod.metadata.deletionTimestamp && !claimVolumesOf(pod).some(isHeld)).map(pod => remove(PODS, pod, 0))]
}

/** Those of launchers that have ended go at once. */
export function orphans(launchers: readonly Pod[], world: World): Write[] {
  return launchers.filter(hasEnded).flatMap(launcher => world.owned(PODS, launcher.metadata.uid)).filter(pod => !pod.metadata.deletionTimestamp).map(pod => remove(PODS, pod, 0))
}

/** `volumeStatus` as virt-controller sees it: an entry for each volume of the spec, and of those that left it as long as a pod holds them. */
export function volumeStatuses(vmi: VirtualMachineInstance, launcher: Pod, world: World): VolumeStatus[] {
  const pods = world.owned(PODS, launcher.metadata.uid)
  const plugged = pluggedVolumes(vmi, launcher)
  const active = pods.find(pod => holdsJust(pod, plugged) && !pod.metadata.deletionTimestamp)
  const old = volumeStatusesOf(vmi)
  const wanted = (vmi.spec.volumes ?? []).map(volume => {
    const known: VolumeStatus = old.find(({ name }) => name === volume.name) ?? { name: volume.name, target: '' }
    const claim = claimOf(vmi, volume, world)
    const status = plugged.includes(volume) ? pluggedStatus(known, active, claimNameOf(volume) ?? '', claim) : known
    return claim ? { ...status, persistentVolumeClaimInfo: claimInfo(claim) } : status
  })
  const leaving = old.flatMap(status => {
    const pod = pods.find(one => claimVolumesOf(one).includes(status.name))
    if (!pod || vmi.spec.volumes?.some(({ name }) => name === status.name))
      return []
    const stays = status.phase === 'Ready' || status.phase === 'MountedToPod'
    return [{ ...status, hotplugVolume: { attachPodName: pod.metadata.name, attachPodUID: pod.metadata.uid }, ...(stays ? {} : { phase: 'Detaching' as const }) }]
  })
  return [...wanted, ...leaving].sort((a, b) => a.name < b.name ? -1 : 1)
}

function pluggedStatus(known: VolumeStatus, pod: Pod | undefined, claimName: string, claim: PersistentVolumeClaim | undefined): VolumeStatus {
  if (!pod) {
    const { hotplugVolume = {}, ...rest } = known
    return known.phase === 'Ready' ? { ...rest, hotplugVolume } : { ...rest, hotplugVolume: {}, ...unattached(claimName, claim) }
  }
  const runs = pod.status?.containerStatuses?.length === 1 && pod.status.containerStatuses[0]?.ready
  const hotplugVolume = { attachPodName: pod.metadata.name, ...(runs ? { attachPodUID: pod.metadata.uid } : {}) }
  return ['', 'Bound', 'Pending'].includes(known.phase ?? '')
    ? { ...known, hotplugVolume, phase: 'AttachedToNode', reason: 'SuccessfulCreate', message: `Created hotplug attachment pod ${pod.metadata.name}, for volume ${known.name}` }
    : { ...known, hotplugVolume }
}

function unattached(claimName: string, claim: PersistentVolumeClaim | undefined): Pick<VolumeStatus, 'phase' | 'reason' | 'message'> {
  if (!claim)
    return { phase: 'Pending', reason: 'FailedPvcNotFound', message: `PVC ${claimName} not found` }
  const { phase = 'Pending' } = claim.status ?? {}
  return { phase: phase === 'Bound' ? 'Bound' : 'Pending', reason: 'PVCNotReady', message: `PVC is in phase ${phase === 'Pending' ? 'ClaimPending' : phase}` }
}

/** A claim as a VMI's status tells of it. */
export function claimInfo(claim: PersistentVolumeClaim): object {
  const { spec = {}, status = {} } = claim
  return { claimName: claim.metadata.name, accessModes: spec.accessModes ?? [], capacity: status.capacity ?? {}, requests: spec.resources?.requests ?? {}, volumeMode: spec.volumeMode ?? 'Filesystem', filesystemOverhead: '0.055' }
}
