// @vitest-environment happy-dom
import type { VueWrapper } from '@vue/test-utils'
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, provide, ref } from 'vue'
import type { Router } from 'vue-router'
import { RouterView, createMemoryHistory, createRouter } from 'vue-router'
import FormLayout from '#sdk/FormLayout.vue'
import { holdLeavingKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import ActionDialog from '#sdk/ActionDialog.vue'
import { holdLeaving } from './leaving.ts'

const asked: string[] = []
const pending = ref(false)
let yes = false
let closed = 0
let router: Router
let page: VueWrapper

beforeEach(async () => {
  asked.length = 0
  closed = 0
  yes = false
  pending.value = false
  const Form = defineComponent(() => () => h(FormLayout, { verb: 'Create', pending: pending.value, onCancelled: () => { void router.push('/list') } }, { default: () => h('input') }))
  const Dialog = defineComponent(() => () => h(ActionDialog, { title: 'Edit', verb: 'Save', unsaved: true, onClosed: () => { closed++ } }, { default: () => h('input') }))
  router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/form', component: Form }, { path: '/dialog', component: Dialog }, { path: '/list', component: defineComponent(() => () => h('p')) }] })
  const confirm = ({ title }: { readonly title: string }) => Promise.resolve(asked.push(title) > 0 && yes)
  const Frame = defineComponent(() => {
    provide(holdLeavingKey, holdLeaving(router, confirm, (key: string) => key))
    return () => h('div', h(RouterView))
  })
  await router.push('/form')
  page = mount(Frame, { attachTo: document.body, global: { plugins: [router, createConsoleI18n([]).plugin] } })
})
afterEach(() => page.unmount())

const path = () => router.currentRoute.value.path
const type = () => page.find('input').setValue('noble')

describe('a form in which something was typed', () => {
  it('is left after a question only', async () => {
    await type()
    yes = false
    await router.push('/list')
    expect([path(), asked]).toEqual(['/form', ['host.leaving.title']])
    yes = true
    await router.push('/list')
    expect(path()).toBe('/list')
  })

  it('asks by the browser’s own words where its tab is closed, and no longer once it is left', async () => {
    const close = () => dispatchEvent(new Event('beforeunload', { cancelable: true }))
    expect(close()).toBe(true)
    await type()
    expect(close()).toBe(false)
    yes = true
    await router.push('/list')
    expect(close()).toBe(true)
  })

  it('asks nothing where only the query changes, where it is cancelled, and where its own work leads on', async () => {
    await type()
    yes = false
    await router.push('/form?ns=lab')
    pending.value = true
    await page.vm.$nextTick()
    await router.push('/list')
    expect([path(), asked]).toEqual(['/list', []])
    pending.value = false
    await router.push('/form')
    await type()
    await page.findAll('button').at(-1)?.trigger('click')
    await router.isReady()
    await new Promise(done => setTimeout(done))
    expect([path(), asked]).toEqual(['/list', []])
  })
})

describe('a dialog in which something was typed', () => {
  const dialog = () => document.querySelector('.action-dialog')
  const settled = async () => { await new Promise(done => setTimeout(done, 50)) }

  it('is left by Escape after a question only, and by its safe button at once', async () => {
    await router.push('/dialog')
    await vi.waitFor(() => expect(dialog()).not.toBeNull())
    const leave = async () => {
      dialog()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', bubbles: true }))
      await settled()
    }
    await leave()
    expect([asked, closed]).toEqual([['host.leaving.title'], 0])
    yes = true
    await leave()
    expect(closed).toBe(1)
    yes = false
    document.querySelector<HTMLElement>('[data-safe]')?.click()
    await settled()
    expect([asked.length, closed]).toEqual([2, 2])
  })

  it('holds the page it is on too', async () => {
    await router.push('/dialog')
    yes = false
    await router.push('/list')
    expect([path(), asked]).toEqual(['/dialog', ['host.leaving.title']])
  })
})

it('a form in which nothing was typed is left at once', async () => {
  await router.push('/list')
  expect([path(), asked]).toEqual(['/list', []])
})
