import type { PersistentVolumeClaim } from '#kube/core.ts'
import { CLAIMS } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { claimNamesOf } from './claimNames.ts'
import { isTrue } from './conditions.ts'
import type { World } from './world.ts'

// kubevirt pkg/virt-controller/watch/vm/vm.go, setPrintableStatus and what it asks.

export function isFinal(vmi: VirtualMachineInstance | undefined): boolean {
  return vmi?.status?.phase === 'Succeeded' || vmi?.status?.phase === 'Failed'
}

export interface Expectations { readonly start: boolean, readonly stop: boolean }

interface Question {
  readonly vm: VirtualMachine
  readonly vmi: VirtualMachineInstance | undefined
  readonly expected: Expectations
  readonly claims: readonly (PersistentVolumeClaim | undefined)[]
  readonly dataVolumes: readonly DataVolume[]
  /** The status being written: back-off and requests as they are after this step. */
  readonly failures: number
}

/** Every value that this cluster can come to, in the order in which KubeVirt asks; the first that holds is shown. */
const STATUSES: readonly (readonly [string, (question: Question) => boolean])[] = [
  ['Terminating', ({ vm }) => vm.metadata.deletionTimestamp !== undefined],
  ['Stopping', ({ vmi, expected }) => Boolean(vmi && !isFinal(vmi) && (vmi.metadata.deletionTimestamp || expected.stop))],
  ['Migrating', ({ vmi }) => Boolean(vmi?.status?.migrationState?.startTimestamp && !vmi.status.migrationState.endTimestamp)],
  ['Paused', ({ vmi }) => vmi?.status?.phase === 'Running' && isTrue(vmi.status.conditions, 'Paused')],
  ['Running', ({ vmi }) => vmi?.status?.phase === 'Running' && !isTrue(vmi.status.conditions, 'Paused')],
  ['ErrorPvcNotFound', ({ vmi }) => hasReason(vmi, 'Synchronized', 'FailedPvcNotFound')],
  ['DataVolumeError', ({ dataVolumes }) => dataVolumes.some(isBroken)],
  ['ErrorUnschedulable', ({ vmi }) => hasReason(vmi, 'PodScheduled', 'Unschedulable')],
  ['Provisioning', ({ dataVolumes }) => dataVolumes.some(volume => !['Succeeded', 'PendingPopulation', 'WaitForFirstConsumer'].includes(volume.status?.phase ?? ''))],
  ['WaitingForVolumeBinding', ({ vm, vmi, claims }) => isSetToStart(vm, vmi) && claims.some(claim => claim && claim.status?.phase !== 'Bound')],
  ['Starting', ({ vmi, expected }) => vmi ? ['', 'Pending', 'Scheduling', 'Scheduled'].includes(vmi.status?.phase ?? '') : expected.start],
  ['CrashLoopBackOff', ({ vm, vmi, expected, failures }) => (!vmi || isFinal(vmi)) && !expected.start && failures > 0 && ['Always', 'RerunOnFailure', 'Once'].includes(effectiveRunStrategy(vm))],
  ['Stopped', ({ vmi, expected }) => vmi ? isFinal(vmi) : !expected.start],
]

/** `status.printableStatus`. Expectations are what this step has just asked for and the cluster has not yet shown. */
export function printableStatus(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, world: World, expected: Expectations, failures: number): string {
  const names = claimNamesOf(vm.spec.template.spec)
  const key = (name: string) => `${vm.metadata.namespace}/${name}`
  // A disk that is named by its claim tells nothing of who fills it.
  const dataVolumes = (vm.spec.template.spec.volumes ?? []).map(({ dataVolume }) => dataVolume && world.get(DATA_VOLUMES, key(dataVolume.name))).filter(volume => volume !== undefined)
  const claims = names.map(name => world.get(CLAIMS, key(name)))
  return STATUSES.find(([, holds]) => holds({ vm, vmi, expected, claims, dataVolumes, failures }))?.[0] ?? 'Unknown'
}

function hasReason(vmi: VirtualMachineInstance | undefined, type: string, reason: string): boolean {
  const condition = findCondition(vmi?.status?.conditions, type)
  return condition?.status === 'False' && condition.reason === reason
}

function isBroken(volume: DataVolume): boolean {
  const running = findCondition(volume.status?.conditions, 'Running')
  return volume.status?.phase === 'Failed' || (running?.status === 'False' && (running.reason === 'Error' || running.reason === 'ImagePullFailed'))
}

/** Whether the VM is meant to run (vm.go isSetToStart). */
function isSetToStart(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  const answers: Partial<Record<RunStrategy, () => boolean>> = {
    Always: () => true,
    Manual: () => vmi ? !hasStopRequest(vm, vmi) : hasStartRequest(vm),
    RerunOnFailure: () => vmi ? vmi.status?.phase !== 'Succeeded' : true,
    Once: () => !vmi,
  }
  return answers[effectiveRunStrategy(vm)]?.() ?? false
}

export function hasStartRequest(vm: VirtualMachine): boolean {
  return vm.status?.stateChangeRequests?.[0]?.action === 'Start'
}

export function hasStopRequest(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  const request = vm.status?.stateChangeRequests?.[0]
  return request?.action === 'Stop' && request.uid === vmi.metadata.uid
}
