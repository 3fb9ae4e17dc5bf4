import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fastify from 'fastify'
import { Agent, fetch as fetchBy } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadAllYaml } from '@kubernetes/client-node'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import { LEASES } from '#kube/lease.ts'
import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import { carryOut } from '#kube/write.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { RunStrategy } from '#vms/vm.ts'
import { bringToLife } from './cluster/life.ts'
import type { Life } from './cluster/life.ts'
import { startEmbeddedCluster } from './cluster/main.ts'
import type { EmbeddedCluster } from './cluster/main.ts'
import { PLATFORM } from './cluster/seed/platform.ts'
import { startExportKeeper } from './exportKeeper.ts'
import type { ExportKeeper } from './exportKeeper.ts'
import { ownExportsInMemory } from './ownExports.ts'
import { beginExport, endOfExport, isOver, runVm, until } from './testExports.ts'

// The roles of docs/roles/console.yaml on the embedded cluster. What each may not do is tried on both clusters in e2e/cluster/roles.spec.ts.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

interface Role extends KubeObject { readonly rules: readonly { readonly apiGroups: readonly string[], readonly resources: readonly string[], readonly verbs: readonly string[] }[] }
interface Binding extends KubeObject { readonly roleRef: object, readonly subjects: readonly object[] }
const RBAC = 'rbac.authorization.k8s.io/v1'
const CLUSTER_ROLES = defineResource<Role>(RBAC, 'ClusterRole', 'clusterroles', 'cluster')
const CLUSTER_ROLE_BINDINGS = defineResource<Binding>(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', 'cluster')
const ROLE_BINDINGS = defineResource<Binding>(RBAC, 'RoleBinding', 'rolebindings')
const ROOT = resolve(import.meta.dirname, '..')
const roles = loadAllYaml(readFileSync(join(ROOT, 'docs/roles/console.yaml'), 'utf8')) as Role[]
const NAMESPACE = 'production'

let cluster: EmbeddedCluster
let life: Life
let dispatcher: Agent
let admin: KubeClient
const keepers: ExportKeeper[] = []

const clientOf = (account: string): KubeClient => createKubeClient({ baseUrl: cluster.url, token: cluster.users[account]?.token, fetch: (url, init) => fetchBy(url, { ...init, dispatcher } as Parameters<typeof fetchBy>[1]) as unknown as Promise<Response> })

function binding(kind: 'ClusterRoleBinding' | 'RoleBinding', account: string, role: string): Parameters<typeof admin.create<Binding>>[1] {
  return {
    apiVersion: RBAC, kind, metadata: { name: `${account}-${role}`, ...(kind === 'RoleBinding' && { namespace: NAMESPACE }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: account }],
  }
}

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: () => undefined })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 200, log: () => undefined })
  dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  admin = clientOf('admin')
  // The demonstration's own policy for these two would help them.
  for (const resource of [ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS]) {
    for (const { metadata: { namespace, name } } of (await admin.list(resource)).items.filter(({ subjects }) => JSON.stringify(subjects).includes('"ops-')))
      await admin.remove(resource, { ...(namespace && { namespace }), name })
  }
  for (const role of roles)
    await admin.create(CLUSTER_ROLES, role)
  for (const account of ['viewer', 'editor'])
    await admin.create(CLUSTER_ROLE_BINDINGS, binding('ClusterRoleBinding', account, 'guardrails-viewer'))
  await admin.create(ROLE_BINDINGS, binding('RoleBinding', 'viewer', 'guardrails-exporter'))
  await admin.create(ROLE_BINDINGS, binding('RoleBinding', 'editor', 'guardrails-operator'))
})
afterEach(() => Promise.all(keepers.splice(0).map(keeper => keeper.stop())))
afterAll(async () => {
  await life.stop()
  await dispatcher.destroy()
  await cluster.stop()
})

/** Carries exports out as a page or a keeper of that account does. */
function consoleOf(account: string): ExportKeeper {
  const keeper = startExportKeeper({ client: clientOf(account), mode: 'own', namespace: 'harvester-system', cluster: 'here', own: ownExportsInMemory(), log: fastify({ logger: false }).log, pace: { turns: { settle: 10, patience: 300, first: 50, longest: 200, slowest: 400 }, follow: { first: 50, longest: 200, slow: 300 } } })
  keepers.push(keeper)
  return keeper
}
const told = () => JSON.stringify(keepers.map(keeper => keeper.report()))

