import type { BackingImage, BackingImageDataSource } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, BACKING_IMAGE_MANAGERS, LONGHORN_NODES, LONGHORN_REPLICAS } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { objectKey } from '#kube/object.ts'
import { diskForFirst } from './clones.ts'
import type { CopyMap } from './copies.ts'
import { copiesOf, wantedDisks } from './copies.ts'
import { IMAGES_BY_DISK, MANAGERS_BY_DISK, MANAGERS_BY_IMAGE, REPLICAS_BY_COPY, diskForImage, diskOf, standingOf } from './disks.ts'
import { hex } from './hash.ts'
import { LONGHORN_SETTINGS } from './kinds.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, addFinalizer, addressOf, change, create, dropFinalizer, on, ownerOf, remove, setStatus, tell, write } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// longhorn-manager controller/backing_image_controller.go, v1 data engine.

const FINALIZER = 'longhorn.io'
const RECHECK = 30_000

/** Longhorn's controller of BackingImages: keeps the first file, enough copies on disks, and the status of each copy. */
export const backingImages: Controller<BackingImage> = {
  name: 'backing-image',
  actor: 'longhorn',
  kind: BACKING_IMAGES,
  reads: [IMAGES, LONGHORN_SETTINGS],
  wakes: [
    on(BACKING_IMAGE_DATA_SOURCES, source => [objectKey(source)]),
    on(BACKING_IMAGE_MANAGERS, manager => [...new Set([...Object.keys(manager.spec.backingImages ?? {}), ...Object.keys(manager.status?.backingImageFileMap ?? {})])].map(name => `${manager.metadata.namespace}/${name}`)),
    on(LONGHORN_NODES, (_node, world) => world.all(BACKING_IMAGES).map(objectKey), standingOf),
    on(LONGHORN_REPLICAS, replica => [replica.spec.backingImage ? `${replica.metadata.namespace}/${replica.spec.backingImage}` : undefined]),
  ],
  step(image, world, time) {
    if (image.metadata.deletionTimestamp)
      return clear(image, world)
    const finalize = addFinalizer(BACKING_IMAGES, image, FINALIZER)
    if (finalize.length > 0)
      return write(finalize)
    const { uuid } = image.status ?? {}
    if (!uuid)
      return write(setStatus(BACKING_IMAGES, image, { uuid: hex(image.metadata.uid), ownerID: firstNode(world), checksum: '', size: 0, virtualSize: 0, realSize: 0, ...image.status }))
    const source = world.get(BACKING_IMAGE_DATA_SOURCES, objectKey(image))
    if (!source)
      return write(makeSource(image, uuid, world))
    const disks = wantedDisks(image, source, world, time)
    const specMap = Object.fromEntries(Object.entries(disks.map).map(([disk, evictionRequested]) => [disk, { dataEngine: 'v1', evictionRequested }]))
    const spec = specChange(image, specMap)
    const managers = manage(image, uuid, specMap, world)
    const refusals = disks.refused.map(disk => refusal(image, disk, time.now))
    if (spec.length > 0)
      return write(spec, managers, refusals)
    const copies = copiesOf(image, source, world, time.now)
    const status = setStatus(BACKING_IMAGES, image, { ...image.status, ...copies })
    return { writes: [...managers, ...refusals, ...status, ...sourceChange(image, source, copies.diskFileStatusMap, world, time)], ...later(image, time, disks.again) }
  },
}

/** When time alone may change something: a spare copy's hour, or the wait before a new download. */
function later(image: BackingImage, time: Time, ms?: number): { again?: number } {
  const broken = Object.values(image.status?.diskFileStatusMap ?? {}).every(copy => copy.state === 'failed')
  const waits = [...(ms === undefined ? [] : [ms]), ...(broken ? [time.takes(RECHECK)] : [])]
  return waits.length > 0 ? { again: Math.max(Math.min(...waits), time.takes(TAKES.tick)) } : {}
}

function firstNode(world: World): string {
  return world.all(LONGHORN_NODES).map(node => node.metadata.name).sort()[0] ?? ''
}

/** It is placed where a copy is ready, or else on a disk that is free. */
function makeSource(image: BackingImage, uuid: string, world: World): Write {
  const ready = Object.entries(image.status?.diskFileStatusMap ?? {}).find(([, copy]) => copy.state === 'ready')?.[0]
  const place = ready === undefined ? diskForFirst(image, world, []) : diskOf(world, ready)
  return create(BACKING_IMAGE_DATA_SOURCES, {
    metadata: { name: image.metadata.name, namespace: image.metadata.namespace, labels: { 'longhorn.io/component': 'backing-image-data-source', 'longhorn.io/managed-by': 'longhorn-manager' }, ownerReferences: [ownerOf(BACKING_IMAGES, image)], finalizers: [FINALIZER] },
    spec: {
      nodeID: place?.node.metadata.name ?? '', diskUUID: ready ?? place?.uuid ?? '', diskPath: place?.path ?? '', uuid,
      checksum: image.spec.checksum ?? '', sourceType: image.spec.sourceType ?? 'download', parameters: image.spec.sourceParameters ?? {},
      fileTransferred: ready !== undefined,
    },
  })
}

function specChange(image: BackingImage, wanted: Readonly<Record<string, { evictionRequested: boolean }>>): Write[] {
  const now = image.spec.diskFileSpecMap ?? {}
  const body: Record<string, unknown> = {}
  for (const disk of Object.keys(now)) {
    if (!wanted[disk])
      body[disk] = null
  }
  for (const [disk, entry] of Object.entries(wanted)) {
    if (!now[disk] || Boolean(now[disk].evictionRequested) !== entry.evictionRequested)
      body[disk] = entry
  }
  return Object.keys(body).length > 0 ? [change(BACKING_IMAGES, image, { spec: { diskFileSpecMap: body } })] : []
}

