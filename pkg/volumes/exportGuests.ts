import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent, NotedEnding } from './exportIntent.ts'
import type { KnownVm } from './exportRestart.ts'
import type { BareStep, StepReason } from './exportStep.ts'
import { isFinal } from '#vms/powerState.ts'
import { DEFAULT_GRACE_SECONDS, VM_SUBRESOURCES, effectiveRunStrategy } from '#vms/vm.ts'
import { amendIntent } from './exportIntent.ts'

const graceOf = (vmi: VirtualMachineInstance): number => vmi.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
/** Of the VM, which may be gone before its instance. */
const keyOf = ({ claim }: ExportIntent, { entry }: KnownVm): string => `${claim.namespace}/${entry.name}`
/** Without ACPI a guest cannot be asked to end, nor switch its power off. */
const hearsOfItsEnd = (vmi: VirtualMachineInstance): boolean => vmi.spec.domain?.features?.acpi?.enabled !== false

/**
 * How the guest of a halted VM ended, from what is seen of it; undefined while it may still run. One that ends by itself
 * Succeeds, and so does one whose power is cut where KubeVirt could not have asked it to end: it had no time, which is what a
 * forced stop leaves it with, or no ACPI (kubevirt pkg/virt-handler/vm.go isACPIEnabled). Which it was is seen nowhere: the
 * worse counts.
 */
function endingOf(vmi: VirtualMachineInstance | undefined): NotedEnding['word'] | undefined {
  if (!vmi)
    return 'not-observed'
  if (!isFinal(vmi) || vmi.status?.reason === 'NodeUnresponsive')
    return undefined
  const wasAsked = graceOf(vmi) > 0 && hearsOfItsEnd(vmi)
  return vmi.status?.phase === 'Succeeded' && wasAsked ? 'shut-down' : 'cut-off'
}

/** What is to be noted of the guest: how one ended whose VM was halted for the export, and of one that had ended before only that it was cut off. */
function toNote({ entry, vm, vmi }: KnownVm): NotedEnding['word'] | undefined {
  if (entry.wasRunning)
    return (vm ? effectiveRunStrategy(vm) === 'Halted' : entry.isEnding) ? endingOf(vmi) : undefined
  return endingOf(vmi) === 'cut-off' ? 'cut-off' : undefined
}

/** What was noted of the guest that the VM, as it is, had last. */
export function notedEnding(intent: ExportIntent, { entry, vm }: KnownVm): NotedEnding['word'] | undefined {
  const noted = intent.endings?.[entry.name]
  return noted && noted.generation === vm?.metadata.generation ? noted.word : undefined
}

/**
 * The note of what is seen of the guests now and goes with their instances: how each ended, and on which node; undefined where
 * it is noted already. Of two endings, the worse counts. `now` in epoch milliseconds.
 */
export function noteEndings(claim: PersistentVolumeClaim, intent: ExportIntent, known: readonly KnownVm[], now: number): { readonly write: Write, readonly because: readonly StepReason[] } | undefined {
  const found = known.flatMap(one => {
    const word = toNote(one)
    const noted = notedEnding(intent, one)
    return word && (noted === undefined || (word === 'cut-off' && noted !== word)) ? [{ name: one.entry.name, vm: keyOf(intent, one), word, generation: one.vm?.metadata.generation }] : []
  })
  const moved = known.flatMap(one => {
    const node = one.vmi?.status?.nodeName
    return node && node !== (intent.nodes?.[one.entry.name] ?? one.entry.node) ? [{ ...one, node }] : []
  })
  if (!found.length && !moved.length)
    return undefined
  const noted = Object.fromEntries(found.map(({ name, word, generation }) => [name, { word, ...(generation !== undefined && { generation }), at: new Date(now).toISOString() }]))
  const nodes = { ...intent.nodes, ...Object.fromEntries(moved.map(({ entry, node }) => [entry.name, node])) }
  const because: StepReason[] = found.length
    ? found.map(({ vm, word }) => ({ code: word === 'shut-down' ? 'noting-end' : word, vm }))
    : moved.flatMap(one => one.vmi ? waitingForGuest(keyOf(intent, one), one.vmi, now) : [])
  return { write: amendIntent(claim, intent, { ...(moved.length > 0 && { nodes }), ...(found.length > 0 && { endings: { ...intent.endings, ...noted } }) }), because }
}

/**
 * Takes the rest of its time from a guest whose VM is Halted: KubeVirt takes a `stop` of such a VM only with a shorter
 * grace period, and answers 409 to a second one (pkg/virt-api/rest/lifecycle.go). Nothing where it has none left.
 */
export function forceStop(vmi: VirtualMachineInstance): Write[] {
  const { namespace = '', name } = vmi.metadata
  return !isFinal(vmi) && graceOf(vmi) > 0 ? [{ act: 'call', resource: VM_SUBRESOURCES, at: { namespace, name }, subresource: 'stop', body: { gracePeriod: 0 } }] : []
}

/**
 * What comes next for whoever has not decided it himself: no guest's power is cut with the rights of another than who said
 * so, whatever stands on the claim, which many may write. Any other step is as it was.
 */
export function leaveForce<Step extends BareStep>(step: Step, { forcedBy: by = '' }: ExportIntent): Step {
  if (step.word !== 'force-stop')
    return step
  return { ...step, writes: [], because: step.because.map(reason => reason.code === 'forcing-stop' ? { code: 'force-left', vm: reason.vm, by } : reason) }
}

/** What is awaited of a guest. KubeVirt cuts the power when the grace period is over; its default is 30 s where Harvester has not written 120. `now` in epoch milliseconds. */
export function waitingForGuest(vm: string, vmi: VirtualMachineInstance, now: number): StepReason {
  const graceSeconds = graceOf(vmi)
  const since = vmi.metadata.deletionTimestamp
  const leftSeconds = since === undefined ? undefined : Math.ceil((Date.parse(since) - now) / 1000) + graceSeconds
  if (leftSeconds !== undefined && leftSeconds < 0)
    return { code: 'guest-overdue', vm, graceSeconds }
  return { code: 'waiting-for-guest', vm, graceSeconds, ...(leftSeconds !== undefined && { leftSeconds }) }
}
