import type { PinCandidate, ProbeReport, UrlFailure } from './probe.ts'

/** What came of looking for a pinned URL, as the operator is told it. */
export type PinAnswer
  = | { readonly word: 'found', readonly candidates: readonly PinCandidate[] }
    /** The URL names one build already, whatever its words say. */
    | { readonly word: 'pinned' }
    /** `unlike`: something was found, but it is of another size or could not be looked at. */
    | { readonly word: 'none', readonly because: 'no-checksum' | 'no-twin' | 'out-of-time' | 'unlike' }
    | { readonly word: 'failed', readonly failure: UrlFailure }

/** Only what looks the same is offered: a candidate of another size is another file. */
export function answerPins(report: ProbeReport): PinAnswer {
  if (report.state === 'failed')
    return { word: 'failed', failure: report.failure }
  if (report.pins.state === 'pinned')
    return { word: 'pinned' }
  if (report.pins.state === 'none')
    return { word: 'none', because: report.pins.because }
  const candidates = report.pins.candidates.filter(({ looks }) => looks === 'same')
  return candidates.length ? { word: 'found', candidates } : { word: 'none', because: 'unlike' }
}
