import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { BackingImage, BackingImageManager, LonghornNode } from './longhorn.ts'
import type { HealthWorld } from './verdict.ts'
import { judgeBackingImage } from './verdict.ts'

// Every state that Longhorn's own controllers were seen to leave an image's file in (e2e/cluster/stories/traces).

type Facets = Readonly<Record<string, unknown>>
interface Recorded { readonly story: string, readonly changes: readonly (readonly [what: string, changed: Facets])[] }

const NOW = Date.parse('2026-05-04T03:00:00Z')
const FOLDER = join(import.meta.dirname, '../../e2e/cluster/stories/traces')
const records = readdirSync(FOLDER).map(file => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded)
const metadata = (name: string) => ({ name, namespace: 'longhorn-system', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const live = <T extends KubeObject>(...objects: T[]): Seen<T> => ({ objects, state: 'live' })
const is = (type: string) => ({ type, status: 'True' as const })

/** Of the facets `WHAT DISK`: what is said of each disk. */
function byDisk(facets: Facets, what: string): [string, string][] {
  return Object.entries(facets).filter(([key, value]) => key.startsWith(what) && value !== null).map(([key, value]) => [key.slice(what.length), String(value)])
}

function fileOf(facets: Facets): BackingImage {
  const copies = byDisk(facets, 'copy on ').map(([disk, told]) => {
    const [state = '', ...message] = told.split(' · ')
    return [disk, { state, message: message.join(' · '), dataEngine: 'v1' }] as const
  })
  return {
    apiVersion: 'longhorn.io/v1beta2', kind: 'BackingImage', metadata: metadata('vmi-1'),
    spec: { sourceType: 'download', sourceParameters: { url: 'https://example.com/x.img' }, minNumberOfCopies: Number(facets.minNumberOfCopies), diskFileSpecMap: Object.fromEntries(byDisk(facets, 'place on ').map(([disk, place]) => [disk, { evictionRequested: place === 'evicted' }])) },
    status: { uuid: 'u', checksum: String(facets.checksum ?? ''), diskFileStatusMap: Object.fromEntries(copies) },
  }
}

const DISKS = ['disk 1', 'disk 2', 'disk 3', 'disk 4', 'disk 5', 'disk 6']
const NODES: LonghornNode[] = DISKS.map(uuid => ({
  apiVersion: 'longhorn.io/v1beta2', kind: 'Node', metadata: metadata(`node of ${uuid}`), spec: { allowScheduling: true, disks: { only: { allowScheduling: true, path: '/data' } } },
  status: { conditions: [is('Ready'), is('Schedulable')], diskStatus: { only: { diskUUID: uuid, diskPath: '/data', diskType: 'filesystem', conditions: [is('Ready'), is('Schedulable')] } } },
}))
const MANAGERS: BackingImageManager[] = DISKS.map(diskUUID => ({
  apiVersion: 'longhorn.io/v1beta2', kind: 'BackingImageManager', metadata: metadata(`manager of ${diskUUID}`), spec: { nodeID: `node of ${diskUUID}`, diskUUID }, status: { currentState: 'running' },
}))
const WORLD: HealthWorld = { nodes: live(...NODES), managers: live(...MANAGERS), dataSources: live(), replicas: live() }

/** What there was of a file after each change, while it was there. */
function momentsOf({ changes }: Recorded): BackingImage[] {
  const seen = new Map<string, Facets>()
  return changes.filter(([what]) => what.startsWith('file ')).flatMap(([what, changed]) => {
    const facets = { ...seen.get(what), ...changed }
    seen.set(what, facets)
    return facets.life === 'there' ? [fileOf(facets)] : []
  })
}

describe('the verdict on an image\'s file, at every moment that Longhorn was seen in', () => {
  it('is told of many moments', () => {
    expect(records.flatMap(momentsOf).length).toBeGreaterThan(150)
  })

  it.each(records.filter(record => momentsOf(record).length > 0))('$story: is not healthy without enough copies that are ready', record => {
    const faults = momentsOf(record).filter(file => {
      const good = Object.values(file.status?.diskFileStatusMap ?? {}).filter(({ state }) => state === 'ready').length
      const { verdict } = judgeBackingImage(file, WORLD, NOW)
      return verdict === 'healthy' && good < (file.spec.minNumberOfCopies ?? 1)
    })
    expect(faults).toEqual([])
  })

  it('is healthy where every copy that is wanted is ready, and none is to go', () => {
    const whole = records.flatMap(momentsOf).filter(({ metadata: { deletionTimestamp }, spec, status }) => {
      const copies = Object.entries(spec.diskFileSpecMap ?? {})
      const isReady = ([disk, wanted]: (typeof copies)[number]) => status?.diskFileStatusMap?.[disk]?.state === 'ready' && !wanted?.evictionRequested
      return !deletionTimestamp && copies.length >= (spec.minNumberOfCopies ?? 1) && copies.every(isReady) && Object.keys(status?.diskFileStatusMap ?? {}).length === copies.length
    })
    expect(whole.length).toBeGreaterThan(10)
    expect(whole.filter(file => judgeBackingImage(file, WORLD, NOW).verdict !== 'healthy')).toEqual([])
  })
})
