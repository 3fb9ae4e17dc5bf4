import type { JsonPatchOperation } from '#kube/client.ts'
import type { Write } from '#kube/write.ts'
import type { PowerState } from './powerState.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from './vm.ts'
import { annotate, patchOf } from '#kube/write.ts'
import { isFinal } from './powerState.ts'
import { RUN_STRATEGY_ANNOTATION, VMS, VM_SUBRESOURCES, effectiveRunStrategy } from './vm.ts'

type RefusedAction = 'being-deleted' | 'already-running' | 'already-starting' | 'starts-by-itself' | 'still-stopping' | 'already-off' | 'already-stopping' | 'not-running' | 'snapshot-in-progress' | 'restore-in-progress' | 'strategy-forbids' | 'state-unknown'
type Offer = { readonly offered: true } | { readonly offered: false, readonly because: RefusedAction }
export interface VmActions { readonly start: Offer, readonly stop: Offer, readonly restart: Offer }

const YES: Offer = { offered: true }
const no = (because: RefusedAction): Offer => ({ offered: false, because })

/** Which acts make sense now, and why not. Source: harvester pkg/api/vm/formatter.go; kubevirt pkg/virt-api/rest/lifecycle.go. */
export function vmActions(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, state: PowerState): VmActions {
  const locked = lockOf(vm)
  if (locked)
    return { start: no(locked), stop: no(locked), restart: no(locked) }
  return { start: offerStart(vm, vmi, state), stop: offerStop(vm, state), restart: offerRestart(vm, vmi, state) }
}

function lockOf(vm: VirtualMachine): RefusedAction | undefined {
  if (vm.metadata.deletionTimestamp)
    return 'being-deleted'
  if (vm.status?.restoreInProgress)
    return 'restore-in-progress'
  return vm.status?.snapshotInProgress ? 'snapshot-in-progress' : undefined
}

function offerStart(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, state: PowerState): Offer {
  if (state.word === 'stopping')
    return no('still-stopping')
  if (state.word === 'unknown')
    return no('state-unknown')
  if (state.word === 'starting' || state.word === 'restarting' || state.word === 'provisioning')
    return no('already-starting')
  if (vmi && !isFinal(vmi))
    return no(state.word === 'failing' ? 'already-starting' : 'already-running')
  return ['Always', 'Once'].includes(effectiveRunStrategy(vm)) && state.word !== 'off' ? no('starts-by-itself') : YES
}

function offerStop(vm: VirtualMachine, state: PowerState): Offer {
  if (state.word === 'stopping')
    return no('already-stopping')
  const strategy = effectiveRunStrategy(vm)
  if (strategy === 'Halted' || (state.word === 'off' && strategy !== 'Always'))
    return no('already-off')
  return YES
}

function offerRestart(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, state: PowerState): Offer {
  const strategy = effectiveRunStrategy(vm)
  if (strategy === 'Halted' || strategy === 'Once')
    return no(vmi ? 'strategy-forbids' : 'not-running')
  if (!vmi || isFinal(vmi) || vmi.metadata.deletionTimestamp)
    return no('not-running')
  return ['running', 'paused', 'failing'].includes(state.word) ? YES : no(state.word === 'starting' ? 'already-starting' : 'not-running')
}

const STRATEGIES: readonly RunStrategy[] = ['Always', 'RerunOnFailure', 'Manual', 'Once']

/** The strategy that a stopped VM gets back: what Harvester remembers, else its default (harvester pkg/webhook/resources/virtualmachine/mutator.go). */
export function rememberedStrategy(vm: VirtualMachine): RunStrategy {
  const remembered = vm.metadata.annotations?.[RUN_STRATEGY_ANNOTATION]
  return STRATEGIES.find(strategy => strategy === remembered) ?? 'RerunOnFailure'
}

/**
 * Shuts the VM down for good, as Harvester does: Halted, with the strategy that it had kept in Harvester's own annotation.
 * KubeVirt's `stop` would leave Manual and RerunOnFailure as they are. The patch fails (422) if the strategy has changed
 * meanwhile. `annotations` are written in the same patch.
 */
export function planStop(vm: VirtualMachine, annotations: Readonly<Record<string, string | undefined>> = {}): Write {
  if (vm.spec.runStrategy === undefined) {
    const test: JsonPatchOperation[] = vm.spec.running === undefined ? [] : [{ op: 'test', path: '/spec/running', value: vm.spec.running }]
    return patchOf(VMS, vm, [...test, { op: 'add', path: '/spec/running', value: false }, ...annotate(vm, annotations)])
  }
  const { runStrategy } = vm.spec
  const memory = runStrategy === 'Halted' ? {} : { [RUN_STRATEGY_ANNOTATION]: runStrategy }
  return patchOf(VMS, vm, [
    { op: 'test', path: '/spec/runStrategy', value: runStrategy },
    ...(runStrategy === 'Halted' ? [] : [{ op: 'replace', path: '/spec/runStrategy', value: 'Halted' } as const]),
    ...annotate(vm, { ...memory, ...annotations }),
  ])
}

/**
 * Starts the VM with its own strategy, in order. From Halted the strategy is put back, and Manual needs a start besides;
 * the `start` subresource alone would turn Halted into Always. Only for a VM whose old instance is gone: RerunOnFailure put
 * back earlier never starts (seen on KubeVirt 1.8).
 */
export function planStart(vm: VirtualMachine, remembered: RunStrategy = rememberedStrategy(vm)): readonly Write[] {
  const start: Write = { act: 'call', resource: VM_SUBRESOURCES, at: { namespace: vm.metadata.namespace ?? '', name: vm.metadata.name }, subresource: 'start' }
  if (vm.spec.runStrategy === undefined)
    return [patchOf(VMS, vm, [{ op: 'add', path: '/spec/running', value: true }])]
  if (vm.spec.runStrategy !== 'Halted')
    return [start]
  const back = patchOf(VMS, vm, [{ op: 'test', path: '/spec/runStrategy', value: 'Halted' }, { op: 'replace', path: '/spec/runStrategy', value: remembered }])
  return remembered === 'Manual' ? [back, start] : [back]
}

export type VmAct = 'start' | 'stop' | 'restart'

/** The writes of an act, in order. */
export function planPower(act: VmAct, vm: VirtualMachine): readonly Write[] {
  if (act === 'start')
    return planStart(vm)
  return [act === 'stop' ? planStop(vm) : planRestart(vm)]
}

/** Restarts a running VM: one request, after which it stops and starts by itself. */
function planRestart(vm: VirtualMachine): Write {
  return { act: 'call', resource: VM_SUBRESOURCES, at: { namespace: vm.metadata.namespace ?? '', name: vm.metadata.name }, subresource: 'restart' }
}
