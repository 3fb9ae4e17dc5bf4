import { describe, expect, it } from 'vitest'
import { STORIES } from './all.ts'
import { differencesOf } from './comparison.ts'
import { readRecord } from './records.ts'
import { brokenStates } from './standing.ts'
import type { Change, Trace } from './trace.ts'

const told = (...changes: Change[]): Trace => ({ answers: [], changes })
const HELD = ['kubevirt.io/foregroundDeleteVirtualMachine']
const comes = (what: string): Change => [what, { life: 'there', phase: 'Pending', finalizers: HELD }]
const gone = (what: string): Change => [what, { life: 'gone' }]
const vm = (changed: Change[1]): Change => ['vm web', changed]
const off = vm({ life: 'there', created: false, ready: false, deleting: false, stateChangeRequests: [] })
const [created, away] = [vm({ created: true }), vm({ created: false })]
const stop = vm({ stateChangeRequests: [{ action: 'Stop', uid: 'vmi web 1' }, { action: 'Start' }] })
const stopped = vm({ stateChangeRequests: [{ action: 'Start' }] })

describe('how no VM and no instance may stand', () => {
  it.each(STORIES.map(story => [story.name, readRecord(story)] as const))('%s: upstream\'s record does not show it', (_name, record) => {
    expect(brokenStates(record ?? told())).toEqual([])
  })

  it('has records to be read in that tell of instances that go, and of stops', () => {
    const records = STORIES.map(story => JSON.stringify(readRecord(story)?.changes ?? []))
    expect(records.filter(record => record.includes('"created":false') && record.includes('["vmi web 1",{"life":"gone"}]')).length).toBeGreaterThan(50)
    expect(records.filter(record => record.includes('{"action":"Stop","uid":"vmi web 1"}')).length).toBeGreaterThan(10)
  })

  it.each<[says: string, changes: Change[], broken: string[]]>([
    ['an instance comes and goes', [off, comes('vmi web 1'), created, gone('vmi web 1'), away], []],
    ['an instance is said to be away that is over', [off, comes('vmi web 1'), created, ['vmi web 1', { phase: 'Succeeded' }], away], ['vm web has no instance, and vmi web 1 is there']],
    ['the next instance is there before it is said that the first is away', [off, comes('vmi web 1'), created, gone('vmi web 1'), comes('vmi web 2'), away], []],
    ['of a VM that goes the instance is left behind', [off, comes('vmi web 1'), created, vm({ deleting: true }), away], []],
    ['a VM is ready without an instance', [off, vm({ ready: true })], ['vm web is said to be ready, and no guest of it is', 'vm web is ready without an instance']],
    ['a stop is over with its instance', [off, comes('vmi web 1'), created, stop, gone('vmi web 1'), stopped], []],
    ['a stop is over before its instance', [off, comes('vmi web 1'), created, stop, stopped], ['vm web is no longer asked to stop, and vmi web 1 is there']],
    ['an instance is let go before it is over', [comes('vmi web 1'), ['vmi web 1', { phase: 'Running', finalizers: [] }]], ['vmi web 1 is not over, and nobody holds it']],
    ['a VM is said to be stopped while its guest runs', [off, comes('vmi web 1'), created, ['vmi web 1', { phase: 'Running' }], vm({ printableStatus: 'Stopped' })], ['vm web is said to be stopped, and its guest is not over']],
    ['a VM is said to be stopped when its guest is over', [off, comes('vmi web 1'), created, ['vmi web 1', { phase: 'Failed' }], vm({ printableStatus: 'Stopped' })], []],
    ['a VM is said to run before its guest does', [off, comes('vmi web 1'), created, vm({ printableStatus: 'Running' })], ['vm web is said to run, and no guest of it does']],
    ['a VM is said to be ready before its guest is', [off, comes('vmi web 1'), created, vm({ ready: true }), ['vmi web 1', { 'condition Ready': 'True' }]], ['vm web is said to be ready, and no guest of it is']],
    ['a node is given up before it is drained', [['node 1', { 'life': 'there', 'condition Ready': 'Unknown · NodeStatusUnknown', 'condition Drained': 'True' }]], ['node 1 is given up, and is not lost or not drained']],
    ['a node is given up that is lost and drained', [['node 1', { 'life': 'there', 'condition Ready': 'Unknown · NodeStatusUnknown', 'taint kubevirt.io/drain': 'NoSchedule' }], ['node 1', { 'condition Drained': 'True · HarvesterNodeIsDrained' }]], []],
    ['an instance is let go once it is over', [comes('vmi web 1'), ['vmi web 1', { phase: 'Failed', finalizers: [] }]], []],
  ])('%s', (_says, changes, broken) => {
    expect(brokenStates(told(...changes))).toEqual(broken)
  })

  it('is a difference of two traces even where both show it', () => {
    const both = told(off, comes('vmi web 1'), created, away)
    expect(differencesOf(both, both).map(({ where }) => where)).toEqual(['what no trace may show'])
  })
})
