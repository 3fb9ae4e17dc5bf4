import { furnish } from './bootstrap.ts'
import type { ActionRoute, AdmissionHook, Cluster, EvictionHook, SubresourceRoute } from './cluster.ts'
import { holdFolder } from './hold.ts'
import { keepIdentity, readIdentity } from './identity.ts'
import { DiskJournal } from './journal.ts'
import { keepDefinitions } from './keepers/definitions.ts'
import { keepNamespaces } from './keepers/namespaces.ts'
import { keepOwners } from './keepers/owners.ts'
import { keepProtection } from './keepers/protection.ts'
import { demoKubeconfig } from './kubeconfig.ts'
import { bringToLife } from './life.ts'
import type { ApiListener } from './listener.ts'
import { startListener } from './listener.ts'
import type { MirrorServer } from './mirror/server.ts'
import { startMirror } from './mirror/server.ts'
import { ObjectStore } from './objects.ts'
import type { Policy } from './rbac.ts'
import { KindRegistry } from './registry.ts'
import { demonstration } from './seed/demonstration.ts'
import { directWriter } from './seed/direct.ts'
import { daysAhead, tellMirror } from './tour.ts'
import { Users } from './users.ts'

export interface EmbeddedClusterOptions {
  /** 0 or absent takes a free port, with `dataDir` the one of last time where it is free. */
  readonly port?: number
  /** Where objects, tokens and the certificate are kept; without it each start is a fresh cluster. */
  readonly dataDir?: string
  /** Fills a fresh cluster with the demonstration's nodes, images and VMs. */
  readonly seed?: boolean
  /** Runs the controllers that move VMs, volumes and images; as `seed` when absent. */
  readonly controllers?: boolean
  /** Serves a mirror of publishers on a port of its own, told of in the ConfigMap `guardrails-tour`; as `seed` when absent. */
  readonly mirror?: boolean
  /** How many times faster than real time the controllers work; 1 when absent. */
  readonly pace?: number
  /** Events that can be followed back, of each kind. */
  readonly watchHistory?: number
  /** Told of what went wrong inside, in a line. */
  readonly log?: (line: string) => void
}

export interface EmbeddedCluster {
  readonly url: string
  readonly caPem: string
  /** By account: admin, editor, viewer, and the programs (virt-handler, longhorn …). */
  readonly users: Readonly<Record<string, { readonly token: string }>>
  readonly kubeconfig: string
  /** Where the mirror is, with a slash at its end; undefined where there is none. */
  readonly mirror: string | undefined
  /** Serves a subresource as an aggregated API would. */
  readonly registerSubresource: (route: SubresourceRoute) => void
  /** Serves an action of Harvester's own API. */
  readonly registerAction: (route: ActionRoute) => void
  /** Adds a mutator or validator, as a webhook configuration would. */
  readonly registerHook: (hook: AdmissionHook) => void
  /** Adds a webhook that is asked before a pod is evicted. */
  readonly registerEvictionHook: (hook: EvictionHook) => void
  readonly stop: () => Promise<void>
}

const WATCH_HISTORY = 20_000
const HISTORY_AGE = 5 * 60_000
const SHORTEN_EVERY = 30_000

