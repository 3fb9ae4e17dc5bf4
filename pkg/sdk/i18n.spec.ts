// @vitest-environment happy-dom
import { createApp } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Messages } from './extension.ts'
import { createConsoleI18n, useI18n, useLanguage } from './i18n.ts'

afterEach(() => vi.unstubAllGlobals())

function source(id: string, en: Messages, zh: Messages): { id: string, messages: { 'en': () => Promise<{ default: Messages }>, 'zh-CN': () => Promise<{ default: Messages }> } } {
  return { id, messages: { 'en': vi.fn(() => Promise.resolve({ default: en })), 'zh-CN': vi.fn(() => Promise.resolve({ default: zh })) } }
}

describe('sentences', () => {
  it('are found by the owner\'s id and their path, in the language spoken', async () => {
    const i18n = createConsoleI18n([source('images', { list: { title: 'Images' } }, { list: { title: '镜像' } }), source('vms', { title: 'VMs' }, { title: '虚拟机' })])
    await i18n.setLanguage('en')
    expect([i18n.translate('images.list.title'), i18n.translate('vms.title')]).toEqual(['Images', 'VMs'])
    await i18n.setLanguage('zh-CN')
    expect([i18n.translate('images.list.title'), i18n.language.value]).toEqual(['镜像', 'zh-CN'])
  })

  it('are loaded when their language is first spoken, and once', async () => {
    const images = source('images', { a: 'a' }, { a: '甲' })
    const i18n = createConsoleI18n([images])
    await Promise.all([i18n.setLanguage('en'), i18n.setLanguage('en')])
    expect(images.messages['en']).toHaveBeenCalledTimes(1)
    expect(images.messages['zh-CN']).not.toHaveBeenCalled()
  })

  it('stay in the old language when the new one cannot be loaded, which can be tried again', async () => {
    const images = source('images', { a: 'a' }, { a: '甲' })
    images.messages['zh-CN'] = vi.fn(() => Promise.reject(new Error('offline')))
    const i18n = createConsoleI18n([images])
    await i18n.setLanguage('en')
    await expect(i18n.setLanguage('zh-CN')).rejects.toThrow('offline')
    expect(i18n.language.value).toBe('en')
    images.messages['zh-CN'] = () => Promise.resolve({ default: { a: '甲' } })
    await i18n.setLanguage('zh-CN')
    expect(i18n.translate('images.a')).toBe('甲')
  })

  it('with values and plurals are made without eval, which the page\'s policy forbids', async () => {
    vi.stubGlobal('Function', function () { throw new Error('eval') })
    vi.stubGlobal('eval', () => { throw new Error('eval') })
    const i18n = createConsoleI18n([source('images', { copies: 'no copy of {name} | one copy of {name} | {count} copies of {name}' }, {})])
    await i18n.setLanguage('en')
    expect(i18n.translate('images.copies', { count: 3, name: 'noble' })).toBe('3 copies of noble')
  })

  it('reach every component of the app', async () => {
    const i18n = createConsoleI18n([source('images', { a: 'an image' }, {})])
    await i18n.setLanguage('en')
    const seen: string[] = []
    const app = createApp({ setup: () => { seen.push(useI18n().t('images.a'), useLanguage().language.value); return () => undefined } })
    app.use(i18n.plugin)
    app.mount(document.createElement('div'))
    expect(seen).toEqual(['an image', 'en'])
  })
})
