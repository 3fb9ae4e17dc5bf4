import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import type { KubeObject } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { TOUR } from '../stories/gallery.ts'
import { holdSetting } from '../stories/settings.ts'
import { RECOVERY_WAIT, UNTIL_GIVEN_UP, copiesOf, disksOf, isStuck, spoilCopies } from './lostCopies.ts'
import { Operator, imageFrom, isTrue } from './operator.ts'

const { REAL_KUBECONFIG = '', REAL_MIRROR = '', REAL_PARTS = '', REAL_FOLDER = '' } = process.env

/** How often the file is downloaded again before the loss is called one for good. */
const DOWNLOADS_IN_VAIN = 3

// What this product exists for, in upstream's own code and nowhere else: Longhorn's controllers must really be there.
describe.skipIf(!REAL_PARTS.split(',').includes('longhorn'))('an image from a current/ URL whose copies are lost', () => {
  let api: Api
  let operator: Operator
  let backing: string
  let recorded: string
  let letGo: (() => Promise<void>) | undefined

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    operator = new Operator(api)
    letGo = await holdSetting(api, RECOVERY_WAIT, '5')
  })
  afterAll(async () => {
    await letGo?.()
    await api.merge(TOUR, { data: { daysAhead: '0' } })
    await api.close()
  })

  it('is imported and ready on three disks', async () => {
    const { metadata: { uid } } = await operator.create('images', imageFrom(`${REAL_MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`, 'doomed'))
    await operator.until('images', 'doomed', one => isTrue(one, 'Imported'))
    backing = `vmi-${uid}`
    const whole = await operator.until('backingImages', backing, one => copiesOf(one).filter(({ state }) => state === 'ready').length === 3)
    recorded = String(whole?.status?.checksum)
  })

  it('ends with a checksum that no longer matches, for good, while Harvester goes on saying Imported', async () => {
    (await api.merge(TOUR, { data: { daysAhead: '1' } })).expect(200)
    expect(spoilCopies(REAL_FOLDER, backing)).toBe(3)
    const fatal = new RegExp(`recorded checksum ${recorded} doesn't match the file checksum [0-9a-f]{128}`)
    const isFatal = (object?: KubeObject) => copiesOf(object).some(({ message }) => fatal.test(message))
    const still = await operator.until('backingImages', backing, one => isFatal(one) || isStuck(one), UNTIL_GIVEN_UP)
    if (!isFatal(still)) // the operator frees a disk
      await operator.change('backingImages', backing, { spec: { diskFileSpecMap: { [disksOf(still)[0] ?? '']: null } } })
    await expectLost(await operator.until('backingImages', backing, isFatal))
    for (let time = 1; time <= DOWNLOADS_IN_VAIN; time++) {
      await downloadAgain()
      await expectLost(await operator.until('backingImages', backing, isFatal))
    }
  }, 2 * UNTIL_GIVEN_UP * 1000)

  /** Every copy is lost, and Harvester knows nothing of it. */
  async function expectLost(lost: KubeObject | undefined): Promise<void> {
    expect(copiesOf(lost).every(({ state }) => state !== 'ready')).toBe(true)
    const image = await operator.find('images', 'doomed')
    expect(image?.status?.progress).toBe(100)
    expect(isTrue(image, 'Imported')).toBe(true)
    expect(isTrue(image, 'RetryLimitExceeded')).toBe(false)
  }

  /** Longhorn makes the file's source anew once it is gone, and downloads the file again: by hand what it would do on every other disk. */
  async function downloadAgain(): Promise<void> {
    const before = await operator.find('sources', backing)
    await operator.remove('sources', backing)
    await operator.until('sources', backing, source => source !== undefined && source.metadata.uid !== before?.metadata.uid && source.status?.currentState === 'ready', UNTIL_GIVEN_UP)
  }
})
