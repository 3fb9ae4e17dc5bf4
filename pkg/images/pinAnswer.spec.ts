import { describe, expect, it } from 'vitest'
import type { PinAnswer } from './pinAnswer.ts'
import { answerPins } from './pinAnswer.ts'
import type { PinCandidate, PinFinding, ProbeReport } from './probe.ts'

const candidate = (looks: PinCandidate['looks']): PinCandidate => ({ url: `https://a.example/${looks}.img`, evidence: [], looks })
const served = (pins: PinFinding): ProbeReport => ({ state: 'served', hops: [], file: { format: { kind: 'unknown' }, ranges: true }, checksums: [], pins })

describe('what is said of a search for a pinned URL', () => {
  it.each<[string, ProbeReport, PinAnswer]>([
    ['offers what looks the same, and that alone', served({ state: 'found', candidates: [candidate('different'), candidate('same'), candidate('unanswered')] }), { word: 'found', candidates: [candidate('same')] }],
    ['does not offer what nobody could look at', served({ state: 'found', candidates: [candidate('different'), candidate('unanswered')] }), { word: 'none', because: 'unlike' }],
    ['hands on why there is none', served({ state: 'none', because: 'no-twin' }), { word: 'none', because: 'no-twin' }],
    ['knows what is pinned already', served({ state: 'pinned' }), { word: 'pinned' }],
    ['says that nothing was served', { state: 'failed', hops: [], failure: { code: 'http', status: 404 } }, { word: 'failed', failure: { code: 'http', status: 404 } }],
  ])('%s', (_, report, answer) => {
    expect(answerPins(report)).toEqual(answer)
  })
})
