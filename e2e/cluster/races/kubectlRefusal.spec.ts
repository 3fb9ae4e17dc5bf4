import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import { binaryPath } from '../binary.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { Kubectl } from '../kubectl.ts'
import { Guard } from './guard.ts'
import { Track } from './race.ts'

// kubectl at a VM that KubeVirt itself has brought up: what an operator reads who exports its disk, and what comes of doing as he is told.

const { REAL_KUBECONFIG = '', REAL_PARTS = '', REAL_FOLDER = '' } = process.env
const NAMESPACE = 'refusals'
const NAME = 'web'

describe.skipIf(!REAL_PARTS.split(',').includes('kubevirt') || REAL_PARTS.split(',').includes('longhorn'))('kubectl create of an export', () => {
  const kubectl = new Kubectl(binaryPath('kube'), REAL_KUBECONFIG)
  let api: Api
  let guard: Guard
  let track: Track

  const create = () => kubectl.run(['create', '-f', '-'], { input: JSON.stringify(track.imageOf(NAME)) })
  const VM = `/apis/kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachines/${NAME}`
  const vm = async () => (await api.get(VM)).expect(200).object
  const start = () => api.put(`/apis/subresources.kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachines/${NAME}/start`, {}, { accept: '*/*' })
  const strategy = async (runStrategy: string) => (await api.merge(VM, { spec: { runStrategy } })).expect(200)

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    track = new Track(api, NAMESPACE)
    ;(await api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })).expect(201)
    guard = await Guard.install(api, { kubeconfig: REAL_KUBECONFIG, folder: REAL_FOLDER, namespace: NAMESPACE })
    await track.prepare(NAME)
    await guard.untilAsked(NAME)
    await strategy('RerunOnFailure')
  })
  afterAll(async () => {
    await track.clear(NAME)
    await guard.remove()
    await api.close()
  })

  it('is refused while the VM runs, in words that say who has the disk and what to do, and creates nothing', async () => {
    await expect.poll(async () => (await vm()).status?.printableStatus, { timeout: 60_000 }).toBe('Running')
    const printed = await create()
    expect(printed).toContain('exit code 1')
    expect(printed).toContain(`volume ${NAMESPACE}/${NAME}-disk is in use: VM ${NAMESPACE}/${NAME} is on it (Running)`)
    expect(printed).toContain(`Shut down ${NAMESPACE}/${NAME} (runStrategy: Halted)`)
    expect(await kubectl.run(['get', 'virtualmachineimage', NAME, '-n', NAMESPACE])).toContain('NotFound')
  })

  it('is let through once the VM is off and detached, and then keeps it from its disk until that was read', async () => {
    await strategy('Halted')
    const said: string[] = []
    await expect.poll(async () => said[said.push(await create()) - 1], { timeout: 90_000, interval: 500 }).toContain('created')
    // Harvester's mutator makes RerunOnFailure of it again, which KubeVirt would try once and then forget.
    for (const asked of [await api.merge(VM, { spec: { runStrategy: 'Always' } }), await start()])
      expect([asked.status >= 400, asked.failure.message]).toEqual([true, expect.stringContaining(`volume ${NAMESPACE}/${NAME}-disk is being exported to image`)])
    expect((await vm()).spec?.runStrategy).toBe('Halted')
    expect(said.length).toBeGreaterThan(1)
    expect(said.slice(0, -1).every(printed => printed.includes('exit code 1') && printed.includes(`volume ${NAMESPACE}/${NAME}-disk is `))).toBe(true)

    await expect.poll(async () => (await start()).status, { timeout: 90_000, interval: 500 }).toBe(202)
    await expect.poll(async () => (await vm()).status?.printableStatus, { timeout: 90_000 }).toBe('Running')
    expect(await kubectl.run(['get', 'virtualmachineimage', NAME, '-n', NAMESPACE, '-o', 'jsonpath={.status.conditions[?(@.type=="Imported")].status}'])).toBe('True')
  })
})
