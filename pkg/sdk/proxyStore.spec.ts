// @vitest-environment node
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { computed, effectScope, isReactive, reactive, ref, watchEffect } from 'vue'
import type { EffectScope } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import { CLAIMS, NAMESPACES, NODES } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { sendJson, sendStatus, startScriptedServer } from '#kube/scriptedServer.ts'
import type { Answer, ScriptedServer } from '#kube/scriptedServer.ts'
import type { Collection } from './collection.ts'
import { defineProxyStore } from './defineProxyStore.ts'
import type { ProxyStore } from './proxyStore.ts'

// One `it` per law of flow, against a server that holds claims and can be told to misbehave.

let claims: Map<string, PersistentVolumeClaim>
let version: number
let watchers: Map<ServerResponse, string | undefined>
let history: { version: number, text: string, namespace: string }[]
/** Answers something else instead; for paths that begin so, or are so (`$`). */
let refusals: Map<string, (response: ServerResponse) => void>
let mayList: Set<string>
/** What the cluster calls its namespaces. */
let names: string[]
/** Answers a review of that namespace instead. */
let reviewing: Map<string, (response: ServerResponse, allowed: boolean) => unknown>
/** Takes a watch instead. */
let watching: ((response: ServerResponse) => unknown) | undefined
/** Answers a list of that namespace instead. */
let listing: Map<string, (response: ServerResponse) => unknown>
let server: ScriptedServer
let scopes: EffectScope[]
let work: (() => void) | undefined
let proxy: ProxyStore

const LINGER = 60
const EVERYWHERE = '/api/v1/persistentvolumeclaims'

beforeEach(async () => {
  claims = new Map()
  version = 10
  watchers = new Map()
  history = []
  refusals = new Map()
  mayList = new Set()
  names = ['lab', 'production', 'staging']
  reviewing = new Map()
  listing = new Map()
  watching = undefined
  scopes = []
  work = undefined
  server = await startScriptedServer(answer)
  setActivePinia(createPinia())
  const client = createKubeClient({ baseUrl: server.url })
  proxy = defineProxyStore(client, { lingerMs: LINGER, reviewedMs: 20, schedule: next => { work = next }, pace: { first: 5, longest: 20, slow: 40, tooShort: 1 } })()
})
afterEach(async () => {
  scopes.forEach(scope => scope.stop())
  await sleep(LINGER + 10)
  await server.close()
})

const answer: Answer = ({ path, query, method, body }, response) => {
  const refusal = [...refusals].find(([prefix]) => `${path}$`.startsWith(prefix))
  if (refusal)
    return refusal[1](response)
  if (path.endsWith('selfsubjectaccessreviews')) {
    const { namespace } = (JSON.parse(body) as { spec: { resourceAttributes: { namespace?: string } } }).spec.resourceAttributes
    const allowed = mayList.has(namespace ?? '')
    return reviewing.has(namespace ?? '') ? reviewing.get(namespace ?? '')?.(response, allowed) : sendJson(response, 201, { status: { allowed, reason: 'by role' } })
  }
  if (path === '/api/v1/namespaces')
    return sendJson(response, 200, { metadata: { resourceVersion: '1' }, items: names.map(name => ({ metadata: { name } })) })
  if (method !== 'GET')
    return sendJson(response, 201, JSON.parse(body) as object)
  const namespace = /namespaces\/([^/]+)\//.exec(path)?.[1]
  if (query.has('watch'))
    return watching && path !== '/api/v1/nodes' ? watching(response) : watch(response, Number(query.get('resourceVersion')), namespace)
  if (listing.has(namespace ?? ''))
    return listing.get(namespace ?? '')?.(response)
  const items = [...claims.values()].filter(claim => !namespace || claim.metadata.namespace === namespace)
  return sendJson(response, 200, { metadata: { resourceVersion: String(version) }, items })
}

