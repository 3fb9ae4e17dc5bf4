import type { LonghornDiskSpec, LonghornDiskStatus, LonghornNode } from '#health/longhorn.ts'
import { BACKING_IMAGES, LONGHORN_NODES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { NODES } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { evictionWrites } from './backingImages.ts'
import { isTrue, withCondition } from './conditions.ts'
import { IMAGES_BY_DISK, NODES_BY_DISK, REPLICAS_BY_DISK } from './disks.ts'
import { uuidOf } from './hash.ts'
import type { Controller, Time } from './step.ts'
import { NOTHING, on, setStatus, wait, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// longhorn-manager controller/node_controller.go.

/** On a Longhorn node: disks (`disk-1,disk-2`) that do not answer any more. */
export const LOST_DISKS_ANNOTATION = 'guardrails.test/lost-disks'

const NAMESPACE = 'longhorn-system'
const DISK_SIZE = 960_197_124_096

/** Longhorn's node: which disks it has, whether they are ready, and what lies on them. */
export const longhornNodes: Controller<LonghornNode> = {
  name: 'longhorn-node',
  actor: 'longhorn',
  rest: 500,
  kind: LONGHORN_NODES,
  reads: [LONGHORN_VOLUMES],
  wakes: [
    on(NODES, node => [`${NAMESPACE}/${node.metadata.name}`]),
    on(LONGHORN_REPLICAS, replica => [replica.spec.nodeID ? `${NAMESPACE}/${replica.spec.nodeID}` : undefined]),
    on(BACKING_IMAGES, (image, world) => [...new Set(Object.keys(image.spec.diskFileSpecMap ?? {}).flatMap(disk => world.find(NODES_BY_DISK, disk).map(node => `${NAMESPACE}/${node.metadata.name}`)))]),
  ],
  stage: (node, world) => String(isUp(node, world)),
  step(node, world, time) {
    const up = isUp(node, world)
    if (!up && isTrue(node.status?.conditions, 'Ready') && time.left(TAKES.ignoreNode) > 0)
      return wait(time.left(TAKES.ignoreNode))
    const { name } = node.metadata
    const ready = withCondition(node.status?.conditions, up
      ? { type: 'Ready', status: 'True', message: `Node ${name} is ready` }
      : { type: 'Ready', status: 'False', reason: 'KubernetesNodeNotReady', message: `Kubernetes node ${name} not ready: ` }, time.now)
    const cordoned = world.get(NODES, name)?.spec?.unschedulable === true
    const conditions = withCondition(ready, cordoned
      ? { type: 'Schedulable', status: 'False', reason: 'KubernetesNodeCordoned', message: `Node ${name} is cordoned` }
      : { type: 'Schedulable', status: 'True' }, time.now)
    const disks = Object.entries(node.spec.disks ?? {}).map(([disk, spec]) => [disk, diskStatus(node, disk, spec, world, time)] as const)
    const status = setStatus(LONGHORN_NODES, node, { ...node.status, conditions, diskStatus: Object.fromEntries(disks) })
    const evicting = disks.map(([disk, { diskUUID = '' }]) => ({ uuid: diskUUID, evicting: Boolean(node.spec.evictionRequested || node.spec.disks?.[disk]?.evictionRequested) }))
    return writeOr([...status, ...evictionWrites(world, evicting)], NOTHING)
  },
}

function isUp(node: LonghornNode, world: World): boolean {
  return isTrue(world.get(NODES, node.metadata.name)?.status?.conditions, 'Ready')
}

type DiskStatus = LonghornDiskStatus & { readonly conditions: readonly Condition[] }

function diskStatus(node: LonghornNode, name: string, spec: LonghornDiskSpec, world: World, time: Time): DiskStatus {
  const old = node.status?.diskStatus?.[name]
  const diskUUID = old?.diskUUID || uuidOf(`${node.metadata.name} ${name}`)
  const lost = (node.metadata.annotations?.[LOST_DISKS_ANNOTATION] ?? '').split(',').map(entry => entry.trim()).includes(name)
  const path = spec.path ?? ''
  const ready = withCondition(old?.conditions, lost
    ? { type: 'Ready', status: 'False', reason: 'NoDiskInfo', message: `Disk ${name}(${path}) on node ${node.metadata.name} is not ready: failed to get disk config: cannot find disk config file, maybe due to a mount error` }
    : { type: 'Ready', status: 'True', message: `Disk ${name}(${path}) on node ${node.metadata.name} is ready` }, time.now)
  const conditions = withCondition(ready, lost
    ? { type: 'Schedulable', status: 'False', reason: 'DiskNotReady', message: `Disk ${name} (${path}) on the node ${node.metadata.name} is not ready` }
    : { type: 'Schedulable', status: 'True', message: `Disk ${name}(${path}) on node ${node.metadata.name} is schedulable` }, time.now)
  const replicas = world.find(REPLICAS_BY_DISK, diskUUID)
  const sizeOf = (volume?: string) => Number(world.get(LONGHORN_VOLUMES, `${NAMESPACE}/${volume}`)?.spec.size ?? 0)
  const scheduledReplica = Object.fromEntries(replicas.map(replica => [replica.metadata.name, sizeOf(replica.spec.volumeName)]))
  const scheduledBackingImage = Object.fromEntries(world.find(IMAGES_BY_DISK, diskUUID).map(image => [image.metadata.name, image.status?.realSize ?? 0]))
  const scheduled = sum(scheduledReplica)
  const maximum = old?.storageMaximum || DISK_SIZE
  return {
    ...old,
    conditions, diskUUID, diskName: name, diskPath: path, diskType: spec.diskType ?? 'filesystem',
    storageMaximum: maximum,
    // What is written of a volume is less than its size; a third is a usual share.
    storageAvailable: lost ? 0 : Math.max(0, maximum - Math.round(scheduled / 3) - sum(scheduledBackingImage)),
    // A disk that is not ready has nothing scheduled; its images are not counted out (longhorn#node_controller.go:944).
    storageScheduled: lost ? 0 : scheduled,
    scheduledReplica: lost ? {} : scheduledReplica,
    scheduledBackingImage: lost ? old?.scheduledBackingImage ?? {} : scheduledBackingImage,
  }
}

function sum(sizes: Readonly<Record<string, number>>): number {
  return Object.values(sizes).reduce((total, size) => total + size, 0)
}
