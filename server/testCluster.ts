// For specs: servers that play a cluster's API over real TLS, and a console in front of them.
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import { mkdtempSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { createApp } from './app.ts'
import type { App, AppOptions } from './app.ts'
import { loadKubeconfig } from './kubeconfig.ts'

export interface Pair { readonly cert: string, readonly key: string }

/** A private authority. */
export async function makeAuthority(): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'private authority' }], {
    keyType: 'ec', algorithm: 'sha256', extensions: [{ name: 'basicConstraints', cA: true }, { name: 'keyUsage', keyCertSign: true, digitalSignature: true }],
  })
  return { cert, key }
}

/** A certificate for 127.0.0.1 (or the name of a user), signed by the authority. */
export async function makeCertificate(ca: Pair, name = '127.0.0.1'): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec', algorithm: 'sha256', ca,
    extensions: [{ name: 'basicConstraints', cA: false }, { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }, { type: 2, value: 'localhost' }] }],
  })
  return { cert, key }
}

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** The requests seen, oldest first. */
  readonly seen: IncomingMessage[]
  stop(): Promise<void>
}

/** Plays an API server on a free loopback port; over TLS when options for it are given. */
export async function startServer(handler: RequestListener, tls?: ServerOptions): Promise<TestServer> {
  const seen: IncomingMessage[] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request)
    handler(request, response)
  }
  const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, port, server, seen,
    stop: () => new Promise(done => {
      server.close(() => done())
      for (const socket of sockets)
        socket.destroy()
    }),
  }
}

/** A folder of its own. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'guardrails-'))
}

interface TestContext { readonly name?: string, readonly cluster: object, readonly user?: object }

/** A kubeconfig (JSON is YAML) with these contexts, the first one current. */
export function kubeconfigOf(...contexts: readonly TestContext[]): string {
  const named = contexts.map((context, index) => ({ name: `c${index}`, ...context }))
  return JSON.stringify({
    'apiVersion': 'v1', 'kind': 'Config', 'current-context': named[0]?.name,
    'clusters': named.map(({ name, cluster }) => ({ name, cluster })),
    'users': named.map(({ name, user }) => ({ name, user: user ?? {} })),
    'contexts': named.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  })
}

export interface TestConsole { readonly url: string, readonly port: number, readonly app: App }

/** A console on a free port in front of a kubeconfig's clusters, without a login unless sessions are given. */
export async function startConsole(kubeconfig: string, options: Partial<AppOptions> & { readonly file?: string, readonly harvester?: URL } = {}): Promise<TestConsole> {
  const { file = join(tmpdir(), 'kubeconfig'), harvester, ...rest } = options
  let port = 0
  const app = createApp({
    clusters: Promise.resolve(loadKubeconfig(kubeconfig, file, undefined, Date.now, harvester).clusters),
    guard: { mirrors: [], proxyFor: () => '' },
    real: true, consoleRoot: join(tmpdir(), 'no-console'), logLevel: 'silent', sessions: undefined,
    door: () => ({ names: new Set(['127.0.0.1', 'localhost']), port, secure: false }),
    ...rest,
  })
  await app.fastify.listen({ host: '127.0.0.1', port: 0 })
  port = (app.fastify.server.address() as AddressInfo).port
  return { url: `http://127.0.0.1:${port}`, port, app }
}
