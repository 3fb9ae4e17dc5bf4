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

/** What the checksum is worth: what the server read counts more than what was typed, for it looked at the bytes. */
export function standingOf(checksum: string, backend: ImageBackend, job?: Pick<ReadJob, 'state' | 'digests'>): ChecksumStanding {
  const kind = recognizeChecksum(checksum)
  if (!job || job.state === 'cancelled')
    return { word: wordOf(kind, backend), kind }
  const sha512 = job.state === 'verified' || job.state === 'computed' ? job.digests?.sha512 : undefined
  const isUsable = sha512 !== undefined && backend === 'backingimage' && acceptedChecksum(checksum) !== sha512
  return { word: job.state, kind, ...(isUsable && { usable: sha512 }) }
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
