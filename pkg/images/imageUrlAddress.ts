import type { AliasKind } from './imageUrlRules.ts'
import type { Publisher } from './publishers.ts'
import { IMAGE_ENDING, aliasOf, mayHoldAlias } from './imageUrlRules.ts'
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

/** Query parameters of a link that ends by itself. Each list must be wholly present. Source: the stores' and delivery networks' own references. */
const SIGNED_QUERIES: readonly (readonly string[])[] = [
  ['x-amz-signature'], ['x-amz-expires'], ['x-goog-signature'], ['awsaccesskeyid', 'signature'], ['expires', 'signature'], ['sig', 'se'], ['sig', 'sv'],
  ['expires', 'key-pair-id'], ['policy', 'key-pair-id'], ['temp_url_sig'], ['temp_url_expires'], ['t', 'e', 'h'], ['p1'], ['token'], ['access_token'], ['hmac'], ['hdnea'], ['hdnts'], ['expires', 'md5'], ['oauth_token'],
  // Tencent, Alibaba, Huawei, Volcengine; then delivery networks with a key of their own, and nginx.
  ['q-signature'], ['x-oss-signature'], ['ossaccesskeyid', 'signature'], ['x-obs-signature'], ['x-tos-signature'], ['auth_key'], ['txsecret'], ['wssecret'], ['st', 'e'], ['tempauth'], ['x-jfrog-signature'],
]

/** A pre-authenticated request of Oracle's store: the token is a directory, and nothing says when it ends. */
const SIGNED_PATH = /^\/p\/[^/]+\/n\/[^/]+\/b\/[^/]+\/o\//
const SIGNED_PATH_HOST = /(?:^|\.)(?:oraclecloud|oci\.customer-oci)\.com$/

/** Stores whose links say when they were made and for how many seconds. */
const STORES = ['x-amz', 'x-goog', 'x-oss', 'x-obs', 'x-tos'] as const

/** Whether the link ends by itself, and when, as far as it says so. */
export function signedLink({ host, path, query }: Address): { at?: string } | undefined {
  if (path.startsWith('/p/') && SIGNED_PATH.test(path) && SIGNED_PATH_HOST.test(host))
    return {}
  if (!query.size || !SIGNED_QUERIES.some(names => names.every(name => query.has(name))))
    return undefined
  // `q-sign-time` is `begin;end`.
  const seconds = Number(query.get('expires') ?? query.get('e') ?? query.get('temp_url_expires') ?? query.get('p1') ?? query.get('q-sign-time')?.split(';')[1])
  if (seconds > 1e9 && seconds < 1e10)
    return { at: new Date(seconds * 1000).toISOString() }
  const store = STORES.find(name => query.has(`${name}-date`))
  const began = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get(`${store}-date`) ?? '')
  const lasts = Number(query.get(`${store}-expires`))
  const start = began ? Date.parse(`${began[1]}-${began[2]}-${began[3]}T${began[4]}:${began[5]}:${began[6]}Z`) : Date.parse(query.get('se') ?? '')
  const end = start + (began && lasts > 0 ? lasts * 1000 : 0)
  return Number.isFinite(end) && Math.abs(end) < 8e15 ? { at: new Date(end).toISOString() } : {}
}

/** What a forge, a build server or a store of objects is asked for, by the shape of its addresses. */
export type Reference
  = | { readonly means: 'build', readonly build: string, readonly where: 'directory' | 'query' }
    | { readonly means: 'moving', readonly word: string, readonly kind: AliasKind, readonly where: 'directory' | 'query', readonly segment: string }
    | { readonly means: 'tag', readonly tag: string }
    /** A branch or a tag: nothing in the address says which. */
    | { readonly means: 'either', readonly name: string }

