import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { Api } from './console.ts'

// The states of the image form, each as an operator comes to it, found without a word of either language.

interface FormState {
  readonly name: string
  readonly act: (page: Page, mirror: string) => Promise<unknown>
  readonly needsUploads?: true
}

const NOBLE = 'ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/releases/noble/release-20240423/ubuntu-24.04-server-cloudimg-amd64.img'
const MIB = 1 << 20
/** Makes a link that no flow has: the server keeps what it has read, and shows it to whoever types the same. */
const OWN = '?picture'

const block = (page: Page, id: string, tone?: string) => page.locator(`[data-testid=${id}]${tone ? `[data-tone=${tone}]` : ''}`)
const url = (page: Page) => page.locator('input[inputmode=url]')
const checksum = (page: Page) => page.locator('.mono input')
/** The first remedy of a verdict, which is the recommended one. */
const remedy = (page: Page, id: string) => block(page, id).locator('.verdict-block__remedies button').first()

async function type(page: Page, text: string): Promise<void> {
  await url(page).fill(text)
}

async function askWhatItServes(page: Page, text: string): Promise<void> {
  await type(page, text)
  await remedy(page, 'url-facts').click()
}

async function pin(page: Page, text: string, tone: string): Promise<void> {
  await type(page, text)
  await remedy(page, 'url-verdict').click()
  const panel = block(page, 'pin-panel', tone)
  await panel.waitFor()
  await panel.scrollIntoViewIfNeeded()
}

async function giveChecksum(page: Page, text: string, digest: string): Promise<void> {
  await type(page, text)
  await checksum(page).fill(digest)
  await block(page, 'checksum-verdict').scrollIntoViewIfNeeded()
}

/** A read that somebody has begun before is shown at once. */
async function haveItRead(page: Page, text: string, digest: string, tone: string): Promise<void> {
  await giveChecksum(page, text, digest)
  const verdict = block(page, 'checksum-verdict', tone)
  if (!await verdict.waitFor({ timeout: 1_500 }).then(() => true, () => false))
    await remedy(page, 'checksum-verdict').click()
  await verdict.waitFor({ timeout: 60_000 })
  await verdict.scrollIntoViewIfNeeded()
}

async function publishedSum(mirror: string): Promise<string> {
  const [folder = '', file = ''] = NOBLE.split(/(?<=current\/)/)
  const sums = await (await fetch(`${mirror}${folder}SHA256SUMS`)).text()
  return sums.split('\n').find(line => line.endsWith(file))?.split(/\s/)[0] ?? ''
}

/** From the disk, as an operator does: what is handed over by the debugger's line takes half a minute on a busy machine. */
async function choose(page: Page, name: string, bytes: Buffer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-file-'))
  page.once('close', () => { rmSync(folder, { recursive: true, force: true }) })
  const file = join(folder, name)
  writeFileSync(file, bytes)
  await page.locator('.el-radio', { has: page.locator('input[value="file"]') }).click()
  await page.locator('input[type=file]').setInputFiles(file)
}

/** A disk with a partition table. */
function rawDisk(size: number): Buffer {
  const disk = Buffer.alloc(size, 7)
  disk.fill(0, 446, 510)
  disk[450] = 0x83
  disk.writeUInt16BE(0x55aa, 510)
  return disk
}

/** A qcow2 of version 3 that leans on another file. */
function onBase(): Buffer {
  const image = Buffer.alloc(MIB)
  image.write('QFI\xfb', 'latin1')
  image.writeUInt32BE(3, 4)
  image.writeBigUInt64BE(512n, 8)
  image.writeUInt32BE(10, 16)
  image.writeBigUInt64BE(10n << 30n, 24)
  image.write('base.qcow2', 512)
  return image
}

/** With a slow line, so that it is still on its way when it is looked at; leaving the page takes the image away again. */
async function upload(page: Page): Promise<void> {
  const name = `noble-${Math.random().toString(36).slice(2, 8)}`
  await choose(page, 'noble-server-cloudimg-amd64.img', rawDisk(40 * MIB))
  await block(page, 'upload-verdict', 'ok').waitFor()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: MIB })
  await page.locator('form input[autocomplete=off]:not([inputmode=url])').first().fill(name)
  await page.locator('form button[type=submit]').click()
  await block(page, 'upload-progress').waitFor()
  await page.waitForTimeout(4_000)
}

