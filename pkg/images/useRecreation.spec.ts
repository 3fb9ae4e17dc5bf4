// @vitest-environment node
import type { ServerResponse } from 'node:http'
import { createPinia, setActivePinia } from 'pinia'
import { renderToString } from 'vue/server-renderer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSSRApp, effectScope, ref } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import type { ConfigMap } from '#kube/core.ts'
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
import { NOTE_LABEL, readNote } from './recreationNote.ts'
import { useRecreation } from './useRecreation.ts'
import { useRecreationNotes } from './useRecreationNotes.ts'

// A cluster that has one image, and maybe its DataVolume and claim, each of which needs some looks to be gone.

const meta = { name: 'image-a', namespace: 'lab', uid: 'old', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'harvesterhci.io/os-type': 'ubuntu' }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"me"}' } }
const image: VirtualMachineImage = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta, spec: { displayName: 'noble', sourceType: 'download', url: 'https://x/noble.img', retry: 2 }, status: { failed: 3 } }
const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }

let server: ScriptedServer
let there: VirtualMachineImage | undefined
/** The one note that the cluster has. */
let note: ConfigMap | undefined
/** How many looks still find it, by plural. */
let lingers: Record<string, number>
let answers: { dryRun: number, note: number, remove: number, create: number }
let close: (() => void)[]
const page = new EventTarget()

function answer(heard: Heard, response: ServerResponse): void {
  const { method, path, query, body } = heard
  if (path.endsWith('/selfsubjectreviews'))
    return sendJson(response, 201, { status: { userInfo: { username: 'alice' } } })
  if (path.includes('/configmaps') && method !== 'GET')
    return answerNote(heard, response)
  if (method === 'GET' && !path.includes('/namespaces/'))
    return answerAll(heard, response)
  if (method === 'POST' && query.has('dryRun'))
    return answers.dryRun === 201 ? sendJson(response, 201, JSON.parse(body) as object) : sendStatus(response, answers.dryRun, 'Invalid')
  if (method === 'DELETE')
    return answers.remove === 200 ? sendJson(response, 200, there ?? {}) : sendStatus(response, answers.remove, 'Conflict')
  if (method === 'POST') {
    if (answers.create !== 201)
      return sendStatus(response, answers.create, answers.create === 409 ? 'AlreadyExists' : 'Refused')
    there = { ...JSON.parse(body) as VirtualMachineImage, metadata: { ...meta, uid: 'new' } }
    return sendJson(response, 201, there)
  }
  return answerLook(path, response)
}

function answerLook(path: string, response: ServerResponse): void {
  const plural = path.split('/').at(-2) ?? ''
  const isAsked = server.heard.some(heard => short(heard) === DELETE)
  if (plural === 'virtualmachineimages' && (!isAsked || there?.metadata.uid === 'new'))
    return there ? sendJson(response, 200, there) : sendStatus(response, 404, 'NotFound')
  const left = lingers[plural] ?? 0
  lingers[plural] = left - 1
  return left > 0 ? sendJson(response, 200, { kind: plural, metadata: { ...meta, finalizers: ['keeper'], deletionTimestamp: 'x' } }) : sendStatus(response, 404, 'NotFound')
}

function answerNote({ method, body }: Heard, response: ServerResponse): void {
  if (method === 'DELETE') {
    note = undefined
    return sendJson(response, 200, {})
  }
  if (note || answers.note !== 201)
    return sendStatus(response, note ? 409 : answers.note, note ? 'AlreadyExists' : 'Forbidden')
  const made = JSON.parse(body) as ConfigMap
  note = { ...made, metadata: { ...made.metadata, uid: 'n', resourceVersion: '8' } }
  return sendJson(response, 201, note)
}

// A watch stays open and says nothing.
function answerAll({ path, query }: Heard, response: ServerResponse): void {
  const gone = server.heard.some(heard => short(heard) === DELETE) && there?.metadata.uid === 'old'
  const items = path.endsWith('/configmaps') ? [note] : [gone ? undefined : there]
  return query.has('watch') ? response.flushHeaders() : sendJson(response, 200, { metadata: { resourceVersion: '9' }, items: items.filter(Boolean) })
}

