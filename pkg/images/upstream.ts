import type { Patch } from '#kube/client.ts'
import type { BackingImage } from '#health/longhorn.ts'
import type { UpstreamCheck, UpstreamFinding, UpstreamWord, VirtualMachineImage } from './image.ts'
import type { ImageUrlVerdict } from './imageUrl.ts'
import type { ProbeReport, ReadFailure, ReadJob } from './probe.ts'
import { recognizeChecksum } from './checksum.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { UPSTREAM_CHECK_ANNOTATION, conclusionOf, upstreamCheckOf } from './image.ts'

// Is what an image's URL serves today still what was imported? Judged by what is recorded, which differs from image to image; what
// could not be compared is said.

/** What is recorded of the bytes that were imported. */
export interface UpstreamRecord {
  readonly size?: number
  /** Of the file, in lower-case hexadecimal. */
  readonly sha512?: string
  /** When the image was made: what was written before has not changed since (ISO 8601). */
  readonly made: string
  /** What the link itself says of its bytes. */
  readonly link: ImageUrlVerdict
  readonly before?: UpstreamCheck
}

type Answer = Omit<UpstreamCheck, 'at'>
type Standing = UpstreamFinding['standing']

/** The patch of an image that keeps what was found, for every console. */
export function keepCheck(found: UpstreamCheck): Patch {
  return { type: 'merge', body: { metadata: { annotations: { [UPSTREAM_CHECK_ANNOTATION]: JSON.stringify(found) } } } }
}

/** Longhorn keeps the SHA-512 of what it downloaded; CDI keeps none and does not look at the one that was asked for. */
export function recordOf(image: VirtualMachineImage, backingImage: BackingImage | undefined): UpstreamRecord {
  const asked = image.spec.backend === 'cdi' ? '' : image.spec.checksum ?? ''
  const sha512 = [backingImage?.status?.checksum ?? '', asked].find(checksum => recognizeChecksum(checksum) === 'sha512')?.trim().toLowerCase()
  const before = upstreamCheckOf(image)
  return { ...(image.status?.size && { size: image.status.size }), ...(sha512 && { sha512 }), made: image.metadata.creationTimestamp, link: judgeImageUrl(image.spec.url ?? '').verdict, ...(before && { before }) }
}

/** Answers that a download would get, too: not for everybody, no such file, a link that has ended. */
const FINAL = new Set([401, 403, 404, 410])

/** Whether a download would fail as surely, and not only today. A name that nobody has is final; one that cannot be asked for is not. */
function isFinal(failure: ReadFailure): boolean {
  return failure.code === 'http' ? FINAL.has(failure.status) : failure.code === 'no-name' && /^(?:ENOTFOUND|ENODATA)$/.test(failure.detail)
}

/** What was served before is kept for the day that the file is back; what was found out before stays found out where nobody answers. */
function answerFailure(failure: ReadFailure, before: UpstreamCheck | undefined): Answer {
  const served = before?.served && { served: before.served }
  const last = conclusionOf(before)
  return isFinal(failure)
    ? { word: 'gone', findings: [], ...served, failure }
    : { word: 'cannot-say', findings: [], ...served, failure, ...(last && { last }) }
}

/** Whether the URL still serves what was imported, by what the server saw of it without reading it whole. */
export function judgeUpstream(record: UpstreamRecord, report: ProbeReport): Answer {
  if (report.state === 'failed')
    return answerFailure(report.failure, record.before)
  const { file, checksums } = report
  // A line of another name tells of another file.
  const own = checksums.filter(({ names }) => names === undefined)
  const published = own.find(({ algorithm }) => algorithm === 'sha512') ?? own[0]
  const { size, etag, lastModified } = file
  const served: UpstreamCheck['served'] = {
    ...(size !== undefined && { size }), ...(etag && { etag }), ...(lastModified && { lastModified }),
    ...(published && { published: { algorithm: published.algorithm, digest: published.digest } }),
  }
  const findings = compare(record, served)
  return { word: wordOf(findings, record), findings, served }
}

/** The same by a read of all bytes, with the recorded checksum as what they must be. Undefined while it goes on and where it was cancelled. */
export function judgeUpstreamRead({ state, digests, file, failure }: Pick<ReadJob, 'state' | 'digests' | 'file' | 'failure'>, before?: UpstreamCheck): Answer | undefined {
  if (state === 'failed' && failure)
    return answerFailure(failure, before)
  if (state !== 'verified' && state !== 'mismatch')
    return undefined
  const { size, etag, lastModified } = file
  const served = { ...(size !== undefined && { size }), ...(etag && { etag }), ...(lastModified && { lastModified }), ...(digests?.sha512 && { published: { algorithm: 'sha512' as const, digest: digests.sha512 } }) }
  const same = state === 'verified'
  return { word: same ? 'unchanged' : 'changed', findings: [{ fact: 'bytes', standing: same ? 'same' : 'differs' }], served }
}

function compare({ size, sha512, made, before }: UpstreamRecord, served: NonNullable<UpstreamCheck['served']>): UpstreamFinding[] {
  const { published } = served
  const earlier = before?.served
  const written = Date.parse(served.lastModified ?? '')
  const found: readonly (readonly [UpstreamFinding['fact'], Standing | undefined])[] = [
    ['checksum', !sha512 ? 'not-recorded' : published?.algorithm !== 'sha512' ? 'not-served' : standing(sha512, published.digest)],
    ['size', size === undefined ? 'not-recorded' : served.size === undefined ? 'not-served' : standing(size, served.size)],
    ['date', Number.isNaN(written) ? 'not-served' : written <= Date.parse(made) ? 'same' : 'differs'],
    ['earlier-checksum', published?.algorithm === 'sha512' && sha512 ? undefined : !published ? 'not-served' : earlier?.published?.algorithm === published.algorithm ? standing(earlier.published.digest, published.digest) : 'not-recorded'],
    ['earlier-etag', !served.etag ? 'not-served' : earlier?.etag ? standing(earlier.etag, served.etag) : 'not-recorded'],
  ]
  return found.flatMap(([fact, seen]) => seen ? { fact, standing: seen } : [])
}

function standing(recorded: string | number, served: string | number): Standing {
  return recorded === served ? 'same' : 'differs'
}

/**
 * A checksum decides, then the size. What is the same as at an earlier look is as it was found then. A date alone proves nothing
 * new: a mirror may write a file again, and servers make an ETag of more than the bytes. An old date and the same size
 * look alike where the link names one build; behind another a file is often published hours after it was written.
 */
function wordOf(findings: readonly UpstreamFinding[], { link, before }: UpstreamRecord): UpstreamWord {
  const of = (fact: UpstreamFinding['fact']) => findings.find(finding => finding.fact === fact)?.standing
  if (of('checksum') === 'same')
    return 'unchanged'
  if (of('checksum') === 'differs' || of('size') === 'differs' || of('earlier-checksum') === 'differs')
    return 'changed'
  const isAsBefore = of('earlier-checksum') === 'same' || of('earlier-etag') === 'same'
  const earlier = conclusionOf(before)?.word
  if (isAsBefore && earlier !== undefined && earlier !== 'gone')
    return earlier
  return link === 'pinned' && of('size') === 'same' && of('date') === 'same' ? 'alike' : 'cannot-say'
}
