import { describe, expect, it } from 'vitest'
import { createTurns } from './admissionTurns.ts'

const DISK = 'default/web-disk'
const EXPORT = { kind: 'export', who: 'default/image' } as const
const START = { kind: 'start', who: 'default/web-01' } as const

describe('a turn at a disk', () => {
  it('is seen by whoever wants the other thing of the same disk, for as long as the API server may take to keep what was let through', () => {
    let now = 0
    const turns = createTurns(() => now)
    expect(turns.take(DISK, EXPORT, false).rivals).toEqual([])
    now = 34_999
    expect(turns.take(DISK, START, true).rivals).toMatchObject([EXPORT])
    now = 35_000
    expect(turns.take(DISK, START, true).rivals).toEqual([])
  })

  it('stands in the way of no other disk, and of nobody who wants the same', () => {
    const turns = createTurns(() => 0)
    turns.take(DISK, START, false)
    expect(turns.take('default/other', EXPORT, false).rivals).toEqual([])
    expect(turns.take(DISK, { ...START, who: 'default/web-02' }, false).rivals).toEqual([])
  })

  it('leaves nothing behind when it is given back, and takes no other with it', () => {
    const turns = createTurns(() => 0)
    const first = turns.take(DISK, START, false)
    turns.take(DISK, { ...START, who: 'default/web-02' }, false)
    first.giveBack()
    expect(turns.take(DISK, EXPORT, true).rivals).toMatchObject([{ who: 'default/web-02' }])
  })

  it('is not taken by a dry run', () => {
    const turns = createTurns(() => 0)
    turns.take(DISK, EXPORT, true).giveBack()
    expect(turns.take(DISK, START, false).rivals).toEqual([])
  })

  it('outlives the clearing away of others', () => {
    let now = 0
    const turns = createTurns(() => now)
    for (let index = 0; index < 1_001; index++)
      turns.take(`default/disk-${index}`, EXPORT, false)
    now = 30_000
    turns.take(DISK, EXPORT, false)
    now = 36_000
    turns.take('default/another', EXPORT, false)
    expect(turns.take(DISK, START, true).rivals).toMatchObject([EXPORT])
    expect(turns.take('default/disk-0', START, true).rivals).toEqual([])
  })
})
