import type { Address, AddressReason, Reference } from './imageUrlAddress.ts'
import type { AliasKind, FoundAlias, FoundIdentity } from './imageUrlRules.ts'
import type { Algorithm, ChecksumFile, Habit } from './publishers.ts'
import { isBucket, isLoopback, readAddress, referenceOf, signedLink } from './imageUrlAddress.ts'
import { CLOUD_IMAGE, TAKEN_ENDING, aliasOf, hasNumber, identityOfDirectory, identityOfName, isDigest, isEdition, isNumbered, isRebuiltInTime, releaseOfDirectory, standingOfTag } from './imageUrlRules.ts'

export type ImageUrlVerdict = 'mutable' | 'pinned' | 'unknown' | 'unusable'

/**
 * How a link stands for who imports it: its verdict, unless what came of its bytes is of no use. `ended`: a signed link whose time
 * is over. `loopback`: Longhorn refuses it. `unusable`: also a link whose file no backend takes, whatever build it names.
 */
export type ImageUrlStanding = ImageUrlVerdict | 'ended' | 'loopback'

/** The sign that goes with a standing; the words are the standing's own. */
export const URL_TONES = { mutable: 'attention', pinned: 'ok', unknown: 'unknown', unusable: 'bad', ended: 'attention', loopback: 'attention' } as const satisfies Readonly<Record<ImageUrlStanding, string>>

/** Where the evidence stands. */
type UrlPlace = 'name' | 'directory' | 'query' | 'host'

/** The first reason decided the verdict; the others are things to know besides. */
export type ImageUrlReason
  = | AddressReason
    | { readonly code: 'credentials' | 'loopback' | 'signed-link' | 'no-build-identity' | 'private-host' }
    | { readonly code: 'format', readonly ending: string }
    | { readonly code: 'build', readonly build: string, readonly where: UrlPlace }
    | { readonly code: 'version', readonly version: string, readonly where: UrlPlace }
    | { readonly code: 'release' | 'part', readonly version: string, readonly where: UrlPlace }
    | { readonly code: 'flavour', readonly flavour: string }
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

type Decision = Pick<ImageUrlJudgement, 'verdict'> & { readonly because: ImageUrlReason }

/**
 * Judges whether the bytes behind an image URL can change, from the text alone. Never throws.
 *
 * `mutable`: a later build takes the same URL. `pinned`: the URL names one build. `unknown`: nothing says so.
 * `unusable`: no image can come from it. Evidence in this order: what cannot be downloaded, links that end, what a store, a
 * forge or a build server is asked for, build identity in the file name, then in a directory, tags of releases, what a publisher builds again whatever version it writes, alias words in the name, versions of the image's own,
 * alias words in directories from the nearest, what is known of the publisher, flavours, release numbers, the host's name.
 * Source of the order: measured on labelled URLs (bench/urls.mjs); Longhorn downloads the same URL again when all
 * copies are lost (longhorn-manager controller/backing_image_controller.go).
 */
export function judgeImageUrl(text: string): ImageUrlJudgement {
  const read = readAddress(text)
  if ('because' in read)
    return { verdict: read.verdict, reasons: [read.because] }
  const signed = signedLink(read)
  const decision = signed ? { verdict: 'unknown' as const, because: { code: 'signed-link' as const } } : decide(read)
  const { publisher } = read
  const gone = decision.verdict === 'pinned' ? disappearance(read, decision) : undefined
  const judgement: { -readonly [Key in keyof ImageUrlJudgement]: ImageUrlJudgement[Key] } = { verdict: decision.verdict, reasons: [decision.because, ...asides(read, decision)] }
  if (publisher)
    judgement.publisher = publisher.id
  if (gone)
    judgement.mayDisappear = gone
  if (signed)
    judgement.expires = signed
  if (publisher?.pinnedForm && decision.verdict !== 'pinned')
    judgement.pinnedForm = publisher.pinnedForm
  if (publisher?.checksums)
    judgement.checksumFiles = checksumFiles(read, publisher.checksums)
  return judgement
}

