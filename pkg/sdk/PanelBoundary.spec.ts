// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { createConsoleI18n } from './i18n.ts'
import PanelBoundary from './PanelBoundary.vue'

it('keeps a broken panel to itself, says what broke, and draws it again when asked', async () => {
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const broken = ref(true)
  const Panel = defineComponent(() => () => {
    if (broken.value)
      throw new Error('no copies in status')
    return h('p', 'three copies')
  })
  const page = mount(() => [h('h1', 'Overview'), h(PanelBoundary, { title: 'Health' }, () => h(Panel))], { global: { plugins: [i18n.plugin] } })
  await page.vm.$nextTick()

  expect(page.find('h1').text()).toBe('Overview')
  expect(page.find('[role=alert]').text()).toContain('Health cannot be shown')
  expect(page.find('code').text()).toBe('no copies in status')

  broken.value = false
  await page.find('[role=alert] button').trigger('click')
  expect(page.text()).toContain('three copies')
  expect(page.find('[role=alert]').exists()).toBe(false)
})
