import type { PinCandidate, UrlProbe } from './probe.ts'

/** What came of looking for a pinned URL, as the operator is told it. */
export type PinAnswer
  = | { readonly word: 'asking' | 'refused' }
    | { readonly word: 'found', readonly candidates: readonly PinCandidate[] }
    /** The URL names one build already, whatever its words say. */
    | { readonly word: 'pinned' }
    /** `unlike`: something was found, but it is of another size or could not be looked at. */
    | { readonly word: 'none', readonly because: 'no-checksum' | 'no-twin' | 'out-of-time' | 'unlike' }
    /** Nobody was asked, or the URL serves nothing that could be pinned. */
    | { readonly word: 'untold' }

/** Only what looks the same is offered: a candidate of another size is another file. */
export function answerPins(probe: UrlProbe): PinAnswer {
  if (probe.word === 'asking' || probe.word === 'refused')
    return { word: probe.word }
  if (probe.word !== 'answered' || probe.report.state === 'failed')
    return { word: 'untold' }
  const { pins } = probe.report
  if (pins.state === 'pinned')
    return { word: 'pinned' }
  if (pins.state === 'none')
    return { word: 'none', because: pins.because }
  const candidates = pins.candidates.filter(({ looks }) => looks === 'same')
  return candidates.length ? { word: 'found', candidates } : { word: 'none', because: 'unlike' }
}
