// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { shallowRef } from 'vue'
import { NODES, PODS } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Collection } from '#sdk/collection.ts'
import { findable } from '#sdk/extension.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import QuickFind from './QuickFind.vue'

beforeEach(() => { HTMLDialogElement.prototype.showModal = () => undefined })
let page: VueWrapper | undefined
afterEach(() => page?.unmount())

const pod = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '' } })

async function show(pods: Partial<Collection>, nodes: Partial<Collection> = {}) {
  const i18n = createConsoleI18n([{ id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const go = vi.fn(() => Promise.resolve())
  const seen = (own: Partial<Collection>): Collection => ({ resource: PODS, objects: [], state: 'live', since: 0, find: () => undefined, knows: () => true, ...own })
  const kinds = [findable({ resource: PODS, title: 'host.find.label', path: ({ name }) => `/pods/${name}` }), findable({ resource: NODES, title: 'host.find.label', path: () => '/nodes' })]
  const store = { collection: (resource: unknown) => resource === PODS ? seen(pods) : seen({ resource: NODES, ...nodes }) }
  const host = { cluster: { id: 'a', title: 'A', demo: false, server: '' }, namespaces: shallowRef([]), to: () => '/', go, extensions: [], kinds }
  page = mount(QuickFind, { attachTo: document.body, global: { plugins: [i18n.plugin], provide: { [proxyStoreKey as symbol]: () => store, [hostKey as symbol]: host } } })
  await page.find('input').setValue('web')
  return { page, go, words: () => page?.find('[role=status]').text() ?? '' }
}

it('says that nothing has that name only where everything was looked through', async () => {
  expect((await show({})).words()).toBe('Nothing is called that.')
})

it.each([
  ['is still being read', { state: 'loading' as const }, 'Still being read: pods.'],
  ['is seen in some namespaces', { partial: ['lab'] }, 'Searched in some namespaces only: pods.'],
  ['cannot be read', { state: 'forbidden' as const }, 'Not searched: pods.'],
])('does not say so while a kind %s', async (_, pods, told) => {
  const { words } = await show(pods)
  expect(words()).not.toContain('Nothing is called that')
  expect(words()).toContain(told)
})

it('opens what is chosen, but not by the Enter that ends the writing of a word', async () => {
  const { page, go } = await show({ objects: [pod('web-1')] })
  const input = page.find('input').element
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))
  await flushPromises()
  expect(go).not.toHaveBeenCalled()
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  expect(go).toHaveBeenCalledWith('/pods/web-1')
})
