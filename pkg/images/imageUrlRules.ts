// What a name can say about the bytes behind it. All patterns are matched on lower-case text that has been
// cut to a URL's length and contain no nested repetition: their time is linear.

/** How exactly a file or directory name tells one build from the next. */
type Identity = 'build' | 'version' | 'release' | 'none'

export interface FoundIdentity { readonly identity: Identity, readonly text: string }

/** What only one build can carry: a date, a build number, a commit. */
const BUILD: readonly RegExp[] = [
  /(?<!\d)20[0-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:t?\d{2,6}z?)?(?!\d)(?:[.-]\d{1,6}(?![\da-z]))?/, // 20240423, 20240423.1, 20240423-1714, 20240423T170542Z
  /(?<!\d)20[0-3]\d([-._])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)/, // 2024-04-23, 2024.04.23
  /(?<!\d)20[0-3]\d-?(?:0[1-9]|1[0-2])(?![\d.])(?!-\d)/, // 202404, 2024-04
  /(?<!\d)20[0-3]\d-?w[0-5]\d(?!\d)/, // 2024-w43
  /(?<![\da-z])(?:0[5-9]|[123]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)(?:-\d{4}(?!\d))?/, // 240906, 240906-0331
  /(?<![a-z])snapshot-?\d{6,}/,
  /(?<![a-z])build-?\d+(?:\.\d+)*/,
  /(?<=[-_.])b\d{2,6}(?![\da-z])/, // b234
  /(?<![\da-z])g?(?=[0-9a-f]{0,39}\d)(?=[0-9a-f]{0,39}[a-f])[0-9a-f]{7,40}(?![0-9a-z])(?!-[0-9a-f]{4}-)/, // a commit, but no UUID
  /(?<![\da-f])[0-9a-f]{64}(?![\da-f])/, // a content hash
  /(?<![\d.])\d{5,7}(?![\d.a-z])/, // a running number
]

/** What names one version of a product, made once as a rule. */
const VERSION: readonly RegExp[] = [
  /(?<![\d.])v?\d{1,5}([._])\d{1,5}\1\d{1,8}[\w.+~]{0,24}/, // 1.2.3, v1.2.3-rc1 up to the dash, 12_1_3
  /(?<![\d.])v?\d{1,5}\.\d{1,5}[-_~.]?(?:lts[-_.]?)?(?:release|final|rel|ga|gm|rc\d*|beta\d*|alpha\d*|(?:qu|sp|u|p|r|rev|update-?)\d+(?:\.\d+)?)(?![a-z])/, // 14.1-release, 13.0-u6.2, 22.03-lts-sp4
  /(?<![\d.])\d{1,5}\.\d{1,5}-\d{1,5}(?![\da-z])/, // 7.4-191
  /(?<![\d.])\d{1,5}-\d{1,3}\.\d{1,4}(?![\d.])/, // 40-1.14
  /(?<![\d.])v?\d{1,3}\.\d{3,6}(?![\d.])/, // 7.1902
  /(?<!\d)20[0-3]\d\.\d{1,2}[a-z]?(?![\d.a-z])/, // 2024.2a
  /(?<![\d.])v?\d{1,4}\.\d{1,4}[a-z](?![a-z\d])/, // 7.0b
  /(?<![a-z\d])r\d{1,3}(?:alpha|beta|rc)\d+/, // r1beta4
  /(?<=[-_.])(?:gm|qu\d{1,2})(?![a-z\d])/, // SLES: -gm, -qu3
  /(?<![\da-z])(?:1\d|2\d)(?:0[1-9]|1[0-2])-\d(?![\da-z])/, // 1805-2
]

/** What names a release that may be built again under the same name. */
const RELEASE: readonly RegExp[] = [
  /(?<![\d.])v?\d{1,4}\.\d{1,4}(?!\d)(?!\.\d)/, // 22.04
  /(?<![\d.])\d{1,3}[-_ ](?:alpha|beta|rc)\d*(?![a-z])/, // 40_beta
  /(?<![a-z\d])r\d{3,6}[a-z]{0,2}(?![a-z\d])/, // r151046
  /(?<![a-z\d])r?\d{1,2}[-_]?u\d{1,2}(?![a-z\d])/, // r9-u4
  /(?<![a-z])sp\d(?![a-z\d])/, // sp5
]

