import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadAllYaml } from '@kubernetes/client-node'
import fastify from 'fastify'
import { Agent, fetch as fetchBy } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS, NAMESPACES } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import { carryOut } from '#kube/write.ts'
import type { RunStrategy } from '#vms/vm.ts'
import { amendIntent, readIntent } from '#volumes/exportIntent.ts'
import { admitExport } from './exportAdmission.ts'
import { createTurns } from './admissionTurns.ts'
import { createWarnedExports } from './handMadeExports.ts'
import { readCommand } from './cli.ts'
import { bringToLife } from './cluster/life.ts'
import type { Life } from './cluster/life.ts'
import { startEmbeddedCluster } from './cluster/main.ts'
import type { EmbeddedCluster } from './cluster/main.ts'
import { PLATFORM } from './cluster/seed/platform.ts'
import { startExportKeeper } from './exportKeeper.ts'
import type { ExportKeeper } from './exportKeeper.ts'
import { createFreshReads } from './exportWorld.ts'
import { followImageWorld } from './imageWorld.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import { ownExportsInMemory } from './ownExports.ts'
import { REQUESTER_INSTALLED, REQUESTER_WEBHOOKS, beginExport, endOfExport, isOver, runVm, until } from './testExports.ts'
import { VALIDATING } from './webhookConfigurations.ts'

// docs/in-cluster/guardrails.yaml: the embedded cluster takes it as it stands there, and guard and keeper do their work under its
// roles. A real API server is asked about all of it in e2e/cluster/inCluster.spec.ts.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

interface Rule { readonly apiGroups: readonly string[], readonly resources: readonly string[], readonly resourceNames?: readonly string[], readonly verbs: readonly string[] }
interface Fields { readonly [field: string]: unknown }
interface Manifest extends KubeObject { readonly rules?: readonly Rule[], readonly subjects?: readonly Fields[], readonly data?: Readonly<Record<string, string>> }
interface Container { readonly args: readonly string[], readonly ports: readonly { readonly name: string, readonly containerPort: number }[], readonly volumeMounts: readonly { readonly name: string, readonly mountPath: string }[], readonly env: readonly { readonly name: string, readonly value: string }[], readonly readinessProbe: { readonly httpGet: Fields } }
interface PodSpec { readonly serviceAccountName: string, readonly containers: readonly [Container], readonly volumes: readonly { readonly name: string, readonly configMap?: { readonly name: string }, readonly secret?: { readonly secretName: string } }[] }

const HOME = 'harvester-guardrails'
const read = (file: string) => loadAllYaml(readFileSync(resolve(import.meta.dirname, '../docs', file), 'utf8')) as Manifest[]
const MANIFESTS = read('in-cluster/guardrails.yaml')
const of = (kind: string) => MANIFESTS.filter(manifest => manifest.kind === kind)
const PATHS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces', ServiceAccount: `/api/v1/namespaces/${HOME}/serviceaccounts`, ConfigMap: `/api/v1/namespaces/${HOME}/configmaps`, Service: `/api/v1/namespaces/${HOME}/services`,
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles', ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${HOME}/roles`, RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${HOME}/rolebindings`,
}
const NAMESPACE = 'production'

let cluster: EmbeddedCluster
let life: Life
let dispatcher: Agent
let admin: KubeClient
/** What came of each manifest: its kind, the answer's code, and what is wrong. */
const applied: [string, number, string][] = []
/** `verb resource[/subresource].group`, of all that was asked for and not refused. */
const used = new Set<string>()
const refused = new Set<string>()

function rightOf(method: string, { pathname, searchParams }: URL): string {
  const [, group = '', plural = '', name, subresource] = /^\/api(?:s\/([^/]+))?\/[^/]+(?:\/namespaces\/[^/]+(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? []
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', GET: name ? 'get' : searchParams.has('watch') ? 'watch' : 'list' }
  return `${verbs[method]} ${plural}${subresource ? `/${subresource}` : ''}.${group}`
}

const send = (url: string, init: object) => fetchBy(url, { ...init, dispatcher } as Parameters<typeof fetchBy>[1]) as unknown as Promise<Response>

/** The account of the Deployment, for which the embedded cluster has no tokens: another stands in for it, with its bindings alone. */
function clientOf(account: 'admin' | 'editor'): KubeClient {
  return createKubeClient({
    baseUrl: cluster.url, token: cluster.users[account]?.token,
    fetch: async (url, init) => {
      const right = rightOf(init.method ?? 'GET', new URL(url))
      if (account === 'editor' && new URL(url).pathname === REQUESTER_WEBHOOKS) {
        used.add(right)
        return Response.json(REQUESTER_INSTALLED)
      }
      const answer = await send(url, init)
      if (account === 'editor')
        (answer.status === 403 ? refused : used).add(right)
      return answer
    },
  })
}

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: () => undefined })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 200, log: () => undefined })
  dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  admin = clientOf('admin')
  for (const plural of ['clusterrolebindings', 'rolebindings']) {
    const bindings = defineResource<Manifest>('rbac.authorization.k8s.io/v1', 'X', plural, plural === 'rolebindings' ? undefined : 'cluster')
    for (const { metadata: { namespace, name } } of (await admin.list(bindings)).items.filter(({ subjects }) => JSON.stringify(subjects).includes('"ops-')))
      await admin.remove(bindings, { ...(namespace && { namespace }), name })
  }
  for (const manifest of MANIFESTS.filter(({ kind = '' }) => PATHS[kind])) {
    const subjects = manifest.subjects && { subjects: [...manifest.subjects, { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'editor' }] }
    const answer = await send(`${cluster.url}${PATHS[manifest.kind ?? '']}?fieldValidation=Strict`, { method: 'POST', headers: { 'authorization': `Bearer ${cluster.users.admin?.token}`, 'content-type': 'application/json' }, body: JSON.stringify({ ...manifest, ...subjects }) })
    applied.push([manifest.kind ?? '', answer.status, answer.ok ? '' : await answer.text()])
  }
})
afterAll(async () => {
  await life.stop()
  await dispatcher.destroy()
  await cluster.stop()
})

