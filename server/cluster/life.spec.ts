import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import { createKubeClient } from '#kube/client.ts'
import { CLAIMS, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { LEASES } from '#kube/lease.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import { findCondition } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { defineResource } from '#kube/resource.ts'
import { BACKING_IMAGES, LONGHORN_NODES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { Life } from './life.ts'
import { bringToLife } from './life.ts'
import type { EmbeddedCluster } from './main.ts'
import { startEmbeddedCluster } from './main.ts'
import { PLATFORM } from './seed/platform.ts'

// From end to end over the API, fifty times as fast as in the demonstration.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const POWER = defineResource<VirtualMachine>('subresources.kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')
let cluster: EmbeddedCluster
let life: Life
let client: KubeClient
const said: string[] = []

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: line => said.push(line) })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 50, log: line => said.push(line) })
  await life.runner?.ready
  const dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  client = createKubeClient({ baseUrl: cluster.url, token: cluster.users.admin?.token, fetch: (url, init) => fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]) as unknown as Promise<Response> })
})

afterAll(async () => {
  await life.stop()
  await cluster.stop()
})

/** Waits until what is followed says so: patient, because a busy machine is slow. */
async function until<T extends KubeObject>(kind: Resource<T>, at: { namespace?: string, name: string }, holds: (object: T | undefined) => boolean, ms = 40_000): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const object = life.runner?.world.get(kind, at.namespace ? `${at.namespace}/${at.name}` : at.name)
    if (holds(object))
      return object as T
    if (Date.now() > deadline)
      throw new Error(`${kind.plural} ${at.name} after ${ms} ms: ${JSON.stringify(object, null, 1)}\n${said.join('\n')}`)
    await new Promise(done => setTimeout(done, 10))
  }
}

const image = (name: string, spec: Partial<VirtualMachineImage['spec']>) => client.create(IMAGES, { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: 'lab' }, spec: { displayName: name, sourceType: 'download', ...spec } })
const isImported = (object: VirtualMachineImage | undefined) => findCondition(object?.status?.conditions, 'Imported')?.status === 'True'

function vmManifest(name: string, { claims = [], strategy = 'RerunOnFailure', guest, memory = '2Gi' }: { claims?: { name: string, image?: string, storageClassName: string }[], strategy?: string, guest?: string, memory?: string }): Manifest<VirtualMachine> {
  const templates = claims.map(claim => ({ metadata: { name: claim.name, ...(claim.image ? { annotations: { 'harvesterhci.io/imageId': `lab/${claim.image}` } } : {}) }, spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: claim.storageClassName, resources: { requests: { storage: '10Gi' } } } }))
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine',
    metadata: { name, namespace: 'lab', annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify(templates) } },
    spec: {
      runStrategy: strategy as VirtualMachine['spec']['runStrategy'],
      template: {
        metadata: { labels: { 'harvesterhci.io/vmName': name }, ...(guest ? { annotations: { 'guardrails.test/guest': guest } } : {}) },
        spec: {
          domain: { cpu: { cores: 1 }, resources: { limits: { cpu: '1', memory } }, features: { acpi: { enabled: true } }, devices: { disks: claims.map((_claim, index) => ({ name: `disk-${index}`, disk: { bus: 'virtio' } })), interfaces: [{ name: 'default', masquerade: {} }] } },
          networks: [{ name: 'default', pod: {} }],
          volumes: claims.map((claim, index) => ({ name: `disk-${index}`, persistentVolumeClaim: { claimName: claim.name } })),
        },
      },
    },
  }
}
const createVm = (name: string, options: Parameters<typeof vmManifest>[1]) => client.create(VMS, vmManifest(name, options))
const at = (name: string) => ({ namespace: 'lab', name })
const shows = (word: string) => (vm: VirtualMachine | undefined) => vm?.status?.printableStatus === word

