import type { BackingImage, BackingImageDataSource, BackingImageManager } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, BACKING_IMAGE_MANAGERS, LONGHORN_NODES } from '#health/longhorn.ts'
import { stamp } from './conditions.ts'
import type { FileOnDisk } from './copies.ts'
import { SPOILT_COPIES_ANNOTATION, hasSender, isSpoilt } from './copies.ts'
import type { Disk } from './disks.ts'
import { MANAGERS_BY_DISK, diskOf, isReachable, standingOf } from './disks.ts'
import { sha512 } from './hash.ts'
import { LOCAL_RATE, paceOf, virtualSizeOf } from './internet.ts'
import { CONFIG_MAPS } from './kinds.ts'
import { mirrorSeen } from './mirrorSight.ts'
import type { Controller, Time, Write } from './step.ts'
import { NOTHING, change, on, remove, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// longhorn-manager controller/backing_image_manager_controller.go and longhorn/backing-image-manager pkg/sync: one manager a disk, one file an image.

/** On a Longhorn node: disks (`disk-1,disk-2`) whose files cannot be trusted; a copy there fails, and each new one too. */
export const BAD_DISKS_ANNOTATION = 'guardrails.test/bad-disks'

/** Longhorn's managers of image files: the state of every copy on one disk. */
export const imageManagers: Controller<BackingImageManager> = {
  name: 'backing-image-manager',
  actor: 'longhorn',
  rest: 200,
  kind: BACKING_IMAGE_MANAGERS,
  reads: [CONFIG_MAPS],
  wakes: [
    on(LONGHORN_NODES, (node, world) => Object.values(node.status?.diskStatus ?? {}).flatMap(disk => world.find(MANAGERS_BY_DISK, disk.diskUUID).map(keyOf)), standingOf),
    on(BACKING_IMAGES, (image, world) => Object.keys(image.spec.diskFileSpecMap ?? {}).flatMap(disk => world.find(MANAGERS_BY_DISK, disk).map(keyOf))),
    on(BACKING_IMAGE_DATA_SOURCES, (source, world) => world.find(MANAGERS_BY_DISK, source.spec.diskUUID).map(keyOf)),
  ],
  stage: manager => Object.entries(manager.status?.backingImageFileMap ?? {}).map(([name, file]) => `${name} ${file.state} ${file.progress}`).join(),
  step(manager, world, time) {
    const listed = Object.entries(manager.spec.backingImages ?? {})
    if (manager.metadata.deletionTimestamp)
      return NOTHING
    if (listed.length === 0)
      return time.left(TAKES.ignoreNode) > 0 ? wait(time.left(TAKES.ignoreNode)) : write(remove(BACKING_IMAGE_MANAGERS, manager))
    const disk = diskOf(world, manager.spec.diskUUID)
    const running = isReachable(disk)
    const files: Record<string, FileOnDisk> = {}
    const noticed: Write[] = []
    let busy = false
    for (const [name, uuid] of listed) {
      const image = world.get(BACKING_IMAGES, `${manager.metadata.namespace}/${name}`)
      const old = (manager.status?.backingImageFileMap ?? {})[name] as FileOnDisk | undefined
      const file = image && !image.metadata.deletionTimestamp ? nextFile({ image, old, disk: running ? disk : undefined, manager, world, time }) : old
      if (image && file?.state === 'failed' && isSpoilt(image, manager.spec.diskUUID))
        noticed.push(forgetSpoilt(image, manager))
      busy ||= file?.state === undefined ? isComing(world.get(BACKING_IMAGE_DATA_SOURCES, `${manager.metadata.namespace}/${name}`), manager.spec.diskUUID) : MOVING.includes(file.state)
      if (file?.state)
        files[name] = { ...file, name, uuid }
    }
    const status = setStatus(BACKING_IMAGE_MANAGERS, manager, { ...manager.status, ownerID: manager.spec.nodeID, currentState: running ? 'running' : 'unknown', backingImageFileMap: files, apiMinVersion: 3, apiVersion: 3 })
    const again = busy ? time.takes(TAKES.tick) : isBad(disk) ? Math.max(time.left(TAKES.retryBadDisk), time.takes(TAKES.tick)) : undefined
    return writeOr([...status, ...noticed], running && again !== undefined ? wait(again) : NOTHING)
  },
}

/** It is noticed once: what is fetched afterwards is good again. */
function forgetSpoilt(image: BackingImage, { spec: { diskUUID } }: BackingImageManager): Write {
  const left = (image.metadata.annotations?.[SPOILT_COPIES_ANNOTATION] ?? '').split(',').filter(disk => disk !== diskUUID)
  return change(BACKING_IMAGES, image, { metadata: { annotations: { [SPOILT_COPIES_ANNOTATION]: left.join() || null } } })
}

const MOVING = ['pending', 'starting', 'in-progress']

/** Whether a file that is not there yet may come: from the source, or from a peer. */
function isComing(source: BackingImageDataSource | undefined, disk: string): boolean {
  return Boolean(source?.spec.fileTransferred) || (source?.status?.currentState === 'ready' && source.spec.diskUUID === disk)
}

function keyOf(manager: BackingImageManager): string {
  return `${manager.metadata.namespace}/${manager.metadata.name}`
}

function isBad(disk: Disk | undefined): boolean {
  return Boolean(disk && (disk.node.metadata.annotations?.[BAD_DISKS_ANNOTATION] ?? '').split(',').map(name => name.trim()).includes(disk.name))
}

interface Position {
  readonly image: BackingImage
  readonly old: FileOnDisk | undefined
  /** Undefined while the disk or its node cannot be reached. */
  readonly disk: Disk | undefined
  readonly manager: BackingImageManager
  readonly world: World
  readonly time: Time
}

/** The next state of one file; the same object where nothing is due. */
function nextFile(position: Position): FileOnDisk | undefined {
  const { image, old, disk, manager, world, time } = position
  const state = old?.state
  if (!disk)
    return old && state !== 'failed' && state !== 'unknown' ? { ...old, state: 'unknown', message: '' } : old
  const bad = isBad(disk)
  const recorded = image.status?.checksum ?? ''
  const source = world.get(BACKING_IMAGE_DATA_SOURCES, `${manager.metadata.namespace}/${image.metadata.name}`)
  const first = source && !source.spec.fileTransferred && source.spec.diskUUID === manager.spec.diskUUID
  const due = time.left(TAKES.tick) <= 0
  const sender = hasSender(image, world, manager.spec.diskUUID)

  if (state === 'unknown')
    return old?.currentChecksum ? { ...old, state: 'ready', progress: 100, message: '' } : undefined
  if (state === 'ready') {
    const other = sha512(bad ? `${recorded} spoilt on ${disk.uuid}` : 'spoilt')
    return bad || isSpoilt(image, disk.uuid) ? { ...old, state: 'failed', message: `ready file is modified at ${stamp(time.now)} with a different checksum ${other}, previous checksum ${old?.currentChecksum ?? ''}`, currentChecksum: other } : old
  }
  if (state === 'failed') {
    // When all are lost and the source fetches it anew, what is left elsewhere is thrown away.
    if (source && !source.spec.fileTransferred)
      return undefined
    // Deleted and fetched again where a peer can send it. Without one Longhorn tries in vain for a minute and then leaves it failed; here it is left at once.
    return sender && time.left(bad ? TAKES.retryBadDisk : TAKES.startSource) <= 0 ? undefined : old
  }
  if (first)
    return source.status?.currentState === 'ready' && due ? ready(image, source.status.checksum ?? '', source.status.size ?? 0, position) : undefined
  if (state === undefined)
    return source?.spec.fileTransferred && due ? { state: 'starting', progress: 0, message: '' } : undefined
  if (!due)
    return old
  if (!sender)
    return { ...old, state: 'failed', message: 'failed to process sync file: syncing file should be directly reused but failed' }
  const progress = Math.min(100, (old?.progress ?? 0) + paceOf(image.status?.size ?? 0, LOCAL_RATE).percent)
  if (progress < 100)
    return { ...old, state: 'in-progress', progress }
  return bad
    ? { ...old, state: 'failed', message: `failed to process sync file: the expected checksum ${recorded} doesn't match the file actual checksum ${sha512(`${recorded} spoilt on ${disk.uuid}`)}` }
    : ready(image, recorded, image.status?.size ?? 0, position)
}

function ready(image: BackingImage, checksum: string, size: number, { world, time }: Position): FileOnDisk {
  const mirror = mirrorSeen(world, time.now)
  // What is read from a volume or from another file is a raw disk.
  const url = image.spec.sourceParameters?.url ?? 'volume.raw'
  return { state: 'ready', progress: 100, message: '', currentChecksum: checksum, size, virtualSize: image.status?.virtualSize || virtualSizeOf(url, size, mirror), realSize: Math.ceil(size / 4096) * 4096, sendingReference: 0, senderManagerAddress: '' }
}
