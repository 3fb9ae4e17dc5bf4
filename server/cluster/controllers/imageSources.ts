import type { BackingImage, BackingImageDataSource, LonghornVolume } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, LONGHORN_NODES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { objectKey } from '#kube/object.ts'
import { diskForFirst, sizeOfClone } from './clones.ts'
import { diskOf, isReachable, standingOf } from './disks.ts'
import { isAwaited } from './follower.ts'
import { sha512 } from './hash.ts'
import { imageOf, importTroubleOf, longhornRefusal, oddSize, uploadTroubleOf } from './importTrouble.ts'
import { bytesOf, checksumServed, headOf, paceOf, rateOf } from './internet.ts'
import { CONFIG_MAPS } from './kinds.ts'
import { breaksOff, mirrorSeen } from './mirrorSight.ts'
import type { Controller, Next, Time } from './step.ts'
import { NOTHING, change, dropFinalizer, on, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

// longhorn-manager controller/backing_image_data_source_controller.go: the first file of an image.

/** Data sources that read a volume, by its name: they hold it attached while they do. */
export const EXPORTS_BY_VOLUME: Index<BackingImageDataSource> = {
  kind: BACKING_IMAGE_DATA_SOURCES,
  keys: source => [!source.spec.fileTransferred && source.spec.diskUUID && ['starting', 'in-progress'].includes(source.status?.currentState ?? '') ? source.spec.parameters?.['volume-name'] : undefined],
}
const EXPORTS: Index<BackingImageDataSource> = { kind: BACKING_IMAGE_DATA_SOURCES, keys: source => [source.spec.parameters?.['volume-name']] }

/** Longhorn's first file of an image: downloaded, uploaded, read from a volume, or made of another file. */
export const imageSources: Controller<BackingImageDataSource> = {
  name: 'backing-image-data-source',
  actor: 'longhorn',
  kind: BACKING_IMAGE_DATA_SOURCES,
  reads: [IMAGES, CONFIG_MAPS],
  wakes: [
    on(BACKING_IMAGES, image => [objectKey(image)]),
    on(LONGHORN_NODES, (_node, world) => world.all(BACKING_IMAGE_DATA_SOURCES).filter(source => !source.spec.fileTransferred).map(objectKey), standingOf),
    on(LONGHORN_VOLUMES, (volume, world) => world.find(EXPORTS, volume.metadata.name).map(objectKey)),
  ],
  stage: source => `${source.spec.diskUUID} ${source.status?.currentState} ${source.status?.progress}`,
  step(source, world, time) {
    if (source.metadata.deletionTimestamp)
      return clear(source, time)
    if (source.spec.fileTransferred)
      return NOTHING
    const image = world.get(BACKING_IMAGES, objectKey(source))
    if (!image)
      return NOTHING
    if (!source.spec.diskUUID || (!isReachable(diskOf(world, source.spec.diskUUID)) && time.left(TAKES.ignoreNode) <= 0)) {
      if (source.status?.currentState)
        return write(setStatus(BACKING_IMAGE_DATA_SOURCES, source, { ownerID: source.spec.nodeID, currentState: '', progress: 0, message: '', checksum: '', runningParameters: {} }))
      const disk = diskForFirst(image, world, Object.keys(image.spec.diskFileSpecMap ?? {}))
      return disk ? write(change(BACKING_IMAGE_DATA_SOURCES, source, { spec: { nodeID: disk.node.metadata.name, diskUUID: disk.uuid, diskPath: disk.path } })) : NOTHING
    }
    const position = { source, file: image, image: imageOf(image, world), given: Date.parse(image.metadata.creationTimestamp), world, time }
    return source.spec.sourceType === 'upload' ? awaitUpload(position) : advance(position)
  },
}

const FINALIZER = 'longhorn.io'
const GIVEN_UP = 'backing image is deleted, requesting manager to clean up the tmp file of backing image data source'

/** What has been fetched of a file that nobody wants any more is cleaned up first. */
function clear(source: BackingImageDataSource, time: Time): Next {
  const state = source.status?.currentState ?? ''
  const to = moved({ source })
  if (source.spec.fileTransferred || state === '' || state === 'failed-and-cleanup')
    return write(dropFinalizer(BACKING_IMAGE_DATA_SOURCES, source, FINALIZER))
  if (source.status?.message !== GIVEN_UP)
    return to('failed', { message: GIVEN_UP })
  return time.left(TAKES.tick) > 0 ? wait(time.left(TAKES.tick)) : to('failed-and-cleanup')
}

interface Position {
  readonly source: BackingImageDataSource
  readonly file: BackingImage
  /** Harvester's image, where there is one. */
  readonly image: VirtualMachineImage | undefined
  /** When the image was made, in milliseconds. */
  readonly given: number
  readonly world: World
  readonly time: Time
}

type To = (state: string, more?: object) => Next

/** The source in another state. */
function moved({ source }: Pick<Position, 'source'>): To {
  return (currentState, more = {}) =>
    write(setStatus(BACKING_IMAGE_DATA_SOURCES, source, { ...source.status, ownerID: source.spec.nodeID, runningParameters: source.spec.parameters ?? {}, currentState, ...more }))
}

function after({ time }: Position, ms: number, next: () => Next): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : next()
}

