import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { row } from '../console.ts'
import { OwnConsole } from '../embedded.ts'

// A fragile image is made sound in the form: pinned, its checksum turned into one that Longhorn takes, or uploaded. The
// publishers are those of the embedded cluster's mirror, which the console's server may ask.
test.skip(Boolean(process.env.GUARDRAILS_KUBECONFIG), 'needs the mirror of the embedded cluster')

const own = new OwnConsole(8798)
test.beforeAll(() => own.start())
test.afterAll(() => own.remove())

const folder = () => `${/images {3}.*?(http:\S+)/.exec(own.output)?.[1]}ubuntu-cloud-images/noble/current/`
const FILE = 'noble-server-cloudimg-amd64.img'
const url = (page: Page) => page.getByLabel('URL', { exact: true })
const checksum = (page: Page) => page.getByLabel(/^Checksum/)

async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${own.url}/c/demo/images/create`)
  await page.getByLabel('Name', { exact: true }).fill(name)
}

test('a current/ URL is warned of, pinned by one click, verified, and becomes an image', async ({ page }) => {
  await open(page, 'noble-pinned')
  await url(page).fill(folder() + FILE)
  await expect(page.getByTestId('url-verdict')).toContainText('The bytes behind this link change.')
  const create = page.getByRole('button', { name: 'Create noble-pinned' })
  await expect(create).toBeDisabled()
  await page.getByRole('button', { name: 'Pin it' }).click()
  await expect(page.getByTestId('pin-panel')).toContainText('The same bytes are behind a link that does not change.')
  await page.getByRole('button', { name: 'Use this link' }).first().click()
  await expect(url(page)).toHaveValue(/\/noble\/20\d{6}\/noble-server-cloudimg-amd64\.img$/)
  await expect(page.getByTestId('pin-panel')).toBeHidden()
  await create.click()
  await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
  await expect(row(page, 'noble-pinned')).toContainText('Ready', { timeout: 90_000 })
  await expect(row(page, 'noble-pinned')).not.toContainText('Mutable URL')
})

test('a SHA-256 is turned into a SHA-512 by the server, which says what it was compared with', async ({ page }) => {
  const sums = await (await fetch(`${folder()}SHA256SUMS`)).text()
  const [sha256 = ''] = sums.split('\n').find(line => line.endsWith(FILE))?.split(/\s/) ?? []
  await open(page, 'noble-verified')
  await url(page).fill(folder() + FILE)
  await checksum(page).fill(sha256)
  const verdict = page.getByTestId('checksum-verdict')
  await expect(verdict).toContainText('Longhorn takes no SHA-256.')
  await verdict.getByRole('button', { name: 'Let the server read the image once' }).click()
  await expect(verdict).toContainText('The server read the image, and its checksum is right.', { timeout: 60_000 })
  await expect(verdict).toContainText(sha256)
  await expect(verdict).toContainText('that you typed')
  await expect(checksum(page)).toHaveValue(/^[\da-f]{128}$/)

  // The server keeps the read: a page that is loaded anew shows it.
  await open(page, 'noble-verified')
  await url(page).fill(folder() + FILE)
  await expect(verdict).toContainText('The server read the image, and its checksum is right.')
  await verdict.getByRole('button', { name: 'Use this SHA-512' }).click()
  await expect(checksum(page)).toHaveValue(/^[\da-f]{128}$/)
})

test('another file than the checksum says is told so, and its SHA-512 is not offered', async ({ page }) => {
  await open(page, 'noble-other')
  await url(page).fill(folder() + FILE.replace('amd64', 'arm64'))
  await checksum(page).fill('0'.repeat(64))
  const verdict = page.getByTestId('checksum-verdict')
  await verdict.getByRole('button', { name: 'Let the server read the image once' }).click()
  await expect(verdict).toContainText('The image is not what its checksum says.', { timeout: 60_000 })
  await expect(checksum(page)).toHaveValue('0'.repeat(64))
  await expect(verdict.getByRole('button', { name: 'Use this SHA-512' })).toHaveCount(0)
})

test('a file of this computer is uploaded to the end, and nothing typed is lost by choosing it', async ({ page }) => {
  await open(page, 'noble-uploaded')
  await url(page).fill(folder() + FILE)
  await page.getByText('A file from this computer').click()
  await page.locator('input[type=file]').setInputFiles({ name: 'debian-13.raw', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4 << 20, 7) })
  await expect(page.getByTestId('upload-verdict')).toContainText('This file can be uploaded.')
  await page.getByText('The cluster downloads it from a URL').click()
  await expect(url(page)).toHaveValue(folder() + FILE)
  await page.getByText('A file from this computer').click()
  await page.getByRole('button', { name: 'Create noble-uploaded' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'noble-uploaded' })).toBeVisible()
  await expect(page.getByRole('main')).toContainText('Ready', { timeout: 90_000 })
})
