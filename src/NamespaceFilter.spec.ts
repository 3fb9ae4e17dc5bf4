// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { shallowRef } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { NAMESPACES } from '#kube/core.ts'
import type { Collection } from '#sdk/collection.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import NamespaceFilter from './NamespaceFilter.vue'

beforeEach(() => { HTMLElement.prototype.showPopover = () => undefined })
let page: VueWrapper | undefined
afterEach(() => page?.unmount())

/** What the URL keeps after a name was typed and Enter pressed. */
async function type(text: string, known: readonly string[], chosen = '', key: KeyboardEventInit = {}): Promise<string> {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => undefined } }] })
  await router.push(chosen ? `/?ns=${chosen}` : '/')
  const i18n = createConsoleI18n([{ id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const objects = known.map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' } }))
  const collection: Collection = { resource: NAMESPACES, objects, state: known.length ? 'live' : 'forbidden', since: 0, find: () => undefined, knows: () => true }
  const host = { cluster: { id: 'a', title: 'A', demo: false, server: '' }, namespaces: shallowRef(chosen ? [chosen] : []), to: () => '/', go: () => Promise.resolve(), extensions: [], kinds: [] }
  page = mount(NamespaceFilter, { attachTo: document.body, global: { plugins: [router, i18n.plugin], provide: { [proxyStoreKey as symbol]: () => ({ collection: () => collection }), [hostKey as symbol]: host } } })
  await page.find('button').trigger('click')
  await flushPromises()
  await page.find('input[type=search]').setValue(text)
  page.find('input[type=search]').element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...key }))
  await new Promise(resolve => setTimeout(resolve, 20))
  const { ns } = router.currentRoute.value.query
  return typeof ns === 'string' ? ns : ''
}

it.each([
  ['the whole name, though another begins so', 'lab', ['lab', 'lab-2'], '', 'lab'],
  ['the only one that fits', 'stag', ['lab', 'staging'], '', 'staging'],
  ['none where several fit', 'l', ['lab', 'lab-2'], '', ''],
  ['none for nothing typed', '', ['lab'], '', ''],
  ['none where names are known and none fits', 'typo', ['lab', 'staging'], '', ''],
  ['what was typed where names are not known', 'production', [], '', 'production'],
  ['what was typed, beside the chosen one that it is a part of', 'production', [], 'production-db', 'production-db,production'],
])('Enter takes %s', async (_, text, known, chosen, ns) => {
  expect(await type(text, known, chosen)).toBe(ns)
})

it('the Enter that ends the writing of a word takes nothing', async () => {
  expect(await type('lab', ['lab'], '', { isComposing: true })).toBe('')
})