/** Which parameter names one version of an object, and where: other hosts do not look at it. Source: the stores' own API references. */
const OBJECT_VERSIONS: readonly { readonly host: RegExp, readonly parameters: readonly string[], readonly value: RegExp }[] = [
  { host: /(?:^|\.)s3[.-](?!website)(?:[a-z\d.-]+\.)?amazonaws\.com(?:\.cn)?$/, parameters: ['versionid'], value: /^(?!null$)./ },
  { host: /(?:^|\.)(?:oss-[a-z\d-]+\.aliyuncs\.com|cos\.[a-z\d-]+\.myqcloud\.com|s3\.[a-z\d.-]*(?:wasabisys|backblazeb2)\.com|your-objectstorage\.com)$/, parameters: ['versionid'], value: /^(?!null$)./ },
  // A host of somebody's own that is called after the protocol; its identifiers are long, or a UUID.
  { host: /^(?:[^.]+\.)?(?:s3|minio)(?!-website)(?:-[a-z\d-]+)?\./, parameters: ['versionid'], value: /^[\w.+/=-]{16,}$/ },
  { host: /(?:^|\.)storage\.googleapis\.com$/, parameters: ['generation'], value: /^\d+$/ },
  { host: /\.blob\.core\.windows\.net$/, parameters: ['versionid', 'snapshot'], value: /^20\d\d-\d\d-\d\dt/i },
]

/** Where forges give out one file of a repository, the commit being in the query: GitLab, Gitea, GitHub and Bitbucket, then cgit. */
const FILE_BY_API = /\/projects\/[^/]+\/repository\/files\/|\/repos\/[^/]+\/[^/]+\/(?:raw|media|contents)\//
const FILE_OF_A_REPOSITORY = new RegExp(`${FILE_BY_API.source}|\\/plain\\/`)
const COMMIT_PARAMETERS: readonly string[] = ['ref', 'at', 'h', 'id']
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
/** A commit may be cut short where a reference must stand. */
const SHORT_COMMIT = /^(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,64}$/

/** Parameters of a query that choose what a server gives out. */
const CHOOSING_PARAMETER = /^(?:branch(?:_?name)?|h|at|ref|ref_type|version|ver|versionid|channel|release|tag|build|track|stream)$/
/** Parameters that name the file where the path does not: only an alias in them says something, for nobody knows what the server makes of them. */
const FILE_PARAMETER = /^(?:file(?:name)?|path|name|image|url)$/

function ofQuery({ host, path, query, ending }: Address): Reference | undefined {
  for (const [name, value] of query) {
    if (OBJECT_VERSIONS.some(store => store.parameters.includes(name) && store.host.test(host) && store.value.test(value)))
      return { means: 'build', build: value, where: 'query' }
    const word = value.toLowerCase()
    if (COMMIT_PARAMETERS.includes(name) && COMMIT.test(word) && FILE_OF_A_REPOSITORY.test(path))
      return { means: 'build', build: value, where: 'query' }
    const moved = !ending && FILE_PARAMETER.test(name) ? word.split('/').map(aliasOf).find(found => found && found.kind !== 'weak') : undefined
    if (moved)
      return { means: 'moving', ...moved, where: 'query', segment: `${name}=${value}` }
    if (!CHOOSING_PARAMETER.test(name))
      continue
    const alias = aliasOf(word)
    if (alias?.word === word)
      return { means: 'moving', ...alias, where: 'query', segment: `${name}=${value}` }
    if (word.startsWith('refs/heads/') || (name === 'ref_type' && word === 'heads'))
      return { means: 'moving', word, kind: 'branch', where: 'query', segment: `${name}=${value}` }
    if (COMMIT_PARAMETERS.includes(name) && FILE_OF_A_REPOSITORY.test(path))
      return { means: 'either', name: word }
  }
  return undefined
}

