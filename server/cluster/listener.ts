import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { BODY_LIMIT, bodyTooLarge } from './body.ts'
import type { ServingCertificate } from './certificate.ts'
import type { Cluster } from './cluster.ts'
import type { User } from './rbac.ts'
import type { Incoming, Outgoing } from './resources.ts'
import { serveRequest } from './router.ts'
import { decide } from './reviews.ts'
import { badRequest, forbidden, StatusError, unauthorized } from './status.ts'
import type { Users } from './users.ts'
import { socketOutgoing } from './watchSocket.ts'
import type { Sink } from './watching.ts'

/** Bytes that a watcher may be behind before it is let go. */
const MOST_UNREAD = 16 * 1024 * 1024

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      // The rest is read and dropped: a connection that is to be used again must be left clean.
      if (size <= BODY_LIMIT) chunks.push(chunk)
    }
  }
  catch {
    throw badRequest('unexpected EOF')
  }
  if (size > BODY_LIMIT) throw bodyTooLarge()
  return Buffer.concat(chunks)
}

/** The address that was asked for. Throws 400 for one that cannot be read. */
function readUrl(request: IncomingMessage): URL {
  try {
    const url = new URL(`https://localhost${request.url ?? '/'}`)
    decodeURIComponent(url.pathname)
    return url
  }
  catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(request.url ?? '')}`)
  }
}

function openStream(response: ServerResponse, type: string, headers: Readonly<Record<string, string | string[]>>): Sink {
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache, private', 'Transfer-Encoding': 'chunked', ...headers })
  response.flushHeaders()
  response.socket?.setNoDelay(true)
  return {
    write: line => {
      if (response.writableEnded || response.destroyed) return false
      response.write(line)
      if (response.writableLength <= MOST_UNREAD) return true
      response.destroy()
      return false
    },
    end: () => { response.end() },
    closed: then => { response.once('close', then) },
  }
}

function outgoingOf(response: ServerResponse): Outgoing {
  return {
    send: (code, { type, text }, headers = {}) => {
      if (response.headersSent) return
      response.writeHead(code, { ...(text ? { 'Content-Type': type } : {}), 'Cache-Control': 'no-cache, private', ...headers, 'Content-Length': Buffer.byteLength(text) })
      response.end(text)
    },
    stream: (type, headers = {}) => openStream(response, type, headers),
  }
}

/** The user whom an administrator asks to be, by Impersonate-User and Impersonate-Group; the user itself where none is asked. Throws 403. */
function impersonated(cluster: Cluster, user: User, request: IncomingMessage): User {
  const name = request.headers['impersonate-user']
  if (typeof name !== 'string' || !name) return user
  if (!decide(cluster, user, { verb: 'impersonate', group: '', resource: 'users', name }).allowed) {
    throw forbidden({ group: '', plural: 'users' }, name, `User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`)
  }
  const groups = request.headersDistinct['impersonate-group'] ?? []
  return { name, groups: [...groups, 'system:authenticated'] }
}

/** The API server's HTTPS listener on loopback. */
export interface ApiListener { readonly port: number, readonly url: string, readonly stop: () => Promise<void> }

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Serves a cluster on 127.0.0.1; port 0 takes a free one. Rejects when the port is taken. */
export async function startListener(options: { cluster: Cluster, users: Users, certificate: ServingCertificate, port: number, log: (message: string) => void }): Promise<ApiListener> {
  const { cluster, users, certificate, log } = options
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem, ALPNProtocols: ['http/1.1'], keepAlive: true, noDelay: true })
  server.keepAliveTimeout = 65_000
  server.requestTimeout = 0
  // After 60 s without a request Node would answer 408 into a connection that its client opened and kept; the API server never does.
  server.headersTimeout = 0
  const serve = (request: IncomingMessage, outgoing: Outgoing) => {
    try {
      const user = users.authenticate(request.headers.authorization)
      if (!user) throw unauthorized()
      const incoming: Incoming = {
        method: request.method ?? 'GET', url: readUrl(request), headers: request.headers, user: impersonated(cluster, user, request), body: () => readBody(request), stream: request,
      }
      void serveRequest(cluster, incoming, outgoing, log)
    }
    catch (error) {
      const refusal = error instanceof StatusError ? error : badRequest(error instanceof Error ? error.message : String(error))
      outgoing.send(refusal.code, { type: 'application/json', text: JSON.stringify(refusal.body) })
    }
  }
  server.on('request', (request, response) => {
    response.setHeader('Audit-Id', request.headers['audit-id'] ?? randomUUID())
    serve(request, outgoingOf(response))
  })
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket)).on('error', () => socket.destroy())
    serve(request, socketOutgoing(request, socket, head))
  })
  await listenOn(server, options.port)
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    stop: () => new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
      upgraded.forEach(socket => socket.destroy())
    }),
  }
}
