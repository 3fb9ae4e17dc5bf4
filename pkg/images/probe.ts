import type { ApiError } from '#kube/apiError.ts'
import type { ChecksumAlgorithm } from './checksumFile.ts'
import type { ImageFormat } from './imageFormat.ts'
import type { PinEvidence } from './pinning.ts'

// What the console and its server say to each other about the bytes behind a URL. Codes with parameters; the language files make sentences.

/** Why the server does not ask for a URL at all, or for what it redirects to. The `reason` of the first cause of a Status. */
export type UrlRefusal
  = | 'not-a-url' | 'too-long' | 'scheme' | 'credentials' | 'port' | 'local-name'
    /** Through an HTTP proxy, which resolves names itself: an IP address, a host that is on no list. */
    | 'address-through-proxy' | 'not-listed'
    /** The host is, or resolves to, an address that is not of the public internet. */
    | `address-${ClosedRange}`

/** Ranges that the server asks nothing of, unless its configuration opens them. */
export type ClosedRange = 'loopback' | 'link-local' | 'private' | 'shared' | 'multicast' | 'unspecified' | 'metadata' | 'reserved' | 'tunnel' | 'own'

/** Why a request to the server's own endpoints is refused; also the `reason` of a Status's first cause. */
export type GuardRefusal = UrlRefusal | 'bad-request' | 'no-cluster' | 'no-such-read' | 'may-not-create-images' | 'too-many'

/** Why a URL that was asked for served nothing. */
export type UrlFailure
  = | { readonly code: 'http', readonly status: number }
    | { readonly code: 'too-many-redirects', readonly most: number }
    | { readonly code: 'bad-redirect' }
    /** `detail`: the system's or TLS's own word, e.g. `ECONNREFUSED`. */
    | { readonly code: 'no-name' | 'no-connection' | 'timeout' | 'tls' | 'proxy' | 'cut', readonly detail: string }

/** One step on the way. The query of a redirect's target is left out: it may be a signature. */
export interface Hop {
  readonly url: string
  readonly hasQuery?: true
  /** Absent where there was no answer. */
  readonly status?: number
  /** Came here from https and goes on unencrypted. */
  readonly downgraded?: true
  readonly proxied?: true
}

/** What tells one version of a file from the next, as far as the server says it. */
export interface FileFacts {
  /** In bytes. */
  readonly size?: number
  readonly type?: string
  readonly etag?: string
  /** As the header says it (RFC 9110 date). */
  readonly lastModified?: string
}

export interface ServedFile extends FileFacts {
  readonly format: ImageFormat
  /** Whether a part can be asked for, so that a read can be resumed. */
  readonly ranges: boolean
  /** What HEAD says of the size, where that is not what is served. */
  readonly headSize?: number
  /** HEAD was refused; the facts are those of a GET. */
  readonly headRefused?: true
}

/** A checksum that is published for the image. */
export interface PublishedChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Lower-case hexadecimal. */
  readonly digest: string
  /** URL of the checksum file. */
  readonly file: string
  /** The name on its line, where that is not the image's. */
  readonly names?: string
  /** In a PGP clear signature, which nobody checked. */
  readonly signed?: true
  readonly size?: number
}

/** A URL that serves the same bytes and will not change. */
export interface PinCandidate {
  readonly url: string
  readonly evidence: readonly PinEvidence[]
  readonly checksum?: Pick<PublishedChecksum, 'algorithm' | 'digest'>
  /** Its publisher deletes or moves such files, so that a second download may find nothing. */
  readonly mayDisappear?: 'pruned' | 'moved'
  /** Its size beside that of the URL asked for, by HEAD. Only what looks the same is to be offered without a word. */
  readonly looks: 'same' | 'different' | 'unanswered'
  /** Whether both have the same ETag; absent where one has none. Servers make it of more than the bytes. */
  readonly sameEtag?: boolean
  readonly size?: number
}

export type PinFinding
  = | { readonly state: 'found', readonly candidates: readonly PinCandidate[] }
    /** The URL names one build already. */
    | { readonly state: 'pinned' }
    /** `no-checksum`: nothing published to go by. `no-twin`: none of the recipes led to a build with the same checksum. `out-of-time`: not all of them were tried. */
    | { readonly state: 'none', readonly because: 'no-checksum' | 'no-twin' | 'out-of-time' }

