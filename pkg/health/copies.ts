import type { Seen } from '#kube/seen.ts'
import type { BackingImage, BackingImageDataSource, BackingImageManager, LonghornDiskSpec, LonghornDiskStatus, LonghornNode, LonghornReplica } from './longhorn.ts'
import { findCondition } from '#kube/object.ts'

/** What Longhorn says around an image. A copy is believed by its node and its manager; replicas tell which disks need one. */
export interface CopiesWorld {
  readonly nodes: Seen<LonghornNode>
  readonly managers: Seen<BackingImageManager>
  readonly dataSources: Seen<BackingImageDataSource>
  readonly replicas: Seen<LonghornReplica>
}

/**
 * `ready`: usable. `moving`: being written. `absent`: wanted, nothing there yet. `failed`. `unreachable`: its host cannot be
 * asked. `orphan-disk`: no node has that disk. `ambiguous-disk`: several have. `leftover`: being removed. `unrecognised`:
 * a state that this console does not know, never taken for good.
 */
export type CopyWord = 'ready' | 'moving' | 'absent' | 'failed' | 'unreachable' | 'orphan-disk' | 'ambiguous-disk' | 'leftover' | 'unrecognised'

export type CopyCause = 'node-down' | 'disk-not-ready' | 'manager-down' | 'manager-missing' | 'state-unknown' | 'verifying' | 'checksum' | 'size' | 'source' | 'pod' | 'other'

export interface ImageCopy {
  readonly diskUuid: string
  readonly word: CopyWord
  readonly cause?: CopyCause
  readonly node?: string
  /** The disk's name on its node. */
  readonly disk?: string
  readonly path?: string
  /** Longhorn's own word; empty where it says nothing. */
  readonly state: string
  readonly message?: string
  /** Per cent. Longhorn says 100 of failed copies too. */
  readonly progress?: number
  /** Its copy, disk or node is to be emptied. */
  readonly evicting: boolean
  /** Volumes with a replica on that disk, which needs this copy. */
  readonly usedBy: readonly string[]
  /** Whether node and disk could be looked at. */
  readonly hostSeen: boolean
}

/** Whether Longhorn refused what it downloaded again, for it is not what it recorded first: that is for good, whatever becomes of the other disks (longhorn-manager controller/backing_image_controller.go). */
export function isOfOtherBytes({ word, message = '' }: ImageCopy): boolean {
  return word === 'failed' && message.includes('recorded checksum')
}

interface Host { readonly node: LonghornNode, readonly name: string, readonly status: LonghornDiskStatus, readonly spec: LonghornDiskSpec | undefined }

function hostsByDisk(nodes: readonly LonghornNode[]): ReadonlyMap<string, readonly Host[]> {
  const hosts = new Map<string, Host[]>()
  for (const node of nodes) {
    for (const [name, status] of Object.entries(node.status?.diskStatus ?? {})) {
      if (status.diskUUID)
        hosts.set(status.diskUUID, [...hosts.get(status.diskUUID) ?? [], { node, name, status, spec: node.spec.disks?.[name] }])
    }
  }
  return hosts
}

const MOVING = ['pending', 'starting', 'in-progress', 'ready-for-transfer']

/** The image's copies by disk: all that are wanted (spec) or reported (status). Source: longhorn-manager controller/backing_image_controller.go. */
export function copiesOf(image: BackingImage, world: CopiesWorld): ImageCopy[] {
  const hosts = hostsByDisk(world.nodes.objects)
  const wanted = { ...image.spec.disks, ...image.spec.diskFileSpecMap }
  const reported = image.status?.diskFileStatusMap ?? {}
  return [...new Set([...Object.keys(wanted), ...Object.keys(reported)])].sort().map(diskUuid => describe(image, diskUuid, hosts.get(diskUuid) ?? [], world))
}

function describe(image: BackingImage, diskUuid: string, hosts: readonly Host[], world: CopiesWorld): ImageCopy {
  const entry = image.status?.diskFileStatusMap?.[diskUuid]
  const [host] = hosts
  const hostSeen = world.nodes.state === 'live'
  const fallback = world.managers.objects.find(manager => manager.spec.diskUUID === diskUuid)?.spec
  const node = host?.node.metadata.name ?? fallback?.nodeID
  const path = host?.status.diskPath ?? host?.spec?.path ?? fallback?.diskPath
  const judged = classify(image, diskUuid, hosts, world)
  return {
    diskUuid,
    ...judged,
    ...(node && { node }),
    ...(host && { disk: host.name }),
    ...(path && { path }),
    state: entry?.state ?? '',
    ...(entry?.message && { message: entry.message }),
    ...(entry?.progress !== undefined && { progress: entry.progress }),
    evicting: Boolean(image.spec.diskFileSpecMap?.[diskUuid]?.evictionRequested || host?.spec?.evictionRequested || host?.node.spec.evictionRequested),
    usedBy: [...new Set(world.replicas.objects.filter(({ spec }) => spec.backingImage === image.metadata.name && spec.diskID === diskUuid).flatMap(({ spec }) => spec.volumeName ?? []))].sort(),
    hostSeen: hostSeen && hosts.length > 0,
  }
}

