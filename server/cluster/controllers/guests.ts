import type { Pod } from '#kube/core.ts'
import { CLAIMS, NODES, PODS } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { findCondition } from '#kube/object.ts'
import type { VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { claimNameOf } from './claimNames.ts'
import type { Finding } from './conditions.ts'
import { isTrue, stamp, withCondition } from './conditions.ts'
import { pick } from './hash.ts'
import { areMounted, attached, volumeStatusesOf } from './guestVolumes.ts'
import { claimInfo } from './hotplug.ts'
import { podAddress } from './kubelet.ts'
import { ACT_ANNOTATION, graceOf } from './launcher.ts'
import { currentPod, migrationStateOf } from './migration.ts'
import { isHandlerDown } from './silence.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, on, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import { withPhase } from './vmis.ts'
import type { World } from './world.ts'

// virt-handler and the guests: kubevirt pkg/virt-handler/vm.go, calculateVmPhaseForStatusReason.

/** On a VM's template (and so on its VMI): what the guest is like. Without it, obedient. */
export const GUEST_ANNOTATION = 'guardrails.test/guest'

/**
 * obedient: shuts down when asked. deaf: ignores ACPI, killed when its grace is over. crashing: ends before it runs. stuck: never gets to run.
 * hanging: obedient, but writes its memory faster than a migration copies it.
 */
type Guest = 'obedient' | 'deaf' | 'crashing' | 'stuck' | 'hanging'

export const guests: Controller<VirtualMachineInstance> = {
  name: 'virt-handler',
  actor: 'virt-handler',
  kind: VMIS,
  reads: [CLAIMS],
  wakes: [
    on(PODS, pod => pod.metadata.ownerReferences?.filter(owner => owner.kind === 'VirtualMachineInstance').map(owner => `${pod.metadata.namespace}/${owner.name}`) ?? []),
    on(NODES, (node, world) => world.all(VMIS).filter(vmi => vmi.status?.nodeName === node.metadata.name).map(vmi => `${vmi.metadata.namespace}/${vmi.metadata.name}`)),
  ],
  stage: (vmi, world) => `${vmi.status?.phase} ${isEnding(vmi, currentPod(vmi, world))} ${vmi.metadata.annotations?.[ACT_ANNOTATION]} ${isTrue(vmi.status?.conditions, 'AgentConnected')}`,
  step(vmi, world, time) {
    const phase = vmi.status?.phase
    if ((phase !== 'Scheduled' && phase !== 'Running') || isHandlerDown(world.get(NODES, vmi.status?.nodeName)))
      return NOTHING
    const pod = currentPod(vmi, world)
    if (!pod || hasEnded(pod))
      return write(to(vmi, 'Failed', time))
    const state = migrationStateOf(vmi)
    if (state?.startTimestamp && !state.endTimestamp && !vmi.metadata.deletionTimestamp)
      return NOTHING
    return phase === 'Scheduled' ? boot(vmi, world, time) : live(vmi, pod, world, time)
  },
}

/** Whether its end is wished: by who deleted the instance, or by who deleted the pod around it, which passes it on to the guest (kubevirt cmd/virt-launcher, on SIGTERM). */
function isEnding(vmi: VirtualMachineInstance, pod: Pod | undefined): boolean {
  return Boolean(vmi.metadata.deletionTimestamp ?? pod?.metadata.deletionTimestamp)
}

export function guestOf(vmi: VirtualMachineInstance): Guest {
  return (vmi.metadata.annotations?.[GUEST_ANNOTATION] ?? 'obedient') as Guest
}

function after(time: Time, ms: number, next: () => readonly Write[]): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : write(next())
}

function to(vmi: VirtualMachineInstance, phase: VmiPhase, time: Time, more: object = {}): Write[] {
  return setStatus(VMIS, vmi, { ...vmi.status, phase, phaseTransitionTimestamps: withPhase(vmi, phase, time), ...more })
}

function boot(vmi: VirtualMachineInstance, world: World, time: Time): Next {
  // Said first of all: virt-controller makes no pod for hot-plugged volumes and none for a migration without it.
  const labelled = setStatus(VMIS, vmi, { ...vmi.status, selinuxContext: 'none' })
  if (labelled.length > 0)
    return write(labelled)
  if (vmi.metadata.deletionTimestamp)
    return after(time, TAKES.cutOffGuest, () => to(vmi, 'Failed', time))
  const guest = guestOf(vmi)
  if (guest === 'stuck')
    return NOTHING
  if (guest === 'crashing')
    return after(time, TAKES.crashGuest, () => to(vmi, 'Failed', time))
  if (!areMounted(vmi))
    return NOTHING
  return after(time, TAKES.bootGuest, () => to(vmi, 'Running', time, { ...running(vmi, world), conditions: conditionsOf(vmi, world, time, false) }))
}

function isDocile(guest: Guest): boolean {
  return guest === 'obedient' || guest === 'hanging'
}

/** A restart by force gives its pod a second (virt-api RestartVMRequestHandler): the guest has no longer than that. */
function graceIn(pod: Pod, vmi: VirtualMachineInstance): number {
  return Math.min(graceOf(vmi), pod.metadata.deletionGracePeriodSeconds ?? Infinity) * 1000
}

