import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { JsonObject } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { EmbeddedCluster } from './main.ts'
import { startEmbeddedCluster } from './main.ts'
import { metaText } from './metadata.ts'

// What the contract suite cannot ask of a real API server too; it has all the rest.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const agents: Agent[] = []
afterAll(() => Promise.all(agents.map(agent => agent.destroy())))

interface Said { readonly status: number, readonly text: string, readonly headers: Dispatcher.ResponseData['headers'], readonly object: JsonObject }

/** Asks a cluster as one of its accounts, or as nobody. */
function asker(cluster: EmbeddedCluster) {
  const dispatcher = new Agent({ connect: { ca: cluster.caPem }, bodyTimeout: 0 })
  agents.push(dispatcher)
  return async (method: Dispatcher.HttpMethod, path: string, body?: JsonObject, { account = 'admin', headers = {} }: { account?: string, headers?: Record<string, string> } = {}): Promise<Said> => {
    const token = cluster.users[account]?.token
    const answer = await request(cluster.url + path, {
      method, dispatcher,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.body.text()
    const value: unknown = text.startsWith('{') && !text.includes('}\n{') ? JSON.parse(text) : {}
    return { status: answer.statusCode, text, headers: answer.headers, object: isObject(value) ? value : {} }
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return
    await sleep(25)
  }
  throw new Error('not seen within 10 s')
}

const claim = (name: string, size = '1Gi'): JsonObject => ({
  apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
})
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims'
const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, data: JsonObject = {}): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })

