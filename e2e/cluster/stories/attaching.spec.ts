import { describe, expect, it } from 'vitest'
import { STORIES } from './all.ts'
import { brokenRules } from './attaching.ts'
import { differencesOf } from './comparison.ts'
import { readRecord } from './records.ts'
import type { Change } from './trace.ts'

const told = (...changes: Change[]) => ({ answers: [], changes })
const FIRST = 'attachment web-disk'
const SECOND = 'attachment web-disk on node 2'
const comes = (what: string): Change => [what, { life: 'there', attached: false, deleting: false }]
const attached = (what: string): Change => [what, { life: 'there', attached: true, deleting: false }]
const letGo = (what: string): Change => [what, { deleting: true }]
const gone = (what: string): Change => [what, { life: 'gone' }]
const runs = (what: string): Change => [what, { life: 'there', phase: 'Running' }]
const over = (what: string): Change => [what, { phase: 'Succeeded' }]
const forOneNode: Change = ['vmi web 1', { 'condition LiveMigratable': 'False · DisksNotLiveMigratable · cannot migrate VMI: PVC web-disk is not shared' }]

describe('what no trace may show', () => {
  it.each(STORIES.map(story => [story.name, readRecord(story)] as const))('%s: upstream\'s record does not', (_name, record) => {
    expect(brokenRules(record ?? told())).toEqual([])
  })

  it('has records to be read in that tell of attachments, and of disks for one node alone that move', () => {
    const records = STORIES.map(story => JSON.stringify(readRecord(story)?.changes ?? []))
    expect(records.filter(record => record.includes(FIRST)).length).toBeGreaterThan(50)
    expect(records.filter(record => record.includes(SECOND) && record.includes('PVC web-disk is not shared')).length).toBeGreaterThan(1)
  })

  it.each<[says: string, changes: Change[], broken: string[]]>([
    ['a guest runs before its disk is attached', [comes(FIRST), runs('launcher web 1'), attached(FIRST)], ['web runs on 1 nodes, and its disk is attached to 0']],
    ['a guest runs on while its disk is let go', [attached(FIRST), runs('launcher web 1'), runs('vmi web 1'), letGo(FIRST)], ['web runs on 1 nodes, and its disk is attached to 0']],
    ['a guest whose pod is gone runs on, and its disk is let go', [attached(FIRST), runs('vmi web 1'), gone(FIRST)], ['web runs on 1 nodes, and its disk is attached to 0']],
    ['a target runs where the disk is not yet', [attached(FIRST), runs('launcher web 1'), comes(SECOND), runs('target web 1')], ['web runs on 2 nodes, and its disk is attached to 1']],
    ['a target runs where the disk is', [attached(FIRST), runs('launcher web 1'), attached(SECOND), runs('target web 1')], []],
    ['two guests share a disk on one node', [attached(FIRST), runs('launcher web 1'), runs('launcher other 1')], []],
    ['a disk is let go once the guest is over', [attached(FIRST), runs('launcher web 1'), runs('vmi web 1'), over('vmi web 1'), over('launcher web 1'), letGo(FIRST), gone(FIRST)], []],
    ['a disk for one node alone comes to the second before the first is without it', [forOneNode, attached(FIRST), letGo(FIRST), comes(SECOND), gone(FIRST)], ['web-disk is for one node alone, and on two']],
    ['a disk for one node alone moves', [forOneNode, attached(FIRST), letGo(FIRST), gone(FIRST), comes(SECOND)], []],
    ['a disk that nodes may share comes to the second', [attached(FIRST), comes(SECOND)], []],
    ['a volume is plugged in before it is attached', [attached(FIRST), comes('attachment more'), runs('plug 1')], ['a disk is plugged in where it is not attached']],
    ['a volume is plugged in', [attached(FIRST), attached('attachment more'), runs('plug 1')], []],
    ['nobody looks at attachments', [runs('launcher web 1'), runs('vmi web 1')], []],
  ])('%s', (_says, changes, broken) => {
    expect(brokenRules(told(...changes))).toEqual(broken)
  })

  it('is a difference of two traces even where both show it', () => {
    const both = told(comes(FIRST), runs('launcher web 1'))
    expect(differencesOf(both, both).map(({ where }) => where)).toEqual(['what no trace may show'])
  })
})