function watch(response: ServerResponse, from: number, namespace: string | undefined): void {
  response.flushHeaders()
  history.filter(past => past.version > from && (!namespace || past.namespace === namespace)).forEach(past => response.write(past.text))
  watchers.set(response, namespace)
  response.on('close', () => watchers.delete(response))
}

/** Something happens in the cluster. */
function happen(type: 'ADDED' | 'MODIFIED' | 'DELETED', key: string, size = '1Gi'): void {
  const [namespace = '', name = ''] = key.split('/')
  version++
  const claim: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace, uid: key, resourceVersion: String(version), creationTimestamp: '' }, spec: { resources: { requests: { storage: size } } } }
  if (type === 'DELETED')
    claims.delete(key)
  else
    claims.set(key, claim)
  const text = `${JSON.stringify({ type, object: claim })}\n`
  history.push({ version, text, namespace })
  for (const [watcher, only] of watchers) {
    if (!only || only === namespace)
      watcher.write(text)
  }
}

function frame(): void {
  const due = work
  work = undefined
  due?.()
}

/** Frames pass until it is so. */
async function until(fact: () => unknown): Promise<void> {
  await expect.poll(() => { frame(); return Boolean(fact()) }, { interval: 5 }).toBe(true)
}

/** A page: what it opens lives until it is left. */
function page<R>(setup: () => R): R & { leave: () => void } {
  const scope = effectScope(true)
  scopes.push(scope)
  return Object.assign(scope.run(setup) as R & object, { leave: () => scope.stop() }) as R & { leave: () => void }
}

function open(scope?: Parameters<ProxyStore['collection']>[1]): { claims: Collection<PersistentVolumeClaim>, leave: () => void } {
  return page(() => ({ claims: proxy.collection(CLAIMS, scope) }))
}

const keys = (collection: Collection): string[] => collection.objects.map(one => `${one.metadata.namespace ?? ''}/${one.metadata.name}`)
const count = (what: 'lists' | 'watches', path = EVERYWHERE): number => server.heard.filter(one => one.path === path && one.query.has('watch') === (what === 'watches')).length

describe('a collection', () => {
  it('is loading, then live with what the cluster has', async () => {
    happen('ADDED', 'lab/a')
    const { claims: seen } = open()
    expect(seen).toMatchObject({ state: 'loading', objects: [] })
    await until(() => seen.state === 'live')
    expect(keys(seen)).toEqual(['lab/a'])
    expect(seen.find('lab/a')?.metadata.name).toBe('a')
    expect(seen.find('lab/b')).toBeUndefined()
  })

  it('is one list and one watch however many views look at it', async () => {
    const one = open()
    const other = open({ namespaces: ['lab'] })
    await until(() => one.claims.state === 'live' && other.claims.state === 'live')
    expect([count('lists'), count('watches')]).toEqual([1, 1])
  })

  it('is kept for a moment when nobody looks, so that a change of page does not list again', async () => {
    const first = open()
    await until(() => first.claims.state === 'live')
    first.leave()
    await sleep(LINGER / 2)
    const second = open()
    expect(second.claims.state).toBe('live')
    await sleep(LINGER * 2)
    expect(count('lists')).toBe(1)
    expect(watchers.size).toBe(1)
  })

  it('is followed no longer when nobody has looked for a while', async () => {
    const first = open()
    await until(() => first.claims.state === 'live')
    first.leave()
    await expect.poll(() => watchers.size).toBe(0)
    expect(server.open.size).toBe(0)
  })

  it('changes once per frame, however many events arrive', async () => {
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    let updates = 0
    page(() => { watchEffect(() => { updates += seen.objects.length >= 0 ? 1 : 0 }, { flush: 'sync' }); return {} })
    const before = seen.objects
    for (let index = 0; index < 200; index++)
      happen(index % 2 ? 'MODIFIED' : 'ADDED', `lab/c${index % 20}`)
    await expect.poll(() => work !== undefined).toBe(true)
    await sleep(50)
    expect(seen.objects).toBe(before)
    frame()
    expect(updates).toBe(2)
    expect(seen.objects).toHaveLength(20)
  })

  it('holds objects that are frozen and that Vue leaves alone', async () => {
    happen('ADDED', 'lab/a')
    const { claims: seen } = open()
    await until(() => seen.objects.length === 1)
    happen('ADDED', 'lab/b')
    await until(() => seen.objects.length === 2)
    for (const object of seen.objects) {
      expect(Object.isFrozen(object.spec?.resources?.requests)).toBe(true)
      expect(isReactive(reactive({ object }).object)).toBe(false)
    }
    expect(isReactive(reactive({ list: seen.objects }).list)).toBe(false)
  })

  it('follows what is added, changed and deleted', async () => {
    happen('ADDED', 'lab/a')
    const { claims: seen } = open()
    await until(() => seen.objects.length === 1)
    happen('ADDED', 'lab/b')
    happen('MODIFIED', 'lab/b', '5Gi')
    happen('DELETED', 'lab/a')
    await until(() => keys(seen).join() === 'lab/b')
    expect(seen.find('lab/b')?.spec?.resources?.requests?.storage).toBe('5Gi')
    expect(seen.find('lab/a')).toBeUndefined()
  })

  it('tells a reader of one object when it changes', async () => {
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    const size = page(() => ({ value: computed(() => seen.find('lab/a')?.spec?.resources?.requests?.storage) })).value
    expect(size.value).toBeUndefined()
    happen('ADDED', 'lab/a', '7Gi')
    await until(() => size.value === '7Gi')
  })

  it('needs a scope to live in', () => {
    expect(() => proxy.collection(CLAIMS)).toThrow('call it in setup')
  })
})

