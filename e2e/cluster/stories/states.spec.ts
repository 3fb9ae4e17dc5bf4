import { describe, expect, it } from 'vitest'
import { differencesOf } from './comparison.ts'
import type { Facets } from './facets.ts'
import { stateOf } from './states.ts'
import type { Change } from './trace.ts'
import { sequencesOf } from './trace.ts'

const HELD = ['kubevirt.io/foregroundDeleteVirtualMachine', 'kubevirt.io/virtualMachineControllerFinalize']
const STOP = [{ action: 'Stop', uid: 'vmi web 1' }]
const told = (what: string, ...changes: Facets[]) => ({ answers: [], changes: changes.map((changed): Change => [what, changed]) })

const runs: Facets = { 'life': 'there', 'spec.runStrategy': 'Manual', 'printableStatus': 'Running', 'created': true, 'ready': true, 'stateChangeRequests': [] }
const vm = (...changes: Facets[]) => told('vm web', runs, ...changes)
const [asked, stopping, unready, over, away] = [{ stateChangeRequests: STOP }, { printableStatus: 'Stopping' }, { ready: false }, { printableStatus: 'Stopped' }, { created: false, ready: false, stateChangeRequests: [] }]

const boots: Facets = { life: 'there', phase: 'Running', deleting: false, finalizers: HELD }
const vmi = (...changes: Facets[]) => told('vmi web 1', boots, ...changes)
const [ready, deleted, ending, cutOff, obeyed, gone] = [{ 'condition Ready': 'True' }, { deleting: true }, { 'condition Ready': 'False · PodTerminating · virt-launcher pod is terminating' }, { phase: 'Failed' }, { phase: 'Succeeded' }, { life: 'gone' }]

const leaving = (...changes: Facets[]) => ({ answers: [], changes: [...vmi(ready).changes, ...vm({ deleting: true }, ...changes, { ...unready, ...gone }).changes] })

describe('the state of an object', () => {
  it('is all that one write of it shows', () => {
    expect(stateOf('vm web', { ...runs, stateChangeRequests: [...STOP, { action: 'Start', data: { paused: 'true' } }] })).toBe('Manual · Running · created · ready · Stop vmi web 1, Start {"paused":"true"}')
    expect(stateOf('vm web', {})).toBe('unsaid · unsaid · not created · not ready · no request')
    expect(stateOf('vmi web 1', { ...boots, ...ready })).toBe('Running · ready · staying · held by foregroundDeleteVirtualMachine and virtualMachineControllerFinalize')
    expect(stateOf('vmi web 1', { ...boots, ...deleted, ...ending, finalizers: [] })).toBe('Running · PodTerminating · deleting · held by nobody')
    expect(stateOf('launcher web 1', boots)).toBeUndefined()
  })

  it('is told in its order, once for each that is another, and not again facet by facet', () => {
    const facets = sequencesOf(vm({ 'condition Paused': 'True' }, asked, stopping)).get('vm web')
    expect(facets?.get('state')).toEqual(['no request', 'Stop vmi web 1', 'Stop vmi web 1'].map((request, index) => `Manual · ${index === 2 ? 'Stopping' : 'Running'} · created · ready · ${request}`))
    expect([...facets?.keys() ?? []]).toEqual(['state', 'life', 'ready', 'condition Paused'])
  })
})

describe('two traces are apart', () => {
  // Each shows one object alone; what a VM may not say without its guest is judged in standing.spec.ts.
  const states = (one: ReturnType<typeof told>, other: ReturnType<typeof told>) => differencesOf(one, other).map(({ where }) => where).filter(where => where !== 'what no trace may show')

  it.each([
    ['where an instance stays ready although its pod ends', vmi(ready, deleted, ending, cutOff, gone), vmi(ready, deleted, { ...cutOff, ...ending }, gone), ['vmi web 1 · state']],
    ['where an instance is told to be over before it is deleted', vmi(ready, deleted, ending, cutOff, gone), vmi(ready, { ...cutOff, ...ending }, deleted, gone), ['vmi web 1 · state']],
    ['where a VM is not created any more while it is Stopped', vm(asked, stopping, unready, over, away), vm(asked, stopping, unready, { ...over, created: false }, away), ['vm web · state']],
    ['where a stop is over before the instance', vm(asked, stopping, unready, over, away), vm(asked, stopping, { ...unready, stateChangeRequests: [] }, over, away), ['vm web · state']],
    ['where a VM that goes with its instance is not Terminating', vm({ printableStatus: 'Terminating' }, unready, gone), vm(unready, gone), ['vm web · state']],
    ['where what was asked is told after what came of it', vm(asked, stopping), vm(stopping, asked), ['vm web · state']],
  ])('%s', (_says, one, other, where) => {
    expect(states(one, one)).toEqual([])
    expect(states(one, other)).toEqual(where)
  })

  it.each([
    ['a guest that obeys is over before its pod is looked at, or after', vmi(ready, deleted, ending, obeyed, gone), vmi(ready, deleted, { ...obeyed, ...ending }, gone)],
    ['that a VM is not ready any more is told while it is Stopping, or after', vm(asked, stopping, unready, over, away), vm(asked, stopping, { ...over, ...unready }, away)],
    ['the last finalizer goes with the instance, or before', vmi(ready, deleted, ending, cutOff, { finalizers: HELD.slice(0, 1) }, gone), vmi(ready, deleted, ending, cutOff, gone)],
    ['a VM that leaves its instance behind is Terminating with it, or without', leaving({ printableStatus: 'Terminating' }, away), leaving({ printableStatus: 'Terminating', ...away })],
  ])('but not where %s', (_says, one, other) => {
    expect(states(one, other)).toEqual([])
  })
})
