import { describe, expect, it } from 'vitest'
import type { ChecksumFacts, ChecksumStanding, KnownChecksum } from './checksumStanding.ts'
import { comparisonOf, expectedByRead, expectedOf, readOf, standingOf } from './checksumStanding.ts'
import type { ReadJob } from './probe.ts'

const SHA512 = 'a'.repeat(128)
const SHA256 = 'b'.repeat(64)
const job = (state: ReadJob['state'], change: Partial<ReadJob> = {}): ReadJob =>
  ({ id: state, cluster: 'a', namespace: 'lab', url: 'https://a.example/x.img', state, bytes: 0, file: {}, created: '2026-01-01T00:00:00Z', resumed: 0, ...change })
const OTHER256 = 'd'.repeat(64)
const OTHER512 = 'e'.repeat(128)
const PUBLISHED = { algorithm: 'sha256', digest: SHA256, file: 'https://a.example/SHA256SUMS' } as const
const over = (state: ReadJob['state'], change: Partial<ReadJob> = {}) => job(state, { digests: { sha512: SHA512, sha256: SHA256 }, ...change })
const typed = over('verified', { expected: { algorithm: 'sha256', digest: SHA256 } })
const published = over('verified', { published: PUBLISHED })

const URL_OF = 'https://a.example/x.img'
const facts = (checksum: string, change: Partial<ChecksumFacts> = {}): ChecksumFacts => ({ checksum, backend: 'backingimage', url: URL_OF, origin: { by: 'operator', url: URL_OF }, ...change })
const observed = { by: 'read', url: URL_OF, word: 'computed' } as const
const filled = { ...observed, word: 'verified' } as const
const elsewhere = { by: 'operator', url: 'https://a.example/current/x.img' } as const
const known = (algorithm: KnownChecksum['algorithm'], digest: string, file?: string): Partial<ChecksumFacts> => ({ published: [{ algorithm, digest, ...(file && { file }) }] })