type Classified = Pick<ImageCopy, 'word' | 'cause'>

function classify(image: BackingImage, diskUuid: string, hosts: readonly Host[], world: CopiesWorld): Classified {
  const entry = image.status?.diskFileStatusMap?.[diskUuid]
  const { state = '', message = '' } = entry ?? {}
  const wanted = diskUuid in (image.spec.diskFileSpecMap ?? {}) || diskUuid in (image.spec.disks ?? {})
  if (!wanted)
    return { word: 'leftover' }
  const nodesSeen = world.nodes.state === 'live' && !world.nodes.partial
  if (nodesSeen && hosts.length === 0)
    return { word: 'orphan-disk' }
  if (hosts.length > 1)
    return { word: 'ambiguous-disk' }
  if (state === 'failed' || state === 'failed-and-cleanup')
    return { word: 'failed', cause: causeOf(message) }
  const [host] = hosts
  const away = host && hostTrouble(host)
  if (away)
    return { word: 'unreachable', cause: away }
  if (state === 'unknown')
    return { word: 'unreachable', cause: /suddenly modified/.test(message) ? 'verifying' : 'state-unknown' }
  if (MOVING.includes(state))
    return { word: 'moving' }
  if (state === '')
    return { word: 'absent' }
  if (state !== 'ready')
    return { word: 'unrecognised' }
  const manager = managerTrouble(image, diskUuid, world)
  return manager ? { word: 'unreachable', cause: manager } : { word: 'ready' }
}

/** A node that is down leaves its disks' own conditions at True for a while: both are asked. */
function hostTrouble({ node, status }: Host): CopyCause | undefined {
  if (findCondition(node.status?.conditions, 'Ready')?.status !== 'True')
    return 'node-down'
  return findCondition(status.conditions, 'Ready')?.status === 'True' ? undefined : 'disk-not-ready'
}

/** Whether managers keep the image's files: they do on data engine v1 only. */
export function hasManagers(image: BackingImage): boolean {
  return image.spec.dataEngine !== 'v2'
}

function managerTrouble(image: BackingImage, diskUuid: string, { managers, dataSources }: CopiesWorld): CopyCause | undefined {
  // What is not seen is said of the whole image (verdict.ts), not of each of its copies.
  if (!hasManagers(image) || managers.state !== 'live')
    return undefined
  const own = managers.objects.filter(manager => manager.spec.diskUUID === diskUuid)
  const first = dataSources.objects.find(source => source.metadata.name === image.metadata.name)
  if (!own.length)
    return first && !first.spec.fileTransferred && first.spec.diskUUID === diskUuid ? undefined : 'manager-missing'
  return own.every(manager => ['error', 'stopped', 'unknown'].includes(manager.status?.currentState ?? '')) ? 'manager-down' : undefined
}

/** What kind of failure Longhorn's message tells of (backing-image-manager pkg/sync, longhorn-manager controller/backing_image_controller.go). */
function causeOf(message: string): CopyCause {
  if (/checksum/i.test(message))
    return 'checksum'
  if (/size/i.test(message))
    return 'size'
  if (/status code|https?:|download|no such host|connection refused|timeout/i.test(message))
    return 'source'
  return /\bpod\b/i.test(message) ? 'pod' : 'other'
}

/**
 * Disks that Longhorn would put a copy of the image on, by UUID, besides those that hold one. Source: longhorn-manager
 * datastore/longhorn.go GetReadyNodeDiskForBackingImage; free space is not compared there either.
 */
export function eligibleDisks(image: BackingImage, nodes: readonly LonghornNode[]): string[] {
  const has = (tags: readonly string[] | undefined, needed: readonly string[] | undefined) => (needed ?? []).every(tag => tags?.includes(tag))
  const good = (conditions: LonghornDiskStatus['conditions']) => ['Ready', 'Schedulable'].every(type => findCondition(conditions, type)?.status === 'True')
  return nodes
    .filter(({ spec, status }) => spec.allowScheduling && !spec.evictionRequested && good(status?.conditions) && has(spec.tags, image.spec.nodeSelector))
    .flatMap(({ spec, status }) => Object.entries(status?.diskStatus ?? {}).flatMap(([name, disk]) => {
      const wanted = spec.disks?.[name]
      const filesystem = (disk.diskType ?? wanted?.diskType ?? 'filesystem') === 'filesystem'
      return disk.diskUUID && filesystem && wanted?.allowScheduling && !wanted.evictionRequested && good(disk.conditions) && has(wanted.tags, image.spec.diskSelector) ? disk.diskUUID : []
    }))
}
