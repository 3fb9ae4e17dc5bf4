import type { Router } from 'vue-router'
import type { Extension } from '#sdk/extension.ts'
import { fetchClusters } from './clusters.ts'

const RELOADED = 'guardrails.reloaded'
/** What is fetched only when it is wanted, which may be on a bad day (`pageLoading.spec.ts` knows them all). */
const ON_A_BAD_DAY = [
  () => import('./OverviewPage.vue'),
  () => import('./MissingPage.vue'),
  () => import('./QuickFind.vue'),
  () => import('./KeyHelp.vue'),
  () => import('#sdk/ConfirmDialog.vue'),
  () => import('#sdk/TasksDrawer.vue'),
  () => import('#sdk/TableBulkBar.vue'),
  () => import('#sdk/downloadCsv.ts'),
  () => import('#sdk/yamlEditor.ts'),
]

/** Brings every page while there is nothing to do, so that they can still be opened when the line to the server is cut. */
export function bringPages(extensions: readonly Extension[]): void {
  const pages = extensions.flatMap(extension => extension.routes ?? []).map(route => route.component)
  const bring = async (): Promise<void> => {
    for (const load of [...pages, ...ON_A_BAD_DAY])
      await load().catch(() => undefined)
  }
  const soon = globalThis.requestIdleCallback ?? (work => setTimeout(work, 2_000))
  soon(() => void bring(), { timeout: 10_000 })
}

/**
 * When a page cannot be brought: after an upgrade of the server it is gone, and a reload brings the new console; while the
 * server is silent a reload would lose the screen too, so that is only said.
 */
export function mindMissingPages(router: Router, say: () => void): void {
  router.onError(async (_thrown: unknown, to) => {
    const isServed = (await fetchClusters()).state !== 'unanswered'
    if (!isServed || sessionStorage.getItem(RELOADED) === to.fullPath)
      return say()
    sessionStorage.setItem(RELOADED, to.fullPath)
    location.assign(to.fullPath)
  })
}
