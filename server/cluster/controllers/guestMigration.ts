import { CLAIMS, NODES, PODS } from '#kube/core.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { stamp } from './conditions.ts'
import { guestOf, interfacesOf } from './guests.ts'
import { addressOfNode } from './kubelet.ts'
import type { MigrationState } from './migration.ts'
import { NODE_LABEL, TARGET_NODE_LABEL, isOver, migrationStateOf } from './migration.ts'
import { isHandlerDown } from './silence.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, change, on, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'
import { isFinal } from './vmStatus.ts'
import type { World } from './world.ts'

// virt-handler at both ends of a migration (kubevirt pkg/virt-handler/migration-source.go, migration-target.go; the results are
// virt-launcher's, pkg/virt-launcher/virtwrap/live-migration-source.go).

/** Its ports at the target: for control, and for two channels of data. */
const PORTS = { 39555: 49152, 43215: 0, 45443: 49153 }
/** virt-launcher's, with the space at its end. */
const ABORTED = 'Live migration aborted '
/** KubeVirt's default progressTimeout is 150 s. */
const STUCK = 'Live migration stuck for 150 seconds and has been aborted'

export const guestMigration: Controller<VirtualMachineInstance> = {
  name: 'virt-handler-migration',
  actor: 'virt-handler',
  kind: VMIS,
  reads: [CLAIMS, NODES],
  wakes: [on(PODS, pod => pod.metadata.ownerReferences?.filter(owner => owner.kind === 'VirtualMachineInstance').map(owner => `${pod.metadata.namespace}/${owner.name}`) ?? [])],
  stage: vmi => stageOf(migrationStateOf(vmi)),
  step(vmi, world, time) {
    const state = migrationStateOf(vmi)
    const target = vmi.metadata.labels?.[TARGET_NODE_LABEL]
    if (!state || target === undefined || isFinal(vmi) || vmi.metadata.deletionTimestamp)
      return NOTHING
    if (isOver(state))
      return after(time, TAKES.endMigration, () => [change(VMIS, vmi, { metadata: { labels: { [TARGET_NODE_LABEL]: null } } })])
    const pod = world.owned(PODS, vmi.metadata.uid).find(one => one.metadata.name === state.targetPod)
    // The target's virt-handler prepares, and the source's does the rest.
    if (!pod || hasEnded(pod) || isHandlerDown(world.get(NODES, state.targetNodeAddress ? vmi.status?.nodeName : state.targetNode)))
      return NOTHING
    return advance(vmi, state, world, time)
  },
}

function stageOf(state: MigrationState | undefined): string {
  return state ? [state.migrationUid, state.targetNodeAddress, state.startTimestamp, state.targetNodeDomainDetected, state.abortRequested, state.abortStatus, state.endTimestamp, state.completed].join(' ') : ''
}

function after(time: Time, ms: number, next: () => readonly Write[]): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : write(next())
}

function to(vmi: VirtualMachineInstance, change: MigrationState, more: object = {}): Write[] {
  return setStatus(VMIS, vmi, { ...vmi.status, migrationState: { ...migrationStateOf(vmi), ...change }, ...more })
}

function advance(vmi: VirtualMachineInstance, state: MigrationState, world: World, time: Time): Next {
  const now = stamp(time.now)
  const node = world.get(NODES, state.targetNode)
  if (!state.targetNodeAddress)
    return after(time, TAKES.prepareTarget, () => to(vmi, { targetNodeAddress: node ? addressOfNode(node) : '', targetDirectMigrationNodePorts: PORTS }))
  if (!state.startTimestamp)
    return after(time, TAKES.startMigration, () => to(vmi, { startTimestamp: now, mode: 'PreCopy' }))
  if (state.endTimestamp)
    return after(time, TAKES.endMigration, () => to(vmi, { completed: true }))
  if (state.abortRequested)
    return state.abortStatus ? after(time, TAKES.abortMigration, () => to(vmi, failure(ABORTED, now))) : write(to(vmi, { abortStatus: 'Aborting' }))
  if (!state.targetNodeDomainDetected)
    return after(time, TAKES.startMigration, () => to(vmi, { targetNodeDomainDetected: true }))
  if (guestOf(vmi) === 'hanging')
    return after(time, TAKES.giveUpMigration, () => to(vmi, failure(STUCK, now)))
  return after(time, TAKES.copyMemory, () => arrived(vmi, state, world, now))
}

function failure(failureReason: string, now: string): MigrationState {
  return { failed: true, failureReason, abortStatus: 'Succeeded', endTimestamp: now }
}

/** The guest runs at the target: from here on the VMI is there. */
function arrived(vmi: VirtualMachineInstance, { targetNode: nodeName = '', targetPod }: MigrationState, world: World, now: string): Write[] {
  const pod = world.owned(PODS, vmi.metadata.uid).find(one => one.metadata.name === targetPod)
  const labels = { labels: { [NODE_LABEL]: nodeName } }
  return to(vmi, { targetNodeDomainReadyTimestamp: now, endTimestamp: now }, { nodeName, interfaces: interfacesOf(vmi, pod), launcherContainerImageVersion: undefined, evacuationNodeName: undefined })
    .map(one => one.do === 'patch' ? { ...one, body: { ...one.body, metadata: labels } } : one)
}
