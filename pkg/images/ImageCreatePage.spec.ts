// @vitest-environment happy-dom
import type { ServerResponse } from 'node:http'
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { createKubeClient } from '#kube/client.ts'
import { sendJson, sendStatus, startScriptedServer } from '#kube/scriptedServer.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import type { Host } from '#sdk/host.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import ImageCreatePage from './ImageCreatePage.vue'

// The whole form before a cluster on loopback, whose answers to the POST of an image the spec writes.

const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'
const CURRENT = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const DEFAULT_CLASS = { metadata: { name: 'harvester-longhorn', uid: 'c', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'driver.longhorn.io' }
const LISTS: Readonly<Record<string, readonly object[]>> = { storageclasses: [DEFAULT_CLASS], namespaces: [{ metadata: { name: 'lab', uid: 'n' } }] }

// The whole page is mounted: on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 30_000 })
const soon = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000 })

const ends: (() => unknown)[] = []
afterEach(async () => { for (const end of ends.splice(0).reverse()) await end() })

type Rights = 'all' | 'none' | 'untold'

async function open(answer: (response: ServerResponse, image: object, isTrial: boolean) => void, rights: Rights = 'all') {
  const server = await startScriptedServer(({ method, path, query, body }, response) => {
    for (const name of ['allow-origin', 'allow-headers', 'allow-methods', 'expose-headers'])
      response.setHeader(`access-control-${name}`, '*')
    if (method === 'OPTIONS')
      return response.end()
    if (path.endsWith('/selfsubjectaccessreviews'))
      return rights === 'untold' ? sendStatus(response, 500, 'InternalError', 'no answer') : sendJson(response, 201, { status: { allowed: rights === 'all' } })
    if (method === 'POST')
      return answer(response, JSON.parse(body) as object, query.has('dryRun'))
    const plural = path.split('/').at(-1) ?? ''
    return query.has('watch') ? response.writeHead(200).flushHeaders() : sendJson(response, 200, { metadata: { resourceVersion: '1' }, items: LISTS[plural] ?? [] })
  })
  ends.push(server.close)
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  const pinia = createPinia()
  setActivePinia(pinia)
  const went: string[] = []
  const host: Host = { cluster: { id: 'a', title: 'a', demo: false, server: '', upload: 'offered' }, namespaces: ref(['lab']), to: path => path, go: async path => { went.push(path) }, extensions: [], kinds: [] }
  const page = mount(ImageCreatePage, {
    attachTo: document.body,
    global: {
      plugins: [pinia, i18n.plugin, createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)', component: { render: () => undefined } }] })],
      provide: { [hostKey as symbol]: host, [proxyStoreKey as symbol]: defineProxyStore(createKubeClient({ baseUrl: server.url }), { schedule: next => setTimeout(next), lingerMs: 0 }) },
    },
  })
  ends.push(async () => {
    page.unmount()
    await new Promise(resolve => setTimeout(resolve, 20))
  })
  const block = (id: string) => page.find(`[data-testid=${id}]`)
  const field = (label: string) => page.findAll('.form-field').find(one => one.find('label').text().startsWith(label))
  const control = (label: string) => field(label)?.find('input')
  async function send(): Promise<void> {
    await control('URL')?.setValue(PINNED)
    await control('Name')?.setValue('noble')
    await control('Description')?.setValue('for web')
    const button = () => page.findAll('button').find(one => one.text() === 'Create noble')
    await soon(() => expect(button()?.attributes('aria-disabled')).toBeUndefined())
    await page.find('form').trigger('submit')
  }
  const posted = () => server.heard.filter(({ method, path }) => method === 'POST' && path.endsWith('/virtualmachineimages')).map(({ query }) => query.has('dryRun') ? 'trial' : 'image')
  return { page, field, control, block, send, went, posted, notices: useNotices() }
}

const created = (response: ServerResponse, image: object, headers: Record<string, string | string[]> = {}) => sendJson(response, 201, { ...image, metadata: { name: 'image-1', namespace: 'lab' } }, headers)

