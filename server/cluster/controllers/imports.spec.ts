import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import { BACKING_IMAGES, LONGHORN_NODES } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { dayAt, lookUp } from '../mirror/catalogue.ts'
import { bytesOf } from '../mirror/imageFile.ts'
import { attacher, attachments } from './attachments.ts'
import { backingImages } from './backingImages.ts'
import { dataVolumes } from './cdi.ts'
import { containerOf } from './cdiWorkers.ts'
import { claims, volumes } from './claims.ts'
import { provisioner, reclaimer } from './csiVolumes.ts'
import { harvesterImages } from './harvesterImages.ts'
import { imageManagers } from './imageManagers.ts'
import { imageSources } from './imageSources.ts'
import { CONFIG_MAPS } from './kinds.ts'
import { nodes, pods } from './kubelet.ts'
import { longhornNodes } from './longhornNodes.ts'
import { longhornReplicas } from './longhornReplicas.ts'
import { longhornVolumes } from './longhornVolumes.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'

// How imports go wrong: the words of Longhorn and CDI, and what becomes of them in Harvester's conditions; and what is imported from the mirror.

const ACTORS = [
  nodes, scheduler, pods, claims, volumes, provisioner, reclaimer, attacher, attachments,
  longhornNodes, longhornVolumes, longhornReplicas, backingImages, imageManagers, imageSources, dataVolumes, harvesterImages,
] as readonly unknown[] as readonly Controller[]

const MIRROR = 'http://127.0.0.1:9999/'
const URL_OF = 'https://cloud-images.ubuntu.com/noble/20260801/noble-server-cloudimg-amd64.img'
const CURRENT = `${MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`

