import { pick, sha512 } from './hash.ts'
import type { MirrorSight } from './mirrorSight.ts'
import { bytesServed, onMirror, sha512Served } from './mirrorSight.ts'
import { TAKES } from './takes.ts'

// Nothing is ever fetched: what a URL of the world would serve follows from its text, and what one of the mirror serves from the mirror's own catalogue.

export type Head = { readonly ok: true, readonly size: number } | { readonly ok: false, readonly message: string, readonly code?: string, /** Bytes of the page that says so. */ readonly page?: number }

const MIB = 2 ** 20
/** Real sizes of files that people know, in MiB. */
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/noble.*cloudimg/, 588], [/jammy.*cloudimg/, 644], [/minimal.*cloudimg/, 248], [/debian-1\d-/, 432], [/rocky.*boot/i, 998], [/rocky/i, 1_089],
  [/almalinux/i, 512], [/opensuse.*minimal/i, 318], [/SLES15.*Minimal/i, 346], [/Windows|SERVER_EVAL/i, 5_318], [/virtio-win/, 709], [/flatcar/i, 417], [/Fedora-Cloud/i, 469],
]

const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'Not Found', 405: 'Not Allowed', 500: 'Internal Server Error', 503: 'Service Unavailable' }
/** An nginx's page around the title that it says twice (mirror/server.ts). */
const PAGE = 120
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/
/** The first address of a private network, and link-local ones. */
const NO_ROUTE = /^(10\.0\.0\.1$|169\.254\.)/

function status(url: string, code: number): Head {
  const title = `${code} ${REASONS[code] ?? ''}`
  return { ok: false, message: `got ${code} status code from ${url}`, code: title, page: PAGE + 2 * title.length }
}

/**
 * What a request would be told, in Go's words; a size of 0 where none is told. A host under .invalid or .test has no address, one with `untrusted` in
 * its name a certificate that nobody knows; a path with `missing` is not found; on loopback nobody listens but the mirror.
 */
export function headOf(url: string, mirror?: MirrorSight, method: 'Head' | 'Get' = 'Head'): Head {
  const found = onMirror(url, mirror)
  if (found?.is === 'elsewhere')
    return headOf(found.url, mirror, method)
  if (found?.is === 'too-many-redirects')
    return { ok: false, message: `${method} "${url}": stopped after 10 redirects` }
  if (found?.is === 'nothing')
    return status(url, 404)
  if (found?.leaf.is === 'refusal')
    return status(url, found.leaf.status)
  if (found?.leaf.is === 'file') {
    const { file, manner } = found.leaf
    if (method === 'Head' && manner.head === 'refused')
      return status(url, 405)
    return { ok: true, size: manner.announced === 'nothing' ? 0 : method === 'Head' ? manner.announced ?? file.size : file.size }
  }
  return found ? { ok: true, size: bytesServed(found.leaf) } : headInWorld(url, method)
}

function headInWorld(url: string, method: string): Head {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const failed = (because: string): Head => ({ ok: false, message: `${method} "${url}": ${because}` })
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    return failed(`unsupported protocol scheme "${parsed?.protocol.slice(0, -1) ?? ''}"`)
  const address = `${parsed.hostname}:${parsed.port || (parsed.protocol === 'https:' ? 443 : 80)}`
  if (/\.(invalid|test)$/.test(parsed.hostname))
    return failed(`dial tcp: lookup ${parsed.hostname}: no such host`)
  if (LOOPBACK.test(parsed.hostname))
    return failed(`dial tcp ${address}: connect: connection refused`)
  if (NO_ROUTE.test(parsed.hostname))
    return failed(`dial tcp ${address}: connect: no route to host`)
  if (parsed.hostname.includes('untrusted'))
    return failed('tls: failed to verify certificate: x509: certificate signed by unknown authority')
  return parsed.pathname.includes('missing') ? status(url, 404) : { ok: true, size: sizeOf(url) }
}

/** How many bytes a whole download brings: not always those that were told of. Infinity where it never ends. */
export function bytesOf(url: string, told: number, mirror?: MirrorSight): number {
  const found = onMirror(url, mirror)
  return found?.is === 'leaf' ? bytesServed(found.leaf) : told
}

/** Bytes, a multiple of 512 as Longhorn wants it. */
function sizeOf(url: string): number {
  const known = SIZES.find(([name]) => name.test(url))?.[1]
  return (known ?? 300 + pick(url, 600)) * MIB + pick(`${url} tail`, 1024) * 512
}

/** The size that a guest sees: of a raw file its own, of a qcow2 that of the disk inside. */
export function virtualSizeOf(url: string, size: number, mirror?: MirrorSight): number {
  const found = onMirror(url, mirror)
  if (found?.is === 'leaf')
    return found.leaf.is === 'file' ? found.leaf.file.virtualSize : size
  return /\.(iso|raw)$/i.test(url.split('?')[0] ?? '') ? size : Math.ceil(size * 3.2 / 2 ** 30) * 2 ** 30
}

/** Bytes a second from one disk of the cluster to another. */
export const LOCAL_RATE = 2048 * MIB

/** Bytes a second. A host with `slow` in its name, or one of a branch office, takes hours; what has no URL is in the cluster. */
export function rateOf(url: string, mirror?: MirrorSight): number {
  if (!URL.canParse(url))
    return LOCAL_RATE
  const found = onMirror(url, mirror)
  if (found?.is === 'leaf' && found.leaf.is === 'file')
    return found.leaf.manner.rate ?? 90 * MIB
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
  readonly mirror?: MirrorSight | undefined
}

/** SHA-512 of the bytes that the URL serves now. What the mirror serves needs no believing. */
export function checksumServed({ url, expected, given, now, day = TAKES.day, mirror }: Fetch): string {
  const found = onMirror(url, mirror)
  if (found?.is === 'leaf')
    return sha512Served(found.leaf)
  const moving = changesDaily(url)
  const moved = moving && Math.floor(given / day) !== Math.floor(now / day)
  if (expected && !moved && !/^(.)\1*$/.test(expected))
    return expected
  return sha512(moving ? `${url} on day ${Math.floor(now / day)}` : url)
}
