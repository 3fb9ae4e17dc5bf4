// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import { PODS } from '#kube/core.ts'
import type { Collection } from './collection.ts'
import CollectionNotice from './CollectionNotice.vue'
import type { Language } from './extension.ts'
import { createConsoleI18n } from './i18n.ts'

let page: VueWrapper | undefined
afterEach(() => {
  page?.unmount()
  vi.useRealTimers()
})

async function show(collection: Partial<Collection>, language: Language = 'en'): Promise<VueWrapper> {
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  await i18n.setLanguage(language)
  const collections: Collection = { resource: PODS, objects: [], state: 'live', since: Date.now(), find: () => undefined, knows: () => true, ...collection }
  page = mount(CollectionNotice, { props: { collections }, global: { plugins: [i18n.plugin] } })
  return page
}
const cut = new ApiError({ status: 0, reason: 'LineCut', message: 'the line was cut' })

it('is read out once, not with every second that passes', async () => {
  vi.useFakeTimers()
  const notice = await show({ state: 'stale', retryAt: Date.now() + 60_000, error: cut })
  const said = new Set<string>()
  const seen = new Set<string>()
  for (let second = 0; second < 10; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    said.add(notice.findAll('[aria-live=polite], [role=status]').map(region => region.text()).join())
    seen.add(notice.find('li').text())
  }
  expect(seen.size).toBeGreaterThan(5)
  expect([...said]).toHaveLength(1)
  expect([...said][0]).toContain('Pod')
})

it('says in the reader\'s language what the cluster did not say itself', async () => {
  const text = (await show({ state: 'stale', error: cut }, 'zh-CN')).text()
  expect(text).toContain('连接中断')
  expect(text).not.toContain('the line was cut')
})

it('names the right to watch where only that is missing, and does not blame the line', async () => {
  const refused = new ApiError({ status: 403, reason: 'Forbidden', message: 'pods is forbidden: User "eve" cannot watch resource "pods"' })
  const notice = await show({ state: 'stale', error: refused, unread: false, since: Date.now() - 120_000 })
  expect(notice.find('code').text()).toBe('watch pods in all namespaces')
  expect(notice.text()).toContain('2 minutes ago')
  expect(notice.text()).not.toContain('line')
})

it('says that namespaces must be chosen where they are too many', async () => {
  const notice = await show({ state: 'live', partial: ['lab'], tooMany: 200 })
  expect(notice.text()).toContain('lab')
  expect(notice.text()).toContain('200')
  expect((await show({ state: 'forbidden', tooMany: 200 })).text()).toContain('200')
})