const ARCHITECTURE = /x86[_-]64(?:[_-]?v\d)?|amd64(?:v\d)?|ia64|ppc64(?:le|el)?|aarch64|arm64|riscv64|s390x|i[3-6]86|armv\d\w{0,3}|armhfp?|loong(?:arch)?64|(?:32|64)-?bit|x(?:32|64|86)/g

/** Takes the processor's name out: `x86_64` is no version. */
export function withoutArchitecture(name: string): string {
  return name.replace(ARCHITECTURE, '~')
}

function firstMatch(patterns: readonly RegExp[], text: string): string | undefined {
  for (const pattern of patterns) {
    const match = pattern.exec(text)
    if (match)
      return match[0]
  }
  return undefined
}

/** The strongest identity in a file name, given lower-case, without architecture and image extension. */
export function identityOfName(name: string): FoundIdentity {
  if (!/\d/.test(name))
    return { identity: 'none', text: '' }
  const build = firstMatch(BUILD, name)
  if (build !== undefined)
    return { identity: 'build', text: build }
  const version = firstMatch(VERSION, name)
  if (version !== undefined)
    return { identity: 'version', text: version }
  const release = firstMatch(RELEASE, name)
  return release === undefined ? { identity: 'none', text: '' } : { identity: 'release', text: release }
}

/** Account and bucket identifiers look like hashes; a directory's hash counts when it has a git or SHA-2 length. */
const NO_BUILD_OF_A_DIRECTORY = /^(?:auth_)?[0-9a-f]{8,39}$|^[0-9a-f]{8}-[0-9a-z]{4}-|^build-?\d+$/

/** The strongest identity in one directory name. `below` is the name of the directory above it. */
export function identityOfDirectory(name: string, above: string): FoundIdentity {
  if (/^md5/.test(above) && /^[0-9a-f]{32}$/.test(name))
    return { identity: 'build', text: name }
  if (NO_BUILD_OF_A_DIRECTORY.test(name) && !/^20[0-3]\d{5}/.test(name))
    return { identity: 'none', text: '' }
  return identityOfName(name)
}

/** Names that a later build takes over. */
const POINTERS = new Set(['latest', 'current', 'newest', 'last', 'recent'])
/** Trees and branches that are built again and again. */
const REBUILDS = new Set([
  'daily', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'pending', 'master', 'head', 'trunk', 'tip',
  'devel', 'develop', 'development', 'testing', 'unstable', 'sid', 'rawhide', 'tumbleweed', 'cauldron', 'canary', 'continuous', 'experimental',
  'dailies', 'dev', 'edge', 'prerelease', 'bleeding',
])
/** Of those, the ones that say how often: even a version number below them is built again. A branch may well hold a finished file. */
const TIMED = new Set(['daily', 'dailies', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'continuous', 'canary', 'pending'])
/** Words that move only where nothing else in the URL says more. */
const WEAK = new Set(['stable', 'main', 'next', 'preview', 'oldstable'])

export type AliasKind = 'pointer' | 'rebuild' | 'weak'
export interface FoundAlias { readonly word: string, readonly kind: AliasKind }

const WORDS = /[a-z]+/g
/** Most names hold none of the words: this says so at once. */
const ANY_WORD = new RegExp([...POINTERS, ...REBUILDS, ...WEAK].join('|'))

/** The strongest alias word in a lower-case name: `kali-weekly` says weekly, `latest-4.9` latest, `webcurrently` nothing. */
export function aliasOf(name: string): FoundAlias | undefined {
  if (!ANY_WORD.test(name))
    return undefined
  let found: FoundAlias | undefined
  for (const word of name.match(WORDS) ?? []) {
    if (REBUILDS.has(word))
      return { word, kind: 'rebuild' }
    if (POINTERS.has(word))
      found = { word, kind: 'pointer' }
    else if (!found && WEAK.has(word))
      found = { word, kind: 'weak' }
  }
  return found
}

/** Whether the name says that everything below it is built again in time, whatever its version. */
export function isRebuiltInTime(name: string): boolean {
  return (name.match(WORDS) ?? []).some(word => TIMED.has(word))
}

