import type { Hop, UrlFailure, UrlRefusal } from '../pkg/images/probe.ts'
import { RefusedUrl } from './outbound.ts'
import type { Outbound, OutboundAnswer, Question } from './outbound.ts'
import { failureCode } from './status.ts'

/** Where a URL led. `refused`: the rules forbid the URL itself, or one that it redirects to; `host` is that one's. */
export type Arrival
  = | { readonly state: 'arrived', readonly hops: readonly Hop[], readonly url: URL, readonly answer: OutboundAnswer }
    | { readonly state: 'failed', readonly hops: readonly Hop[], readonly failure: UrlFailure }
    | { readonly state: 'refused', readonly hops: readonly Hop[], readonly refusal: UrlRefusal, readonly host: string }

const MOST_HOPS = 8
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** A system's or undici's error as a code of ours with its own word. */
export function failureOf(error: unknown): UrlFailure {
  const refusedByProxy = /^Proxy (?:response \((\d+)\)|Authentication)/.exec(error instanceof Error ? error.message : '')
  if (refusedByProxy)
    return { code: 'proxy', detail: refusedByProxy[1] ?? '407' }
  const detail = error instanceof Error && /^(?:Abort|Timeout)Error$/.test(error.name) ? 'ABORTED' : failureCode(error)
  if (/^(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL)$/.test(detail))
    return { code: 'no-name', detail }
  if (/TIMEDOUT|TIMEOUT|ABORTED/.test(detail))
    return { code: 'timeout', detail }
  if (/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(detail))
    return { code: 'no-connection', detail }
  return { code: /CERT|SSL|TLS|SIGNATURE|EPROTO/.test(detail) ? 'tls' : 'cut', detail }
}

function hopOf(url: URL, before: URL | undefined): Hop {
  return {
    url: url.origin + url.pathname,
    ...(url.search && { hasQuery: true as const }),
    ...(before?.protocol === 'https:' && url.protocol === 'http:' && { downgraded: true as const }),
  }
}

function targetOf({ statusCode, headers }: OutboundAnswer, url: URL): URL | 'bad' | undefined {
  if (!REDIRECTS.has(statusCode))
    return undefined
  const { location } = headers
  return typeof location === 'string' && URL.canParse(location, url) ? new URL(location, url) : 'bad'
}

/** Asks for a URL and goes where it redirects to, by hand: each hop is judged as the first was. Answers the last one's answer, whose body is still to be read. */
export async function follow(outbound: Outbound, start: URL, question: Question): Promise<Arrival> {
  const hops: Hop[] = []
  let url = start
  let before: URL | undefined
  for (;;) {
    const hop = hopOf(url, before)
    let answer: OutboundAnswer
    try {
      answer = await outbound.send(url, question)
    }
    catch (error) {
      hops.push(hop)
      return error instanceof RefusedUrl
        ? { state: 'refused', hops, refusal: error.refusal, host: error.host }
        : { state: 'failed', hops, failure: failureOf(error) }
    }
    hops.push({ ...hop, status: answer.statusCode, ...(answer.proxied && { proxied: true as const }) })
    const target = targetOf(answer, url)
    if (!target)
      return { state: 'arrived', hops, url, answer }
    answer.body.destroy()
    if (target === 'bad')
      return { state: 'failed', hops, failure: { code: 'bad-redirect' } }
    if (hops.length > MOST_HOPS)
      return { state: 'failed', hops, failure: { code: 'too-many-redirects', most: MOST_HOPS } }
    before = url
    url = target
  }
}

/** A small text from a URL, or undefined where there is none, it is longer than `most` bytes, or it may not be asked for. */
export async function fetchText(outbound: Outbound, url: string, most: number, signal: AbortSignal): Promise<string | undefined> {
  const arrival = await follow(outbound, new URL(url), { method: 'GET', signal })
  if (arrival.state !== 'arrived')
    return undefined
  const { statusCode, headers, body } = arrival.answer
  const pieces = statusCode === 200 && !(Number(headers['content-length']) > most) ? await firstBytes(body, most + 1) : undefined
  body.destroy()
  return pieces && pieces.length <= most ? pieces.toString('utf8') : undefined
}

/** The first bytes of a body, at most so many; fewer where it ends or breaks off. The body is destroyed. */
export async function firstBytes(body: OutboundAnswer['body'], most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      length += piece.length
      if (length >= most)
        break
    }
  }
  catch {
    // What came before the end is judged by whoever asked.
  }
  body.destroy()
  return Buffer.concat(pieces).subarray(0, most)
}