function decide(address: Address): Decision {
  const reference = referenceOf(address)
  const asked = reference && askedFor(reference)
  if (asked)
    return asked
  const { file, directories } = address
  const stem = file.slice(0, file.length - address.ending.length)
  const known = habit(address, 'build')
  if (known)
    return pointerInName(address, stem, known) ?? known
  const own = isDigest(stem, directories.at(-1) ?? '') ? { identity: 'build' as const, text: stem } : identityOfName(stem)
  if (reference?.means === 'either')
    return branchOrTag(reference.name, own)
  if (own.identity === 'build')
    return pinned({ code: 'build', build: own.text, where: 'name' })
  const near = readDirectories(address)
  if (near?.identity === 'build') {
    const decision = pinned({ code: 'build', build: near.text, where: 'directory' })
    return pointerInName(address, stem, decision) ?? decision
  }
  return releaseTag(reference) ?? habit(address, 'version') ?? aliasInName(address, stem, own) ?? versionOf(address, own, near) ?? weakEvidence(address, stem, own, near)
}

/** A pointer in a tree that should not move: where it is the whole name it moves all the same, else nobody knows. */
function pointerInName({ file, mayHoldAlias }: Address, stem: string, { verdict }: Decision): Decision | undefined {
  const alias = verdict === 'pinned' && mayHoldAlias ? aliasOf(stem) : undefined
  return alias?.kind === 'pointer' ? { verdict: alias.word === stem ? 'mutable' : 'unknown', because: { code: 'alias', ...alias, where: 'name', segment: file } } : undefined
}

function pinned(because: ImageUrlReason): Decision {
  return { verdict: 'pinned', because }
}

/** A version of an object, a commit, a branch, the newest run of a job. */
function askedFor(reference: Reference): Decision | undefined {
  if (reference.means === 'build')
    return pinned({ code: 'build', build: reference.build, where: reference.where })
  return reference.means === 'moving' ? { verdict: 'mutable', because: aliasReason(reference, reference.where, reference.segment) } : undefined
}

/** A name without a number is a branch as a rule; whether a file that says its build is put there once, nobody knows. */
function branchOrTag(name: string, own: FoundIdentity): Decision {
  if (hasNumber(name))
    return { verdict: 'unknown', because: { code: 'no-build-identity' } }
  return { verdict: own.identity === 'build' || own.identity === 'version' || own.identity === 'system' ? 'unknown' : 'mutable', because: { code: 'alias', word: name, kind: 'branch', where: 'directory', segment: name } }
}

/** A tag with a number is a release, whatever the file is called; what stands for no release is moved. */
function releaseTag(reference: Reference | undefined): Decision | undefined {
  if (reference?.means !== 'tag')
    return undefined
  const { tag } = reference
  switch (standingOfTag(tag)) {
    case 'numbered': return pinned({ code: 'version', version: tag, where: 'directory' })
    case 'rolling': return { verdict: 'mutable', because: { code: 'alias', word: tag, kind: 'weak', where: 'directory', segment: tag } }
    case 'unnumbered': return undefined
  }
}

function aliasInName({ file, mayHoldAlias }: Address, stem: string, own: FoundIdentity): Decision | undefined {
  const alias = mayHoldAlias ? aliasOf(stem) : undefined
  return alias && alias.kind !== 'weak'
    ? { verdict: own.identity !== 'none' && isEdition(alias) ? 'unknown' : 'mutable', because: { code: 'alias', ...alias, where: 'name', segment: file } }
    : undefined
}

function versionOf(address: Address, own: FoundIdentity, near: Near | undefined): Decision | undefined {
  const versioned = own.identity === 'version' || own.identity === 'system' || own.identity === 'part'
  if (near?.kind && isBuiltAgain(near) && (versioned || near.overVersion))
    return { verdict: address.directories.some(isRebuiltInTime) ? 'mutable' : 'unknown', because: aliasIn(near) }
  const moving = versioned || near?.identity ? movingHost(address) : undefined
  if (moving)
    return { verdict: 'unknown', because: moving.because }
  if (own.identity === 'version' || (own.identity === 'system' && isOfItsMaker(address)))
    return pinned({ code: 'version', version: own.text, where: 'name' })
  if (versioned && (!near?.kind || near.kind === 'weak'))
    return (own.identity === 'system' ? habit(address) : undefined) ?? { verdict: 'unknown', because: { code: own.identity === 'part' ? 'part' : 'release', version: own.text, where: 'name' } }
  return near?.identity === 'version' ? pinned({ code: 'version', version: near.text, where: 'directory' }) : undefined
}

