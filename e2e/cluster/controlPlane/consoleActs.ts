import { expect } from '@playwright/test'
import type { Locator, Page } from '@playwright/test'
import type { AnyObject, Api } from '../../console.ts'
import { PATHS } from '../../console.ts'
import { claim } from '../stories/manifests.ts'
import { NAMESPACE, vmOf } from './operator.ts'

// What an operator does with the console's own buttons, and what he reads there and in the API.

/** For what upstream's controllers and a guest take their time with, on a busy machine. */
export const LONG = { timeout: 90_000 }

const PARTS = (process.env.REAL_PARTS ?? '').split(',')
export const KUBEVIRT = PARTS.includes('kubevirt')
/** Longhorn's own controllers have no engines here that could read a volume; but what they do to copies is theirs. */
export const OWN_COPIES = PARTS.includes('longhorn')

/** The image that the console shows by this name, undefined where there is none. */
export async function imageOf(api: Api, displayName: string): Promise<AnyObject | undefined> {
  return (await api.list(PATHS.images(NAMESPACE))).find(image => image.spec?.displayName === displayName)
}

/** The VM as it is; throws where it is not there. */
export function readVm(api: Api, name: string): Promise<AnyObject> {
  return api.get(`${PATHS.vms(NAMESPACE)}/${name}`)
}

/** The VM's instance; undefined while there is none, and while nobody answers. */
export function readVmi(api: Api, name: string): Promise<AnyObject | undefined> {
  return api.get(`${PATHS.vmis(NAMESPACE)}/${name}`).catch(() => undefined)
}

/** Picks the first option that has these words, of the field of that label. */
export async function choose(page: Page, label: string, option: RegExp | string): Promise<void> {
  await page.getByLabel(label, { exact: true }).click()
  await page.getByRole('option', { name: option }).first().click()
}

/** Fills the form for an image from a URL that changes, and creates it as one who knows. */
export async function createFromCurrent(page: Page, url: string, name: string): Promise<void> {
  await page.getByLabel('URL', { exact: true }).fill(url)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await choose(page, 'Namespace', NAMESPACE)
  await expect(page.getByTestId('url-verdict')).toContainText('The bytes behind this link change.')
  await expect(page.getByRole('button', { name: `Create ${name}` })).toBeDisabled()
  await page.getByText('I know that this image cannot be downloaded again').click()
  await page.getByRole('button', { name: `Create ${name}` }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
}

/** Fills the form for a VM from an image, and creates it. */
export async function createVm(page: Page, name: string, image: string): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await choose(page, 'Namespace', NAMESPACE)
  await choose(page, 'Image', new RegExp(`${image} `))
  await page.getByLabel('Cloud-init user data').fill('#cloud-config\npackages: [qemu-guest-agent]\n')
  await page.getByRole('button', { name: `Create ${name}` }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}

/** Presses a button of a VM, on its page or in its row, and the same word in the question that follows. */
export async function act(within: Page | Locator, name: 'Start' | 'Shut down' | 'Restart'): Promise<void> {
  const page = 'page' in within ? within.page() : within
  await within.getByRole('button', { name, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
}

/** A VM that the flow finds running, on an empty disk. */
export async function makeRunning(api: Api, name: string, guest = 'obedient'): Promise<void> {
  const { spec, ...vm } = vmOf(name, 'RerunOnFailure') as { readonly spec: { readonly template: { readonly metadata: { readonly annotations: object } } } }
  const { metadata } = spec.template
  await api.create(PATHS.claims(NAMESPACE), claim(NAMESPACE, `${name}-disk`))
  await api.create(PATHS.vms(NAMESPACE), { ...vm, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations: { ...metadata.annotations, 'guardrails.test/guest': guest } } } } })
  await expect.poll(async () => (await readVm(api, name)).status?.ready, LONG).toBe(true)
}

/** Takes the VM and its disk away; the cluster does the rest by itself. */
export async function takeAway(api: Api, name: string): Promise<void> {
  await api.remove(`${PATHS.vms(NAMESPACE)}/${name}`)
  // A list that nobody answers is not an empty one, and Harvester gives no disk away that a VM still has.
  await expect(async () => {
    const left = [...await api.list(PATHS.vms(NAMESPACE)), ...await api.list(PATHS.vmis(NAMESPACE))]
    expect(left.map(({ metadata }) => metadata.name)).not.toContain(name)
    await api.remove(`${PATHS.claims(NAMESPACE)}/${name}-disk`)
  }).toPass(LONG)
}
