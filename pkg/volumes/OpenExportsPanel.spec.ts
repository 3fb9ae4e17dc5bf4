// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import { hostKey } from '#sdk/host.ts'
import type { Host } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import ClaimExport from './ClaimExport.vue'
import ClaimLeftOff from './ClaimLeftOff.vue'
import ExportsBadge from './ExportsBadge.vue'
import type { ExportIntent } from './exportIntent.ts'
import { writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import OpenExportsPanel from './OpenExportsPanel.vue'
import { CLAIM, live, vm } from './scriptedWorld.ts'

const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }
const FORBIDDEN: Seen = { objects: [], state: 'forbidden' }
const OFF = vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-root' } })

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)', component: { render: () => undefined } }] })

const pages: VueWrapper[] = []
afterEach(() => pages.splice(0).forEach(page => page.unmount()))

/** Shows a part of a page to one who sees what is given, by plural, and nothing else. */
async function show(part: Parameters<typeof mount>[0], props: object, seen: Readonly<Record<string, Seen>>): Promise<VueWrapper> {
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'volumes', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  const store = { time: () => Date.parse('2026-03-01T12:00:00Z'), can: () => ({ state: 'allowed' }), collection: ({ plural }: Resource) => ({ ...FORBIDDEN, ...seen[plural], find: (key: string) => seen[plural]?.objects.find((object: KubeObject) => `${object.metadata.namespace}/${object.metadata.name}` === key) }) }
  const page = mount(part, { props, global: { plugins: [createPinia(), i18n.plugin, router], provide: { [hostKey as symbol]: host, [proxyStoreKey as symbol]: () => store } } })
  pages.push(page)
  return page
}

describe('a VM that an export has off, before one who may not list volumes', () => {
  it('is told on its page by its own mark, with the volume and the permission that is missing', async () => {
    const text = (await show(OpenExportsPanel, { namespace: 'production', name: 'web-01' }, { virtualmachines: live(OFF), virtualmachineinstances: live() })).text()
    expect(text).toContain('web-01 was shut down for an export. Whether that is still under way, and starts it again, cannot be seen.')
    expect(text).toContain('web-01-root')
    expect(text).toContain('list persistentvolumeclaims in namespace production')
  })

  it('is counted beside Exports, with the sign of the unknown', async () => {
    const badge = (await show(ExportsBadge, {}, { virtualmachines: live(OFF), virtualmachineinstances: live() })).find('span')
    expect([badge.text(), badge.attributes('data-tone')]).toEqual(['1', 'unknown'])
  })

  it('is told on the volume\'s page to one who sees that, and no instances', async () => {
    const text = (await show(ClaimLeftOff, { claim: CLAIM }, { virtualmachines: live(OFF), persistentvolumeclaims: live(CLAIM) })).text()
    expect(text).toContain('list virtualmachineinstances.kubevirt.io in namespace production')
  })

  it('is not told on the page of another VM', async () => {
    expect((await show(OpenExportsPanel, { namespace: 'production', name: 'web-02' }, { virtualmachines: live(OFF), virtualmachineinstances: live() })).text()).toBe('')
  })
})