describe('an image', () => {
  it('is downloaded to one disk, then copied to two more, and is imported', async () => {
    const { object } = await image('noble', { url: 'https://cloud-images.ubuntu.com/noble/20260801/noble-server-cloudimg-amd64.img' })
    const done = await until(IMAGES, at('noble'), isImported)
    expect(done.status?.storageClassName).toBe(`lh-${object.metadata.uid}`)
    expect(done.status?.progress).toBe(100)
    const copies = await until(BACKING_IMAGES, { namespace: 'longhorn-system', name: `vmi-${object.metadata.uid}` }, one => Object.values(one?.status?.diskFileStatusMap ?? {}).filter(copy => copy.state === 'ready').length === 3)
    expect(copies.status?.checksum).toMatch(/^[a-f0-9]{128}$/)
    expect(copies.status?.virtualSize).toBe(done.status?.virtualSize)
  })

  it('whose host has no address is tried four times and then given up', async () => {
    await image('nowhere', { url: 'https://images.invalid/x.qcow2' })
    const done = await until(IMAGES, at('nowhere'), one => findCondition(one?.status?.conditions, 'RetryLimitExceeded')?.status === 'True')
    expect(findCondition(done.status?.conditions, 'RetryLimitExceeded')?.message).toBe('retry attempted 3/3 failed due to error: Head "https://images.invalid/x.qcow2": dial tcp: lookup images.invalid: no such host')
  })

  it('on a Longhorn v2 class is a DataVolume and a golden claim', async () => {
    await image('v2-noble', { url: 'https://cloud-images.ubuntu.com/noble/20260801/noble-server-cloudimg-amd64.img', backend: 'cdi', targetStorageClassName: 'longhorn-v2' })
    const done = await until(IMAGES, at('v2-noble'), isImported)
    expect(done.status?.storageClassName).toBe('longhorn-v2')
    expect((await client.get(CLAIMS, at('v2-noble'))).status?.phase).toBe('Bound')
  })
})

