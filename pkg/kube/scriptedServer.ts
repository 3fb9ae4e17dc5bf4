import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

// For specs only: a real HTTP server on loopback whose answers the spec writes.

export interface Heard { readonly method: string, readonly path: string, readonly query: URLSearchParams, readonly headers: IncomingMessage['headers'], readonly body: string }

export type Answer = (heard: Heard, response: ServerResponse) => unknown

type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface ScriptedServer {
  readonly url: string
  readonly heard: Heard[]
  /** Responses begun and not yet ended by either side. */
  readonly open: Set<ServerResponse>
  /** Takes WebSockets from now on; until then they are refused. */
  readonly onUpgrade: (take: TakeUpgrade) => void
  readonly upgrades: number
  readonly close: () => Promise<void>
}

/** Starts a server that answers each request with the spec's function; a port of its own unless one is given. */
export async function startScriptedServer(answer: Answer, port = 0): Promise<ScriptedServer> {
  const heard: Heard[] = []
  const open = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    open.add(response)
    response.on('close', () => open.delete(response))
    void readBody(request).then(body => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const one = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body }
      heard.push(one)
      return answer(one, response)
    })
  })
  let upgrades = 0
  let takeUpgrade: TakeUpgrade = (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  server.on('upgrade', (request, socket, head) => {
    upgrades++
    takeUpgrade(request, socket, head)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close').catch(() => undefined)
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, open, close, onUpgrade: take => { takeUpgrade = take }, get upgrades() { return upgrades } }
}

/** Ends an answer with a JSON body. */
export function sendJson(response: ServerResponse, code: number, body: object, headers: Record<string, string | string[]> = {}): void {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Ends an answer with a `Status` that says what failed. */
export function sendStatus(response: ServerResponse, code: number, reason: string, message = reason, details?: object): void {
  sendJson(response, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code, details })
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8'))
    body += String(chunk)
  return body
}
