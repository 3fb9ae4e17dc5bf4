// What a name can say about the bytes behind it, as data. All patterns are matched on lower-case text that has been
// cut to a URL's length, hold no nested repetition and bound what they look ahead: their time is linear.
// One expression a row, literals first where there are any: measured, that is faster than one large expression, since the engine then skips.

/** How exactly a file or directory name tells one build from the next. */
type Identity = 'build' | 'version' | 'release' | 'none'

export interface FoundIdentity { readonly identity: Identity, readonly text: string }

/** What only one build can carry, wherever it stands: a date with its year, a build number that says so, a whole commit or digest. */
const BUILD: readonly RegExp[] = [
  /(?<!\d)20[0-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:t?\d{2,6}z?)?(?!\d)(?:[.-]\d{1,6}(?![\da-z]))?/, // 20240423, 20240423.1, 20240423-1714, 20240423T170542Z
  /(?<!\d)20[0-3]\d([-._])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)/, // 2024-04-23, 2024.04.23
  /(?<!\d)20[0-3]\d-?(?:0[1-9]|1[0-2])(?![\d.])(?!-\d)/, // 202404, 2024-04
  /(?<!\d)20[0-3]\d-?w[0-5]\d(?!\d)/, // 2024-w43
  /(?<![\da-z])(?:0[5-9]|[123]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{4}(?!\d)/, // 240906-0331
  /(?<![a-z])snapshot-?\d{6,}/,
  /(?<![a-z])build-?\d+(?:\.\d+)*/,
  /b(?<=[-_.]b)\d{2,6}(?![\da-z])/, // b234
  /(?<![a-z])h?rev-?\d{4,7}(?![\da-z])/, // hrev57937
  /(?<![\da-f])(?:[0-9a-f]{40}|[0-9a-f]{64})(?![\da-f])/, // a commit or a content hash
]

/** The same of a file alone: a directory so called may as well be a tenant, a ticket or an account. A bare number is a size as often as a build. */
const BUILD_OF_A_FILE: readonly RegExp[] = [
  ...BUILD,
  /(?<![\da-z])(?:0[5-9]|[123]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)/, // 240906
  /(?<![\da-z])g?(?=[0-9a-f]{0,39}\d)(?=[0-9a-f]{0,39}[a-f])[0-9a-f]{7,40}(?![0-9a-z])(?!-[0-9a-f]{4}-)/, // a commit cut short, but no UUID
]

/** What names one version of a product, made once as a rule. */
const VERSION: readonly RegExp[] = [
  // 1.2.3, v1.2.3-rc1 up to the dash, 12_1_3; no address of a private network, and not 9999, which stands for whatever is newest.
  /(?<![\d.])v?(?!(?:10\.\d{1,3}|127\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?!\.?\d))(?!9999[._])\d{1,5}([._])\d{1,5}\1\d{1,8}[\w.+~]{0,24}/,
  /(?<![\d.])v?\d{1,5}\.\d{1,5}[-_~.]?(?:lts[-_.]?)?(?:release|final|rel|ga|gm|rc\d*|beta\d*|alpha\d*|(?:qu|sp|u|p|r|rev|update-?)\d+(?:\.\d+)?)(?![a-z])/, // 14.1-release, 13.0-u6.2, 22.03-lts-sp4
  /(?<![\d.])\d{1,5}\.\d{1,5}-\d{1,5}(?![\da-z])/, // 7.4-191
  /(?<![\d.a-z])\d{1,5}-\d{1,3}\.\d{1,4}(?!\.?\d)/, // 40-1.14
  /(?<![\d.])v?\d{1,3}\.\d{3,6}(?!\.?\d)/, // 7.1902
  /(?<!\d)20[0-3]\d\.\d{1,2}[a-z]?(?!\.?\d)(?![a-z])/, // 2024.2a
  /(?<![\d.])v?\d{1,4}\.\d{1,4}[a-z](?![a-z\d])/, // 7.0b
  /(?<![a-z\d])r\d{1,3}(?:alpha|beta|rc)\d+/, // r1beta4
  /(?<![\d.])\d{1,4}[-_. ](?:alpha|beta|rc)[-_. ]?\d+(?![a-z\d])/, // 2024.rc7
  /(?:gm|qu\d{1,2})(?<=[-_.](?:gm|qu\d{1,2}))(?![a-z\d])/, // SLES: -gm, -qu3
  /(?<![\da-z])(?:1\d|2\d)(?:0[1-9]|1[0-2])-\d(?![\da-z])/, // 1805-2
]