describe('a VM', () => {
  it('made from a v1 image comes to run, with its disk attached and copied', async () => {
    const { status } = await until(IMAGES, at('noble'), isImported)
    await createVm('from-v1', { claims: [{ name: 'from-v1-root', image: 'noble', storageClassName: status?.storageClassName ?? '' }] })
    await until(VMS, at('from-v1'), shows('Running'))
    const claim = await client.get(CLAIMS, at('from-v1-root'))
    const volume = await client.get(LONGHORN_VOLUMES, { namespace: 'longhorn-system', name: claim.spec?.volumeName ?? '' })
    expect(volume.status).toMatchObject({ state: 'attached', robustness: 'healthy' })
    expect((await client.list(VOLUME_ATTACHMENTS)).items.some(one => one.spec.source.persistentVolumeName === claim.spec?.volumeName && one.status?.attached)).toBe(true)
    expect((await client.get(VMS, at('from-v1'))).metadata.annotations?.['harvesterhci.io/vmRunStrategy']).toBe('RerunOnFailure')
  })

  it('made from a v2 image is cloned first and comes to run', async () => {
    await until(IMAGES, at('v2-noble'), isImported)
    await createVm('from-v2', { claims: [{ name: 'from-v2-root', image: 'v2-noble', storageClassName: 'longhorn-v2' }] })
    await until(VMS, at('from-v2'), shows('Running'))
  })

  it('that is halted shuts its guest down, lets its disk go, and starts with the strategy it had', async () => {
    const volume = (await client.get(CLAIMS, at('from-v1-root'))).spec?.volumeName ?? ''
    const attachments = async () => (await client.list(VOLUME_ATTACHMENTS)).items.filter(one => one.spec.source.persistentVolumeName === volume)
    await client.patch(VMS, at('from-v1'), { type: 'merge', body: { spec: { runStrategy: 'Halted' } } })
    await until(VMS, at('from-v1'), shows('Stopping'))
    await until(VMS, at('from-v1'), shows('Stopped'))
    await until(VMIS, at('from-v1'), one => one === undefined)
    await until(LONGHORN_VOLUMES, { namespace: 'longhorn-system', name: volume }, one => one?.status?.state === 'detached')
    await vi.waitFor(async () => expect(await attachments()).toEqual([]), { timeout: 20_000 })
    await client.patch(VMS, at('from-v1'), { type: 'merge', body: { spec: { runStrategy: 'Always' } } })
    expect((await until(VMS, at('from-v1'), shows('Running'))).spec.runStrategy).toBe('RerunOnFailure')
  })

  it('is restarted: it is seen stopped, and runs again with a new VMI', async () => {
    const before = (await client.get(VMIS, at('from-v1'))).metadata.uid
    await client.call(POWER, at('from-v1'), 'restart')
    await until(VMIS, at('from-v1'), one => one !== undefined && one.metadata.uid !== before && one.status?.phase === 'Running')
    expect((await until(VMS, at('from-v1'), shows('Running'))).status?.startFailure).toBeUndefined()
  })

  it('that is started while it runs is refused in KubeVirt\'s words', async () => {
    const refusal = await client.call(POWER, at('from-v1'), 'start').catch(toApiError)
    expect(refusal).toMatchObject({ status: 409, message: 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "from-v1": VM is already running' })
  })

  it('whose guest is deaf ends only when its grace is over, and has failed', async () => {
    await createVm('deaf', { guest: 'deaf', strategy: 'Manual' })
    // A start is a write that somebody else's meanwhile makes a conflict of.
    await until(VMS, at('deaf'), shows('Stopped'))
    await client.call(POWER, at('deaf'), 'start')
    await until(VMS, at('deaf'), shows('Running'))
    const phases: (string | undefined)[] = []
    await client.call(POWER, at('deaf'), 'stop')
    const asked = Date.now()
    await until(VMIS, at('deaf'), one => { phases.push(one?.status?.phase); return one === undefined })
    expect(phases).toContain('Failed')
    expect(Date.now() - asked).toBeGreaterThan(120_000 / 50 - 100)
  })

  it('that needs more memory than any node has cannot be placed', async () => {
    await createVm('huge', { memory: '4Ti' })
    const vm = await until(VMS, at('huge'), shows('ErrorUnschedulable'))
    expect(findCondition(vm.status?.conditions, 'PodScheduled')?.message).toMatch(/^0\/4 nodes are available: .*3 Insufficient memory/)
  })

  it('whose claim is missing says so, and starts when it comes', async () => {
    await client.create(VMS, { ...vmManifest('lost', { claims: [{ name: 'lost-root', storageClassName: 'harvester-longhorn' }] }), metadata: { name: 'lost', namespace: 'lab' } })
    await until(VMS, at('lost'), shows('ErrorPvcNotFound'))
    await client.create(CLAIMS, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: at('lost-root'), spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '1Gi' } } } })
    await until(VMS, at('lost'), shows('Running'))
  })

  it('whose guest crashes before it runs loops, each time later', async () => {
    await createVm('crashing', { guest: 'crashing' })
    const vm = await until(VMS, at('crashing'), one => shows('CrashLoopBackOff')(one) && (one?.status?.startFailure?.consecutiveFailCount ?? 0) >= 2)
    expect(vm.status?.startFailure?.retryAfterTimestamp).toBeDefined()
  })

  it('that is deleted takes its VMI and pod with it and leaves its claim', async () => {
    await client.remove(VMS, at('lost'))
    await until(VMS, at('lost'), one => one === undefined)
    expect((await client.list(PODS, { namespace: 'lab', labelSelector: 'vm.kubevirt.io/name=lost' })).items).toEqual([])
    expect((await client.get(CLAIMS, at('lost-root'))).status?.phase).toBe('Bound')
  })
})