/** A system's point release is made once as an installer, or by who makes the system; its name on any other disk image tells what is inside. */
function isOfItsMaker({ publisher, privateHost, ending }: Address): boolean {
  return ending.startsWith('.iso') || (publisher !== undefined && !publisher.project && !privateHost)
}

/** Where no build and no version is named: moving directories, the publisher's ways, release numbers, what the host is called. */
function weakEvidence(address: Address, stem: string, own: FoundIdentity, near: Near | undefined): Decision {
  const { file, privateHost } = address
  const release = own.identity === 'release' ? own.text : releaseOfDirectory(stem, address.directories)
  if (near?.kind && near.kind !== 'weak')
    return { verdict: 'mutable', because: aliasIn(near) }
  const known = habit(address)
  if (known)
    return known
  const flavour = CLOUD_IMAGE.exec(stem)?.[0]
  if (flavour && !privateHost && !isBucket(address))
    return { verdict: 'mutable', because: { code: 'flavour', flavour } }
  const moving = movingHost(address)
  if (moving)
    return moving
  if (release)
    return { verdict: 'unknown', because: { code: 'release', version: release, where: 'name' } }
  const alias = aliasOf(stem)
  if (alias)
    return { verdict: 'mutable', because: { code: 'alias', ...alias, where: 'name', segment: file } }
  if (near?.kind)
    return { verdict: 'mutable', because: aliasIn(near) }
  return { verdict: 'unknown', because: { code: privateHost ? 'private-host' : 'no-build-identity' } }
}

/** `nightly.example.org` and `daily.example.org` serve what their name says. */
function movingHost({ host, privateHost }: Address): Decision | undefined {
  const first = host.slice(0, host.indexOf('.'))
  const alias = privateHost ? undefined : aliasOf(first)
  return alias && isRebuiltInTime(first) ? { verdict: 'mutable', because: { code: 'alias', ...alias, where: 'host', segment: host } } : undefined
}

type Near
  = | { readonly identity: 'build' | 'version', readonly text: string, readonly kind?: undefined }
    | { readonly identity?: undefined, readonly kind: AliasKind, readonly word: string, readonly segment: string, readonly overVersion?: boolean }

function aliasIn(near: Near & { readonly kind: AliasKind }): ImageUrlReason {
  return aliasReason(near, 'directory', near.segment)
}

function aliasReason({ word, kind }: FoundAlias, where: UrlPlace, segment: string): ImageUrlReason {
  return { code: 'alias', word, kind, where, segment }
}

/** Whether what lies below is built again, so that a version there says little. */
function isBuiltAgain({ kind, word }: FoundAlias): boolean {
  return kind === 'rebuild' || isRebuiltInTime(word)
}

/** The nearest directory that says something. A word for rebuilds beats a pointer further down: `/daily/current/`. */
function readDirectories({ directories, mayHoldAlias }: Address): Near | undefined {
  let found: Near | undefined
  let numbered = false
  for (let index = directories.length - 1; index >= 0; index--) {
    const segment = directories[index] ?? ''
    const { identity, text } = identityOfDirectory(segment, directories[index - 1] ?? '')
    if (identity === 'build' && (!found || found.kind === 'weak' || found.identity === 'version'))
      return { identity, text }
    numbered ||= isNumbered(segment)
    const alias = mayHoldAlias ? aliasOf(segment) : undefined
    if (alias && isBuiltAgain(alias))
      return { ...alias, segment, overVersion: found?.identity === 'version' }
    // `stable/22/` is a release in a tree of releases: the word moves nothing.
    const speaks = alias && (alias.kind !== 'weak' || (alias.word === segment && !numbered))
    if (speaks && (!found || (found.kind === 'weak' && alias.kind === 'pointer')))
      found = { ...alias, segment }
    else if (identity === 'version' && (!found || found.kind === 'weak'))
      found = { identity, text }
  }
  return found
}

