import type { BackingImage, BackingImageDataSource, CopyStatus } from '#health/longhorn.ts'
import { MANAGERS_BY_DISK, MANAGERS_BY_IMAGE, REPLICAS_BY_COPY, diskForImage, diskOf } from './disks.ts'
import { stamp } from './conditions.ts'
import { isAwaited } from './follower.ts'
import type { Time } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

export type CopyMap = Readonly<Record<string, CopyStatus>>

interface Wanted {
  /** Disk UUID → whether its copy shall leave. */
  readonly map: Readonly<Record<string, boolean>>
  /** Disks that an operator wants empty and that hold the only good copy. */
  readonly refused: readonly string[]
  /** Milliseconds until the map may change by time alone. */
  readonly again?: number
}

const GONE_BAD = ['failed', 'failed-and-cleanup', 'unknown']

/**
 * Which disks shall hold a copy: the data source's own, one more where too few are good, fewer where copies leave.
 * Source: longhorn-manager backing_image_controller.go replenishBackingImageCopies, cleanupEvictionRequestedBackingImageCopies; node_controller.go cleanUpBackingImagesInDisks.
 */
export function wantedDisks(image: BackingImage, source: BackingImageDataSource, world: World, time: Time): Wanted {
  const { name } = image.metadata
  const states = image.status?.diskFileStatusMap ?? {}
  const isGone = (disk: string) => !diskOf(world, disk)
  const named = Object.entries(image.spec.diskFileSpecMap ?? {}).map(([disk, entry]) => [disk, Boolean(entry.evictionRequested) || isGone(disk)] as const)
  if (!source.spec.fileTransferred) {
    const own = source.spec.diskUUID ? { [source.spec.diskUUID]: false } : {}
    return { map: { ...own, ...Object.fromEntries(named) }, refused: [] }
  }

  const isReady = (disk: string) => states[disk]?.state === 'ready' && !isGone(disk)
  const inUse = (disk: string) => world.find(REPLICAS_BY_COPY, `${name}/${disk}`).length > 0
  const stay: (readonly [string, boolean])[] = named.filter(([, leaving]) => !leaving)
  let spare = stay.some(([disk]) => isReady(disk))
  const refused: string[] = []
  for (const [disk] of named.filter(([, leaving]) => leaving)) {
    const last = isReady(disk) && !spare
    if (last && !inUse(disk))
      refused.push(disk)
    if (inUse(disk) || last)
      stay.push([disk, true])
    spare ||= last
  }
  const map = Object.fromEntries(stay)

  const minimum = Math.max(1, image.spec.minNumberOfCopies ?? 1)
  const good = Object.keys(map).filter(disk => !isGone(disk) && !isSpoilt(image, disk) && !GONE_BAD.includes(states[disk]?.state ?? ''))
  const staying = good.filter(disk => !map[disk])
  if (good.length > 0 && staying.length < minimum) {
    if (isAwaited('Imported', image, world))
      return { map, refused, again: time.takes(TAKES.tick) }
    const disk = diskForImage(image, world, Object.keys({ ...map, ...image.spec.diskFileSpecMap }))
    return { map: disk ? { ...map, [disk.uuid]: false } : map, refused }
  }
  return { ...withoutUnused(image, map, minimum, time), refused }
}

/** Removes one copy that no replica has used for an hour, as long as enough stay. */
function withoutUnused(image: BackingImage, map: Record<string, boolean>, minimum: number, time: Time): { map: Record<string, boolean>, again?: number } {
  const states = image.status?.diskFileStatusMap ?? {}
  const disks = Object.keys(map)
  const ready = disks.filter(disk => states[disk]?.state === 'ready').length
  const failed = disks.filter(disk => states[disk]?.state?.startsWith('failed')).length
  const handling = disks.length - ready - failed
  const spare = (disk: string) => {
    const state = states[disk]?.state ?? ''
    if (state === 'ready')
      return ready > minimum
    return state.startsWith('failed') ? disks.length > minimum : ready + handling > minimum
  }
  const since = (disk: string) => Date.parse(image.status?.diskLastRefAtMap?.[disk] ?? '')
  const wait = time.takes(TAKES.cleanUpCopies)
  const unused = disks.filter(disk => spare(disk) && !Number.isNaN(since(disk))).sort((a, b) => since(a) - since(b))
  const [oldest] = unused
  if (oldest === undefined)
    return { map }
  const left = since(oldest) + wait - time.now
  if (left > 0)
    return { map, again: left }
  return { map: Object.fromEntries(Object.entries(map).filter(([disk]) => disk !== oldest)) }
}

export interface Copies {
  readonly diskFileStatusMap: CopyMap
  readonly diskLastRefAtMap: Readonly<Record<string, string>>
  readonly checksum: string
  readonly size?: number
  readonly virtualSize?: number
  readonly realSize?: number
}

