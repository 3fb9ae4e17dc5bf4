// @vitest-environment node
import type { ServerResponse } from 'node:http'
import { createPinia, setActivePinia } from 'pinia'
import { renderToString } from 'vue/server-renderer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSSRApp } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import { sendJson, sendStatus, startScriptedServer } from '#kube/scriptedServer.ts'
import type { ScriptedServer } from '#kube/scriptedServer.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import { useTasks } from '#sdk/tasks.ts'
import type { VirtualMachineImage } from './image.ts'
import type { StorageClass } from '#kube/core.ts'
import { planUploadImage } from './uploadPlan.ts'
import { useImageUpload } from './useImageUpload.ts'

// A cluster of one image: it makes it, takes its file as the spec says, and removes it when its uid is named.

type Condition = { type: string, status: string, message?: string }
const PATH = '/apis/harvesterhci.io/v1beta1/namespaces/lab/virtualmachineimages'
const manifest = planUploadImage({ name: 'noble', namespace: 'lab', file: { name: 'noble.img' }, digests: {} }, { metadata: { name: 'fast' }, provisioner: 'other' } as unknown as StorageClass)
const file = () => new File(['x'.repeat(512)], 'noble.img')

let server: ScriptedServer
let image: VirtualMachineImage | undefined
let uid: string
let watches: Set<ServerResponse>
let takeFile: (response: ServerResponse) => unknown
let refusesRemovals: number
const page = new EventTarget()

function change(type: 'ADDED' | 'MODIFIED' | 'DELETED', conditions: Condition[] = []): void {
  image &&= { ...image, metadata: { ...image.metadata, resourceVersion: String(Number(image.metadata.resourceVersion) + 1) }, status: { conditions } as VirtualMachineImage['status'] }
  watches.forEach(watch => watch.write(`${JSON.stringify({ type, object: image })}\n`))
}
const becomeReady = () => change('MODIFIED', [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: 'True' }])

