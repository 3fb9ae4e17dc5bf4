import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Agent, Pool, ProxyAgent, buildConnector } from 'undici'
import type { Dispatcher } from 'undici'
import { version } from '../package.json'
import type { UrlRefusal } from '../pkg/images/probe.ts'
import { judgeAddress } from './addressRules.ts'
import type { Mirror } from './addressRules.ts'
import { judgeTarget, portOf } from './targetRules.ts'

/** A URL, or the address behind its name, that the rules do not let us ask. Its message has no path and no query. */
export class RefusedUrl extends Error {
  override readonly name = 'RefusedUrl'
  readonly refusal: UrlRefusal
  readonly host: string

  constructor(refusal: UrlRefusal, host: string) {
    super(`${host} is not asked: ${refusal}`)
    this.refusal = refusal
    this.host = host
  }
}

export interface OutboundOptions {
  /** What the configuration opens beyond the public internet. */
  readonly mirrors: readonly Mirror[]
  /** The HTTP proxy for a URL by the environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY; empty where it is reached directly. */
  readonly proxyFor: (url: string) => string
  readonly resolve?: (name: string) => Promise<readonly LookupAddress[]>
  /** In milliseconds. */
  readonly connectTimeout?: number
}

export interface Question {
  readonly method: 'HEAD' | 'GET'
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface OutboundAnswer extends Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'> { readonly proxied: boolean }

/** The server's only way to the world outside of its clusters. Redirects are not followed, and nothing of the user's goes along. */
export interface Outbound {
  /** Throws RefusedUrl, or what undici throws. The body must be read or destroyed. */
  send(url: URL, question: Question): Promise<OutboundAnswer>
  /** Why a URL would not even be tried; what its name resolves to is only known when connecting. */
  judge(url: URL): UrlRefusal | undefined
  close(): Promise<void>
}

const CONNECT_PATIENCE = 10_000
const HEADER_PATIENCE = 30_000
/** A body that pauses longer than this is taken for cut. */
const BODY_PATIENCE = 60_000

type Connector = buildConnector.connector

/**
 * Connects to an address that was judged: the name is resolved once, here, and the socket goes to what it resolved to, so
 * that a name which changes its mind (DNS rebinding) finds no second look-up to lie to. One closed address among several
 * refuses the name. The address that the socket really has is looked at once more.
 */
function guardedConnector({ mirrors, resolve, connectTimeout }: Required<Omit<OutboundOptions, 'proxyFor'>>, own: ReadonlySet<string>): Connector {
  async function addressesOf(hostname: string): Promise<readonly LookupAddress[]> {
    const bare = hostname.replace(/^\[|\]$/g, '')
    const family = isIP(bare)
    return family ? [{ address: bare, family }] : await resolve(hostname)
  }

  return (options, callback) => {
    const { hostname } = options
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80)
    const judge = (address: string) => judgeAddress(address, hostname, port, mirrors, own)
    addressesOf(hostname).then(addresses => {
      const closed = addresses.map(({ address }) => judge(address)).find(range => range !== undefined)
      const [first] = addresses
      if (closed || !first)
        return callback(closed ? new RefusedUrl(`address-${closed}`, hostname) : Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), null)
      const connect = buildConnector({
        timeout: connectTimeout,
        autoSelectFamily: true,
        lookup(_hostname, { all }, done) {
          if (all)
            done(null, [...addresses])
          else
            done(null, first.address, first.family)
        },
      })
      connect(options, (error, socket) => {
        if (error)
          return callback(error, null)
        const range = judge(socket.remoteAddress ?? '')
        if (range === undefined)
          return callback(null, socket)
        socket.destroy()
        callback(new RefusedUrl(`address-${range}`, hostname), null)
      })
    }).catch((error: unknown) => callback(error as Error, null))
  }
}

function ownAddresses(): Set<string> {
  return new Set(Object.values(networkInterfaces()).flatMap(addresses => (addresses ?? []).map(({ address }) => address)))
}

/** What every request says, and all that it says: no cookie, no credential, no referrer. */
const HEADERS = { 'user-agent': `harvester-guardrails/${version}`, 'accept': '*/*', 'accept-encoding': 'identity' }
const PATIENCE = { headersTimeout: HEADER_PATIENCE, bodyTimeout: BODY_PATIENCE, keepAliveTimeout: 5_000, connections: 8 }

/**
 * Connections to a proxy. A proxy that closes the line in place of an answer to CONNECT is UND_ERR_SOCKET to undici, which
 * then tries again at once and for ever; as ECONNRESET it fails the request.
 */
function proxyConnections(origin: URL, options: object): Pool {
  const pool = new Pool(origin, options)
  const connect = pool.connect.bind(pool) as (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>
  return Object.assign(pool, {
    connect: (asked: Dispatcher.ConnectOptions) => connect(asked).catch((error: Error & { code?: string }) => {
      throw error.code === 'UND_ERR_SOCKET' ? Object.assign(new Error('the proxy closed the line', { cause: error }), { code: 'ECONNRESET' }) : error
    }),
  })
}

/** A way out that keeps to the rules of addressRules.ts. */
export function createOutbound({ mirrors, proxyFor, resolve = name => lookup(name, { all: true }), connectTimeout = CONNECT_PATIENCE }: OutboundOptions): Outbound {
  const own = ownAddresses()
  const direct = new Agent({ ...PATIENCE, connect: guardedConnector({ mirrors, resolve, connectTimeout }, own) })
  const proxies = new Map<string, Dispatcher>()

  function dispatcherFor(proxy: string): Dispatcher {
    if (!proxy)
      return direct
    // Plain http goes to the proxy as it is: many refuse CONNECT to port 80.
    const found = proxies.get(proxy) ?? new ProxyAgent({ ...PATIENCE, uri: proxy, proxyTunnel: false, clientFactory: proxyConnections, requestTls: { timeout: connectTimeout }, proxyTls: { timeout: connectTimeout } })
    proxies.set(proxy, found)
    return found
  }

  const judge = (url: URL) => judgeTarget(url, mirrors, proxyFor(url.href) !== '', own)

  return {
    judge,
    async send(url, { method, headers, signal }) {
      const refusal = judge(url)
      if (refusal)
        throw new RefusedUrl(refusal, url.host)
      const proxy = proxyFor(url.href)
      const { statusCode, headers: answered, body } = await dispatcherFor(proxy).request({
        origin: url.origin, path: url.pathname + url.search, method, headers: { ...HEADERS, ...headers }, signal,
      })
      // A body that nobody wants any more is destroyed; that is no error of anybody's.
      body.on('error', () => undefined)
      return { statusCode, headers: answered, body, proxied: proxy !== '' }
    },
    async close() {
      await Promise.all([direct, ...proxies.values()].map(dispatcher => dispatcher.destroy()))
    },
  }
}

/** The port and name of a URL for a log line: no path, no query, no user. */
export function shownHost(url: URL): string {
  return `${url.hostname}:${portOf(url)}`
}