/** What the managers (and, for the first file, the data source) say of each copy. The first checksum ever reported is recorded for good; a copy with another has failed. */
export function copiesOf(image: BackingImage, source: BackingImageDataSource, world: World, now: number): Copies {
  const { name } = image.metadata
  const before = image.status?.diskFileStatusMap ?? {}
  const seen: Record<string, { state: string, progress: number, message: string, checksum?: string }> = {}
  let { size, virtualSize, realSize } = (image.status ?? {}) as Copies
  if (!source.spec.fileTransferred && source.spec.diskUUID && image.spec.diskFileSpecMap?.[source.spec.diskUUID]) {
    const { currentState = '', progress = 0, message = '', checksum } = source.status ?? {}
    seen[source.spec.diskUUID] = { state: currentState === 'ready' ? 'ready-for-transfer' : currentState, progress, message, ...(checksum ? { checksum } : {}) }
    size = source.status?.size ?? size
  }
  for (const manager of world.find(MANAGERS_BY_IMAGE, name)) {
    const file = manager.status?.backingImageFileMap?.[name] as FileOnDisk | undefined
    if (!file?.state || !image.spec.diskFileSpecMap?.[manager.spec.diskUUID])
      continue
    seen[manager.spec.diskUUID] = { state: file.state, progress: file.progress ?? 0, message: file.message ?? '', ...(file.currentChecksum ? { checksum: file.currentChecksum } : {}) }
    size = file.size ?? size
    virtualSize = file.virtualSize ?? virtualSize
    realSize = file.realSize ?? realSize
  }
  const reported = Object.values(seen).find(copy => copy.checksum && copy.state !== 'failed' && copy.state !== 'unknown')?.checksum ?? Object.values(seen).find(copy => copy.checksum)?.checksum
  const checksum = image.status?.checksum || reported || ''
  const map: Record<string, CopyStatus> = {}
  for (const [disk, copy] of Object.entries(seen)) {
    const differs = (copy.state === 'ready' || copy.state === 'ready-for-transfer') && copy.checksum !== undefined && copy.checksum !== checksum
    const state = differs ? 'failed' : copy.state
    const message = differs ? `Backing image recorded checksum ${checksum} doesn't match the file checksum ${copy.checksum} in disk ${disk}` : copy.message
    const old = before[disk]
    const changed = old?.state !== state
    map[disk] = { dataEngine: 'v1', state, progress: copy.progress, message, lastStateTransitionTime: changed || !old?.lastStateTransitionTime ? stamp(now) : old.lastStateTransitionTime }
  }
  return { diskFileStatusMap: map, diskLastRefAtMap: lastUse(image, map, world, now), checksum, ...sizes({ size, virtualSize, realSize }) }
}

/** A file as its manager says it (longhorn-manager BackingImageFileInfo). */
export interface FileOnDisk {
  readonly name?: string
  readonly uuid?: string
  readonly state?: string
  readonly progress?: number
  readonly message?: string
  readonly currentChecksum?: string
  readonly size?: number
  readonly virtualSize?: number
  readonly realSize?: number
  readonly sendingReference?: number
  readonly senderManagerAddress?: string
}

function sizes(known: { size?: number | undefined, virtualSize?: number | undefined, realSize?: number | undefined }): object {
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}

function lastUse(image: BackingImage, map: CopyMap, world: World, now: number): Record<string, string> {
  const before = image.status?.diskLastRefAtMap ?? {}
  const unused = Object.keys(map).filter(disk => world.find(REPLICAS_BY_COPY, `${image.metadata.name}/${disk}`).length === 0)
  return Object.fromEntries(unused.map(disk => [disk, before[disk] ?? stamp(now)]))
}

/** On a BackingImage: UUIDs of disks, `a,b`, whose copies somebody has written other bytes into. Longhorn notices, and the note is gone. */
export const SPOILT_COPIES_ANNOTATION = 'guardrails.test/spoilt-copies'

/** Whether somebody has written other bytes into the copy on that disk, and nobody has noticed. */
export function isSpoilt(image: BackingImage, disk: string): boolean {
  return (image.metadata.annotations?.[SPOILT_COPIES_ANNOTATION] ?? '').split(',').includes(disk)
}

/** Where a peer could send the file from: a running manager on another disk whose copy is ready. */
export function hasSender(image: BackingImage, world: World, except: string): boolean {
  return Object.entries(image.status?.diskFileStatusMap ?? {})
    .some(([disk, copy]) => disk !== except && copy.state === 'ready' && !isSpoilt(image, disk) && world.find(MANAGERS_BY_DISK, disk).some(({ status }) => status?.currentState === 'running' && status.backingImageFileMap?.[image.metadata.name]?.state === 'ready'))
}