async function beRefused(page: Page): Promise<void> {
  const causes = [{ reason: 'FieldValueInvalid', field: 'spec.url', message: 'what this URL serves changes, and mutable URLs are refused here' }]
  await page.route(/virtualmachineimages\?.*dryRun=All/, route => route.fulfill({
    status: 422, contentType: 'application/json',
    body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 422, reason: 'Invalid', message: 'admission webhook "images.guardrails.harvesterhci.io" denied the request', details: { causes } }),
  }))
  await type(page, PINNED)
  await page.locator('form input[autocomplete=off]:not([inputmode=url])').first().fill('noble')
  await page.locator('form button[type=submit]').click()
  await page.getByRole('alert').first().waitFor()
}

const STATES: readonly FormState[] = [
  { name: 'pinned', act: page => type(page, PINNED) },
  { name: 'unknown', act: page => type(page, 'https://files.example.com/images/appliance.qcow2') },
  { name: 'unusable', act: page => type(page, 'ftp://files.example.com/images/appliance.qcow2') },
  { name: 'facts', act: async (page, mirror) => {
    await askWhatItServes(page, `${mirror}redirects/current/disk.img`)
    await block(page, 'url-facts', 'ok').waitFor()
  } },
  { name: 'facts-trouble', act: async (page, mirror) => {
    await askWhatItServes(page, `${mirror}faults/vmdk/disk.img`)
    await block(page, 'url-facts', 'bad').waitFor()
  } },
  { name: 'facts-failed', act: async (page, mirror) => {
    await askWhatItServes(page, `${mirror}redirects/gone/disk.qcow2`)
    await block(page, 'url-facts', 'bad').waitFor()
  } },
  { name: 'facts-refused', act: async page => {
    await askWhatItServes(page, 'http://10.0.0.1/images/noble.img')
    await block(page, 'url-facts', 'attention').waitFor()
  } },
  { name: 'pin-found', act: (page, mirror) => pin(page, mirror + NOBLE, 'ok') },
  { name: 'pin-none', act: (page, mirror) => pin(page, `${mirror}rocky/9/images/x86_64/Rocky-9-GenericCloud-Base.latest.x86_64.qcow2`, 'attention') },
  { name: 'sha256', act: async (page, mirror) => giveChecksum(page, `${mirror}images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2`, await publishedSum(mirror)) },
  { name: 'verified', act: async (page, mirror) => haveItRead(page, `${mirror}${NOBLE}${OWN}`, await publishedSum(mirror), 'ok') },
  { name: 'mismatch', act: (page, mirror) => haveItRead(page, `${mirror}${NOBLE.replace('amd64', 'arm64')}${OWN}`, '0'.repeat(64), 'bad') },
  { name: 'classes', act: async page => {
    await type(page, PINNED)
    await page.locator('form .el-select').nth(1).click()
    await page.getByRole('option').first().waitFor()
  } },
  { name: 'cdi', act: async page => {
    await type(page, PINNED)
    await checksum(page).fill('0'.repeat(128))
    await page.locator('form .el-select').nth(1).click()
    await page.getByRole('option').filter({ hasText: 'v2' }).first().click()
  } },
  { name: 'file', act: async page => {
    await choose(page, 'noble-server-cloudimg-amd64.img', rawDisk(4 * MIB))
    await block(page, 'upload-verdict').and(page.locator('[data-tone=ok], [data-tone=attention]')).waitFor()
  } },
  { name: 'file-instead', act: async (page, mirror) => {
    await type(page, mirror + NOBLE)
    await block(page, 'url-verdict').locator('.verdict-block__remedies button').last().click()
    await page.locator('input[type=file]').waitFor({ state: 'attached' })
  } },
  { name: 'file-refused', needsUploads: true, act: async page => {
    await choose(page, 'overlay.qcow2', onBase())
    await block(page, 'upload-verdict', 'bad').waitFor()
  } },
  { name: 'refused', act: beRefused },
  { name: 'uploading', needsUploads: true, act: upload },
]

/** As entries of `PAGES`: the mirror is the cluster's own. */
export const IMAGE_FORM_STATES = STATES.map(({ name, act, needsUploads }) => ({
  name: `image-create-${name}`,
  path: '/images/create',
  shows: /./,
  isState: true,
  needsUploads,
  async act(page: Page) {
    const tour = await new Api(page).get<{ data: { mirror: string } }>('/api/v1/namespaces/default/configmaps/guardrails-tour')
    await act(page, tour.data.mirror)
  },
}))
