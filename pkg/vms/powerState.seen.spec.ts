import { describe, expect, it } from 'vitest'
import { derivePowerState } from './powerState.ts'
import type { PowerState } from './powerState.ts'
import { RECORDS, glancesOf, isOver, vmOf, vmiOf } from './recordedStories.ts'
import type { Recorded } from './recordedStories.ts'
import { effectiveRunStrategy } from './vm.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'

const NOW = Date.parse('2026-05-04T03:00:00Z')

interface Moment { readonly vm: VirtualMachine, readonly vmi: VirtualMachineInstance | undefined, readonly pods: readonly string[] }

/** What there was after each change, where there was a VM `web`. */
function momentsOf(record: Recorded): Moment[] {
  return glancesOf(record).flatMap(({ there }) => {
    const vm = there.find(({ what }) => /^vm web( \d+)?$/.test(what))
    const vmi = there.find(({ what }) => what.startsWith('vmi web '))
    const pods = there.filter(({ what }) => /^(launcher|target) web /.test(what)).map(({ facets }) => String(facets.phase))
    return vm ? [{ vm: vmOf(vm), vmi: vmi && vmiOf(vmi), pods }] : []
  })
}

/** What must hold of the word at that moment; the sentence that does not, or undefined. */
function fault({ word, because }: PowerState, { vm, vmi, pods }: Moment): string | undefined {
  const phase = vmi?.status?.phase
  const guest = phase === 'Running'
  if (word === 'off' && (vmi ? !isOver(phase) : pods.some(one => !isOver(one))))
    return 'off while a guest may run'
  if (['off', 'crashed', 'failing', 'provisioning', 'starting'].includes(word) && guest)
    return `${word} while the guest runs`
  const stays = guest && !vmi?.metadata.deletionTimestamp && effectiveRunStrategy(vm) !== 'Halted' && !(vm.status?.stateChangeRequests ?? []).length
  if (stays && !vm.metadata.deletionTimestamp && !['running', 'paused', 'migrating'].includes(word))
    return `${word} while a guest runs that nobody has asked to end`
  if (['running', 'paused', 'migrating'].includes(word) && (!guest || vmi?.metadata.deletionTimestamp))
    return `${word} without a guest that stays`
  if (word === 'terminating' !== (vm.metadata.deletionTimestamp !== undefined))
    return 'terminating is a VM that is being deleted, and nothing else'
  // Between the end of an instance and KubeVirt's word on it nobody can know.
  return word === 'unknown' && because.code !== 'instance-not-seen' ? 'unknown' : undefined
}

describe('the power state, at every moment that KubeVirt was seen in', () => {
  it('is told of many moments', () => {
    expect(RECORDS.flatMap(momentsOf).length).toBeGreaterThan(500)
  })

  it.each(RECORDS)('$story', record => {
    const faults = momentsOf(record).flatMap(moment => {
      const state = derivePowerState(moment.vm, moment.vmi, NOW)
      const found = fault(state, moment)
      return found ? [{ found, state, ...moment }] : []
    })
    expect(faults).toEqual([])
    const last = momentsOf(record).at(-1)
    expect(last && derivePowerState(last.vm, last.vmi, NOW).word).not.toBe('unknown')
  })
})
