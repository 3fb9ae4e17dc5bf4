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
const running = (what: string): Change => [what, { life: 'there', deleting: false, phase: 'Running' }]
const [disk, more] = ['claim web-disk', 'claim more']
const deleted = (what: string): Change => [what, { deleting: true }]
const over = (what: string, phase = 'Succeeded'): Change => [what, { phase }]
const stop = vm({ stateChangeRequests: [{ action: 'Stop', uid: 'vmi web 1' }, { action: 'Start' }] })
const stopped = vm({ stateChangeRequests: [{ action: 'Start' }] })

/** The record of a disk that is deleted while the pod of its guest runs, as if it were gone as soon as that ends; undefined where there is none. */
function withoutWaiting(record: Trace): Trace | undefined {
  const { changes } = record
  const goes = changes.findIndex(([what, { life }]) => what === disk && life === 'gone')
  const isOver = (change: Change) => change[0].startsWith('launcher ') && (change[1].phase === 'Succeeded' || change[1].phase === 'Failed')
  const asked = changes.findIndex(([what, { deleting }]) => what === disk && deleting === true)
  const ended = changes.findIndex((change, index) => index > asked && isOver(change))
  if (asked < 0 || ended < 0 || goes < ended)
    return undefined
  return { ...record, changes: [...changes.slice(0, asked + 1), ...changes.slice(goes, goes + 1), ...changes.slice(asked + 1, goes), ...changes.slice(goes + 1)] }
}

describe('how no VM, no instance and no disk may stand', () => {
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
    ['a VM in back-off is said to be stopped by who has not yet seen that the next instance is there', [off, vm({ printableStatus: 'CrashLoopBackOff' }), comes('vmi web 2'), vm({ printableStatus: 'Stopped' }), created], []],
    ['a VM is said to run before its guest does', [off, comes('vmi web 1'), created, vm({ printableStatus: 'Running' })], ['vm web is said to run, and no guest of it does']],
    ['a VM is said to be ready before its guest is', [off, comes('vmi web 1'), created, vm({ ready: true }), ['vmi web 1', { 'condition Ready': 'True' }]], ['vm web is said to be ready, and no guest of it is']],
    ['a node is given up before it is drained', [['node 1', { 'life': 'there', 'condition Ready': 'Unknown · NodeStatusUnknown', 'condition Drained': 'True' }]], ['node 1 is given up, and is not lost or not drained']],
    ['a node is given up that is lost and drained', [['node 1', { 'life': 'there', 'condition Ready': 'Unknown · NodeStatusUnknown', 'taint kubevirt.io/drain': 'NoSchedule' }], ['node 1', { 'condition Drained': 'True · HarvesterNodeIsDrained' }]], []],
    ['a disk goes under the pod of its guest', [running('launcher web 1'), deleted(disk), gone(disk)], ['claim web-disk is gone, and launcher web 1 runs on it']],
    ['a disk goes while the pod of its guest ends', [running('launcher web 1'), deleted(disk), deleted('launcher web 1'), gone(disk), over('launcher web 1')], ['claim web-disk is gone, and launcher web 1 runs on it']],
    ['a disk goes when the first of two guests is over', [running('launcher web 1'), running('launcher other 1'), deleted(disk), over('launcher web 1'), gone(disk)], ['claim web-disk is gone, and launcher other 1 runs on it']],
    ['a disk goes under the pod that its guest moves to', [running('target web 1'), deleted(disk), gone(disk)], ['claim web-disk is gone, and target web 1 runs on it']],
    ['a disk goes while it is plugged in', [running('launcher web 1'), running('plug 1'), deleted(more), gone(more)], ['claim more is gone, and plug 1 runs on it']],
    ['a disk goes once it is unplugged', [running('launcher web 1'), running('plug 1'), deleted(more), gone('plug 1'), gone(more)], []],
    ['a disk goes with the pod of its guest over', [running('launcher web 1'), deleted(disk), over('launcher web 1', 'Failed'), gone(disk)], []],
    ['a disk goes with the pod of its guest gone', [running('launcher web 1'), deleted(disk), gone('launcher web 1'), gone(disk)], []],
    ['a disk goes that a pod waits for', [['launcher web 1', { life: 'there', phase: 'Pending' }], deleted(disk), gone(disk)], []],
    ['an instance is let go once it is over', [comes('vmi web 1'), ['vmi web 1', { phase: 'Failed', finalizers: [] }]], []],
  ])('%s', (_says, changes, broken) => {
    expect(brokenStates(told(...changes))).toEqual(broken)
  })

  const outliving = STORIES.flatMap(story => {
    const record = readRecord(story)
    const early = record && withoutWaiting(record)
    return early ? [[story.name, record, early] as const] : []
  })

  it('has records to be read in of disks that outlive their guests', () => {
    expect(outliving.length).toBeGreaterThan(5)
  })

  it.each(outliving)('%s: would be told from a play in which the disk goes at once', (_name, record, early) => {
    expect(differencesOf(record, early).map(({ where }) => where)).toEqual(['what no trace may show'])
  })

  it('is a difference of two traces even where both show it', () => {
    const both = told(off, comes('vmi web 1'), created, away)
    expect(differencesOf(both, both).map(({ where }) => where)).toEqual(['what no trace may show'])
  })
})