async function running(name: string, runStrategy: RunStrategy): Promise<{ readonly namespace: string, readonly name: string }> {
  const vm = { namespace: NAMESPACE, name }
  await runVm(admin, vm, runStrategy)
  await until(async () => (await admin.get(VMIS, vm).catch(() => undefined))?.status?.phase === 'Running', `${name} to run`)
  return vm
}
const strategy = (at: { readonly namespace: string, readonly name: string }, runStrategy: string) => carryOut(admin, { act: 'patch', resource: VMS, at, patch: { type: 'merge', body: { spec: { runStrategy } } } })

describe('the role viewer', () => {
  /** Every kind that is named in the console's sources. */
  const kinds = readdirSync(join(ROOT, 'pkg'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .flatMap(name => [...readFileSync(join(ROOT, 'pkg', name), 'utf8').matchAll(/defineResource(?:<\w+>)?\('([\w./]+)', '\w+', '([\w-]+)'/g)].map(([, apiVersion = '', plural = '']) => ({ apiVersion, group: apiVersion.includes('/') ? apiVersion.split('/')[0] ?? '' : '', plural })))
    // Asked of oneself, written to, never read, or read by one name alone.
    .filter(({ group, plural }) => group !== 'authentication.k8s.io' && group !== 'subresources.kubevirt.io' && plural !== 'secrets' && plural !== 'leases')

  it('reads every kind that the console reads, and nothing else', () => {
    const { rules = [] } = roles.find(({ metadata }) => metadata.name === 'guardrails-viewer') ?? {}
    const named = rules.flatMap(({ apiGroups, resources, verbs }) => resources.map(plural => `${plural}.${apiGroups.join()} ${verbs.join()}`))
    const read = new Set(kinds.map(({ group, plural }) => `${plural}.${group} get,list,watch`))
    expect(read.size).toBeGreaterThan(20)
    expect(named.filter(one => !one.includes('webhookconfigurations')).sort()).toEqual([...read, 'leases.coordination.k8s.io get'].sort())
  })

  it('lists all of them', async () => {
    const client = clientOf('viewer')
    for (const { apiVersion, plural } of kinds)
      await client.list(defineResource(apiVersion, 'X', plural, 'cluster'))
  })
})

describe('the role viewer, of Leases,', () => {
  it('reads the one by which virt-controller is known to work, and no other', async () => {
    const client = clientOf('viewer')
    const read = (name: string) => client.get(LEASES, { namespace: 'harvester-system', name })
    expect((await read('virt-controller')).spec?.renewTime).toBeTruthy()
    await expect(read('guardrails-export-keeper')).rejects.toMatchObject({ status: 403 })
    await expect(client.list(LEASES)).rejects.toMatchObject({ status: 403 })
  })
})

describe('the role exporter', () => {
  it('exports a disk at rest to its end', async () => {
    const vm = await running('at-rest', 'RerunOnFailure')
    const begun = await beginExport(clientOf('viewer'), vm, 'RerunOnFailure', { restart: false, id: 'atrest01' }, { vms: [] })
    await strategy(vm, 'Halted')
    await until(async () => await admin.get(VMIS, vm).then(() => false, () => true), 'it to be off')
    expect(await consoleOf('viewer').take(begun.at, begun.intent.id)).toBe('taken')
    await until(() => isOver(admin, begun), 'the end', { told })
    expect((await endOfExport(admin, begun)).images).toEqual(['export-atrest01 100 whole'])
  })

  it('shuts no VM down for it', async () => {
    const begun = await beginExport(clientOf('viewer'), await running('running', 'RerunOnFailure'), 'RerunOnFailure')
    const keeper = consoleOf('viewer')
    await keeper.take(begun.at, begun.intent.id)
    await until(() => keeper.report().jobs.some(({ because }) => because.some(reason => reason.code === 'refused' && reason.message.includes('cannot patch resource "virtualmachines"'))), 'the refusal', { told })
    expect(await endOfExport(admin, begun)).toMatchObject({ strategy: 'RerunOnFailure', guest: 'Running', images: [] })
  })
})

describe('the role operator', () => {
  it.each(['RerunOnFailure', 'Manual'] as const)('does the whole of an export by one click, of a VM that is %s, with a backup first', async runStrategy => {
    const begun = await beginExport(clientOf('editor'), await running(`one-click-${runStrategy.toLowerCase()}`, runStrategy), runStrategy, { choices: { backupFirst: true } })
    expect(await consoleOf('editor').take(begun.at, begun.intent.id)).toBe('taken')
    await until(() => isOver(admin, begun), 'the end', { ms: 60_000, told })
    expect(await endOfExport(admin, begun)).toEqual({ intent: undefined, note: undefined, strategy: runStrategy, guest: 'Running', images: [expect.stringMatching(/^export-\w+ 100 (whole|not-observed)$/)] })
  })
})
