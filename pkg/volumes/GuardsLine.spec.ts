// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { guardKey } from '#sdk/guard.ts'
import type { Guard, GuardCall } from '#sdk/guard.ts'
import { hostKey } from '#sdk/host.ts'
import type { Host } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import GuardGap from './GuardGap.vue'
import GuardsLine from './GuardsLine.vue'
import type { GuardState } from './guardState.ts'

const host: Host = { cluster: { id: 'lab', title: 'lab', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }
const pages: VueWrapper[] = []
afterEach(() => pages.splice(0).forEach(page => page.unmount()))

/** Shows a part of a page before a server that says how the guard stands, by the namespace that it is asked for. */
async function show(part: Parameters<typeof mount>[0], props: object, states: Readonly<Record<string, GuardState>>) {
  const asked: string[] = []
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'volumes', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  async function ask<Answer>({ path }: GuardCall<Answer>): Promise<Answer> {
    asked.push(path)
    const { pathname, searchParams } = new URL(path, 'http://console')
    return (pathname === '/guard/exports' ? { ...states[searchParams.get('namespace') ?? ''], requester: 'installed' } : { word: 'own', because: [], version: '1', jobs: [] }) as Answer
  }
  const guard: Guard = { available: true, ask }
  const page = mount(part, { props, global: { plugins: [i18n.plugin], provide: { [hostKey as symbol]: host, [guardKey as symbol]: guard } } })
  pages.push(page)
  await flushPromises()
  return { page, asked }
}

const ELSEWHERE: GuardState = { word: 'elsewhere', because: ['exports-elsewhere', 'starts-elsewhere'] }

describe('a guard that is not asked in the namespace that one looks at', () => {
  it('is said in the line of its page, with the reasons and what to do, and without having to point at it', async () => {
    const { page } = await show(GuardsLine, { place: { namespace: 'production', images: 'default' } }, { production: ELSEWHERE })
    expect(page.text()).toContain('Guard: not in this namespace')
    expect(page.text()).toContain('The guard does not guard this namespace.')
    expect(page.text()).toContain('about images in namespace default')
    expect(page.text()).toContain('about starts in namespace production')
    expect(page.text()).toContain('--webhook-namespaces')
    expect(page.find('[data-tone="ok"]').text()).toContain('Keeper')
  })

  it('is said in the notice of an open export, of one that is not as long as it is', async () => {
    const { page, asked } = await show(GuardGap, { place: { namespace: 'production' } }, { production: ELSEWHERE, guarded: { word: 'alive', because: ['answered'] } })
    expect(page.text()).toContain('The guard does not guard this namespace.')
    await page.setProps({ place: { namespace: 'guarded' } } as object)
    await flushPromises()
    expect(page.text()).toBe('')
    expect(asked).toEqual(['/guard/exports?cluster=lab&namespace=production', '/guard/exports?cluster=lab&namespace=guarded'])
  })

  it('is not called alive by an answer that it gave about an image', async () => {
    const { page } = await show(GuardsLine, { place: { namespace: 'production' }, answeredAt: Date.now() }, { production: { word: 'unknown', because: ['namespace-forbidden'] } })
    expect(page.text()).toContain('Guard: unknown')
    expect(page.find('[title*="get namespaces"]').exists()).toBe(true)
  })
})
