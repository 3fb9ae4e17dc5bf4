import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import type { Fields } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { killProgram } from '../processes.ts'
import type { Facets } from '../stories/facets.ts'
import { facetsOf } from '../stories/facets.ts'
import { claim } from '../stories/manifests.ts'
import { NAMESPACE, Operator, vmOf } from './operator.ts'
import { revive } from './revival.ts'

// A control plane whose programs die in the middle of a story and come back: the story ends as it would have ended.

const { REAL_KUBECONFIG = '', REAL_PARTS = '', REAL_FOLDER = '' } = process.env
const NAME = 'steady'
/** Longer than a controller holds on to its lease without renewing it. */
const AWAY_MS = 15_000

/** For a story with two deaths in it. */
const LONG_MS = 240_000

/** What happens while the VM shuts down, and while it starts; nothing in a calm story. */
interface Trouble { readonly stopping?: () => Promise<void>, readonly starting?: () => Promise<void> }

/** All that is left in the end, by what a story looks at. */
type End = Readonly<Record<string, Facets | readonly Facets[] | undefined>>

describe.skipIf(!REAL_PARTS.split(',').includes('kubevirt'))('a control plane that is killed while a VM stops and starts', () => {
  let api: Api
  let operator: Operator
  let calm: End

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    operator = new Operator(api)
    await operator.create('claims', claim(NAMESPACE, `${NAME}-disk`))
    calm = await play()
  })
  afterAll(async () => {
    await operator.remove('claims', `${NAME}-disk`)
    await api.close()
  })

  /** A guest that does not listen is cut off when its grace is over: long enough for a program to die and come back meanwhile. */
  function deafVm(): Fields {
    const { spec, ...vm } = vmOf(NAME, 'RerunOnFailure') as { spec: { template: { metadata: { annotations: object }, spec: object } } }
    const { metadata, ...template } = spec.template
    return { ...vm, spec: { ...spec, template: { metadata: { ...metadata, annotations: { ...metadata.annotations, 'guardrails.test/guest': 'deaf' } }, spec: { ...template.spec, terminationGracePeriodSeconds: 20 } } } }
  }

  async function play({ stopping, starting }: Trouble = {}): Promise<End> {
    await operator.create('vms', deafVm())
    await operator.untilShown(NAME, 'Running', 90)
    expect((await operator.power('stop', NAME)).status).toBe(202)
    await operator.untilShown(NAME, 'Stopping')
    await stopping?.()
    await operator.until('vmis', NAME, one => one === undefined, 90)
    await operator.untilShown(NAME, 'Stopped')
    expect((await operator.power('start', NAME)).status).toBe(202)
    await starting?.()
    await operator.untilShown(NAME, 'Running', 90)
    await operator.until('vms', NAME, vm => vm?.status?.ready === true)
    const end = await look()
    await operator.remove('vms', NAME)
    await operator.until('vms', NAME, one => one === undefined, 90)
    await operator.until('vmis', NAME, one => one === undefined)
    return end
  }

  async function look(): Promise<End> {
    const launchers = (await operator.all('pods')).filter(({ metadata: { name } }) => name.startsWith(`virt-launcher-${NAME}-`))
    const [vm, vmi] = await Promise.all([operator.find('vms', NAME), operator.find('vmis', NAME)])
    return { vm: vm && facetsOf(vm), vmi: vmi && facetsOf(vmi), launchers: launchers.map(pod => facetsOf({ ...pod, kind: 'Pod' })) }
  }

  const away = () => new Promise(done => { setTimeout(done, AWAY_MS) })

  it('is told in a state that is worth comparing', () => {
    expect(calm).toMatchObject({ vm: { 'printableStatus': 'Running', 'spec.runStrategy': 'RerunOnFailure' }, vmi: { phase: 'Running' }, launchers: [{ phase: 'Running' }] })
  })

  it('without virt-controller while the guest is cut off, and while a start is asked for', async () => {
    const end = await play({
      stopping: async () => {
        await killProgram(REAL_FOLDER, 'virt-controller')
        await operator.until('vmis', NAME, one => one?.status?.phase === 'Failed' || one?.status?.phase === 'Succeeded')
        expect((await operator.find('vms', NAME))?.status?.printableStatus).toBe('Stopping')
        await revive(REAL_FOLDER, api)
      },
      starting: async () => {
        await killProgram(REAL_FOLDER, 'virt-controller')
        await revive(REAL_FOLDER, api)
      },
    })
    expect(end).toEqual(calm)
  }, LONG_MS)

  it('without an API server while the guest is cut off, and while it boots', async () => {
    const kill = async () => {
      await killProgram(REAL_FOLDER, 'kube-apiserver')
      await expect(api.get('/readyz')).rejects.toThrow()
      await away()
      await revive(REAL_FOLDER, api)
    }
    expect(await play({ stopping: kill, starting: kill })).toEqual(calm)
  }, LONG_MS)

  it('without an API server and its store, whose data are still there', async () => {
    const kill = async () => {
      await killProgram(REAL_FOLDER, 'etcd')
      await killProgram(REAL_FOLDER, 'kube-apiserver')
      await away()
      await revive(REAL_FOLDER, api)
    }
    expect(await play({ stopping: kill })).toEqual(calm)
  }, LONG_MS)
})
