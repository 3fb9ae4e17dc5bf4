import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadAllYaml } from '@kubernetes/client-node'
import fastify from 'fastify'
import { Agent, fetch as fetchBy } from 'undici'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import { carryOut } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { exportImageName, noteOn, wholenessOf } from '#volumes/exportedImage.ts'
import { admitExport } from './exportAdmission.ts'
import { createTurns } from './admissionTurns.ts'
import { createWarnedExports } from './handMadeExports.ts'
import { bringToLife } from './cluster/life.ts'
import type { Life } from './cluster/life.ts'
import { startEmbeddedCluster } from './cluster/main.ts'
import type { EmbeddedCluster } from './cluster/main.ts'
import { PLATFORM } from './cluster/seed/platform.ts'
import { startExportKeeper } from './exportKeeper.ts'
import type { ExportKeeper, KeeperOptions } from './exportKeeper.ts'
import { createFreshReads } from './exportWorld.ts'
import { ownExportsInMemory } from './ownExports.ts'
import { REQUESTER_INSTALLED, REQUESTER_WEBHOOKS, beginExport, endOfExport, isOver, runVm, until } from './testExports.ts'
import type { Begun } from './testExports.ts'

// Who exports and sees neither Longhorn's volumes nor attachments and nodes; the guard and a keeper see them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

interface Role extends KubeObject { readonly rules: readonly { readonly apiGroups: readonly string[], readonly resources: readonly string[], readonly verbs: readonly string[] }[] }
interface Binding extends KubeObject { readonly roleRef: object, readonly subjects: readonly object[] }
const RBAC = 'rbac.authorization.k8s.io/v1'
const CLUSTER_ROLES = defineResource<Role>(RBAC, 'ClusterRole', 'clusterroles', 'cluster')
const CLUSTER_ROLE_BINDINGS = defineResource<Binding>(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', 'cluster')
const ROLE_BINDINGS = defineResource<Binding>(RBAC, 'RoleBinding', 'rolebindings')
const roles = loadAllYaml(readFileSync(join(resolve(import.meta.dirname, '..'), 'docs/roles/console.yaml'), 'utf8')) as Role[]
const CLOSED = ['nodes', 'volumeattachments']
const NAMESPACE = 'production'

let cluster: EmbeddedCluster
let life: Life
let dispatcher: Agent
let admin: KubeClient
const keepers: ExportKeeper[] = []
const told = () => JSON.stringify(keepers.map(keeper => keeper.report()))

const turns = createTurns(Date.now)
/** An API server asks the guard before an image is made: the embedded one has no webhooks that are objects. */
async function asked(path: string, body: string, dryRun: boolean) {
  const object = JSON.parse(body) as KubeObject
  const { refusal, warnings } = await admitExport(
    { uid: 'u', operation: 'CREATE', resource: 'virtualmachineimages.harvesterhci.io', namespace: path.split('/').at(-2) ?? '', user: { name: 'editor' }, dryRun, object, oldObject: undefined },
    { reads: () => createFreshReads(admin), turns, warned: createWarnedExports(), warnOnly: new Set(), now: Date.now },
  )
  const status = refusal && { kind: 'Status', apiVersion: 'v1', ...refusal, message: `admission webhook "exports.guardrails.harvesterhci.io" denied the request: ${refusal.message}` }
  return { refused: status && Response.json(status, { status: status.code }), warnings }
}

function clientOf(account: string): KubeClient {
  return createKubeClient({
    baseUrl: cluster.url, token: cluster.users[account]?.token,
    fetch: async (url, init) => {
      const { pathname, searchParams } = new URL(url)
      if (pathname === REQUESTER_WEBHOOKS)
        return Response.json(REQUESTER_INSTALLED)
      const isImage = init.method === 'POST' && pathname.endsWith('/virtualmachineimages')
      const guard = isImage ? await asked(pathname, String(init.body), searchParams.has('dryRun')) : undefined
      if (guard?.refused)
        return guard.refused
      const answer = await fetchBy(url, { ...init, dispatcher } as Parameters<typeof fetchBy>[1]) as unknown as Response
      const headers = new Headers(answer.headers)
      guard?.warnings.forEach(warning => headers.append('warning', `299 - "${warning}"`))
      return guard ? new Response(answer.body, { status: answer.status, headers }) : answer
    },
  })
}

const bind = (kind: 'ClusterRoleBinding' | 'RoleBinding', role: string) => ({
  apiVersion: RBAC, kind, metadata: { name: `editor-${role}`, ...(kind === 'RoleBinding' && { namespace: NAMESPACE }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'editor' }],
})

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: () => undefined })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 200, log: () => undefined })
  dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  admin = clientOf('admin')
  for (const resource of [ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS]) {
    for (const { metadata: { namespace, name } } of (await admin.list(resource)).items.filter(({ subjects }) => JSON.stringify(subjects).includes('"ops-')))
      await admin.remove(resource, { ...(namespace && { namespace }), name })
  }
  for (const role of roles) {
    const rules = role.rules.filter(({ apiGroups }) => !apiGroups.includes('longhorn.io')).map(rule => ({ ...rule, resources: rule.resources.filter(resource => !CLOSED.includes(resource)) }))
    await admin.create(CLUSTER_ROLES, { ...role, rules })
  }
  await admin.create(CLUSTER_ROLE_BINDINGS, bind('ClusterRoleBinding', 'guardrails-viewer'))
  await admin.create(ROLE_BINDINGS, bind('RoleBinding', 'guardrails-operator'))
})
afterEach(async () => { await Promise.all(keepers.splice(0).map(keeper => keeper.stop())) })
afterAll(async () => {
  await life.stop()
  await dispatcher.destroy()
  await cluster.stop()
})