describe('what the cluster says to the image that is sent', () => {
  it('is shown where admission only warns, and the image is made', async () => {
    const { send, notices, went, posted } = await open((response, image) => created(response, image, { warning: ['299 - "spec.url: what this URL serves changes"', '299 - "spec.displayName: \\"noble\\" is taken"'] }))
    await send()
    await soon(() => expect(went).toEqual(['/images']))
    expect(posted()).toEqual(['trial', 'image'])
    expect(notices.notices).toMatchObject([{ tone: 'attention', link: { path: '/images/lab/image-1' } }])
    expect(notices.notices[0]?.text).toContain('spec.url: what this URL serves changes')
    expect(notices.notices[0]?.text).toContain('spec.displayName: "noble" is taken')
  })

  it.each<[string, string, (response: ServerResponse) => void, string]>([
    ['the name', 'Name', response => sendStatus(response, 422, 'Invalid', 'denied', { causes: [{ field: 'spec.displayName', message: 'displayName is not a valid Kubernetes label value' }] }), 'displayName is not a valid Kubernetes label value'],
    ['the link', 'URL', response => sendStatus(response, 403, 'Forbidden', 'denied', { causes: [{ field: 'spec.url', message: 'mutable URLs are refused here' }] }), 'mutable URLs are refused here'],
    ['the namespace, by its right', 'Namespace', response => sendStatus(response, 403, 'Forbidden', 'virtualmachineimages.harvesterhci.io is forbidden: User "ann" cannot create resource "virtualmachineimages" in API group "harvesterhci.io" in the namespace "lab"'), 'cannot create resource "virtualmachineimages"'],
    ['a name that was taken meanwhile', 'Name', response => sendStatus(response, 409, 'Conflict', 'A resource with the same name exists'), 'A resource with the same name exists'],
  ])('stands beside %s where it refuses, nothing is made, and nothing typed is lost', async (_, label, refuse, words) => {
    const { page, field, control, send, went, posted } = await open(response => refuse(response))
    await send()
    await soon(() => expect(field(label)?.find('.is-error').text()).toContain(words))
    expect(page.find('[role=alert]').text()).toContain(words)
    expect(posted()).toEqual(['trial'])
    expect(went).toEqual([])
    expect(['URL', 'Name', 'Description'].map(name => control(name)?.element.value)).toEqual([PINNED, 'noble', 'for web'])
    await control('Name')?.setValue('noble-2')
    await control('URL')?.setValue(`${PINNED}?x`)
    if (label !== 'Namespace')
      expect(field(label)?.find('.is-error').exists()).toBe(false)
  })

  it('is shown where only the writing itself is refused', async () => {
    const { field, send, posted } = await open((response, image, isTrial) => isTrial ? created(response, image) : sendStatus(response, 422, 'Invalid', 'denied', { causes: [{ field: 'spec.targetStorageClassName', message: 'storageClassName should keep the consistency' }] }))
    await send()
    await soon(() => expect(field('Storage class')?.find('.is-error').text()).toBe('storageClassName should keep the consistency'))
    expect(posted()).toEqual(['trial', 'image'])
  })
})

describe('who may not create an image there', () => {
  it('finds the button barred, with the right that is missing', async () => {
    const { page } = await open(response => created(response, {}), 'none')
    const button = () => page.find('button[type=submit]')
    const words = 'You may not: it needs create virtualmachineimages.harvesterhci.io in namespace lab.'
    await soon(() => expect(page.find(`[id="${button().attributes('aria-describedby')}"]`).text()).toBe(words))
    expect(button().attributes('aria-disabled')).toBe('true')
  })

  it('is let through while the cluster has not said so: it decides', async () => {
    const { send, posted } = await open(response => sendStatus(response, 403, 'Forbidden', 'no'), 'untold')
    await send()
    await soon(() => expect(posted()).toEqual(['trial']))
  })
})

describe('the form of a console without a server, as inside of Rancher', () => {
  it('judges the link by its words, says what it cannot check, and offers what works there', async () => {
    const { control, block } = await open(response => created(response, {}))
    await control('URL')?.setValue(CURRENT)
    await soon(() => expect(block('url-facts').text()).toContain('This console has no server of its own here. Redirects, size, format and checksum files stay unchecked'))
    expect(block('url-facts').findAll('button')).toEqual([])
    await soon(() => expect(block('url-verdict').text()).toContain('The bytes behind this link change.'))
    expect(block('url-verdict').findAll('button').map(button => button.text())).toEqual(['Upload instead'])
    expect(block('pin-panel').exists()).toBe(false)
    await soon(() => expect(block('checksum-verdict').find('button').attributes('aria-disabled')).toBe('true'))
    expect(block('checksum-verdict').text()).toContain('This console has no server of its own here, so it cannot ask the publisher.')
  })
})
