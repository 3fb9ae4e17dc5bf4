import type { AliasKind } from './imageUrlRules.ts'
import type { Algorithm, Habit, Publisher } from './publishers.ts'
import { CHECKSUM_FILE, IMAGE_ENDING, NOT_AN_IMAGE, REBUILT_FLAVOUR, REDIRECTORS, SIGNED_QUERIES, TAKEN_ENDING, aliasOf, identityOfDirectory, identityOfName, isLoopback, isPrivateHost, isRebuiltInTime, withoutArchitecture } from './imageUrlRules.ts'
import { PUBLISHERS } from './publishers.ts'

export type ImageUrlVerdict = 'mutable' | 'pinned' | 'unknown' | 'unusable'

/** Where the evidence stands. */
type UrlPlace = 'name' | 'directory' | 'query'

/** The first reason decided the verdict; the others are things to know besides. */
export type ImageUrlReason
  = | { readonly code: 'empty' | 'not-a-url' | 'too-long' | 'no-file-name' | 'credentials' | 'loopback' | 'redirector' | 'signed-link' | 'no-build-identity' | 'private-host' }
    | { readonly code: 'scheme', readonly scheme: string }
    | { readonly code: 'not-an-image', readonly kind: 'checksum' | 'signature' | 'page' | 'metadata', readonly file: string }
    | { readonly code: 'format', readonly ending: string }
    | { readonly code: 'build', readonly build: string, readonly where: UrlPlace }
    | { readonly code: 'version', readonly version: string, readonly where: UrlPlace }
    | { readonly code: 'release', readonly version: string, readonly where: UrlPlace }
    | { readonly code: 'alias', readonly word: string, readonly kind: AliasKind, readonly where: UrlPlace, readonly segment: string }
    | { readonly code: 'publisher', readonly publisher: string, readonly because: Habit['because'] }

export interface ImageUrlJudgement {
  readonly verdict: ImageUrlVerdict
  readonly reasons: readonly ImageUrlReason[]
  /** Identifier of a publisher in `publishers.ts`. */
  readonly publisher?: string
  /** Pinned, but the publisher deletes (`pruned`) or moves (`moved`) such files, so that a second download finds nothing. */
  readonly mayDisappear?: 'pruned' | 'moved'
  /** The link ends by itself, at this time (ISO 8601) where the link says so. */
  readonly expires?: { readonly at?: string }
  /** How a pinned URL of this publisher looks, with placeholders in angle brackets. */
  readonly pinnedForm?: string
  /** Where the publisher puts checksums of this image, and which kind. */
  readonly checksumFiles?: readonly { readonly url: string, readonly algorithm: Algorithm }[]
}

const LONGEST = 4096

interface Address {
  readonly url: URL
  readonly host: string
  readonly privateHost: boolean
  /** Decoded, lower-case, without empty ones; the file is not among them. */
  readonly directories: readonly string[]
  readonly file: string
  /** Lower-case path that habits look at. */
  readonly path: string
  readonly publisher: Publisher | undefined
}

type Decision = Pick<ImageUrlJudgement, 'verdict'> & { readonly because: ImageUrlReason }

const publisherOfHost = new Map(PUBLISHERS.flatMap(publisher => publisher.hosts.map(host => [host, publisher] as const)))

/**
 * Judges whether the bytes behind an image URL can change, from the text alone. Never throws.
 *
 * `mutable`: a later build takes the same URL. `pinned`: the URL names one build. `unknown`: nothing says so.
 * `unusable`: no image can come from it. Evidence in this order: what cannot be downloaded, links that end, build
 * identity in the file name, alias words in it, directories from the nearest, what is known of the publisher.
 * Source of the order: measured on labelled URLs (bench/urls.mjs); Longhorn downloads the same URL again when all
 * copies are lost (longhorn-manager controller/backing_image_controller.go).
 */
export function judgeImageUrl(text: string): ImageUrlJudgement {
  const trimmed = text.length > LONGEST * 2 ? text.slice(0, LONGEST * 2) : text.trim()
  const read = readAddress(trimmed)
  if ('because' in read)
    return { verdict: read.verdict, reasons: [read.because] }
  const signed = signedLink(read.url)
  const decision = signed ? { verdict: 'unknown' as const, because: { code: 'signed-link' as const } } : decide(read)
  const { publisher } = read
  const gone = decision.verdict === 'pinned' ? disappearance(read, decision) : undefined
  return {
    verdict: decision.verdict,
    reasons: [decision.because, ...asides(read, decision)],
    ...(publisher && { publisher: publisher.id }),
    ...(gone && { mayDisappear: gone }),
    ...(signed && { expires: signed }),
    ...(publisher?.pinnedForm && decision.verdict !== 'pinned' && { pinnedForm: publisher.pinnedForm }),
    ...(publisher?.checksums && { checksumFiles: checksumFiles(read, publisher) }),
  }
}

