import { describe, expect, it } from 'vitest'
import type { ChecksumStanding } from './checksumStanding.ts'
import { expectedOf, readOf, standingOf } from './checksumStanding.ts'
import type { ReadJob } from './probe.ts'

const SHA512 = 'a'.repeat(128)
const SHA256 = 'b'.repeat(64)
const job = (state: ReadJob['state'], change: Partial<ReadJob> = {}): ReadJob =>
  ({ id: state, cluster: 'a', namespace: 'lab', url: 'https://a.example/x.img', state, bytes: 0, file: {}, created: '2026-01-01T00:00:00Z', resumed: 0, ...change })
const over = (state: ReadJob['state']) => job(state, { digests: { sha512: SHA512 } })

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
    ['a read that verified what was typed', { word: 'verified', kind: 'sha256', usable: SHA512 }, [SHA256, 'backingimage', over('verified')]],
    ['a SHA-512 that came of a read', { word: 'verified', kind: 'sha512' }, [SHA512.toUpperCase(), 'backingimage', over('verified')]],
    ['a read that had nothing to compare with', { word: 'computed', kind: 'none', usable: SHA512 }, ['', 'backingimage', over('computed')]],
    ['a verified read for CDI, which would look at no SHA-512', { word: 'verified', kind: 'none' }, ['', 'cdi', over('verified')]],
    ['other bytes than were expected, whose SHA-512 is of no use', { word: 'mismatch', kind: 'sha256' }, [SHA256, 'backingimage', over('mismatch')]],
  ])('knows %s', (_, standing, facts) => {
    expect(standingOf(...facts)).toEqual(standing)
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
