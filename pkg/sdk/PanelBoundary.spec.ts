// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref, watch } from 'vue'
import type { Component } from 'vue'
import CopyButton from './CopyButton.vue'
import { createConsoleI18n } from './i18n.ts'
import { useNotices } from './notices.ts'
import PanelBoundary from './PanelBoundary.vue'
import { breaksPanel } from './panelFailure.ts'

beforeEach(() => setActivePinia(createPinia()))
afterEach(() => vi.restoreAllMocks())

async function show(panel: Component) {
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const page = mount(() => [h('h1', 'Overview'), h(PanelBoundary, { title: 'Health' }, () => h(panel))], { global: { plugins: [i18n.plugin] } })
  await page.vm.$nextTick()
  return page
}

it('keeps a broken panel to itself, says what broke, and draws it again when asked', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const broken = ref(true)
  const page = await show(defineComponent(() => () => {
    if (broken.value)
      throw new Error('no copies in status')
    return h('p', 'three copies')
  }))
  expect(page.find('h1').text()).toBe('Overview')
  expect(page.find('[role=alert]').text()).toContain('Health cannot be shown')
  expect(page.find('code').text()).toBe('no copies in status')

  broken.value = false
  await page.find('[role=alert] button').trigger('click')
  expect(page.text()).toContain('three copies')
  expect(page.find('[role=alert]').exists()).toBe(false)
})

it.each([
  ['a click', defineComponent(() => () => h('button', { onClick: () => Promise.reject(new Error('no such chunk')) }, 'CSV'))],
  ['a watcher', defineComponent(() => {
    const count = ref(0)
    watch(count, () => { throw new Error('no such chunk') })
    return () => h('button', { onClick: () => { count.value++ } }, 'CSV')
  })],
])('leaves what is on screen when %s fails, and says so', async (_, panel) => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const page = await show(panel)
  await page.find('button').trigger('click')
  await flushPromises()
  expect(page.text()).toContain('CSV')
  expect(page.find('[role=alert]').exists()).toBe(false)
  expect(useNotices().notices.map(({ tone, text }) => [tone, text])).toEqual([['bad', 'That did not work: no such chunk']])
  expect(logged).toHaveBeenCalledTimes(1)
})

describe('what breaks a panel', () => {
  const OURS = 'https://vuejs.org/error-reference/#runtime-'
  it.each([
    ['setup function', true], ['render function', true], ['mounted hook', true], ['component update', true], ['async component loader', true],
    ['native event handler', false], ['component event handler', false], ['watcher callback', false], ['watcher getter', false], ['beforeUnmount hook', false],
    [`${OURS}0`, true], [`${OURS}1`, true], [`${OURS}m`, true], [`${OURS}13`, true], [`${OURS}15`, true],
    [`${OURS}5`, false], [`${OURS}6`, false], [`${OURS}3`, false], [`${OURS}um`, false],
  ])('%s: %s', (info, breaks) => expect(breaksPanel(info)).toBe(breaks))
})

it.each([
  ['is refused', { writeText: () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError')) }],
  ['does not exist, as over plain http', undefined],
])('a copy says so where the clipboard %s', async (_, clipboard) => {
  Object.defineProperty(navigator, 'clipboard', { configurable: true, value: clipboard })
  const page = await show(defineComponent(() => () => h(CopyButton, { text: 'x', label: 'the YAML' })))
  await page.find('button').trigger('click')
  await flushPromises()
  expect(page.find('button').text()).toContain('Not copied')
  expect(useNotices().notices).toEqual([])
})