/** What names a release that may be built again under the same name. */
const RELEASE: readonly RegExp[] = [
  /(?<![\d.])v?(?!9999\.)\d{1,4}\.\d{1,4}(?!\d)(?!\.\d)/, // 22.04
  /(?<![\d.])\d{1,4}[-_. ](?:alpha|beta|rc)\d*(?![a-z])/, // 40_beta
  /(?<![a-z\d])r\d{3,6}[a-z]{0,2}(?![a-z\d])/, // r151046
  /(?<![a-z\d])r?\d{1,2}[-_]?u\d{1,2}(?![a-z\d])/, // r9-u4
  /(?<![a-z])sp\d(?![a-z\d])/, // sp5
  /r(?<=[a-z][-_]r)\d{1,2}(?![a-z\d])/, // noble_r2
]

const ARCHITECTURE = /x86[_-]64(?:[_-]?v\d)?|amd64(?:v\d)?|ia64|ppc64(?:le|el)?|aarch64|arm64|riscv64|s390x|i[3-6]86|armv\d\w{0,3}|armhfp?|loong(?:arch)?64|(?:32|64)-?bit|x(?:32|64|86)/g
const OF_NAMES = [['build', BUILD_OF_A_FILE], ['version', VERSION], ['release', RELEASE]] as const
const OF_DIRECTORIES = [['build', BUILD], ['version', VERSION]] as const
const NONE: FoundIdentity = { identity: 'none', text: '' }

function identify(name: string, tables: readonly (readonly [Identity, readonly RegExp[]])[]): FoundIdentity {
  // The processor's name goes out first: `x86_64` is no version.
  const bare = name.replace(ARCHITECTURE, '~')
  if (!/\d/.test(bare))
    return NONE
  for (const [identity, patterns] of tables) {
    for (const pattern of patterns) {
      // `test` makes no match object, and most patterns match nothing.
      if (pattern.test(bare))
        return { identity, text: pattern.exec(bare)?.[0] ?? '' }
    }
  }
  return NONE
}

/** The strongest identity in a lower-case file name without its image extension. */
export function identityOfName(name: string): FoundIdentity {
  return /\d/.test(name) ? identify(name, OF_NAMES) : NONE
}

/** Account and bucket identifiers look like hashes; a directory's hash counts when it has a git or SHA-2 length. */
const NO_BUILD_OF_A_DIRECTORY = /^(?:auth_)?[0-9a-f]{8,39}$|^[0-9a-f]{8}-[0-9a-z]{4}-|^build-?\d+$/
/** A candidate's tree is filled again until the release is out. */
const CANDIDATE = /(?<![a-z])(?:alpha|beta|rc)[-.]?\d*$/
/** `9`, `v1.11`, `42`: a tree of releases, not one of them. */
const NUMBERED = /^v?\d{1,4}(?:\.\d{1,2})?$/

export function isNumbered(directory: string): boolean {
  return directory.length < 9 && NUMBERED.test(directory)
}

/** Whether a lower-case name holds a number that is not its processor's. */
export function hasNumber(name: string): boolean {
  return /\d/.test(name.replace(ARCHITECTURE, '~'))
}

/** The build or version in one directory name. `above` is the name of the directory that holds it. */
export function identityOfDirectory(name: string, above: string): FoundIdentity {
  if (!/\d/.test(name) || (isNumbered(name) && !/^20\d\d\./.test(name)))
    return NONE
  if (above.startsWith('md5') && /^[0-9a-f]{32}$/.test(name))
    return { identity: 'build', text: name }
  if (NO_BUILD_OF_A_DIRECTORY.test(name) && !/^20[0-3]\d{5}/.test(name))
    return NONE
  const found = identify(name, OF_DIRECTORIES)
  return found.identity === 'version' && CANDIDATE.test(found.text) ? NONE : found
}