describe('bad days', () => {
  it('a cut line makes it stale, with the last known objects; then it resumes without a list', async () => {
    happen('ADDED', 'lab/a')
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    refusals.set(EVERYWHERE, response => response.destroy())
    watchers.forEach((_, watcher) => watcher.destroy())
    await until(() => seen.state === 'stale')
    expect(keys(seen)).toEqual(['lab/a'])
    expect(seen.error?.status).toBe(0)
    expect(proxy.connection).toMatchObject({ state: 'stale', since: seen.since })
    const since = seen.since
    await sleep(30)
    frame()
    expect(seen.since).toBe(since)
    happen('ADDED', 'lab/b')
    refusals.clear()
    await until(() => seen.state === 'live' && seen.objects.length === 2)
    expect(count('lists')).toBe(1)
    expect(proxy.connection.state).toBe('live')
    expect(seen.error).toBeUndefined()
  })

  it('after a 410 it shows what the cluster has, and what did not change is the same object', async () => {
    happen('ADDED', 'lab/a')
    happen('ADDED', 'lab/b')
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    const kept = seen.find('lab/a')
    refusals.set(EVERYWHERE, response => sendStatus(response, 410, 'Expired'))
    watchers.forEach((_, watcher) => watcher.destroy())
    await until(() => seen.error?.status === 410)
    claims.delete('lab/b')
    happen('ADDED', 'lab/c')
    refusals.clear()
    await until(() => seen.state === 'live' && keys(seen).join() === 'lab/a,lab/c')
    expect(seen.find('lab/a')).toBe(kept)
  })

  it('a kind that is not installed is absent, and is found when it is installed', async () => {
    refusals.set(EVERYWHERE, response => sendStatus(response, 404, 'NotFound', 'the server could not find the requested resource'))
    const { claims: seen } = open()
    await until(() => seen.state === 'absent')
    expect(seen.error?.message).toBe('the server could not find the requested resource')
    refusals.clear()
    happen('ADDED', 'lab/a')
    await until(() => seen.state === 'live' && seen.objects.length === 1)
  })

  it('is tried again at once when the operator asks', async () => {
    refusals.set(EVERYWHERE, response => { response.setHeader('Retry-After', '0'); sendStatus(response, 404, 'NotFound') })
    const slow = defineProxyStore(createKubeClient({ baseUrl: server.url }), { lingerMs: LINGER, schedule: next => { work = next }, pace: { slow: 60_000 } })()
    const { claims: seen } = page(() => ({ claims: slow.collection(CLAIMS) }))
    await until(() => seen.state === 'absent')
    refusals.clear()
    seen.retry?.()
    await until(() => seen.state === 'live')
  })

  it('a failing list is stale with its reason, never an empty truth', async () => {
    refusals.set(EVERYWHERE, response => sendStatus(response, 500, 'InternalError', 'etcd is away'))
    const { claims: seen } = open()
    await until(() => seen.state === 'stale')
    expect(seen.error).toMatchObject({ status: 500, message: 'etcd is away' })
    expect(seen.retryAt).toBeGreaterThan(0)
    refusals.clear()
    await until(() => seen.state === 'live')
  })

  it('a kind that was never listed is unread: that nothing is there is not known', async () => {
    refusals.set(EVERYWHERE, response => sendStatus(response, 500, 'InternalError', 'etcd is away'))
    const { claims: seen } = open()
    expect(seen.unread).toBe(true)
    await until(() => seen.state === 'stale')
    expect(seen.unread).toBe(true)
    refusals.clear()
    await until(() => seen.state === 'live')
    expect(seen.unread).toBe(false)
    refusals.set(EVERYWHERE, response => sendStatus(response, 500, 'InternalError', 'etcd is away'))
    watchers.forEach((_, watcher) => watcher.destroy())
    await until(() => seen.state === 'stale')
    expect(seen.unread).toBe(false)
  })

  it('the right to list without the right to watch is a matter of that kind, not of the line', async () => {
    happen('ADDED', 'lab/a')
    watching = response => sendStatus(response, 403, 'Forbidden', 'persistentvolumeclaims is forbidden: User "eve" cannot watch resource')
    const { claims: seen } = open()
    const { nodes } = page(() => ({ nodes: proxy.collection(NODES) }))
    await until(() => seen.state === 'stale' && nodes.state === 'live')
    expect(keys(seen)).toEqual(['lab/a'])
    expect(seen.error).toMatchObject({ status: 403 })
    expect(proxy.connection.state).toBe('live')
    happen('ADDED', 'lab/b')
    watching = undefined
    await until(() => seen.state === 'live' && seen.objects.length === 2)
  })

  it('one kind in trouble leaves the others alone', async () => {
    refusals.set('/api/v1/nodes', response => sendStatus(response, 403, 'Forbidden', 'nodes is forbidden'))
    const { claims: seen, nodes } = page(() => ({ claims: proxy.collection(CLAIMS), nodes: proxy.collection(NODES) }))
    await until(() => nodes.state === 'forbidden' && seen.state === 'live')
    expect(nodes.error?.message).toBe('nodes is forbidden')
    expect(proxy.connection.state).toBe('live')
  })
})

