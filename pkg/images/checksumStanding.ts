import type { ChecksumKind } from './checksum.ts'
import type { ImageBackend } from './image.ts'
import type { ExpectedChecksum, PublishedChecksum, ReadJob } from './probe.ts'
import { acceptedChecksum, recognizeChecksum } from './checksum.ts'
import { strongest } from './checksumFile.ts'

/**
 * Where the checksum of the form stands, in one word; the words of a read are those of its state. `published`: the field is
 * empty, and one is published for the link. `contradicted`: it is not the one that is published for the link. `foreign`: it
 * was typed while another link stood in the form.
 */
export type ChecksumWord = 'none' | 'accepted' | 'unrecognised' | 'not-sha512' | 'ignored' | 'published' | 'contradicted' | 'foreign' | Exclude<ReadJob['state'], 'cancelled'>

/** Who put the checksum into the form, and for which link. */
export type ChecksumOrigin
  /** `url` is absent where there was no link yet. */
  = | { readonly by: 'operator', readonly url?: string }
    | { readonly by: 'publisher', readonly url: string }
    /** `word`: whether what was read had been compared with anything. */
    | { readonly by: 'read', readonly url: string, readonly word: 'verified' | 'computed' }

/** A checksum that is known to be published for the link; `file` is absent where another link's search found it. */
export type KnownChecksum = Pick<PublishedChecksum, 'algorithm' | 'digest'> & { readonly file?: string }

type Read = Pick<ReadJob, 'state' | 'digests' | 'expected' | 'published'>

/** What the checksum of the form is judged by. */
export interface ChecksumFacts {
  readonly checksum: string
  readonly backend: ImageBackend
  readonly url: string
  /** By the operator where it is absent. */
  readonly origin?: ChecksumOrigin
  /** Of this link, what has been found so far. */
  readonly published?: readonly KnownChecksum[]
  readonly job?: Read
}

export interface ChecksumStanding {
  readonly word: ChecksumWord
  readonly kind: ChecksumKind
  /** The SHA-512 that the server computed or the publisher prints, where the form does not have it yet and the cluster would look at it. */
  readonly usable?: string
  /** The published one that the words `published` and `contradicted` are about. */
  readonly against?: KnownChecksum
}

/** Whose checksum the bytes were compared with: one that was typed, the publisher's, which stands in `file`, or that of an earlier read. */
interface ChecksumComparison extends ExpectedChecksum { readonly found: string, readonly from: ChecksumOrigin['by'], readonly file?: string }

const isSame = (a: ExpectedChecksum | undefined, b: ExpectedChecksum | undefined) => a !== undefined && a.algorithm === b?.algorithm && a.digest === b.digest

/**
 * What the checksum is worth. What the server read counts more than what was typed, for it looked at the bytes; but a read is
 * kept, and what is typed now need not be what it was compared with. It is compared here, and where the read did not compute its
 * algorithm, the read says nothing of it. What the server read and compared with nothing stays so, also in the field.
 */
export function standingOf(facts: ChecksumFacts): ChecksumStanding {
  const { checksum, backend, job } = facts
  const kind = recognizeChecksum(checksum)
  const read = job && wordOfRead(facts, kind, job)
  const other = read === 'queued' || read === 'reading' || read === 'mismatch' ? undefined : contradictionOf(facts)
  const word = other ? 'contradicted' : read ?? wordOf(facts, kind)
  const against = other ?? (word === 'published' ? strongest(knownOf(facts)) : undefined)
  const sha512 = word === 'verified' || word === 'computed' ? job?.digests?.sha512 : knownOf(facts).find(({ algorithm }) => algorithm === 'sha512')?.digest
  const isUsable = (['verified', 'computed', 'published', 'contradicted', 'foreign'] as const).some(each => each === word) && sha512 !== undefined && backend === 'backingimage' && acceptedChecksum(checksum) !== sha512
  return { word, kind, ...(isUsable && { usable: sha512 }), ...(against && { against }) }
}

/** Whose the usable SHA-512 of a standing is, once it is put in for a link. */
export function originOf({ word }: Pick<ChecksumStanding, 'word'>, url: string): Exclude<ChecksumOrigin, { by: 'operator' }> {
  return word === 'verified' || word === 'computed' ? { by: 'read', url, word } : { by: 'publisher', url }
}

function knownOf({ published = [], job }: ChecksumFacts): readonly KnownChecksum[] {
  return [...published, ...job?.published ? [job.published] : []]
}

/** The publisher's checksum that a read was compared with, if that was what it was compared with. */
function publisherOf(facts: ChecksumFacts, { published, expected }: Read): KnownChecksum | undefined {
  return published ?? knownOf(facts).find(known => isSame(known, expected))
}

