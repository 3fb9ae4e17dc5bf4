import { describe, expect, it } from 'vitest'
import type { ExportIntent } from './exportIntent.ts'
import { timesOf, tookOf } from './exportTimes.ts'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, VERIFIED_ANNOTATION } from './exportedImage.ts'
import { exportImage, meta } from './scriptedWorld.ts'

const at = (time: string) => `2026-03-01T${time}Z`
const ms = (time: string) => Date.parse(at(time))
const VM = { name: 'web-01', runStrategy: 'Always', wasRunning: true } as const
const INTENT: ExportIntent = { id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'x', vms: [VM], restart: true, requester: 'ann', startedAt: at('12:00:00') }
const imageWith = (annotations: Readonly<Record<string, string>>) => ({ ...exportImage('export-abcde', 'Unknown'), metadata: { ...meta('export-abcde'), creationTimestamp: at('12:03:00'), annotations } })

describe('the times of an export', () => {
  it('are those of the claim as long as there is no image', () => {
    const times = timesOf({ ...INTENT, endings: { 'web-01': { word: 'shut-down', at: at('12:01:00') } } }, undefined)
    expect(times).toMatchObject({ 'record': { endedAt: ms('12:00:00') }, 'shut-down': { startedAt: ms('12:00:00'), endedAt: ms('12:01:00') }, 'release': { startedAt: ms('12:01:00') } })
    expect(times.release?.endedAt).toBeUndefined()
    expect(times.import?.endedAt).toBeUndefined()
  })

  it('count the shutdown from the end of the backup, and from nothing before it', () => {
    expect(timesOf({ ...INTENT, backupFirst: true }, undefined)['shut-down']?.startedAt).toBeUndefined()
    expect(timesOf({ ...INTENT, backupFirst: true, isBackedUp: true, backedUpAt: at('12:30:00') }, undefined)).toMatchObject({ 'back-up': { startedAt: ms('12:00:00'), endedAt: ms('12:30:00') }, 'shut-down': { startedAt: ms('12:30:00') } })
  })

  it('end the shutdown with the last guest alone', () => {
    const both = { ...INTENT, vms: [VM, { ...VM, name: 'db-01' }], endings: { 'web-01': { word: 'shut-down' as const, at: at('12:01:00') } } }
    expect(timesOf(both, undefined)['shut-down']?.endedAt).toBeUndefined()
    expect(timesOf({ ...both, endings: { ...both.endings, 'db-01': { word: 'cut-off', at: at('12:02:00') } } }, undefined)['shut-down']?.endedAt).toBe(ms('12:02:00'))
  })

  it.each([
    ['it was verified', { [VERIFIED_ANNOTATION]: at('12:05:00') }],
    ['it was found torn', { [OVERTAKEN_ANNOTATION]: JSON.stringify({ when: at('12:05:00'), by: [] }) }],
  ])('end the import when %s', (_, annotations) => {
    expect(timesOf(INTENT, imageWith(annotations)).import).toEqual({ startedAt: ms('12:03:00'), endedAt: ms('12:05:00') })
  })

  it('do not trip over what somebody else wrote', () => {
    expect(timesOf(INTENT, imageWith({ [OVERTAKEN_ANNOTATION]: '{', [VERIFIED_ANNOTATION]: 'yes', [ENDED_ANNOTATION]: '' })).import).toEqual({ startedAt: ms('12:03:00') })
  })

  it('tell how long it took from end to end, once it is at its end', () => {
    expect(tookOf(INTENT, imageWith({}))).toBeUndefined()
    expect(tookOf(INTENT, imageWith({ [VERIFIED_ANNOTATION]: at('12:05:00') }))).toBe(5 * 60_000)
    expect(tookOf(INTENT, imageWith({ [VERIFIED_ANNOTATION]: at('12:05:00'), [ENDED_ANNOTATION]: at('12:06:00') }))).toBe(6 * 60_000)
  })
})
