import { createServer } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { dayAt, locationOf, lookUp, pathOf, readerOf } from './catalogue.ts'
import type { ImageFile } from './imageFile.ts'
import { bytesOf } from './imageFile.ts'
import type { Leaf, Manner } from './leaf.ts'
import { listingOf } from './listing.ts'

/** The mirror of publishers on loopback. */
export interface MirrorServer {
  /** With a slash at its end. */
  readonly url: string
  readonly port: number
  readonly stop: () => Promise<void>
}

export interface MirrorOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Days by which its content is ahead of the calendar for a reader; '' is everybody. */
  readonly daysAhead: (reader: string) => number
}

interface Span { readonly from: number, readonly to: number }

const PIECE = 64 * 1024
const REASONS = { 403: 'Forbidden', 404: 'Not Found', 405: 'Not Allowed', 500: 'Internal Server Error', 503: 'Service Unavailable' } as const
const TYPES: Readonly<Record<string, string>> = { iso: 'application/x-iso9660-image', gz: 'application/gzip' }

function refuse(response: ServerResponse, status: keyof typeof REASONS, headers: OutgoingHttpHeaders = {}): void {
  const title = `${status} ${REASONS[status]}`
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  response.writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': page.length, ...headers }).end(page)
}

/** What of a file is asked for; undefined for all of it, 'none' where there is nothing there. */
function spanOf(range: string | undefined, size: number): Span | 'none' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (!first && !last)
    return undefined
  const from = first ? Number(first) : Math.max(0, size - Number(last))
  const to = first && last ? Math.min(size, Number(last) + 1) : size
  return from < to ? { from, to } : 'none'
}

/** The bytes as they leave: in pieces, at a pace, and not always to the end. */
async function* piecesOf(file: ImageFile, { from, to }: Span, { rate, breaksAt = Infinity, stallsAt = Infinity, ends }: Manner, over: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = from; ends === 'never' || at < to; at += PIECE) {
    if (at >= stallsAt)
      await sleep(2 ** 31 - 1, undefined, { signal: over })
    if (at >= breaksAt)
      throw new Error('the connection breaks here')
    const place = at % file.size
    const piece = bytesOf(file, place, Math.min(place + PIECE, ends === 'never' ? file.size : to, place + breaksAt - at))
    yield piece
    if (rate !== undefined)
      await sleep(piece.length * 1000 / rate, undefined, { signal: over })
  }
}

function validators({ modified }: { readonly modified: number }, size: number, manner: Manner = {}): { 'ETag'?: string, 'Last-Modified'?: string } {
  return manner.validators === 'none' ? {} : { 'ETag': `"${Math.floor(modified / 1000).toString(16)}-${size.toString(16)}"`, 'Last-Modified': new Date(modified).toUTCString() }
}

function isFresh(request: IncomingMessage, { ETag, 'Last-Modified': modified }: ReturnType<typeof validators>): boolean {
  const known = request.headers['if-none-match']
  return known ? known === ETag : modified !== undefined && request.headers['if-modified-since'] === modified
}

async function sendFile(request: IncomingMessage, response: ServerResponse, path: string, leaf: Extract<Leaf, { is: 'file' }>): Promise<void> {
  const { file, manner } = leaf
  const isHead = request.method === 'HEAD'
  if (isHead && manner.head === 'refused')
    return refuse(response, 405, { Allow: 'GET' })
  const common = { 'Content-Type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream', ...validators(leaf, file.size, manner), ...(manner.ranges ? {} : { 'Accept-Ranges': 'bytes' }) }
  if (isFresh(request, validators(leaf, file.size, manner)))
    return void response.writeHead(304, common).end()
  const span = manner.ranges ? undefined : spanOf(request.headers.range, file.size)
  if (span === 'none')
    return void response.writeHead(416, { ...common, 'Content-Range': `bytes */${file.size}` }).end()
  const { from, to } = span ?? { from: 0, to: file.size }
  const announced = isHead && typeof manner.announced === 'number' ? manner.announced : to - from
  response.writeHead(span ? 206 : 200, { ...common, ...(span ? { 'Content-Range': `bytes ${from}-${to - 1}/${file.size}` } : {}), ...(manner.announced === 'nothing' && !span ? {} : { 'Content-Length': announced }) })
  if (isHead)
    return void response.end()
  const over = new AbortController()
  response.once('close', () => over.abort())
  // A client that goes, and a connection that is meant to break, are both no failure of the server.
  await pipeline(Readable.from(piecesOf(file, { from, to }, span ? {} : manner, over.signal)), response).catch(() => response.destroy())
}

function sendText(request: IncomingMessage, response: ServerResponse, { text, type, modified }: Omit<Extract<Leaf, { is: 'text' }>, 'is'>): void {
  const body = text()
  const size = Buffer.byteLength(body)
  const known = validators({ modified }, size)
  if (isFresh(request, known))
    return void response.writeHead(304, known).end()
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': size, ...known }).end(request.method === 'HEAD' ? undefined : body)
}

async function answer(request: IncomingMessage, response: ServerResponse, origin: string, options: MirrorOptions): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, { Allow: 'GET, HEAD' })
  // Not resolved against the origin: a path of two slashes would name another host.
  const target = origin.slice(0, -1) + (request.url ?? '/')
  const url = URL.canParse(target) ? new URL(target) : undefined
  const asked = url && pathOf(url)
  const { reader = '', path } = asked === undefined ? {} : readerOf(asked)
  const day = dayAt(options.now(), options.daysAhead(reader))
  const found = path === undefined ? undefined : lookUp(path, day)
  if (!found || path === undefined) {
    const isFolder = path !== undefined && lookUp(`${path}/`, day) !== undefined
    return isFolder ? void response.writeHead(301, { Location: `${url?.pathname}/` }).end() : refuse(response, 404)
  }
  if (!('is' in found))
    return sendText(request, response, { text: () => listingOf(path, found), type: 'text/html; charset=utf-8', modified: options.now() })
  switch (found.is) {
    case 'file': return sendFile(request, response, path, found)
    case 'text': return sendText(request, response, found)
    case 'redirect': return void response.writeHead(found.code, { 'Location': locationOf(found, origin), 'Content-Length': 0 }).end()
    case 'refusal': return refuse(response, found.status, found.status === 503 ? { 'Retry-After': '120' } : {})
  }
}

/** Serves what publishers serve, and what they should not, on 127.0.0.1. Rejects when the port is taken. */
export async function startMirror(options: MirrorOptions): Promise<MirrorServer> {
  const server = createServer((request, response) => {
    void answer(request, response, `http://${request.headers.host ?? '127.0.0.1'}/`, options).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`, port,
    stop: () => new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}
