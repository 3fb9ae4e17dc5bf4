import { createHash } from 'node:crypto'
import type { Agent as HttpsAgent, RequestOptions } from 'node:https'
import * as nodeTls from 'node:tls'
import type { KubeConfig } from '@kubernetes/client-node'
import { Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { CredentialError } from './status.ts'
import { firstLine } from './usageError.ts'

/** How to reach a cluster now: headers that say who we are, connections that check who it is. */
interface Access {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly dispatcher: Dispatcher
  /** The same for node's own https, for WebSockets. */
  readonly tls: TlsOptions
  readonly agent: HttpsAgent | undefined
}

/** The way into one cluster of the kubeconfig. */
export interface AccessSource {
  readonly url: URL
  /** Throws CredentialError or a file system error when the credentials cannot be had. */
  open(): Promise<Access>
  /** After a 401: whether other credentials may be had by opening again (a plugin or a token file). */
  renew(): boolean
  /** The same credentials at another address, which the kubeconfig's authority or a public one vouches for. */
  elsewhere(url: URL): AccessSource
  close(): Promise<void>
}

type TlsOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>

/** For so long an Access is used before files are read again, in milliseconds: client-go reads token files every 10 s. */
export const FRESH = 10_000
/** At most so often is a plugin run again because of a 401 or its own failure: wrong credentials must not become a storm of plugins. */
export const RENEW_EVERY = 5_000
/** kube-apiserver ends an ordinary request after 60 s; whoever says nothing for so long will not answer. */
export const ANSWER_PATIENCE = 120_000

const CONNECTIONS = { bodyTimeout: 0, headersTimeout: ANSWER_PATIENCE, keepAliveTimeout: 30_000, connections: null }

export interface AccessOptions {
  readonly config: KubeConfig
  readonly url: URL
  readonly proxyUrl?: string
  /** Headers that KubeConfig does not know of (as-groups, as-uid, as-user-extra). */
  readonly impersonation: Readonly<Record<string, string | string[]>>
  /** Drops a credential that may be had anew; undefined where it never changes. */
  readonly forget?: () => void
  readonly now: () => number
  /** For an address that is not the kubeconfig's server: who may vouch for it, beside the kubeconfig's own authority. */
  readonly alsoTrusted?: readonly string[]
}

function connect({ url, proxyUrl }: AccessOptions, tls: TlsOptions): Dispatcher {
  const secured = { ...tls, timeout: 10_000 }
  return proxyUrl
    ? new ProxyAgent({ ...CONNECTIONS, uri: proxyUrl, requestTls: secured })
    : new Pool(url.origin, { ...CONNECTIONS, connect: secured })
}

/** The authorities that this machine trusts: newer Node also reads NODE_EXTRA_CA_CERTS and --use-system-ca here. */
function publicAuthorities(): readonly string[] {
  return 'getCACertificates' in nodeTls && typeof nodeTls.getCACertificates === 'function' ? nodeTls.getCACertificates() as readonly string[] : nodeTls.rootCertificates
}

/**
 * What secures another address than the kubeconfig's server: the name expected of that one does not count, nor that it is
 * not to be verified. Without an authority of the kubeconfig's, node trusts the public ones by itself.
 */
function trustAlso({ ca, cert, key }: TlsOptions, authorities: readonly string[]): TlsOptions {
  return { ...ca !== undefined && { ca: [ca].flat().concat(authorities) }, ...cert !== undefined && { cert }, ...key !== undefined && { key } }
}

function fingerprint(tls: TlsOptions): string {
  const hash = createHash('sha256')
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized])
    hash.update(part === undefined ? '\0' : String(part)).update('\0')
  return hash.digest('hex')
}

async function credentialsOf(options: AccessOptions): Promise<{ headers: Record<string, string | string[]>, tls: TlsOptions, agent: HttpsAgent | undefined }> {
  const given: RequestOptions = {}
  await options.config.applyToHTTPSOptions(given).catch((error: unknown) => {
    throw error instanceof CredentialError ? error : new CredentialError(firstLine(error))
  })
  const { ca, cert, key, servername, rejectUnauthorized, auth } = given
  const own = Object.entries(given.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()])
  const basic: Record<string, string> = auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}
  const present = Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined)
  return {
    headers: { ...basic, ...Object.fromEntries(own) as Record<string, string>, ...options.impersonation },
    tls: options.alsoTrusted ? trustAlso(Object.fromEntries(present), options.alsoTrusted) : Object.fromEntries(present) as TlsOptions,
    // Only a proxy needs KubeConfig's own agent: otherwise a WebSocket has a connection of its own.
    agent: options.proxyUrl ? given.agent as HttpsAgent : undefined,
  }
}

/**
 * Reaches one cluster by what KubeConfig makes of its context. Certificates, token files and plugins are asked again as
 * they age; connections are kept as long as what secures them stays the same, and streams on old ones run to their end.
 */
export function createAccess(options: AccessOptions): AccessSource {
  let current: Promise<Access> | undefined
  let readAt = -Infinity
  let renewedAt = -Infinity
  let pool: { readonly key: string, readonly dispatcher: Dispatcher } | undefined

  async function read(): Promise<Access> {
    const { headers, tls, agent } = await credentialsOf(options)
    const key = fingerprint(tls)
    if (pool?.key !== key) {
      void pool?.dispatcher.close()
      pool = { key, dispatcher: connect(options, tls) }
    }
    return { headers, tls, agent, dispatcher: pool.dispatcher }
  }

  return {
    url: options.url,
    open() {
      if (current && options.now() - readAt < FRESH)
        return current
      readAt = options.now()
      const mine = current = read()
      mine.catch(() => {
        if (current === mine)
          current = undefined
      })
      return mine
    },
    renew() {
      if (!options.forget || options.now() - renewedAt < RENEW_EVERY)
        return false
      renewedAt = options.now()
      options.forget()
      current = undefined
      return true
    },
    elsewhere: url => createAccess({ ...options, url, alsoTrusted: publicAuthorities() }),
    async close() {
      await pool?.dispatcher.destroy()
    },
  }
}
