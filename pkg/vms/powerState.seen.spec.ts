import { describe, expect, it } from 'vitest'
import { derivePowerState } from './powerState.ts'
import type { PowerState } from './powerState.ts'
import { RECORDS, glancesOf, isOver, vmOf, vmiOf } from './recordedStories.ts'
import type { Recorded } from './recordedStories.ts'
import { effectiveRunStrategy } from './vm.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'

const NOW = Date.parse('2026-05-04T03:00:00Z')

interface Moment { readonly vm: VirtualMachine, readonly vmi: VirtualMachineInstance | undefined, readonly pods: readonly string[] }

/** The VMs that a story tells of, by name; `vm web 2` is one that was made after `vm web`, of the same name. */
function vmsIn({ changes }: Recorded): string[] {
  return [...new Set(changes.flatMap(([what]) => /^vm (\S+)/.exec(what)?.[1] ?? []))]
}

/** What there was of a VM after each change, while it was there. */
function momentsOf(record: Recorded, name: string): Moment[] {
  return glancesOf(record).flatMap(({ there }) => {
    const named = (...kinds: string[]) => there.filter(({ what }) => kinds.some(kind => what === `${kind} ${name}` || what.startsWith(`${kind} ${name} `)))
    const [vm] = named('vm')
    const [vmi] = named('vmi')
    const pods = named('launcher', 'target').map(({ facets }) => String(facets.phase))
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

const WITH_VM = RECORDS.filter(record => vmsIn(record).length > 0)

describe('the power state, at every moment that KubeVirt was seen in', () => {
  it('is told of many moments', () => {
    expect(WITH_VM.flatMap(record => vmsIn(record).flatMap(name => momentsOf(record, name))).length).toBeGreaterThan(500)
  })

  it('leaves out those in which an instance stands without a VM, by name', () => {
    expect(RECORDS.filter(record => !WITH_VM.includes(record)).map(({ story }) => story).sort()).toEqual([
      'a disk is deleted under a running guest without a VM, which is paused and resumed, and goes when that is over',
      'an instance without a VM runs and is deleted',
      'an instance without a VM whose guest shuts down stays until it is deleted',
    ])
  })

  for (const { record, name } of WITH_VM.flatMap(record => vmsIn(record).map(name => ({ record, name })))) {
    it(`${record.story}: ${name}`, () => {
      const moments = momentsOf(record, name)
      expect(moments).not.toEqual([])
      const faults = moments.flatMap(moment => {
        const state = derivePowerState(moment.vm, moment.vmi, NOW)
        const found = fault(state, moment)
        return found ? [{ found, state, ...moment }] : []
      })
      expect(faults).toEqual([])
      const last = moments.at(-1)
      expect(last && derivePowerState(last.vm, last.vmi, NOW).word).not.toBe('unknown')
    })
  }
})
