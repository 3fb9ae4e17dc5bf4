import { strongest } from '../pkg/images/checksumFile.ts'
import type { ChecksumEntry } from '../pkg/images/checksumFile.ts'
import { judgeImageUrl } from '../pkg/images/imageUrl.ts'
import { aliasDirectory, datedSiblings, directoryOf, findInIndex, imageName, isPinned, namedUrl, publisherNamed, readVersionFile, twinsOf } from '../pkg/images/pinning.ts'
import type { PinEvidence } from '../pkg/images/pinning.ts'
import type { FileFacts, Hop, PinCandidate, PinFinding } from '../pkg/images/probe.ts'
import type { Outbound } from './outbound.ts'
import { factsOf } from './fileFacts.ts'
import { listDirectory, readChecksums } from './publishedChecksums.ts'
import type { FoundFile } from './publishedChecksums.ts'
import { fetchText, follow } from './redirects.ts'

/** What the search starts from. */
export interface PinStart {
  readonly image: string
  readonly hops: readonly Hop[]
  readonly facts: FileFacts
  readonly checksums: readonly FoundFile[]
}

interface Lead { readonly url: string, readonly evidence: readonly PinEvidence[], readonly checksum?: ChecksumEntry }

const MOST_INDEX = 16 * 1024 * 1024
const MOST_VERSION = 16 * 1024
const MOST_CANDIDATES = 3

function ownEntries(checksums: readonly FoundFile[]): ChecksumEntry[] {
  return checksums.flatMap(({ own }) => own)
}

/** Names in the checksum files that have the image's checksum: a dated twin beside the alias, or the build that the image's own file names. */
function namedTwins({ image, checksums }: PinStart): Lead[] {
  const own = ownEntries(checksums)
  const name = imageName(image)
  return checksums.flatMap(({ url: file, file: { entries } }) => twinsOf(entries, own, name).flatMap(entry => {
    const url = namedUrl(image, entry.file ?? '')
    const code = entries.length === 1 ? 'named-by-checksum' as const : 'same-checksum' as const
    return url === undefined ? [] : [{ url, checksum: entry, evidence: [{ code, file, name: entry.file ?? '' }] }]
  }))
}

/** Where the URL redirected to, if that names a build. A target with a query may be signed, and ends. */
function redirected({ image, hops, checksums }: PinStart): Lead[] {
  const checksum = strongest(ownEntries(checksums))
  return hops.slice(1).filter(({ hasQuery }) => !hasQuery).map(({ url }) => ({ url, evidence: [{ code: 'redirect' as const, from: image }], ...(checksum && { checksum }) }))
}

/** The image in another directory, if the checksum file there has its checksum; under whatever name that file gives it. */
async function twinInDirectory(outbound: Outbound, { checksums }: PinStart, elsewhere: string, signal: AbortSignal): Promise<Lead | undefined> {
  const own = ownEntries(checksums)
  for (const { url } of checksums.filter(found => found.own.length > 0)) {
    const place = new URL(imageName(url), directoryOf(elsewhere)).href
    const found = await readChecksums(outbound, place, { image: elsewhere }, signal)
    const entry = strongest(found?.file.entries.filter(({ digest }) => own.some(mine => mine.digest === digest)) ?? [])
    if (entry)
      return { url: entry.file === undefined ? elsewhere : namedUrl(elsewhere, entry.file) ?? elsewhere, checksum: entry, evidence: [{ code: 'dated-sibling', file: place, directory: directoryOf(elsewhere) }] }
  }
  return undefined
}

async function datedTwin(outbound: Outbound, start: PinStart, signal: AbortSignal): Promise<Lead[]> {
  const alias = aliasDirectory(start.image)
  if (!alias || ownEntries(start.checksums).length === 0)
    return []
  for (const sibling of datedSiblings(alias, await listDirectory(outbound, alias.parent, signal) ?? [])) {
    const lead = await twinInDirectory(outbound, start, sibling, signal)
    if (lead)
      return [lead]
  }
  return []
}

