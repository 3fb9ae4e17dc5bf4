import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import fastify, { LogController } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { addConsole } from './console.ts'
import { addGuard } from './guard.ts'
import type { GuardOptions } from './guard.ts'
import type { GuardReport } from '#volumes/guardState.ts'
import { addGuardStanding } from './guardStanding.ts'
import { PAGE_HEADERS } from './headers.ts'
import { addKeeper } from './keeperRoutes.ts'
import type { KeeperSettings } from './keeperRoutes.ts'
import type { Cluster } from './kubeconfig.ts'
import { linkCommand } from './link.ts'
import type { LogLevel } from './cli.ts'
import { judgeVisit } from './origin.ts'
import type { Door } from './origin.ts'
import { addProxy, findTarget, sendStatus } from './proxy.ts'
import type { Sessions } from './session.ts'
import { statusOf } from './status.ts'
import type { Status } from './status.ts'
import { openTunnel, refuseUpgrade } from './tunnel.ts'

export interface AppOptions {
  /** What is asked of a cluster waits for them: the port is taken before they are there. */
  readonly clusters: Promise<readonly Cluster[]>
  readonly real: boolean
  readonly consoleRoot: string
  readonly tls?: { readonly cert: Buffer, readonly key: Buffer }
  readonly logLevel: LogLevel | 'silent'
  /** Known once the port is. */
  readonly door: () => Door
  /** Undefined when nobody has to log in. */
  readonly sessions: Sessions | undefined
  /** What of the world outside the server may ask. */
  readonly guard: GuardOptions
  /** What this process's admission webhook has answered so far; undefined where it has none. */
  readonly webhookReport?: () => GuardReport | undefined
  /** Who carries exports out when no page does; nobody where it is undefined. */
  readonly keeper?: KeeperSettings
}

export interface App {
  readonly fastify: FastifyInstance
  /** Takes no more requests, breaks streams and WebSockets off at once and everything else after a moment, and ends. */
  stop(): Promise<void>
}

const noSession = (port: number) => `no session: open the link that the server printed to its terminal; ${linkCommand(port)} prints another`
const LAST_WORDS = 1_500
/** A body that nobody wants any more is thrown away for so long, in milliseconds: until its sender looks for the answer. */
const LINGER = 3_000
const HEALTH = ['/healthz', '/readyz']
/**
 * The routes that need no session and do not wait for the clusters: health, the login, and the page with its files
 * (undefined is where no route matched). Every other route is guarded because nobody named it here.
 */
const FREE = new Set<string | undefined>([...HEALTH, '/session', '/*', undefined])

function visitOf({ method = 'GET', url = '/', headers }: IncomingMessage, upgrade: boolean) {
  const { host, origin } = headers
  const [path = '/'] = url.split('?')
  return { method, path, upgrade, host, origin, fetchSite: headers['sec-fetch-site'] as string | undefined, fetchDest: headers['sec-fetch-dest'] as string | undefined }
}

/**
 * Why a request goes no further: a disguised target (400), the wrong door (421), another origin (403), no session (401).
 * Whether it needs one is told by the route that it matched, never by its URL: a router reads a URL in ways of its own.
 */
function turnAway(incoming: IncomingMessage, kind: 'upgrade' | 'guarded' | 'free', { door, sessions }: AppOptions): Status | undefined {
  const refusal = judgeVisit(visitOf(incoming, kind === 'upgrade'), door())
  if (refusal)
    return statusOf(refusal.code, refusal.message)
  return sessions && kind !== 'free' && !sessions.admits(incoming.headers.cookie) ? statusOf(401, noSession(door().port)) : undefined
}

function addSession(app: FastifyInstance, { sessions, door }: AppOptions): void {
  app.get<{ Querystring: { code?: unknown } }>('/session', { exposeHeadRoute: false }, async (request, reply) => {
    const code = typeof request.query.code === 'string' ? request.query.code : ''
    const session = sessions?.exchange(code)
    if (session !== undefined)
      reply.header('set-cookie', session)
    if (session !== undefined || !sessions || sessions.admits(request.headers.cookie))
      return reply.redirect('/', 303)
    return reply.code(403).type('text/plain; charset=utf-8').send(`This link was used before, or is older than five minutes.\n${linkCommand(door().port)} prints another.\n`)
  })
}

