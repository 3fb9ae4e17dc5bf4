import type { Condition } from '#kube/object.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance, VmiPhase } from './vm.ts'
import { findCondition } from '#kube/object.ts'
import { effectiveRunStrategy } from './vm.ts'

export type PowerWord = 'off' | 'starting' | 'running' | 'paused' | 'migrating' | 'stopping' | 'restarting' | 'crashed' | 'failing' | 'provisioning' | 'terminating' | 'unknown'

type PowerReason
  = | { readonly code: 'deleted' | 'halted' | 'not-started' | 'start-given-up' | 'guest-shut-down' | 'guest-failed' | 'start-requested' | 'wanted-on' | 'strategy-switched' | 'stop-requested' | 'instance-ending' | 'instance-kept' | 'instance-not-seen' | 'instance-lost' | 'guest-running' | 'guest-not-ready' | 'guest-paused' | 'live-migration' | 'waiting-for-disks' | 'waiting-for-receiver' }
    | { readonly code: 'scheduling', readonly phase: VmiPhase }
    | { readonly code: 'cannot-start', readonly reason: string }
    | { readonly code: 'crash-loop', readonly failures: number }
    | { readonly code: 'crash-loop-waiting', readonly failures: number, readonly retryInSeconds: number }

export interface PowerState {
  readonly word: PowerWord
  readonly because: PowerReason
  /** The cluster's own words, where it has some. */
  readonly message?: string
  /** What KubeVirt prints. Shown beside the word; it never decides alone. */
  readonly printed?: string
  /** It was so when the line was cut; what it is now nobody knows. */
  readonly outdated?: true
}

/** The sign that goes with a power state; the words are the state's own. Off has none: it is at rest, and nobody doubts it. */
export const POWER_TONES: Readonly<Record<PowerWord, 'ok' | 'attention' | 'bad' | 'unknown' | 'progress' | undefined>> = {
  off: undefined, starting: 'progress', running: 'ok', paused: 'attention', migrating: 'progress', stopping: 'progress', restarting: 'progress',
  crashed: 'bad', failing: 'bad', provisioning: 'progress', terminating: 'progress', unknown: 'unknown',
}

/** The sign of a state that is shown: what was good when the line was cut is not known to be good. */
export function toneOf({ word, outdated }: PowerState) {
  const tone = POWER_TONES[word]
  return outdated && tone === 'ok' ? 'unknown' : tone
}

/** Whether the guest has ended: nothing of it runs, though its pod and disks may still be held. */
export function isFinal(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed'
}

/**
 * What KubeVirt will do with a VM that has no instance: `starts` by itself, or `rests` until somebody asks.
 * Source: kubevirt pkg/virt-controller/watch/vm/vm.go (run strategies); Halted with a start request switches to Always.
 */
export function startsByItself(vm: VirtualMachine): boolean {
  if (vm.status?.stateChangeRequests?.[0]?.action === 'Start')
    return true
  const strategy = effectiveRunStrategy(vm)
  // KubeVirt starts a RerunOnFailure VM when it sees it switched to that strategy, not whenever it is off.
  return strategy === 'Always' || strategy === 'Once' || (strategy === 'RerunOnFailure' && vm.status?.runStrategy !== strategy)
}

/**
 * The power state from what is wanted (run strategy, requests) and what is (the instance, its phase and conditions).
 * `vmi` is the instance of the VM's name, undefined where there is none; conditions are read from it alone, because the
 * VM keeps copies of them after it is gone. `now` in epoch milliseconds.
 */
export function derivePowerState(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, now: number): PowerState {
  const derived = derive(vm, vmi, now)
  const printed = vm.status?.printableStatus
  return { ...derived, ...(printed && { printed }) }
}

function derive(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, now: number): PowerState {
  if (vm.metadata.deletionTimestamp)
    return { word: 'terminating', because: { code: 'deleted' } }
  const strategy = effectiveRunStrategy(vm)
  if (!vmi)
    return withoutInstance(vm, strategy, now)
  if (isFinal(vmi))
    return afterTheGuest(vm, vmi, strategy)
  const ending = vmi.metadata.deletionTimestamp ?? (strategy === 'Halted' || isStopRequested(vm, vmi))
  if (ending)
    return { word: comesBack(vm, vmi, strategy) ? 'restarting' : 'stopping', because: { code: vmi.metadata.deletionTimestamp ? 'instance-ending' : 'stop-requested' } }
  return guestState(vmi)
}

function isStopRequested(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  const [first] = vm.status?.stateChangeRequests ?? []
  return first?.action === 'Stop' && (!first.uid || first.uid === vmi.metadata.uid)
}

/**
 * Whether the instance is deleted under a VM of run strategy Once, which makes another whenever there is none. One whose guest
 * is over it keeps, and a stop makes it Halted: so this is an eviction, or somebody's own hand. Source: kubevirt
 * pkg/virt-controller/watch/vm/vm.go (RunStrategyOnce).
 */
export function isMadeAnew(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  return effectiveRunStrategy(vm) === 'Once' && vmi.metadata.deletionTimestamp !== undefined
}

/** Whether the instance that ends now will be followed by another. */
function comesBack(vm: VirtualMachine, vmi: VirtualMachineInstance, strategy: RunStrategy): boolean {
  if (strategy === 'Halted')
    return false
  return strategy === 'Always' || isMadeAnew(vm, vmi) || (vm.status?.stateChangeRequests ?? []).some(request => request.action === 'Start')
}

const STARTING: readonly (VmiPhase | undefined)[] = [undefined, '', 'Pending', 'Scheduling', 'Scheduled']

