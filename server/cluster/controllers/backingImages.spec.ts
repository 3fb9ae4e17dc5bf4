import { describe, expect, it } from 'vitest'
import { IMAGES } from '#images/image.ts'
import { NODES } from '#kube/core.ts'
import type { BackingImage } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, LONGHORN_NODES, LONGHORN_REPLICAS } from '#health/longhorn.ts'
import { backingImages } from './backingImages.ts'
import { uuidOf } from './hash.ts'
import { BAD_DISKS_ANNOTATION, imageManagers } from './imageManagers.ts'
import { imageSources } from './imageSources.ts'
import { nodes } from './kubelet.ts'
import { DOWN_ANNOTATION } from './silence.ts'
import { LOST_DISKS_ANNOTATION, longhornNodes } from './longhornNodes.ts'
import { Play } from './play.ts'
import type { Controller } from './step.ts'
import { TAKES } from './takes.ts'

// What Longhorn 1.10's own controllers were seen to do with copies (shared facts, real-control-plane §5), on the steps alone.

const ACTORS = [nodes, longhornNodes, backingImages, imageManagers, imageSources] as readonly unknown[] as readonly Controller[]
const KEY = 'longhorn-system/vmi-1'
const PINNED = 'https://cloud-images.ubuntu.com/noble/20260801/noble-server-cloudimg-amd64.img'
const MOVING = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'

interface Options { readonly url?: string, readonly min?: number, readonly disks?: number, readonly sourceType?: string, readonly checksum?: string, readonly tags?: readonly string[] }

/** Three nodes with so many disks each, and an image. */
function stage({ url = PINNED, min = 3, disks = 1, sourceType = 'download', checksum = '', tags = [] }: Options = {}): Play {
  const play = new Play(ACTORS)
  for (const node of ['node-1', 'node-2', 'node-3']) {
    play.add(NODES, { metadata: { name: node } })
    const names = Array.from({ length: disks }, (_, index) => `disk-${index + 1}`)
    play.add(LONGHORN_NODES, { metadata: { name: node, namespace: 'longhorn-system' }, spec: { name: node, allowScheduling: true, disks: Object.fromEntries(names.map(name => [name, { path: `/${name}`, allowScheduling: true, diskType: 'filesystem', tags: [...tags] }])) } })
  }
  play.run(1)
  play.add(BACKING_IMAGES, { metadata: { name: 'vmi-1', namespace: 'longhorn-system', finalizers: ['longhorn.io'] }, spec: { sourceType, sourceParameters: sourceType === 'download' ? { url } : {}, checksum, minNumberOfCopies: min, dataEngine: 'v1' } })
  return play
}

const image = (play: Play) => play.get(BACKING_IMAGES, KEY) as BackingImage
const states = (play: Play) => Object.values(image(play).status?.diskFileStatusMap ?? {}).map(copy => copy.state).sort()
const disksOf = (play: Play) => Object.keys(image(play).spec.diskFileSpecMap ?? {})
const readyOf = (play: Play) => Object.entries(image(play).status?.diskFileStatusMap ?? {}).filter(([, copy]) => copy.state === 'ready').map(([disk]) => disk)
const messages = (play: Play) => [...new Set(Object.values(image(play).status?.diskFileStatusMap ?? {}).map(copy => copy.message))]
const disk = (node: string, name = 'disk-1') => uuidOf(`${node} ${name}`)
const annotate = (play: Play, node: string, annotations: object) => play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { metadata: { annotations } })
const evict = (play: Play, node: string, evictionRequested: boolean, name = 'disk-1') => play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { spec: { disks: { [name]: { evictionRequested, allowScheduling: !evictionRequested } } } })
const DOWNLOADED = 60_000