/** Waits for somebody who uploads (see longhornUpload.ts), and not for ever: backing-image-manager pkg/datasource/service.go, pkg/sync/sync_file.go. */
function awaitUpload(position: Position): Next {
  const { source, image, time } = position
  const to = moved(position)
  const late = (message: string, ms: number = TAKES.beginUpload) => after(position, ms, () => to('failed', { message }))
  switch (source.status?.currentState ?? '') {
    case '':
      return uploadTroubleOf(image) === 'not-ready' ? wait(time.takes(TAKES.tick)) : after(position, TAKES.startSource, () => to('pending', { progress: 0, message: '' }))
    case 'pending': return late('timeout waiting for the datasource file processing begin')
    case 'starting': return late('failed to wait for processing begin in 60 seconds, current state starting')
    case 'in-progress': return late('failed to process sync file: context cancelled during the copy', TAKES.abandonUpload)
    case 'ready-for-transfer': return handOver(position)
    case 'failed': return after(position, TAKES.tick, () => to('failed-and-cleanup'))
    default: return NOTHING
  }
}

function advance(position: Position): Next {
  const { source, file, world, time } = position
  const to = moved(position)
  const { sourceType = 'download', parameters = {} } = source.spec
  switch (source.status?.currentState ?? '') {
    case '':
      return after(position, TAKES.startSource, () => isAwaited('Initialized', file, world) ? wait(time.takes(TAKES.tick)) : to('starting', { progress: 0, message: '' }))
    case 'starting':
      if (sourceType === 'export-from-volume')
        return startExport(source, world.get(LONGHORN_VOLUMES, `${source.metadata.namespace}/${parameters['volume-name']}`), to)
      return after(position, TAKES.startSource, () => sourceType === 'clone' ? startClone(file, world, to) : startDownload(position))
    case 'in-progress':
      return transfer(position)
    case 'ready-for-transfer':
      return handOver(position)
    case 'failed':
      return after(position, TAKES.tick, () => to('failed-and-cleanup'))
    case 'failed-and-cleanup':
      return sourceType === 'download' || sourceType === 'export-from-volume'
        ? after(position, TAKES.retryFile, () => to('', { progress: 0, message: '', checksum: '' }))
        : NOTHING
    default:
      return NOTHING
  }
}

/** To the manager of its disk, also where other bytes are recorded of the image: then its copy has failed, and the source stays as it is for good. */
function handOver(position: Position): Next {
  return after(position, TAKES.tick, () => moved(position)('ready'))
}

