// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import type { Question } from './confirm.ts'
import ConfirmDialog from './ConfirmDialog.vue'
import { createConsoleI18n } from './i18n.ts'

let opened: VueWrapper | undefined
afterEach(() => opened?.unmount())

async function ask(question: Question) {
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const answers: boolean[] = []
  opened = mount(ConfirmDialog, { attachTo: document.body, props: { question, onAnswered: (yes: boolean) => answers.push(yes) }, global: { plugins: [i18n.plugin] } })
  const button = (name: string) => [...document.querySelectorAll<HTMLButtonElement>('.el-dialog button')].find(found => found.textContent?.trim() === name)
  await vi.waitFor(() => expect(document.activeElement?.closest('.el-dialog')).toBeTruthy())
  return { answers, button }
}

const STOP: Question = { title: 'Shut down web-01?', verb: 'Shut down web-01', steps: ['The guest is asked to shut down.'] }

describe('a question before a write', () => {
  it('begins on the safe button when something is destroyed', async () => {
    const { button } = await ask({ ...STOP, danger: true })
    await vi.waitFor(() => expect(document.activeElement).toBe(button('Cancel')))
  })

  it('begins on the verb when nothing is', async () => {
    const { button } = await ask(STOP)
    await vi.waitFor(() => expect(document.activeElement).toBe(button('Shut down web-01')))
  })

  it('is answered by the verb or by the safe button', async () => {
    const { answers, button } = await ask(STOP)
    button('Shut down web-01')?.click()
    button('Cancel')?.click()
    expect(answers).toEqual([true, false])
  })

  it('wants the name typed first where data is lost', async () => {
    const { answers, button } = await ask({ ...STOP, verb: 'Delete data-1', danger: true, typeToConfirm: 'data-1' })
    button('Delete data-1')?.click()
    expect(answers).toEqual([])
    const field = document.querySelector<HTMLInputElement>('.el-dialog input')
    if (!field)
      throw new Error('no field to type the name into')
    field.value = 'data-1'
    field.dispatchEvent(new Event('input'))
    await vi.waitFor(() => expect(button('Delete data-1')?.disabled).toBe(false))
    button('Delete data-1')?.click()
    expect(answers).toEqual([true])
  })
})
