import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { ClosedRange } from '../pkg/images/probe.ts'

/** An address or a block of them, or a host name, that the configuration opens; without a port, 80 and 443. */
export interface Mirror {
  readonly host: string
  readonly block?: readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]
  readonly port?: number
}

/** Addresses by which clouds hand out credentials; not all of them are in a private range. AWS, ECS, Alibaba, Oracle, Azure, Google. */
const METADATA = new Set(['169.254.169.254', '169.254.170.2', '100.100.100.200', '192.0.0.192', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'])

/** ipaddr.js's names in ours; what is not listed here is `reserved`. */
const RANGES: Readonly<Record<string, ClosedRange>> = {
  'loopback': 'loopback', 'linkLocal': 'link-local', 'private': 'private', 'uniqueLocal': 'private', 'deprecatedSiteLocal': 'private', 'carrierGradeNat': 'shared',
  'multicast': 'multicast', 'broadcast': 'multicast', 'unspecified': 'unspecified', 'ipv4Mapped': 'tunnel', 'rfc6145': 'tunnel', 'rfc6052': 'tunnel', '6to4': 'tunnel', 'teredo': 'tunnel',
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
const MAPPED = ipaddr.IPv6.parseCIDR('::ffff:0:0/96')
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** An address in its plainest form: an IPv4 address that is written as a mapped IPv6 one is that IPv4 address. Undefined for anything that is no address. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone (`fe80::1%eth0`) is an interface of this machine: never of the public internet.
  const bare = text.replace(/^\[|\]$/g, '').split('%')[0] ?? ''
  const family = isIP(bare)
  if (family === 0)
    return undefined
  // `URL` writes IPv6 without dotted parts, in which ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`.
  const address = ipaddr.parse(family === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare)
  return address instanceof ipaddr.IPv6 && address.match(MAPPED) ? address.toIPv4Address() : address
}

/** The IPv4 address that a NAT64 gateway will speak to (RFC 6052 §2.1, the well-known prefix). */
function behindNat64(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}

/**
 * Which range an address belongs to. Mapped addresses (`::ffff:a.b.c.d`) and those of NAT64 are judged by the IPv4 address
 * inside; 6to4, Teredo and translated ones lead through tunnels that nobody serves an image by, and are
 * closed whatever is inside, as is what is no longer given out. Of IPv6 only global unicast (2000::/3) is public. `own`: further addresses of this machine.
 */
export function rangeOf(text: string, own: ReadonlySet<string> = new Set()): ClosedRange | 'public' {
  const address = parse(text)
  if (!address)
    return 'reserved'
  if (address instanceof ipaddr.IPv6 && address.match(NAT64))
    return rangeOf(behindNat64(address).toString(), own)
  if (METADATA.has(address.toString()))
    return 'metadata'
  if (own.has(address.toString()))
    return rangeOf(address.toString()) === 'public' ? 'own' : rangeOf(address.toString())
  const range = address.range()
  if (range !== 'unicast')
    return RANGES[range] ?? 'reserved'
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST) ? 'public' : 'reserved'
}

/** Whether a URL's host is an address and not a name. `URL` has written octal, hexadecimal, short and full-width forms plainly. */
export function isAddress(hostname: string): boolean {
  return parse(hostname) !== undefined
}

/** A host name as it is compared: lower-case, without the dot that may end it. */
export function plainHost(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '')
}

/**
 * Reads `HOST`, `HOST:PORT`, `ADDRESS/BITS` or `ADDRESS/BITS:PORT`, IPv6 in brackets where a port follows. Undefined for
 * anything else; a name with a wildcard is no host.
 */
export function parseMirror(text: string): Mirror | undefined {
  const match = /^(\[[\da-f:.]+\]|[\da-f:.]*:[\da-f:.]*:[\da-f:.]*|[^:/[\]]+)(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/i.exec(text.trim())
  const [, name = '', bits, port] = match ?? []
  if (!match || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)))
    return undefined
  const address = parse(name)
  const width = address instanceof ipaddr.IPv4 ? 32 : 128
  if (address ? Number(bits ?? width) > width : bits !== undefined || !/^[a-z\d](?:[a-z\d_.-]*[a-z\d])?\.?$/i.test(name) || /^[\d.]+$/.test(name))
    return undefined
  const host = address ? address instanceof ipaddr.IPv6 ? `[${address.toString()}]` : address.toString() : plainHost(name)
  return { host, ...(address && { block: [address, Number(bits ?? width)] as const }), ...(port !== undefined && { port: Number(port) }) }
}

/** What a mirror that is named by its host may resolve to: a name must not open the metadata services of a cloud. */
const OPENED_BY_NAME: readonly (ClosedRange | 'public')[] = ['public', 'private', 'shared', 'loopback', 'own']

function hasPort({ port }: Mirror, asked: number): boolean {
  return port === undefined ? asked === 80 || asked === 443 : asked === port
}

/** Whether the configuration names this host and port. */
export function isListed(mirrors: readonly Mirror[], hostname: string, port: number): boolean {
  return mirrors.some(mirror => mirror.host === plainHost(hostname) && hasPort(mirror, port))
}

/** Why the address behind a host is not spoken to, or undefined where it is public or opened by the configuration. */
export function judgeAddress(address: string, hostname: string, port: number, mirrors: readonly Mirror[], own?: ReadonlySet<string>): ClosedRange | undefined {
  const range = rangeOf(address, own)
  if (range === 'public')
    return undefined
  const plain = parse(address)
  const opened = mirrors.some(mirror => hasPort(mirror, port) && (mirror.block
    ? plain !== undefined && plain.kind() === mirror.block[0].kind() && plain.match(mirror.block[0], mirror.block[1])
    : mirror.host === plainHost(hostname) && OPENED_BY_NAME.includes(range)))
  return opened ? undefined : range
}
