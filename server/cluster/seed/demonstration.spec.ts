import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import { createKubeClient } from '#kube/client.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { BACKING_IMAGES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { VMS } from '#vms/vm.ts'
import { bringToLife } from '../life.ts'
import type { EmbeddedCluster } from '../main.ts'
import { startEmbeddedCluster } from '../main.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let cluster: EmbeddedCluster
let client: KubeClient
let took = 0
const said: string[] = []

beforeAll(async () => {
  const begun = performance.now()
  cluster = await startEmbeddedCluster({ seed: true, controllers: false, log: line => said.push(line) })
  took = performance.now() - begun
  const dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  client = createKubeClient({ baseUrl: cluster.url, token: cluster.users.admin?.token, fetch: (url, init) => fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]) as unknown as Promise<Response> })
})

afterAll(async () => {
  await cluster.stop()
})

/** In a few words how everything stands that an operator looks at. */
async function words(): Promise<Record<string, string>> {
  const [vms, images, copies, volumes, claims] = await Promise.all([client.list(VMS), client.list(IMAGES), client.list(BACKING_IMAGES), client.list(LONGHORN_VOLUMES), client.list(CLAIMS)])
  return Object.fromEntries([
    ...vms.items.map(vm => [`VM ${objectKey(vm)}`, `${vm.spec.runStrategy} ${vm.status?.printableStatus} ${vm.status?.created} ${vm.status?.ready} ${vm.status?.conditions?.map(one => `${one.type}=${one.status}`).sort().join()}`]),
    ...images.items.map(image => [`image ${image.spec.displayName}`, `${image.status?.progress} ${image.status?.failed} ${image.status?.conditions?.map(one => `${one.type}=${one.status} ${one.message}`).join()}`]),
    ...copies.items.map(image => [`copies ${image.metadata.annotations?.['harvesterhci.io/imageId']}`, Object.entries(image.status?.diskFileStatusMap ?? {}).map(([disk, copy]) => `${disk} ${copy.state} ${copy.message}`).sort().join() + Object.keys(image.spec.diskFileSpecMap ?? {}).length]),
    ...volumes.items.map(volume => [`volume ${volume.metadata.name}`, `${volume.status?.state} ${volume.status?.robustness} ${volume.spec.nodeID}`]),
    ...claims.items.map(claim => [`claim ${objectKey(claim)}`, `${claim.status?.phase}`]),
  ])
}

describe('the demonstration', () => {
  it('is applied quickly', () => {
    expect(took).toBeLessThan(20_000)
  })

  it('shows every state of a VM that an operator meets', async () => {
    const shown = new Set((await client.list(VMS)).items.map(vm => vm.status?.printableStatus))
    expect([...shown].sort()).toEqual(['CrashLoopBackOff', 'ErrorPvcNotFound', 'ErrorUnschedulable', 'Paused', 'Running', 'Starting', 'Stopped'])
  })

  it('shows every state of a copy', async () => {
    const shown = new Set((await client.list(BACKING_IMAGES)).items.flatMap(image => Object.values(image.status?.diskFileStatusMap ?? {}).map(copy => copy.state)))
    expect([...shown].sort()).toEqual(['failed', 'in-progress', 'ready', 'unknown'])
  })

  it('does not change by itself when the controllers begin', async () => {
    const before = await words()
    const moving = await bringToLife(cluster, { log: line => said.push(line) })
    await moving.runner?.ready
    await new Promise(done => setTimeout(done, 6_000))
    expect(await words()).toEqual(before)
    const written = moving.runner?.written() ?? 0
    await new Promise(done => setTimeout(done, 1_000))
    expect((moving.runner?.written() ?? 0) - written).toBeLessThan(3)
    await moving.stop()
    expect(said).toEqual([])
  })
})
