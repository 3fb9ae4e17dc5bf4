import type { ChecksumKind } from './checksum.ts'
import type { ImageBackend } from './image.ts'
import type { ExpectedChecksum, ReadJob } from './probe.ts'
import { acceptedChecksum, recognizeChecksum } from './checksum.ts'

/** Where the checksum of the form stands, in one word; the words of a read are those of its state. */
export type ChecksumWord = 'none' | 'accepted' | 'unrecognised' | 'not-sha512' | 'ignored' | Exclude<ReadJob['state'], 'cancelled'>

export interface ChecksumStanding {
  readonly word: ChecksumWord
  readonly kind: ChecksumKind
  /** The SHA-512 that the server computed, where the form does not have it yet and the cluster would look at it. */
  readonly usable?: string
}

/** Whose checksum the bytes were compared with: one that was typed, or the publisher's, which stands in `file`. */
interface ChecksumComparison extends ExpectedChecksum { readonly found: string, readonly file?: string }

type Read = Pick<ReadJob, 'state' | 'digests' | 'expected' | 'published'>

/**
 * What the checksum is worth. What the server read counts more than what was typed, for it looked at the bytes; but a read is
 * kept, and what is typed now need not be what it was compared with. It is compared here, and where the read did not compute its
 * algorithm, the read says nothing of it.
 */
export function standingOf(checksum: string, backend: ImageBackend, job?: Read): ChecksumStanding {
  const kind = recognizeChecksum(checksum)
  const word = (job && wordOfRead(checksum, kind, job)) ?? wordOf(kind, backend)
  const sha512 = word === 'verified' || word === 'computed' ? job?.digests?.sha512 : undefined
  const isUsable = sha512 !== undefined && backend === 'backingimage' && acceptedChecksum(checksum) !== sha512
  return { word, kind, ...(isUsable && { usable: sha512 }) }
}

/** What the read says of what is typed now; undefined where it says nothing of it. */
function wordOfRead(checksum: string, kind: ChecksumKind, { state, digests, published }: Read): ChecksumWord | undefined {
  if (state === 'cancelled' || kind === 'unrecognised')
    return undefined
  if (state === 'queued' || state === 'reading' || state === 'failed')
    return state
  const typed = expectedOf(checksum)
  if (!typed)
    return published || state === 'mismatch' ? state : 'computed'
  const found = digests?.[typed.algorithm]
  return found === undefined ? undefined : found === typed.digest ? 'verified' : 'mismatch'
}

/** What was compared when a read verified or refused the checksum: the one typed now, or, where that is the SHA-512 of the read itself, what the read was for. */
export function comparisonOf(checksum: string, { state, digests, expected, published }: Read): ChecksumComparison | undefined {
  const typed = expectedOf(checksum)
  const isOwn = typed?.algorithm === 'sha512' && typed.digest === digests?.sha512 && state === 'verified'
  const against = typed && !isOwn ? typed : expected ?? published ?? typed
  if (!against)
    return undefined
  const file = against === published ? published.file : undefined
  return { algorithm: against.algorithm, digest: against.digest, found: digests?.[against.algorithm] ?? '', ...(file && { file }) }
}

function wordOf(kind: ChecksumKind, backend: ImageBackend): ChecksumWord {
  if (backend === 'cdi')
    return 'ignored'
  switch (kind) {
    case 'none': case 'unrecognised': return kind
    case 'sha512': return 'accepted'
    default: return 'not-sha512'
  }
}

/** What a read is to be compared with: what was typed, where it is a checksum; undefined leaves it to the publisher's. */
export function expectedOf(checksum: string): ExpectedChecksum | undefined {
  const algorithm = recognizeChecksum(checksum)
  return algorithm === 'none' || algorithm === 'unrecognised' ? undefined : { algorithm, digest: checksum.trim().toLowerCase() }
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