function keep(account: string, mode: KeeperOptions['mode']): ExportKeeper {
  const keeper = startExportKeeper({
    client: clientOf(account), mode, namespace: 'harvester-system', cluster: 'here', own: ownExportsInMemory(), log: fastify({ logger: false }).log,
    pace: { turns: { settle: 10, patience: 300, first: 50, longest: 200, slowest: 400 }, lease: { duration: 1_500, deadline: 1_000, retry: 150 }, follow: { first: 50, longest: 200, slow: 300 } },
  })
  keepers.push(keeper)
  return keeper
}

const imageOf = ({ intent }: Begun) => admin.get(IMAGES, { namespace: intent.image.namespace, name: exportImageName(intent) }).catch(() => undefined)

/** An export that its operator carries out up to its image, and whatever happens then; a keeper that sees looks once it is read. */
async function exportBlindly(name: string, meanwhile: (begun: Begun) => Promise<void> = () => Promise.resolve()) {
  const vm = { namespace: NAMESPACE, name }
  await runVm(admin, vm, 'RerunOnFailure')
  await until(async () => (await admin.get(VMIS, vm).catch(() => undefined))?.status?.phase === 'Running', `${name} to run`)
  const begun = await beginExport(admin, vm, 'RerunOnFailure', {}, { requester: 'editor', identity: {} })
  await keep('editor', 'own').take(begun.at, begun.intent.id)
  const image = await until(() => imageOf(begun), 'the image, by one who does not see Longhorn', { told, ms: 40_000 })
  await meanwhile(begun)
  keep('admin', 'all')
  return { begun, image }
}

it('is verified by a keeper that sees, by what the guard saw when the image was made', async () => {
  const { begun, image } = await exportBlindly('web-01')
  expect(noteOn(image).lastPods).toMatch(/virt-launcher-web-01-/)
  await until(() => isOver(admin, begun), 'the end', { told, ms: 60_000 })
  expect((await endOfExport(admin, begun)).images).toEqual([expect.stringMatching(/ 100 (whole|not-observed)$/)])
})

it('may be torn, by what the guard saw, where a VM came to the disk meanwhile and is gone again', async () => {
  const { begun } = await exportBlindly('web-02', async ({ vm }) => {
    const put = (runStrategy: string) => carryOut(admin, { act: 'patch', resource: VMS, at: vm, patch: { type: 'merge', body: { spec: { runStrategy } } } })
    await Promise.all(keepers.splice(0).map(keeper => keeper.stop()))
    await put('Always')
    await until(async () => (await admin.get(VMIS, vm).catch(() => undefined))?.status?.phase === 'Running', 'it to run on the disk', { told })
    await put('Halted')
    await until(async () => await admin.get(VMIS, vm).then(() => false, () => true), 'it to be gone', { told, ms: 30_000 })
  })
  await until(async () => {
    const image = await imageOf(begun)
    return image && wholenessOf(image) === 'overtaken'
  }, 'the mark', { told, ms: 60_000 })
})
