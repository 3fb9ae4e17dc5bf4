// @vitest-environment happy-dom
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import type { App, InjectionKey } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import type { ExportIntent } from './exportIntent.ts'
import { exportReference, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { CLAIM, live, vm, vmi } from './scriptedWorld.ts'
import type { LiveExportWorld } from './useExportWorld.ts'
import { useForceDecisions } from './useForceDecisions.ts'
import { useForceStop } from './useForceStop.ts'

let app: App | undefined
afterEach(() => app?.unmount())

const INTENT: ExportIntent = {
  id: 'abcd1234', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn',
  vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00.000Z',
}
const claim = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(INTENT) } } }
const off = vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: exportReference(INTENT) } })
const world: Partial<LiveExportWorld> = { claims: { ...live(claim), find: () => claim } as unknown as LiveExportWorld['claims'], vms: live(off) as LiveExportWorld['vms'], vmis: live(vmi('Running')) as LiveExportWorld['vmis'] }

/** A page that was opened anew, and carries nothing out. */
async function open(patched: () => object = () => ({ object: {}, warnings: [] }), intent = INTENT, isGivenUp = false) {
  const happened: string[] = []
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } }, { id: 'volumes', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const setup = () => ({ force: useForceStop(() => intent, world as LiveExportWorld, { run: () => happened.push('carried out'), isGivenUp: () => isGivenUp }), questions: useConfirm(), decisions: useForceDecisions() })
  const made: ReturnType<typeof setup>[] = []
  async function patch() {
    happened.push('noted')
    return patched()
  }
  app = createApp({ setup() { made.push(setup()); return () => undefined } })
  app.use(createPinia()).use(i18n.plugin).provide(proxyStoreKey as InjectionKey<unknown>, () => ({ patch, create: async () => ({ object: { status: { userInfo: { username: 'bob' } } } }) }))
  app.mount(document.createElement('div'))
  const [page] = made
  if (!page)
    throw new Error('the page was not set up')
  return { ...page, happened }
}

async function decide(page: Awaited<ReturnType<typeof open>>, yes: boolean) {
  const done = page.force.submit()
  await vi.waitFor(() => expect(page.questions.asked?.title).toContain('web-01'))
  page.questions.asked?.answer(yes)
  await done
}

it.each([
  [false, 'No image is made then, as was chosen, and what was stopped is started again.'],
  [true, 'There is no image, and what was stopped is started again at once.'],
])('says before what comes of it, where the export was given up (%s)', async (isGivenUp, words) => {
  const page = await open(undefined, INTENT, isGivenUp)
  const done = page.force.submit()
  await vi.waitFor(() => expect(page.questions.asked?.steps).toEqual(['The guest of web-01 gets no more time to shut down.', words]))
  page.questions.asked?.answer(false)
  await done
})

it('is carried out by the page on which it was decided, once it is noted: no keeper of a session does it', async () => {
  const page = await open()
  expect(page.decisions.isMade(INTENT)).toBe(false)
  await decide(page, true)
  expect(page.happened).toEqual(['noted', 'carried out'])
  expect(page.decisions.isMade(INTENT)).toBe(true)
})

it('comes to nothing where it was not meant, or is not taken', async () => {
  const unmeant = await open()
  await decide(unmeant, false)
  expect(unmeant.happened).toEqual([])
  expect(unmeant.decisions.isMade(INTENT)).toBe(false)
  app?.unmount()
  const refused = await open(() => { throw new ApiError({ status: 403, reason: 'Forbidden', message: 'no' }) })
  await decide(refused, true)
  expect(refused.happened).toEqual(['noted'])
  expect(refused.decisions.isMade(INTENT)).toBe(false)
  expect(refused.force.error.value?.message).toBe('no')
})

it('is asked for once more on a page on which nobody decided it, whatever name stands on the claim, and not noted twice', async () => {
  const page = await open(undefined, { ...INTENT, forcedBy: 'ann' })
  expect(page.force.vms.value).toEqual(['web-01'])
  expect(page.decisions.isMade(INTENT)).toBe(false)
  await decide(page, true)
  expect(page.happened).toEqual(['carried out'])
  expect(page.decisions.isMade(INTENT)).toBe(true)
  expect(page.force.vms.value).toEqual([])
})
