import type { BackingImageDataSource, LonghornVolume } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, LONGHORN_NODES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { diskForImage, diskOf, isReachable, standingOf } from './disks.ts'
import { sha512 } from './hash.ts'
import { checksumServed, headOf, paceOf, rateOf } from './internet.ts'
import type { Controller, Next, Time } from './step.ts'
import { NOTHING, change, on, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

// longhorn-manager controller/backing_image_data_source_controller.go: the first file of an image.

/** Data sources that read a volume, by its name: they hold it attached while they do. */
export const EXPORTS_BY_VOLUME: Index<BackingImageDataSource> = {
  kind: BACKING_IMAGE_DATA_SOURCES,
  keys: source => [!source.spec.fileTransferred && source.spec.diskUUID && ['starting', 'in-progress'].includes(source.status?.currentState ?? '') ? source.spec.parameters?.['volume-name'] : undefined],
}
const EXPORTS: Index<BackingImageDataSource> = { kind: BACKING_IMAGE_DATA_SOURCES, keys: source => [source.spec.parameters?.['volume-name']] }

/** Longhorn's first file of an image: downloaded, uploaded, or read from a volume. */
export const imageSources: Controller<BackingImageDataSource> = {
  name: 'backing-image-data-source',
  actor: 'longhorn',
  kind: BACKING_IMAGE_DATA_SOURCES,
  wakes: [
    on(BACKING_IMAGES, image => [objectKey(image)]),
    on(LONGHORN_NODES, (_node, world) => world.all(BACKING_IMAGE_DATA_SOURCES).filter(source => !source.spec.fileTransferred).map(objectKey), standingOf),
    on(LONGHORN_VOLUMES, (volume, world) => world.find(EXPORTS, volume.metadata.name).map(objectKey)),
  ],
  stage: source => `${source.spec.diskUUID} ${source.status?.currentState} ${source.status?.progress}`,
  step(source, world, time) {
    if (source.spec.fileTransferred || source.metadata.deletionTimestamp)
      return NOTHING
    const image = world.get(BACKING_IMAGES, objectKey(source))
    if (!image)
      return NOTHING
    if (!source.spec.diskUUID || (!isReachable(diskOf(world, source.spec.diskUUID)) && time.left(TAKES.ignoreNode) <= 0)) {
      if (source.status?.currentState)
        return write(setStatus(BACKING_IMAGE_DATA_SOURCES, source, { ownerID: source.spec.nodeID, currentState: '', progress: 0, message: '', checksum: '', runningParameters: {} }))
      const disk = diskForImage(image, world, Object.keys(image.spec.diskFileSpecMap ?? {}))
      return disk ? write(change(BACKING_IMAGE_DATA_SOURCES, source, { spec: { nodeID: disk.node.metadata.name, diskUUID: disk.uuid, diskPath: disk.path } })) : NOTHING
    }
    return advance(source, Date.parse(image.metadata.creationTimestamp), world, time)
  },
}

function advance(source: BackingImageDataSource, given: number, world: World, time: Time): Next {
  const to = (currentState: string, more: object = {}) =>
    write(setStatus(BACKING_IMAGE_DATA_SOURCES, source, { ...source.status, ownerID: source.spec.nodeID, runningParameters: source.spec.parameters ?? {}, currentState, ...more }))
  const after = (ms: number, next: () => Next): Next => time.left(ms) > 0 ? wait(time.left(ms)) : next()
  const { sourceType = 'download', parameters = {} } = source.spec
  const { currentState = '', progress = 0 } = source.status ?? {}
  const url = parameters.url ?? ''

  switch (currentState) {
    case '':
      return after(TAKES.startSource, () => to(sourceType === 'upload' ? 'pending' : 'starting', { progress: 0, message: '' }))
    case 'starting': {
      if (sourceType === 'export-from-volume')
        return startExport(source, world.get(LONGHORN_VOLUMES, `${source.metadata.namespace}/${parameters['volume-name']}`), to)
      const head = headOf(url)
      const refused = head.ok ? undefined : head.code ? `expected status code 200 from ${url}, got ${head.code}` : head.message
      return after(TAKES.startSource, () => head.ok ? to('in-progress', { size: head.size, progress: 0 }) : to('failed', { message: refused }))
    }
    case 'in-progress':
      return after(paceOf(source.status?.size ?? 1, rateOf(url)).ms, () => {
        const next = progress + paceOf(source.status?.size ?? 1, rateOf(url)).percent
        return next < 100 ? to('in-progress', { progress: next }) : finish(source, servedBy(source, given, time), to)
      })
    case 'failed':
      return after(TAKES.tick, () => to('failed-and-cleanup'))
    case 'failed-and-cleanup':
      return sourceType === 'download' || sourceType === 'export-from-volume'
        ? after(TAKES.retryFile, () => to('starting', { progress: 0, message: '', checksum: '' }))
        : NOTHING
    default:
      return NOTHING
  }
}

type To = (state: string, more?: object) => Next

function startExport(source: BackingImageDataSource, volume: LonghornVolume | undefined, to: To): Next {
  const name = source.spec.parameters?.['volume-name']
  if (!volume)
    return to('failed', { message: `failed to get volume ${name} before exporting backing image` })
  return volume.status?.state === 'attached' ? to('in-progress', { size: Number(volume.spec.size ?? 0), progress: 0 }) : NOTHING
}

function servedBy(source: BackingImageDataSource, given: number, time: Time): string {
  const { parameters = {}, checksum = '' } = source.spec
  if (parameters.url === undefined)
    return sha512(`${parameters['volume-name'] ?? source.metadata.name} as of ${source.metadata.uid}`)
  return checksumServed({ url: parameters.url, expected: checksum, given, now: time.now, day: time.takes(TAKES.day) })
}

function finish(source: BackingImageDataSource, checksum: string, to: To): Next {
  const expected = source.spec.checksum ?? ''
  return expected && expected !== checksum
    ? to('failed', { checksum, message: `failed to process sync file: the expected checksum ${expected} doesn't match the file actual checksum ${checksum}` })
    : to('ready', { checksum, progress: 100, message: '' })
}