describe('what runs guard and keeper in the cluster', () => {
  it('is taken by the API server with strict fields, but for the Deployment, of which the embedded one knows nothing', async () => {
    expect(MANIFESTS.filter(({ kind = '' }) => !PATHS[kind]).map(({ kind }) => kind)).toEqual(['Deployment'])
    expect(applied).toEqual(applied.map(([kind]) => [kind, 201, '']))
    expect(applied).toHaveLength(MANIFESTS.length - 1)
  })

  it('makes a pod that is taken with strict fields, and one field too many is not', async () => {
    const [deployment] = of('Deployment') as (Manifest & { readonly spec: { readonly template: { readonly metadata: object, readonly spec: PodSpec } } })[]
    const create = (spec: object | undefined) => send(`${cluster.url}/api/v1/namespaces/${HOME}/pods?dryRun=All&fieldValidation=Strict`, {
      method: 'POST', headers: { 'authorization': `Bearer ${cluster.users.admin?.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { ...deployment?.spec.template.metadata, name: 'guardrails', namespace: HOME }, spec }),
    })
    const answer = await create(deployment?.spec.template.spec)
    expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([201, ''])
    expect((await create({ ...deployment?.spec.template.spec, serviceAcountName: 'guardrails' })).status).toBe(400)
  })

  it('has one account, whose bindings are the only ones, and one home', () => {
    const [account] = of('ServiceAccount')
    const subjects = [...of('ClusterRoleBinding'), ...of('RoleBinding')].map(binding => binding.subjects)
    expect(subjects).toHaveLength(2)
    expect(subjects.every(each => JSON.stringify(each) === JSON.stringify([{ kind: 'ServiceAccount', name: account?.metadata.name, namespace: HOME }]))).toBe(true)
    expect(new Set(MANIFESTS.flatMap(({ metadata }) => metadata.namespace ?? []))).toEqual(new Set([HOME]))
  })

  it('starts the server as the server understands it, with files that are mounted, where the Service finds it', () => {
    const [deployment] = of('Deployment') as (Manifest & { readonly spec: { readonly replicas: number, readonly strategy: object, readonly template: { readonly metadata: { readonly labels: object }, readonly spec: PodSpec } } })[]
    const [service] = of('Service') as (Manifest & { readonly spec: { readonly selector: object, readonly ports: readonly { readonly port: number, readonly targetPort: string }[] } })[]
    const [config] = of('ConfigMap')
    const { spec: pod, metadata: { labels } } = deployment?.spec.template ?? { spec: undefined, metadata: { labels: {} } }
    const [container] = pod?.containers ?? []
    expect(pod?.serviceAccountName).toBe(of('ServiceAccount')[0]?.metadata.name)
    expect(readCommand(container?.args ?? [])).toMatchObject({ name: 'serve', options: { kubeconfig: '/etc/guardrails/kubeconfig', host: '127.0.0.1', keeper: { mode: 'all', namespace: HOME }, webhook: { port: 9443, host: '0.0.0.0', guard: true, tlsCert: '/etc/guardrails-tls/tls.crt' } } })
    expect(container?.ports).toEqual([{ name: 'webhook', containerPort: 9443 }])
    expect(container?.readinessProbe.httpGet).toEqual({ path: '/healthz', port: 'webhook', scheme: 'HTTPS' })
    expect(labels).toMatchObject(service?.spec.selector ?? { none: '' })
    expect(service?.spec.ports).toMatchObject([{ port: 443, targetPort: 'webhook' }])
    // The guard's memory is one process's.
    expect(deployment?.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
    expect(container?.volumeMounts.map(({ name }) => name).sort()).toEqual(pod?.volumes.map(({ name }) => name).sort())
    expect(pod?.volumes.find(({ configMap }) => configMap)?.configMap?.name).toBe(config?.metadata.name)
    expect(container?.env).toEqual([{ name: 'XDG_STATE_HOME', value: container?.volumeMounts.find(({ name }) => name === 'state')?.mountPath }])
  })

  it('has a way in that the server can read, with the account\'s own token', () => {
    const text = of('ConfigMap')[0]?.data?.kubeconfig ?? ''
    const { clusters } = loadKubeconfig(text.replace(/ +certificate-authority: .*\n/, ''), 'kubeconfig', undefined)
    expect(clusters).toMatchObject([{ default: true, server: 'https://kubernetes.default.svc' }])
    expect(text).toContain('certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt\n')
    expect(text).toContain('tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token\n')
  })
})

describe('guard and keeper in the cluster', () => {
  let keeper: ExportKeeper
  const told = () => JSON.stringify([keeper.report(), [...refused]])
  const guard = { reads: () => createFreshReads(clientOf('editor')), turns: createTurns(Date.now), warned: createWarnedExports(), warnOnly: new Set<string>(), now: Date.now }
  const ANN = { requester: 'ann', identity: { uid: 'u-1', groups: ['system:masters'] } }

  async function exported(name: string, runStrategy: RunStrategy, deafFor?: number): Promise<string[]> {
    const vm = { namespace: NAMESPACE, name }
    await runVm(admin, vm, runStrategy, deafFor)
    const begun = await beginExport(admin, vm, runStrategy, { choices: { backupFirst: true, ...(deafFor !== undefined && { ifCutOff: 'mark-crash-consistent' }) } }, ANN)
    if (deafFor !== undefined) {
      await until(() => keeper.report().jobs.some(({ step }) => step === 'wait-guest'), 'the guest to be asked', { told, ms: 30_000 })
      await until(async () => {
        const claim = await admin.get(CLAIMS, begun.at)
        const intent = readIntent(claim)
        return intent && intent !== 'unreadable' && await carryOut(admin, amendIntent(claim, intent, { forcedBy: 'ann' })).then(() => true, () => false)
      }, 'the decision', { told })
    }
    const found = async () => (await endOfExport(admin, begun)).images.map(image => image.split(' ').at(-1) ?? '')
    // A start after a forced stop takes a minute and a half to be believed.
    await until(async () => deafFor === undefined ? isOver(admin, begun) : (await found()).includes('crash-consistent'), `the end of ${name}`, { told, ms: 60_000 })
    return found()
  }

  it('do all that they do under the roles of that file, and use all of them', async () => {
    keeper = startExportKeeper({
      client: clientOf('editor'), mode: 'all', namespace: HOME, cluster: 'here', own: ownExportsInMemory(), log: fastify({ logger: false }).log,
      pace: { turns: { settle: 10, patience: 300, first: 50, longest: 200, slowest: 400 }, lease: { duration: 1_500, deadline: 1_000, retry: 150 }, follow: { first: 50, longest: 200, slow: 300 } },
    })
    const end = new AbortController()
    try {
      expect(await exported('in-cluster-manual', 'Manual')).toEqual([expect.stringMatching(/^(whole|not-observed)$/)])
      expect(await exported('in-cluster-deaf', 'RerunOnFailure', 600)).toEqual(['crash-consistent'])
      expect(keeper.report()).toMatchObject({ word: 'leading', because: [] })
      // What the guard reads for one image, of another namespace too, and what it follows beside.
      const image = { metadata: { name: 'by-hand', namespace: 'default' }, spec: { displayName: 'x', sourceType: 'export-from-volume', backend: 'backingimage', pvcName: 'in-cluster-manual-root', pvcNamespace: NAMESPACE } }
      const { refusal } = await admitExport({ uid: 'u', operation: 'CREATE', resource: 'virtualmachineimages.harvesterhci.io', namespace: 'default', user: { name: 'ann', groups: ['system:masters'] }, dryRun: true, object: image, oldObject: undefined }, guard)
      expect(refusal?.message).toMatch(/is in use: /)
      const world = followImageWorld(clientOf('editor'), { signal: end.signal }, () => undefined)
      await until(() => world().images && world().classes, 'images and classes')
      await clientOf('editor').get(NAMESPACES, { name: NAMESPACE })
      // A kind that this cluster does not have is refused to nobody; whether it may be listed is asked of the rules.
      await clientOf('editor').list(VALIDATING).catch(() => undefined)
    }
    finally {
      end.abort()
      await keeper.stop()
    }
    expect([...refused]).toEqual([])
    const granted = [...of('ClusterRole'), ...of('Role')].flatMap(({ rules = [] }) => rules).flatMap(({ apiGroups, resources, verbs }) => apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}.${group}`))))
    expect([...used].sort()).toEqual([...new Set(granted)].sort())
  })

  it('have no right that the roles to hand out for each of them do not have', () => {
    const rightsIn = (manifests: readonly Manifest[]) => new Set(manifests.flatMap(({ rules = [] }) => rules).flatMap(({ apiGroups, resources, verbs }) => apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}.${group}`)))))
    const handedOut = rightsIn([...read('roles/keeper.yaml'), ...read('roles/export-guard.yaml')])
    expect([...rightsIn(MANIFESTS)].filter(right => !handedOut.has(right))).toEqual([])
  })
})
