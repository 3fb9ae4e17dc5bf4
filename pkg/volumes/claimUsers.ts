import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { PowerWord } from '#vms/powerState.ts'
import type { VirtualMachine, VirtualMachineInstance, VmVolume, VmiSpec } from '#vms/vm.ts'
import { objectKey } from '#kube/object.ts'
import { derivePowerState, guestState, isFinal } from '#vms/powerState.ts'
import { CLAIM_TEMPLATES_ANNOTATION } from '#vms/vm.ts'

/** Everything that mentions a claim. A VM may be among them without holding the disk: it is off. */
export interface ClaimUsers {
  readonly vms: readonly VirtualMachine[]
  readonly vmis: readonly VirtualMachineInstance[]
  readonly pods: readonly Pod[]
}

const NOBODY: ClaimUsers = { vms: [], vmis: [], pods: [] }

/** KubeVirt's label on the claim that keeps a VM's TPM and EFI state, and how such a claim's name began before there was the label. Source: kubevirt pkg/storage/backend-storage. */
const STATE_OF_LABEL = 'persistent-state-for'

/** The claim of a VM's volume: a DataVolume's claim has its name. Source: kubevirt pkg/storage/types/pvc.go. */
function claimOfVolume(volume: VmVolume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName ?? volume.memoryDump?.claimName ?? volume.ephemeral?.persistentVolumeClaim?.claimName
}

function namesIn(volumes: readonly VmVolume[] | undefined): string[] {
  return (volumes ?? []).flatMap(volume => claimOfVolume(volume) ?? [])
}

interface ClaimTemplate { readonly metadata?: { readonly name?: unknown } }

function templatesOf(vm: VirtualMachine): string[] {
  try {
    const read: unknown = JSON.parse(vm.metadata.annotations?.[CLAIM_TEMPLATES_ANNOTATION] ?? '[]')
    return Array.isArray(read) ? (read as (ClaimTemplate | null)[]).flatMap(entry => typeof entry?.metadata?.name === 'string' ? entry.metadata.name : []) : []
  }
  catch {
    return []
  }
}

interface MigratedVolume { readonly sourcePVCInfo?: { readonly claimName?: string }, readonly destinationPVCInfo?: { readonly claimName?: string } }

function migrated(volumes: readonly MigratedVolume[] | undefined): string[] {
  return (volumes ?? []).flatMap(volume => [volume.sourcePVCInfo?.claimName, volume.destinationPVCInfo?.claimName]).flatMap(name => name ?? [])
}

/** Names of the claims that a VM mentions, in its namespace: volumes, templates, Harvester's claim templates, memory dump, storage migration. */
export function claimsOfVm(vm: VirtualMachine): ReadonlySet<string> {
  const update = vm.status?.volumeUpdateState as { volumeMigrationState?: { migratedVolumes?: readonly MigratedVolume[] } } | undefined
  return new Set([
    ...namesIn(vm.spec.template.spec.volumes),
    ...(vm.spec.dataVolumeTemplates ?? []).map(template => template.metadata.name),
    ...templatesOf(vm),
    ...(vm.status?.memoryDumpRequest ? [vm.status.memoryDumpRequest.claimName] : []),
    ...migrated(update?.volumeMigrationState?.migratedVolumes),
  ])
}

/**
 * Names of the claims that an instance holds: its own volumes, which differ from the VM's until it restarts, and what its
 * status still lists while it is unplugged. Older KubeVirt lists it by volume name alone: `vm` then says the claim.
 */
export function claimsOfVmi(vmi: VirtualMachineInstance, vm?: VirtualMachine): ReadonlySet<string> {
  const byName = new Map((vm?.spec.template.spec.volumes ?? []).map(volume => [volume.name, claimOfVolume(volume)]))
  const status = vmi.status as (VirtualMachineInstance['status'] & { readonly migratedVolumes?: readonly MigratedVolume[] }) | undefined
  return new Set([
    ...namesIn(vmi.spec.volumes),
    ...(vmi.spec.utilityVolumes ?? []).map(volume => volume.claimName),
    ...(status?.volumeStatus ?? []).flatMap(volume => volume.persistentVolumeClaimInfo?.claimName ?? byName.get(volume.name) ?? []),
    ...migrated(status?.migratedVolumes),
  ])
}