function unusable(because: ImageUrlReason): Decision {
  return { verdict: 'unusable', because }
}

function readAddress(text: string): Address | Decision {
  if (!text)
    return unusable({ code: 'empty' })
  if (text.length > LONGEST)
    return unusable({ code: 'too-long' })
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):/i.exec(text)?.[1]?.toLowerCase()
  // A colon may also end a host name: `mirror.lan:8080/x.iso` has no scheme.
  if (scheme && scheme !== 'http' && scheme !== 'https')
    return /^[^/]+:\d+(?:\/|$)/.test(text) && scheme.includes('.') ? unusable({ code: 'not-a-url' }) : unusable({ code: 'scheme', scheme })
  // What a browser would mend silently, Go's URL parser, which Harvester uses, refuses or reads differently.
  if (!scheme || !/^https?:\/\/[^/]/i.test(text) || /[^ -~\u00a0-\uffff]|\\/.test(text))
    return unusable({ code: 'not-a-url' })
  const url = parse(text)
  if (!url)
    return unusable({ code: 'not-a-url' })
  const segments = url.pathname.split('/').filter(Boolean).map(decode)
  const host = url.hostname
  if (REDIRECTORS.has(host))
    return { verdict: 'mutable', because: { code: 'redirector' } }
  const file = segments.pop() ?? ''
  const named = isDoor(file) && IMAGE_ENDING.test(segments.at(-1) ?? '') ? segments.pop() ?? file : file
  if (url.pathname.endsWith('/') || !named)
    return url.search ? { verdict: 'unknown', because: { code: 'no-file-name' } } : unusable({ code: 'no-file-name' })
  const kind = CHECKSUM_FILE.test(named) ? 'checksum' as const : NOT_AN_IMAGE[/\.([a-z0-9]+)$/.exec(named)?.[1] ?? '']
  if (kind && !url.search)
    return unusable({ code: 'not-an-image', kind, file: named })
  const path = `/${[...segments, named].join('/')}`
  const privateHost = isPrivateHost(host)
  return { url, host, privateHost, directories: segments, file: named, path, publisher: findPublisher(host, path) }
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  }
  catch {
    return undefined
  }
}

function decode(segment: string): string {
  if (!segment.includes('%'))
    return segment.toLowerCase()
  try {
    return decodeURIComponent(segment).toLowerCase()
  }
  catch {
    return segment.toLowerCase()
  }
}

/** A last path segment that only opens the file named before it, as SourceForge and OneDrive write. */
function isDoor(file: string): boolean {
  return file === 'download' || file === 'content' || file === 'raw'
}

function findPublisher(host: string, path: string): Publisher | undefined {
  for (let rest = host; rest; rest = rest.slice(rest.indexOf('.') + 1)) {
    const publisher = publisherOfHost.get(rest)
    if (publisher)
      return publisher
    if (!rest.includes('.'))
      break
  }
  return PUBLISHERS.find(publisher => publisher.mirror?.test(path))
}

function signedLink(url: URL): { at?: string } | undefined {
  if (url.search.length < 3)
    return undefined
  const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]))
  if (!SIGNED_QUERIES.some(names => names.every(name => query.has(name))))
    return undefined
  const seconds = Number(query.get('expires') ?? query.get('e') ?? query.get('temp_url_expires') ?? query.get('p1'))
  if (seconds > 1e9 && seconds < 1e10)
    return { at: new Date(seconds * 1000).toISOString() }
  const began = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('x-amz-date') ?? query.get('x-goog-date') ?? '')
  const lasts = Number(query.get('x-amz-expires') ?? query.get('x-goog-expires'))
  const start = began ? Date.parse(`${began[1]}-${began[2]}-${began[3]}T${began[4]}:${began[5]}:${began[6]}Z`) : Date.parse(query.get('se') ?? '')
  const end = start + (began && lasts > 0 ? lasts * 1000 : 0)
  return Number.isFinite(end) && Math.abs(end) < 8e15 ? { at: new Date(end).toISOString() } : {}
}

