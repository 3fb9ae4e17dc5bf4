import { createHash } from 'node:crypto'
import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import type { AnyObject, Api } from '../console.ts'
import { open, PATHS, row } from '../console.ts'

// A fragile image is made sound in the form: pinned, its checksum turned into one that Longhorn takes, or uploaded; or it is
// made all the same by somebody who says that he knows. The publishers are those of the cluster's mirror, which the
// console's server may ask.

const stamp = () => Math.random().toString(36).slice(2, 8)
const FILE = 'noble-server-cloudimg-amd64.img'
const ACKNOWLEDGED = 'guardrails.harvesterhci.io/mutable-url-acknowledged'
const url = (page: Page) => page.getByLabel('URL', { exact: true })
const checksum = (page: Page) => page.getByLabel(/^Checksum/)

/** Opens the form with a name typed; answers the API and where the mirror of this cluster is. */
async function openForm(page: Page, name: string): Promise<{ api: Api, mirror: string, folder: string }> {
  const api = await open(page, '/images/create')
  await page.getByLabel('Name', { exact: true }).fill(name)
  const tour = await api.get<AnyObject & { data: { mirror: string } }>('/api/v1/namespaces/default/configmaps/guardrails-tour')
  return { api, mirror: tour.data.mirror, folder: `${tour.data.mirror}ubuntu-cloud-images/noble/current/` }
}

async function findImage(api: Api, name: string): Promise<AnyObject | undefined> {
  return (await api.list(PATHS.images('default'))).find(image => image.spec?.displayName === name)
}

async function sumOf(folder: string): Promise<string> {
  const sums = await (await fetch(`${folder}SHA256SUMS`)).text()
  return sums.split('\n').find(line => line.endsWith(FILE))?.split(/\s/)[0] ?? ''
}

/** The image becomes ready in the list; then it is removed. */
async function expectReady(page: Page, api: Api, name: string): Promise<void> {
  await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
  await expect(row(page, name)).toContainText('Ready', { timeout: 90_000 })
  await api.remove(`${PATHS.images('default')}/${(await findImage(api, name))?.metadata.name}`)
}

test('a current/ URL is warned of, pinned by one click, and becomes an image', async ({ page }) => {
  const name = `noble-pinned-${stamp()}`
  const { api, folder } = await openForm(page, name)
  await url(page).fill(folder + FILE)
  await expect(page.getByTestId('url-verdict')).toContainText('The bytes behind this link change.')
  const create = page.getByRole('button', { name: `Create ${name}` })
  await expect(create).toBeDisabled()
  await page.getByRole('button', { name: 'Pin it' }).click()
  await expect(page.getByTestId('pin-panel')).toContainText('The same bytes are behind a link that does not change.')
  await page.getByRole('button', { name: 'Use this link' }).first().click()
  await expect(url(page)).toHaveValue(/\/noble\/20\d{6}\/noble-server-cloudimg-amd64\.img$/)
  await expect(page.getByTestId('url-verdict')).toContainText('This link names one build.')
  await expect(page.getByTestId('pin-panel')).toBeHidden()
  const pinned = await url(page).inputValue()
  await create.click()
  await expect(row(page, name)).not.toContainText('Mutable URL')
  await expect.poll(async () => (await findImage(api, name))?.spec?.url).toBe(pinned)
  expect((await findImage(api, name))?.metadata.annotations).not.toHaveProperty([ACKNOWLEDGED])
  await expectReady(page, api, name)
})

test('a mutable URL is taken from whoever says that he knows, and who and when stays on the image', async ({ page }) => {
  const name = `noble-known-${stamp()}`
  const { api, folder } = await openForm(page, name)
  await url(page).fill(folder + FILE)
  const create = page.getByRole('button', { name: `Create ${name}` })
  await expect(create).toBeDisabled()
  const before = Date.now()
  await page.getByText('I know that this image cannot be downloaded again').click()
  await create.click()
  await expect(row(page, name)).toContainText('Mutable URL')
  const made = await findImage(api, name)
  const { who, when } = JSON.parse(made?.metadata.annotations?.[ACKNOWLEDGED] ?? '{}') as { who?: string, when?: string }
  expect(who).toBe('admin')
  expect(Date.parse(when ?? '')).toBeGreaterThanOrEqual(before - 1_000)
  expect(Date.parse(when ?? '')).toBeLessThanOrEqual(Date.now())
  await expect(row(page, name)).toContainText('Ready', { timeout: 90_000 })
  await row(page, name).getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('main')).toContainText('admin acknowledged the mutable URL')
  await api.remove(`${PATHS.images('default')}/${made?.metadata.name}`)
})

test('a SHA-256 is turned into a SHA-512 by the server, which says what it was compared with, and Longhorn takes it', async ({ page }) => {
  const name = `noble-verified-${stamp()}`
  const { api, folder } = await openForm(page, name)
  const sha256 = await sumOf(folder)
  await url(page).fill(folder + FILE)
  await checksum(page).fill(sha256)
  const verdict = page.getByTestId('checksum-verdict')
  await expect(verdict).toContainText('Longhorn takes no SHA-256.')
  await verdict.getByRole('button', { name: 'Have the server read it once' }).click()
  await expect(verdict).toContainText('The server read the image, and its checksum is right.', { timeout: 60_000 })
  await expect(verdict).toContainText(sha256)
  await expect(verdict).toContainText('that was typed')
  const sha512 = createHash('sha512').update(Buffer.from(await (await fetch(folder + FILE)).arrayBuffer())).digest('hex')
  await expect(checksum(page)).toHaveValue(sha512)

  // The server keeps the read: a page that is loaded anew shows it.
  await openForm(page, name)
  await url(page).fill(folder + FILE)
  await expect(verdict).toContainText('The server read the image and computed its SHA-512.')
  await expect(verdict).toContainText(sha256)
  await verdict.getByRole('button', { name: 'Use this SHA-512' }).click()
  await expect(checksum(page)).toHaveValue(sha512)

  await page.getByText('I know that this image cannot be downloaded again').click()
  await page.getByRole('button', { name: `Create ${name}` }).click()
  await expect.poll(async () => (await findImage(api, name))?.spec?.checksum).toBe(sha512)
  await expectReady(page, api, name)
})