async function versioned(outbound: Outbound, start: PinStart, signal: AbortSignal): Promise<Lead[]> {
  const file = publisherNamed(judgeImageUrl(start.image).publisher)?.versionFile
  const alias = aliasDirectory(start.image)
  if (!file || !alias)
    return []
  const place = new URL(file.name, `${alias.parent}${alias.alias}/`).href
  const version = readVersionFile(await fetchText(outbound, place, MOST_VERSION, signal) ?? '', file)
  if (version === undefined)
    return []
  const url = new URL(alias.rest, `${alias.parent}${version}/`).href
  const twin = await twinInDirectory(outbound, start, url, signal)
  return [{ ...twin ?? { url, evidence: [] }, evidence: [{ code: 'version-file', file: place, version }, ...twin?.evidence ?? []] }]
}

async function indexed(outbound: Outbound, start: PinStart, signal: AbortSignal): Promise<Lead[]> {
  const index = publisherNamed(judgeImageUrl(start.image).publisher)?.releaseIndex
  const checksum = ownEntries(start.checksums).find(({ algorithm }) => algorithm === 'sha256')
  const text = index && checksum ? await fetchText(outbound, index.url, MOST_INDEX, signal) : undefined
  const found = text !== undefined && index && checksum ? findInIndex(text, checksum.digest, index) : undefined
  return found && index && checksum ? [{ url: found.url, checksum, evidence: [{ code: 'release-index', file: index.url, serial: found.serial }] }] : []
}

/** One lead for each URL, with all that speaks for it; only such as name one build by the form's own judgement. */
function merge(leads: readonly Lead[]): Lead[] {
  const byUrl = new Map<string, Lead>()
  for (const lead of leads.filter(({ url }) => isPinned(url))) {
    const known = byUrl.get(lead.url)
    const checksum = strongest([known?.checksum, lead.checksum].filter(each => each !== undefined))
    byUrl.set(lead.url, { url: lead.url, evidence: [...known?.evidence ?? [], ...lead.evidence], ...(checksum && { checksum }) })
  }
  return [...byUrl.values()].slice(0, MOST_CANDIDATES)
}

async function lookAt(outbound: Outbound, { url, evidence, checksum }: Lead, facts: FileFacts, signal: AbortSignal): Promise<PinCandidate> {
  const arrival = await follow(outbound, new URL(url), { method: 'HEAD', signal })
  const answer = arrival.state === 'arrived' && arrival.answer.statusCode === 200 ? arrival.answer : undefined
  const { size, etag } = answer ? factsOf(answer.headers) : {}
  const { mayDisappear } = judgeImageUrl(url)
  if (arrival.state === 'arrived')
    arrival.answer.body.destroy()
  return {
    url, evidence,
    looks: size === undefined || facts.size === undefined ? 'unanswered' : size === facts.size ? 'same' : 'different',
    ...(size !== undefined && { size }),
    ...(etag !== undefined && facts.etag !== undefined && { sameEtag: etag === facts.etag }),
    ...(checksum && { checksum: { algorithm: checksum.algorithm, digest: checksum.digest } }),
    ...(mayDisappear && { mayDisappear }),
  }
}

/**
 * Looks for the build behind an alias, by the recipes of pinning.ts: what was read already first, then a version file, the
 * directories beside the alias, and the publisher's index, each only when those before it led nowhere.
 */
export async function findPins(outbound: Outbound, start: PinStart, signal: AbortSignal): Promise<PinFinding> {
  if (isPinned(start.image))
    return { state: 'pinned' }
  let leads = merge([...namedTwins(start), ...redirected(start)])
  for (const recipe of [versioned, datedTwin, indexed])
    leads = leads.length ? leads : merge(await recipe(outbound, start, signal))
  const looked = await Promise.all(leads.map(lead => lookAt(outbound, lead, start.facts, signal)))
  // A version file alone proves nothing of the bytes.
  const candidates = looked.filter(({ checksum, looks, evidence }) => checksum !== undefined || looks === 'same' || evidence.some(({ code }) => code === 'redirect'))
  if (candidates.length)
    return { state: 'found', candidates }
  return { state: 'none', because: signal.aborted ? 'out-of-time' : ownEntries(start.checksums).length ? 'no-twin' : 'no-checksum' }
}