/** The state of an instance whose guest has not ended, and that nobody asked to end: what its phase and conditions say. */
export function guestState(vmi: VirtualMachineInstance): PowerState {
  const { phase, conditions, migrationState } = vmi.status ?? {}
  if (STARTING.includes(phase)) {
    const trouble = startTrouble(conditions)
    return trouble ?? { word: 'starting', because: { code: 'scheduling', phase: phase ?? '' } }
  }
  if (phase !== 'Running')
    return { word: 'unknown', because: { code: phase === 'WaitingForSync' ? 'waiting-for-receiver' : 'instance-lost' } }
  if (migrationState?.startTimestamp && !migrationState.endTimestamp && !migrationState.completed)
    return { word: 'migrating', because: { code: 'live-migration' } }
  if (findCondition(conditions, 'Paused')?.status === 'True')
    return { word: 'paused', because: { code: 'guest-paused' } }
  const ready = findCondition(conditions, 'Ready')
  return ready?.status === 'False'
    ? { word: 'running', because: { code: 'guest-not-ready' }, ...words(ready) }
    : { word: 'running', because: { code: 'guest-running' } }
}

/** The conditions with which KubeVirt says that a start does not get on (vm.go, the order of printableStatus). */
function startTrouble(conditions: readonly Condition[] | undefined): PowerState | undefined {
  const synchronized = findCondition(conditions, 'Synchronized')
  if (synchronized?.status === 'False' && synchronized.reason)
    return { word: 'failing', because: { code: 'cannot-start', reason: synchronized.reason }, ...words(synchronized) }
  const scheduled = findCondition(conditions, 'PodScheduled')
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
    ? { word: 'failing', because: { code: 'cannot-start', reason: 'Unschedulable' }, ...words(scheduled) }
    : undefined
}

function afterTheGuest(vm: VirtualMachine, vmi: VirtualMachineInstance, strategy: RunStrategy): PowerState {
  const failed = vmi.status?.phase === 'Failed'
  const rerun = failed && strategy === 'RerunOnFailure' && !vmi.metadata.deletionTimestamp
  if (comesBack(vm, vmi, strategy) || rerun)
    return { word: 'restarting', because: { code: failed ? 'guest-failed' : 'guest-shut-down' } }
  const kept = (strategy === 'Manual' || strategy === 'Once') && !vmi.metadata.deletionTimestamp
  if (!kept)
    return { word: 'stopping', because: { code: 'instance-ending' } }
  return failed ? { word: 'crashed', because: { code: 'guest-failed' } } : { word: 'off', because: { code: 'instance-kept' } }
}

/** Printed words that say more about a start that is wanted anyway. */
const PRINTED_TROUBLE = ['ErrorPvcNotFound', 'DataVolumeError', 'ErrorUnschedulable', 'ErrImagePull', 'ImagePullBackOff']
const PRINTED_WAIT = ['Provisioning', 'WaitingForVolumeBinding']

/** KubeVirt's own word for why a VM does not come to run, where its status is one; undefined for any other. */
export function printedTrouble({ status }: VirtualMachine): string | undefined {
  return [...PRINTED_TROUBLE, 'CrashLoopBackOff'].find(word => word === status?.printableStatus)
}

function withoutInstance(vm: VirtualMachine, strategy: RunStrategy, now: number): PowerState {
  const { startFailure, conditions, printableStatus = '', created } = vm.status ?? {}
  if (created && strategy !== 'Halted')
    return { word: 'unknown', because: { code: 'instance-not-seen' } }
  if (strategy === 'WaitAsReceiver')
    return { word: 'unknown', because: { code: 'waiting-for-receiver' } }
  const failures = startFailure?.consecutiveFailCount ?? 0
  const isTried = startsByItself(vm)
  // KubeVirt prints CrashLoopBackOff also of a RerunOnFailure VM whose start somebody gave up: nothing starts that one again.
  if (isTried && failures > 0 && strategy !== 'Halted' && strategy !== 'Manual')
    return { word: 'crashed', because: crashLoop(failures, startFailure?.retryAfterTimestamp, now), ...words(failureOf(conditions)) }
  if (!isTried)
    return { word: created ? 'stopping' : 'off', because: resting(strategy, failures) }
  const failure = failureOf(conditions)
  if (failure)
    return { word: 'failing', because: { code: 'cannot-start', reason: failure.reason ?? 'Failure' }, ...words(failure) }
  if (PRINTED_TROUBLE.includes(printableStatus))
    return { word: 'failing', because: { code: 'cannot-start', reason: printableStatus } }
  if (PRINTED_WAIT.includes(printableStatus))
    return { word: 'provisioning', because: { code: 'waiting-for-disks' } }
  const requested = vm.status?.stateChangeRequests?.[0]?.action === 'Start'
  return { word: 'starting', because: { code: requested ? 'start-requested' : strategy === 'RerunOnFailure' ? 'strategy-switched' : 'wanted-on' } }
}

function resting(strategy: RunStrategy, failures: number): PowerReason {
  if (strategy === 'Halted')
    return { code: 'halted' }
  if (strategy === 'RerunOnFailure')
    return { code: failures > 0 ? 'start-given-up' : 'guest-shut-down' }
  return { code: 'not-started' }
}

function failureOf(conditions: readonly Condition[] | undefined): Condition | undefined {
  const failure = findCondition(conditions, 'Failure')
  return failure?.status === 'True' ? failure : undefined
}

function crashLoop(failures: number, retryAt: string | undefined, now: number): PowerReason {
  const retryInSeconds = Math.ceil((Date.parse(retryAt ?? '') - now) / 1000)
  return retryInSeconds > 0 ? { code: 'crash-loop-waiting', failures, retryInSeconds } : { code: 'crash-loop', failures }
}

function words(condition: Condition | undefined): { message?: string } {
  return condition?.message ? { message: condition.message } : {}
}
