import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import type { AnyObject, Api } from '../console.ts'
import { open, PATHS, row } from '../console.ts'

// The main job from end to end, on whichever cluster the run is given: what an operator does, and what the API then says.

const CURRENT = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/releases/noble/release-20240423/ubuntu-24.04-server-cloudimg-amd64.img'

const stamp = () => Math.random().toString(36).slice(2, 8)

interface Conditions { readonly conditions?: { readonly type: string, readonly status: string }[] }
const isTrue = (object: AnyObject | undefined, type: string) => (object?.status as Conditions | undefined)?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

async function findImage(api: Api, namespace: string, displayName: string): Promise<AnyObject | undefined> {
  return (await api.list(PATHS.images(namespace))).find(image => image.spec?.displayName === displayName)
}

async function choose(page: Page, label: string, option: RegExp | string): Promise<void> {
  await page.getByLabel(label, { exact: true }).click()
  await page.getByRole('option', { name: option }).first().click()
}

async function fillImage(page: Page, url: string, name: string): Promise<void> {
  await page.getByLabel('URL', { exact: true }).fill(url)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await choose(page, 'Namespace', 'staging')
}

test('a current/ URL is warned of while one types, and made only by who says that he knows', async ({ page }) => {
  const api = await open(page, '/images/create')
  const name = `jammy-${stamp()}`
  await fillImage(page, CURRENT, name)
  const verdict = page.getByTestId('url-verdict')
  await expect(verdict).toContainText('The bytes behind this link change.')
  await expect(verdict).toContainText('“current” points to whichever build is newest')
  const create = page.getByRole('button', { name: `Create ${name}` })
  await expect(create).toBeDisabled()

  await page.getByLabel('URL', { exact: true }).fill(PINNED)
  await expect(verdict).toContainText('This link names one build.')
  await expect(create).toBeEnabled()

  await page.getByLabel('URL', { exact: true }).fill(CURRENT)
  await page.getByText('I know that this image cannot be downloaded again').click()
  await create.click()
  await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
  await expect(row(page, name)).toContainText('Mutable URL')
  const made = await findImage(api, 'staging', name)
  expect(JSON.parse(made?.metadata.annotations?.['guardrails.harvesterhci.io/mutable-url-acknowledged'] ?? '{}')).toMatchObject({ who: expect.stringMatching(/.+/), when: expect.stringMatching(/^20/) })
  await expect(row(page, name)).toContainText('Ready', { timeout: 90_000 })
  await api.remove(`${PATHS.images('staging')}/${made?.metadata.name}`)
})

test('a refusal of the cluster stands beside the form, and nothing typed is lost', async ({ page }) => {
  const api = await open(page, '/images')
  const name = `twice-${stamp()}`
  const image = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: 'staging' }, spec: { displayName: name, sourceType: 'upload' } }
  await api.create(PATHS.images('staging'), image)
  await open(page, '/images/create')
  await fillImage(page, PINNED, name)
  await page.getByLabel('Description').click()
  await expect(page.getByText('An image in this namespace has this name.')).toBeVisible()
  await expect(page.getByRole('button', { name: `Create ${name}` })).toBeDisabled()
  await expect(page.getByLabel('URL', { exact: true })).toHaveValue(PINNED)
  await api.remove(`${PATHS.images('staging')}/${name}`)
})

test('a running VM\'s volume is exported by one button, and the VM runs again with its old strategy', async ({ page }) => {
  const api = await open(page, '/volumes?ns=production')
  const before = await api.get(`${PATHS.vms('production')}/web-01`)
  expect(before.spec?.runStrategy).toBe('RerunOnFailure')
  const name = `web-${stamp()}`
  await row(page, 'web-01-root').getByRole('button', { name: 'Export Image…' }).click()
  await expect(page.getByTestId('export-verdict')).toContainText('The disk is in use.')
  await expect(page.getByTestId('export-verdict')).toContainText('web-01')
  await page.getByLabel('Image name').fill(name)
  await page.getByRole('button', { name: 'Shut down web-01 and export' }).click()

  await expect(page.getByTestId('export-state')).toContainText('under way in this console')
  await expect.poll(async () => (await api.get(`${PATHS.vms('production')}/web-01`)).spec?.runStrategy).toBe('Halted')
  await expect.poll(async () => isTrue(await findImage(api, 'production', name), 'Imported'), { timeout: 110_000 }).toBe(true)
  const image = await findImage(api, 'production', name)
  expect(image?.spec).toMatchObject({ sourceType: 'export-from-volume', pvcName: 'web-01-root', pvcNamespace: 'production' })
  await expect.poll(async () => (await api.get(`${PATHS.vmis('production')}/web-01`).catch(() => undefined))?.status?.phase, { timeout: 90_000 }).toBe('Running')
  const after = await api.get(`${PATHS.vms('production')}/web-01`)
  expect(after.spec?.runStrategy).toBe('RerunOnFailure')

  // The note in the cluster goes when the guest is seen to run, and the page offers the next export.
  await expect(page.getByTestId('export-verdict')).toBeVisible({ timeout: 60_000 })
  const claim = await api.get(`${PATHS.claims('production')}/web-01-root`)
  expect(claim.metadata.annotations?.['guardrails.harvesterhci.io/export']).toBeUndefined()
  expect((await api.get(`${PATHS.vms('production')}/web-01`)).metadata.annotations?.['guardrails.harvesterhci.io/export']).toBeUndefined()
  await api.remove(`${PATHS.images('production')}/${image?.metadata.name}`)
})

