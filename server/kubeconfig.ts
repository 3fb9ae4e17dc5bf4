import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KubeConfig, loadYaml } from '@kubernetes/client-node'
import { createAccess, FRESH, RENEW_EVERY } from './access.ts'
import type { AccessSource } from './access.ts'
import { keepCredential, runExecPlugin } from './execPlugin.ts'
import type { ExecConfig } from './execPlugin.ts'
import { harvesterAccess } from './harvester.ts'
import { findMisshapen } from './kubeconfigShape.ts'
import { CredentialError } from './status.ts'
import { firstLine, UsageError } from './usageError.ts'

/** One context of a kubeconfig as a cluster of the console. */
export interface Cluster {
  /** Safe in a URL path: the context's name with everything else replaced. */
  readonly id: string
  readonly title: string
  readonly default: boolean
  readonly server: string
  readonly access: AccessSource
  /** The way to Harvester's own API, for uploads; undefined where nobody knows its address. */
  readonly harvester?: AccessSource
}

export interface Kubeconfig {
  readonly clusters: readonly Cluster[]
  /** Contexts that cannot be used, one line each. */
  readonly leftOut: readonly string[]
}

interface RawUser {
  readonly 'exec'?: ExecConfig | null
  readonly 'tokenFile'?: string | null
  readonly 'token'?: string | null
  readonly 'as-groups'?: readonly string[] | null
  readonly 'as-uid'?: string | null
  readonly 'as-user-extra'?: Record<string, readonly string[] | null> | null
}

/** Its shape is held by findMisshapen. */
interface RawKubeconfig { readonly users?: readonly { readonly name: string, readonly user?: RawUser | null }[] | null }

/** The text of a kubeconfig; throws UsageError when the file cannot be read. */
export function readKubeconfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  }
  catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'may not be read by you' : `cannot be read: ${firstLine(error)}`
    throw new UsageError(`kubeconfig ${file} ${why}`)
  }
}

function parse(text: string, file: string): { config: KubeConfig, raw: RawKubeconfig } {
  try {
    if (/^\s*(null\s*|~\s*)?$/.test(text))
      throw new Error('it is empty')
    const raw = loadYaml<RawKubeconfig>(text)
    if (typeof raw !== 'object' || Array.isArray(raw))
      throw new Error('it is not a mapping of clusters, users and contexts')
    const misshapen = findMisshapen(raw)
    if (misshapen)
      throw new Error(misshapen)
    const config = new KubeConfig()
    config.loadFromString(text)
    config.makePathsAbsolute(dirname(resolve(file)))
    return { config, raw }
  }
  catch (error) {
    throw new UsageError(`kubeconfig ${file} is malformed: ${firstLine(error)}`)
  }
}

function serverUrl(server: string): URL | undefined {
  const url = URL.canParse(server) ? new URL(server) : undefined
  return url && ['https:', 'http:'].includes(url.protocol) ? url : undefined
}

/** Ids for the contexts, in their order; names that become the same are numbered. */
export function contextIds(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map(name => {
    const plain = name.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '') || 'context'
    let id = plain
    for (let count = 2; taken.has(id); count++)
      id = `${plain}-${count}`
    taken.add(id)
    return id
  })
}

/** What KubeConfig does not read of a user: impersonated groups, uid and extra fields. */
function impersonation(user: RawUser): Record<string, string | string[]> {
  const extra = Object.entries(user['as-user-extra'] ?? {}).flatMap(([key, values]) => values?.length ? [[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, [...values]] as const] : [])
  return {
    ...user['as-uid'] && { 'impersonate-uid': user['as-uid'] },
    ...user['as-groups']?.length && { 'impersonate-group': [...user['as-groups']] },
    ...Object.fromEntries(extra),
  }
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  }
  catch (error) {
    throw new CredentialError(`the token file cannot be read: ${firstLine(error)}`)
  }
}

interface Source {
  readonly config: KubeConfig
  readonly users: ReadonlyMap<string, RawUser>
  readonly folder: string
  readonly now: () => number
}

/**
 * The way in for one context. Token files (`tokenFile`, which KubeConfig does not know) and exec plugins (which KubeConfig
 * runs again for every request when the plugin names no end) are read by our own authenticators.
 */
