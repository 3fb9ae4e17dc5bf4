// What a name can say about the bytes behind it, as data. All patterns are matched on lower-case text that has been
// cut to a URL's length, hold no nested repetition and bound what they look ahead: their time is linear.
// One expression a row, literals first where there are any: measured, that is faster than one large expression, since the engine then skips.

/** How exactly a file or directory name tells one build from the next; `system` and `part` are versions of what is in the image. */
type Identity = 'build' | 'version' | 'system' | 'part' | 'release' | 'none'

export interface FoundIdentity { readonly identity: Identity, readonly text: string }

/** What a name must hold for any of the patterns behind it to match: most names do not, and one look is cheaper than four. */
type Patterns = readonly [needs: RegExp | undefined, ...patterns: RegExp[]]

/** What only one build can carry, wherever it stands: a date with its year, a build number that says so, a commit or digest that says what it is. */
const BUILD: readonly Patterns[] = [
  [
    /20[0-3]\d/,
    /(?<!\d)20[0-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:t?\d{2,6}z?)?(?!\d)(?:[.-]\d{1,6}(?![\da-z]))?/, // 20240423, 20240423.1, 20240423-1714, 20240423T170542Z
    /(?<!\d)20[0-3]\d([-._])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)/, // 2024-04-23, 2024.04.23
    // 202404, 2024-04; but no size behind a release: `ubuntu-2004-10g`, `windows-2019-10`.
    /(?<!\d)20[0-3]\d-?(?:0[1-9]|1[0-2])(?![\d.a-z])(?!-\d)(?<!(?:ubuntu|windows|win|server)[-_. ]?20\d\d-\d\d)/,
    /(?<!\d)20[0-3]\d-?w[0-5]\d(?!\d)/, // 2024-w43
  ],
  [
    /snapshot|build|rev|sha|git|commit|digest/,
    /(?<![a-z])snapshot-?\d{6,}/,
    /(?<![a-z])build-?\d+(?:\.\d+)*/,
    /(?<![a-z])h?rev-?\d{4,7}(?![\da-z])/, // hrev57937
    /(?<![a-z])(?:sha|git|commit|digest)(?:-?(?:1|256|512))?[-_.:=@](?=[a-f]{0,60}\d)[0-9a-f]{7,128}(?![\da-z])/, // git-4f3a9c1, sha256-…
  ],
  [
    undefined,
    /(?<![\da-z])(?:0[5-9]|[123]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{4}(?!\d)/, // 240906-0331
    /b(?<=[-_.]b)\d{2,6}(?![\da-z])/, // b234
  ],
]

/** The same of a file alone: a directory so called may as well be a tenant, a ticket or an account. A bare number is a size as often as a build, and bare hexadecimal digits a disk, a machine or a token. */
const BUILD_OF_A_FILE: readonly Patterns[] = [...BUILD, [
  undefined,
  /(?<![\da-z])d?(?:1[2-9]|2\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)/, // 240906, d240906
  /g(?<=[-_.+~]g)(?=[a-f]{0,39}\d)[0-9a-f]{7,40}(?![\da-z])/, // g4f3a9c1, as `git describe` writes
]]
/** A commit cut short behind a version, as in `3.0-26156e2` and `17.01-r3205-59508e3`. */
const SHORT_COMMIT = /(?<![\da-z])(?=[a-f]{0,10}\d)(?=\d{0,10}[a-f])[0-9a-f]{7,11}(?![\da-z])(?!-[0-9a-f]{4}-)(?<=\d\.\d{1,6}[-_.+~](?:r\d{1,6}[-_])?[0-9a-f]{7,11})/

