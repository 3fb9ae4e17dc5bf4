import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, fetch, request } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import { createKubeClient } from '#kube/client.ts'
import { BACKING_IMAGES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { CONFIG_MAPS } from './controllers/kinds.ts'
import { bringToLife } from './life.ts'
import type { EmbeddedCluster, EmbeddedClusterOptions } from './main.ts'
import { startEmbeddedCluster } from './main.ts'
import { PLATFORM } from './seed/platform.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const TOUR = { namespace: 'default', name: 'guardrails-tour' }
const IMAGE = 'ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img'
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop() })

async function start(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const cluster = await startEmbeddedCluster({ mirror: true, log: () => undefined, ...options })
  stops.push(() => cluster.stop())
  return cluster
}

function clientOf(cluster: EmbeddedCluster, account = 'admin'): KubeClient {
  const dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  stops.push(() => dispatcher.destroy())
  return createKubeClient({ baseUrl: cluster.url, token: cluster.users[account]?.token, fetch: (url, init) => fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]) as unknown as Promise<Response> })
}

async function served(cluster: EmbeddedCluster): Promise<string> {
  const { body } = await request(`${cluster.mirror}${IMAGE}`)
  return createHash('sha512').update(Buffer.from(await body.arrayBuffer())).digest('hex')
}

const turn = (client: KubeClient, daysAhead: string) => client.patch(CONFIG_MAPS, TOUR, { type: 'merge', body: { data: { daysAhead } } })

describe('the mirror beside an embedded cluster', () => {
  it('is told of in a ConfigMap that everybody may read, and not everybody may change', async () => {
    const cluster = await start()
    for (const account of ['admin', 'editor', 'viewer']) expect((await clientOf(cluster, account).get(CONFIG_MAPS, TOUR)).data).toEqual({ mirror: cluster.mirror, daysAhead: '0' })
    await expect(turn(clientOf(cluster, 'editor'), '1')).rejects.toMatchObject({ status: 403 })
    expect((await request(`${cluster.mirror}${IMAGE}`, { method: 'HEAD' })).statusCode).toBe(200)
  })

  it('turns its day when the ConfigMap says so; what is no number leaves it where the calendar is', async () => {
    const cluster = await start()
    const client = clientOf(cluster)
    const today = await served(cluster)
    await turn(client, '1')
    expect(await served(cluster)).not.toBe(today)
    await turn(client, 'soon')
    expect(await served(cluster)).toBe(today)
  })

  it('is where it was after a restart, on the day to which it was turned', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'guardrails-mirror-'))
    stops.push(async () => rmSync(dataDir, { recursive: true, force: true }))
    const cluster = await start({ dataDir })
    await turn(clientOf(cluster), '3')
    const before = await served(cluster)
    await cluster.stop()
    const again = await start({ dataDir })
    expect(again.mirror).toBe(cluster.mirror)
    expect(await served(again)).toBe(before)
  })

  it('is where images are imported from: what is recorded is what was served', async () => {
    const cluster = await start()
    const life = await bringToLife(cluster, { seed: PLATFORM, pace: 50, log: () => undefined })
    stops.push(() => life.stop())
    const client = clientOf(cluster)
    const { object } = await client.create(IMAGES, { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'noble', namespace: 'lab' }, spec: { displayName: 'noble', sourceType: 'download', url: `${cluster.mirror}${IMAGE}` } })
    const name = `vmi-${object.metadata.uid}`
    await vi.waitFor(() => expect(life.runner?.world.get(BACKING_IMAGES, `longhorn-system/${name}`)?.status?.checksum).toBeTruthy(), { timeout: 30_000, interval: 50 })
    expect(life.runner?.world.get(BACKING_IMAGES, `longhorn-system/${name}`)?.status?.checksum).toBe(await served(cluster))
  })

  it('is not there where nobody asked for it', async () => {
    const cluster = await start({ mirror: false })
    expect(cluster.mirror).toBeUndefined()
    await expect(clientOf(cluster).get(CONFIG_MAPS, TOUR)).rejects.toMatchObject({ status: 404 })
  })
})