/** The name of a disk's manager, as Longhorn makes it of a hash (types.GetBackingImageManagerName). */
export function managerName(node: string, disk: string): string {
  return `bim-${hex(`${node} ${disk}`, 56)}`
}

/** One manager a disk; each lists the images whose files its disk shall hold. */
function manage(image: BackingImage, uuid: string, wanted: Readonly<Record<string, unknown>>, world: World): Write[] {
  const { name, namespace } = image.metadata
  const leaving = world.find(MANAGERS_BY_IMAGE, name)
    .filter(manager => manager.spec.backingImages?.[name] && !wanted[manager.spec.diskUUID])
    .map(manager => change(BACKING_IMAGE_MANAGERS, manager, { spec: { backingImages: { [name]: null } } }))
  const coming = Object.keys(wanted).flatMap(uuidOfDisk => {
    const [manager] = world.find(MANAGERS_BY_DISK, uuidOfDisk).filter(one => !one.metadata.deletionTimestamp)
    if (manager)
      return manager.spec.backingImages?.[name] === uuid ? [] : [change(BACKING_IMAGE_MANAGERS, manager, { spec: { backingImages: { [name]: uuid } } })]
    const disk = diskOf(world, uuidOfDisk)
    return disk
      ? [create(BACKING_IMAGE_MANAGERS, {
          metadata: { name: managerName(disk.node.metadata.name, disk.uuid), namespace, labels: { 'longhorn.io/component': 'backing-image-manager', 'longhorn.io/disk-uuid': disk.uuid, 'longhorn.io/managed-by': 'longhorn-manager', 'longhorn.io/node': disk.node.metadata.name } },
          spec: { image: 'longhornio/backing-image-manager:v1.12.1', nodeID: disk.node.metadata.name, diskUUID: disk.uuid, diskPath: disk.path, backingImages: { [name]: uuid } },
        })]
      : []
  })
  return [...leaving, ...coming]
}

/** The data source has done its work once a copy is ready; it begins anew only when every copy has failed for long enough, and only for a download. */
function sourceChange(image: BackingImage, source: BackingImageDataSource, copies: CopyMap, world: World, time: Time): Write[] {
  const states = Object.values(copies)
  if (!source.spec.fileTransferred) {
    const ready = states.some(copy => copy.state === 'ready')
    return ready ? [change(BACKING_IMAGE_DATA_SOURCES, source, { spec: { fileTransferred: true } })] : []
  }
  const interval = Number(world.get(LONGHORN_SETTINGS, `${image.metadata.namespace}/backing-image-recovery-wait-interval`)?.value ?? TAKES.recoverImage / 1000)
  const until = time.now - time.takes(interval * 1000)
  const named = Object.keys(image.spec.diskFileSpecMap ?? {})
  const lost = named.every(disk => copies[disk]?.state === 'failed') && states.every(copy => copy.state === 'failed' && Date.parse(copy.lastStateTransitionTime ?? '') <= until)
  if (!lost || image.spec.sourceType !== 'download')
    return []
  const disk = diskForImage(image, world, named)
  // Where every disk has been tried it is waited for another, and nothing says so.
  if (!disk)
    return []
  const begun = { currentState: '', progress: 0, message: '', checksum: '', runningParameters: null }
  return [
    change(BACKING_IMAGE_DATA_SOURCES, source, { spec: { fileTransferred: false, nodeID: disk.node.metadata.name, diskUUID: disk.uuid, diskPath: disk.path } }),
    { do: 'patch', kind: BACKING_IMAGE_DATA_SOURCES, at: addressOf(source), part: 'status', body: { status: begun } },
  ]
}

function refusal(image: BackingImage, disk: string, now: number): Write {
  return tell(BACKING_IMAGES, image, 'Normal', 'FailedDeleting', `Failed to evict backing image copy on disk ${disk} for now since there is no other healthy backing image copy`, now)
}

/** An image goes when no replica is on it (longhorn-manager cleanupBackingImage): its source first, then its place in the managers. */
function clear(image: BackingImage, world: World): Next {
  const { name } = image.metadata
  if (world.find(MANAGERS_BY_IMAGE, name).some(manager => world.find(REPLICAS_BY_COPY, `${name}/${manager.spec.diskUUID}`).length > 0))
    return NOTHING
  const source = world.get(BACKING_IMAGE_DATA_SOURCES, objectKey(image))
  if (source)
    return source.metadata.deletionTimestamp ? NOTHING : write(remove(BACKING_IMAGE_DATA_SOURCES, source))
  return write(
    world.find(MANAGERS_BY_IMAGE, name).filter(manager => manager.spec.backingImages?.[name]).map(manager => change(BACKING_IMAGE_MANAGERS, manager, { spec: { backingImages: { [name]: null } } })),
    dropFinalizer(BACKING_IMAGES, image, FINALIZER),
  )
}

/** Copies a node's and a disk's eviction flag onto the images there (longhorn-manager node_controller.go syncBackingImageEvictionRequested): when no flag is left on the node nothing is done, so the last flag stays on the copies. */
export function evictionWrites(world: World, disks: readonly { readonly uuid: string, readonly evicting: boolean }[]): Write[] {
  if (!disks.some(disk => disk.evicting))
    return []
  return disks.flatMap(({ uuid, evicting }) => world.find(IMAGES_BY_DISK, uuid)
    .filter(image => Boolean(image.spec.diskFileSpecMap?.[uuid]?.evictionRequested) !== evicting && image.status?.diskFileStatusMap?.[uuid])
    .map(image => change(BACKING_IMAGES, image, { spec: { diskFileSpecMap: { [uuid]: { evictionRequested: evicting } } } })))
}
