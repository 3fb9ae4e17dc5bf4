import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import type { KubeObject } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { Operator, imageFrom, isTrue } from './operator.ts'

const { REAL_KUBECONFIG = '', REAL_MIRROR = '', REAL_PARTS = '', REAL_FOLDER = '' } = process.env
const TOUR = '/api/v1/namespaces/default/configmaps/guardrails-tour'
const RECOVERY_WAIT = '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/settings/backing-image-recovery-wait-interval'
/** Longhorn tries for a minute to reuse what is spoilt before it gives up. */
const LONG = 240

type Copies = Readonly<Record<string, { readonly state: string, readonly message: string }>>
const copiesOf = (object?: KubeObject) => Object.values((object?.status?.diskFileStatusMap ?? {}) as Copies)

const specOf = (object?: KubeObject) => (object?.spec?.diskFileSpecMap ?? {}) as Readonly<Record<string, unknown>>
/** Every disk that there is has been tried, and none is good. */
const isStuck = (object?: KubeObject) => Object.keys(specOf(object)).length === 6 && copiesOf(object).length === 6 && copiesOf(object).every(({ state }) => state === 'failed')

/** Writes other bytes into every copy of an image, on every disk of every node. */
function spoilCopies(image: string): number {
  const disks = join(REAL_FOLDER, 'disks')
  const copies = readdirSync(disks).flatMap(node => readdirSync(join(disks, node)).map(disk => join(disks, node, disk, 'backing-images')))
    .filter(existsSync) // a disk that never had an image has none
    .flatMap(folder => readdirSync(folder).filter(name => name.startsWith(`${image}-`)).map(name => join(folder, name, 'backing')))
  for (const file of copies)
    writeFileSync(file, 'spoilt'.repeat(1024))
  return copies.length
}

// What this product exists for, in upstream's own code and nowhere else: Longhorn's controllers must really be there.
describe.skipIf(!REAL_PARTS.split(',').includes('longhorn'))('an image from a current/ URL whose copies are lost', () => {
  let api: Api
  let operator: Operator
  let backing: string
  let recorded: string

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    operator = new Operator(api);
    (await api.merge(RECOVERY_WAIT, { value: '5' })).expect(200)
  })
  afterAll(async () => {
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
    expect(spoilCopies(backing)).toBe(3)
    const fatal = new RegExp(`recorded checksum ${recorded} doesn't match the file checksum [0-9a-f]{128}`)
    const isFatal = (object?: KubeObject) => copiesOf(object).some(({ message }) => fatal.test(message))
    const still = await operator.until('backingImages', backing, one => isFatal(one) || isStuck(one), LONG)
    // Where every disk was tried, Longhorn waits for a free one for ever and says so on no object: the operator frees one.
    if (!isFatal(still))
      await operator.change('backingImages', backing, { spec: { diskFileSpecMap: { [Object.keys(specOf(still))[0] ?? '']: null } } })
    const lost = await operator.until('backingImages', backing, isFatal)
    expect(copiesOf(lost).every(({ state }) => state !== 'ready')).toBe(true)
    const image = await operator.find('images', 'doomed')
    expect(image?.status?.progress).toBe(100)
    expect(isTrue(image, 'Imported')).toBe(true)
    expect(isTrue(image, 'RetryLimitExceeded')).toBe(false)
  }, LONG * 1000 + 10_000)
})
