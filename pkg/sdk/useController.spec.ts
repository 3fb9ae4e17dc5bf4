// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Question } from './confirm.ts'
import ConfirmDialog from './ConfirmDialog.vue'
import ControllerNotice from './ControllerNotice.vue'
import { defineProxyStore } from './defineProxyStore.ts'
import { createConsoleI18n } from './i18n.ts'
import { proxyStoreKey } from './proxyStore.ts'
import { scriptedClient } from './scriptedConsole.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  page?.unmount()
  page = undefined
  see(true)
  vi.useRealTimers()
})

let page: ReturnType<typeof mount> | undefined
/** When virt-controller died, in seconds from the beginning; later than every test where it lives. */
let died: number
/** What an API server says instead; per namespace. */
let answers: Record<string, ApiError | undefined>
let asked: string[]

type View = 'list' | 'detail' | 'question'
const START: Question = { title: 'Start web-01?', verb: 'Start', steps: ['It starts.'], carriedOutBy: 'kubevirt' }
const failure = (status: number, reason: string) => new ApiError({ status, reason, message: reason })
const NOT_FOUND = failure(404, 'NotFound')

function see(visible: boolean): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: visible ? 'visible' : 'hidden' })
  document.dispatchEvent(new Event('visibilitychange'))
}

/** Views that show the notice, or ask before an act, while they are open, over a cluster of which nothing is true but this Lease. */
async function open({ allowed = true, said = {} }: { readonly allowed?: boolean, readonly said?: typeof answers } = {}) {
  died = Infinity
  answers = { kubevirt: NOT_FOUND, ...said }
  asked = []
  const began = Date.now()
  const get: KubeClient['get'] = async (_, { namespace = '' }) => {
    asked.push(namespace)
    const refused = answers[namespace]
    if (refused)
      throw refused
    const second = Math.min(died, Math.floor((Date.now() - began) / 2_000) * 2)
    // The cluster's clock is two hours behind.
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'virt-controller', namespace, uid: 'a', resourceVersion: String(second), creationTimestamp: '' }, spec: { holderIdentity: 'vc-1', leaseDurationSeconds: 15, renewTime: new Date(began - 7_200_000 + second * 1_000).toISOString() } } as never
  }
  // The right that matters less may be answered first.
  const review: KubeClient['review'] = async ({ namespace }) => {
    await new Promise(resolve => setTimeout(resolve, namespace === 'harvester-system' ? 500 : 0))
    return { allowed }
  }
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const views = ref<View[]>(['list'])
  const store = defineProxyStore(scriptedClient({}, { get, review }), { schedule: next => queueMicrotask(next) })
  page = mount(defineComponent(() => () => views.value.map(view => h('section', { key: view }, [view === 'question' ? h(ConfirmDialog, { question: START }) : h(ControllerNotice, { controller: 'kubevirt' })]))), { global: { plugins: [i18n.plugin, createPinia()], provide: { [proxyStoreKey as symbol]: store } } })
  await vi.advanceTimersByTimeAsync(0)
  return { views, text: () => page?.findAll('[data-testid=silent-controller]').map(found => found.text()).join(' | ') ?? '' }
}
const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1_000)

describe('a controller that is not heard of', () => {
  it('is not spoken of while it works', async () => {
    const { text } = await open()
    await seconds(120)
    expect(text()).toBe('')
    expect(asked.length).toBeGreaterThan(10)
    expect(asked.length).toBeLessThan(15)
  })

  it('is told within half a minute, with what it means and where to look, and until it is heard again', async () => {
    const { text } = await open()
    await seconds(31)
    died = 30
    await seconds(15)
    expect(text()).toBe('')
    await seconds(20)
    expect(text()).toMatch(/KubeVirt’s controller has not been heard of for \d\d s/)
    expect(text()).toContain('carried out only when it is back')
    expect(text()).toContain('kubectl get pods -n harvester-system -l kubevirt.io=virt-controller')
    died = Infinity
    await seconds(11)
    expect(text()).toBe('')
  })

  it('is read out once, not with every second', async () => {
    await open()
    died = 0
    await seconds(40)
    const said = new Set<string>()
    const seen = new Set<string>()
    for (let second = 0; second < 5; second++) {
      await seconds(1)
      said.add(page?.find('[role=status]').text() ?? '')
      seen.add(page?.find('[data-testid=silent-controller]').text() ?? '')
    }
    expect(seen.size).toBe(5)
    expect([...said]).toEqual(['KubeVirt’s controller is not heard of.'])
  })

  it('is told in the question before an act, where it stands no longer than it is true', async () => {
    const { views } = await open()
    died = 0
    await seconds(45)
    views.value = ['list', 'question']
    await seconds(1)
    const question = () => document.querySelector('.action-dialog')?.textContent
    expect(question()).toMatch(/not been heard of for \d+ \w+: this is carried out only when it is back/)
    died = Infinity
    await seconds(11)
    expect(question()).toContain('It starts.')
    expect(question()).not.toContain('heard of')
  })

  it('is not forgotten by a change of page, and is asked for once for all who show it', async () => {
    const { views, text } = await open()
    died = 0
    await seconds(45)
    const before = asked.length
    views.value = ['list', 'detail']
    await seconds(20)
    expect(text()).toContain(' | ')
    expect(asked.length - before).toBe(2)
    views.value = []
    await seconds(8)
    views.value = ['detail']
    await nextTick()
    expect(text()).toContain('has not been heard of')
  })

  it('is asked for by nobody when the page is left or hidden', async () => {
    const { views } = await open()
    await seconds(15)
    // The view that began to ask is not the one that stays.
    views.value = ['list', 'detail']
    await nextTick()
    views.value = ['detail']
    await nextTick()
    see(false)
    await seconds(60)
    expect(asked).toHaveLength(2)
    see(true)
    await seconds(1)
    expect(asked).toHaveLength(3)
    views.value = []
    await seconds(60)
    expect(asked).toHaveLength(3)
  })
})

describe('a controller of which nothing is known', () => {
  it('is neither asked for nor spoken of where the user may not read its Lease', async () => {
    const { text } = await open({ allowed: false })
    await seconds(120)
    expect(asked).toEqual([])
    expect(text()).toBe('')
  })

  it('is not called silent because the API server is', async () => {
    const { text } = await open()
    await seconds(20)
    answers = { 'harvester-system': failure(0, 'Unreachable') }
    died = 20
    await seconds(60)
    expect(text()).toBe('')
    answers = {}
    await seconds(10)
    expect(text()).toBe('')
    await seconds(30)
    expect(text()).toContain('has not been heard of')
  })

  it('is looked for in KubeVirt\'s own namespace too, and there alone once it was found', async () => {
    const { text } = await open({ said: { 'harvester-system': NOT_FOUND, 'kubevirt': undefined } })
    died = 0
    await seconds(31)
    expect(asked).toEqual(['harvester-system', 'kubevirt', 'kubevirt', 'kubevirt', 'kubevirt'])
    expect(text()).toContain('-n kubevirt')
  })

  it('is seldom looked for where there is none', async () => {
    await open({ said: { 'harvester-system': NOT_FOUND } })
    await seconds(125)
    expect(asked.length).toBeLessThan(8)
  })
})