/** What the probe found. What could not be asked for at all is a Status instead (403, see `UrlRefusal`). */
export type ProbeReport
  = | { readonly state: 'served', readonly hops: readonly Hop[], readonly file: ServedFile, readonly checksums: readonly PublishedChecksum[], readonly pins: PinFinding }
    | { readonly state: 'failed', readonly hops: readonly Hop[], readonly failure: UrlFailure }

/** What is known of the bytes behind a URL. `absent`: there is no server that could ask. */
export type UrlProbe
  = | { readonly word: 'idle' | 'asking' | 'absent' }
    | { readonly word: 'refused', readonly error: ApiError }
    | { readonly word: 'answered', readonly report: ProbeReport }

export interface ImagePlace { readonly cluster: string, readonly namespace: string }
interface ProbeRequest extends ImagePlace { readonly url: string }
export interface ExpectedChecksum { readonly algorithm: ChecksumAlgorithm, readonly digest: string }
export interface ReadRequest extends ProbeRequest {
  /** What it must be; where absent the publisher's strongest checksum is looked for, and none need be found. */
  readonly expected?: ExpectedChecksum
}

/** `computed`: read to its end, with nothing to compare it with. */
export type ReadState = 'queued' | 'reading' | 'verified' | 'computed' | 'mismatch' | 'failed' | 'cancelled'

export type ReadFailure = UrlFailure
  | { readonly code: 'refused', readonly refusal: UrlRefusal, readonly host: string }
  /** `changed`: other bytes are served now than when the read began. `not-resumable`: the line was cut and parts cannot be asked for. */
  | { readonly code: 'changed' | 'not-resumable' | 'shorter' | 'internal' }
  | { readonly code: 'too-large', readonly most: number }
  | { readonly code: 'too-long', readonly hours: number }
  /** `least`: in bytes a second, on average over so many seconds. */
  | { readonly code: 'too-slow', readonly least: number, readonly seconds: number }

/** A long read: how far it is and what came of it. Times are ISO 8601. */
export interface ReadJob extends ReadRequest {
  readonly id: string
  readonly state: ReadState
  /** Read so far. */
  readonly bytes: number
  readonly file: FileFacts
  readonly format?: ImageFormat
  readonly created: string
  readonly started?: string
  readonly ended?: string
  /** How often a cut line was taken up again. */
  readonly resumed: number
  /** Where `expected` comes from when it was not given: the URL of the checksum file. */
  readonly published?: PublishedChecksum
  /** At the end; `sha512` always, others where they were compared. */
  readonly digests?: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  readonly failure?: ReadFailure
}

/** Whether a read has come to its end, one way or the other. */
export function isOver({ state }: Pick<ReadJob, 'state'>): boolean {
  return state !== 'queued' && state !== 'reading'
}

/** A request to the server's own endpoints, for `useGuard().ask`; carries the type of its answer, which is never set. */
interface GuardCall<Answer> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly answer?: Answer
}

export const probeCall = (request: ProbeRequest): GuardCall<ProbeReport> => ({ method: 'POST', path: '/guard/probe', body: request })
/** Begins a long read, or answers the one that already runs for the same request. */
export const beginReadCall = (request: ReadRequest): GuardCall<ReadJob> => ({ method: 'POST', path: '/guard/reads', body: request })
export const readCall = (id: string): GuardCall<ReadJob> => ({ method: 'GET', path: `/guard/reads/${encodeURIComponent(id)}` })
/** The reads of a namespace, the newest first. */
export const readsCall = ({ cluster, namespace }: ImagePlace): GuardCall<{ readonly reads: readonly ReadJob[] }> =>
  ({ method: 'GET', path: `/guard/reads?${new URLSearchParams({ cluster, namespace }).toString()}` })
/** Cancels a read that runs; forgets one that is over. */
export const endReadCall = (id: string): GuardCall<ReadJob> => ({ method: 'DELETE', path: `/guard/reads/${encodeURIComponent(id)}` })
