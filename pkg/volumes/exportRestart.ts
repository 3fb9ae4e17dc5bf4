import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportedVm, ExportIntent } from './exportIntent.ts'
import type { StepReason, StepWorld } from './exportStep.ts'
import { fieldManagers } from '#kube/fieldManagers.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { annotate, heldToVersion, jsonPointer, patchOf, testVersion } from '#kube/write.ts'
import { planStart } from '#vms/powerActions.ts'
import { derivePowerState, printedTrouble, startsByItself } from '#vms/powerState.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, exportReference, isStoppedFor, referenceOn } from './exportIntent.ts'

// Whoever shuts a VM down for an export owes it a start.

/** No request is on its way for longer: who sends it gives it up by then (pkg/kube/client.ts). */
const LATEST_MS = 90_000

export interface KnownVm { readonly entry: ExportedVm, readonly vm: VirtualMachine | undefined, readonly vmi: VirtualMachineInstance | undefined }

/** The VMs of an export as the cluster has them now; `vm` or `vmi` undefined where it is gone. */
export function vmsOf(world: Pick<StepWorld, 'vms' | 'vmis'>, intent: ExportIntent): KnownVm[] {
  const { namespace } = intent.claim
  return intent.vms.map(entry => ({
    entry,
    vm: world.vms.objects.find(vm => vm.metadata.namespace === namespace && vm.metadata.name === entry.name),
    vmi: world.vmis.objects.find(vmi => vmi.metadata.namespace === namespace && vmi.metadata.name === entry.name),
  }))
}

interface Restart { readonly writes: readonly Write[], readonly because: readonly StepReason[] }

/** What a VM that was stopped for the export still needs; undefined once it has been seen to run, or was stopped again by somebody. `now` in epoch milliseconds. */
export function startAgain({ entry, vm, vmi }: KnownVm, intent: ExportIntent, now: number): Restart | undefined {
  if (!vm)
    return undefined
  const key = objectKey(vm)
  const started = referenceOn(vm, intent) === 'started'
  const halted = effectiveRunStrategy(vm) === 'Halted'
  // Off again: somebody's wish, unless a stop was forced. That one holds for no instance alone, and may have come late.
  if (halted && started && intent.forcedBy === undefined)
    return undefined
  if (halted)
    return vmi ? { writes: [], because: [{ code: 'old-instance', vm: key }] } : { writes: startOf(vm, entry, intent), because: [{ code: 'starting-vm', vm: key }] }
  const power = derivePowerState(vm, vmi, now)
  const isProven = intent.forcedBy === undefined || !vmi || now - Date.parse(vmi.metadata.creationTimestamp) > LATEST_MS
  if (['running', 'paused', 'migrating'].includes(power.word) && isProven)
    return giveStrategyBack(vm, entry, intent)
  if (power.word === 'running')
    return { writes: [], because: [{ code: 'start-unproven', vm: key }] }
  // Manual starts on request only, and RerunOnFailure may have been put back, by somebody else too, while the old instance was there.
  // A start that failed or was given up is not asked for again against whoever stopped it.
  if (!vmi && !startsByItself(vm) && power.because.code !== 'start-given-up')
    return { writes: planStart(vm), because: [{ code: 'starting-vm', vm: key }] }
  const message = power.message ?? printedTrouble(vm)
  return { writes: [], because: [{ code: 'waiting-for-start', vm: key, ...(message && { message }) }] }
}

/**
 * The start of a VM that is kept off while instances cannot be seen: KubeVirt's own word on it, that it has none, stands for them.
 * Undefined where it says that there is one, or nothing: an old instance may be ending, and RerunOnFailure put back then never starts.
 */
export function startUnseen({ entry, vm }: KnownVm, intent: ExportIntent): Restart | undefined {
  const isOff = vm?.status !== undefined && !vm.status.created && referenceOn(vm, intent) === 'stopped' && effectiveRunStrategy(vm) === 'Halted'
  return isOff ? { writes: startOf(vm, entry, intent), because: [{ code: 'starting-vm', vm: objectKey(vm) }] } : undefined
}

/**
 * The strategy of a VM that left Halted without the export, and runs: KubeVirt knows but Always for it, whether somebody has
 * asked for a `start` or KubeVirt itself has, after a crash just before the VM was halted (pkg/virt-controller/watch/vm/vm.go).
 * Harvester's webhook puts back then what the VM had, and so does this where it did not. Not before it runs: RerunOnFailure
 * put back too early never starts. Undefined where there is nothing to give back.
 */
function giveStrategyBack(vm: VirtualMachine, entry: ExportedVm, intent: ExportIntent): Restart | undefined {
  if (!hasForeignStrategy({ entry, vm }, intent))
    return undefined
  const { runStrategy } = entry
  const back = patchOf(VMS, vm, [{ op: 'replace', path: '/spec/runStrategy', value: runStrategy }])
  return { writes: noteStarted([back], vm, intent), because: [{ code: 'strategy-back', vm: objectKey(vm), strategy: runStrategy }] }
}

