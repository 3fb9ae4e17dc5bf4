import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import type { KubeObject } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { Operator, exportOf, imageFrom, isTrue, vmOf } from './operator.ts'

const { REAL_KUBECONFIG = '', REAL_MIRROR = '', REAL_PARTS = '' } = process.env
/** Longhorn's own controllers have no engines here that they could read a volume from. */
const withoutExports = REAL_PARTS.split(',').includes('longhorn')

let api: Api
let operator: Operator

beforeAll(() => {
  api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
  operator = new Operator(api)
})
afterAll(() => api.close())

describe('upstream\'s control plane, its nodes played by ours', () => {
  let image: KubeObject

  it('imports an image from a URL', async () => {
    await operator.create('images', imageFrom(`${REAL_MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`, 'noble'))
    image = await operator.until('images', 'noble', one => isTrue(one, 'Imported'), 90) as KubeObject
    expect(image.status).toMatchObject({ progress: 100, storageClassName: `lh-${image.metadata.uid}` })
    expect(isTrue(image, 'RetryLimitExceeded')).toBe(false)
  })

  it('keeps three copies of it', async () => {
    const copies = (object?: KubeObject) => Object.values((object?.status?.diskFileStatusMap ?? {}) as Record<string, { readonly state: string }>)
    const backing = await operator.until('backingImages', `vmi-${image.metadata.uid}`, one => copies(one).filter(({ state }) => state === 'ready').length === 3, 90)
    expect(backing?.status?.checksum).toMatch(/^[0-9a-f]{128}$/)
  })

  it('boots a VM from it, on a disk that Harvester makes', async () => {
    await operator.create('vms', vmOf('web', 'RerunOnFailure', image))
    const vmi = await operator.until('vmis', 'web', one => one?.status?.phase === 'Running', 90)
    expect((vmi?.status?.phaseTransitionTimestamps as { phase: string }[]).map(({ phase }) => phase)).toEqual(['Pending', 'Scheduling', 'Scheduled', 'Running'])
    await operator.untilShown('web', 'Running')
    await operator.until('vms', 'web', vm => isTrue(vm, 'Ready'))
    expect((await operator.find('claims', 'web-disk'))?.status?.phase).toBe('Bound')
  })

  it('stops it by KubeVirt\'s request, keeping its run strategy, and starts it again', async () => {
    expect(await operator.power('stop', 'web')).toMatchObject({ status: 202 })
    await operator.until('vmis', 'web', one => one === undefined)
    expect((await operator.untilShown('web', 'Stopped'))?.spec?.runStrategy).toBe('RerunOnFailure')
    expect(await operator.power('stop', 'web')).toEqual({ status: 409, text: 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": VM is not running' })
    expect(await operator.power('start', 'web')).toMatchObject({ status: 202 })
    await operator.untilShown('web', 'Running')
    expect(await operator.power('start', 'web')).toEqual({ status: 409, text: 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": VM is already running' })
  })

  it('restarts it into another instance, without a back-off', async () => {
    const before = await operator.find('vmis', 'web')
    expect(await operator.power('restart', 'web')).toMatchObject({ status: 202 })
    await operator.until('vmis', 'web', one => one !== undefined && one.metadata.uid !== before?.metadata.uid && one.status?.phase === 'Running', 90)
    const vm = await operator.untilShown('web', 'Running')
    expect(vm?.status?.startFailure).toBeUndefined()
  })

  it('stops it by its run strategy, which Harvester remembers', async () => {
    await operator.change('vms', 'web', { spec: { runStrategy: 'Halted' } })
    await operator.until('vmis', 'web', one => one === undefined)
    const vm = await operator.untilShown('web', 'Stopped')
    expect(vm?.metadata.annotations?.['harvesterhci.io/vmRunStrategy']).toBe('RerunOnFailure')
  })

  it.skipIf(withoutExports)('exports the disk of the VM that is off', async () => {
    await operator.create('images', exportOf('web-disk', 'web-export'))
    const exported = await operator.until('images', 'web-export', one => isTrue(one, 'Imported') || isTrue(one, 'RetryLimitExceeded'), 90)
    expect(exported?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Imported', status: 'True' }))
  })

  it('lets the VM, its disk and the images go', async () => {
    const volume = String((await operator.find('claims', 'web-disk'))?.spec?.volumeName)
    await operator.remove('vms', 'web')
    await operator.until('vms', 'web', one => one === undefined)
    await operator.remove('claims', 'web-disk')
    await operator.until('claims', 'web-disk', one => one === undefined)
    await operator.until('volumes', volume, one => one === undefined)
    for (const { metadata: { name } } of await operator.all('images')) {
      await operator.remove('images', name)
      await operator.until('images', name, one => one === undefined)
    }
    await operator.until('backingImages', `vmi-${image.metadata.uid}`, one => one === undefined)
  })
})