describe('where the checksum stands', () => {
  it.each<[string, ChecksumStanding, ChecksumFacts]>([
    ['nothing typed', { word: 'none', kind: 'none' }, facts('')],
    ['a SHA-512', { word: 'accepted', kind: 'sha512' }, facts(SHA512)],
    ['a SHA-256', { word: 'not-sha512', kind: 'sha256' }, facts(SHA256)],
    ['half a checksum', { word: 'unrecognised', kind: 'unrecognised' }, facts('abc')],
    ['a SHA-512 for CDI', { word: 'ignored', kind: 'sha512' }, facts(SHA512, { backend: 'cdi' })],
    ['nothing for CDI', { word: 'ignored', kind: 'none' }, facts('', { backend: 'cdi' })],
    ['a read that goes on', { word: 'reading', kind: 'sha256' }, facts(SHA256, { job: job('reading') })],
    ['a read that was cancelled', { word: 'not-sha512', kind: 'sha256' }, facts(SHA256, { job: job('cancelled') })],
    ['a read that verified what was typed', { word: 'verified', kind: 'sha256', usable: SHA512 }, facts(SHA256, { job: typed })],
    ['a SHA-512 that came of a read which was compared', { word: 'verified', kind: 'sha512' }, facts(SHA512.toUpperCase(), { origin: filled, job: typed })],
    ['another SHA-256 than the kept read was for', { word: 'mismatch', kind: 'sha256' }, facts(OTHER256, { job: typed })],
    ['another SHA-512 than the kept read found', { word: 'mismatch', kind: 'sha512' }, facts(OTHER512, { job: published })],
    ['another SHA-512 for CDI, which would not notice', { word: 'mismatch', kind: 'sha512' }, facts(OTHER512, { backend: 'cdi', job: published })],
    ['the right checksum where a kept read was for a wrong one', { word: 'verified', kind: 'sha256', usable: SHA512 }, facts(SHA256, { job: over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } }) })],
    ['a checksum whose algorithm the kept read did not compute', { word: 'not-sha512', kind: 'sha256' }, facts(SHA256, { job: job('verified', { digests: { sha512: SHA512 }, published: { ...PUBLISHED, algorithm: 'sha512', digest: SHA512 } }) })],
    ['half a checksum beside a kept read', { word: 'unrecognised', kind: 'unrecognised' }, facts('abc', { job: published })],
    ['nothing typed, and a kept read that was for what somebody typed', { word: 'computed', kind: 'none', usable: SHA512 }, facts('', { job: typed })],
    ['nothing typed, and the publisher\'s checksum', { word: 'verified', kind: 'none', usable: SHA512 }, facts('', { job: published })],
    ['nothing typed, and a kept read that found other bytes than somebody typed', { word: 'mismatch', kind: 'none' }, facts('', { job: over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } }) })],
    ['a read that had nothing to compare with', { word: 'computed', kind: 'none', usable: SHA512 }, facts('', { job: over('computed') })],
    ['a verified read for CDI, which would look at no SHA-512', { word: 'verified', kind: 'none' }, facts('', { backend: 'cdi', job: published })],
    ['other bytes than were expected, whose SHA-512 is of no use', { word: 'mismatch', kind: 'sha256' }, facts(OTHER256, { job: over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } }) })],

    ['a SHA-512 that was read and compared with nothing, in the field too', { word: 'computed', kind: 'sha512' }, facts(SHA512, { origin: observed, job: over('computed') })],
    ['the same when the server has forgotten the read', { word: 'computed', kind: 'sha512' }, facts(SHA512, { origin: observed })],
    ['the same put in from a read that was for what somebody else typed', { word: 'computed', kind: 'sha512' }, facts(SHA512, { origin: observed, job: typed })],
    ['a SHA-512 that was read, and found right by its publisher at the next read', { word: 'verified', kind: 'sha512' }, facts(SHA512, { origin: observed, job: published })],
    ['a SHA-512 that was read, where the publisher prints another', { word: 'mismatch', kind: 'sha512' }, facts(SHA512, { origin: observed, job: over('mismatch', { published: { ...PUBLISHED, digest: OTHER256 } }) })],
    ['a SHA-512 that somebody typed, and that the bytes have', { word: 'verified', kind: 'sha512' }, facts(SHA512, { job: over('computed') })],

    ['nothing typed, and a SHA-256 that is published for the link', { word: 'published', kind: 'none', against: { algorithm: 'sha256', digest: SHA256 } }, facts('', known('sha256', SHA256))],
    ['nothing typed, and a SHA-512 that is published for the link', { word: 'published', kind: 'none', usable: SHA512, against: { algorithm: 'sha512', digest: SHA512, file: 'f' } }, facts('', known('sha512', SHA512, 'f'))],
    ['nothing typed, and a read that found what the pinned link was known by', { word: 'verified', kind: 'none', usable: SHA512 }, facts('', { ...known('sha256', SHA256), job: typed })],
    ['a SHA-512 that is not the published one', { word: 'contradicted', kind: 'sha512', usable: SHA512, against: { algorithm: 'sha512', digest: SHA512, file: 'f' } }, facts(OTHER512, known('sha512', SHA512, 'f'))],
    ['a SHA-256 that is not the published one, for CDI too', { word: 'contradicted', kind: 'sha256', against: { algorithm: 'sha256', digest: SHA256 } }, facts(OTHER256, { backend: 'cdi', ...known('sha256', SHA256) })],
    ['a SHA-512 that the bytes have, and that is not the published one', { word: 'contradicted', kind: 'sha512', usable: OTHER512, against: { algorithm: 'sha512', digest: OTHER512 } }, facts(SHA512, { ...known('sha512', OTHER512), job: over('verified', { expected: { algorithm: 'sha512', digest: SHA512 } }) })],
    ['a SHA-512 that is one of two published', { word: 'accepted', kind: 'sha512' }, facts(SHA512, { published: [{ algorithm: 'sha512', digest: OTHER512 }, { algorithm: 'sha512', digest: SHA512 }] })],

    ['a SHA-512 that was typed for another link', { word: 'foreign', kind: 'sha512' }, facts(SHA512, { origin: elsewhere })],
    ['a SHA-256 that was typed for another link', { word: 'foreign', kind: 'sha256' }, facts(SHA256, { origin: elsewhere })],
    ['a SHA-512 that was typed for another link, and is published for this one', { word: 'accepted', kind: 'sha512' }, facts(SHA512, { origin: elsewhere, ...known('sha512', SHA512) })],
    ['a SHA-512 that was typed for another link, and that the bytes of this one have', { word: 'verified', kind: 'sha512' }, facts(SHA512, { origin: elsewhere, job: over('computed') })],
    ['a SHA-512 that was typed before there was a link', { word: 'accepted', kind: 'sha512' }, facts(SHA512, { origin: { by: 'operator' } })],
  ])('knows %s', (_, standing, given) => {
    expect(standingOf(given)).toEqual(standing)
  })

  it.each<[string, ChecksumFacts, ReturnType<typeof comparisonOf>]>([
    ['what is typed now', facts(OTHER256, { job: typed }), { algorithm: 'sha256', digest: OTHER256, found: SHA256, from: 'operator' }],
    ['what the read was for, where its own SHA-512 stands in the field', facts(SHA512, { origin: filled, job: typed }), { algorithm: 'sha256', digest: SHA256, found: SHA256, from: 'operator' }],
    ['what is typed, where somebody typed the SHA-512 that the bytes have', facts(SHA512, { job: typed }), { algorithm: 'sha512', digest: SHA512, found: SHA512, from: 'operator' }],
    ['the publisher\'s, and where it stands', facts('', { job: published }), { algorithm: 'sha256', digest: SHA256, found: SHA256, from: 'publisher', file: PUBLISHED.file }],
    ['the publisher\'s, where its SHA-512 was put in', facts(SHA512, { origin: { by: 'publisher', url: URL_OF }, ...known('sha512', SHA512, 'f'), job: over('verified', { expected: { algorithm: 'sha512', digest: SHA512 } }) }), { algorithm: 'sha512', digest: SHA512, found: SHA512, from: 'publisher', file: 'f' }],
    ['what was read before, where other bytes came', facts(OTHER512, { origin: filled, job: over('computed') }), { algorithm: 'sha512', digest: OTHER512, found: SHA512, from: 'read' }],
    ['nothing', facts('', { job: over('computed') }), undefined],
    ['nothing, where its own SHA-512 stands in the field', facts(SHA512, { origin: observed, job: over('computed') }), undefined],
    ['nothing without a read', facts(SHA512), undefined],
  ])('says that it was compared with %s', (_, given, comparison) => {
    expect(comparisonOf(given)).toEqual(comparison)
  })

  it('lets the publisher say what a read must be where nothing was typed', () => {
    expect(expectedOf(' ')).toBeUndefined()
    expect(expectedOf('abc')).toBeUndefined()
    expect(expectedOf(` ${'B'.repeat(64)} `)).toEqual({ algorithm: 'sha256', digest: SHA256 })
    expect(expectedByRead(facts(SHA256))).toEqual({ algorithm: 'sha256', digest: SHA256 })
    expect(expectedByRead(facts('', known('sha256', SHA256, 'found again by the server')))).toBeUndefined()
    expect(expectedByRead(facts('', known('sha256', SHA256)))).toEqual({ algorithm: 'sha256', digest: SHA256 })
  })

  it('has a read not compared with what an earlier one found', () => {
    expect(expectedByRead(facts(SHA512, { origin: observed, job: over('computed') }))).toBeUndefined()
    expect(expectedByRead(facts(SHA512, { origin: filled, job: typed }))).toEqual({ algorithm: 'sha256', digest: SHA256 })
  })

  it('finds the newest read of the same URL again', () => {
    const [cancelled, wanted, older] = [job('cancelled'), job('reading'), job('verified')]
    expect(readOf(' https://a.example/x.img#top', [job('reading', { url: 'https://a.example/y.img' }), cancelled, wanted, older])).toBe(wanted)
    expect(readOf('https://a.example/x.img', [cancelled])).toBeUndefined()
    expect(readOf('https://', [wanted])).toBeUndefined()
  })
})