/** Whether KubeVirt has given a VM that this export had off another strategy than it had. It is owed its own also where it was to stay off. */
export function hasForeignStrategy(known: Pick<KnownVm, 'entry' | 'vm'>, intent: ExportIntent): boolean {
  return isPutToAlways(known, intent) && wishersOf(known.vm).length === 0
}

/** Who has put the VM to Always himself while this export had it off: that is left as it is, and told. */
export function strategyLeft(known: KnownVm, intent: ExportIntent): StepReason[] {
  const { entry: { runStrategy: strategy }, vm } = known
  const [by] = wishersOf(vm)
  return vm && by !== undefined && isPutToAlways(known, intent) ? [{ code: 'strategy-left', vm: objectKey(vm), strategy, by }] : []
}

function isPutToAlways({ entry: { runStrategy }, vm }: Pick<KnownVm, 'entry' | 'vm'>, intent: ExportIntent): boolean {
  return vm !== undefined && referenceOn(vm, intent) === 'stopped' && vm.spec.runStrategy === 'Always' && runStrategy !== 'Always' && runStrategy !== 'Halted'
}

/** KubeVirt's programs that start VMs, by the names under which the API server notes what they write: those of the programs (kubevirt staging/src/kubevirt.io/client-go/kubecli/kubecli.go, `DefaultKubernetesUserAgent`). */
const STARTERS: readonly string[] = ['virt-api', 'virt-controller']

/**
 * Who has set the strategy other than by a start: whoever starts a VM wants it on, and it is KubeVirt that makes Always of
 * it. A cluster that does not say who (something strips the managedFields, or it keeps none) is taken to say KubeVirt: by
 * far most VMs are started by a start, and one that stays at Always is never off again when its guest shuts down.
 */
function wishersOf(vm: VirtualMachine | undefined): readonly string[] {
  return vm ? fieldManagers(vm, 'spec', 'runStrategy').filter(manager => !STARTERS.includes(manager)) : []
}

/** Puts the strategy back and notes on the VM, in the same patch, that its start was asked for. */
function startOf(vm: VirtualMachine, entry: ExportedVm, intent: ExportIntent): Write[] {
  return noteStarted(planStart(vm, entry.runStrategy === 'Halted' ? undefined : entry.runStrategy), vm, intent)
}

/** Has the patch note that the VM is no longer kept off. It fails (422) on a VM that is not as it was read: somebody else may have halted it since, for something else. */
function noteStarted(writes: readonly Write[], vm: VirtualMachine, intent: ExportIntent): Write[] {
  const path = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)
  const mark = { op: 'test', path, value: vm.metadata.annotations?.[EXPORT_ANNOTATION] } as const
  const note = { op: 'replace', path, value: exportReference(intent, 'started') } as const
  return writes.map(write => heldToVersion(write, vm, { before: [mark], after: [note] }))
}

/**
 * Lets go of the VMs that were to be stopped and were not: with this write every stop that is still on its way comes too
 * late (`stopForExport`), so that the export can end. Not of one with a mark, with which it has changed too.
 */
export function releaseVms(intent: ExportIntent, known: readonly KnownVm[]): Write[] {
  const bare = known.flatMap(({ entry, vm }) => isStoppedFor(entry) && vm && vm.metadata.annotations?.[EXPORT_ANNOTATION] === undefined ? vm : [])
  return bare.map(vm => patchOf(VMS, vm, [testVersion(vm), ...annotate(vm, { [EXPORT_ANNOTATION]: exportReference(intent, 'released') })]))
}

/**
 * *Start now*: gives the export up and starts what it has stopped. A VM whose old instance is still there is started by
 * the next step that anybody carries out. An image that is being read meanwhile is marked as overtaken.
 */
export function planStartNow(world: Pick<StepWorld, 'claims' | 'vms' | 'vmis'>, intent: ExportIntent, who: string): readonly Write[] {
  const claim = world.claims.objects.find(candidate => objectKey(candidate) === exportReference(intent))
  // An instance that cannot be seen may be there: RerunOnFailure put back then never starts.
  const blind = blindSpot(VMIS, world.vmis, intent.claim.namespace)
  const starts = blind ? [] : vmsOf(world, intent).flatMap(({ entry, vm, vmi }) => vm && !vmi && effectiveRunStrategy(vm) === 'Halted' && referenceOn(vm, intent) === 'stopped' ? startOf(vm, entry, intent) : [])
  return [...(claim && intent.abandonedBy === undefined ? [amendIntent(claim, intent, { abandonedBy: who })] : []), ...starts]
}

/** *Force stop*: the guests that are still ending get no more time. It is decided once, and carried out by the next step that anybody takes. */
export function planForceStop(claim: PersistentVolumeClaim, intent: ExportIntent, who: string): Write {
  return amendIntent(claim, intent, { forcedBy: who })
}

/** VMs that are off because of the export, `namespace/name`: what every page on which they appear must say. */
export function vmsKeptOff(world: Pick<StepWorld, 'vms'>, intent: ExportIntent): string[] {
  return world.vms.objects.filter(vm => referenceOn(vm, intent) === 'stopped' && effectiveRunStrategy(vm) === 'Halted').map(objectKey)
}