function startExport(source: BackingImageDataSource, volume: LonghornVolume | undefined, to: To): Next {
  const name = source.spec.parameters?.['volume-name']
  if (!volume)
    return to('failed', { message: `failed to get volume ${name} before exporting backing image` })
  return volume.status?.state === 'attached' ? to('in-progress', { size: Number(volume.spec.size ?? 0), progress: 0 }) : NOTHING
}

function startClone(file: BackingImage, world: World, to: To): Next {
  const size = sizeOfClone(file, world)
  return size === undefined ? NOTHING : to('in-progress', { size, progress: 0 })
}

/** Asks for the size, which must be one that can be read directly from a disk. */
function startDownload(position: Position): Next {
  const { source, image, world, time } = position
  const url = source.spec.parameters?.url ?? ''
  const to = moved(position)
  const head = headOf(url, mirrorSeen(world, time.now))
  if (!head.ok)
    return to('failed', { message: head.code ? `expected status code 200 from ${url}, got ${head.code}` : head.message })
  const refusal = longhornRefusal(importTroubleOf(image), url, head.size) ?? (head.size % 512 === 0 ? undefined : oddSize(head.size))
  return refusal ? to('failed', { message: refusal }) : to('in-progress', { size: head.size, progress: 0 })
}

/** One step further; a connection that breaks ends it where it broke. */
function transfer(position: Position): Next {
  const { source, image, world, time } = position
  const { size = 0, progress = 0 } = source.status ?? {}
  const url = source.spec.parameters?.url ?? ''
  const mirror = mirrorSeen(world, time.now)
  const told = size || 1
  const bytes = importTroubleOf(image) === 'cut' ? Math.floor(told / 1024) * 512 : bytesOf(url, told, mirror)
  // Without a size nobody can tell how far it is, and what never ends is never done.
  if (bytes === Infinity)
    return NOTHING
  const end = Math.min(100, Math.floor(bytes * 100 / told))
  const pace = paceOf(told, rateOf(url, mirror))
  return after(position, pace.ms, () => {
    const to = moved(position)
    const next = Math.min(end, progress + pace.percent)
    if (next < end)
      return to('in-progress', { progress: next })
    const broken = brokenAt(position)
    if (broken || (size > 0 && bytes !== size))
      return to('failed', { progress: end, message: `failed to process sync file: ${broken ? 'unexpected EOF' : `processed data size ${bytes} does not match the expected file size ${size}`}` })
    return finish(source, servedBy(position), to, bytes)
  })
}

/** Whether the connection ends before what the server began to send. */
function brokenAt({ source, image, world, time }: Position): boolean {
  const url = source.spec.parameters?.url ?? ''
  return importTroubleOf(image) === 'cut' || breaksOff(url, mirrorSeen(world, time.now))
}

function servedBy({ source, given, world, time }: Position): string {
  const { parameters = {}, checksum = '' } = source.spec
  if (parameters.url === undefined)
    return sha512(`${parameters['volume-name'] ?? source.metadata.name} as of ${source.metadata.uid}`)
  return checksumServed({ url: parameters.url, expected: checksum, given, now: time.now, day: time.takes(TAKES.day), mirror: mirrorSeen(world, time.now) })
}

/** The status of a source whose bytes have all arrived: ready for the manager of their disk, or failed where they are not those that were expected. */
export function arrived(expected: string, checksum: string, size: number): { readonly currentState: 'ready-for-transfer' | 'failed', readonly progress: number, readonly size: number, readonly checksum: string, readonly message: string } {
  const differs = expected !== '' && expected !== checksum
  const message = differs ? `failed to process sync file: the expected checksum ${expected} doesn't match the file actual checksum ${checksum}` : ''
  return { currentState: differs ? 'failed' : 'ready-for-transfer', progress: 100, size, checksum, message }
}

function finish(source: BackingImageDataSource, checksum: string, to: To, bytes: number): Next {
  const { currentState, ...more } = arrived(source.spec.checksum ?? '', checksum, source.status?.size || bytes)
  return to(currentState, more)
}
