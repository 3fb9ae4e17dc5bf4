import type { Publisher } from './publishers.ts'
import { IMAGE_ENDING, mayHoldAlias } from './imageUrlRules.ts'
import { PUBLISHERS } from './publishers.ts'

/** Why a text is no address of an image, or one of which only its owner knows. */
export type AddressReason
  = | { readonly code: 'empty' | 'not-a-url' | 'too-long' | 'no-file-name' | 'redirector' }
    | { readonly code: 'scheme', readonly scheme: string }
    | { readonly code: 'not-an-image', readonly kind: NotAnImage, readonly file: string }

export interface Refusal { readonly verdict: 'mutable' | 'unknown' | 'unusable', readonly because: AddressReason }

/** What the rules look at: a URL taken apart once. */
export interface Address {
  readonly url: URL
  readonly host: string
  readonly privateHost: boolean
  /** Decoded, lower-case, without empty ones; neither the file nor the project's name on a forge is among them. */
  readonly directories: readonly string[]
  readonly file: string
  /** `.img.xz`; empty where the file has none that images have. */
  readonly ending: string
  /** Lower-case path that habits look at. */
  readonly path: string
  readonly publisher: Publisher | undefined
  /** Whether a word of an alias can stand in the path: most hold none. */
  readonly mayHoldAlias: boolean
  /** Parameters by lower-case name; empty for nearly all. */
  readonly query: ReadonlyMap<string, string>
}

type NotAnImage = 'checksum' | 'signature' | 'page' | 'metadata'

/** Files beside an image that are not the image, by ending. */
const NOT_AN_IMAGE: ReadonlyMap<string, NotAnImage> = new Map(Object.entries({
  sha1: 'checksum', sha256: 'checksum', sha512: 'checksum', sha1sum: 'checksum', sha256sum: 'checksum', sha512sum: 'checksum', sha224: 'checksum', sha384: 'checksum',
  md5: 'checksum', md5sum: 'checksum', b2sum: 'checksum', digests: 'checksum', checksum: 'checksum', sha: 'checksum',
  asc: 'signature', sig: 'signature', gpg: 'signature', sign: 'signature', minisig: 'signature', pem: 'signature',
  html: 'page', htm: 'page', php: 'page', aspx: 'page', asp: 'page', jsp: 'page', xhtml: 'page',
  json: 'metadata', txt: 'metadata', xml: 'metadata', manifest: 'metadata', torrent: 'metadata', metalink: 'metadata', zsync: 'metadata', yaml: 'metadata', yml: 'metadata', md: 'metadata', list: 'metadata', log: 'metadata', changelog: 'metadata', packages: 'metadata',
}))
/** The same by whole name. */
const CHECKSUM_FILE = /^(?:sha\d+sums?|md5sums?|b2sums?|checksum|checksums|sha\d+|md5|digests)(?:\.[a-z0-9]+)?$/

/** Hosts whose links only point elsewhere, and can be pointed elsewhere again. */
const REDIRECTORS = new Set(['aka.ms', 'bit.ly', 'tinyurl.com', 'git.io', 'goo.gl', 't.co', 'is.gd', 'ow.ly', 'rebrand.ly', 'shorturl.at', 'go.microsoft.com'])

const PRIVATE_TLD = new Set(['local', 'lan', 'internal', 'intranet', 'home', 'corp', 'private', 'localdomain', 'localhost', 'test', 'invalid', 'arpa', 'svc', 'cluster', 'site-local'])

const BUCKETS = /(?:^|\.)(?:amazonaws\.com|cloudfront\.net|windows\.net|azureedge\.net|googleapis\.com|aliyuncs\.com|myqcloud\.com|digitaloceanspaces\.com|backblazeb2\.com|r2\.dev|wasabisys\.com|your-objectstorage\.com|archive\.org)$/

/** Whether a host, as `URL.hostname` writes it but without a last dot, belongs to somebody's own network: addresses, single names, private and impossible top-level names. */
function isPrivateHost(host: string): boolean {
  const dot = host.lastIndexOf('.')
  if (dot < 0 || host.startsWith('['))
    return true
  // An address ends with a number, and so does no name that can be looked up.
  const top = host.slice(dot + 1)
  return PRIVATE_TLD.has(top) || !/^(?:[a-z]{2,24}|xn--[a-z0-9-]+)$/.test(top)
}

/** Whether the host lets storage to anybody: what lies there under a publisher's name is somebody's copy. */
export function isBucket({ host, path }: Address): boolean {
  return BUCKETS.test(host) || path.startsWith('/swift/v1/')
}