function stage(): Play {
  const play = new Play(ACTORS)
  for (const name of ['node-1', 'node-2', 'node-3']) {
    play.add(NODES, { metadata: { name } })
    play.add(LONGHORN_NODES, { metadata: { name, namespace: 'longhorn-system' }, spec: { name, allowScheduling: true, disks: { 'disk-1': { path: '/1', allowScheduling: true, diskType: 'filesystem' }, 'disk-2': { path: '/2', allowScheduling: true, diskType: 'filesystem' }, 'disk-v2': { path: '/v2', allowScheduling: true, diskType: 'block' } } } })
  }
  play.add(STORAGE_CLASSES, { metadata: { name: 'v2' }, provisioner: 'driver.longhorn.io', parameters: { numberOfReplicas: '3', migratable: 'true', dataEngine: 'v2' }, volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' })
  play.add(CONFIG_MAPS, { metadata: { name: 'guardrails-tour', namespace: 'default' }, data: { mirror: MIRROR, daysAhead: '0' } })
  play.run(1)
  return play
}

type Options = Partial<VirtualMachineImage['spec']> & { readonly trouble?: string }
const add = (play: Play, { trouble, ...spec }: Options) => play.add(IMAGES, { metadata: { name: 'i', namespace: 'lab', ...(trouble ? { annotations: { 'guardrails.test/import': trouble } } : {}) }, spec: { displayName: 'i', sourceType: 'download', backend: 'backingimage', retry: 3, ...spec } })
const CDI = { backend: 'cdi', targetStorageClassName: 'v2' } as const
const image = (play: Play) => play.get(IMAGES, 'lab/i') as VirtualMachineImage
const condition = (play: Play, type: string) => findCondition(image(play).status?.conditions, type)
const backing = (play: Play) => play.world.all(BACKING_IMAGES)[0]
const copies = (play: Play) => Object.values(backing(play)?.status?.diskFileStatusMap ?? {})
const heal = (play: Play) => play.patch(IMAGES, 'lab/i', { metadata: { annotations: null } })
const turn = (play: Play, daysAhead: number) => play.patch(CONFIG_MAPS, 'default/guardrails-tour', { data: { daysAhead: String(daysAhead) } })
const loseAll = (play: Play, disks: string | null) => { for (const node of ['node-1', 'node-2', 'node-3']) play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { metadata: { annotations: { 'guardrails.test/bad-disks': disks } } }) }

/** SHA-512 of what the mirror has at a path, some days ahead. */
function served(play: Play, url: string, ahead = 0): string {
  const leaf = lookUp(url.slice(MIRROR.length), dayAt(play.now, ahead))
  if (!leaf || !('is' in leaf) || leaf.is !== 'file')
    throw new Error(`${url} is no file`)
  return createHash('sha512').update(bytesOf(leaf.file, 0, leaf.file.size)).digest('hex')
}

describe('a download by Longhorn that fails', () => {
  const SHORT = 'failed to process sync file: unexpected EOF'
  it.each([
    ['not-found', `expected status code 200 from ${URL_OF}, got 404 Not Found`],
    ['untrusted', `Head "${URL_OF}": tls: failed to verify certificate: x509: certificate signed by unknown authority`],
    ['unreachable', `Head "${URL_OF}": dial tcp: lookup cloud-images.ubuntu.com: no such host`],
    ['cut', SHORT],
    ['odd-size', 'should be a multiple of 512 bytes since Longhorn uses directIO by default'],
  ])('%s: is told between retries, is made anew each time, and is frozen after the last', (trouble, words) => {
    const play = stage()
    add(play, { url: URL_OF, trouble })
    play.run(300_000)
    const told = play.seen(IMAGES, 'lab/i', one => findCondition(one.status?.conditions, 'RetryLimitExceeded')?.message).filter(Boolean)
    expect(told).toHaveLength(4)
    expect(told[0]).toContain(`failed due to error: ${words.startsWith('should') ? 'the file size' : words}`)
    expect(told[0]).toContain(words)
    expect(told.slice(1).map(text => text.split(' failed due')[0])).toEqual(['retry attempted 1/3', 'retry attempted 2/3', 'retry attempted 3/3'])
    const limited = play.seen(IMAGES, 'lab/i', one => { const { status = '' } = findCondition(one.status?.conditions, 'RetryLimitExceeded') ?? {}; return status && `${status} ${findCondition(one.status?.conditions, 'Imported')?.status ?? ''}` }).filter(Boolean)
    expect(limited).toEqual(['False Unknown', 'True False'])
    expect(condition(play, 'Imported')).toMatchObject({ status: 'False', reason: 'Importing', message: told[3] })
    expect(condition(play, 'Initialized')?.status).toBe('True')
  })

  it('is imported by the next try once the trouble is over, and nothing of it is left on the image', () => {
    const play = stage()
    add(play, { url: URL_OF, trouble: 'cut' })
    play.run(15_000)
    expect(condition(play, 'RetryLimitExceeded')?.message).toContain(SHORT)
    heal(play)
    play.run(120_000)
    expect(condition(play, 'Imported')).toMatchObject({ status: 'True', reason: 'Imported' })
    expect(condition(play, 'RetryLimitExceeded')).toEqual(expect.not.objectContaining({ message: expect.anything() as string }))
    expect(image(play).status?.failed).toBeGreaterThan(0)
  })

  it.each([[0, 'failed due to error: '], [1, 'retry attempted 1/1 failed due to error: '], [10, 'retry attempted 10/10 failed due to error: ']])('with retry %i is frozen with the words "%s…"', (retry, words) => {
    const play = stage()
    add(play, { url: URL_OF, trouble: 'not-found', retry })
    play.run(900_000)
    expect(condition(play, 'RetryLimitExceeded')).toMatchObject({ status: 'True' })
    expect(condition(play, 'RetryLimitExceeded')?.message?.startsWith(words)).toBe(true)
    expect(image(play).status?.failed).toBe(retry + 1)
  })
})

describe('Harvester\'s own check of a URL', () => {
  it.each<[string, string]>([
    ['https://untrusted.example.com/x.img', 'Head "https://untrusted.example.com/x.img": tls: failed to verify certificate: x509: certificate signed by unknown authority'],
    ['ftp://example.com/x.img', 'Head "ftp://example.com/x.img": unsupported protocol scheme "ftp"'],
    ['http://127.0.0.1:1/x.img', 'Head "http://127.0.0.1:1/x.img": dial tcp 127.0.0.1:1: connect: connection refused'],
    ['http://169.254.169.254/x.img', 'Head "http://169.254.169.254/x.img": dial tcp 169.254.169.254:80: connect: no route to host'],
    ...([['no-head', 405], ['missing', 404], ['forbidden', 403], ['broken', 500], ['busy', 503]] as const).map(([name, code]): [string, string] => [`${MIRROR}faults/${name}/disk.qcow2`, `got ${code} status code from ${MIRROR}faults/${name}/disk.qcow2`]),
    [`${MIRROR}redirects/gone/disk.qcow2`, `got 404 status code from ${MIRROR}redirects/gone/disk.qcow2`],
    [`${MIRROR}redirects/loop/a/disk.qcow2`, `Head "${MIRROR}redirects/loop/a/disk.qcow2": stopped after 10 redirects`],
    [`${MIRROR}redirects/private/disk.qcow2`, 'Head "http://10.0.0.1/disk.qcow2": dial tcp 10.0.0.1:80: connect: no route to host'],
    [`${MIRROR}redirects/file/disk.qcow2`, 'Head "file:///etc/passwd": unsupported protocol scheme "file"'],
    [`${MIRROR}nothing.img`, `got 404 status code from ${MIRROR}nothing.img`],
  ])('says of %s: %s', (url, words) => {
    const play = stage()
    add(play, { url, retry: 0 })
    play.run(10_000)
    expect(condition(play, 'RetryLimitExceeded')).toMatchObject({ status: 'True', message: `failed due to error: ${words}` })
    expect(condition(play, 'Initialized')).toMatchObject({ status: 'False', message: `failed due to error: ${words}` })
    expect(condition(play, 'Imported')).toBeUndefined()
  })
})

describe('an image from the mirror', () => {
  it('records the SHA-512 and the sizes of what was served', () => {
    const play = stage()
    add(play, { url: CURRENT })
    play.run(30_000)
    expect(condition(play, 'Imported')?.status).toBe('True')
    expect(backing(play)?.status).toMatchObject({ checksum: served(play, CURRENT), size: 2 ** 21, virtualSize: 2 ** 31 })
  })

  it('is imported with the publisher\'s checksum of today, and refused with that of yesterday', () => {
    const today = stage()
    add(today, { url: CURRENT, checksum: served(today, CURRENT) })
    today.run(30_000)
    expect(condition(today, 'Imported')?.status).toBe('True')
    const yesterday = stage()
    const old = served(yesterday, CURRENT, -1)
    add(yesterday, { url: CURRENT, checksum: old, retry: 0 })
    yesterday.run(30_000)
    expect(condition(yesterday, 'RetryLimitExceeded')?.message).toBe(`failed due to error: failed to process sync file: the expected checksum ${old} doesn't match the file actual checksum ${served(yesterday, CURRENT)}`)
  })

  it('cannot be downloaded again after the publisher put other bytes there: lost copies stay lost', () => {
    const play = stage()
    add(play, { url: CURRENT })
    play.run(60_000)
    const recorded = served(play, CURRENT)
    turn(play, 1)
    loseAll(play, 'disk-1,disk-2')
    play.run(1_000)
    loseAll(play, null)
    play.run(900_000)
    const other = served(play, CURRENT, 1)
    expect(copies(play).every(copy => copy.state === 'failed')).toBe(true)
    expect(copies(play).map(copy => copy.message)).toContainEqual(expect.stringContaining(`Backing image recorded checksum ${recorded} doesn't match the file checksum ${other} in disk `))
    expect(condition(play, 'Imported')?.status).toBe('True')
  })

  it('is downloaded again where its URL is pinned', () => {
    const play = stage()
    const day = new Date(play.now).toISOString().slice(0, 10).replaceAll('-', '')
    add(play, { url: CURRENT.replace('current', day) })
    play.run(60_000)
    turn(play, 1)
    loseAll(play, 'disk-1,disk-2')
    play.run(1_000)
    loseAll(play, null)
    play.run(900_000)
    expect(copies(play).some(copy => copy.state === 'ready')).toBe(true)
  })

  it.each([
    ['faults/cut/disk.qcow2', 'failed to process sync file: unexpected EOF'],
    ['faults/wrong-length/disk.qcow2', 'failed to process sync file: processed data size 2097152 does not match the expected file size 2101248'],
    ['faults/odd-size/disk.raw', 'the file size 1048676 should be a multiple of 512 bytes since Longhorn uses directIO by default'],
  ])('%s fails: %s', (path, words) => {
    const play = stage()
    add(play, { url: MIRROR + path, retry: 0 })
    play.run(30_000)
    expect(condition(play, 'RetryLimitExceeded')?.message).toBe(`failed due to error: ${words}`)
  })

  it.each([['faults/no-length/disk.qcow2', 'True'], ['faults/no-range/disk.qcow2', 'True'], ['redirects/chain/3/disk.qcow2', 'True'], ['redirects/current/disk.img', 'True'], ['faults/endless/disk.qcow2', 'Unknown']] as const)('%s after a minute: Imported is %s', (path, status) => {
    const play = stage()
    add(play, { url: MIRROR + path })
    play.run(60_000)
    expect(condition(play, 'Imported')?.status).toBe(status)
  })

  it('takes its time from a slow one', () => {
    const play = stage()
    add(play, { url: `${MIRROR}faults/slow/disk.qcow2` })
    play.run(20_000)
    expect(image(play).status?.progress).toBeGreaterThan(30)
    expect(image(play).status?.progress).toBeLessThan(70)
    play.run(60_000)
    expect(condition(play, 'Imported')?.status).toBe('True')
  })
})

describe('an import by CDI that fails', () => {
  const CONNECT = 'Unable to connect to http data source: '
  const CONVERT = 'Unable to process data: Unable to convert source data to target format: '
  it.each([
    ['not-found', `${CONNECT}expected status code 200, got 404. Status: 404 Not Found`, undefined],
    ['untrusted', `${CONNECT}HTTP request errored: Get "${URL_OF}": tls: failed to verify certificate: x509: certificate signed by unknown authority`, undefined],
    ['unreachable', `${CONNECT}HTTP request errored: Get "${URL_OF}": dial tcp: lookup cloud-images.ubuntu.com: no such host`, undefined],
    ['cut', 'Unable to process data: Unable to transfer source data to scratch space: unexpected EOF', undefined],
    ['wrong-format', `${CONVERT}Invalid format qcow for image /scratch/tmpimage`, undefined],
    ['too-small', 'DataVolume too small to contain image', `${CONVERT}virtual image size `],
  ])('%s: the pod restarts with its last words, the DataVolume says them, Harvester says Importing for ever', (trouble, words, last = words) => {
    const play = stage()
    add(play, { url: URL_OF, trouble, ...CDI })
    play.run(120_000)
    const volume = play.get(DATA_VOLUMES, 'lab/i')
    expect(volume?.status).toMatchObject({ phase: 'ImportInProgress', progress: 'N/A' })
    expect(volume?.status?.restartCount).toBeGreaterThan(3)
    expect(findCondition(volume?.status?.conditions, 'Running')).toMatchObject({ status: 'False', reason: 'Error', message: words })
    expect(findCondition(volume?.status?.conditions, 'Bound')).toMatchObject({ status: 'True', reason: 'Bound', message: 'PVC i Bound' })
    expect(findCondition(volume?.status?.conditions, 'Ready')?.status).toBe('False')
    const container = containerOf(play.get(PODS, 'lab/importer-i'))
    expect(container).toMatchObject({ restartCount: volume?.status?.restartCount, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { reason: 'Error', exitCode: 1, message: expect.stringContaining(last) as string } } })
    expect(condition(play, 'Imported')).toMatchObject({ status: 'Unknown', reason: 'Importing' })
    expect([image(play).status?.failed ?? 0, image(play).status?.progress]).toEqual([0, undefined])
  })

  it('by nobody who answers: is tried again to the limit, as it is asked for by its first bytes, and no address is said to be applied', () => {
    const play = stage()
    add(play, { url: 'http://127.0.0.1:9/disk.qcow2', retry: 1, ...CDI })
    play.run(60_000)
    const words = 'retry attempted 1/1 failed due to error: failed to fetch image virtual size: Get "http://127.0.0.1:9/disk.qcow2": dial tcp 127.0.0.1:9: connect: connection refused'
    expect(condition(play, 'RetryLimitExceeded')).toMatchObject({ status: 'True', message: words })
    expect(condition(play, 'Initialized')).toMatchObject({ status: 'False', message: words })
    expect(image(play).status).toMatchObject({ failed: 2 })
    expect(image(play).status?.appliedUrl).toBeUndefined()
    expect(play.get(DATA_VOLUMES, 'lab/i')).toBeUndefined()
  })

  it('image-pull: the pod never starts, and the DataVolume says whose image cannot be had', () => {
    const play = stage()
    add(play, { url: URL_OF, trouble: 'image-pull', ...CDI })
    play.run(60_000)
    const volume = play.get(DATA_VOLUMES, 'lab/i')
    expect(volume?.status).toMatchObject({ phase: 'ImportScheduled', restartCount: 0 })
    expect(findCondition(volume?.status?.conditions, 'Running')).toMatchObject({ status: 'False', reason: 'ImagePullFailed', message: expect.stringMatching(/^failed to pull image: registry\.invalid\/.*cdi-importer:/) as string })
    expect(containerOf(play.get(PODS, 'lab/importer-i'))).toMatchObject({ state: { waiting: { reason: 'ImagePullBackOff' } } })
    heal(play)
    play.run(60_000)
    expect(condition(play, 'Imported')?.status).toBe('True')
  })

  it('is imported once the trouble is over; the restarts stay told', () => {
    const play = stage()
    add(play, { url: URL_OF, trouble: 'untrusted', ...CDI })
    play.run(60_000)
    heal(play)
    play.run(60_000)
    expect(play.get(DATA_VOLUMES, 'lab/i')?.status).toMatchObject({ phase: 'Succeeded', progress: '100.0%' })
    expect(play.get(DATA_VOLUMES, 'lab/i')?.status?.restartCount).toBeGreaterThan(1)
    expect(condition(play, 'Imported')).toMatchObject({ status: 'True', reason: 'Imported' })
    expect(play.get(CLAIMS, 'lab/i')?.status?.phase).toBe('Bound')
  })

  it('tells its progress with CDI\'s own message', () => {
    const play = stage()
    add(play, { url: URL_OF, ...CDI })
    play.run(60_000)
    expect(play.seen(IMAGES, 'lab/i', one => findCondition(one.status?.conditions, 'Imported')?.message)).toContain('Image Importing')
    expect(condition(play, 'Imported')?.message).toBeUndefined()
  })

  it.each([
    ['faults/no-length/disk.qcow2', {}, 'failed to fetch image size: Content-Length is not found in the header'],
    ['faults/target/disk.qcow2', { sourceType: 'clone' }, 'unsupported source type: clone'],
    ['faults/target/disk.qcow2', { sourceType: 'restore' }, 'unsupported source type: restore'],
  ] as const)('%s %o is refused at once: %s', (path, more, words) => {
    const play = stage()
    add(play, { url: MIRROR + path, retry: 0, ...CDI, ...more })
    play.run(10_000)
    expect(condition(play, 'RetryLimitExceeded')).toMatchObject({ status: 'True', message: `failed due to error: ${words}` })
  })

  it('has no use for a checksum: another file than was expected is imported all the same', () => {
    const play = stage()
    add(play, { url: CURRENT, checksum: 'b'.repeat(128), ...CDI })
    play.run(60_000)
    expect(condition(play, 'Imported')?.status).toBe('True')
    expect(image(play).status).toMatchObject({ size: 2 ** 21, virtualSize: 2 ** 31 })
  })
})

describe('an imported image that knows no size of its disk', () => {
  it('asks its BackingImage, and says so for ever where that is gone', () => {
    const play = stage()
    add(play, { url: URL_OF })
    play.run(60_000)
    const { virtualSize } = image(play).status ?? {}
    play.patch(IMAGES, 'lab/i', { status: { virtualSize: null } })
    play.run(1_000)
    expect(image(play).status?.virtualSize).toBe(virtualSize)
    play.remove(BACKING_IMAGES, `longhorn-system/${backing(play)?.metadata.name}`)
    play.run(10_000)
    expect(condition(play, 'BackingImageMissing')).toBeUndefined()
    play.patch(IMAGES, 'lab/i', { status: { virtualSize: null } })
    play.run(1_000)
    expect(condition(play, 'BackingImageMissing')).toMatchObject({ status: 'True', message: `Failed to get backing image: backingimages.longhorn.io "vmi-${image(play).metadata.uid}" not found` })
    expect(condition(play, 'Imported')?.status).toBe('True')
  })
})
