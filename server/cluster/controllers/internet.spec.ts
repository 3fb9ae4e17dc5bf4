import { describe, expect, it } from 'vitest'
import { changesDaily, checksumServed, headOf, paceOf, rateOf, virtualSizeOf } from './internet.ts'
import { sha512 } from './hash.ts'
import { TAKES } from './takes.ts'

const NOBLE = 'https://cloud-images.ubuntu.com/releases/noble/release-20261104/ubuntu-24.04-server-cloudimg-amd64.img'
const JAMMY = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const DAY = TAKES.day
const served = (url: string, { expected = '', given = 10 * DAY, now = 10 * DAY } = {}) => checksumServed({ url, expected, given, now, day: DAY })

describe('the internet of the demonstration', () => {
  it.each([
    ['https://images.invalid/x.qcow2', 'Head "https://images.invalid/x.qcow2": dial tcp: lookup images.invalid: no such host'],
    ['http://build.test/x.img', 'Head "http://build.test/x.img": dial tcp: lookup build.test: no such host'],
    ['https://example.com/missing/x.img', 'got 404 status code from https://example.com/missing/x.img'],
    ['noble.img', 'Head "noble.img": unsupported protocol scheme ""'],
  ])('says of %s what Go says', (url, message) => {
    expect(headOf(url)).toMatchObject({ ok: false, message })
  })

  it('has files of a size that Longhorn takes, the same each time', () => {
    const first = headOf(JAMMY)
    expect(first).toEqual(headOf(JAMMY))
    expect(first.ok && first.size % 512).toBe(0)
    expect(virtualSizeOf('https://x/y.iso', 1024)).toBe(1024)
    expect(virtualSizeOf('https://x/y.qcow2', 1024)).toBe(2 ** 30)
  })

  it.each([[NOBLE, false], [JAMMY, true], ['https://cloud.debian.org/images/cloud/bookworm/latest/debian-12.qcow2', true], ['https://x/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2', true], ['https://x/currently-known.img', false]])('knows whether %s changes daily', (url, changes) => {
    expect(changesDaily(url)).toBe(changes)
  })

  it('serves the same bytes under a pinned URL, others each day under a moving one', () => {
    expect(served(NOBLE)).toBe(served(NOBLE, { now: 90 * DAY }))
    expect(served(JAMMY)).toBe(served(JAMMY, { now: 10.9 * DAY }))
    expect(served(JAMMY)).not.toBe(served(JAMMY, { now: 11 * DAY }))
  })

  it('believes a checksum of the day on which it was given', () => {
    const expected = sha512('published')
    expect(served(NOBLE, { expected, now: 90 * DAY })).toBe(expected)
    expect(served(JAMMY, { expected })).toBe(expected)
    expect(served(JAMMY, { expected, now: 11 * DAY })).not.toBe(expected)
    expect(served(NOBLE, { expected: 'a'.repeat(128) })).not.toBe('a'.repeat(128))
  })

  it('takes hours from a slow host and seconds from others', () => {
    const seconds = (url: string) => { const { ms, percent } = paceOf(644 * 2 ** 20, rateOf(url)); return 100 / percent * ms / 1000 }
    expect(seconds(JAMMY)).toBeLessThan(15)
    expect(seconds('https://mirror.branch-office.example/x.img')).toBeGreaterThan(3_600)
  })
})
