// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Component, WritableComputedRef } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { useQueryParam } from './useQueryParam.ts'

/** A page with a filter of its own, inside a frame with one that outlives it; the next page is still being fetched. */
async function open() {
  let arrive: (page: Component) => void = () => undefined
  const lazy = new Promise<Component>(resolve => { arrive = resolve })
  const params: Record<string, WritableComputedRef<string>> = {}
  const Page = defineComponent(() => { params.q = useQueryParam('q'); return () => h('p') })
  const Frame = defineComponent(() => { params.ns = useQueryParam('ns'); return () => h(RouterView) })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Page }, { path: '/other', component: () => lazy }] })
  await router.push('/')
  mount(Frame, { global: { plugins: [router] } })
  return { router, params, arrive: () => arrive({ render: () => undefined }) }
}
const write = (param: WritableComputedRef<string> | undefined, value: string) => { if (param) param.value = value }

it('what is written while a page is on its way does not keep it from arriving', async () => {
  const { router, params, arrive } = await open()
  const going = router.push('/other')
  write(params.ns, 'lab')
  expect(params.ns?.value).toBe('lab')
  setTimeout(arrive, 20)
  expect(await going).toBeUndefined()
  await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/other?ns=lab'))
})

it('what the page that is left wrote last does not go on to the next', async () => {
  const { router, params, arrive } = await open()
  const going = router.push('/other')
  write(params.q, 'web')
  setTimeout(arrive, 20)
  await going
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(router.currentRoute.value.fullPath).toBe('/other')
})

it('what is written at once goes into the URL together', async () => {
  const { router, params } = await open()
  write(params.q, 'web')
  write(params.ns, 'lab')
  await vi.waitFor(() => expect(router.currentRoute.value.query).toEqual({ q: 'web', ns: 'lab' }))
  write(params.q, '')
  await vi.waitFor(() => expect(router.currentRoute.value.query).toEqual({ ns: 'lab' }))
})
