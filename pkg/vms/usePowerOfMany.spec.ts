// @vitest-environment happy-dom
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import type { App, InjectionKey } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import type { Address } from '#kube/client.ts'
import type { Resource } from '#kube/resource.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import { usePowerOfMany } from './usePower.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'
import { vmRow } from './vmRow.ts'
import type { VmRow } from './vmRow.ts'

let app: App | undefined
afterEach(() => app?.unmount())

function row(name: string, how: 'running' | 'off'): VmRow {
  const metadata = { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  const runStrategy = how === 'running' ? 'Always' : 'Halted'
  const vm: VirtualMachine = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata, spec: { runStrategy, template: { spec: {} } }, status: { runStrategy } }
  const vmi: VirtualMachineInstance = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata, spec: {}, status: { phase: 'Running' } }
  return vmRow(vm, how === 'running' ? vmi : undefined, 'seen', 0)
}

const REFUSED = new ApiError({ status: 403, reason: 'Forbidden', message: 'web-2 is not yours' })

/** The list page's bar over a cluster that does not change `web-2`. */
async function open(state: 'allowed' | 'denied' = 'allowed', failure = REFUSED) {
  const sent: string[] = []
  async function patch(_: Resource, { name }: Address) {
    sent.push(name)
    if (name === 'web-2')
      throw failure
    return { object: {}, warnings: [] }
  }
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'vms', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  const setup = () => {
    const { bulkActions } = usePowerOfMany()
    return { act: (id: string) => bulkActions().find(action => action.id === id), questions: useConfirm(), notices: useNotices(), sent }
  }
  const made: ReturnType<typeof setup>[] = []
  app = createApp({ setup() { made.push(setup()); return () => undefined } })
  app.use(createPinia()).use(i18n.plugin).provide(proxyStoreKey as InjectionKey<unknown>, () => ({ patch, can: () => ({ state }) }))
  app.mount(document.createElement('div'))
  const [page] = made
  if (!page)
    throw new Error('the page was not set up')
  return page
}

it('names every VM and what will happen before anything is sent', async () => {
  const page = await open()
  page.act('stop')?.run([row('web-1', 'running'), row('web-3', 'running')])
  await vi.waitFor(() => expect(page.questions.asked?.title).toBe('Shut down 2 VMs?'))
  expect(page.questions.asked?.steps?.join(' ')).toMatch(/lab\/web-1.*lab\/web-3.*stay off/)
  page.questions.asked?.answer(false)
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(page.sent).toEqual([])
})

it('goes on after one that the cluster refuses, and tells which was which', async () => {
  const page = await open()
  page.act('stop')?.run(['web-1', 'web-2', 'web-3'].map(name => row(name, 'running')))
  await vi.waitFor(() => expect(page.questions.asked).toBeDefined())
  page.questions.asked?.answer(true)
  await vi.waitFor(() => expect(page.notices.notices.map(({ tone, text }) => [tone, text])).toEqual([
    ['bad', 'web-2: the cluster refused. web-2 is not yours'],
    ['progress', 'web-1, web-3: shutdown asked for.'],
  ]))
  expect(page.sent).toEqual(['web-1', 'web-2', 'web-3'])
})

it.each([
  ['an API server that is away', new ApiError({ status: 503, reason: 'ServiceUnavailable', message: 'the cluster does not answer' }), ' the cluster does not answer'],
  ['a console whose server is away', new ApiError({ status: 0, reason: 'Unreachable', message: 'no answer: Network Error' }), ''],
])('does not call it a refusal when nobody answered: %s', async (_, failure, words) => {
  const page = await open('allowed', failure)
  page.act('stop')?.run([row('web-2', 'running')])
  await vi.waitFor(() => expect(page.questions.asked).toBeDefined())
  page.questions.asked?.answer(true)
  await vi.waitFor(() => expect(page.notices.notices.map(({ tone, text }) => [tone, text])).toEqual([['bad', `web-2: the cluster has not said that it was done.${words}`]]))
})

it('says which one of them cannot be acted on, and why', async () => {
  const page = await open()
  expect(page.act('stop')?.refuses?.([row('web-1', 'running'), row('db', 'off')])).toMatch(/^db: ./)
  expect(page.act('start')?.refuses?.([row('db', 'off')])).toBeUndefined()
})

it('is barred by what the user may not do, as each of them is', async () => {
  const page = await open('denied')
  expect(page.act('stop')?.refuses?.([row('web-1', 'running')])).toBe('web-1: You may not: it needs patch virtualmachines.kubevirt.io in namespace lab.')
})
