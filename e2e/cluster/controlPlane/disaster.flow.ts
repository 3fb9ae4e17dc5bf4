import { expect, test } from '@playwright/test'
import { Api } from '../../api.ts'
import type { AnyObject } from '../../console.ts'
import { PATHS, open, row } from '../../console.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { LONG, OWN_COPIES, createFromCurrent, createVm, imageOf } from './consoleActs.ts'
import { isTrue } from './operator.ts'
import { TOUR } from '../stories/gallery.ts'
import { holdSetting } from '../stories/settings.ts'
import { RECOVERY_WAIT, UNTIL_GIVEN_UP, copiesOf, disksOf, isStuck, spoilCopies } from './lostCopies.ts'

// What this product exists for, as an operator sees it: the image, the VM that depends on it, and the loss of both.

const { REAL_MIRROR = '', REAL_FOLDER = '', GUARDRAILS_KUBECONFIG = '' } = process.env
const IMAGE = 'lost-current'
const VM = 'orphan'
const GIVEN_UP = { timeout: UNTIL_GIVEN_UP * 1000 }

test.skip(!OWN_COPIES, 'with upstream\'s part longhorn only: the copies are lost to its own controllers')
test.describe.configure({ mode: 'serial', timeout: 2 * UNTIL_GIVEN_UP * 1000 })

const backingImageOf = (image: AnyObject | undefined) => `vmi-${image?.metadata.uid}`

test('an image from a current/ URL is warned of and imported, and a VM depends on its three copies', async ({ page }) => {
  const api = await open(page, '/images/create')
  await createFromCurrent(page, `${REAL_MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`, IMAGE)
  await expect(row(page, IMAGE)).toContainText('Mutable URL')
  await expect(row(page, IMAGE)).toContainText('Ready', LONG)
  await open(page, '/virtual-machines/create')
  await createVm(page, VM, IMAGE)
  await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
  await open(page, '/backing-images')
  await expect(row(page, IMAGE)).toContainText('Healthy', LONG)
  // Longhorn makes one more for a replica of the VM on a disk that has none.
  await expect(row(page, IMAGE)).toContainText(/[3-6] \/ 3/)
  await expect(row(page, IMAGE)).toContainText(VM)
  expect(copiesOf(await api.get(`${PATHS.backingImages}/${backingImageOf(await imageOf(api, IMAGE))}`)).length).toBeGreaterThanOrEqual(3)
})

test('its copies lost and the file replaced: the health page tells the mismatch and who is hit, while Harvester still calls it imported', async ({ page, context }) => {
  const api = await open(page, '/backing-images')
  const images = await context.newPage()
  await open(images, '/images')
  const name = backingImageOf(await imageOf(api, IMAGE))
  const backing = () => api.get(`${PATHS.backingImages}/${name}`)
  const recorded = String((await backing()).status?.checksum)
  const admin = new Api(readAccess(GUARDRAILS_KUBECONFIG, contextsOf(GUARDRAILS_KUBECONFIG)[0] ?? ''))
  const letGo = await holdSetting(admin, RECOVERY_WAIT, '5')
  try {
    await api.patch(TOUR, { data: { daysAhead: '1' } })
    expect(spoilCopies(REAL_FOLDER, name)).toBeGreaterThanOrEqual(3)
    await expect(row(page, IMAGE)).not.toContainText('Healthy', LONG)
    const isFatal = (object: AnyObject) => copiesOf(object).some(({ message }) => message.includes(`recorded checksum ${recorded} doesn't match`))
    await expect.poll(async () => { const object = await backing(); return isFatal(object) || isStuck(object) }, GIVEN_UP).toBe(true)
    const still = await backing()
    if (!isFatal(still)) // the operator frees a disk
      await api.patch(`${PATHS.backingImages}/${name}`, { spec: { diskFileSpecMap: { [disksOf(still)[0] ?? '']: null } } })

    await expect(row(page, IMAGE)).toContainText('Failed', GIVEN_UP)
    await row(page, IMAGE).getByRole('link', { name: IMAGE }).click()
    const main = page.getByRole('main')
    await expect(main).toContainText('The URL now gives other bytes than those first recorded. Longhorn refuses them for ever.', GIVEN_UP)
    await expect(main).toContainText(`recorded checksum ${recorded.slice(0, 12)}`)
    await expect(main.getByRole('link', { name: VM, exact: true })).toBeVisible()
    await expect(row(images, IMAGE)).toContainText('Copies lost')
    await row(images, IMAGE).getByRole('link', { name: IMAGE }).click()
    await expect(images.getByRole('main')).toContainText('Every copy of it has failed.')
    await expect(images.getByRole('main')).toContainText('True · Imported')

    const image = await imageOf(api, IMAGE)
    expect(image?.status?.progress).toBe(100)
    expect(isTrue(image, 'Imported')).toBe(true)
    expect(isTrue(image, 'RetryLimitExceeded')).toBe(false)
  }
  finally {
    await letGo()
    await admin.close()
    await api.patch(TOUR, { data: { daysAhead: '0' } })
  }
})