function addHealth(app: FastifyInstance, ready: () => boolean): void {
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok'))
  app.get('/readyz', async (_request, reply) => ready() ? reply.type('text/plain').send('ok') : reply.code(503).type('text/plain').send('the cluster is starting'))
}

/** WebSockets: the same door, and then a tunnel to the cluster. */
function addUpgrades({ server, log }: FastifyInstance, clusters: () => Promise<readonly Cluster[]>, options: AppOptions, sockets: Set<Duplex>): void {
  async function upgrade(incoming: IncomingMessage, socket: Duplex, early: Buffer): Promise<void> {
    const refusal = turnAway(incoming, 'upgrade', options) ?? (incoming.headers.upgrade?.toLowerCase() === 'websocket' ? undefined : statusOf(400, 'only WebSockets are passed through'))
    const target = refusal ?? findTarget(incoming.url ?? '', await clusters())
    if (!('kind' in target))
      return openTunnel(incoming, socket, early, target, log)
    log.warn({ path: incoming.url?.split('?')[0], code: target.code }, target.message)
    refuseUpgrade(socket, target)
  }
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, early: Buffer) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    upgrade(incoming, socket, early).catch(() => socket.destroy())
  })
}

/** The server as a whole: who may come in, the console, the proxy, the streams. Nothing listens yet. */
export function createApp(options: AppOptions): App {
  let clusters: readonly Cluster[] | undefined
  const arrived = options.clusters.then(found => { clusters = found })
  arrived.catch(() => undefined)
  const app = fastify({
    ...options.tls && { https: options.tls },
    // Big pieces of big lists in one go; nothing is held back by it.
    http: { highWaterMark: 256 * 1024 },
    logger: { level: options.logLevel, base: null, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors(_error, _request, reply) {
      reply.hijack()
      sendStatus(reply.raw, statusOf(400, 'the URL is not well formed'))
    },
    forceCloseConnections: 'idle',
    requestTimeout: 0,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 500 },
  }) as unknown as FastifyInstance
  const sockets = new Set<Duplex>()
  const known = () => clusters ?? []

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...PAGE_HEADERS, 'cache-control': 'no-store' })
    const { url: route } = request.routeOptions
    // Whoever asks for health knows no name of ours.
    if (HEALTH.includes(route ?? ''))
      return undefined
    const kind = FREE.has(route) ? 'free' : 'guarded'
    const refusal = turnAway(request.raw, kind, options)
    if (refusal) {
      request.log.warn({ method: request.method, path: request.url.split('?')[0], code: refusal.code }, refusal.message)
      return reply.code(refusal.code).send(refusal)
    }
    return kind === 'guarded' ? arrived : undefined
  })
  app.addHook('onResponse', async ({ method, url, log, raw }, reply) => {
    // A browser that still sends looks for its answer (413, 401 …) when it has sent all, or when the line is cut.
    if (!raw.complete)
      setTimeout(() => raw.complete || raw.destroy(), LINGER).unref()
    log.debug({ method, path: url.split('?')[0], code: reply.raw.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered')
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500)
      request.log.error({ err: error }, 'failed')
    return reply.code(code).send(statusOf(code, code >= 500 ? 'the server failed at this; its log says how' : error.message))
  })

  addHealth(app, () => clusters !== undefined)
  addSession(app, options)
  addConsole(app, { root: options.consoleRoot, clusters: known, real: options.real })
  const streams = addProxy(app, known)
  const guard = addGuard(app, { ...options.guard, clusters: known, sessions: options.sessions })
  addGuardStanding(app, { clusters: known, report: () => options.webhookReport?.() })
  const keeper = addKeeper(app, options.clusters, options.keeper)
  addUpgrades(app, () => options.clusters, options, sockets)

  async function stop(): Promise<void> {
    for (const open of [...sockets, ...streams])
      open.destroy()
    await Promise.all([guard.close(), keeper.close()])
    const force = setTimeout(() => app.server.closeAllConnections(), LAST_WORDS)
    await app.close()
    clearTimeout(force)
    await Promise.all(known().flatMap(({ access, harvester }) => [access.close(), harvester?.close()]))
  }
  return { fastify: app, stop }
}
