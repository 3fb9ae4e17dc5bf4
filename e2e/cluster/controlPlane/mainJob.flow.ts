import { expect, test } from '@playwright/test'
import { PATHS, open, row } from '../../console.ts'
import { NAMESPACE, isTrue } from './operator.ts'
import { LONG, OWN_COPIES, act, createFromCurrent, createVm, imageOf, readVm, readVmi } from './consoleActs.ts'

// The main job in the console, on upstream's own control plane: one VM from the image to its export.

const MIRROR = process.env.REAL_MIRROR ?? ''
const NAME = 'shop'

test.describe.configure({ mode: 'serial' })

test('an image from a current/ URL is warned of, made all the same, and imported by Harvester\'s own controllers', async ({ page }) => {
  const api = await open(page, '/images/create')
  await createFromCurrent(page, `${MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`, 'noble-current')
  await expect(row(page, 'noble-current')).toContainText('Ready', LONG)
  expect(isTrue(await imageOf(api, 'noble-current'), 'Imported')).toBe(true)
})

test('a VM from it boots through KubeVirt\'s own controller', async ({ page }) => {
  const api = await open(page, '/virtual-machines/create')
  await createVm(page, NAME, 'noble-current')
  await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
  expect((await readVmi(api, NAME))?.status?.phase).toBe('Running')
})

test('it is shut down, started and restarted from the console, and keeps its run strategy', async ({ page }) => {
  const api = await open(page, `/virtual-machines/${NAMESPACE}/${NAME}`)
  const strategy = async () => (await readVm(api, NAME)).spec?.runStrategy
  const before = await strategy()
  await act(page, 'Shut down')
  await expect.poll(async () => await readVmi(api, NAME), LONG).toBeUndefined()
  expect(await strategy()).toBe('Halted')
  await act(page, 'Start')
  await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
  expect(await strategy()).toBe(before)
  const first = (await readVmi(api, NAME))?.metadata as { uid?: string } | undefined
  await act(page, 'Restart')
  await expect.poll(async () => {
    const vmi = await readVmi(api, NAME)
    return vmi?.status?.phase === 'Running' && (vmi.metadata as { uid?: string }).uid !== first?.uid
  }, LONG).toBe(true)
  expect(await strategy()).toBe(before)
  await expect(page.getByText('The guest is running.')).toBeVisible()
})

test('its volume is exported with one click while it runs, and it runs again', async ({ page }) => {
  test.skip(OWN_COPIES, 'without upstream\'s part longhorn only: its engines are not there, and nothing could read the volume')
  const api = await open(page, `/volumes?ns=${NAMESPACE}`)
  const claim = (await api.list(PATHS.claims(NAMESPACE))).find(({ metadata }) => metadata.name.startsWith(`${NAME}-disk-0-`))?.metadata.name ?? ''
  const before = (await readVm(api, NAME)).spec?.runStrategy
  await row(page, claim).getByRole('button', { name: 'Export Image…' }).click()
  await expect(page.getByTestId('export-verdict')).toContainText('The disk is in use.')
  await page.getByLabel('Image name').fill('shop-export')
  await page.getByRole('button', { name: `Shut down ${NAME} and export` }).click()
  await expect.poll(async () => (await readVm(api, NAME)).spec?.runStrategy).toBe('Halted')
  await expect.poll(async () => isTrue(await imageOf(api, 'shop-export'), 'Imported'), { timeout: 110_000 }).toBe(true)
  await expect.poll(async () => (await readVmi(api, NAME))?.status?.phase, LONG).toBe('Running')
  expect((await readVm(api, NAME)).spec?.runStrategy).toBe(before)
  await expect(page.getByTestId('export-verdict')).toBeVisible({ timeout: 60_000 })
})
