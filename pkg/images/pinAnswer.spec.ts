import { describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { PinAnswer } from './pinAnswer.ts'
import { answerPins } from './pinAnswer.ts'
import type { PinCandidate, PinFinding, UrlProbe } from './probe.ts'

const candidate = (looks: PinCandidate['looks']): PinCandidate => ({ url: `https://a.example/${looks}.img`, evidence: [], looks })
const served = (pins: PinFinding): UrlProbe => ({ word: 'answered', report: { state: 'served', hops: [], file: { format: { kind: 'unknown' }, ranges: true }, checksums: [], pins } })

describe('what is said of a search for a pinned URL', () => {
  it.each<[string, UrlProbe, PinAnswer]>([
    ['offers what looks the same, and that alone', served({ state: 'found', candidates: [candidate('different'), candidate('same'), candidate('unanswered')] }), { word: 'found', candidates: [candidate('same')] }],
    ['does not offer what nobody could look at', served({ state: 'found', candidates: [candidate('different'), candidate('unanswered')] }), { word: 'none', because: 'unlike' }],
    ['hands on why there is none', served({ state: 'none', because: 'no-twin' }), { word: 'none', because: 'no-twin' }],
    ['knows what is pinned already', served({ state: 'pinned' }), { word: 'pinned' }],
    ['has nothing to say where nothing was served', { word: 'answered', report: { state: 'failed', hops: [], failure: { code: 'http', status: 404 } } }, { word: 'untold' }],
    ['has nothing to say where nobody was asked', { word: 'idle' }, { word: 'untold' }],
    ['tells that it was refused', { word: 'refused', error: new ApiError({ status: 403, reason: 'Forbidden', message: '' }) }, { word: 'refused' }],
  ])('%s', (_, probe, answer) => {
    expect(answerPins(probe)).toEqual(answer)
  })
})