/** What names one version of a product, made once as a rule. */
const VERSION: readonly RegExp[] = [
  // 1.2.3, v1.2.3-rc1 up to the dash, 12_1_3; no address of a network, and not 9999, which stands for whatever is newest.
  /(?<![\d.])v?(?!(?:10\.\d{1,3}|127\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|(?:1\d\d|2[0-4]\d|25[0-5])\.\d{1,3})\.\d{1,3}\.\d{1,3}(?!\.?\d))(?!9999[._])\d{1,5}([._])\d{1,5}\1\d{1,8}[\w.+~]{0,24}/,
  // 14.1-release, 13.0-u6.2, 22.03-lts-sp4; but Ubuntu's `22.04-release` is an alias, and its `22.04-ga` a kernel.
  /(?<![\d.])v?(?!\d\d\.(?:04|10)[-_~.]?(?:lts[-_.]?)?(?:release|final|rel|ga|gm))\d{1,5}\.\d{1,5}[-_~.]?(?:lts[-_.]?)?(?:release|final|rel|ga|gm|rc\d+|beta\d+|alpha\d+|(?:qu|sp|u|p|r|rev|update-?)\d+(?:\.\d+)?)(?![a-z])/,
  // 7.4-191; no bits, no memory and no round size.
  /(?<![\d.])\d{1,5}\.\d{1,5}-(?!(?:\d*0|16|32|64|86|128|256|512|1024|2048|4096|8192|16384|32768|65536)(?!\d))\d{1,5}(?![\da-z])/,
  /(?<![\d.a-z])\d\d-\d\.\d{1,2}(?!\.?\d)(?<=(?:fedora|cloud-base)[^/]{0,80})/, // 40-1.14, a compose of Fedora
  /(?<![\d.])v?\d{1,3}\.\d{3,6}(?!\.?\d)(?![a-z])/, // 7.1902
  /(?<!\d)20[0-3]\d\.(?![12](?![\da-z]))\d{1,2}[a-z]?(?!\.?\d)(?![a-z])/, // 2024.2a, 2024.10; but 2024.1 is a series as often
  /(?<![\d.])v?\d{1,4}\.\d{1,4}[a-e](?![a-z\d])/, // 7.0b
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

// Whose version it is that stands in a name: the image's own, that of the system in it, or that of a part which was put in.
// An image is built again with the same system and the same parts, so that only the first of them tells two builds apart.

/** Operating systems that anybody makes images of, with their release number or its name: `ubuntu-22.04`, `debian12`, `win2022`, `el9`, `jammy`. */
const SYSTEM = /(?<![a-z])(?:(?:ubuntu|debian|centos|rhel|red-?hat|rocky|alma|fedora|opensuse|suse|leap|sles?|oracle|amazon|alpine|windows|win)(?:[-_. ]?(?:linux|enterprise|stream|leap|server|desktop|cloud|minimal|live|core))?[-_. ]?|(?:el|ol|al|amzn))v?(\d{1,4}(?:[._]\d{1,2})?)|(?<![a-z])(?:xenial|bionic|focal|jammy|noble|stretch|buster|bullseye|bookworm|trixie)(?![a-z])/

/** What is put into an image, when a version stands behind it. At the beginning of a file's name it is the product itself. Whatever else follows a system's release is a part too, see `ownerOfVersion`. */
const PART = /(?<=[-_.~+ /])(?:k8s|kube(?:rnetes|adm|let)?|k3s|k0s|rke2?|microk8s|docker|containerd|cri-?o|podman|nvidia|cuda|cudnn|rocm|kernel|python|node(?:js)?|(?:open)?jdk|postgres(?:ql)?)[-_. ]?v?\d[\w.+~]*/g
const ANY_PART = new RegExp(PART.source)

/** Words between a system's release and a version that leave the version the image's own. */
const PLAIN_WORDS = new Set([
  'server', 'desktop', 'base', 'minimal', 'golden', 'image', 'img', 'template', 'tpl', 'vm', 'disk', 'cloud', 'cloudimg', 'genericcloud', 'generic', 'standard', 'std', 'core', 'full', 'live',
  'lts', 'amd', 'x', 'arm', 'aarch', 'bios', 'uefi', 'efi', 'kvm', 'qemu', 'openstack', 'azure', 'gcp', 'aws', 'v', 'r', 'ver', 'version', 'release', 'build', 'rev', 'stream', 'stable', 'custom', 'hardened', 'cis', 'en', 'us',
  'xenial', 'bionic', 'focal', 'jammy', 'noble', 'stretch', 'buster', 'bullseye', 'bookworm', 'trixie',
])

/** `own`: of the image or its product. `system`: of the operating system, so that an installer of it is made once. `part`: of something in it. */
type VersionOwner = 'own' | 'system' | 'part'

/** The name without what is known to be a part's version; undefined where there is none. Lower-case, as all here. */
function withoutParts(name: string): string | undefined {
  return ANY_PART.test(name) ? name.replace(PART, '~') : undefined
}

/** Whether the name says a release of an operating system. */
function namesSystem(name: string): boolean {
  return SYSTEM.test(name)
}

/** To whom a version belongs that was found in a lower-case name: what stands between a system's release and a later version decides. */
function ownerOfVersion(name: string, version: string): VersionOwner {
  const system = SYSTEM.exec(name)
  if (!system)
    return 'own'
  const release = (system[1] ?? '').replaceAll('_', '.')
  const end = system.index + system[0].length
  const at = name.indexOf(version)
  const plain = version.replace(/^v/, '').replaceAll('_', '.')
  // `22.04.3` in `ubuntu-22.04.3`, `22.04-20` in `ubuntu-22.04-20`, `12.7.0` in `debian-12-12.7.0`; but `39-1.5` is a compose of Fedora.
  if (at + version.length > end - release.length && release && (plain.startsWith(`${release}.`) || (release.includes('.') && plain.startsWith(`${release}-`))))
    return 'system'
  if (at < end)
    return 'own'
  return (name.slice(end, at).match(/[a-z]+/g) ?? []).every(word => PLAIN_WORDS.has(word)) ? 'own' : 'part'
}

const ARCHITECTURE = /x86[_-]64(?:[_-]?v\d)?|amd64(?:v\d)?|ia64|ppc64(?:le|el)?|aarch64|arm64|riscv64|s390x|i[3-6]86|armv\d\w{0,3}|armhfp?|loong(?:arch)?64|(?:32|64)-?bit|x(?:32|64|86)/g
type Table = readonly [Identity, readonly Patterns[]]
const OF_NAMES: readonly Table[] = [['build', BUILD_OF_A_FILE], ['version', [[undefined, ...VERSION]]], ['release', [[undefined, ...RELEASE]]]]
const OF_DIRECTORIES: readonly Table[] = [['build', BUILD], ['version', [[undefined, ...VERSION]]]]
const VERSIONS: readonly Table[] = [['version', [[undefined, ...VERSION]]]]
const NONE: FoundIdentity = { identity: 'none', text: '' }

function find(bare: string, tables: readonly Table[]): FoundIdentity {
  for (const [identity, groups] of tables) {
    for (const group of groups) {
      const text = firstMatch(bare, group)
      if (text)
        return { identity, text }
    }
  }
  return NONE
}

function firstMatch(bare: string, patterns: Patterns): string | undefined {
  const [needs] = patterns
  if (needs && !needs.test(bare))
    return undefined
  for (let index = 1; index < patterns.length; index++) {
    // `test` makes no match object, and most patterns match nothing.
    if (patterns[index]?.test(bare))
      return patterns[index]?.exec(bare)?.[0]
  }
  return undefined
}

function identify(name: string, tables: readonly Table[]): FoundIdentity {
  // The processor's name goes out first: `x86_64` is no version.
  const bare = name.replace(ARCHITECTURE, '~')
  if (!/\d/.test(bare))
    return NONE
  const found = find(bare, tables)
  return found.identity === 'version' ? versionOfTheImage(bare, found) : found
}

/** A version that is found first may be a part's, while another is the image's own. */
function versionOfTheImage(bare: string, first: FoundIdentity): FoundIdentity {
  const rest = withoutParts(bare)
  const found = rest === undefined ? first : find(rest, VERSIONS)
  if (!found.text)
    return { identity: 'part', text: first.text }
  const owner = /^v?\d/.test(found.text) ? ownerOfVersion(rest ?? bare, found.text) : 'own'
  if (owner === 'own')
    return found
  return { identity: rest === undefined ? owner : 'part', text: found.text }
}

/** The strongest identity in a lower-case file name without its image extension. */
export function identityOfName(name: string): FoundIdentity {
  if (!/\d/.test(name))
    return NONE
  const found = identify(name, OF_NAMES)
  if ((found.identity !== 'version' && found.identity !== 'release') || !SHORT_COMMIT.test(name) || namesSystem(name))
    return found
  return { identity: 'build', text: SHORT_COMMIT.exec(name)?.[0] ?? '' }
}

/** Identifiers of accounts, buckets, shares and tenants look like hashes, and a machine's address like a version. */
const NO_BUILD_OF_A_DIRECTORY = /^(?:auth_)?[0-9a-f]{8,128}$|^[0-9a-f]{8}-[0-9a-z]{4}-|^build-?\d+$|^\d{1,3}(?:\.\d{1,3}){3}$/
/** Directories that hold one directory for each owner, machine or ticket, whose numbers are no dates. */
const OWNERS = /^(?:customers?|clients?|tenants?|users?|accounts?|members?|orgs?|tickets?|cases?|issues?|pulls?|pr|mr|s|shares?|hosts?|srv)$/
/** Directories whose content is named by its digest or commit. */
const DIGESTS = /^(?:md5(?:sums?)?|sha(?:-?(?:1|256|512))?(?:sums?)?|commits?|git)$/

/** Whether a name is a digest or commit, which the directory above it says. */
export function isDigest(name: string, above: string): boolean {
  return DIGESTS.test(above) && /^[0-9a-f]{7,128}$/.test(name)
}

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
  if (isDigest(name, above))
    return { identity: 'build', text: name }
  if ((NO_BUILD_OF_A_DIRECTORY.test(name) && !/^20[0-3]\d{5}/.test(name)) || OWNERS.test(above))
    return NONE
  // The slash before a directory's name makes a part of what it begins with: `docker-24.0.7/disk.img`.
  const found = identify(`/${name}`, OF_DIRECTORIES)
  return found.identity === 'build' || (found.identity === 'version' && !CANDIDATE.test(found.text)) ? found : NONE
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
const BUILD_POINTER = /(?<![a-z])(?:last[-_.]?(?:successful|stable|completed|build|finished|pinned|green|good|passing|passed|known|promoted)|latest[-_.]?(?:successful|build|finished|green|good|passing|passed|known|promoted))[a-z]*/
/** Trees and branches that are built again and again. */
const REBUILDS = new Set([
  'daily', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'pending', 'master', 'head', 'trunk', 'tip',
  'devel', 'develop', 'development', 'testing', 'unstable', 'sid', 'rawhide', 'tumbleweed', 'cauldron', 'canary', 'continuous', 'experimental',
  'dailies', 'dev', 'edge', 'prerelease', 'bleeding', 'bloody', 'branch', 'branches',
])
/** The ones that say how often or who builds: even a version number below them is built again. A branch may well hold a finished file. */
const TIMED = new Set(['daily', 'dailies', 'nightly', 'nightlies', 'weekly', 'monthly', 'hourly', 'snapshot', 'snapshots', 'rolling', 'continuous', 'canary', 'pending', 'branch', 'branches'])
/** Of those, the ones that also name an edition: beside a release number they decide nothing. */
const EDITIONS = new Set(['devel', 'development', 'testing', 'experimental', 'prerelease'])
/** Words that move only where nothing else in the URL says more. */
const WEAK = new Set(['stable', 'main', 'next', 'preview', 'oldstable', 'beta', 'alpha', 'ci'])

export type AliasKind = 'pointer' | 'rebuild' | 'branch' | 'weak'
export interface FoundAlias { readonly word: string, readonly kind: AliasKind }

const WORDS = /[a-z]+/g
/** Aliases of more than a word. */
const PHRASES: readonly { readonly kind: AliasKind, readonly phrase: RegExp }[] = [
  // What stands for the newest of a line of versions: `2.4.x`, and Artifactory's `[RELEASE]`.
  { kind: 'pointer', phrase: /(?<![\da-z.])v?\d{1,4}(?:\.\d{1,4}){0,3}\.x(?![\da-z])|\[(?:release|integration)\]/ },
  { kind: 'pointer', phrase: BUILD_POINTER },
  // Ubuntu's `release` beside its number is an alias, unless a date follows.
  { kind: 'pointer', phrase: /(?<![\d.])\d\d\.(?:04|10)[-_](?:lts[-_])?release(?![a-z]|[-_.]?\d)/ },
  // A series of OpenStack is a branch of each of its parts.
  { kind: 'branch', phrase: /(?<![a-z])(?:stable[-_]|(?:amphora|octavia|ipa|tinyipa|ironic)[a-z\d_.~-]{0,40}[-_])20[12]\d\.[12](?![\d.])/ },
  { kind: 'weak', phrase: /release[-_]candidates?(?![a-z])/ },
]
/** Most names and paths hold none of the phrases, and none of the words: these say so at once. */
const ANY_PHRASE = /\.x|\[|last|latest|release[-_]c|\d[-_](?:lts[-_])?release|20\d\d\.[12]/
const ANY_WORD = new RegExp([...POINTERS, ...REBUILDS, ...WEAK].join('|'))

function phraseOf(name: string): FoundAlias | undefined {
  for (const { kind, phrase } of PHRASES) {
    const word = phrase.exec(name)?.[0]
    if (word)
      return { word, kind }
  }
  return undefined
}

/** Whether a lower-case path can hold an alias at all. */
export function mayHoldAlias(path: string): boolean {
  return ANY_WORD.test(path) || ANY_PHRASE.test(path)
}

/** `nightlybuilds` says nightly. */
function wordsOf(name: string): readonly string[] {
  return (name.includes('build') ? name.replaceAll(/(?<=daily|nightly|weekly|monthly|hourly|current)builds?(?![a-z])/g, '') : name).match(WORDS) ?? []
}

/** The strongest alias word in a lower-case name: `kali-weekly` says weekly, `latest-4.9` and `applatest` latest, `webcurrently` nothing. */
export function aliasOf(name: string): FoundAlias | undefined {
  let found = ANY_PHRASE.test(name) ? phraseOf(name) : undefined
  if (!ANY_WORD.test(name))
    return found
  let edition: FoundAlias | undefined
  for (const word of wordsOf(name)) {
    if (EDITIONS.has(word))
      edition ??= { word, kind: 'rebuild' }
    else if (REBUILDS.has(word))
      return { word, kind: 'rebuild' }
    else if (found && found.kind !== 'weak')
      continue
    else if (POINTERS.has(word))
      found = { word, kind: 'pointer' }
    else if (word.includes('latest'))
      found = { word: 'latest', kind: 'pointer' }
    else if (!found && WEAK.has(word))
      found = { word, kind: 'weak' }
  }
  // A pointer moves whatever edition it points to.
  return edition && found?.kind !== 'pointer' ? edition : found
}

/** Whether the name says that everything below it is built again in time, whatever its version. */
export function isRebuiltInTime(name: string): boolean {
  return ANY_WORD.test(name) && (BUILD_POINTER.test(name) || wordsOf(name).some(word => TIMED.has(word)))
}

/** Tags that are moved with each build. */
const ROLLING_TAG = /^(?:alpha|beta|rc|ci|cd|test|tests|auto|(?:auto)?builds?)$/

/** Running numbers, and versions of two parts: `build-412`, `b1234`, `v23.11`, `haos-v14.2`, `10.5`; but no number of Ubuntu's alone, nor one behind any other word: `freebsd-14.1` is a system's. */
const NUMBERED_TAG = /^(?!\d\d\.(?:04|10)$)(?:(?:r|b|build|rev|run)[-_.]?\d{2,}|\d{5,}|(?:[a-z_-]{1,24}-)?v\d{1,4}\.\d{1,4}[a-z]?|\d{1,4}\.\d{1,4}[a-z]?)$/

/** What becomes of a tag: `rolling` moves with each build, `numbered` is one release, `unnumbered` may be either: a bare `v1` and a system's `debian-12` are moved as often as not. */
export function standingOfTag(tag: string): 'rolling' | 'numbered' | 'unnumbered' {
  const { identity } = identityOfName(tag)
  const alias = aliasOf(tag)
  if (ROLLING_TAG.test(tag) || (alias && (alias.word === tag || !hasNumber(tag) || alias.kind === 'pointer')))
    return 'rolling'
  if (identity === 'build' || (identity === 'version' && (!alias || alias.kind === 'weak')))
    return 'numbered'
  return !alias && !namesSystem(tag) && NUMBERED_TAG.test(tag) ? 'numbered' : 'unnumbered'
}

/** Whether an alias word may as well be the name of an edition. */
export function isEdition({ word }: FoundAlias): boolean {
  return EDITIONS.has(word)
}

/** Images that are built again for security updates under the same release number as a rule. */
export const CLOUD_IMAGE = /(?<![a-z])(?:cloudimg|genericcloud|nocloud|minimal-vm|cloudguest|generic-cloud|kube|amphora)(?![a-z_])/

/** Endings of disk images; `taken` are those that Harvester's own form accepts (harvester-ui-extension pkg/harvester/validators/vm-image.js). */
export const IMAGE_ENDING = /\.(?:(?:qcow2?|raw|img|iso|vmdk|vhdx?|vdi|ova|ovf|box|qcow2c|dd|wic|hddimg|zip)(?:\.(?:gz|xz|bz2|zst|zip|lz4))?|(?:gz|xz|bz2|zst|tgz|tar))$/
export const TAKEN_ENDING = /\.(?:qcow2?|raw|img|iso)$/

// Publishers of whom nothing else is known than that a file of this name (`path`, lower-case) is made once, for its release; `mirror` is matched on the lower-case path.
// A release number alone says little of a name that is nobody's known publisher: the image may be built again under it.
// Source: the publishers' own download pages, which keep the checksums of each release.
export const RELEASE_MAKERS: readonly { readonly id: string, readonly hosts: readonly string[], readonly mirror?: RegExp, readonly path: RegExp }[] = [
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
