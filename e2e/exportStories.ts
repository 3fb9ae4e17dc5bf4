import { expect } from '@playwright/test'
import type { Browser, Page } from '@playwright/test'
import { Api, open, row } from './console.ts'
import { begin, choose, ends, imageOf, isImported, nameImage, runs, state, steps, strategyOf, uidOf, verdict } from './exporting.ts'

// Exports as operators see them, the same on the embedded cluster and on upstream's own control plane.

/** A page, the cluster by the name that the console has for it and whoever looks, and where the VMs are. */
export interface Scene { readonly page: Page, readonly cluster: string, readonly namespace: string }

export function openExport({ page, cluster, namespace }: Scene, claim: string): Promise<Api> {
  return open(page, `/volumes/${namespace}/${claim}/export`, cluster)
}

/** One click on a VM that runs, by `who`, and the browser is closed as soon as the server has it in hand. `meanwhile` ends when the export has; nobody looks until then. */
export async function exportWithBrowserClosed(browser: Browser, { cluster, namespace, who }: Omit<Scene, 'page'> & { readonly who: string }, vm: string, meanwhile: () => Promise<void>): Promise<void> {
  const page = await browser.newPage()
  const first = await openExport({ page, cluster, namespace }, `${vm}-root`)
  await expect(page.getByTestId('carried-out-by')).toContainText('you may close this page')
  const [strategy, before] = [await strategyOf(first, namespace, vm), await uidOf(first, namespace, vm)]
  await nameImage(page, `${vm}-copy`)
  const isInHand = page.waitForResponse(answer => answer.url().endsWith('/guard/keeper/jobs'))
  await begin(page, `Shut down ${vm} and export`)
  expect((await isInHand).ok()).toBe(true)
  await page.close()
  await meanwhile()

  const later = await browser.newPage()
  const api = await open(later, `/exports?ns=${namespace}`, cluster)
  const exported = row(later, `${vm}-copy`)
  await expect(exported).toContainText('Finished, disk at rest')
  await expect(exported).toContainText(/\d+ sec|\d+ min/)
  await runs(api, namespace, vm)
  expect(await uidOf(api, namespace, vm)).not.toBe(before)
  expect(await strategyOf(api, namespace, vm)).toBe(strategy)
  expect(isImported(await imageOf(api, namespace, `${vm}-copy`))).toBe(true)
  await exported.getByRole('button', { name: 'Show' }).click()
  for (const step of ['Record the export in the cluster', 'Shut down', 'Import', 'Start again'])
    await expect(steps(later).filter({ hasText: step })).toContainText(/ago|took|sec|now/)
  await expect(later.getByText(`${vm} shut down by itself.`)).toBeVisible()
  await expect(later.getByRole('definition').filter({ hasText: who })).toBeVisible()
  await later.close()
}

/** A guest of 8 s that does not listen, and nothing chosen: no image, and the VM starts again. */
export async function cutOffByDefault(scene: Scene, vm: string): Promise<void> {
  const { page, namespace } = scene
  const api = await openExport(scene, `${vm}-root`)
  await expect(page.getByText('After 8 s KubeVirt cuts the power of a guest that has not shut down; this cannot be called back. Then:')).toBeVisible()
  await expect(page.getByRole('radio', { name: 'No image; start again' })).toBeChecked()
  await nameImage(page, `${vm}-copy`)
  const [strategy, before] = [await strategyOf(api, namespace, vm), await uidOf(api, namespace, vm)]
  await begin(page, `Shut down ${vm} and export`)
  await expect(state(page)).toContainText('has stopped', { timeout: 90_000 })
  await expect(state(page)).toContainText('its power was cut, so there is no image, as was chosen')
  await runs(api, namespace, vm)
  expect(await uidOf(api, namespace, vm)).not.toBe(before)
  expect(await strategyOf(api, namespace, vm)).toBe(strategy)
  expect(await imageOf(api, namespace, `${vm}-copy`)).toBeUndefined()
  await page.getByRole('button', { name: 'Read; take it off the volume' }).click()
  await expect(verdict(page)).toBeVisible()
}