describe('the embedded cluster', () => {
  let cluster: EmbeddedCluster
  let ask: ReturnType<typeof asker>
  beforeAll(async () => {
    cluster = await startEmbeddedCluster()
    ask = asker(cluster)
  })
  afterAll(() => cluster.stop())

  it('tells its health and version without a token, and nothing else', async () => {
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) expect((await ask('GET', path, undefined, { account: 'nobody' })).status).toBe(200)
    const { status, object } = await ask('GET', '/api/v1/nodes', undefined, { account: 'nobody' })
    expect([status, object['message']]).toEqual([403, 'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope'])
  })

  it('knows no token but its own', async () => {
    const { status, object } = await ask('GET', '/api/v1/nodes', undefined, { headers: { authorization: 'Bearer guess' } })
    expect([status, object['reason']]).toEqual([401, 'Unauthorized'])
  })

  it('refuses an address that cannot be read, and goes on', async () => {
    expect((await ask('GET', '/api/v1/namespaces/%zz')).status).toBe(400)
    expect((await ask('GET', '//[::1/x')).status).toBe(404)
    expect((await ask('GET', '/readyz')).status).toBe(200)
  })

  it('has an editor who may change VMs and a viewer who may not', async () => {
    const path = '/apis/kubevirt.io/v1/namespaces/production/virtualmachines'
    expect((await ask('GET', path, undefined, { account: 'viewer' })).status).toBe(200)
    expect((await ask('DELETE', `${path}/x`, undefined, { account: 'viewer' })).status).toBe(403)
    expect((await ask('DELETE', `${path}/x`, undefined, { account: 'editor' })).status).toBe(404)
  })

  it('writes a kubeconfig with a context for each of the three', () => {
    const config: unknown = parse(cluster.kubeconfig)
    expect(config).toMatchObject({ 'current-context': 'demo', 'contexts': [{ name: 'demo' }, { name: 'demo-editor' }, { name: 'demo-viewer' }] })
  })

  it('forgets its history on demand: watches and lists from before get 410', async () => {
    for (const name of ['one', 'two', 'three']) await ask('POST', MAPS, map(name))
    const { object: page } = await ask('GET', `${MAPS}?limit=1`)
    const version = String(fieldAt(page, 'metadata.resourceVersion'))
    await ask('PATCH', `${MAPS}/one`, { data: { a: 'b' } })
    const { status, object } = await ask('POST', '/debug/compact')
    expect([status, Number(object['compactedRevision'])]).toEqual([200, Number(version) + 1])

    const watched = await ask('GET', `${MAPS}?watch=1&timeoutSeconds=5&resourceVersion=${version}`)
    expect(watched.object).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: `too old resource version: ${version} (${Number(version) + 1})` } })
    const next = await ask('GET', `${MAPS}?limit=1&continue=${String(fieldAt(page, 'metadata.continue'))}`)
    expect(next.status).toBe(410)
    const on = await ask('GET', `${MAPS}?limit=500&continue=${String(fieldAt(next.object, 'metadata.continue'))}`)
    expect(on.status).toBe(200)
  })

  it('lets only administrators make it forget', async () => {
    expect((await ask('POST', '/debug/compact', undefined, { account: 'editor' })).status).toBe(403)
  })

  it('asks its hooks: a mutator changes what is stored, within the schema', async () => {
    cluster.registerHook({
      name: 'mutator.test', phase: 'mutate',
      review: ({ kind, object, name }) => (kind.kind === 'ConfigMap' && name === 'mutated' && object ? { object: { ...object, data: { by: 'hook' }, unheard: 1 }, warnings: ['was changed'] } : undefined),
    })
    const { object, headers } = await ask('POST', MAPS, map('mutated'))
    expect(object['data']).toEqual({ by: 'hook' })
    expect(object).not.toHaveProperty('unheard')
    expect(headers['warning']).toBe('299 - "was changed"')
  })

  it('asks its hooks: a validator refuses with its own words, also in a dry run', async () => {
    cluster.registerHook({
      name: 'guard.test', phase: 'validate',
      review: ({ operation, kind, old, dryRun }) => (kind.kind === 'PersistentVolumeClaim' && operation === 'DELETE' && old && metaText(old, 'name') === 'guarded'
        ? { refusal: { code: 422, reason: 'Invalid', message: `it is exported${dryRun ? ' (asked only)' : ''}`, causes: [{ reason: 'FieldValueForbidden', field: 'metadata', message: 'exported' }] } }
        : undefined),
    })
    await ask('POST', CLAIMS, claim('guarded'))
    const { status, object } = await ask('DELETE', `${CLAIMS}/guarded`)
    expect([status, object['message']]).toEqual([422, 'admission webhook "guard.test" denied the request: it is exported'])
    expect(fieldAt(object, 'details.causes')).toEqual([{ reason: 'FieldValueForbidden', field: 'metadata', message: 'exported' }])
    expect((await ask('DELETE', `${CLAIMS}/guarded?dryRun=All`)).object['message']).toContain('(asked only)')
    expect((await ask('GET', `${CLAIMS}/guarded`)).status).toBe(200)
  })

  it('empties a namespace of what it may, whatever is refused, and lets it go when nothing is', async () => {
    let guarded = true
    cluster.registerHook({
      name: 'keeper.test', phase: 'validate',
      review: ({ operation, kind, name }) => (guarded && kind.kind === 'ConfigMap' && operation === 'DELETE' && name === 'a-kept' ? { refusal: { code: 422, reason: 'Invalid', message: 'it is in use' } } : undefined),
    })
    const home = '/api/v1/namespaces/ending'
    await ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } })
    for (const name of ['a-kept', 'b-left']) await ask('POST', `${home}/configmaps`, map(name))
    await ask('POST', `${home}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' } })
    await ask('DELETE', home)
    for (const path of [`${home}/configmaps/b-left`, `${home}/secrets/key`]) await until(async () => (await ask('GET', path)).status === 404)
    expect((await ask('GET', `${home}/configmaps/a-kept`)).status).toBe(200)
    guarded = false
    await until(async () => (await ask('GET', home)).status === 404)
  })

  it('hands subresources of others to those who serve them', async () => {
    cluster.registerSubresource({
      group: 'subresources.kubevirt.io', version: 'v1', resource: 'virtualmachines', subresource: 'stop', method: 'PUT',
      answer: ({ namespace, name, body, user }) => (name === 'gone' ? { status: 404, body: { kind: 'Status' } } : { status: 202, body: `${user.name} stops ${namespace}/${name} ${JSON.stringify(body)}` }),
    })
    const path = '/apis/subresources.kubevirt.io/v1/namespaces/production/virtualmachines'
    expect(await ask('PUT', `${path}/web-01/stop`, { gracePeriod: 0 })).toMatchObject({ status: 202, text: 'admin stops production/web-01 {"gracePeriod":0}' })
    expect((await ask('PUT', `${path}/gone/stop`)).object).toEqual({ kind: 'Status' })
    expect((await ask('PUT', `${path}/web-01/stop`, {}, { account: 'viewer' })).status).toBe(403)
    expect(await ask('PUT', `${path}/web-01/pause`)).toMatchObject({ status: 404, text: '404: Page Not Found' })
  })

  it('lets a reader go who does not read', async () => {
    const big = { blob: 'x'.repeat(900_000) }
    const dispatcher = new Agent({ connect: { ca: cluster.caPem }, bodyTimeout: 0 })
    agents.push(dispatcher)
    const { body } = await request(`${cluster.url}${MAPS}?watch=1`, { dispatcher, headers: { authorization: `Bearer ${cluster.users['admin']?.token ?? ''}` } })
    const gone = new Promise(done => body.once('error', done).once('close', done))
    for (let i = 0; i < 60; i++) expect((await ask('POST', MAPS, map(`big-${i}`, big))).status).toBe(201)
    body.resume()
    await gone
    expect((await ask('GET', '/readyz')).status).toBe(200)
    await ask('DELETE', MAPS)
  })
})

describe('a cluster with a data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-cluster-'))
  let cluster: EmbeddedCluster | undefined
  afterEach(async () => { await cluster?.stop() })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  it('is the same after a restart: objects, versions, definitions, tokens, certificate, port', async () => {
    cluster = await startEmbeddedCluster({ dataDir: folder })
    const ask = asker(cluster)
    const definition: JsonObject = {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'pins.guardrails.test' },
      spec: { group: 'guardrails.test', scope: 'Namespaced', names: { plural: 'pins', kind: 'Pin' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] },
    }
    expect((await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)).status).toBe(201)
    const pins = '/apis/guardrails.test/v1/namespaces/default/pins'
    const { object: pin } = await ask('POST', pins, { apiVersion: 'guardrails.test/v1', kind: 'Pin', metadata: { name: 'kept' }, spec: { a: 1 } })
    await ask('POST', MAPS, map('removed'))
    await ask('DELETE', `${MAPS}/removed`)
    await ask('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/keypairs.harvesterhci.io')
    await until(async () => (await ask('GET', '/apis/harvesterhci.io/v1beta1/keypairs')).status === 404)
    const { kubeconfig } = cluster
    await cluster.stop()

    cluster = await startEmbeddedCluster({ dataDir: folder })
    expect(cluster.kubeconfig).toBe(kubeconfig)
    const again = asker(cluster)
    expect((await again('GET', `${pins}/kept`)).object).toEqual(pin)
    expect((await again('GET', `${MAPS}/removed`)).status).toBe(404)
    expect((await again('GET', '/apis/harvesterhci.io/v1beta1/keypairs')).status).toBe(404)
    const { object: next } = await again('POST', MAPS, map('next'))
    expect(Number(metaText(next, 'resourceVersion'))).toBeGreaterThan(Number(metaText(pin, 'resourceVersion')))
    const stale = await again('GET', `${pins}?watch=1&timeoutSeconds=5&resourceVersion=${metaText(pin, 'resourceVersion')}`)
    expect(stale.object).toMatchObject({ type: 'ERROR', object: { code: 410 } })
  })

  it('keeps its tokens to its owner', () => {
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077).toBe(0)
  })
})

const shelf = resolve(import.meta.dirname, '../../../shared/crds')
describe.runIf(existsSync(shelf))('upstream\'s own definitions', () => {
  let cluster: EmbeddedCluster
  beforeAll(async () => { cluster = await startEmbeddedCluster() })
  afterAll(() => cluster.stop())

  it.each(existsSync(shelf) ? readdirSync(shelf).filter(file => file.endsWith('.yaml')) : [])('%s is taken and served', async file => {
    const ask = asker(cluster)
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    for (const document of parseAllDocuments(readFileSync(join(shelf, file), 'utf8'))) {
      const crd = document.toJS() as JsonObject
      const name = metaText(crd, 'name')
      const { status, object: standing } = await ask('GET', `${definitions}/${name}`)
      const metadata = { ...(isObject(crd['metadata']) ? crd['metadata'] : {}), ...(status === 200 ? { resourceVersion: metaText(standing, 'resourceVersion') } : {}) }
      const { creationTimestamp, ...sent } = metadata as JsonObject
      void creationTimestamp
      const taken = status === 200 ? await ask('PUT', `${definitions}/${name}`, { ...crd, metadata: sent }) : await ask('POST', definitions, { ...crd, metadata: sent })
      expect([taken.status, taken.status < 300 ? '' : taken.text]).toEqual([status === 200 ? 200 : 201, ''])
      const versions = fieldAt(crd, 'spec.versions')
      const version = Array.isArray(versions) ? versions.filter(isObject).find(candidate => candidate['storage'] === true)?.['name'] : undefined
      const [plural = '', ...group] = name.split('.')
      expect((await ask('GET', `/apis/${group.join('.')}/${String(version)}/${plural}`)).status).toBe(200)
    }
  })
})
