import type { BackingImage, DataEngine, LonghornDiskSpec, LonghornDiskStatus, LonghornNode, LonghornReplica, LonghornVolume } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_MANAGERS, LONGHORN_NODES, LONGHORN_REPLICAS } from '#health/longhorn.ts'
import type { BackingImageManager } from '#health/longhorn.ts'
import { isTrue } from './conditions.ts'
import { hex } from './hash.ts'
import type { Index, World } from './world.ts'

export interface Disk {
  readonly name: string
  readonly uuid: string
  readonly path: string
  readonly node: LonghornNode
  readonly spec: LonghornDiskSpec
  readonly status: LonghornDiskStatus
}

export const NODES_BY_DISK: Index<LonghornNode> = { kind: LONGHORN_NODES, keys: node => Object.values(node.status?.diskStatus ?? {}).map(disk => disk.diskUUID) }
export const MANAGERS_BY_DISK: Index<BackingImageManager> = { kind: BACKING_IMAGE_MANAGERS, keys: manager => [manager.spec.diskUUID] }
export const MANAGERS_BY_IMAGE: Index<BackingImageManager> = { kind: BACKING_IMAGE_MANAGERS, keys: manager => [...new Set([...Object.keys(manager.spec.backingImages ?? {}), ...Object.keys(manager.status?.backingImageFileMap ?? {})])] }
export const IMAGES_BY_DISK: Index<BackingImage> = { kind: BACKING_IMAGES, keys: image => Object.keys(image.spec.diskFileSpecMap ?? {}) }
export const REPLICAS_BY_DISK: Index<LonghornReplica> = { kind: LONGHORN_REPLICAS, keys: replica => [replica.spec.diskID] }
export const REPLICAS_BY_VOLUME: Index<LonghornReplica> = { kind: LONGHORN_REPLICAS, keys: replica => [replica.spec.volumeName] }
/** Key: `image/disk uuid`. */
export const REPLICAS_BY_COPY: Index<LonghornReplica> = { kind: LONGHORN_REPLICAS, keys: replica => [replica.spec.backingImage ? `${replica.spec.backingImage}/${replica.spec.diskID}` : undefined] }

function disksOf(node: LonghornNode): Disk[] {
  return Object.entries(node.status?.diskStatus ?? {}).flatMap(([name, status]) => {
    const spec = node.spec.disks?.[name]
    return spec && status.diskUUID ? [{ name, uuid: status.diskUUID, path: status.diskPath ?? spec.path ?? '', node, spec, status }] : []
  })
}

/** The disk with that UUID where exactly one node has it. */
export function diskOf(world: World, uuid: string | undefined): Disk | undefined {
  const [node] = world.find(NODES_BY_DISK, uuid)
  return node && disksOf(node).find(disk => disk.uuid === uuid)
}

export function isReachable(disk: Disk | undefined): disk is Disk {
  return Boolean(disk && isTrue(disk.node.status?.conditions, 'Ready') && isTrue(disk.status.conditions, 'Ready'))
}

function isSchedulable(disk: Disk): boolean {
  return isReachable(disk)
    && disk.node.spec.allowScheduling !== false && isTrue(disk.node.status?.conditions, 'Schedulable')
    && disk.spec.allowScheduling !== false && isTrue(disk.status.conditions, 'Schedulable')
}

function fits(disk: Disk, type: 'filesystem' | 'block', nodeTags: readonly string[] = [], diskTags: readonly string[] = []): boolean {
  return isSchedulable(disk) && (disk.spec.diskType ?? 'filesystem') === type
    && nodeTags.every(tag => disk.node.spec.tags?.includes(tag)) && diskTags.every(tag => disk.spec.tags?.includes(tag))
}

/** A disk for one more copy of an image, undefined where there is none: tags, readiness, and none that the image names already (longhorn-manager datastore GetReadyNodeDiskForBackingImage). Upstream draws; here the draw is the same each time. */
export function diskForImage(image: BackingImage, world: World, taken: readonly string[]): Disk | undefined {
  return world.all(LONGHORN_NODES).flatMap(disksOf)
    .filter(disk => !taken.includes(disk.uuid) && fits(disk, 'filesystem', image.spec.nodeSelector, image.spec.diskSelector))
    .sort(byDraw(image.metadata.name))[0]
}

/** A disk for one more replica of a volume: on a node that has none of it yet (hard anti-affinity, Longhorn's default). */
export function diskForReplica(volume: LonghornVolume & { readonly spec: { readonly nodeSelector?: readonly string[], readonly diskSelector?: readonly string[] } }, world: World, replicas: readonly LonghornReplica[]): Disk | undefined {
  const type = (volume.spec.dataEngine as DataEngine | undefined) === 'v2' ? 'block' : 'filesystem'
  return world.all(LONGHORN_NODES).flatMap(disksOf)
    .filter(disk => !replicas.some(replica => replica.spec.nodeID === disk.node.metadata.name) && fits(disk, type, volume.spec.nodeSelector, volume.spec.diskSelector))
    .sort(byDraw(volume.metadata.name))[0]
}

function byDraw(name: string): (a: Disk, b: Disk) => number {
  return (a, b) => hex(`${name} ${a.uuid}`) < hex(`${name} ${b.uuid}`) ? -1 : 1
}

/** What of a Longhorn node decides over copies and replicas; its tallies do not. */
export function standingOf(node: LonghornNode): string {
  const conditions = (list?: readonly { readonly type: string, readonly status: string }[]) => list?.map(condition => `${condition.type}=${condition.status}`)
  const disks = Object.entries(node.status?.diskStatus ?? {}).map(([name, disk]) => [name, disk.diskUUID, conditions(disk.conditions)])
  return JSON.stringify([node.spec, node.metadata.annotations, conditions(node.status?.conditions), disks])
}