function decide(address: Address): Decision {
  const { url, directories, file, privateHost } = address
  const version = url.searchParams.get('versionId') ?? url.searchParams.get('generation')
  if (version && version !== 'null')
    return { verdict: 'pinned', because: { code: 'build', build: version, where: 'query' } }
  const early = habit(address, true)
  if (early)
    return early
  const stem = withoutArchitecture(file.replace(IMAGE_ENDING, ''))
  const own = identityOfName(stem)
  if (own.identity === 'build')
    return { verdict: 'pinned', because: { code: 'build', build: own.text, where: 'name' } }
  const alias = aliasOf(stem)
  const near = readDirectories(directories)
  if (near?.identity === 'build')
    return { verdict: 'pinned', because: { code: 'build', build: near.text, where: 'directory' } }
  if (alias && alias.kind !== 'weak')
    return { verdict: 'mutable', because: { code: 'alias', ...alias, where: 'name', segment: file } }
  if (own.identity === 'version')
    return near?.kind === 'rebuild'
      ? { verdict: directories.some(isRebuiltInTime) ? 'mutable' : 'unknown', because: { code: 'alias', word: near.word, kind: near.kind, where: 'directory', segment: near.segment } }
      : { verdict: 'pinned', because: { code: 'version', version: own.text, where: 'name' } }
  if (near?.identity === 'version')
    return { verdict: 'pinned', because: { code: 'version', version: near.text, where: 'directory' } }
  const release = own.identity === 'release' ? own.text : undefined
  if (near?.kind && near.kind !== 'weak')
    return { verdict: release && near.kind === 'pointer' && !REBUILT_FLAVOUR.test(stem) ? 'unknown' : 'mutable', because: { code: 'alias', word: near.word, kind: near.kind, where: 'directory', segment: near.segment } }
  const late = habit(address, false)
  if (late)
    return late
  if (release)
    return { verdict: privateHost || REBUILT_FLAVOUR.test(stem) ? 'unknown' : 'pinned', because: { code: 'release', version: release, where: 'name' } }
  if (alias)
    return { verdict: 'mutable', because: { code: 'alias', ...alias, where: 'name', segment: file } }
  if (near?.kind)
    return { verdict: 'mutable', because: { code: 'alias', word: near.word, kind: near.kind, where: 'directory', segment: near.segment } }
  return { verdict: 'unknown', because: { code: privateHost ? 'private-host' : 'no-build-identity' } }
}

type Near
  = | { readonly identity: 'build' | 'version', readonly text: string, readonly kind?: undefined }
    | { readonly identity?: undefined, readonly kind: AliasKind, readonly word: string, readonly segment: string }

/** The nearest directory that says something. A word for rebuilds beats a pointer further down: `/daily/current/`. */
function readDirectories(directories: readonly string[]): Near | undefined {
  let found: Near | undefined
  for (let index = directories.length - 1; index >= 0; index--) {
    const segment = directories[index] ?? ''
    const { identity, text } = identityOfDirectory(withoutArchitecture(segment), directories[index - 1] ?? '')
    if (identity === 'build' && (!found || found.kind === 'weak'))
      return { identity, text }
    const alias = aliasOf(segment)
    if (alias?.kind === 'rebuild' && found?.identity !== 'version')
      return { ...alias, segment }
    if (alias && (alias.kind !== 'weak' || alias.word === segment) && (!found || (found.kind === 'weak' && alias.kind === 'pointer')))
      found = { ...alias, segment }
    else if (identity === 'version' && (!found || found.kind === 'weak'))
      found = { identity, text }
  }
  return found
}

function habit(address: Address, first: boolean): Decision | undefined {
  const { publisher, path, privateHost } = address
  if (privateHost)
    return undefined
  const found = publisher?.habits?.find(candidate => (candidate.first ?? false) === first && candidate.path.test(path))
  return found && publisher && { verdict: found.verdict, because: { code: 'publisher', publisher: publisher.id, because: found.because } }
}

function asides(address: Address, decision: Decision): ImageUrlReason[] {
  const { url, host, file } = address
  const reasons: ImageUrlReason[] = []
  if (url.username || url.password)
    reasons.push({ code: 'credentials' })
  if (isLoopback(host))
    reasons.push({ code: 'loopback' })
  if (address.privateHost && decision.because.code !== 'private-host')
    reasons.push({ code: 'private-host' })
  if (!TAKEN_ENDING.test(file))
    reasons.push({ code: 'format', ending: IMAGE_ENDING.exec(file)?.[0] ?? '' })
  return reasons
}

function disappearance(address: Address, decision: Decision): 'pruned' | 'moved' | undefined {
  const { publisher, directories, privateHost } = address
  if (decision.because.code === 'publisher' && decision.because.because === 'frozen')
    return undefined
  const moving = directories.map(aliasOf).find(alias => alias && alias.kind !== 'weak')
  if (moving)
    return moving.kind === 'rebuild' ? 'pruned' : publisher?.old ?? 'moved'
  const kept = directories.some(directory => /archive|vault|old-releases|history/.test(directory)) || /^(?:archives?|vault|old|old-releases|ftp-archive)\./.test(address.host)
  return kept || privateHost ? undefined : publisher?.old
}

function checksumFiles(address: Address, publisher: Publisher): ImageUrlJudgement['checksumFiles'] {
  const { origin, pathname } = address.url
  const slash = pathname.lastIndexOf('/') + 1
  return publisher.checksums?.map(({ name, algorithm }) => ({ url: `${origin}${pathname.slice(0, slash)}${name.replace('{file}', () => pathname.slice(slash))}`, algorithm }))
}