describe('where all namespaces may not be listed', () => {
  const forbid = (path: string): void => void refusals.set(path, response => sendStatus(response, 403, 'Forbidden', 'no'))
  beforeEach(() => {
    happen('ADDED', 'lab/a')
    happen('ADDED', 'staging/b')
    happen('ADDED', 'production/c')
    forbid(EVERYWHERE)
  })

  it('those that the user may read are followed, and named', async () => {
    mayList = new Set(['lab', 'staging'])
    const { claims: seen } = open()
    const early = page(() => {
      const seenLive: string[] = []
      watchEffect(() => seen.state === 'live' && seenLive.push(seen.partial?.join() ?? 'all'), { flush: 'sync' })
      return { seenLive }
    }).seenLive
    listing.set('staging', response => { setTimeout(() => { listing.delete('staging'); sendStatus(response, 429, 'TooManyRequests') }, 100) })
    await until(() => seen.state === 'live')
    expect(early).toEqual(['lab,staging'])
    expect(seen.partial).toEqual(['lab', 'staging'])
    expect(keys(seen)).toEqual(['lab/a', 'staging/b'])
    expect(seen.find('staging/b')?.metadata.name).toBe('b')
    happen('ADDED', 'lab/new')
    await until(() => seen.find('lab/new'))
  })

  it('a filter within them misses nothing, one outside of them is forbidden', async () => {
    mayList = new Set(['lab', 'staging'])
    const inside = open({ namespaces: ['lab'] }).claims
    const across = open({ namespaces: ['lab', 'production'] }).claims
    const outside = open({ namespaces: ['production'] }).claims
    await until(() => inside.state === 'live')
    expect(inside.partial).toBeUndefined()
    expect(across).toMatchObject({ state: 'live', partial: ['lab'] })
    expect(['lab', 'production'].map(across.knows)).toEqual([true, false])
    expect(outside.knows('production')).toBe(false)
    expect(outside).toMatchObject({ state: 'forbidden', error: { status: 403 }, objects: [] })
  })

  it('slow reviews do not leave a view in doubt for ever', async () => {
    mayList = new Set(['lab'])
    names.forEach(name => reviewing.set(name, (response, allowed) => setTimeout(() => sendJson(response, 201, { status: { allowed } }), 70)))
    const inside = open({ namespaces: ['lab'] }).claims
    const outside = open({ namespaces: ['production'] }).claims
    await until(() => inside.state === 'live')
    expect(outside.state).toBe('forbidden')
  })

  it('it is forbidden when there is none', async () => {
    const { claims: seen } = open()
    await until(() => seen.state === 'forbidden')
    expect(seen.error).toMatchObject({ status: 403, message: 'no' })
  })

  it('they are found by the rules and by what views ask for where namespaces may not be listed', async () => {
    mayList = new Set(['lab', 'staging'])
    forbid('/api/v1/namespaces$')
    refusals.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', response => sendJson(response, 201, { status: { resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['namespaces'], resourceNames: ['lab'] }] } }))
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    expect(seen.partial).toEqual(['lab'])
    const { claims: named } = open({ namespaces: ['staging'] })
    await until(() => named.state === 'live')
    expect(named.objects).toHaveLength(1)
    expect(seen.partial).toEqual(['lab', 'staging'])
  })

  it('all of them are seen as soon as that is allowed', async () => {
    mayList = new Set(['lab'])
    const { claims: seen } = open()
    await until(() => seen.partial?.length === 1)
    refusals.clear()
    await until(() => seen.partial === undefined && seen.objects.length === 3)
    await expect.poll(() => watchers.size).toBe(1)
  })

  it('what can be read stays on screen while the cluster does not say which namespaces there are', async () => {
    mayList = new Set(['lab', 'staging'])
    const { claims: seen } = open()
    await until(() => seen.partial?.length === 2)
    const reasons = new Set<string>()
    page(() => watchEffect(() => reasons.add(seen.state), { flush: 'sync' }))
    refusals.set('/api/v1/namespaces$', response => sendStatus(response, 500, 'InternalError', 'etcdserver: leader changed'))
    refusals.set('/apis/authorization.k8s.io', response => sendStatus(response, 500, 'InternalError', 'etcdserver: leader changed'))
    const before = server.heard.length
    await until(() => server.heard.slice(before).filter(one => one.path === EVERYWHERE).length > 4)
    expect([...reasons]).toEqual(['live'])
    expect(keys(seen)).toEqual(['lab/a', 'staging/b'])
  })

  it('it is not called forbidden while the cluster does not say where it may be read', async () => {
    mayList = new Set(['lab'])
    refusals.set('/api/v1/namespaces$', response => sendStatus(response, 500, 'InternalError', 'etcdserver: leader changed'))
    const { claims: seen } = open()
    await until(() => seen.state !== 'loading')
    expect(seen).toMatchObject({ state: 'stale', unread: true, error: { status: 500, message: 'etcdserver: leader changed' } })
    refusals.delete('/api/v1/namespaces$')
    await until(() => seen.state === 'live' && keys(seen).join() === 'lab/a')
  })

  it('one review that fails hides no namespace but its own', async () => {
    mayList = new Set(['lab', 'staging'])
    reviewing.set('production', response => sendStatus(response, 429, 'TooManyRequests'))
    const { claims: seen } = open()
    await until(() => seen.partial?.join() === 'lab,staging')
    reviewing.set('lab', response => sendStatus(response, 500, 'InternalError'))
    const before = server.heard.length
    await until(() => server.heard.slice(before).filter(one => one.path.endsWith('accessreviews')).length > 8)
    expect(seen).toMatchObject({ state: 'live', partial: ['lab', 'staging'] })
  })

  it('they are asked for a few at a time', async () => {
    names = Array.from({ length: 40 }, (_, index) => `ns-${index}`)
    mayList = new Set(['ns-7'])
    let underWay = 0
    let most = 0
    names.forEach(name => reviewing.set(name, (response, allowed) => {
      most = Math.max(most, ++underWay)
      setTimeout(() => { underWay--; sendJson(response, 201, { status: { allowed } }) }, 5)
    }))
    const { claims: seen } = open()
    await until(() => seen.partial?.join() === 'ns-7')
    expect(most).toBeLessThanOrEqual(8)
  })

  it('what was reviewed a moment ago is not reviewed again', async () => {
    const calm = defineProxyStore(createKubeClient({ baseUrl: server.url }), { lingerMs: LINGER, schedule: next => { work = next }, pace: { first: 5, slow: 20 } })()
    mayList = new Set(['lab'])
    const { claims: seen } = page(() => ({ claims: calm.collection(CLAIMS) }))
    await until(() => seen.partial?.join() === 'lab')
    await until(() => count('lists') > 4)
    expect(server.heard.filter(one => one.path.endsWith('accessreviews'))).toHaveLength(3)
  })

  it('where they are too many, only those that somebody chose are followed, and it is said', async () => {
    names = Array.from({ length: 200 }, (_, index) => `ns-${index}`)
    mayList = new Set(names)
    const { claims: seen } = open()
    await until(() => seen.state === 'forbidden')
    expect(seen.tooMany).toBe(200)
    expect(server.heard.filter(one => one.path.endsWith('accessreviews'))).toHaveLength(0)
    const { claims: chosen } = open({ namespaces: ['ns-7'] })
    await until(() => chosen.state === 'live')
    expect(chosen.partial).toBeUndefined()
    expect(seen).toMatchObject({ state: 'live', partial: ['ns-7'], tooMany: 200 })
    expect(watchers.size).toBe(1)
  })

  it('nothing is listed twice when all is granted while the namespaces are being reviewed', async () => {
    mayList = new Set(['lab', 'staging'])
    const held: (() => void)[] = []
    names.forEach(name => reviewing.set(name, (response, allowed) => held.push(() => sendJson(response, 201, { status: { allowed } }))))
    const { claims: seen } = open()
    await until(() => held.length === 3)
    refusals.clear()
    const waiting: ServerResponse[] = []
    watching = response => waiting.push(response)
    await until(() => waiting.length > 0)
    watching = undefined
    held.forEach(answerNow => answerNow())
    await sleep(50)
    frame()
    expect(keys(seen)).toEqual(['lab/a', 'staging/b', 'production/c'])
    expect(seen.state).toBe('loading')
    waiting.forEach(response => response.flushHeaders())
    await until(() => seen.state === 'live')
    expect(keys(seen)).toHaveLength(3)
    expect(seen.partial).toBeUndefined()
  })

  it('those that come to be readable later are followed too, those that are no more are left', async () => {
    mayList = new Set(['lab'])
    const { claims: seen } = open()
    await until(() => seen.partial?.join() === 'lab')
    mayList = new Set(['staging'])
    await until(() => seen.partial?.join() === 'staging' && keys(seen).join() === 'staging/b')
  })
})