/** A file named by the digits of the release directory that it lies in, as `7.6/amd64/install76` and `1.2/official/fd12cd` do. */
export function releaseOfDirectory(name: string, directories: readonly string[]): string | undefined {
  return /\d\d/.test(name)
    ? directories.find(directory => /^v?\d{1,2}\.\d{1,2}$/.test(directory) && name.match(/\d+/g)?.includes(directory.replace(/\D/g, '')))
    : undefined
}

/** Names that a later build takes over. */
const POINTERS = new Set(['latest', 'current', 'newest', 'last', 'recent', 'today'])
/** Pointers of build servers (Jenkins, TeamCity, Bamboo): the next build takes over all that lies below, whatever version it has. */
const BUILD_POINTERS = new Set(['lastsuccessfulbuild', 'laststablebuild', 'lastcompletedbuild', 'lastbuild', 'lastsuccessful', 'lastfinished', 'lastpinned', 'latestsuccessful'])
/** Trees and branches that are built again and again. */
const REBUILDS = new Set([
  'daily', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'pending', 'master', 'head', 'trunk', 'tip',
  'devel', 'develop', 'development', 'testing', 'unstable', 'sid', 'rawhide', 'tumbleweed', 'cauldron', 'canary', 'continuous', 'experimental',
  'dailies', 'dev', 'edge', 'prerelease', 'bleeding',
])
/** The ones that say how often or who builds: even a version number below them is built again. A branch may well hold a finished file. */
const TIMED = new Set([...BUILD_POINTERS, 'daily', 'dailies', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'continuous', 'canary', 'pending'])
/** Of those, the ones that also name an edition: beside a release number they decide nothing. */
const EDITIONS = new Set(['devel', 'development', 'testing', 'experimental', 'prerelease'])
/** Words that move only where nothing else in the URL says more. */
const WEAK = new Set(['stable', 'main', 'next', 'preview', 'oldstable'])

export type AliasKind = 'pointer' | 'rebuild' | 'branch' | 'weak'
export interface FoundAlias { readonly word: string, readonly kind: AliasKind }

const WORDS = /[a-z]+/g
/** What stands for the newest of a line of versions: `2.4.x`, and Artifactory's `[RELEASE]`. */
const PLACEHOLDER = /(?<![\da-z.])v?\d{1,4}(?:\.\d{1,4}){0,3}\.x(?![\da-z])|\[(?:release|integration)\]/
/** Most names hold none of the words: this says so at once. */
const ANY_WORD = new RegExp([...POINTERS, ...BUILD_POINTERS, ...REBUILDS, ...WEAK].join('|'))

/** `nightlybuilds` says nightly. */
function wordsOf(name: string): readonly string[] {
  return (name.includes('build') ? name.replaceAll(/(?<=daily|nightly|weekly|monthly|hourly|current)builds?(?![a-z])/g, '') : name).match(WORDS) ?? []
}