/** The RBAC objects in force, gathered again after one of them has changed. */
function followPolicy(store: ObjectStore): () => Policy {
  const suffix = '.rbac.authorization.k8s.io'
  let policy: Policy | undefined
  store.listen(resource => { if (resource.endsWith(suffix)) policy = undefined })
  const all = (plural: string) => store.of(`${plural}${suffix}`).range('').map(stored => stored.object)
  return () => policy ??= { clusterRoles: all('clusterroles'), clusterRoleBindings: all('clusterrolebindings'), roles: all('roles'), roleBindings: all('rolebindings') }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** Starts a server on the wanted port; where that is only the one of last time and taken meanwhile, on a free one. */
async function listen<T>(start: (port: number) => Promise<T>, port: number, wished = false): Promise<T> {
  try {
    return await start(port)
  }
  catch (error) {
    if (wished || !isTaken(error)) throw error
    return start(0)
  }
}

/**
 * Starts the embedded cluster: a Kubernetes API in memory behind HTTPS on loopback. Rejects when a port that was asked for
 * is taken, with a UsageError when `dataDir` is damaged or in use, and with what the file system says when it cannot be had.
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const letGo = options.dataDir === undefined ? () => undefined : holdFolder(options.dataDir)
  try {
    return await start(options, letGo)
  }
  catch (error) {
    letGo()
    throw error
  }
}

async function start(options: EmbeddedClusterOptions, letGo: () => void): Promise<EmbeddedCluster> {
  const { dataDir, log = line => { process.stderr.write(`embedded cluster: ${line}\n`) } } = options
  const journal = dataDir === undefined ? undefined : new DiskJournal(dataDir)
  const saved = journal?.saved ?? { revision: 0, objects: [] }
  // A fresh cluster is later than every one before it: who followed an earlier one is told 410, and does not wait for a revision to come.
  const store = new ObjectStore({ limits: { events: options.watchHistory ?? WATCH_HISTORY, age: HISTORY_AGE }, now: Date.now, revision: saved.revision || Date.now(), journal })
  for (const { resource, stored } of saved.objects) store.restore(resource, stored)
  const cluster: Cluster = { store, registry: new KindRegistry(), hooks: [], evictionHooks: [], routes: [], actions: [], now: Date.now, policy: followPolicy(store) }
  const identity = await readIdentity(dataDir, new Date())
  const keepers = [keepDefinitions(cluster, log)]
  // What somebody deleted stays deleted: only a cluster that never came up before is furnished and seeded.
  const fresh = identity.port === 0
  if (fresh) furnish(cluster)
  keepers.push(keepNamespaces(cluster, identity.certificate.certPem, log), keepOwners(cluster, log), keepProtection(cluster, log))

  const users = new Users(identity.tokens)
  const listener: ApiListener = await listen(port => startListener({ cluster, users, certificate: identity.certificate, port, log }), options.port || identity.port, Boolean(options.port))
  const shortening = setInterval(() => journal?.shorten(store), SHORTEN_EVERY)
  shortening.unref()
  const doors = {
    url: listener.url,
    caPem: identity.certificate.certPem,
    users: Object.fromEntries(Object.entries(identity.tokens).map(([account, token]) => [account, { token }])),
    registerSubresource: (route: SubresourceRoute) => { cluster.routes.push(route) },
    registerAction: (route: ActionRoute) => { cluster.actions.push(route) },
    registerHook: (hook: AdmissionHook) => { cluster.hooks.push(hook) },
    registerEvictionHook: (hook: EvictionHook) => { cluster.evictionHooks.push(hook) },
  }
  const { seed = false, controllers = seed, mirror: mirrored = seed, pace } = options
  const mirror: MirrorServer | undefined = mirrored ? await listen(port => startMirror({ port, now: cluster.now, daysAhead: reader => daysAhead(cluster, reader) }), identity.mirrorPort) : undefined
  if (mirror)
    tellMirror(cluster, mirror.url)
  const life = seed || controllers
    ? await bringToLife(doors, { seed: seed && fresh ? demonstration(Date.now()) : [], writer: directWriter(cluster), controllers, log, ...(pace === undefined ? {} : { pace }) })
    : undefined
  if (dataDir !== undefined) keepIdentity(dataDir, { ...identity, port: listener.port, mirrorPort: mirror?.port ?? identity.mirrorPort })
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await life?.stop()
    clearInterval(shortening)
    keepers.forEach(stop => stop())
    await Promise.all([listener.stop(), mirror?.stop()])
    journal?.shorten(store, true)
    journal?.close()
    letGo()
  }
  return {
    ...doors,
    mirror: mirror?.url,
    kubeconfig: demoKubeconfig(listener.url, identity.certificate.certPem, identity.tokens),
    stop: () => stopped ??= stop(),
  }
}