function accessOf({ config, users, folder, now }: Source, context: string, url: URL): AccessSource {
  const own = new KubeConfig()
  const { cluster: clusterName = '', user: userName = '' } = config.getContextObject(context) ?? {}
  const cluster = config.getCluster(clusterName)
  const user = config.getUser(userName)
  const { exec, tokenFile, ...raw } = users.get(userName) ?? {}
  own.loadFromOptions({
    // KubeConfig refuses http: unless it may skip what http: does not have.
    clusters: [{ ...cluster, skipTLSVerify: url.protocol === 'http:' || cluster?.skipTLSVerify === true }],
    users: [{ ...user, exec: undefined, token: tokenFile ? undefined : user?.token, name: userName }],
    contexts: [{ name: context, cluster: clusterName, user: userName }],
    currentContext: context,
  })
  const plugin = exec && keepCredential(() => runExecPlugin(exec, {
    'server': cluster?.server, 'tls-server-name': cluster?.tlsServerName, 'insecure-skip-tls-verify': cluster?.skipTLSVerify, 'certificate-authority-data': cluster?.caData,
  }, folder), { now, margin: FRESH, pause: RENEW_EVERY })
  if (plugin || tokenFile)
    own.addAuthenticator({
      isAuthProvider: () => true,
      async applyAuthentication(_user, options) {
        const credential = plugin ? await plugin.get() : { token: readTokenFile(resolve(folder, tokenFile ?? '')), cert: undefined, key: undefined }
        if (credential.token)
          options.headers = { ...options.headers, Authorization: `Bearer ${credential.token}` }
        if (credential.cert && credential.key)
          Object.assign(options, { cert: credential.cert, key: credential.key })
      },
    })
  const forget = plugin ? () => plugin.forget() : tokenFile ? () => undefined : undefined
  return createAccess({ config: own, url, proxyUrl: cluster?.proxyUrl, impersonation: impersonation(raw), forget, now })
}

function whyLeftOut(config: KubeConfig, context: string): string | undefined {
  const { cluster: clusterName = '', user = '' } = config.getContextObject(context) ?? {}
  const cluster = config.getCluster(clusterName)
  if (!cluster)
    return `context ${context} names cluster ${clusterName}, which the kubeconfig does not have`
  if (user && !config.getUser(user))
    return `context ${context} names user ${user}, which the kubeconfig does not have`
  return serverUrl(cluster.server) ? undefined : `context ${context}: ${cluster.server} is not an http or https URL`
}

/** A server's address for people: without a password that somebody put into it. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

/**
 * The clusters of a kubeconfig's text, one for each context, the wanted (or current) one marked as default. A Harvester
 * named beside it belongs to that one alone: no other context's credentials are sent there.
 * Throws UsageError, naming `file`, when it is malformed, has no usable context, or not the wanted one.
 */
export function loadKubeconfig(text: string, file: string, wanted: string | undefined, now: () => number = Date.now, harvester?: URL): Kubeconfig {
  const { config, raw } = parse(text, file)
  const names = config.getContexts().map(({ name }) => name)
  if (names.length === 0)
    throw new UsageError(`kubeconfig ${file} has no contexts`)
  if (wanted !== undefined && !names.includes(wanted))
    throw new UsageError(`kubeconfig ${file} has no context ${wanted}; it has: ${names.join(', ')}`)
  const reasons = new Map(names.flatMap(name => {
    const why = whyLeftOut(config, name)
    return why === undefined ? [] : [[name, why] as const]
  }))
  const usable = names.filter(name => !reasons.has(name))
  const begin = wanted ?? (names.includes(config.getCurrentContext()) ? config.getCurrentContext() : usable[0])
  const reason = begin === undefined ? [...reasons.values()][0] : reasons.get(begin)
  if (begin === undefined || reason !== undefined)
    throw new UsageError(`kubeconfig ${file}: ${reason}`)
  const users = new Map((raw.users ?? []).map(({ name, user }) => [name, user ?? {}]))
  const source: Source = { config, users, folder: dirname(resolve(file)), now }
  const ids = contextIds(usable)
  const clusters = usable.map((name, index): Cluster => {
    const url = serverUrl(config.getCluster(config.getContextObject(name)?.cluster ?? '')?.server ?? '') as URL
    const access = accessOf(source, name, url)
    return { id: ids[index] ?? name, title: name, default: name === begin, server: shown(url), access, harvester: harvesterAccess(access, name === begin ? harvester : undefined) }
  })
  return { clusters, leftOut: [...reasons.values()] }
}
