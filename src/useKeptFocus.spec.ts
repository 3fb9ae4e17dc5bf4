// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { defineComponent, h, nextTick, ref, useTemplateRef } from 'vue'
import { useKeptFocus } from './useKeptFocus.ts'

const shown = ref<'button' | 'section' | 'nothing'>('button')
const Page = defineComponent(() => {
  useKeptFocus(useTemplateRef<HTMLElement>('page'))
  const part = () => shown.value === 'nothing' ? undefined : h('section', { id: 'part' }, shown.value === 'button' ? h('p', h('button', { id: 'act' }, 'Resume')) : 'Under way')
  return () => h('div', [h('main', { ref: 'page', id: 'main', tabindex: -1 }, part()), h('input', { id: 'elsewhere' })])
})

let page: ReturnType<typeof mount>
beforeEach(() => {
  shown.value = 'button'
  page = mount(Page, { attachTo: document.body })
})
afterEach(() => page.unmount())

const focus = (id: string) => document.getElementById(id)?.focus()
async function become(state: typeof shown.value): Promise<string | undefined> {
  shown.value = state
  await nextTick()
  await new Promise(done => setTimeout(done, 20))
  return document.activeElement?.id
}

it('a button that goes leaves the focus to the part of the page that it stood in', async () => {
  focus('act')
  expect(await become('section')).toBe('part')
})

it('a part that goes with its button leaves the focus to the page', async () => {
  focus('act')
  expect(await become('nothing')).toBe('main')
})

it('a part that has the focus for another hands it on as well', async () => {
  focus('act')
  await become('section')
  expect(await become('nothing')).toBe('main')
})

it('whoever is elsewhere stays there', async () => {
  focus('act')
  focus('elsewhere')
  expect(await become('nothing')).toBe('elsewhere')
})

it('nobody who has no focus is given one', async () => {
  focus('act')
  document.getElementById('act')?.blur()
  expect(await become('nothing')).not.toBe('main')
})