test('another file than the checksum says is told so, and its SHA-512 is not offered', async ({ page }) => {
  const { folder } = await openForm(page, 'noble-other')
  await url(page).fill(folder + FILE.replace('amd64', 'arm64'))
  await checksum(page).fill('0'.repeat(64))
  const verdict = page.getByTestId('checksum-verdict')
  await verdict.getByRole('button', { name: 'Have the server read it once' }).click()
  await expect(verdict).toContainText('The image is not what its checksum says.', { timeout: 60_000 })
  await expect(checksum(page)).toHaveValue('0'.repeat(64))
  await expect(verdict.getByRole('button', { name: 'Use this SHA-512' })).toHaveCount(0)
})

test('what a link serves is found out by one click: the way there, size, format, dates and checksums', async ({ page }) => {
  const { mirror } = await openForm(page, 'noble-facts')
  await url(page).fill(`${mirror}redirects/current/disk.img`)
  const facts = page.getByTestId('url-facts')
  await expect(facts).toContainText(`asks ${new URL(mirror).host} for size`)
  await facts.getByRole('button', { name: 'Ask what it serves' }).click()
  await expect(facts).toContainText(/serves 2 MiB · qcow2, version 3 · disk of/)
  await expect(facts.getByRole('list', { name: 'Way there' }).getByRole('listitem')).toHaveText([/^303 .*\/redirects\/current\/disk\.img$/, /^206 .*\/noble\/20\d{6}\/noble-server-cloudimg-amd64\.img$/])
  await expect(facts).toContainText('application/octet-stream')
  await expect(facts).toContainText(/Last-Modified\s*[^–\s]/)
  await expect(facts).toContainText(/ETag\s*"[\da-f]+-200000"/)
  await expect(facts).toContainText('can be taken up where it broke off')
})

test('a SHA-512 that the publisher prints is put in by one click', async ({ page }) => {
  const { mirror } = await openForm(page, 'alpine')
  const image = `${mirror}alpine/v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2`
  await url(page).fill(image)
  const facts = page.getByTestId('url-facts')
  await facts.getByRole('button', { name: 'Ask what it serves' }).click()
  await facts.getByRole('button', { name: 'Use this SHA-512' }).click()
  await expect(checksum(page)).toHaveValue((await (await fetch(`${image}.sha512`)).text()).trim())
})

test('what cannot be imported, is not served, or may not be asked is said under the link, with what to do', async ({ page }) => {
  const { mirror } = await openForm(page, 'noble-trouble')
  const facts = page.getByTestId('url-facts')
  for (const [path, words] of [
    ['faults/vmdk/disk.img', 'It is a vmdk file. Harvester takes qcow2, raw and ISO: convert it'],
    ['faults/on-base/disk.qcow2', 'It holds only what differs from base.qcow2.'],
    ['faults/page/disk.img', 'It is text and no image: perhaps an error or a login.'],
    ['faults/no-head/disk.qcow2', 'Harvester asks for the size with HEAD first'],
    ['faults/missing/disk.qcow2', 'The publisher answered 404.'],
    ['redirects/loop/a/disk.qcow2', 'redirects more than'],
    ['redirects/metadata/disk.qcow2', 'its address is a cloud’s metadata service. Whoever runs the console can open it with --allow-mirror 169.254.169.254'],
  ] as const) {
    await url(page).fill(mirror + path)
    await facts.getByRole('button', { name: 'Ask what it serves' }).click()
    await expect(facts).toContainText(words)
  }
})

test('a file of this computer is uploaded to the end, and nothing typed is lost by choosing it', async ({ page }) => {
  test.skip(Boolean(process.env.GUARDRAILS_KUBECONFIG), 'no API server passes Harvester\'s uploads on: the embedded cluster has the endpoint')
  const name = `noble-uploaded-${stamp()}`
  const { api, folder } = await openForm(page, name)
  await url(page).fill(folder + FILE)
  await page.getByRole('button', { name: 'Upload instead' }).click()
  await expect(page.getByRole('link', { name: folder + FILE })).toBeVisible()
  await page.locator('input[type=file]').setInputFiles({ name: 'debian-13.raw', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4 << 20, 7) })
  await expect(page.getByTestId('upload-verdict')).toContainText('This file can be uploaded.')
  await page.getByText('The cluster downloads it from a URL').click()
  await expect(url(page)).toHaveValue(folder + FILE)
  await page.getByText('A file from this computer').click()
  await page.getByRole('button', { name: `Create ${name}` }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  await expect(page.getByRole('main')).toContainText('Ready', { timeout: 90_000 })
  await api.remove(`${PATHS.images('default')}/${(await findImage(api, name))?.metadata.name}`)
})
