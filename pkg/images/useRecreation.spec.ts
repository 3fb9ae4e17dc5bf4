// @vitest-environment node
import type { ServerResponse } from 'node:http'
import { createPinia, setActivePinia } from 'pinia'
import { renderToString } from 'vue/server-renderer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSSRApp, ref } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import type { Heard, ScriptedServer } from '#kube/scriptedServer.ts'
import { sendJson, sendStatus, startScriptedServer } from '#kube/scriptedServer.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import type { Host } from '#sdk/host.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import { useTasks } from '#sdk/tasks.ts'
import type { VirtualMachineImage } from './image.ts'
import { useRecreation } from './useRecreation.ts'

// A cluster that has one image, and maybe its DataVolume and claim, each of which needs some looks to be gone.

const meta = { name: 'image-a', namespace: 'lab', uid: 'old', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'harvesterhci.io/os-type': 'ubuntu' }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"me"}' } }
const image: VirtualMachineImage = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta, spec: { displayName: 'noble', sourceType: 'download', url: 'https://x/noble.img', retry: 2 }, status: { failed: 3 } }
const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }

let server: ScriptedServer
let there: VirtualMachineImage | undefined
/** How many looks still find it, by plural. */
let lingers: Record<string, number>
let answers: { dryRun: number, remove: number, create: number }
const page = new EventTarget()

function answer({ method, path, query, body }: Heard, response: ServerResponse): void {
  if (method === 'POST' && query.has('dryRun'))
    return answers.dryRun === 201 ? sendJson(response, 201, JSON.parse(body) as object) : sendStatus(response, answers.dryRun, 'Invalid')
  if (method === 'DELETE')
    return answers.remove === 200 ? sendJson(response, 200, there ?? {}) : sendStatus(response, answers.remove, 'Conflict')
  if (method === 'POST') {
    if (answers.create !== 201)
      return sendStatus(response, answers.create, 'Refused')
    there = { ...JSON.parse(body) as VirtualMachineImage, metadata: { ...meta, uid: 'new' } }
    return sendJson(response, 201, there)
  }
  const plural = path.split('/').at(-2) ?? ''
  const isAsked = server.heard.some(heard => heard.method === 'DELETE')
  if (plural === 'virtualmachineimages' && !isAsked)
    return there ? sendJson(response, 200, there) : sendStatus(response, 404, 'NotFound')
  const left = lingers[plural] ?? 0
  lingers[plural] = left - 1
  return left > 0 ? sendJson(response, 200, { kind: plural, metadata: { ...meta, finalizers: ['keeper'], deletionTimestamp: 'x' } }) : sendStatus(response, 404, 'NotFound')
}

beforeEach(async () => {
  there = image
  lingers = {}
  answers = { dryRun: 201, remove: 200, create: 201 }
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  server = await startScriptedServer(answer)
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

async function setup() {
  const i18n = createConsoleI18n([{ id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  let made: { recreation: ReturnType<typeof useRecreation>, tasks: ReturnType<typeof useTasks>, notices: ReturnType<typeof useNotices> } | undefined
  const app = createSSRApp({ setup() { made = { recreation: useRecreation(1), tasks: useTasks(), notices: useNotices() }; return () => '' } })
  app.use(pinia).use(i18n.plugin).provide(proxyStoreKey, defineProxyStore(createKubeClient({ baseUrl: server.url }), { schedule: work => setTimeout(work), lingerMs: 0 })).provide(hostKey, host)
  await renderToString(app)
  if (!made)
    throw new Error('setup did not run')
  return made
}

const short = ({ method, path, query }: Heard) => `${method} ${path.split('/').slice(-2).join('/').replace('lab/', '')}${query.has('dryRun') ? ' dry' : ''}`
const heard = () => server.heard.map(short)
const TRIED = ['GET virtualmachineimages/image-a', 'POST virtualmachineimages dry']
const DELETED = [...TRIED, 'DELETE virtualmachineimages/image-a']

describe('an image is made again', () => {
  it('after the cluster would take it, it is gone, and with what it had', async () => {
    lingers = { virtualmachineimages: 2 }
    const { recreation, notices } = await setup()
    expect(await recreation.begin(image)).toBe('done')
    expect(heard()).toEqual([...DELETED, ...Array<string>(3).fill('GET virtualmachineimages/image-a'), 'POST virtualmachineimages'])
    const [, rehearsed, removed] = server.heard.map(({ body }) => body && JSON.parse(body) as { spec: object, preconditions: object })
    expect(rehearsed).toMatchObject({ metadata: { generateName: 'image-a-' }, spec: { displayName: 'noble.again', url: 'https://x/noble.img' } })
    expect(removed).toMatchObject({ preconditions: { uid: 'old', resourceVersion: '7' } })
    expect(JSON.parse(server.heard.at(-1)?.body ?? '')).toEqual({ apiVersion: image.apiVersion, kind: image.kind, metadata: { name: 'image-a', namespace: 'lab', labels: meta.labels, annotations: meta.annotations }, spec: image.spec })
    expect(recreation.pendingOf('lab/image-a')).toBeUndefined()
    expect(notices.notices.at(-1)?.text).toContain('noble is created again')
  })

  it('of CDI only when its DataVolume and its volume are gone too, which have its name', async () => {
    const cdi: VirtualMachineImage = { ...image, spec: { ...image.spec, backend: 'cdi' } }
    there = cdi
    lingers = { datavolumes: 1, persistentvolumeclaims: 1 }
    const { recreation } = await setup()
    expect(await recreation.begin(cdi)).toBe('done')
    expect(heard()).toEqual([...DELETED, 'GET virtualmachineimages/image-a', 'GET datavolumes/image-a', 'GET datavolumes/image-a', 'GET persistentvolumeclaims/image-a', 'GET persistentvolumeclaims/image-a', 'POST virtualmachineimages'])
  })

  it('not where the cluster would refuse it: nothing is deleted', async () => {
    answers.dryRun = 422
    const { recreation, tasks } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual(TRIED)
    expect(tasks.tasks[0]?.error?.status).toBe(422)
    expect(recreation.pendingOf('lab/image-a')).toBeUndefined()
  })

  it('not where its deletion is refused, or it was changed meanwhile', async () => {
    answers.remove = 409
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual(DELETED)
    expect(recreation.pendingOf('lab/image-a')).toBeUndefined()
  })

  it('not where another has taken its name', async () => {
    there = { ...image, metadata: { ...meta, uid: 'other' } }
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual([TRIED[0]])
  })

  it('and nothing of it is lost where the cluster does not take it: it is made when asked again', async () => {
    answers.create = 403
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    const pending = recreation.pendingOf('lab/image-a')
    expect(pending?.error?.status).toBe(403)
    expect(pending?.manifest).toMatchObject({ metadata: { name: 'image-a', annotations: meta.annotations }, spec: image.spec })
    answers.create = 201
    expect(await recreation.again('lab/image-a')).toBe('done')
    expect(recreation.pendingOf('lab/image-a')).toBeUndefined()
    expect(there?.metadata.uid).toBe('new')
  })

  it('and what it was to be is kept where nobody knows whether it was deleted', async () => {
    answers.remove = 500
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(recreation.pendingOf('lab/image-a')?.manifest.metadata.name).toBe('image-a')
    recreation.forget('lab/image-a')
    expect(recreation.pendingOf('lab/image-a')).toBeUndefined()
    expect(recreation.again('lab/image-a')).toBeUndefined()
  })
})
