import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import { requestHeaders, responseHeaders, webSocketProtocols } from './headers.ts'
import type { Target } from './proxy.ts'
import { describeFailure } from './status.ts'
import type { Status } from './status.ts'

const HANDSHAKE_PATIENCE = 30_000

function head(status: number, text: string, headers: Record<string, string | string[]>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map(each => `${name}: ${each}`))
  return [`HTTP/1.1 ${status} ${text}`, ...lines, '', ''].join('\r\n')
}

/** Answers an upgrade with a Status in place of a WebSocket and hangs up. */
export function refuseUpgrade(socket: Duplex, status: Status): void {
  const body = JSON.stringify(status)
  socket.on('error', () => socket.destroy())
  const headers = { ...responseHeaders({ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }), connection: 'close' }
  socket.end(head(status.code, status.reason, headers) + body)
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

/**
 * Passes a WebSocket through to the cluster: its handshake with our credentials in place of the browser's, then bytes both
 * ways until either side closes. An answer that is no upgrade (403, 404 …) reaches the browser as it is.
 */
export async function openTunnel(incoming: IncomingMessage, socket: Duplex, early: Buffer, { cluster, path, query }: Target, log: FastifyBaseLogger): Promise<void> {
  // While nobody reads the browser's side its going is only seen as an error or a close.
  let upstream: ReturnType<typeof httpRequest> | undefined
  socket.on('error', () => socket.destroy())
  socket.on('close', () => upstream?.destroy())
  try {
    const { url } = cluster.access
    const { headers, tls, agent } = await cluster.access.open()
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    upstream = request({
      ...tls,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || undefined,
      path: url.pathname.replace(/\/$/, '') + path + query,
      // kube-apiserver refuses a watch's WebSocket that has no Origin (golang.org/x/net/websocket); the browser's own was judged at our door.
      headers: { ...requestHeaders(incoming.headers, true), host: url.host, origin: url.origin, ...webSocketHeaders(incoming), ...headers },
      agent: agent ?? false,
    })
    await new Promise<void>((done, fail) => {
      upstream?.on('error', fail)
      upstream?.setTimeout(HANDSHAKE_PATIENCE, () => upstream?.destroy(Object.assign(new Error('no answer to the handshake'), { code: 'UND_ERR_HEADERS_TIMEOUT' })))
      upstream?.on('upgrade', (answer, far, first) => {
        far.setTimeout(0)
        if (socket.destroyed)
          return far.destroy()
        socket.write(head(answer.statusCode ?? 101, answer.statusMessage ?? '', { ...responseHeaders(answer.headers), connection: 'Upgrade', upgrade: answer.headers.upgrade ?? 'websocket' }))
        socket.write(first)
        far.write(early)
        join(far, socket)
        done()
      })
      upstream?.on('response', answer => {
        socket.write(head(answer.statusCode ?? 502, answer.statusMessage ?? '', { ...responseHeaders(answer.headers), connection: 'close' }))
        answer.on('error', () => socket.destroy())
        answer.pipe(socket)
        done()
      })
      upstream?.end()
    })
  }
  catch (error) {
    if (socket.destroyed)
      return
    const status = describeFailure(error, cluster)
    log.warn({ cluster: cluster.id, path }, status.message)
    refuseUpgrade(socket, status)
  }
}
