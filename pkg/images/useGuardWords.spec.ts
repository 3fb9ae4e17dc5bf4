import { describe, expect, it } from 'vitest'
import type { ChecksumWord } from './checksumStanding.ts'
import type { PinAnswer } from './pinAnswer.ts'
import type { PinEvidence } from './pinning.ts'
import type { ClosedRange, GuardRefusal, ReadFailure, UrlProbe } from './probe.ts'
import type { ServedFinding } from './servedFile.ts'
import en from './locales/en.ts'
import zh from './locales/zh-CN.ts'

// The compiler asks for each code here, so that one without a sentence cannot be added unseen.
const REFUSALS: Record<Exclude<GuardRefusal, `address-${ClosedRange}`>, true> = {
  'not-a-url': true, 'too-long': true, 'scheme': true, 'credentials': true, 'port': true, 'local-name': true, 'address-through-proxy': true, 'not-listed': true,
  'bad-request': true, 'no-cluster': true, 'no-such-read': true, 'may-not-create-images': true, 'too-many': true,
}
const RANGES: Record<ClosedRange, true> = { 'loopback': true, 'link-local': true, 'private': true, 'shared': true, 'multicast': true, 'unspecified': true, 'metadata': true, 'reserved': true, 'tunnel': true, 'own': true }
const FAILURES: Record<Exclude<ReadFailure['code'], 'refused'>, true> = {
  'http': true, 'too-many-redirects': true, 'bad-redirect': true, 'no-name': true, 'no-connection': true, 'timeout': true, 'tls': true, 'proxy': true, 'cut': true,
  'changed': true, 'not-resumable': true, 'shorter': true, 'internal': true, 'too-large': true, 'too-long': true, 'too-slow': true,
}
const EVIDENCE: Record<PinEvidence['code'], true> = { 'same-checksum': true, 'dated-sibling': true, 'named-by-checksum': true, 'release-index': true, 'version-file': true, 'redirect': true }
const PINS: Record<Exclude<PinAnswer['word'], 'untold'>, true> = { asking: true, refused: true, found: true, pinned: true, none: true }
const PROBES: Record<Exclude<UrlProbe['word'], 'answered'> | 'served' | 'failed', true> = { idle: true, asking: true, absent: true, refused: true, served: true, failed: true }
const SERVED: Record<Exclude<ServedFinding['code'], 'obstacle'>, true> = { 'head-refused': true, 'no-image': true, 'no-size': true, 'head-size': true, 'no-mark': true, 'downgraded': true }
const STANDINGS: Record<ChecksumWord, true> = { 'none': true, 'accepted': true, 'unrecognised': true, 'not-sha512': true, 'ignored': true, 'published': true, 'contradicted': true, 'foreign': true, 'queued': true, 'reading': true, 'verified': true, 'computed': true, 'mismatch': true, 'failed': true }

describe.each([['English', en], ['Chinese', zh]])('in %s', (_, { guard, pin, probe, checksum }) => {
  it.each([
    ['refusal', REFUSALS, guard.refused],
    ['closed range', RANGES, guard.range],
    ['failure', FAILURES, guard.failure],
    ['evidence', EVIDENCE, guard.evidence],
    ['outcome of a search', PINS, pin.title],
    ['outcome of a look', PROBES, probe.title],
    ['finding in what is served', SERVED, probe.finding],
    ['standing of a checksum', STANDINGS, checksum.title],
  ])('every %s has its sentence', (_, codes, sentences) => {
    expect(Object.keys(sentences).sort()).toEqual(Object.keys(codes).sort())
  })
})