/** The strongest alias word in a lower-case name: `kali-weekly` says weekly, `latest-4.9` and `applatest` latest, `webcurrently` nothing. */
export function aliasOf(name: string): FoundAlias | undefined {
  const placeholder = /\.x|\[/.test(name) ? PLACEHOLDER.exec(name)?.[0] : undefined
  let found: FoundAlias | undefined = placeholder ? { word: placeholder, kind: 'pointer' } : undefined
  if (!ANY_WORD.test(name))
    return found
  for (const word of wordsOf(name)) {
    if (REBUILDS.has(word))
      return { word, kind: 'rebuild' }
    if (POINTERS.has(word) || BUILD_POINTERS.has(word))
      found = { word, kind: 'pointer' }
    else if (found?.kind !== 'pointer' && word.includes('latest'))
      found = { word: 'latest', kind: 'pointer' }
    else if (!found && WEAK.has(word))
      found = { word, kind: 'weak' }
  }
  return found
}

/** Whether the name says that everything below it is built again in time, whatever its version. */
export function isRebuiltInTime(name: string): boolean {
  return ANY_WORD.test(name) && wordsOf(name).some(word => TIMED.has(word))
}

/** A version behind this is that of a component: the image around it is built again. */
export const COMPONENT_VERSION = /(?<![a-z])kube(?:rnetes)?-v?\d/

/** Whether an alias word may as well be the name of an edition. */
export function isEdition({ word }: FoundAlias): boolean {
  return EDITIONS.has(word)
}

/** Images that a publisher builds again for security updates under the same release number. */
export const REBUILT_FLAVOUR = /(?<![a-z])(?:cloud|cloudimg|genericcloud|openstack|nocloud|jeos|minimal-vm|kvm|ec2|azure|vagrant|chef|kube)(?![a-z_])/
/** Of those, the ones that are built again as a rule and not only now and then. */
export const CLOUD_IMAGE = /(?<![a-z])(?:cloudimg|genericcloud|nocloud|minimal-vm|cloudguest|generic-cloud|kube|amphora)(?![a-z_])/

/** Endings of disk images; `taken` are those that Harvester's own form accepts (harvester-ui-extension pkg/harvester/validators/vm-image.js). */
export const IMAGE_ENDING = /\.(?:(?:qcow2?|raw|img|iso|vmdk|vhdx?|vdi|ova|ovf|box|qcow2c|dd|wic|hddimg|zip)(?:\.(?:gz|xz|bz2|zst|zip|lz4))?|(?:gz|xz|bz2|zst|tgz|tar))$/
export const TAKEN_ENDING = /\.(?:qcow2?|raw|img|iso)$/

/** A publisher of whom nothing else is known than that a file of this name is made once, for its release. */
export interface ReleaseMaker {
  readonly id: string
  /** Host names and parents of host names. */
  readonly hosts: readonly string[]
  /** Mirrors: matched on the lower-case path. */
  readonly mirror?: RegExp
  /** The lower-case path of such a file. */
  readonly path: RegExp
}

// A release number alone says little of a name that is nobody's known publisher: the image may be built again under it.
// Source: the publishers' own download pages, which keep the checksums of each release.
export const RELEASE_MAKERS: readonly ReleaseMaker[] = [
  { id: 'openeuler', hosts: ['openeuler.org'], mirror: /\/openeuler-\d\d\.\d\d-lts\//, path: /\/openeuler-\d\d\.\d\d-lts-/ },
  { id: 'pop-os', hosts: ['pop-os.org', 'system76.com'], mirror: /\/pop-os\/iso\//, path: /\/pop-os_\d\d\.\d\d_[a-z\d_]+_\d+\.iso$/ },
  { id: 'linux-mint', hosts: ['linuxmint.com'], mirror: /\/linuxmint\/(?:stable|iso)\//, path: /\/linuxmint-\d\d\.\d-[^/]*\.iso$/ },
  { id: 'springdale', hosts: ['springdale.princeton.edu', 'springdale.math.ias.edu'], path: /linux-\d\.\d+-[^/]*\.iso$/ },
  { id: 'circle', hosts: ['cclinux.org'], path: /\/circle-\d\.\d+-[^/]*\.iso$/ },
  { id: 'trisquel', hosts: ['trisquel.info'], path: /\/trisquel[a-z-]*_\d+\.\d+_[^/]*\.iso$/ },
  { id: 'clear-linux', hosts: ['clearlinux.org'], path: /\/clear-\d{3,6}-/ },
  { id: 'omnios', hosts: ['omnios.org'], path: /\/media\/r\d{6}\// },
  { id: '9front', hosts: ['9front.org'], path: /\/9front-\d{4,6}\./ },
  { id: 'puppy', hosts: ['puppylinux.com'], mirror: /\/puppylinux\//, path: /pup(?:64|32)?-\d+\.\d+[^/]*\.iso$/ },
  { id: 'deft', hosts: ['deftlinux.net'], mirror: /\/mirrors?\/deft\//, path: /\/deft-\d\.\d\.iso$/ },
]