test('an export whose page was closed goes on in the server, and the next page says so wherever its VM appears', async ({ browser }) => {
  const first = await browser.newPage()
  const api = await open(first, '/volumes/production/db-01-root/export')
  const name = `db-${stamp()}`
  await first.getByLabel('Image name').fill(name)
  await first.getByRole('button', { name: 'Shut down db-01 and export' }).click()
  await expect.poll(async () => (await api.get(`${PATHS.vms('production')}/db-01`)).spec?.runStrategy).toBe('Halted')
  await first.goto('about:blank')

  const second = await browser.newPage()
  const later = await open(second, '/')
  await expect(second.getByTestId('open-export').filter({ hasText: 'The export of production/db-01-root is under way, carried out by the console’s server.' })).toBeVisible()
  await second.goto(second.url().replace(/\/c\/([^/]+).*/, '/c/$1/virtual-machines/production/db-01'))
  await expect(second.getByTestId('open-export').getByRole('link', { name: 'Show' })).toBeVisible()
  await expect.poll(async () => isTrue(await findImage(later, 'production', name), 'Imported'), { timeout: 110_000 }).toBe(true)
  await expect.poll(async () => (await later.get(`${PATHS.vmis('production')}/db-01`).catch(() => undefined))?.status?.phase, { timeout: 90_000 }).toBe('Running')
  expect((await later.get(`${PATHS.vms('production')}/db-01`)).spec?.runStrategy).toBe('Always')
})

for (const engine of ['v1', 'v2'] as const) {
  test(`a VM created from a ${engine} image comes to run`, async ({ page }) => {
    const api = await open(page, '/virtual-machines/create')
    const name = `${engine}-${stamp()}`
    const classes = await api.list('/apis/storage.k8s.io/v1/storageclasses')
    const isV2 = (className: unknown) => (classes.find(({ metadata }) => metadata.name === className) as { parameters?: Record<string, string> } | undefined)?.parameters?.dataEngine === 'v2'
    const images = await api.list('/apis/harvesterhci.io/v1beta1/virtualmachineimages')
    const image = images.find(candidate => isTrue(candidate, 'Imported') && isV2(candidate.status?.storageClassName) === (engine === 'v2') && candidate.spec?.sourceType === 'download' && !String(candidate.spec.url).endsWith('.iso'))
    await page.getByLabel('Name', { exact: true }).fill(name)
    await choose(page, 'Namespace', 'staging')
    await choose(page, 'Image', new RegExp(`${String(image?.spec?.displayName)} `))
    await expect(page.getByText(`data engine ${engine}`)).toBeVisible()
    await page.getByLabel('Cloud-init user data').fill('#cloud-config\npackages: [qemu-guest-agent]\n')
    await page.getByRole('button', { name: `Create ${name}` }).click()

    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
    await expect.poll(async () => (await api.get(`${PATHS.vmis('staging')}/${name}`).catch(() => undefined))?.status?.phase, { timeout: 110_000 }).toBe('Running')
    await expect(page.getByText('The guest is running.')).toBeVisible()
    const [claim] = (await api.list(PATHS.claims('staging'))).filter(({ metadata }) => metadata.name.startsWith(`${name}-disk-0-`))
    expect(isV2(claim?.spec?.storageClassName)).toBe(engine === 'v2')
    const owners = (await api.list('/api/v1/namespaces/staging/secrets')).filter(({ metadata }) => metadata.name.startsWith(`${name}-`)).map(secret => (secret.metadata as { ownerReferences?: { name: string }[] }).ownerReferences?.[0]?.name)
    expect(owners).toEqual([name])
    await api.remove(`${PATHS.vms('staging')}/${name}`)
  })
}

test('a lost disk turns the verdict of its images', async ({ page }) => {
  const api = await open(page, '/backing-images')
  const nodes = await api.list(PATHS.longhornNodes)
  const images = await api.list(PATHS.backingImages)
  type Disks = Record<string, { diskUUID?: string }>
  type Copies = Record<string, { state?: string }>
  const node = nodes.find(({ metadata }) => metadata.name === 'node-2')
  const [disk, { diskUUID = '' } = {}] = Object.entries((node?.status?.diskStatus ?? {}) as Disks).find(([, { diskUUID: uuid = '' }]) => images.some(image => ((image.status?.diskFileStatusMap ?? {}) as Copies)[uuid]?.state === 'ready')) ?? []
  const hit = images.filter(image => { const copies = (image.status?.diskFileStatusMap ?? {}) as Copies; return copies[diskUUID]?.state === 'ready' && Object.values(copies).every(copy => copy.state === 'ready') })
  expect(hit.length, 'an image that is whole and has a copy on the disk').toBeGreaterThan(0)
  const all = await api.list('/apis/harvesterhci.io/v1beta1/virtualmachineimages')
  const title = (image: AnyObject) => String(all.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === image.metadata.annotations?.['harvesterhci.io/imageId'])?.spec?.displayName ?? image.metadata.name)
  const [victim] = hit
  if (!victim)
    throw new Error('no image to lose')
  await expect(row(page, title(victim))).toContainText('Healthy')
  await api.patch(`${PATHS.longhornNodes}/node-2`, { metadata: { annotations: { 'guardrails.test/lost-disks': disk } } })
  await expect(row(page, title(victim))).not.toContainText('Healthy', { timeout: 60_000 })
  await expect(row(page, title(victim))).toContainText(/Degraded|Recovering|Failed|Unknown/)
  await api.patch(`${PATHS.longhornNodes}/node-2`, { metadata: { annotations: { 'guardrails.test/lost-disks': null } } })
})