describe('a new image', () => {
  it('has one copy, ready for transfer and ready, before the others are begun', () => {
    const play = stage()
    play.run(DOWNLOADED)
    const seen = play.seen(BACKING_IMAGES, KEY, one => Object.values(one.status?.diskFileStatusMap ?? {}).map(copy => copy.state).sort().join(' '))
    expect(seen.slice(0, 5)).toEqual(['', 'starting', 'in-progress', 'ready-for-transfer', 'ready'])
    expect(states(play)).toEqual(['ready', 'ready', 'ready'])
    expect(play.get(BACKING_IMAGE_DATA_SOURCES, KEY)?.spec.fileTransferred).toBe(true)
  })

  it('is begun, and copied, once Harvester has looked, which would miss it otherwise', () => {
    const play = stage()
    const say = (type: string, status: string) => { play.patch(IMAGES, 'lab/noble', { status: { conditions: [{ type, status }] } }) }
    play.add(IMAGES, { metadata: { name: 'noble', namespace: 'lab' }, spec: { displayName: 'noble', sourceType: 'download' } })
    play.patch(BACKING_IMAGES, KEY, { metadata: { annotations: { 'harvesterhci.io/imageId': 'lab/noble' } } })
    play.run(DOWNLOADED)
    expect(states(play)).toEqual([''])
    say('Initialized', 'True')
    play.run(DOWNLOADED)
    expect(states(play)).toEqual(['ready'])
    say('Imported', 'True')
    play.run(DOWNLOADED)
    expect(states(play)).toEqual(['ready', 'ready', 'ready'])
  })

  it('that Harvester has given up is copied all the same', () => {
    const play = stage()
    play.add(IMAGES, { metadata: { name: 'noble', namespace: 'lab' }, spec: { displayName: 'noble', sourceType: 'download' }, status: { conditions: [{ type: 'RetryLimitExceeded', status: 'True' }] } })
    play.patch(BACKING_IMAGES, KEY, { metadata: { annotations: { 'harvesterhci.io/imageId': 'lab/noble' } } })
    play.run(DOWNLOADED)
    expect(states(play)).toEqual(['ready', 'ready', 'ready'])
  })

  it('with a wrong checksum fails, is cleaned up, and tries again; the wrong sum is recorded', () => {
    const play = stage({ checksum: '0'.repeat(128) })
    play.run(30_000)
    expect(states(play)).toEqual(['failed-and-cleanup'])
    expect(messages(play)[0]).toMatch(/^failed to process sync file: the expected checksum 0{128} doesn't match the file actual checksum [a-f0-9]{128}$/)
    expect(image(play).status?.checksum).toMatch(/^[a-f0-9]{128}$/)
    play.run(TAKES.retryFile)
    expect(play.seen(BACKING_IMAGES, KEY, one => Object.values(one.status?.diskFileStatusMap ?? {})[0]?.state).filter(state => state === 'failed').length).toBeGreaterThan(1)
  })

  it('that is not found says so', () => {
    const play = stage({ url: 'https://example.com/missing/x.img' })
    play.run(10_000)
    expect(messages(play)).toEqual(['expected status code 200 from https://example.com/missing/x.img, got 404 Not Found'])
  })

  it('that is uploaded waits a minute for its file, and no longer', () => {
    const play = stage({ sourceType: 'upload' })
    play.run(50_000)
    expect(states(play)).toEqual(['pending'])
    play.run(20_000)
    expect(states(play)).toEqual(['failed-and-cleanup'])
    expect(messages(play)).toEqual(['timeout waiting for the datasource file processing begin'])
    play.run(600_000)
    expect(states(play)).toEqual(['failed-and-cleanup'])
  })
})

describe('a copy that goes bad', () => {
  it('is replaced at once where a disk is free, and fetched again', () => {
    const play = stage({ disks: 2 })
    play.run(DOWNLOADED)
    const [bad = ''] = readyOf(play)
    const node = ['node-1', 'node-2', 'node-3'].find(name => [disk(name), disk(name, 'disk-2')].includes(bad)) ?? ''
    annotate(play, node, { [BAD_DISKS_ANNOTATION]: disk(node) === bad ? 'disk-1' : 'disk-2' })
    play.run(2_000)
    expect(image(play).status?.diskFileStatusMap?.[bad]?.state).toBe('failed')
    expect(image(play).status?.diskFileStatusMap?.[bad]?.message).toMatch(/^ready file is modified at .* with a different checksum/)
    expect(disksOf(play)).toHaveLength(4)
    annotate(play, node, { [BAD_DISKS_ANNOTATION]: null })
    play.run(30_000)
    expect(states(play)).toEqual(['ready', 'ready', 'ready', 'ready'])
  })

  it('makes one too many for an hour', () => {
    const play = stage({ disks: 2 })
    play.run(DOWNLOADED)
    play.patch(LONGHORN_NODES, 'longhorn-system/node-1', { metadata: { annotations: { [LOST_DISKS_ANNOTATION]: 'disk-1, disk-2' } } })
    play.run(20_000)
    annotate(play, 'node-1', { [LOST_DISKS_ANNOTATION]: null })
    play.run(20_000)
    const many = disksOf(play).length
    expect(many).toBeGreaterThan(3)
    play.run(TAKES.cleanUpCopies * 2)
    expect(disksOf(play)).toHaveLength(3)
  })
})

describe('a lost disk', () => {
  it('makes its copy unknown, without a message, and another at once; the copy is back when the disk is', () => {
    const play = stage({ disks: 2 })
    play.run(DOWNLOADED)
    const [lost = ''] = readyOf(play)
    const node = ['node-1', 'node-2', 'node-3'].find(name => [disk(name), disk(name, 'disk-2')].includes(lost)) ?? ''
    annotate(play, node, { [LOST_DISKS_ANNOTATION]: disk(node) === lost ? 'disk-1' : 'disk-2' })
    play.run(10_000)
    expect(image(play).status?.diskFileStatusMap?.[lost]).toMatchObject({ state: 'unknown', message: '' })
    expect(readyOf(play)).toHaveLength(3)
    annotate(play, node, { [LOST_DISKS_ANNOTATION]: null })
    play.run(10_000)
    expect(readyOf(play)).toContain(lost)
  })

  it('taken out of the node takes its copy with it', () => {
    const play = stage()
    play.run(DOWNLOADED)
    play.patch(LONGHORN_NODES, 'longhorn-system/node-2', { spec: { disks: { 'disk-1': null } } })
    play.run(10_000)
    expect(disksOf(play)).not.toContain(disk('node-2'))
  })

  it('of a node that is down makes copies unknown although the disk says Ready', () => {
    const play = stage()
    play.run(DOWNLOADED)
    play.patch(NODES, 'node-3', { metadata: { annotations: { [DOWN_ANNOTATION]: 'now' } } })
    play.run(30_000)
    expect(image(play).status?.diskFileStatusMap?.[disk('node-3')]?.state).toBe('unknown')
    const status = play.get(LONGHORN_NODES, 'longhorn-system/node-3')?.status
    expect(status?.diskStatus?.['disk-1']?.conditions?.find(one => one.type === 'Ready')?.status).toBe('True')
  })
})

describe('all copies lost', () => {
  /** All three files spoilt at once, then good disks again. */
  function spoil(play: Play): void {
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: 'disk-1' })
    play.run(1_000)
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: null })
  }

  it('stay failed for ever where no disk is free of the image', () => {
    const play = stage()
    play.run(DOWNLOADED)
    spoil(play)
    play.run(3_600_000)
    expect(states(play)).toEqual(['failed', 'failed', 'failed'])
  })

  it('are downloaded again after five minutes to a disk that is free of it, and are good when the bytes are the same', () => {
    const play = stage({ disks: 2, min: 3, tags: [] })
    play.run(DOWNLOADED)
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: 'disk-1,disk-2' })
    play.run(1_000)
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: null })
    play.run(TAKES.recoverImage - 60_000)
    expect(readyOf(play)).toEqual([])
    play.run(180_000)
    expect(readyOf(play).length).toBeGreaterThan(0)
  })

  it('of an image whose URL changes daily fail for ever with the checksum', () => {
    const play = stage({ url: MOVING, disks: 2 })
    play.run(DOWNLOADED)
    const recorded = image(play).status?.checksum
    play.run(3 * TAKES.day)
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: 'disk-1,disk-2' })
    play.run(1_000)
    for (const node of ['node-1', 'node-2', 'node-3']) annotate(play, node, { [BAD_DISKS_ANNOTATION]: null })
    play.run(2 * TAKES.recoverImage)
    expect(readyOf(play)).toEqual([])
    expect(messages(play).some(message => message?.startsWith(`Backing image recorded checksum ${recorded} doesn't match the file checksum `))).toBe(true)
    expect(image(play).status?.checksum).toBe(recorded)
    const before = states(play)
    play.run(3_600_000)
    expect(states(play)).toEqual(before)
  })

  it('with all disks taken out are downloaded again to a new one', () => {
    const play = stage({ min: 1, disks: 2 })
    play.run(DOWNLOADED)
    const [only = ''] = readyOf(play)
    const node = ['node-1', 'node-2', 'node-3'].find(name => [disk(name), disk(name, 'disk-2')].includes(only)) ?? ''
    play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { spec: { disks: { [disk(node) === only ? 'disk-1' : 'disk-2']: null } } })
    play.run(60_000)
    expect(readyOf(play)).toHaveLength(1)
    expect(readyOf(play)).not.toContain(only)
  })

  it('of an uploaded image never come back', () => {
    const play = stage({ sourceType: 'upload', min: 1 })
    play.run(1_000)
    const uuid = image(play).status?.uuid ?? ''
    play.patch(BACKING_IMAGE_DATA_SOURCES, KEY, { spec: { fileTransferred: true } })
    play.patch(BACKING_IMAGES, KEY, { spec: { diskFileSpecMap: { [disk('node-1')]: { dataEngine: 'v1', evictionRequested: false } } }, status: { checksum: 'a', diskFileStatusMap: { [disk('node-1')]: { state: 'failed', progress: 0, message: '', lastStateTransitionTime: '2026-05-04T03:00:00Z' } } } })
    play.run(3_600_000)
    expect(image(play).status?.uuid).toBe(uuid)
    expect(readyOf(play)).toEqual([])
    expect(play.get(BACKING_IMAGE_DATA_SOURCES, KEY)?.spec.fileTransferred).toBe(true)
  })
})

