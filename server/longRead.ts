import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChecksumAlgorithm } from '../pkg/images/checksumFile.ts'
import { FORMAT_HEAD, readImageFormat } from '../pkg/images/imageFormat.ts'
import type { ImageFormat } from '../pkg/images/imageFormat.ts'
import type { FileFacts, ReadFailure } from '../pkg/images/probe.ts'
import { contentRange, factsOf } from './fileFacts.ts'
import type { Outbound, OutboundAnswer } from './outbound.ts'
import { failureOf, follow } from './redirects.ts'

/** What a read tells while it goes on. */
export interface Reading {
  bytes: number
  file: FileFacts
  format?: ImageFormat
  resumed: number
}

export interface ReadOrder {
  readonly url: URL
  readonly algorithms: readonly ChecksumAlgorithm[]
  /** In bytes. */
  readonly most: number
  readonly signal: AbortSignal
  /** How long to wait before a cut line is taken up, in milliseconds; doubled at each try in vain. */
  readonly patience: number
}

export type Digests = Partial<Record<ChecksumAlgorithm, string>>
export type Outcome = { readonly digests: Digests } | { readonly failure: ReadFailure }

const TRIES = 6
/** Answers that say: not now. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

/** What names the very bytes that are being read, for If-Range: a strong ETag, else the date (RFC 9110 §13.1.5). */
function validatorOf({ etag, lastModified }: FileFacts): string | undefined {
  return etag?.startsWith('"') ? etag : lastModified
}

function isSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.etag === b.etag && a.lastModified === b.lastModified && (a.size === b.size || b.size === undefined)
}

/** Whether an answer goes on where the read stopped; otherwise why the read ends, or that it should be tried again. */
function judgeAnswer({ statusCode, headers }: OutboundAnswer, reading: Reading, most: number): 'go-on' | 'again' | ReadFailure {
  if (PASSING.has(statusCode) && reading.bytes > 0)
    return 'again'
  if (reading.bytes > 0 && statusCode === 416)
    return { code: 'changed' }
  if (statusCode !== 200 && statusCode !== 206)
    return { code: 'http', status: statusCode }
  const facts = factsOf(headers)
  if (facts.size !== undefined && facts.size > most)
    return { code: 'too-large', most }
  if (reading.bytes === 0)
    return statusCode === 200 ? 'go-on' : { code: 'http', status: statusCode }
  if (!isSameFile(reading.file, { ...facts, type: reading.file.type }))
    return { code: 'changed' }
  return statusCode === 206 && contentRange(headers)?.from === reading.bytes ? 'go-on' : { code: 'not-resumable' }
}

interface Sums { readonly hashes: ReadonlyMap<ChecksumAlgorithm, Hash>, head: Buffer }

/** Hashes a body as it comes; nothing of it is kept but its head, which tells the format. */
async function take(body: OutboundAnswer['body'], reading: Reading, sums: Sums, most: number): Promise<ReadFailure | undefined> {
  for await (const piece of body as AsyncIterable<Buffer>) {
    for (const hash of sums.hashes.values())
      hash.update(piece)
    reading.bytes += piece.length
    if (sums.head.length < FORMAT_HEAD) {
      sums.head = Buffer.concat([sums.head, piece.subarray(0, FORMAT_HEAD - sums.head.length)])
      reading.format = readImageFormat(sums.head)
    }
    if (reading.bytes > most)
      return { code: 'too-large', most }
  }
  const { size } = reading.file
  return size === undefined || reading.bytes === size ? undefined : reading.bytes < size ? { code: 'shorter' } : { code: 'changed' }
}

/** One connection's worth of the read: done, ended for good, or cut, which may be tried again. */
async function attempt(outbound: Outbound, order: ReadOrder, reading: Reading, sums: Sums): Promise<'done' | ReadFailure | { readonly again: ReadFailure }> {
  const { url, signal, most } = order
  const validator = validatorOf(reading.file)
  if (reading.bytes > 0 && validator === undefined)
    return { code: 'not-resumable' }
  const headers = reading.bytes > 0 && validator !== undefined ? { 'range': `bytes=${reading.bytes}-`, 'if-range': validator } : undefined
  const arrival = await follow(outbound, url, { method: 'GET', headers, signal })
  if (arrival.state === 'refused')
    return { code: 'refused', refusal: arrival.refusal, host: arrival.host }
  if (arrival.state === 'failed')
    return reading.bytes > 0 ? { again: arrival.failure } : arrival.failure
  const { answer } = arrival
  const verdict = judgeAnswer(answer, reading, most)
  if (verdict !== 'go-on') {
    answer.body.destroy()
    return verdict === 'again' ? { again: { code: 'http', status: answer.statusCode } } : verdict
  }
  if (reading.bytes === 0)
    reading.file = factsOf(answer.headers)
  try {
    const failure = await take(answer.body, reading, sums, most)
    answer.body.destroy()
    return failure?.code === 'shorter' ? { again: failure } : failure ?? 'done'
  }
  catch (error) {
    return { again: failureOf(error) }
  }
}

/**
 * Reads a URL to its end and hashes it on the way; `reading` shows how far it is. A line that is cut is taken up where it
 * broke (Range with If-Range), as long as the server still has the same bytes and each try gets further. Throws when the
 * signal aborts.
 */
export async function readThrough(outbound: Outbound, order: ReadOrder, reading: Reading): Promise<Outcome> {
  const hashes = new Map(order.algorithms.map(algorithm => [algorithm, createHash(algorithm === 'blake2b' ? 'blake2b512' : algorithm)] as const))
  const sums: Sums = { hashes, head: Buffer.alloc(0) }
  for (let tries = 0; ;) {
    const before = reading.bytes
    const result = await attempt(outbound, order, reading, sums)
    order.signal.throwIfAborted()
    if (result === 'done') {
      reading.format ??= readImageFormat(sums.head)
      return { digests: Object.fromEntries([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')])) }
    }
    if ('code' in result)
      return { failure: result }
    tries = reading.bytes > before ? 0 : tries + 1
    if (tries === TRIES || reading.bytes === 0)
      return { failure: result.again }
    await sleep(order.patience * 2 ** tries, undefined, { signal: order.signal })
    reading.resumed++
  }
}
