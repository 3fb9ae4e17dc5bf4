import { describe, expect, it } from 'vitest'
import type { ChecksumStanding } from './checksumStanding.ts'
import { comparisonOf, expectedOf, readOf, standingOf } from './checksumStanding.ts'
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

describe('where the checksum stands', () => {
  it.each<[string, ChecksumStanding, Parameters<typeof standingOf>]>([
    ['nothing typed', { word: 'none', kind: 'none' }, ['', 'backingimage']],
    ['a SHA-512', { word: 'accepted', kind: 'sha512' }, [SHA512, 'backingimage']],
    ['a SHA-256', { word: 'not-sha512', kind: 'sha256' }, [SHA256, 'backingimage']],
    ['half a checksum', { word: 'unrecognised', kind: 'unrecognised' }, ['abc', 'backingimage']],
    ['a SHA-512 for CDI', { word: 'ignored', kind: 'sha512' }, [SHA512, 'cdi']],
    ['nothing for CDI', { word: 'ignored', kind: 'none' }, ['', 'cdi']],
    ['a read that goes on', { word: 'reading', kind: 'sha256' }, [SHA256, 'backingimage', job('reading')]],
    ['a read that was cancelled', { word: 'not-sha512', kind: 'sha256' }, [SHA256, 'backingimage', job('cancelled')]],
    ['a read that verified what was typed', { word: 'verified', kind: 'sha256', usable: SHA512 }, [SHA256, 'backingimage', typed]],
    ['a SHA-512 that came of a read', { word: 'verified', kind: 'sha512' }, [SHA512.toUpperCase(), 'backingimage', typed]],
    ['another SHA-256 than the kept read was for', { word: 'mismatch', kind: 'sha256' }, [OTHER256, 'backingimage', typed]],
    ['another SHA-512 than the kept read found', { word: 'mismatch', kind: 'sha512' }, [OTHER512, 'backingimage', published]],
    ['another SHA-512 for CDI, which would not notice', { word: 'mismatch', kind: 'sha512' }, [OTHER512, 'cdi', published]],
    ['the right checksum where a kept read was for a wrong one', { word: 'verified', kind: 'sha256', usable: SHA512 }, [SHA256, 'backingimage', over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } })]],
    ['a checksum whose algorithm the kept read did not compute', { word: 'not-sha512', kind: 'sha256' }, [SHA256, 'backingimage', job('verified', { digests: { sha512: SHA512 }, published: { ...PUBLISHED, algorithm: 'sha512' } })]],
    ['half a checksum beside a kept read', { word: 'unrecognised', kind: 'unrecognised' }, ['abc', 'backingimage', published]],
    ['nothing typed, and a kept read that was for what somebody typed', { word: 'computed', kind: 'none', usable: SHA512 }, ['', 'backingimage', typed]],
    ['nothing typed, and the publisher\'s checksum', { word: 'verified', kind: 'none', usable: SHA512 }, ['', 'backingimage', published]],
    ['nothing typed, and a kept read that found other bytes than somebody typed', { word: 'mismatch', kind: 'none' }, ['', 'backingimage', over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } })]],
    ['a read that had nothing to compare with', { word: 'computed', kind: 'none', usable: SHA512 }, ['', 'backingimage', over('computed')]],
    ['a verified read for CDI, which would look at no SHA-512', { word: 'verified', kind: 'none' }, ['', 'cdi', published]],
    ['other bytes than were expected, whose SHA-512 is of no use', { word: 'mismatch', kind: 'sha256' }, [OTHER256, 'backingimage', over('mismatch', { expected: { algorithm: 'sha256', digest: OTHER256 } })]],
  ])('knows %s', (_, standing, facts) => {
    expect(standingOf(...facts)).toEqual(standing)
  })

  it.each([
    ['what is typed now', OTHER256, typed, { algorithm: 'sha256', digest: OTHER256, found: SHA256 }],
    ['what the read was for, where its own SHA-512 stands in the field', SHA512, typed, { algorithm: 'sha256', digest: SHA256, found: SHA256 }],
    ['the publisher\'s, and where it stands', '', published, { algorithm: 'sha256', digest: SHA256, found: SHA256, file: PUBLISHED.file }],
    ['nothing', '', over('computed'), undefined],
  ])('says that it was compared with %s', (_, checksum, read, comparison) => {
    expect(comparisonOf(checksum, read)).toEqual(comparison)
  })

  it('lets the publisher say what a read must be where nothing was typed', () => {
    expect(expectedOf(' ')).toBeUndefined()
    expect(expectedOf('abc')).toBeUndefined()
    expect(expectedOf(` ${'B'.repeat(64)} `)).toEqual({ algorithm: 'sha256', digest: SHA256 })
  })

  it('finds the newest read of the same URL again', () => {
    const [cancelled, wanted, older] = [job('cancelled'), job('reading'), job('verified')]
    expect(readOf(' https://a.example/x.img#top', [job('reading', { url: 'https://a.example/y.img' }), cancelled, wanted, older])).toBe(wanted)
    expect(readOf('https://a.example/x.img', [cancelled])).toBeUndefined()
    expect(readOf('https://', [wanted])).toBeUndefined()
  })
})
