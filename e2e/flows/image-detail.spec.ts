import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { PATHS, row } from '../console.ts'
import type { AnyObject } from '../console.ts'
import { OwnConsole } from '../embedded.ts'

// What the page of an image knows, refuses and does, on a console and a cluster of its own, with the cluster's mirror of publishers.
test.skip(Boolean(process.env.GUARDRAILS_KUBECONFIG), 'needs the mirror of the embedded cluster')

const own = new OwnConsole(8799)
test.beforeAll(() => own.start())
test.afterAll(() => own.remove())

const mirror = () => /images {3}.*?(http:\S+)/.exec(own.output)?.[1] ?? ''
const IMAGES = PATHS.images('lab')
const MERGE = 'application/merge-patch+json'
const ACKNOWLEDGED = 'guardrails.harvesterhci.io/mutable-url-acknowledged'

async function make(name: string, url: string, retry = 0): Promise<void> {
  const image = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: 'lab', annotations: { [ACKNOWLEDGED]: '{"who":"admin","when":"2026-11-01T00:00:00Z"}' } }, spec: { displayName: name, sourceType: 'download', url, retry } }
  const { status, text } = await own.direct('POST', IMAGES, image)
  expect(status, text).toBe(201)
}
async function read(path: string): Promise<AnyObject> {
  return JSON.parse((await own.direct('GET', path)).text) as AnyObject
}
async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${own.url}/c/demo/images`)
  await page.getByRole('main').getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
}
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const dialog = (page: Page) => page.getByRole('dialog')

test('an image whose copies have all failed is not called ready, though Harvester imported it', async ({ page }) => {
  await page.goto(`${own.url}/c/demo/images`)
  const lost = row(page, 'centos-stream-10-latest')
  await expect(lost).toContainText('Copies lost')
  await expect(lost).not.toContainText('Ready')
  await expect(row(page, 'rocky-9.6-20260531')).toContainText('Degraded')
  await open(page, 'centos-stream-10-latest')
  await expect(page.getByTestId('image-standing')).toContainText('Every copy of it has failed.')
  await expect(page.getByTestId('image-standing')).toContainText('Backing image recorded checksum')
  await expect(page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /Imported/ })).toContainText('True')
  await expect(page.getByRole('main').getByRole('link', { name: 'analytics-01', exact: true })).toBeVisible()
})

test('an import that CDI cannot finish says what CDI says', async ({ page }) => {
  await open(page, 'flatcar-stable-v2')
  await expect(page.getByTestId('image-standing')).toContainText('no such host')
  await expect(page.getByTestId('image-standing')).toContainText('CDI’s word for it: ImportInProgress.')
})

test('the deletion of an image in use is barred with Harvester’s reason, which the API gives too', async ({ page }) => {
  await open(page, 'ubuntu-24.04-noble-20261104')
  await expect(button(page, 'Delete')).toHaveAttribute('aria-disabled', 'true')
  await expect(button(page, 'Delete')).toHaveAccessibleDescription(/Cannot delete image production\/ubuntu-24\.04-noble-20261104: being used by volume /)
  const key = /\/images\/production\/([\w-]+)/.exec(page.url())?.[1] ?? ''
  const { status, text } = await own.direct('DELETE', `${PATHS.images('production')}/${key}`)
  expect(status).toBe(422)
  expect(text).toContain('Cannot delete image production/ubuntu-24.04-noble-20261104: being used by volume ')
})

test('a failed image that nothing depends on is made again under its name, with what was acknowledged', async ({ page }) => {
  await make('gone-again', `${mirror()}ubuntu-cloud-images/noble/19990101/noble-server-cloudimg-amd64.img`)
  await page.goto(`${own.url}/c/demo/images`)
  await expect(row(page, 'gone-again')).toContainText('Failed', { timeout: 60_000 })
  await open(page, 'gone-again')
  const before = await read(`${IMAGES}/gone-again`)
  await button(page, 'Retry').click()
  await expect(dialog(page)).toContainText(/created again under the same name, with the same source.* the acknowledgement of its mutable URL/)
  await button(page, 'Delete and create again').click()
  await expect.poll(async () => (await read(`${IMAGES}/gone-again`)).metadata?.uid ?? '', { timeout: 30_000 }).not.toMatch(new RegExp(`^(${before.metadata.uid})?$`))
  const after = await read(`${IMAGES}/gone-again`)
  expect(after.metadata.annotations?.[ACKNOWLEDGED]).toBe('{"who":"admin","when":"2026-11-01T00:00:00Z"}')
  expect(after.spec).toMatchObject({ displayName: 'gone-again', url: before.spec?.url, retry: 0 })
  await expect(page.getByTestId('image-standing')).toBeVisible()
})

test('a retry whose console was closed half-way is finished by another, which shows what was lost and who began', async ({ page, context }) => {
  await make('half-way', `${mirror()}ubuntu-cloud-images/noble/19990101/noble-server-cloudimg-amd64.img`)
  await page.goto(`${own.url}/c/demo/images`)
  await expect(row(page, 'half-way')).toContainText('Failed', { timeout: 60_000 })
  const hold = (finalizers: readonly string[]) => own.direct('PATCH', `${IMAGES}/half-way`, { metadata: { finalizers } }, MERGE)
  const held = (JSON.parse((await own.direct('GET', `${IMAGES}/half-way`)).text) as { metadata: { finalizers?: string[] } }).metadata.finalizers ?? []
  await hold([...held, 'example.com/keeper'])
  await open(page, 'half-way')
  const before = await read(`${IMAGES}/half-way`)
  await button(page, 'Retry').click()
  await expect(dialog(page)).toContainText('is written into a ConfigMap of namespace lab')
  await button(page, 'Delete and create again').click()
  await expect(page.getByTestId('recreation')).toContainText('held by example.com/keeper')
  await page.close()

  expect((await hold([])).status).toBe(200)
  await expect.poll(async () => (await own.direct('GET', `${IMAGES}/half-way`)).status).toBe(404)
  const other = await context.newPage()
  await other.goto(`${own.url}/c/demo/images`)
  const strip = other.getByRole('region', { name: /Images to be created again/ })
  await expect(strip).toContainText('half-way is deleted and not yet created again.')
  await strip.getByRole('link', { name: 'Show', exact: true }).click()
  const panel = other.getByTestId('recreation')
  await expect(panel).toContainText('half-way is deleted and not yet created again.')
  await expect(panel).toContainText('Begun by admin, says the note')
  await button(other, 'Create it again').click()
  await other.getByRole('dialog').getByRole('button', { name: 'Create it again' }).click()
  await expect(other.getByTestId('image-standing')).toBeVisible()
  await expect(panel).toBeHidden()
  const after = await read(`${IMAGES}/half-way`)
  expect(after.metadata.uid).not.toBe(before.metadata.uid)
  expect(after.metadata.annotations?.[ACKNOWLEDGED]).toBe(before.metadata.annotations?.[ACKNOWLEDGED])
  expect(after.spec).toMatchObject({ displayName: 'half-way', url: before.spec?.url, retry: 0 })
  const notes = JSON.parse((await own.direct('GET', '/api/v1/namespaces/lab/configmaps?labelSelector=guardrails.harvesterhci.io/recreate')).text) as { items: unknown[] }
  expect(notes.items).toEqual([])
})

test('what its URL serves is compared with what was imported, and the result is kept for every console', async ({ page }) => {
  await make('noble-current', `${mirror()}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`)
  await page.goto(`${own.url}/c/demo/images`)
  await expect(row(page, 'noble-current')).toContainText('Ready', { timeout: 90_000 })
  await open(page, 'noble-current')
  const verdict = page.getByTestId('upstream-verdict')
  await expect(verdict).toContainText('Nobody has looked yet')
  await button(page, 'Check upstream now').click()
  // Its size is the same and its date is old, but a link whose bytes change is often published hours after they were written.
  await expect(verdict).toContainText('Whether the link still serves this image cannot be told.')
  await expect(verdict).toContainText('The publisher publishes no SHA-512 to compare with the recorded one.')

  const { status } = await own.direct('PATCH', '/api/v1/namespaces/default/configmaps/guardrails-tour', { data: { daysAhead: '1' } }, MERGE)
  expect(status).toBe(200)
  await expect(async () => {
    await button(page, 'Check upstream now').click()
    await expect(verdict).toContainText('The link serves other bytes than those that were imported.', { timeout: 5_000 })
  }).toPass()
  await page.reload()
  await expect(verdict).toContainText('The link serves other bytes than those that were imported.')
  await page.getByRole('link', { name: 'its health', exact: true }).click()
  await expect(page.getByRole('main')).toContainText('the image could not be downloaded again')
})

test('an edit loses nothing to somebody else’s, and Harvester’s fields stay as they are', async ({ page }) => {
  await open(page, 'noble-current')
  await button(page, 'Edit').click()
  const description = dialog(page).getByLabel('Description')
  await expect(description).toBeFocused()
  await description.fill('what I typed')
  await own.direct('PATCH', `${IMAGES}/noble-current`, { metadata: { annotations: { 'field.cattle.io/description': 'what they wrote' } } }, MERGE)
  await expect(dialog(page)).toContainText('Somebody else has changed this meanwhile.')
  await expect(dialog(page)).toContainText('what they wrote')
  await expect(button(page, 'Save')).toBeDisabled()
  await button(page, 'Keep what I typed').click()
  await expect(description).toHaveValue('what I typed')
  await button(page, 'Save').click()
  await expect(dialog(page)).toBeHidden()
  await expect(page.getByRole('main')).toContainText('what I typed')
  expect((await read(`${IMAGES}/noble-current`)).metadata.annotations?.['field.cattle.io/description']).toBe('what I typed')
})

test('an image that nothing depends on is deleted, and its copies with it', async ({ page }) => {
  await open(page, 'noble-current')
  await button(page, 'Delete').click()
  await expect(dialog(page)).toContainText('Nothing depends on it.')
  await expect(dialog(page)).toContainText('Somebody saw that its link serves other bytes by now: this image cannot be had again.')
  await dialog(page).getByRole('textbox').fill('noble-current')
  await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
  await expect(row(page, 'noble-current')).toBeHidden({ timeout: 30_000 })
})