beforeEach(async () => {
  there = image
  note = undefined
  lingers = {}
  close = []
  answers = { dryRun: 201, note: 201, remove: 200, create: 201 }
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  server = await startScriptedServer(answer)
})
afterEach(async () => {
  vi.unstubAllGlobals()
  close.forEach(end => end())
  await server.close()
})

/** A console of its own, as another tab is. */
async function setup() {
  const i18n = createConsoleI18n([{ id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  let made: { recreation: ReturnType<typeof useRecreation>, tasks: ReturnType<typeof useTasks>, notices: ReturnType<typeof useNotices>, read: () => ReturnType<typeof useRecreationNotes> } | undefined
  const app = createSSRApp({
    setup() {
      const scope = effectScope(true)
      close.push(() => scope.stop())
      made = { recreation: useRecreation(1), tasks: useTasks(), notices: useNotices(), read: () => app.runWithContext(() => scope.run(() => useRecreationNotes(() => ['lab'])) as ReturnType<typeof useRecreationNotes>) }
      return () => ''
    },
  })
  app.use(pinia).use(i18n.plugin).provide(proxyStoreKey, defineProxyStore(createKubeClient({ baseUrl: server.url }), { schedule: work => setTimeout(work), lingerMs: 0 })).provide(hostKey, host)
  await renderToString(app)
  if (!made)
    throw new Error('setup did not run')
  return made
}

const short = ({ method, path, query }: Heard) => `${method} ${path.split('/').slice(-2).join('/').replace('lab/', '')}${query.has('dryRun') ? ' dry' : ''}`
// Without what a console asks to show a page.
const heard = () => server.heard.filter(({ method, path }) => path.includes('/namespaces/') || (method === 'POST' && !path.endsWith('reviews'))).map(short)
const LOOK = 'GET virtualmachineimages/image-a'
const DELETE = 'DELETE virtualmachineimages/image-a'
const FORGET = 'DELETE configmaps/recreate-image-a-old'
const TRIED = [LOOK, 'POST virtualmachineimages dry']
const NOTED = [...TRIED, 'POST configmaps']
const DELETED = [...NOTED, DELETE]
const open = () => {
  const found = note && readNote(note)
  if (!found || found.note === 'unreadable')
    throw new Error('there is no note to go on with')
  return { configMap: found.configMap, note: found.note }
}

describe('an image is made again', () => {
  it('after the cluster would take it and has a note of it, it is gone, and with what it had', async () => {
    lingers = { virtualmachineimages: 2 }
    const { recreation, notices } = await setup()
    expect(await recreation.begin(image)).toBe('done')
    expect(heard()).toEqual([...DELETED, ...Array<string>(3).fill(LOOK), 'POST virtualmachineimages', FORGET])
    const bodies = server.heard.filter(({ path }) => path.includes('/namespaces/')).map(({ body }) => body && JSON.parse(body) as { spec: object, preconditions: object })
    const manifest = { apiVersion: image.apiVersion, kind: image.kind, metadata: { name: 'image-a', namespace: 'lab', labels: meta.labels, annotations: meta.annotations }, spec: image.spec }
    expect(bodies[1]).toMatchObject({ metadata: { generateName: 'image-a-' }, spec: { displayName: 'noble.again', url: 'https://x/noble.img' } })
    const noted = bodies[2] as unknown as ConfigMap
    expect(noted.metadata.labels).toEqual({ [NOTE_LABEL]: 'image-a' })
    expect(readNote(noted).note).toEqual({ manifest, uid: 'old', who: 'alice', when: expect.stringMatching(/^20/) as string })
    expect(bodies[3]).toMatchObject({ preconditions: { uid: 'old', resourceVersion: '7' } })
    expect(bodies.at(-2)).toEqual(manifest)
    expect(notices.notices.at(-1)?.text).toContain('noble is created again')
  })

  it('of CDI only when its DataVolume and its volume are gone too, which have its name', async () => {
    const cdi: VirtualMachineImage = { ...image, spec: { ...image.spec, backend: 'cdi' } }
    there = cdi
    lingers = { datavolumes: 1, persistentvolumeclaims: 1 }
    const { recreation } = await setup()
    expect(await recreation.begin(cdi)).toBe('done')
    expect(heard()).toEqual([...DELETED, LOOK, 'GET datavolumes/image-a', 'GET datavolumes/image-a', 'GET persistentvolumeclaims/image-a', 'GET persistentvolumeclaims/image-a', 'POST virtualmachineimages', FORGET])
  })

  it('not where the cluster would refuse it: nothing is deleted', async () => {
    answers.dryRun = 422
    const { recreation, tasks } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual(TRIED)
    expect(tasks.tasks[0]?.error?.status).toBe(422)
  })

  it.each([403, 500])('not where no note of it can be made (%i): nothing is deleted', async status => {
    answers.note = status
    const { recreation, tasks } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual(NOTED)
    expect(tasks.tasks[0]?.error?.status).toBe(status)
  })

  it('not where somebody has begun it: nothing is deleted, and their note stays', async () => {
    const { recreation, tasks } = await setup()
    note = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...meta, name: 'recreate-image-a-old' } }
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual(NOTED)
    expect(tasks.tasks[0]?.error?.message).toContain('Somebody has begun')
    expect(note).toBeDefined()
  })

  it('not where its deletion is refused, or it was changed meanwhile: the note goes', async () => {
    answers.remove = 409
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual([...DELETED, FORGET])
    expect(note).toBeUndefined()
  })

  it('not where another has taken its name', async () => {
    there = { ...image, metadata: { ...meta, uid: 'other' } }
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(heard()).toEqual([LOOK])
  })

  it('and nothing of it is lost where the cluster does not take it: it is made when asked again', async () => {
    answers.create = 403
    const { recreation, tasks } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(tasks.tasks[0]?.error?.status).toBe(403)
    answers.create = 201
    expect(await recreation.again(open())).toBe('done')
    expect(heard().slice(-3)).toEqual(['POST virtualmachineimages dry', 'POST virtualmachineimages', FORGET])
    expect(there?.metadata.uid).toBe('new')
  })

  it('and what it was to be is kept where nobody knows whether it was deleted', async () => {
    answers.remove = 500
    const { recreation } = await setup()
    expect(await recreation.begin(image)).toBe('failed')
    expect(open().note.manifest.metadata.name).toBe('image-a')
    await recreation.forget(open().configMap)
    expect(note).toBeUndefined()
  })
})

describe('a console goes on with what another began', () => {
  /** The first console is closed while a finalizer holds the image; then the image goes. */
  async function die(): Promise<void> {
    lingers = { virtualmachineimages: Infinity }
    const { recreation, tasks } = await setup()
    const end = recreation.begin(image)
    await expect.poll(() => tasks.tasks[0]?.steps.find(({ id }) => id === 'wait')?.message).toContain('keeper')
    tasks.cancel(tasks.tasks[0]?.id ?? '')
    expect(await end).toBe('cancelled')
    lingers = {}
  }

  it('which has only the cluster to know it from', async () => {
    await die()
    const { recreation, read } = await setup()
    const { notes } = read()
    await expect.poll(() => notes.value).toMatchObject([{ key: 'lab/image-a', word: 'lost', note: { who: 'alice', uid: 'old' } }])
    const [found] = notes.value
    if (!found || found.note === 'unreadable')
      throw new Error('the note cannot be read')
    expect(await recreation.again({ configMap: found.configMap, note: found.note })).toBe('done')
    expect(there).toMatchObject({ metadata: { uid: 'new' }, spec: image.spec })
    expect(note).toBeUndefined()
  })

  it('and takes the note away where somebody else has made the image', async () => {
    await die()
    there = { ...image, metadata: { ...meta, uid: 'new' } }
    answers.create = 409
    const { recreation, notices } = await setup()
    expect(await recreation.again(open())).toBe('done')
    expect(notices.notices.at(-1)?.text).toContain('Somebody else')
    expect(note).toBeUndefined()
  })

  it('and keeps it while the name is taken by the image that goes', async () => {
    await die()
    lingers = { virtualmachineimages: Infinity }
    answers.create = 409
    const { recreation } = await setup()
    expect(await recreation.again(open())).toBe('failed')
    expect(note).toBeDefined()
  })
})
