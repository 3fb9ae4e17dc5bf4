// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import type { Language } from '#sdk/extension.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import ImageUrlVerdict from './ImageUrlVerdict.vue'

// One hour from noon on.
const SIGNED = 'https://b.s3.amazonaws.com/a.img?X-Amz-Date=20260101T120000Z&X-Amz-Expires=3600&X-Amz-Signature=x'

async function show(url: string, language: Language = 'en') {
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage(language)
  const page = mount(ImageUrlVerdict, { props: { url, backend: 'backingimage' }, global: { plugins: [i18n.plugin] } })
  stop = () => page.unmount()
  return page
}

let stop = () => {}
afterEach(() => {
  stop()
  vi.useRealTimers()
})

it.each([
  ['2026-01-01T12:59:00Z', 'en', /The link ends by itself on .*2026.*(?:UTC|GMT|[A-Z]{3,4})/],
  ['2026-01-01T13:00:01Z', 'en', /The link ended on .*2026.*(?:UTC|GMT|[A-Z]{3,4})/],
  ['2026-01-01T12:59:00Z', 'zh-CN', /将在 .*2026.* 失效/],
  ['2026-01-01T13:00:01Z', 'zh-CN', /已于 .*2026.* 失效/],
] as const)('a signed link says at %s in %s whether it ends or has ended, with the time zone', async (now, language, sentence) => {
  vi.useFakeTimers({ now: new Date(now) })
  expect((await show(SIGNED, language)).text()).toMatch(sentence)
})

it('a link that ends while it is looked at says so', async () => {
  vi.useFakeTimers({ now: new Date('2026-01-01T12:59:58Z') })
  const page = await show(SIGNED)
  expect(page.text()).toContain('ends by itself')
  await vi.advanceTimersByTimeAsync(3000)
  expect(page.text()).toContain('The link ended on')
})

it.each([
  ['https://files.example.com/current/a.img', '“current” points to whichever build is newest.'],
  ['https://files.example.com/a-latest.img', '“latest” in a-latest.img points to whichever build is newest.'],
])('of %s it is said once where the word stands', async (url, sentence) => {
  expect((await show(url)).text()).toContain(sentence)
})

it.each([
  ['http://127.0.0.1/x-20240101.img', 'attention', 'Longhorn refuses this link.'],
  ['https://files.example.com/x-20240101.vmdk', 'bad', 'No image can come from this link.'],
  ['https://files.example.com/x-20240101.img.xz', 'bad', 'No image can come from this link.'],
  [SIGNED, 'attention', 'This link has ended.'],
  ['http://127.0.0.1/latest/x.img', 'attention', 'The bytes behind this link change.'],
  ['http://10.0.0.1/x-20240101', 'ok', 'This link names one build.'],
])('%s is shown as %s: %s', async (url, tone, title) => {
  const page = await show(url)
  expect(page.get('.verdict-block__title').text()).toContain(title)
  expect(page.get('[data-testid=url-verdict]').attributes('data-tone')).toBe(tone)
})

it('what the bytes are is said also of a link that cannot be imported', async () => {
  expect((await show('http://127.0.0.1/x-20240101.img')).text()).toContain('This link names one build.')
})
