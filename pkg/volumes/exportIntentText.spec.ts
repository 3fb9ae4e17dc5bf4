import { describe, expect, it } from 'vitest'
import { LONGEST_MESSAGE, cutShort } from './exportIntentText.ts'
import type { ExportIntent } from './exportIntent.ts'
import { writeIntent } from './exportIntent.ts'
import { parseIntent } from './exportIntentText.ts'

const INTENT: ExportIntent = { id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'x', vms: [], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00Z' }
const written = (notes: Partial<ExportIntent>) => parseIntent(JSON.parse(writeIntent({ ...INTENT, ...notes })), INTENT.claim)
const LONG = 'the quota is used up. '.repeat(1_000)

it.each([
  ['', 3, ''], ['abc', 3, 'abc'], ['abcd', 3, 'ab…'], ['👩👩👩', 3, '👩👩👩'], ['👩👩👩👩', 3, '👩👩…'], ['👩'.repeat(100), 2, '👩…'],
])('%j in %i characters is %j', (text, longest, short) => {
  expect(cutShort(text, longest)).toBe(short)
})

describe('what an export keeps of the cluster\'s words', () => {
  it('is cut at a length that leaves the claim its room, and says so', () => {
    const refusal = written({ refusal: LONG })?.refusal
    expect(refusal).toHaveLength(LONGEST_MESSAGE)
    expect(refusal).toMatch(/^the quota is used up\..*…$/)
    const [reason] = written({ calledOff: [{ code: 'backup-failed', backup: 'production/export-abcde-0', message: LONG }] })?.calledOff ?? []
    expect(reason).toEqual({ code: 'backup-failed', backup: 'production/export-abcde-0', message: cutShort(LONG, LONGEST_MESSAGE) })
  })

  it('is whole where it is short', () => {
    const notes = { refusal: 'no', calledOff: [{ code: 'backup-failed' as const, backup: 'production/x', message: 'no room' }, { code: 'vm-gone' as const, vm: 'production/web-01' }] }
    expect(written(notes)).toEqual({ ...INTENT, ...notes })
  })

  it('does not touch what was asked for: whoever amends the note may not change that', () => {
    expect(written({ image: { ...INTENT.image, description: LONG } })?.image.description).toBe(LONG)
  })
})
