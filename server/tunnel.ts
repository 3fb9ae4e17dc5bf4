import { request as httpRequest, STATUS_CODES } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import { requestHeaders, responseHeaders, webSocketProtocols } from './headers.ts'
import type { Target } from './proxy.ts'
import { describeFailure } from './status.ts'
import type { Status } from './status.ts'

const HANDSHAKE_PATIENCE = 30_000
/** So much may a browser say before its handshake is answered: RFC 6455 lets it say nothing. */
const EARLY_BYTES = 64 * 1024
/** So long may a client keep its half of a connection that we have ended, in milliseconds. */
const HALF_OPEN = 2_000

/** The head of an answer, to be written as Latin-1 like all headers. Its phrase is ours: the cluster's may hold what no head may. */
function head(status: number, headers: Record<string, string | string[]>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map(each => `${name}: ${each}`))
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n')
}

/** Sees to it that a socket closes after our last word, also when the other side never says that it has no more to say. */
function hangUp(socket: Duplex): void {
  socket.resume()
  socket.on('finish', () => setTimeout(() => socket.destroy(), HALF_OPEN).unref())
}

/** Answers an upgrade with a Status in place of a WebSocket and hangs up. */
export function refuseUpgrade(socket: Duplex, status: Status): void {
  const body = JSON.stringify(status)
  socket.on('error', () => socket.destroy())
  const headers = { ...responseHeaders({ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }), connection: 'close' }
  hangUp(socket)
  socket.write(head(status.code, headers), 'latin1')
  socket.end(body)
}

function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

function webSocketHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const protocols = webSocketProtocols(headers['sec-websocket-protocol'])
  const own = Object.entries({ 'sec-websocket-key': headers['sec-websocket-key'], 'sec-websocket-version': headers['sec-websocket-version'], 'sec-websocket-extensions': headers['sec-websocket-extensions'], 'sec-websocket-protocol': protocols })
  return { connection: 'Upgrade', upgrade: 'websocket', ...Object.fromEntries(own.flatMap(([name, value]) => value === undefined ? [] : [[name, value]])) }
}

/** What the cluster said to a handshake: its side of the WebSocket, or an answer like any other (403, 404 …). */
type Answer
  = | { readonly kind: 'upgrade', readonly answer: IncomingMessage, readonly far: Duplex, readonly first: Buffer }
    | { readonly kind: 'refusal', readonly answer: IncomingMessage }

async function shakeHands(incoming: IncomingMessage, { cluster, path, query }: Target, gone: AbortSignal): Promise<Answer> {
  const { url } = cluster.access
  const { headers, tls, agent } = await cluster.access.open()
  return new Promise((done, fail) => {
    const upstream = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
      ...tls,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || undefined,
      path: url.pathname.replace(/\/$/, '') + path + query,
      // kube-apiserver refuses a watch's WebSocket that has no Origin (golang.org/x/net/websocket); the browser's own was judged at our door.
      headers: { ...requestHeaders(incoming.headers, true), host: url.host, origin: url.origin, ...webSocketHeaders(incoming), ...headers },
      agent: agent ?? false,
      signal: gone,
    })
    upstream.on('error', fail)
    upstream.setTimeout(HANDSHAKE_PATIENCE, () => upstream.destroy(Object.assign(new Error('no answer to the handshake'), { code: 'UND_ERR_HEADERS_TIMEOUT' })))
    upstream.on('upgrade', (answer, far, first) => {
      // A WebSocket may keep silent for ever.
      far.setTimeout(0)
      done({ kind: 'upgrade', answer, far, first })
    })
    upstream.on('response', answer => done({ kind: 'refusal', answer }))
    upstream.end()
  })
}

/** The cluster's answer; to a 401 that fresh credentials may mend, its answer to a second handshake with them. */
async function askCluster(incoming: IncomingMessage, target: Target, gone: AbortSignal): Promise<Answer> {
  const first = await shakeHands(incoming, target, gone)
  if (first.kind === 'upgrade' || first.answer.statusCode !== 401 || !target.cluster.access.renew())
    return first
  first.answer.on('error', () => undefined).destroy()
  return shakeHands(incoming, target, gone)
}

/**
 * Reads what the browser says before the cluster has answered: only who reads sees the other side go.
 * Answers how to stop, which gives what was read. Who says more than a handshake leaves room for is hung up on.
 */
function readAhead(socket: Duplex, early: Buffer): () => Buffer {
  let said = early
  const take = (chunk: Buffer) => {
    said = Buffer.concat([said, chunk])
    if (said.length > EARLY_BYTES)
      socket.destroy()
  }
  const leave = () => socket.destroy()
  socket.on('data', take).on('end', leave)
  return () => {
    socket.off('data', take).off('end', leave).pause()
    return said
  }
}

/**
 * Passes a WebSocket through to the cluster: its handshake with our credentials in place of the browser's, then bytes both
 * ways until either side closes. An answer that is no upgrade (403, 404 …) reaches the browser as it is.
 */
export async function openTunnel(incoming: IncomingMessage, socket: Duplex, early: Buffer, target: Target, log: FastifyBaseLogger): Promise<void> {
  const { cluster, path } = target
  const gone = new AbortController()
  socket.on('error', () => socket.destroy())
  socket.on('close', () => gone.abort())
  const stopReading = readAhead(socket, early)
  try {
    const given = await askCluster(incoming, target, gone.signal)
    const said = stopReading()
    const { answer } = given
    if (given.kind === 'upgrade') {
      const { far, first } = given
      far.on('error', () => far.destroy())
      if (socket.destroyed)
        return void far.destroy()
      socket.write(head(101, { ...responseHeaders(answer.headers), connection: 'Upgrade', upgrade: answer.headers.upgrade ?? 'websocket' }), 'latin1')
      socket.write(first)
      far.write(said)
      join(far, socket)
      return
    }
    hangUp(socket)
    socket.write(head(answer.statusCode ?? 502, { ...responseHeaders(answer.headers), connection: 'close' }), 'latin1')
    answer.on('error', () => socket.destroy())
    answer.pipe(socket)
  }
  catch (error) {
    if (socket.destroyed)
      return
    stopReading()
    const status = describeFailure(error, cluster)
    log.warn({ cluster: cluster.id, path }, status.message)
    refuseUpgrade(socket, status)
  }
}