beforeEach(async () => {
  image = undefined
  uid = 'uid-1'
  watches = new Set()
  refusesRemovals = 0
  takeFile = response => { response.end(); becomeReady() }
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  server = await startScriptedServer(({ method, path, query, body }, response) => {
    if (method === 'POST' && path.startsWith('/v1/harvester'))
      return takeFile(response)
    if (method === 'POST' && query.has('dryRun'))
      return sendJson(response, 201, JSON.parse(body) as object)
    if (method === 'POST') {
      const planned = JSON.parse(body) as VirtualMachineImage
      image = { ...planned, metadata: { ...planned.metadata, name: 'image-a', namespace: 'lab', uid, resourceVersion: '5', creationTimestamp: '' } }
      return sendJson(response, 201, image)
    }
    if (method === 'DELETE')
      return remove(JSON.parse(body) as { preconditions: { uid: string } }, response)
    if (path.endsWith('/image-a'))
      return image ? sendJson(response, 200, image) : sendStatus(response, 404, 'NotFound')
    if (!query.has('watch'))
      return sendJson(response, 200, { metadata: { resourceVersion: '4' }, items: image ? [image] : [] })
    response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders()
    watches.add(response)
    return response.on('close', () => watches.delete(response))
  })
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

function remove({ preconditions }: { preconditions: { uid: string } }, response: ServerResponse): void {
  if (refusesRemovals-- > 0)
    return sendStatus(response, 503, 'ServiceUnavailable')
  if (preconditions.uid !== image?.metadata.uid)
    return sendStatus(response, 409, 'Conflict')
  const removed = image
  change('DELETED')
  image = undefined
  return sendJson(response, 200, { kind: 'Status', status: 'Success', details: { uid: removed.metadata.uid } })
}

async function setup() {
  const i18n = createConsoleI18n([{ id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  const proxy = defineProxyStore(createKubeClient({ baseUrl: server.url }), { schedule: work => setTimeout(work), lingerMs: 0 })
  let upload: ReturnType<typeof useImageUpload> | undefined
  const app = createSSRApp({ setup() { upload = useImageUpload(); return () => '' } })
  app.use(pinia).use(i18n.plugin).provide(proxyStoreKey, proxy)
  await renderToString(app)
  if (!upload)
    throw new Error('setup did not run')
  const tasks = useTasks()
  const ended = (state: string) => vi.waitFor(() => expect(tasks.tasks.map(task => task.state)).toEqual([state]), { timeout: 15_000 })
  return { upload, tasks, notices: useNotices(), ended }
}

const asked = () => server.heard.filter(({ method }) => method !== 'GET').map(({ method, path, query }) => `${method} ${path.replace(PATH, '…')}${query.has('dryRun') ? ' dry' : ''}`)
const SENT = 'POST /v1/harvester/harvesterhci.io.virtualmachineimages/lab/image-a'

describe('an upload from this page', () => {
  it('tries the image, makes it, fills it, and says when the cluster has it', async () => {
    const { upload, tasks, notices, ended } = await setup()
    const { object } = await upload.begin(manifest, file())
    expect(object.metadata.name).toBe('image-a')
    expect(tasks.tasks[0]).toMatchObject({ id: 'upload:uid-1', title: 'Upload of noble', path: '/images/lab/image-a', state: 'running' })
    await ended('done')
    expect(asked()).toEqual(['POST … dry', 'POST …', SENT])
    expect(server.heard.find(({ path }) => path.startsWith('/v1'))?.headers).toMatchObject({ 'file-size': '512' })
    expect(notices.notices).toMatchObject([{ tone: 'ok', text: 'noble is uploaded and ready.', link: { path: '/images/lab/image-a' } }])
    expect(image).toBeDefined()
  })

  it('that the cluster refuses to make is thrown at the form, and nothing is left', async () => {
    const { upload, tasks } = await setup()
    await server.close()
    await expect(upload.begin(manifest, file())).rejects.toMatchObject({ reason: 'Unreachable' })
    expect(tasks.tasks).toEqual([])
  })

  it('that is refused says why and leaves no image', async () => {
    takeFile = response => response.writeHead(413).end('Request Entity Too Large')
    const { upload, tasks, ended } = await setup()
    await upload.begin(manifest, file())
    await ended('failed')
    expect(image).toBeUndefined()
    expect(tasks.tasks[0]?.error?.message).toMatch(/^Request Entity Too Large\. A proxy before Harvester limits/)
  })

  it('that breaks in the middle leaves no image, also when the cluster has to be asked again', async () => {
    takeFile = response => response.destroy()
    refusesRemovals = 1
    const { upload, ended } = await setup()
    await upload.begin(manifest, file())
    await ended('failed')
    expect(image).toBeUndefined()
    expect(asked().slice(2)).toEqual([SENT, 'DELETE …/image-a', 'DELETE …/image-a'])
  })

  it('whose answer is lost is done when the cluster has the file all the same', async () => {
    takeFile = response => { becomeReady(); response.destroy() }
    const { upload, ended } = await setup()
    await upload.begin(manifest, file())
    await ended('done')
    expect(image).toBeDefined()
  })

  it('that is cancelled leaves no image', async () => {
    takeFile = () => undefined
    const { upload, tasks, notices, ended } = await setup()
    await upload.begin(manifest, file())
    await vi.waitFor(() => expect(asked()).toContain(SENT))
    tasks.cancel('upload:uid-1')
    await ended('cancelled')
    expect(image).toBeUndefined()
    expect(notices.notices.at(-1)?.text).toBe('The upload of noble is cancelled, and nothing of it is left.')
  })

  it('that is cancelled while the cluster takes the file in leaves no image', async () => {
    takeFile = response => response.end()
    const { upload, tasks, ended } = await setup()
    await upload.begin(manifest, file())
    await vi.waitFor(() => expect(tasks.tasks[0]?.steps[1]?.state).toBe('doing'))
    tasks.cancel('upload:uid-1')
    await ended('cancelled')
    expect(image).toBeUndefined()
  })

  it('never removes another image that has its name by now', async () => {
    const { upload, ended } = await setup()
    takeFile = response => {
      image = image && { ...image, metadata: { ...image.metadata, uid: 'uid-of-somebody-else' } }
      response.writeHead(500).end()
    }
    await upload.begin(manifest, file())
    await ended('failed')
    expect(image).toMatchObject({ metadata: { uid: 'uid-of-somebody-else' } })
  })

  it('that the cluster cannot take in says so in the cluster\'s words', async () => {
    takeFile = response => { response.end(); change('MODIFIED', [{ type: 'Imported', status: 'False', message: 'expected checksum differs' }]) }
    const { upload, tasks, ended } = await setup()
    await upload.begin(manifest, file())
    await ended('failed')
    expect(tasks.tasks[0]?.error?.message).toBe('expected checksum differs')
    expect(image).toBeUndefined()
  })

  it('is warned of when the page is left, and only while it sends', async () => {
    const leave = () => page.dispatchEvent(new Event('beforeunload', { cancelable: true }))
    let answer: () => unknown = () => undefined
    takeFile = response => { answer = () => { response.end(); becomeReady() } }
    const { upload, ended } = await setup()
    expect(leave()).toBe(true)
    await upload.begin(manifest, file())
    await vi.waitFor(() => expect(asked()).toContain(SENT))
    expect(leave()).toBe(false)
    answer()
    await ended('done')
    expect(leave()).toBe(true)
  })

  it('takes its image back when the page is left all the same', async () => {
    takeFile = () => undefined
    const { upload } = await setup()
    await upload.begin(manifest, file())
    await vi.waitFor(() => expect(asked()).toContain(SENT))
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }))
    await vi.waitFor(() => expect(image).toBeUndefined())
  })
})