describe('a scope', () => {
  it('filters by namespaces without asking the cluster anew, also when the filter changes', async () => {
    happen('ADDED', 'lab/a')
    happen('ADDED', 'staging/b')
    const filter = ref<string[]>([])
    const { claims: seen } = open(() => ({ namespaces: filter.value }))
    await until(() => seen.objects.length === 2)
    filter.value = ['staging']
    expect(keys(seen)).toEqual(['staging/b'])
    expect(seen.find('lab/a')).toBeUndefined()
    const before = seen.objects
    happen('ADDED', 'lab/new')
    await expect.poll(() => work !== undefined).toBe(true)
    frame()
    expect(seen.objects).toBe(before)
    expect([count('lists'), count('watches')]).toEqual([1, 1])
  })

  it('with another selector is another collection, and the one before is let go', async () => {
    const selector = ref('a=1')
    const { claims: seen } = open(() => ({ labelSelector: selector.value }))
    await until(() => seen.state === 'live')
    selector.value = 'a=2'
    expect(seen.state).toBe('loading')
    await until(() => seen.state === 'live')
    await expect.poll(() => watchers.size).toBe(1)
    expect(server.heard.filter(one => !one.query.has('watch')).map(one => one.query.get('labelSelector'))).toEqual(['a=1', 'a=2'])
  })
})

