// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { reactive, shallowRef } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { ApiError } from '#kube/apiError.ts'
import { NAMESPACES } from '#kube/core.ts'
import type { Collection, CollectionState } from '#sdk/collection.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import ClusterGate from './ClusterGate.vue'
import { sessionKey } from './session.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ state: 'reachable' })))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const refused = new ApiError({ status: 401, reason: 'Unauthorized', message: 'the token has expired' })

async function show(first: CollectionState) {
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => undefined } }] })
  const retry = vi.fn()
  const namespaces = reactive<{ state: CollectionState, error?: ApiError }>({ state: first })
  const collection: Collection = { resource: NAMESPACES, objects: [], since: 0, find: () => undefined, knows: () => true, retry, get state() { return namespaces.state }, get error() { return namespaces.error } }
  const cluster = { id: 'a', title: 'Lab', demo: false, server: 'https://lab', default: true, upload: 'offered' as const }
  const host = { cluster, namespaces: shallowRef([]), to: () => '/', go: () => Promise.resolve(), extensions: [], kinds: [] }
  const page = mount(ClusterGate, {
    props: { cluster, clusters: [cluster] },
    slots: { default: '<input id="form">' },
    global: { plugins: [i18n.plugin, router], provide: { [hostKey as symbol]: host, [proxyStoreKey as symbol]: () => ({ collection: () => collection }), [sessionKey as symbol]: { clusters: shallowRef(), ask: () => Promise.resolve() } } },
  })
  async function become(state: CollectionState, error?: ApiError): Promise<void> {
    Object.assign(namespaces, { state, error })
    await vi.advanceTimersByTimeAsync(10)
    await flushPromises()
  }
  return { page, become, retry }
}

it('keeps the pages of a cluster that was heard when its credentials are refused, and says so', async () => {
  const { page, become } = await show('live')
  await become('stale', refused)
  expect(page.find('#form').exists()).toBe(true)
  expect(page.text()).toContain('Lab does not accept the credentials')
  expect(page.text()).toContain('the token has expired')
  await become('live')
  expect(page.find('#form').exists()).toBe(true)
  expect(page.text()).not.toContain('credentials')
})

it('stands before the pages of a cluster that was never heard', async () => {
  const { page, become } = await show('loading')
  expect(page.find('#form').exists()).toBe(true)
  await become('stale', refused)
  expect(page.find('#form').exists()).toBe(false)
  expect(page.find('h1').text()).toContain('Lab does not accept the credentials')
})

it('asks the cluster again when told to, though it refused before', async () => {
  const { page, become, retry } = await show('live')
  await become('stale', refused)
  const before = retry.mock.calls.length
  await page.find('button').trigger('click')
  await vi.advanceTimersByTimeAsync(10)
  expect(retry.mock.calls.length).toBeGreaterThan(before)
  const asked = retry.mock.calls.length
  await vi.advanceTimersByTimeAsync(11_000)
  expect(retry.mock.calls.length).toBeGreaterThan(asked)
})

it('does not ask twice at once', async () => {
  const asked = vi.fn(() => new Promise<Response>(() => undefined))
  vi.stubGlobal('fetch', asked)
  const { page, become } = await show('loading')
  await become('stale', refused)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(asked).toHaveBeenCalledTimes(1)
  page.unmount()
})
