import type { GuardFacts, GuardReason, GuardReport, GuardWord } from './guardState.ts'
import { describe, expect, it } from 'vitest'
import { judgeGuard, judgeHeardGuard, standingCall, voiceOf } from './guardState.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const A_MINUTE_AGO = NOW - 60_000
const AN_HOUR_AGO = NOW - 3_600_000

describe('the export guard', () => {
  it.each<[GuardWord, string, GuardFacts, GuardReason]>([
    ['absent', 'the cluster is not told to ask it', { configuration: 'absent', answer: 'unasked' }, 'no-configuration'],
    ['absent', 'it was lifted a moment ago', { configuration: 'absent', answer: 'unasked', lastReviewAt: A_MINUTE_AGO }, 'no-configuration'],
    ['absent', 'the cluster asks it for one half', { configuration: 'partial', answer: 'answered' }, 'incomplete-configuration'],
    ['absent', 'it was told to let everything through', { configuration: 'installed', answer: 'off', lastReviewAt: A_MINUTE_AGO }, 'switched-off'],
    ['alive', 'it answers at its address', { configuration: 'installed', answer: 'answered' }, 'answered'],
    ['alive', 'the cluster has asked it, though its address is not for us', { configuration: 'installed', answer: 'none', lastReviewAt: A_MINUTE_AGO }, 'reviewed'],
    ['alive', 'the cluster has asked it, though we may not read who is asked', { configuration: 'forbidden', answer: 'unasked', lastReviewAt: A_MINUTE_AGO }, 'reviewed'],
    ['silent', 'nothing answers at its address', { configuration: 'installed', answer: 'none' }, 'no-answer'],
    ['silent', 'nothing answers, and the last review is long ago', { configuration: 'installed', answer: 'none', lastReviewAt: AN_HOUR_AGO }, 'no-answer'],
    ['unknown', 'its address was not asked', { configuration: 'installed', answer: 'unasked' }, 'not-asked'],
    ['unknown', 'we may not read who is asked', { configuration: 'forbidden', answer: 'unasked' }, 'configuration-forbidden'],
    ['elsewhere', 'it is alive, and not asked here', { configuration: 'installed', answer: 'answered', lastReviewAt: A_MINUTE_AGO, coverage: { word: 'elsewhere', because: ['exports-elsewhere'] } }, 'exports-elsewhere'],
    ['elsewhere', 'nothing answers, and it would not be asked here', { configuration: 'installed', answer: 'none', coverage: { word: 'elsewhere', because: ['starts-elsewhere'] } }, 'starts-elsewhere'],
    ['absent', 'it was lifted, wherever it would be asked', { configuration: 'absent', answer: 'unasked', coverage: { word: 'elsewhere', because: ['exports-elsewhere'] } }, 'no-configuration'],
    ['absent', 'it lets everything through, wherever it is asked', { configuration: 'installed', answer: 'off', coverage: { word: 'elsewhere', because: ['exports-elsewhere'] } }, 'switched-off'],
    ['unknown', 'it is alive, and the labels of the namespace may not be read', { configuration: 'installed', answer: 'answered', lastReviewAt: A_MINUTE_AGO, coverage: { word: 'unknown', because: ['namespace-forbidden'] } }, 'namespace-forbidden'],
    ['unknown', 'the cluster has asked it somewhere, and where it does may not be read', { configuration: 'forbidden', answer: 'unasked', lastReviewAt: A_MINUTE_AGO, coverage: { word: 'unknown', because: ['configuration-forbidden'] } }, 'configuration-forbidden'],
    ['silent', 'nothing answers, whether it is asked here or not', { configuration: 'installed', answer: 'none', coverage: { word: 'unknown', because: ['namespace-unread'] } }, 'no-answer'],
    ['alive', 'it answers, and is asked here', { configuration: 'installed', answer: 'answered', coverage: { word: 'covered' } }, 'answered'],
    ['unknown', 'the cluster does not answer', { configuration: 'unread', answer: 'unasked', lastReviewAt: AN_HOUR_AGO }, 'configuration-unread'],
  ])('is %s where %s', (word, _, facts, because) => {
    expect(judgeGuard(facts, NOW)).toEqual({ word, because: [because] })
  })
})

describe('the export guard for who has had an answer of it by a dry run', () => {
  it.each<[GuardWord, string, GuardWord, GuardReason, number | undefined, GuardReason]>([
    ['alive', 'he may not read who is asked', 'unknown', 'configuration-forbidden', A_MINUTE_AGO, 'heard'],
    ['alive', 'its address is not for us', 'silent', 'no-answer', A_MINUTE_AGO, 'heard'],
    ['alive', 'the cluster has asked it anyhow', 'alive', 'reviewed', A_MINUTE_AGO, 'reviewed'],
    ['unknown', 'that is long ago', 'unknown', 'configuration-forbidden', AN_HOUR_AGO, 'configuration-forbidden'],
    ['unknown', 'he has had none', 'unknown', 'configuration-forbidden', undefined, 'configuration-forbidden'],
    ['elsewhere', 'it is not asked about starts here', 'elsewhere', 'starts-elsewhere', A_MINUTE_AGO, 'starts-elsewhere'],
    ['unknown', 'whether it is asked about starts here could not be read', 'unknown', 'namespace-forbidden', A_MINUTE_AGO, 'namespace-forbidden'],
    ['absent', 'it was lifted since', 'absent', 'no-configuration', A_MINUTE_AGO, 'no-configuration'],
  ])('is %s where %s', (word, _, seen, why, heardAt, because) => {
    expect(judgeHeardGuard({ word: seen, because: [why] }, heardAt, NOW)).toEqual({ word, because: [because] })
  })
})

describe('what is told of the guard that spoke', () => {
  const spoke = (version: string, lastReviewAt?: number): GuardReport => ({ version, guard: 'on', startedAt: 0, ...(lastReviewAt !== undefined && { lastReviewAt }), reviews: { allowed: 0, warned: 0, refused: 0, failed: 0 } })
  const standing = (voices: { here?: GuardReport, there?: GuardReport }) => ({ word: 'alive' as const, because: [], requester: 'absent' as const, ...voices })
  it.each<[string, { here?: GuardReport, there?: GuardReport }, string | undefined]>([
    ['nothing where none spoke', {}, undefined],
    ['the one at the address that the cluster asks', { there: spoke('2'), here: spoke('1') }, '2'],
    ['the one that was asked last', { there: spoke('2', 10), here: spoke('1', 20) }, '1'],
  ])('is %s', (_, voices, version) => {
    expect(voiceOf(standing(voices))?.version).toBe(version)
  })
})

describe('the call', () => {
  it('names the place that one looks at, where there is one', () => {
    expect(standingCall('a b').path).toBe('/guard/exports?cluster=a+b')
    expect(standingCall('lab', { namespace: 'production', images: 'default' }).path).toBe('/guard/exports?cluster=lab&namespace=production&images=default')
  })
})