describe('writes', () => {
  const MANIFEST = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'new', namespace: 'lab' } }

  it('change no collection: only the cluster\'s own word does', async () => {
    const { claims: seen } = open()
    await until(() => seen.state === 'live')
    await proxy.create(CLAIMS, MANIFEST)
    await sleep(30)
    frame()
    expect(seen.objects).toEqual([])
    happen('ADDED', 'lab/new')
    await until(() => seen.objects.length === 1)
  })

  it('name their field manager', async () => {
    await proxy.create(CLAIMS, MANIFEST, { dryRun: true })
    await proxy.patch(CLAIMS, { namespace: 'lab', name: 'new' }, { type: 'merge', body: {} })
    await proxy.replace(CLAIMS, MANIFEST)
    expect(server.heard.map(one => one.query.toString())).toEqual(['dryRun=All&fieldManager=harvester-guardrails', 'fieldManager=harvester-guardrails', 'fieldManager=harvester-guardrails'])
  })
})

describe('can', () => {
  it('is unknown until the cluster has answered, and asks once for all who want to know', async () => {
    mayList = new Set(['lab'])
    const seen = page(() => ({ state: computed(() => proxy.can('delete', CLAIMS, { namespace: 'lab' }).state), other: computed(() => proxy.can('delete', CLAIMS, { namespace: 'production' })) }))
    expect(seen.state.value).toBe('unknown')
    await expect.poll(() => seen.state.value).toBe('allowed')
    expect(seen.other.value.state).toBe('unknown')
    await expect.poll(() => seen.other.value.state).toBe('denied')
    expect(seen.other.value.reason).toBe('by role')
    expect(proxy.can('delete', CLAIMS, { namespace: 'lab' }).state).toBe('allowed')
    expect(server.heard).toHaveLength(2)
  })

  it('stays unknown where the cluster does not say', async () => {
    refusals.set('/apis/authorization', response => sendStatus(response, 500, 'InternalError'))
    const access = proxy.can('get', NAMESPACES)
    await expect.poll(() => server.heard.length).toBe(1)
    await sleep(20)
    expect(access.state).toBe('unknown')
  })
})