describe('an export', () => {
  it('of a v1 volume attaches it, becomes an image, and lets it go', async () => {
    await image('exported', { sourceType: 'export-from-volume', pvcName: 'lost-root', pvcNamespace: 'lab' })
    await until(IMAGES, at('exported'), isImported)
    const volume = (await client.get(CLAIMS, at('lost-root'))).spec?.volumeName ?? ''
    await until(LONGHORN_VOLUMES, { namespace: 'longhorn-system', name: volume }, one => one?.status?.state === 'detached')
  })

  it('of a v2 volume is refused while a pod uses it, and is done when the VM is off', async () => {
    const exported = () => image('exported-v2', { sourceType: 'export-from-volume', backend: 'cdi', targetStorageClassName: 'longhorn-v2', pvcName: 'from-v2-root', pvcNamespace: 'lab' })
    await expect(exported()).rejects.toThrow(/PVC from-v2-root is used by Pods \[lab\/virt-launcher-from-v2-\w+\], cannot export volume when it's running/)
    await client.patch(VMS, at('from-v2'), { type: 'merge', body: { spec: { runStrategy: 'Halted' } } })
    await until(VMIS, at('from-v2'), one => one === undefined)
    await exported()
    await until(IMAGES, at('exported-v2'), isImported)
  })

  it('leaves the claim removable, and its volume goes with it', async () => {
    const volume = (await client.get(CLAIMS, at('lost-root'))).spec?.volumeName ?? ''
    await client.remove(CLAIMS, at('lost-root'))
    await until(CLAIMS, at('lost-root'), one => one === undefined)
    await until(LONGHORN_VOLUMES, { namespace: 'longhorn-system', name: volume }, one => one === undefined)
  })
})

describe('a lost disk', () => {
  it('makes its copies unknown, another is made elsewhere, and with the disk gone from the node they leave', async () => {
    const { metadata } = await client.get(IMAGES, at('noble'))
    const name = { namespace: 'longhorn-system', name: `vmi-${metadata.uid}` }
    const before = await until(BACKING_IMAGES, name, one => Object.keys(one?.spec.diskFileSpecMap ?? {}).length >= 3)
    const uuid = Object.keys(before.spec.diskFileSpecMap ?? {})[0] ?? ''
    const node = (await client.list(LONGHORN_NODES)).items.find(one => Object.values(one.status?.diskStatus ?? {}).some(disk => disk.diskUUID === uuid))
    const disk = Object.entries(node?.status?.diskStatus ?? {}).find(([, status]) => status.diskUUID === uuid)?.[0] ?? ''
    const nodeAt = { namespace: 'longhorn-system', name: node?.metadata.name ?? '' }
    await client.patch(LONGHORN_NODES, nodeAt, { type: 'merge', body: { metadata: { annotations: { 'guardrails.test/lost-disks': disk } } } })
    await until(BACKING_IMAGES, name, one => one?.status?.diskFileStatusMap?.[uuid]?.state === 'unknown')
    await until(BACKING_IMAGES, name, one => Object.values(one?.status?.diskFileStatusMap ?? {}).filter(copy => copy.state === 'ready').length >= 3)
    await client.patch(LONGHORN_NODES, nodeAt, { type: 'merge', body: { metadata: { annotations: { 'guardrails.test/lost-disks': null } } } })
    await until(BACKING_IMAGES, name, one => one?.status?.diskFileStatusMap?.[uuid]?.state === 'ready')
  })
})

it('has a virt-controller that renews its Lease as KubeVirt\'s does', async () => {
  const lease = { namespace: 'harvester-system', name: 'virt-controller' }
  const first = await client.get(LEASES, lease)
  expect(first.spec).toMatchObject({ holderIdentity: 'virt-controller', leaseDurationSeconds: 15 })
  await vi.waitFor(async () => expect((await client.get(LEASES, lease)).spec?.renewTime).not.toBe(first.spec?.renewTime), 10_000)
})

it('is quiet when all is at rest', async () => {
  await client.remove(VMS, at('crashing'))
  await until(VMS, at('crashing'), one => one === undefined)
  await new Promise(done => setTimeout(done, 1_500))
  const before = life.runner?.written() ?? 0
  await new Promise(done => setTimeout(done, 2_000))
  expect((life.runner?.written() ?? 0) - before).toBe(0)
  expect(said).toEqual([])
})
