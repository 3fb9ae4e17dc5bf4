import { pick, sha512 } from './hash.ts'
import { TAKES } from './takes.ts'

// Nothing is ever fetched: what a URL would serve follows from its text.

export type Head = { readonly ok: true, readonly size: number } | { readonly ok: false, readonly message: string, readonly code?: string }

const MIB = 2 ** 20
/** Real sizes of files that people know, in MiB. */
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/noble.*cloudimg/, 588], [/jammy.*cloudimg/, 644], [/minimal.*cloudimg/, 248], [/debian-1\d-/, 432], [/rocky.*boot/i, 998], [/rocky/i, 1_089],
  [/almalinux/i, 512], [/opensuse.*minimal/i, 318], [/SLES15.*Minimal/i, 346], [/Windows|SERVER_EVAL/i, 5_318], [/virtio-win/, 709], [/flatcar/i, 417], [/Fedora-Cloud/i, 469],
]

/** What a HEAD request would be told, in Go's words. A host under .invalid or .test has no address; a path with `missing` is not found. */
export function headOf(url: string): Head {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed)
    return { ok: false, message: `Head "${url}": unsupported protocol scheme ""` }
  if (/\.(invalid|test)$/.test(parsed.hostname))
    return { ok: false, message: `Head "${url}": dial tcp: lookup ${parsed.hostname}: no such host` }
  if (parsed.pathname.includes('missing'))
    return { ok: false, message: `got 404 status code from ${url}`, code: '404 Not Found' }
  return { ok: true, size: sizeOf(url) }
}

/** Bytes, a multiple of 512 as Longhorn wants it. */
function sizeOf(url: string): number {
  const known = SIZES.find(([name]) => name.test(url))?.[1]
  return (known ?? 300 + pick(url, 600)) * MIB + pick(`${url} tail`, 1024) * 512
}

/** The size that a guest sees: of a raw file its own, of a qcow2 that of the disk inside. */
export function virtualSizeOf(url: string, size: number): number {
  return /\.(iso|raw)$/i.test(url.split('?')[0] ?? '') ? size : Math.ceil(size * 3.2 / 2 ** 30) * 2 ** 30
}

/** Bytes a second from one disk of the cluster to another. */
export const LOCAL_RATE = 2048 * MIB

/** Bytes a second. A host with `slow` in its name, or one of a branch office, takes hours; what has no URL is in the cluster. */
export function rateOf(url: string): number {
  if (!URL.canParse(url))
    return LOCAL_RATE
  return /slow|branch-office/.test(new URL(url).hostname) ? 60_000 : 90 * MIB
}

/** How progress is told: so many per cent more after so many milliseconds. */
export function paceOf(size: number, rate: number): { readonly ms: number, readonly percent: number } {
  const msPerCent = size * 10 / rate
  return msPerCent >= TAKES.tick ? { ms: msPerCent, percent: 1 } : { ms: TAKES.tick, percent: Math.floor(TAKES.tick / Math.max(msPerCent, 1)) }
}

const MOVING = /(^|[/._-])(current|latest|daily|nightly|rolling|snapshots?|master|main|devel|testing|edge|rawhide)([/._-]|$)/i

/** The truth that no judgement may be told: whether the publisher puts other bytes there each day. */
export function changesDaily(url: string): boolean {
  return URL.canParse(url) && MOVING.test(new URL(url).pathname)
}

export interface Fetch {
  readonly url: string
  /** The checksum that the operator gave, '' for none. It is believed for the bytes of the day on which it was given, unless it is one digit 128 times. */
  readonly expected: string
  /** When it was given, and now, in milliseconds; and how long a day lasts. */
  readonly given: number
  readonly now: number
  readonly day: number
}

/** SHA-512 of the bytes that the URL serves now. */
export function checksumServed({ url, expected, given, now, day = TAKES.day }: Fetch): string {
  const moving = changesDaily(url)
  const moved = moving && Math.floor(given / day) !== Math.floor(now / day)
  if (expected && !moved && !/^(.)\1*$/.test(expected))
    return expected
  return sha512(moving ? `${url} on day ${Math.floor(now / day)}` : url)
}
