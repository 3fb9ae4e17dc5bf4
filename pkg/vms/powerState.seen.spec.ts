import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Condition } from '#kube/object.ts'
import { derivePowerState } from './powerState.ts'
import type { PowerState } from './powerState.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'

// Every state that KubeVirt's own control plane was seen in (e2e/cluster/stories/traces), in the order in which it was.

type Facets = Readonly<Record<string, unknown>>
interface Recorded { readonly story: string, readonly changes: readonly (readonly [what: string, changed: Facets])[] }

const FOLDER = join(import.meta.dirname, '../../e2e/cluster/stories/traces')
const records = readdirSync(FOLDER).map(file => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded)
const NOW = Date.parse('2026-05-04T03:00:00Z')

interface Moment { readonly vm: VirtualMachine, readonly vmi: VirtualMachineInstance | undefined, readonly pods: readonly string[] }

const conditionsOf = (facets: Facets): Condition[] => Object.entries(facets).filter(([key, value]) => key.startsWith('condition ') && value !== null).map(([key, value]) => {
  const [status = '', reason, message] = String(value).split(' · ')
  return { type: key.slice('condition '.length), status: status as Condition['status'], ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
})
const metadata = (facets: Facets, uid: string) => ({ name: 'web', namespace: 'lab', uid, resourceVersion: '1', creationTimestamp: '', ...(facets.deleting ? { deletionTimestamp: 'then' } : {}) })

function vmOf(facets: Facets): VirtualMachine {
  const failures = facets.startFailure
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: metadata(facets, 'vm'),
    spec: { runStrategy: facets['spec.runStrategy'], template: { spec: {} } },
    status: {
      printableStatus: facets.printableStatus, created: facets.created, ready: facets.ready, conditions: conditionsOf(facets), stateChangeRequests: facets.stateChangeRequests,
      ...(facets['status.runStrategy'] ? { runStrategy: facets['status.runStrategy'] } : {}), ...(failures ? { startFailure: { consecutiveFailCount: failures } } : {}),
    },
  } as VirtualMachine
}

function vmiOf(facets: Facets, uid: string): VirtualMachineInstance {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: metadata(facets, uid), spec: {}, status: { phase: facets.phase, conditions: conditionsOf(facets), migrationState: migrationOf(facets.migrationState) } } as VirtualMachineInstance
}

function migrationOf(told: unknown): object | undefined {
  const { started, ended, ...rest } = (told ?? {}) as Facets
  return told ? { ...rest, ...(started ? { startTimestamp: 'then' } : {}), ...(ended ? { endTimestamp: 'then' } : {}) } : undefined
}

/** What there was after each change, where there was a VM `web`. */
function momentsOf({ changes }: Recorded): Moment[] {
  const seen = new Map<string, Facets>()
  return changes.flatMap(([what, changed]) => {
    seen.set(what, { ...seen.get(what), ...changed })
    const there = [...seen].filter(([, facets]) => facets.life === 'there')
    const [, vm] = there.find(([name]) => /^vm web( \d+)?$/.test(name)) ?? []
    const [uid = '', vmi] = there.find(([name]) => name.startsWith('vmi web ')) ?? []
    const pods = there.filter(([name]) => /^(launcher|target) web /.test(name)).map(([, { phase }]) => String(phase))
    return vm ? [{ vm: vmOf(vm), vmi: vmi && vmiOf(vmi, uid), pods }] : []
  })
}

const isOver = (phase: unknown) => phase === 'Succeeded' || phase === 'Failed'

/** What must hold of the word at that moment; the sentence that does not, or undefined. */
function fault({ word, because }: PowerState, { vm, vmi, pods }: Moment): string | undefined {
  const phase = vmi?.status?.phase
  const guest = phase === 'Running'
  if (word === 'off' && (vmi ? !isOver(phase) : pods.some(one => !isOver(one))))
    return 'off while a guest may run'
  if (['off', 'crashed', 'failing', 'provisioning', 'starting'].includes(word) && guest)
    return `${word} while the guest runs`
  if (['running', 'paused', 'migrating'].includes(word) && (!guest || vmi?.metadata.deletionTimestamp))
    return `${word} without a guest that stays`
  if (word === 'terminating' !== (vm.metadata.deletionTimestamp !== undefined))
    return 'terminating is a VM that is being deleted, and nothing else'
  // Between the end of an instance and KubeVirt's word on it nobody can know.
  return word === 'unknown' && because.code !== 'instance-not-seen' ? 'unknown' : undefined
}

describe('the power state, at every moment that KubeVirt was seen in', () => {
  it('is told of many moments', () => {
    expect(records.flatMap(momentsOf).length).toBeGreaterThan(500)
  })

  it.each(records)('$story', record => {
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