/** Names of the claims that a pod mounts; that of an ephemeral volume is `<pod>-<volume>`. */
function claimsOfPod(pod: Pod): ReadonlySet<string> {
  return new Set((pod.spec?.volumes ?? []).flatMap(volume => volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : [])))
}

/** What of a claim's users can be seen. */
export interface UsersSight { readonly vms: 'seen' | 'blind', readonly instances: 'seen' | 'blind' }

/** A VM on a volume as a list shows it. `unknown`: its instance cannot be seen. */
interface VmOnClaim { readonly name: string, readonly namespace?: string, readonly power: PowerWord }

/** The VMs on a claim, each once, and how each is. */
export function vmsOnClaim({ vms, vmis }: ClaimUsers, { instances }: UsersSight): VmOnClaim[] {
  const [vmOf, instanceOf] = [byKey(vms), byKey(vmis)]
  const all = new Map([...vms, ...vmis].map(object => [objectKey(object), object.metadata]))
  return [...all].map(([key, { name, namespace }]) => ({ name, ...(namespace && { namespace }), power: powerOf(vmOf.get(key), instanceOf.get(key), instances) }))
}

function powerOf(vm: VirtualMachine | undefined, vmi: VirtualMachineInstance | undefined, instances: UsersSight['instances']): PowerWord {
  if (!vmi && instances === 'blind')
    return 'unknown'
  // The clock counts only how long a crashed VM waits, which is not shown here.
  if (vm)
    return derivePowerState(vm, vmi, 0).word
  return vmi && !isFinal(vmi) ? guestState(vmi).word : 'off'
}

export interface UsersWorld {
  readonly vms: readonly VirtualMachine[]
  readonly vmis: readonly VirtualMachineInstance[]
  readonly pods: readonly Pod[]
}

interface Mentions { readonly vms: VirtualMachine[], readonly vmis: VirtualMachineInstance[], readonly pods: Pod[] }

/** Who mentions which claim; read with `usersIn`. All by `namespace/name`. */
interface UsersIndex {
  readonly byClaim: ReadonlyMap<string, ClaimUsers>
  readonly vms: ReadonlyMap<string, VirtualMachine>
  readonly vmis: ReadonlyMap<string, VirtualMachineInstance>
}

const byKey = <T extends KubeObject>(objects: readonly T[]): ReadonlyMap<string, T> => new Map(objects.map(object => [objectKey(object), object]))

/** For the users of many claims: asking claim by claim would read every VM for every one. */
export function indexClaimUsers(world: UsersWorld): UsersIndex {
  const byClaim = new Map<string, Mentions>()
  const of = (namespace: string | undefined, name: string) => {
    const key = `${namespace}/${name}`
    const mentions = byClaim.get(key) ?? { vms: [], vmis: [], pods: [] }
    byClaim.set(key, mentions)
    return mentions
  }
  const vms = byKey(world.vms)
  for (const vm of world.vms)
    claimsOfVm(vm).forEach(name => of(vm.metadata.namespace, name).vms.push(vm))
  for (const vmi of world.vmis)
    claimsOfVmi(vmi, vms.get(objectKey(vmi))).forEach(name => of(vmi.metadata.namespace, name).vmis.push(vmi))
  for (const pod of world.pods)
    claimsOfPod(pod).forEach(name => of(pod.metadata.namespace, name).pods.push(pod))
  return { byClaim, vms, vmis: byKey(world.vmis) }
}

/**
 * Which VMs, instances and pods use the claim: the union of all the ways in which one can. Source: kubevirt
 * pkg/storage/types/pvc.go, pkg/virt-controller/watch/vmi/storage.go. The VM of an instance that uses it counts too, and so
 * does the instance of a VM that does: it may take the disk without anybody asking, when that is plugged in or when it
 * runs again after a crash; `holdsClaim` tells whether it has.
 */