/** The same guest, and an image chosen all the same: it tells on every page that it is only crash-consistent. */
export async function cutOffAndMarked(scene: Scene, vm: string): Promise<void> {
  const { page, cluster, namespace } = scene
  const api = await openExport(scene, `${vm}-root`)
  await nameImage(page, `${vm}-copy`)
  await choose(page, 'Make the image, marked as crash-consistent')
  await begin(page, `Shut down ${vm} and export`)
  await ends(api, namespace, `${vm}-root`)
  await runs(api, namespace, vm)
  expect(isImported(await imageOf(api, namespace, `${vm}-copy`))).toBe(true)
  await open(page, `/images?ns=${namespace}`, cluster)
  await expect(row(page, `${vm}-copy`)).toContainText('Exported after a power cut')
  await page.getByRole('link', { name: `${vm}-copy` }).click()
  await expect(page.getByTestId('image-wholeness')).toContainText(`${vm} did not shut down by itself, but crashed or had its power cut.`)
  await page.getByRole('link', { name: 'Show the export' }).click()
  await expect(page.getByTestId('export-record')).toContainText('Finished after a power cut')
  await expect(steps(page).filter({ hasText: 'Shut down' })).toContainText(`The power of ${vm} was cut.`)
}

/** Two VMs on one disk: one button for both, and both run again. */
export async function exportShared(scene: Scene, claim: string, vms: readonly [string, string]): Promise<void> {
  const { page, namespace } = scene
  const api = await openExport(scene, claim)
  const strategies = () => Promise.all(vms.map(vm => strategyOf(api, namespace, vm)))
  for (const vm of vms)
    await expect(verdict(page)).toContainText(vm)
  const before = await strategies()
  await nameImage(page, `${claim}-copy`)
  await begin(page, `Shut down ${vms.join(' and ')} and export`)
  await expect.poll(strategies).toEqual(['Halted', 'Halted'])
  await ends(api, namespace, claim)
  for (const vm of vms)
    await runs(api, namespace, vm)
  expect(await strategies()).toEqual(before)
  expect(isImported(await imageOf(api, namespace, `${claim}-copy`))).toBe(true)
}

/** Who may export and shuts nobody down sees the button barred, and by what. */
export async function findBarred(scene: Scene, vm: string): Promise<void> {
  const { page, namespace } = scene
  await openExport(scene, `${vm}-root`)
  await expect(page.getByRole('button', { name: `Shut down ${vm} and export` })).toBeDisabled()
  await expect(page.getByText(`You may not: it needs patch virtualmachines.kubevirt.io in namespace ${namespace}.`)).toBeVisible()
}

/** Who may not look at attachments, where nobody answers for him: no verdict, and what is missing for one. */
export async function findUnanswered(scene: Scene, claim: string): Promise<void> {
  const { page } = scene
  await openExport(scene, claim)
  await expect(verdict(page)).toContainText('Whether the disk is at rest cannot be seen.')
  await expect(page.getByRole('main')).toContainText('list volumeattachments.storage.k8s.io')
  await expect(page.getByTestId('server-answer')).toContainText('no export guard of this cluster has answered for you')
  await expect(page.getByRole('radio')).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeDisabled()
}

/** The same page, once the server has answered that the disk is at rest: it exports by that. */
export async function exportByAnswer({ page, cluster, namespace }: Scene, claim: string): Promise<void> {
  const api = new Api(page, cluster)
  await expect(page.getByTestId('server-answer')).toContainText(/answered .*: at rest/, { timeout: 30_000 })
  await expect(verdict(page)).toContainText('The disk is at rest')
  await expect(page.getByTestId('guards')).toContainText('Guard: alive')
  await expect(page.getByRole('main')).not.toContainText('The permission that is missing')
  await nameImage(page, `${claim}-copy`)
  await begin(page, 'Export')
  await ends(api, namespace, claim)
  expect(isImported(await imageOf(api, namespace, `${claim}-copy`))).toBe(true)
}