describe('eviction', () => {
  it('of one of three with a disk free moves the copy in one step', () => {
    const play = stage({ disks: 2 })
    play.run(DOWNLOADED)
    const [leaving = ''] = readyOf(play)
    const node = ['node-1', 'node-2', 'node-3'].find(name => [disk(name), disk(name, 'disk-2')].includes(leaving)) ?? ''
    evict(play, node, true, disk(node) === leaving ? 'disk-1' : 'disk-2')
    play.run(1)
    expect(disksOf(play)).not.toContain(leaving)
    expect(disksOf(play)).toHaveLength(3)
    play.run(20_000)
    expect(readyOf(play)).toHaveLength(3)
  })

  it('of the only copy with nowhere to go is refused with an event, and the flag stays', () => {
    const play = stage({ min: 1 })
    play.run(DOWNLOADED)
    const [only = ''] = readyOf(play)
    for (const node of ['node-1', 'node-2', 'node-3'].filter(name => disk(name) !== only)) play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { spec: { allowScheduling: false } })
    const node = ['node-1', 'node-2', 'node-3'].find(name => disk(name) === only) ?? ''
    evict(play, node, true)
    play.run(60_000)
    expect(readyOf(play)).toEqual([only])
    expect(image(play).spec.diskFileSpecMap?.[only]?.evictionRequested).toBe(true)
    expect(play.history.some(entry => entry.what.startsWith('events ') && (entry.object as { message?: string } | undefined)?.message === `Failed to evict backing image copy on disk ${only} for now since there is no other healthy backing image copy`)).toBe(true)
  })

  it('that is cancelled last leaves its flag on the copy', () => {
    const play = stage({ min: 1 })
    play.run(DOWNLOADED)
    const [only = ''] = readyOf(play)
    for (const name of ['node-1', 'node-2', 'node-3'].filter(one => disk(one) !== only)) play.patch(LONGHORN_NODES, `longhorn-system/${name}`, { spec: { allowScheduling: false } })
    const node = ['node-1', 'node-2', 'node-3'].find(name => disk(name) === only) ?? ''
    evict(play, node, true)
    play.run(1_000)
    evict(play, node, false)
    play.run(60_000)
    expect(image(play).spec.diskFileSpecMap?.[only]?.evictionRequested).toBe(true)
  })

  it('under a replica waits until the replica has left', () => {
    const play = stage({ disks: 2 })
    play.run(DOWNLOADED)
    const [leaving = ''] = readyOf(play)
    const node = ['node-1', 'node-2', 'node-3'].find(name => [disk(name), disk(name, 'disk-2')].includes(leaving)) ?? ''
    play.add(LONGHORN_REPLICAS, { metadata: { name: 'r', namespace: 'longhorn-system' }, spec: { backingImage: 'vmi-1', diskID: leaving, nodeID: node, volumeName: 'v' } })
    evict(play, node, true, disk(node) === leaving ? 'disk-1' : 'disk-2')
    play.run(30_000)
    expect(disksOf(play)).toContain(leaving)
    expect(readyOf(play)).toHaveLength(4)
    play.remove(LONGHORN_REPLICAS, 'longhorn-system/r')
    play.run(1)
    expect(disksOf(play)).not.toContain(leaving)
  })
})

describe('an image that is deleted', () => {
  it('goes with its data source, and not before its last replica', () => {
    const play = stage()
    play.run(DOWNLOADED)
    const [used = ''] = readyOf(play)
    play.add(LONGHORN_REPLICAS, { metadata: { name: 'r', namespace: 'longhorn-system' }, spec: { backingImage: 'vmi-1', diskID: used, nodeID: 'node-1', volumeName: 'v' } })
    play.remove(BACKING_IMAGES, KEY)
    play.run(10_000)
    expect(play.get(BACKING_IMAGES, KEY)).toBeDefined()
    play.remove(LONGHORN_REPLICAS, 'longhorn-system/r')
    play.run(1_000)
    expect(play.get(BACKING_IMAGES, KEY)).toBeUndefined()
    expect(play.get(BACKING_IMAGE_DATA_SOURCES, KEY)).toBeUndefined()
  })
})