/** A published checksum that the one in the form should be, and is not. */
function contradictionOf(facts: ChecksumFacts): KnownChecksum | undefined {
  const typed = expectedOf(facts.checksum)
  const known = knownOf(facts).filter(({ algorithm }) => algorithm === typed?.algorithm)
  return known.some(each => isSame(each, typed)) ? undefined : known[0]
}

/** What the read says of what is in the form now; undefined where it says nothing of it. */
function wordOfRead(facts: ChecksumFacts, kind: ChecksumKind, job: Read): ChecksumWord | undefined {
  const { state, digests } = job
  if (state === 'cancelled' || kind === 'unrecognised')
    return undefined
  if (state === 'queued' || state === 'reading' || state === 'failed')
    return state
  const typed = expectedOf(facts.checksum)
  const publisher = publisherOf(facts, job)
  if (!typed)
    return publisher || state === 'mismatch' ? state : 'computed'
  if (publisher && state === 'mismatch')
    return 'mismatch'
  const found = digests?.[typed.algorithm]
  if (found === undefined)
    return undefined
  if (found !== typed.digest)
    return 'mismatch'
  return isObserved(facts) && !publisher ? 'computed' : 'verified'
}

/** Whether the checksum in the form is one that the server read and compared with nothing. */
function isObserved({ origin }: ChecksumFacts): boolean {
  return origin?.by === 'read' && origin.word === 'computed'
}

/**
 * What was compared when a read verified or refused the checksum: the one typed now, or, where that is the SHA-512 of the read
 * itself, what the read was for.
 */
export function comparisonOf(facts: ChecksumFacts): ChecksumComparison | undefined {
  const { checksum, origin, job } = facts
  if (!job)
    return undefined
  const typed = expectedOf(checksum)
  const publisher = publisherOf(facts, job)
  const isOwn = origin?.by === 'read' && typed?.algorithm === 'sha512' && typed.digest === job.digests?.sha512
  const isRefused = publisher !== undefined && job.state === 'mismatch'
  const against = typed && !isOwn && !isRefused ? typed : publisher ?? job.expected ?? (isObserved(facts) ? undefined : typed)
  if (!against)
    return undefined
  const known = knownOf(facts).find(each => isSame(each, against))
  return {
    algorithm: against.algorithm, digest: against.digest, found: job.digests?.[against.algorithm] ?? '',
    from: known ? 'publisher' : origin?.by === 'read' && against === typed ? 'read' : 'operator',
    ...(known?.file && { file: known.file }),
  }
}

function wordOf(facts: ChecksumFacts, kind: ChecksumKind): ChecksumWord {
  if (facts.backend === 'cdi')
    return 'ignored'
  if (kind === 'none')
    return knownOf(facts).length ? 'published' : 'none'
  if (kind === 'unrecognised')
    return kind
  if (isForeign(facts))
    return 'foreign'
  return kind !== 'sha512' ? 'not-sha512' : isObserved(facts) ? 'computed' : 'accepted'
}

/** Whether it was typed for another link than the one in the form, and nobody has said that it is this one's. */
function isForeign(facts: ChecksumFacts): boolean {
  const { origin, url, checksum } = facts
  return origin?.by === 'operator' && origin.url !== undefined && origin.url !== url && !knownOf(facts).some(each => isSame(each, expectedOf(checksum)))
}

/** What a checksum is, where it is one. */
export function expectedOf(checksum: string): ExpectedChecksum | undefined {
  const algorithm = recognizeChecksum(checksum)
  return algorithm === 'none' || algorithm === 'unrecognised' ? undefined : { algorithm, digest: checksum.trim().toLowerCase() }
}

/**
 * What a read is to be compared with: what was typed, or what the last read was compared with where its own result is in the
 * field, which would be compared with itself. Of what is published, what another link's search found; undefined leaves it to
 * what the server finds beside this one.
 */
export function expectedByRead(facts: ChecksumFacts): ExpectedChecksum | undefined {
  const typed = facts.origin?.by === 'read' ? facts.job?.expected : expectedOf(facts.checksum)
  const known = strongest(facts.published ?? [])
  return typed ?? (known && known.file === undefined ? { algorithm: known.algorithm, digest: known.digest } : undefined)
}

/** The newest read of the URL that is worth showing again; `reads` come newest first. The server keeps URLs without their fragment. */
export function readOf(url: string, reads: readonly ReadJob[]): ReadJob | undefined {
  const asked = URL.canParse(url.trim()) ? new URL(url.trim()) : undefined
  if (!asked)
    return undefined
  asked.hash = ''
  return reads.find(({ url: read, state }) => read === asked.href && state !== 'cancelled')
}

/** How far a read has got, in per cent; undefined while its size is not known. */
export function percentOf(job: Pick<ReadJob, 'bytes' | 'file'> | undefined): number | undefined {
  return job?.file.size ? Math.floor(100 * job.bytes / job.file.size) : undefined
}
