// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import ConnectionState from './ConnectionState.vue'

it('a stale connection is read out once; since when is only to be seen', async () => {
  vi.useFakeTimers()
  const i18n = createConsoleI18n([{ id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const page = mount(ConnectionState, { global: { plugins: [i18n.plugin], provide: { [proxyStoreKey as symbol]: () => ({ connection: { state: 'stale', since: Date.now() } }) } } })
  const said = new Set<string>()
  for (let second = 0; second < 5; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    said.add(page.find('[role=status]').text())
  }
  expect([...said]).toEqual(['Stale'])
  expect(page.text()).toContain('for 5 sec')
  vi.useRealTimers()
})