/** Whether the guest was given ACPI and time to shut down by itself. One that was not and whose plug is pulled has Succeeded, any other Failed (isACPIEnabled in virt-handler's vm.go). */
function couldObey({ spec }: VirtualMachineInstance): boolean {
  return spec.terminationGracePeriodSeconds !== 0 && spec.domain?.features?.acpi?.enabled !== false
}

function live(vmi: VirtualMachineInstance, pod: Pod, world: World, time: Time): Next {
  const guest = guestOf(vmi)
  const paused = findCondition(vmi.status?.conditions, 'Paused')?.status === 'True'
  if (isEnding(vmi, pod)) {
    const grace = graceIn(pod, vmi)
    const obeys = isDocile(guest) && !paused && couldObey(vmi)
    if (obeys && TAKES.shutDownGuest <= grace)
      return after(time, TAKES.shutDownGuest, () => to(vmi, 'Succeeded', time))
    return after(time, Math.max(grace, TAKES.cutOffGuest), () => to(vmi, couldObey(vmi) ? 'Failed' : 'Succeeded', time))
  }
  const act = vmi.metadata.annotations?.[ACT_ANNOTATION]
  if (act === 'shutdown' || act === 'crash')
    return after(time, TAKES.crashGuest, () => to(vmi, act === 'crash' ? 'Failed' : 'Succeeded', time))
  const agent = isDocile(guest) && !paused && time.left(TAKES.connectAgent) <= 0
  const known = findCondition(vmi.status?.conditions, 'AgentConnected') !== undefined
  const status = setStatus(VMIS, vmi, { ...vmi.status, conditions: conditionsOf(vmi, world, time, agent || known) })
  return writeOr(status, isDocile(guest) && !paused && !known ? wait(Math.max(1, time.left(TAKES.connectAgent))) : NOTHING)
}

function conditionsOf(vmi: VirtualMachineInstance, world: World, time: Time, agent: boolean): Condition[] {
  const local = (vmi.spec.volumes ?? []).map(claimNameOf).find(name => name !== undefined && !world.get(CLAIMS, `${vmi.metadata.namespace}/${name}`)?.spec?.accessModes?.includes('ReadWriteMany'))
  const migratable: Finding = local === undefined
    ? { type: 'LiveMigratable', status: 'True' }
    : { type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable', message: `cannot migrate VMI: PVC ${local} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)` }
  const conditions = withCondition(vmi.status?.conditions, migratable, time.now)
  return (agent ? withCondition(conditions, { type: 'AgentConnected', status: 'True' }, time.now) : conditions).map(condition => probed(condition, time))
}

/**
 * virt-controller's patches test for the very conditions that it has read, and Go writes a time that is not there as null: where
 * one is missing, every later change of the VMI's conditions fails, and it never gets Ready.
 */
function probed(condition: Condition, time: Time): Condition {
  const now = stamp(time.now)
  return { ...{ lastProbeTime: now }, ...condition, lastTransitionTime: condition.lastTransitionTime ?? now }
}

/** The address that the network of the cluster, 192.168.96.0/20, leases to a guest's card: always the same one. */
export function addressOnNetwork({ namespace, name }: { readonly namespace?: string, readonly name: string }, index: number): string {
  const lease = pick(`${namespace}/${name} ${index}`, 16 * 200)
  return `192.168.${96 + Math.floor(lease / 200)}.${20 + lease % 200}`
}

/** What virt-handler tells of a domain that runs: where its disks and interfaces are. */
function running(vmi: VirtualMachineInstance, world: World): object {
  return {
    interfaces: interfacesOf(vmi, currentPod(vmi, world)),
    volumeStatus: (vmi.spec.volumes ?? []).map((volume, index): { readonly name: string, readonly [field: string]: unknown } => {
      const plugged = volumeStatusesOf(vmi).find(one => one.name === volume.name && one.hotplugVolume)
      if (plugged)
        return { ...attached(plugged, vmi, []) }
      const target = `vd${String.fromCharCode(97 + index)}`
      const claimName = claimNameOf(volume)
      const claim = claimName === undefined ? undefined : world.get(CLAIMS, `${vmi.metadata.namespace}/${claimName}`)
      return claim
        ? { name: volume.name, target, persistentVolumeClaimInfo: claimInfo(claim) }
        : { name: volume.name, target, size: 1_048_576 }
    }).sort((a, b) => a.name < b.name ? -1 : 1),
    qosClass: 'Burstable', migrationTransport: 'Unix', migrationMethod: 'LiveMigration', runtimeUser: 107,
  }
}

/** The guest's cards as they are seen in its pod, whose address a masqueraded one has. */
export function interfacesOf(vmi: VirtualMachineInstance, pod: Pod | undefined): object[] {
  const interfaces = (vmi.spec.domain?.devices?.interfaces ?? []) as readonly { name: string, macAddress?: string, masquerade?: object }[]
  return interfaces.map((nic, index) => {
    const ipAddress = nic.masquerade && pod ? podAddress(pod) : addressOnNetwork(vmi.metadata, index)
    return { name: nic.name, ipAddress, ipAddresses: [ipAddress], mac: nic.macAddress ?? macOf(`${vmi.metadata.uid} ${index}`), infoSource: 'domain, guest-agent' }
  })
}

function macOf(text: string): string {
  return ['52', '54', '00', ...[0, 1, 2].map(index => pick(`${text} ${index}`, 256).toString(16).padStart(2, '0'))].join(':')
}