describe('an export that cannot see enough', () => {
  const INTENT: ExportIntent = {
    id: 'abcd1234', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn',
    vms: [{ name: 'web-01', runStrategy: 'RerunOnFailure', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T11:00:00.000Z',
  }
  const under = (intent: ExportIntent) => live({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } })
  const seen = (intent: ExportIntent, vmis: Seen) => ({ persistentvolumeclaims: under(intent), virtualmachines: live(OFF), virtualmachineimages: live(), virtualmachineinstances: vmis })
  const shown = async (intent: ExportIntent, vmis: Seen) => (await show(OpenExportsPanel, { namespace: 'production' }, seen(intent, vmis))).text()

  it('says what cannot be read, what it waits for, and that it has no end, where the line is cut', async () => {
    const text = await shown(INTENT, { objects: [], state: 'stale' })
    expect(text).toContain('virtualmachineinstances.kubevirt.io in namespace production cannot be seen as they are now')
    expect(text).toContain('The export goes on when that can be seen. No time limit was chosen: it waits as long as that lasts')
    expect(await shown({ ...INTENT, deadline: '2026-03-01T13:00:00.000Z' }, { objects: [], state: 'stale' })).not.toContain('No time limit')
  })

  it('says beside Start now and Abandon, before they are pressed, that nothing starts as long as instances cannot be seen, and which permission is missing', async () => {
    const page = await show(OpenExportsPanel, { namespace: 'production' }, seen(INTENT, FORBIDDEN))
    for (const word of ['Start web-01 now', 'Abandon the export…']) {
      const button = page.findAll('button').find(one => one.text() === word)
      expect(page.find(`[id="${button?.attributes('aria-describedby')}"]`).text()).toContain('The permission that is missing: list and watch virtualmachineinstances.kubevirt.io in namespace production.')
    }
    expect((await show(OpenExportsPanel, { namespace: 'production' }, seen(INTENT, live()))).text()).not.toContain('old instance')
  })

  it('says once it was given up why its VM does not start, and which permission is missing', async () => {
    const text = await shown({ ...INTENT, abandonedBy: 'ann' }, FORBIDDEN)
    expect(text).toContain('virtualmachineinstances.kubevirt.io in namespace production cannot be seen. The permission that is missing: list and watch virtualmachineinstances.kubevirt.io in namespace production.')
    expect(text).toContain('The VMs that are off are started when that can be seen')
  })
})

describe('a note of an export that cannot be read', () => {
  const NOTED = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: '{' } } }
  const COPIED = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: JSON.stringify({ id: 'abcd1234', claimUid: 'another', image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [] }) } } }
  const seen = (claim: typeof CLAIM, machine = OFF) => ({ virtualmachines: live(machine), virtualmachineinstances: live(), persistentvolumeclaims: live(claim) })
  const SAID = 'The volume carries an export that this console cannot read.'

  it('is told on the page of the VM that is off for it, with what becomes of the VM, and can be taken off there', async () => {
    const page = await show(OpenExportsPanel, { namespace: 'production', name: 'web-01' }, seen(NOTED))
    expect(page.text()).toContain(SAID)
    expect(page.text()).toContain('web-01: off because of it.')
    expect(page.findAll('button').map(button => button.text())).toContain('Take it off the volume')
  })

  it('is told on the page of a VM that has the disk and is not off for it, and on no other\'s', async () => {
    expect((await show(OpenExportsPanel, { namespace: 'production', name: 'web-01' }, seen(NOTED, vm('Always')))).text()).toContain(SAID)
    const elsewhere = { ...vm('Always', {}, {}, 'web-02'), spec: { template: { spec: {} } } }
    expect((await show(OpenExportsPanel, { namespace: 'production', name: 'web-02' }, seen(NOTED, elsewhere))).text()).toBe('')
  })

  it('is not told on a VM\'s page where a backup has brought it along', async () => {
    expect((await show(OpenExportsPanel, { namespace: 'production', name: 'web-01' }, seen(COPIED, vm('Halted')))).text()).toBe('')
  })

  it('is told on the volume\'s page too', async () => {
    const page = await show(ClaimExport, { claim: NOTED }, seen(NOTED))
    await vi.waitFor(() => expect(page.text()).toContain(SAID))
    expect(page.findAll('button').map(button => button.text())).toContain('Take it off the volume')
  })
})

describe('an export that is under way', () => {
  it('is told on its volume\'s page with the VM that it has off, and what ends that', async () => {
    const intent = { id: 'abcd1234', image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00Z' }
    const claim = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: JSON.stringify(intent) } } }
    const page = await show(ClaimExport, { claim }, { virtualmachines: live(OFF), virtualmachineinstances: live(), persistentvolumeclaims: live(claim), virtualmachineimages: live(), pods: live() })
    await vi.waitFor(() => expect(page.text()).toContain('web-01'))
    expect(page.findAll('button').map(button => button.text())).toEqual(expect.arrayContaining(['Resume', 'Start web-01 now', 'Abandon the export…']))
  })
})
