import type { LonghornReplica } from '#health/longhorn.ts'
import { BACKING_IMAGES, LONGHORN_NODES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { stamp } from './conditions.ts'
import { REPLICAS_BY_DISK, REPLICAS_BY_VOLUME, diskOf, isReachable, standingOf } from './disks.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, on, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index } from './world.ts'

const REPLICAS_BY_IMAGE: Index<LonghornReplica> = { kind: LONGHORN_REPLICAS, keys: replica => [replica.spec.backingImage || undefined] }

/** Longhorn's replica: runs while its volume is attached, its disk answers, and its image has a good copy there (longhorn-manager controller/replica_controller.go). */
export const longhornReplicas: Controller<LonghornReplica> = {
  name: 'longhorn-replica',
  actor: 'longhorn-engine',
  kind: LONGHORN_REPLICAS,
  wakes: [
    on(LONGHORN_VOLUMES, (volume, world) => world.find(REPLICAS_BY_VOLUME, volume.metadata.name).map(objectKey)),
    on(LONGHORN_NODES, (node, world) => Object.values(node.status?.diskStatus ?? {}).flatMap(disk => world.find(REPLICAS_BY_DISK, disk.diskUUID).map(objectKey)), standingOf),
    on(BACKING_IMAGES, (image, world) => world.find(REPLICAS_BY_IMAGE, image.metadata.name).map(objectKey)),
  ],
  stage: replica => `${replica.status?.currentState} ${replica.spec.failedAt}`,
  step(replica, world, time) {
    const { volumeName, diskID = '', backingImage } = replica.spec
    const volume = world.get(LONGHORN_VOLUMES, `${replica.metadata.namespace}/${volumeName}`)
    if (!volume || replica.metadata.deletionTimestamp)
      return NOTHING
    const to = (currentState: string) => setStatus(LONGHORN_REPLICAS, replica, { ...replica.status, currentState })
    const state = replica.status?.currentState ?? ''
    if (!volume.spec.nodeID)
      return writeOr(to('stopped'), NOTHING)
    if (!isReachable(diskOf(world, diskID)))
      return replica.spec.failedAt ? writeOr(to('stopped'), NOTHING) : write(state === 'running' ? change(LONGHORN_REPLICAS, replica, { spec: { failedAt: stamp(time.now) } }) : to('stopped'))
    if (state === 'running' && !replica.spec.failedAt)
      return NOTHING

    const image = backingImage ? world.get(BACKING_IMAGES, `${replica.metadata.namespace}/${backingImage}`) : undefined
    if (image && !image.spec.diskFileSpecMap?.[diskID])
      return write(change(BACKING_IMAGES, image, { spec: { diskFileSpecMap: { [diskID]: { dataEngine: 'v1', evictionRequested: false } } } }))
    if (backingImage && image?.status?.diskFileStatusMap?.[diskID]?.state !== 'ready')
      return writeOr(to('stopped'), NOTHING)
    if (!replica.spec.failedAt)
      return write(to('running'))
    // It failed and its disk is back: rebuilt from the others first.
    if (state !== 'starting')
      return write(to('starting'))
    return time.left(TAKES.rebuildReplica) > 0 ? wait(time.left(TAKES.rebuildReplica)) : write(change(LONGHORN_REPLICAS, replica, { spec: { failedAt: '', healthyAt: stamp(time.now) } }), to('running').map(withoutExpectation))
  },
}

function withoutExpectation<T extends object>(entry: T): T {
  return { ...entry, expect: undefined }
}
