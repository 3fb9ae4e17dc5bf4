// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { h, ref } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import ErrorNotice from './ErrorNotice.vue'
import { createConsoleI18n } from './i18n.ts'

afterEach(() => vi.restoreAllMocks())

it('comes into sight when something is refused, each time, and not where it has stood since the page was opened', async () => {
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const seen: (string | null)[] = []
  vi.spyOn(Element.prototype, 'scrollIntoView').mockImplementation(function (this: Element) { seen.push(this.querySelector('blockquote')?.textContent ?? null) })
  const refused = (message: string) => new ApiError({ status: 422, reason: 'Invalid', message, causes: [] })
  const error = ref<ApiError | undefined>(refused('before'))
  mount(() => h(ErrorNotice, { error: error.value }), { global: { plugins: [i18n.plugin] }, attachTo: document.body })
  await flushPromises()
  expect(seen).toEqual([])
  for (const next of [undefined, refused('one'), undefined, refused('two')]) {
    error.value = next
    await flushPromises()
  }
  expect(seen).toEqual(['one', 'two'])
})