/** The newest run of a job on a branch or tag, as GitLab serves it. */
const ARTIFACTS_OF_A_REFERENCE = /\/jobs\/artifacts\/([^/]+)\/(?:raw|download|browse)\//
/** What one run of a job left: GitLab's `/-/jobs/123/artifacts/`, Jenkins' `/job/name/123/artifact/`. */
const ARTIFACTS_OF_A_RUN = /\/(?:jobs\/|job\/[^/]+\/)(\d+)\/artifacts?\/|\/app\/rest\/builds\/id:(\d+)\/artifacts\/|\/actions\/runs\/(\d+)\//
/** TeamCity's newest build that fits a description, and Nexus' first file that a search finds. */
const FOUND_BY_SEARCH = /\/app\/rest\/builds\/([^/]+)\/artifacts\/|\/service\/rest\/v1\/(search)\/assets\/download$/
const BRANCH = /\/(?:refs\/heads|(?:raw|media|blob|src)\/branch)\/([^/]+)\//
const TAG = /\/(?:refs\/tags|(?:raw|media)\/tag|releases\/download)\/([^/]+)\//
const REFERENCE = /\/-\/(?:raw|blob)\/([^/]+)\/|\/(?:raw|media)\/commit\/([^/]+)\//
interface Forge { readonly path: RegExp, readonly branch?: RegExp }
const FIRST_BRANCH = /^(?:main|master)$/
const REPOSITORY: Forge = { path: /^\/[^/]+\/[^/]+\/(?:raw|blob)\/([^/]+)\// }
const MODELS: Forge = { path: /\/resolve\/([^/]+)\//, branch: FIRST_BRANCH }
/** The same where only the host tells that it is a forge. Where `branch` is named, what is released moves with it; elsewhere a finished file may well lie on a branch. */
const FORGES: ReadonlyMap<string, Forge> = new Map([
  ['github.com', REPOSITORY], ['www.github.com', REPOSITORY], ['bitbucket.org', REPOSITORY], ['www.bitbucket.org', REPOSITORY],
  ['raw.githubusercontent.com', { path: /^\/[^/]+\/[^/]+\/([^/]+)\//, branch: FIRST_BRANCH }],
  ['media.githubusercontent.com', { path: /^\/media\/[^/]+\/[^/]+\/([^/]+)\//, branch: FIRST_BRANCH }],
  ['huggingface.co', MODELS], ['hf.co', MODELS], ['modelscope.cn', MODELS], ['www.modelscope.cn', MODELS],
  ['nightly.link', { path: /\/workflows\/[^/]+\/([^/]+)\//, branch: /./ }],
])
/** Most paths are no forge's: this says so at once. */
const ANY_SHAPE = /\/(?:artifacts?|refs|branch|tag|releases\/download|-|commit|raw|blob|resolve|files|media|contents|assets|runs)\//

function inDirectory(word: string, kind: AliasKind): Reference {
  return { means: 'moving', word, kind, where: 'directory', segment: word }
}

function ofPath({ host, path }: Address): Reference | undefined {
  const forge = FORGES.get(host)
  if (!forge && !ANY_SHAPE.test(path))
    return undefined
  const job = ARTIFACTS_OF_A_REFERENCE.exec(path)?.[1]
  if (job)
    return inDirectory(job, 'pointer')
  const run = ARTIFACTS_OF_A_RUN.exec(path)?.slice(1).find(Boolean)
  if (run)
    return { means: 'build', build: run, where: 'directory' }
  const search = FOUND_BY_SEARCH.exec(path)?.slice(1).find(Boolean)
  if (search)
    return inDirectory(search, 'pointer')
  const branch = BRANCH.exec(path)?.[1]
  if (branch)
    return inDirectory(branch, 'branch')
  const tag = TAG.exec(path)?.[1]
  if (tag)
    return { means: 'tag', tag }
  // Without a reference they give out the head of the first branch.
  if (FILE_BY_API.test(path))
    return { means: 'either', name: 'head' }
  const found = REFERENCE.exec(path)
  const name = found?.[1] ?? found?.[2] ?? forge?.path.exec(path)?.[1]
  if (!name)
    return undefined
  if (SHORT_COMMIT.test(name) || COMMIT.test(name))
    return { means: 'build', build: name, where: 'directory' }
  return forge?.branch?.test(name) ? inDirectory(name, 'branch') : { means: 'either', name }
}

/** What the address asks a forge, a build server or a store for; undefined where it has none of their shapes. */
export function referenceOf(address: Address): Reference | undefined {
  return (address.query.size ? ofQuery(address) : undefined) ?? ofPath(address)
}