function habit(address: Address, over?: Habit['over']): Decision | undefined {
  const { publisher, path, privateHost } = address
  if (privateHost)
    return undefined
  const found = publisher?.habits?.find(candidate => candidate.over === over && candidate.path.test(path))
  return found && publisher && { verdict: found.verdict, because: { code: 'publisher', publisher: publisher.id, because: found.because } }
}

function asides(address: Address, decision: Decision): ImageUrlReason[] {
  const { url, host, file, ending } = address
  const reasons: ImageUrlReason[] = []
  if (url.username || url.password)
    reasons.push({ code: 'credentials' })
  if (isLoopback(host))
    reasons.push({ code: 'loopback' })
  if (address.privateHost && decision.because.code !== 'private-host')
    reasons.push({ code: 'private-host' })
  if (!TAKEN_ENDING.test(file))
    reasons.push({ code: 'format', ending })
  return reasons
}

function disappearance(address: Address, decision: Decision): 'pruned' | 'moved' | undefined {
  const { publisher, directories, path, privateHost } = address
  if (decision.because.code === 'publisher' && decision.because.because === 'frozen')
    return undefined
  for (const directory of address.mayHoldAlias ? directories : []) {
    const alias = aliasOf(directory)
    if (alias && alias.kind !== 'weak')
      return alias.kind === 'rebuild' ? 'pruned' : publisher?.old ?? 'moved'
  }
  return !publisher?.old || privateHost || KEPT_TREE.test(path) || KEPT_HOST.test(address.host) || publisher.kept?.test(path) ? undefined : publisher.old
}

/** Where publishers put what they no longer serve elsewhere. */
const KEPT_TREE = /\/[^/]*(?:archive|vault|old-releases|history)[^/]*\//
const KEPT_HOST = /^(?:archives?|vault|old|old-releases|ftp-archive|legacy[^.]*)\./

function checksumFiles({ url }: Address, files: readonly ChecksumFile[]): ImageUrlJudgement['checksumFiles'] {
  const { origin, pathname } = url
  const slash = pathname.lastIndexOf('/') + 1
  const [folder, own] = [`${origin}${pathname.slice(0, slash)}`, pathname.slice(slash)]
  return files.filter(({ of }) => of?.test(own) ?? true).map(({ name, of, algorithm }) => ({ url: folder + (of && name.includes('$') ? own.replace(of, name) : nameBeside(name, own)), algorithm }))
}

function nameBeside(name: string, own: string): string {
  return name.replace('{file}', () => own).replace('{stem}', () => own.replace(/\.[a-z\d]+$/i, ''))
}

/** How a judged link stands; `now` in epoch milliseconds, where it is absent no link has ended. */
export function standingOfUrl(judgement: ImageUrlJudgement, now = Number.NEGATIVE_INFINITY): ImageUrlStanding {
  const { verdict, reasons } = judgement
  if (verdict === 'unusable' || reasons.some(isNeverTaken))
    return 'unusable'
  if (hasEnded(judgement, now))
    return 'ended'
  return verdict !== 'mutable' && reasons.some(({ code }) => code === 'loopback') ? 'loopback' : verdict
}

/** Whether a signed link's time is over. */
export function hasEnded({ expires }: ImageUrlJudgement, now: number): boolean {
  return expires?.at !== undefined && Date.parse(expires.at) <= now
}

/** Why the cluster does not take what a link serves, whatever build it names: its own machine, or a format by the ending. */
export function reasonToRefuse({ reasons }: ImageUrlJudgement): ImageUrlReason | undefined {
  return reasons.find(reason => reason.code === 'loopback' || isNeverTaken(reason))
}

// Harvester's form takes four endings, and neither backend another format (see `judgeFormat` in uploadPlan.ts). A name without an ending says nothing.
function isNeverTaken(reason: ImageUrlReason): boolean {
  return reason.code === 'format' && reason.ending !== ''
}
