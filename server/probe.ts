import type { IncomingHttpHeaders } from 'node:http'
import { FORMAT_HEAD, FORMAT_TAIL, readImageFormat } from '../pkg/images/imageFormat.ts'
import type { FileFacts, ProbeReport, ServedFile, UrlRefusal } from '../pkg/images/probe.ts'
import { contentRange, factsOf } from './fileFacts.ts'
import type { Outbound } from './outbound.ts'
import { findPins } from './pinSearch.ts'
import { findChecksums, publishedOf } from './publishedChecksums.ts'
import { firstBytes, follow } from './redirects.ts'
import type { Arrival } from './redirects.ts'

type Refused = Extract<Arrival, { state: 'refused' }>

/** What HEAD says, where it is answered at all; some servers and most signed links only know GET. */
async function askHead(outbound: Outbound, url: URL, signal: AbortSignal): Promise<Arrival> {
  const arrival = await follow(outbound, url, { method: 'HEAD', signal })
  if (arrival.state === 'arrived')
    arrival.answer.body.destroy()
  return arrival
}

function isServed(arrival: Arrival): arrival is Extract<Arrival, { state: 'arrived' }> {
  return arrival.state === 'arrived' && arrival.answer.statusCode === 200
}

/** The last bytes, where a part may be asked for. */
async function tailOf(outbound: Outbound, url: URL, signal: AbortSignal): Promise<Buffer> {
  const arrival = await follow(outbound, url, { method: 'GET', headers: { range: `bytes=-${FORMAT_TAIL}` }, signal })
  if (arrival.state !== 'arrived')
    return Buffer.alloc(0)
  const bytes = arrival.answer.statusCode === 206 ? await firstBytes(arrival.answer.body, FORMAT_TAIL) : Buffer.alloc(0)
  arrival.answer.body.destroy()
  return bytes
}

/** What GET and HEAD say together: HEAD's of the file, but GET's of the size, for it names that of what it serves. Some servers answer HEAD as if the file were empty. */
function factsOfBoth(get: IncomingHttpHeaders, head: IncomingHttpHeaders | undefined, seen: number): FileFacts & { readonly headSize?: number } {
  const { size: served, ...asServed } = factsOf(get)
  const { size: told, ...asTold } = head ? factsOf(head) : {}
  const size = served ?? (told === 0 && seen > 0 ? undefined : told)
  return { ...asServed, ...asTold, ...(size !== undefined && { size }), ...(told !== undefined && told !== size && { headSize: told }) }
}

interface Start { readonly hops: ProbeReport['hops'], readonly file: ServedFile }

/** Asks for the head of a file and the first bytes of it. */
async function askFile(outbound: Outbound, url: URL, signal: AbortSignal): Promise<Start | Refused | Extract<ProbeReport, { state: 'failed' }>> {
  const head = await askHead(outbound, url, signal)
  // What the rules forbid, and redirects that go nowhere, GET would only meet again.
  if (head.state === 'refused' || (head.state === 'failed' && head.failure.code !== 'cut'))
    return head
  const arrival = await follow(outbound, url, { method: 'GET', headers: { range: `bytes=0-${FORMAT_HEAD - 1}` }, signal })
  if (arrival.state !== 'arrived')
    return arrival
  const { hops, answer: { statusCode, headers, body } } = arrival
  // A range of an empty file cannot be satisfied (RFC 9110 §15.5.17).
  const empty = statusCode === 416 && contentRange(headers)?.size === 0
  if (statusCode !== 200 && statusCode !== 206 && !empty) {
    body.destroy()
    return { state: 'failed', hops, failure: { code: 'http', status: statusCode } }
  }
  const bytes = empty ? Buffer.alloc(0) : await firstBytes(body, FORMAT_HEAD)
  body.destroy()
  const ranges = statusCode === 206
  const { size, headSize, ...facts } = factsOfBoth(headers, isServed(head) ? head.answer.headers : undefined, bytes.length)
  const plain = readImageFormat(bytes)
  const tail = ranges && (plain.kind === 'raw' || plain.kind === 'unknown') ? await tailOf(outbound, url, signal) : undefined
  return { hops, file: { ...facts, ...(size !== undefined && { size }), ...(headSize !== undefined && { headSize }), format: tail ? readImageFormat(bytes, tail) : plain, ranges, ...(!isServed(head) && { headRefused: true as const }) } }
}

/**
 * Finds out what a URL serves: the way there, the file's head and format, its published checksums, and the build behind it.
 * A URL that the rules forbid, or that redirects to one, comes back as `refused`. Never throws.
 */
export async function probe(outbound: Outbound, url: URL, signal: AbortSignal): Promise<ProbeReport | { readonly state: 'refused', readonly refusal: UrlRefusal, readonly host: string }> {
  const start = await askFile(outbound, url, signal)
  if ('state' in start)
    return start
  const { hops, file } = start
  const image = url.href
  const checksums = await findChecksums(outbound, image, signal)
  const pins = await findPins(outbound, { image, hops, facts: file, checksums }, signal)
  return { state: 'served', hops, file, checksums: publishedOf(checksums, image), pins }
}