/** Images that a publisher builds again for security updates under the same release number. */
export const REBUILT_FLAVOUR = /(?<![a-z])(?:cloud|cloudimg|genericcloud|openstack|nocloud|jeos|minimal-vm|kvm|ec2|azure|vagrant|chef|kube)(?![a-z_])/

/** Files beside an image that are not the image, by ending. */
export const NOT_AN_IMAGE: Readonly<Record<string, 'checksum' | 'signature' | 'page' | 'metadata'>> = {
  sha1: 'checksum', sha256: 'checksum', sha512: 'checksum', sha1sum: 'checksum', sha256sum: 'checksum', sha512sum: 'checksum', sha224: 'checksum', sha384: 'checksum',
  md5: 'checksum', md5sum: 'checksum', b2sum: 'checksum', digests: 'checksum', checksum: 'checksum', sha: 'checksum',
  asc: 'signature', sig: 'signature', gpg: 'signature', sign: 'signature', minisig: 'signature', pem: 'signature',
  html: 'page', htm: 'page', php: 'page', aspx: 'page', asp: 'page', jsp: 'page', xhtml: 'page',
  json: 'metadata', txt: 'metadata', xml: 'metadata', manifest: 'metadata', torrent: 'metadata', metalink: 'metadata', zsync: 'metadata', yaml: 'metadata', yml: 'metadata', md: 'metadata', list: 'metadata', log: 'metadata', changelog: 'metadata', packages: 'metadata',
}
/** The same by whole name. */
export const CHECKSUM_FILE = /^(?:sha\d+sums?|md5sums?|b2sums?|checksum|checksums|sha\d+|md5|digests)(?:\.[a-z0-9]+)?$/

/** Endings of disk images; `taken` are those that Harvester's own form accepts (harvester-ui-extension pkg/harvester/validators/vm-image.js). */
export const IMAGE_ENDING = /\.(?:(?:qcow2?|raw|img|iso|vmdk|vhdx?|vdi|ova|ovf|box|qcow2c|dd|wic|hddimg|zip)(?:\.(?:gz|xz|bz2|zst|zip|lz4))?|(?:gz|xz|bz2|zst|tgz|tar))$/
export const TAKEN_ENDING = /\.(?:qcow2?|raw|img|iso)$/

/** Query parameters of a link that ends by itself. Each list must be wholly present. */
export const SIGNED_QUERIES: readonly (readonly string[])[] = [
  ['x-amz-signature'], ['x-amz-expires'], ['x-goog-signature'], ['awsaccesskeyid', 'signature'], ['expires', 'signature'], ['sig', 'se'], ['sig', 'sv'],
  ['expires', 'key-pair-id'], ['temp_url_sig'], ['temp_url_expires'], ['t', 'e', 'h'], ['p1'], ['token'], ['access_token'], ['hmac'], ['hdnea'], ['expires', 'md5'], ['oauth_token'],
]

/** Hosts whose links only point elsewhere, and can be pointed elsewhere again. */
export const REDIRECTORS = new Set(['aka.ms', 'bit.ly', 'tinyurl.com', 'git.io', 'goo.gl', 't.co', 'is.gd', 'ow.ly', 'rebrand.ly', 'shorturl.at', 'go.microsoft.com'])

const PRIVATE_TLD = new Set(['local', 'lan', 'internal', 'intranet', 'home', 'corp', 'private', 'localdomain', 'localhost', 'test', 'invalid', 'arpa', 'svc', 'cluster', 'site-local'])

/** Whether a host, as `URL.hostname` writes it, belongs to somebody's own network: addresses, single names, private and impossible top-level names. */
export function isPrivateHost(host: string): boolean {
  if (host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host))
    return true
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  const dot = name.lastIndexOf('.')
  if (dot < 0)
    return true
  const top = name.slice(dot + 1)
  return PRIVATE_TLD.has(top) || !/^(?:[a-z]{2,24}|xn--[a-z0-9-]+)$/.test(top)
}

/** Whether the host is the machine that downloads itself: Longhorn 1.12.1 refuses it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.') || host === '[::1]' || host.startsWith('[::ffff:7f')
}