/** Whether the host is the machine that downloads itself: Longhorn 1.12.1 refuses it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.') || host === '[::1]' || host.startsWith('[::ffff:7f')
}

const LONGEST = 4096
const NO_QUERY: ReadonlyMap<string, string> = new Map()

function unusable(because: AddressReason): Refusal {
  return { verdict: 'unusable', because }
}

/** Takes a text apart as Harvester would read it; what is no address of an image comes back as a refusal. Never throws. */
export function readAddress(text: string): Address | Refusal {
  const url = readUrl(text.length > LONGEST * 2 ? text.slice(0, LONGEST * 2) : text.trim())
  if ('because' in url)
    return url
  // `example.org.` is the same host, written to the root.
  const host = url.hostname.replace(/\.$/, '')
  if (REDIRECTORS.has(host))
    return { verdict: 'mutable', because: { code: 'redirector' } }
  const { pathname, search } = url
  const path = plainPath(pathname)
  const directories = path.slice(1).split('/')
  const last = withoutParameters(directories.pop() ?? '')
  const file = isDoor(last) && IMAGE_ENDING.test(directories.at(-1) ?? '') ? directories.pop() ?? last : last
  if (pathname.endsWith('/') || !file)
    return search ? { verdict: 'unknown', because: { code: 'no-file-name' } } : unusable({ code: 'no-file-name' })
  const ending = IMAGE_ENDING.exec(file)?.[0] ?? ''
  const kind = search || ending ? undefined : notAnImage(file)
  if (kind)
    return unusable({ code: 'not-an-image', kind, file })
  const named = last === file ? path : path.slice(0, path.lastIndexOf('/'))
  const publisher = findPublisher(host, named)
  const project = publisher?.project?.exec(named)?.[0].split('/').length ?? 2
  return {
    url, host, directories: directories.slice(project - 2), file, ending, path: named, publisher,
    mayHoldAlias: mayHoldAlias(named),
    privateHost: isPrivateHost(host),
    query: search.length > 2 ? new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value])) : NO_QUERY,
  }
}

function readUrl(text: string): URL | Refusal {
  if (!text)
    return unusable({ code: 'empty' })
  if (text.length > LONGEST)
    return unusable({ code: 'too-long' })
  // What a browser would mend silently, Go's URL parser, which Harvester uses, refuses or reads differently.
  if (!/^https?:\/\/[^/]/i.test(text) || /[^ -~\u00a0-\uffff]|\\/.test(text))
    return unusable(wrongScheme(text) ?? { code: 'not-a-url' })
  try {
    return new URL(text)
  }
  catch {
    return unusable({ code: 'not-a-url' })
  }
}

function wrongScheme(text: string): AddressReason | undefined {
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):/i.exec(text)?.[1]?.toLowerCase()
  if (!scheme || scheme === 'http' || scheme === 'https')
    return undefined
  // A colon may also end a host name: `mirror.lan:8080/x.iso` has no scheme.
  return scheme.includes('.') && /^[^/]+:\d+(?:\/|$)/.test(text) ? undefined : { code: 'scheme', scheme }
}

function notAnImage(file: string): NotAnImage | undefined {
  return CHECKSUM_FILE.test(file) ? 'checksum' : NOT_AN_IMAGE.get(file.slice(file.lastIndexOf('.') + 1))
}

/** Lower-case, decoded segment by segment, without empty segments. */
function plainPath(pathname: string): string {
  const slashed = pathname.includes('//') ? `/${pathname.split('/').filter(Boolean).join('/')}` : pathname
  return (slashed.includes('%') ? slashed.split('/').map(decode).join('/') : slashed).toLowerCase()
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  }
  catch {
    return segment
  }
}

/** `a.img;v=2` is `a.img` with a parameter, which no server is known to heed (RFC 3986 §3.3). */
function withoutParameters(file: string): string {
  const at = file.indexOf(';')
  return at > 0 ? file.slice(0, at) : file
}

/** A last path segment that only opens the file named before it, as SourceForge and OneDrive write. */
function isDoor(file: string): boolean {
  return file === 'download' || file === 'content' || file === 'raw'
}

const publisherOfHost = new Map(PUBLISHERS.flatMap(publisher => publisher.hosts.map(host => [host, publisher] as const)))
/** Most paths are no mirror of anybody's: this says so at once. */
const ANY_MIRROR = new RegExp(PUBLISHERS.flatMap(publisher => publisher.mirror?.source ?? []).join('|'))

function findPublisher(host: string, path: string): Publisher | undefined {
  for (let start = 0; start >= 0 && start < host.length; start = host.indexOf('.', start) + 1 || -1) {
    const publisher = publisherOfHost.get(start ? host.slice(start) : host)
    if (publisher && !publisher.except?.test(path))
      return publisher
  }
  return ANY_MIRROR.test(path) ? PUBLISHERS.find(publisher => publisher.mirror?.test(path)) : undefined
}