export function usersIn({ byClaim, vms, vmis }: UsersIndex, claim: PersistentVolumeClaim): ClaimUsers {
  const { vms: named, vmis: holding, pods } = byClaim.get(objectKey(claim)) ?? NOBODY
  const keeper = keeperOf(claim) ?? ''
  const instances = distinct([...holding, vmis.get(keeper), ...named.map(vm => vmis.get(objectKey(vm)))])
  return { vms: distinct([...named, vms.get(keeper), ...instances.map(vmi => vms.get(objectKey(vmi)))]), vmis: instances, pods }
}

/** The VM, `namespace/name`, whose state the claim keeps; undefined where it keeps none. No VM names that claim. */
export function keeperOf({ metadata: { namespace, name, labels } }: PersistentVolumeClaim): string | undefined {
  const keeper = labels?.[STATE_OF_LABEL] ?? (name.startsWith(`${STATE_OF_LABEL}-`) ? name.slice(STATE_OF_LABEL.length + 1) : undefined)
  return keeper && `${namespace}/${keeper}`
}

/** Whether KubeVirt keeps the state of such an instance's TPM or EFI on a claim of its own, which it mounts with the others. */
export function keepsState({ domain }: VmiSpec): boolean {
  return domain?.devices?.tpm?.persistent === true || domain?.firmware?.bootloader?.efi?.persistent === true
}

/** Whether the instance has the disk, or has not let go of it; `vm` is its VM. */
export function holdsClaim(vmi: VirtualMachineInstance, claim: PersistentVolumeClaim, vm?: VirtualMachine): boolean {
  return keeperOf(claim) === objectKey(vmi) || claimsOfVmi(vmi, vm).has(claim.metadata.name)
}

function distinct<T>(found: readonly (T | undefined)[]): T[] {
  return [...new Set(found)].filter(one => one !== undefined)
}

/** The users of one claim alone. */
export function usersOfClaim(claim: PersistentVolumeClaim, world: UsersWorld): ClaimUsers {
  const here = <T extends KubeObject>(objects: readonly T[]) => objects.filter(object => object.metadata.namespace === claim.metadata.namespace)
  return usersIn(indexClaimUsers({ vms: here(world.vms), vmis: here(world.vmis), pods: here(world.pods) }), claim)
}

/** Whether the pod may still touch the disk: it has not ended, or it is being deleted with a container alive. */
export function isHolding(pod: Pod): boolean {
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  return !ended || Boolean(pod.metadata.deletionTimestamp && pod.status?.containerStatuses?.some(container => !container.state?.terminated))
}

export type PodRole = 'launcher' | 'hotplug' | 'cdi' | 'other'

/** What the pod is to the disk, by the labels that KubeVirt and CDI put on their pods. */
export function roleOfPod(pod: Pod): PodRole {
  const labels = pod.metadata.labels ?? {}
  if (labels['kubevirt.io'] === 'virt-launcher')
    return 'launcher'
  if (labels['kubevirt.io'] === 'hotplug-disk')
    return 'hotplug'
  return Object.keys(labels).some(label => label.startsWith('cdi.kubevirt.io')) || labels.app === 'containerized-data-importer' ? 'cdi' : 'other'
}

/** The VM, `namespace/name`, whose launcher the pod is, or for whose launcher it plugs disks in; undefined for any other pod. Source: kubevirt pkg/virt-controller/services/template.go. */
export function vmOfPod(pod: Pod, pods: readonly Pod[]): string | undefined {
  const { namespace, labels, annotations, ownerReferences } = pod.metadata
  const name = labels?.['vm.kubevirt.io/name'] ?? annotations?.['kubevirt.io/domain']
  if (roleOfPod(pod) === 'launcher')
    return name && `${namespace}/${name}`
  const launcher = pods.find(candidate => candidate !== pod && candidate.metadata.namespace === namespace && ownerReferences?.some(owner => owner.uid === candidate.metadata.uid))
  return roleOfPod(pod) === 'hotplug' && launcher && roleOfPod(launcher) === 'launcher' ? vmOfPod(launcher, pods) : undefined
}
