import type { AdmissionHook, Cluster, SubresourceRoute } from './cluster.ts'
import { makeCertificate } from './certificate.ts'
import type { JsonObject } from './json.ts'
import { demoKubeconfig } from './kubeconfig.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { DEFAULT_POLICY } from './kinds/policy.ts'
import { startListener } from './listener.ts'
import { ObjectStore } from './objects.ts'
import type { Policy } from './rbac.ts'
import { KindRegistry } from './registry.ts'
import { makeTokens, Users } from './users.ts'
import { createObject } from './writing.ts'

export interface EmbeddedClusterOptions {
  /** 0 or absent takes a free port. */
  readonly port?: number
  /** Where objects, tokens and the certificate are kept; without it each start is a fresh cluster. */
  readonly dataDir?: string
  readonly seed?: boolean
  readonly controllers?: boolean
  /** Events that can be followed back, of each kind. */
  readonly watchHistory?: number
}

export interface EmbeddedCluster {
  readonly url: string
  readonly caPem: string
  /** By account: admin, editor, viewer, and the programs (virt-handler, longhorn …). */
  readonly users: Readonly<Record<string, { readonly token: string }>>
  readonly kubeconfig: string
  /** Serves a subresource as an aggregated API would. */
  readonly registerSubresource: (route: SubresourceRoute) => void
  /** Adds a mutator or validator, as a webhook configuration would. */
  readonly registerHook: (hook: AdmissionHook) => void
  readonly stop: () => Promise<void>
}

const WATCH_HISTORY = 20_000
const HISTORY_AGE = 5 * 60_000

function policyOf(store: ObjectStore): Policy {
  const all = (plural: string) => store.of(`${plural}.rbac.authorization.k8s.io`).range('').map(stored => stored.object)
  return { clusterRoles: all('clusterroles'), clusterRoleBindings: all('clusterrolebindings'), roles: all('roles'), roleBindings: all('rolebindings') }
}

function log(message: string): void {
  process.stderr.write(`embedded cluster: ${message}\n`)
}

const SYSTEM = { user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore' as const, warn: () => undefined }

function bootstrap(cluster: Cluster): void {
  const put = (object: JsonObject) => {
    const kind = cluster.registry.byKind(String(object['apiVersion']), String(object['kind']))
    const metadata = object['metadata']
    const namespace = typeof metadata === 'object' && metadata && !Array.isArray(metadata) ? String(metadata['namespace'] ?? '') : ''
    if (kind) createObject(cluster, kind, namespace, object, SYSTEM)
  }
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const object of DEFAULT_POLICY) put(object)
  for (const crd of CUSTOM_RESOURCE_DEFINITIONS) {
    put(crd)
    cluster.registry.addCrd(crd)
  }
}

/** Starts the embedded cluster: a Kubernetes API in memory behind HTTPS on loopback. Rejects when the port is taken. */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const store = new ObjectStore({ limits: { events: options.watchHistory ?? WATCH_HISTORY, age: HISTORY_AGE }, now: Date.now })
  const cluster: Cluster = { store, registry: new KindRegistry(), hooks: [], routes: [], now: Date.now, policy: () => policyOf(store) }
  bootstrap(cluster)
  const tokens = makeTokens()
  const certificate = await makeCertificate(new Date())
  const listener = await startListener({ cluster, users: new Users(tokens), certificate, port: options.port ?? 0, log })
  return {
    url: listener.url,
    caPem: certificate.certPem,
    users: Object.fromEntries(Object.entries(tokens).map(([account, token]) => [account, { token }])),
    kubeconfig: demoKubeconfig(listener.url, certificate.certPem, tokens),
    registerSubresource: route => { cluster.routes.push(route) },
    registerHook: hook => { cluster.hooks.push(hook) },
    stop: listener.stop,
  }
}
