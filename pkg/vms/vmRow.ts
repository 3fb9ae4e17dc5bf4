import type { VmActions } from './powerActions.ts'
import type { PowerState, PowerWord } from './powerState.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { vmActions } from './powerActions.ts'
import { derivePowerState } from './powerState.ts'
import { POWER_TONES } from './powerState.ts'

/** Which states an operator wants to see first. */
export const POWER_RANKS: Readonly<Record<PowerWord, number>> = {
  failing: 0, crashed: 1, unknown: 2, paused: 3, stopping: 4, restarting: 5, starting: 6, provisioning: 7, migrating: 8, terminating: 9, running: 10, off: 11,
}

/** What the overview says of all VMs: which cannot run, and of which nothing is known. */
export interface VmsJudgement {
  readonly tone: 'bad' | 'unknown' | 'ok'
  readonly trouble: readonly VmRow[]
  readonly unknown: readonly VmRow[]
}

/** Of the rows that are judged. `partial`: they are not all there are. `outdated`: nobody writes the states of VMs now. */
export type VmsView = 'whole' | 'partial' | 'outdated'

/** Good only where every VM is seen as it is now, and is not in trouble. */
export function judgeVms(rows: readonly VmRow[], view: VmsView): VmsJudgement {
  const trouble = rows.filter(row => POWER_TONES[row.state.word] === 'bad')
  const unknown = rows.filter(row => POWER_TONES[row.state.word] === 'unknown')
  const tone = trouble.length ? 'bad' : unknown.length || view !== 'whole' ? 'unknown' : 'ok'
  return { tone, trouble, unknown }
}

/** A VM with everything that a list shows of it. */
export interface VmRow {
  readonly vm: VirtualMachine
  readonly vmi?: VirtualMachineInstance
  readonly state: PowerState
  readonly actions: VmActions
  readonly node?: string
  readonly addresses: readonly string[]
  readonly cpu?: number
  readonly memory?: string
  /** Key of the claim whose export shut it down. */
  readonly exporting?: string
}

/**
 * The row of a VM. `sight` says how VM and instance are seen: `outdated` where the line is down, `blind` where the instances
 * cannot be seen at all and nothing is known of the guest. `now` in epoch milliseconds.
 */
export function vmRow(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, sight: 'seen' | 'outdated' | 'blind', now: number): VmRow {
  const state: PowerState = sight === 'blind'
    ? { word: 'unknown', because: { code: 'instance-not-seen' }, printed: vm.status?.printableStatus }
    : { ...derivePowerState(vm, vmi, now), ...(sight === 'outdated' && { outdated: true }) }
  const domain = vm.spec.template.spec.domain
  const { cores = 1, sockets = 1, threads = 1 } = domain?.cpu ?? {}
  return {
    vm,
    vmi,
    state,
    actions: vmActions(vm, vmi, state),
    node: vmi?.status?.nodeName,
    addresses: vmi?.status?.interfaces?.flatMap(({ ipAddress }) => ipAddress ? [ipAddress] : []) ?? [],
    cpu: domain?.cpu && cores * sockets * threads,
    memory: domain?.resources?.limits?.memory ?? domain?.memory?.guest,
    exporting: vm.metadata.annotations?.[EXPORT_ANNOTATION]?.split(' ')[0],
  }
}
