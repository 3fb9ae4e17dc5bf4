import type { VolumeAttachment } from '#kube/core.ts'
import type { LonghornReplica, LonghornVolume } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, LONGHORN_NODES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { CLAIMS, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import { VMIS } from '#vms/vm.ts'
import { withCondition, withoutConditions } from './conditions.ts'
import { REPLICAS_BY_VOLUME, diskForReplica, standingOf } from './disks.ts'
import { hex } from './hash.ts'
import { EXPORTS_BY_VOLUME } from './imageSources.ts'
import { LONGHORN_ENGINES, PERSISTENT_VOLUMES } from './kinds.ts'
import { attachedForClone, cloneStatusOf, partnersOf } from './longhornClones.ts'
import { kubernetesStatusOf } from './longhornPods.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, change, create, on, ownerOf, remove, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

// longhorn-manager controller/volume_controller.go and volume_attachment_controller.go.

export const ATTACHMENTS_BY_VOLUME: Index<VolumeAttachment> = { kind: VOLUME_ATTACHMENTS, keys: attachment => [attachment.spec.source.persistentVolumeName] }

const named = (volume: string | undefined) => [volume ? `longhorn-system/${volume}` : undefined]

/** Longhorn's volume: its engine and replicas, where it is attached, and how well it is. */
export const longhornVolumes: Controller<LonghornVolume> = {
  name: 'longhorn-volume',
  actor: 'longhorn-engine',
  kind: LONGHORN_VOLUMES,
  reads: [PERSISTENT_VOLUMES, VMIS],
  wakes: [
    on(VOLUME_ATTACHMENTS, attachment => named(attachment.spec.source.persistentVolumeName)),
    on(LONGHORN_REPLICAS, replica => named(replica.spec.volumeName)),
    on(LONGHORN_ENGINES, engine => named(engine.spec.volumeName)),
    on(BACKING_IMAGE_DATA_SOURCES, source => named(source.spec.parameters?.['volume-name'])),
    on(CLAIMS, claim => named(claim.spec?.volumeName)),
    on(PODS, (pod, world) => (pod.spec?.volumes ?? []).flatMap(volume => volume.persistentVolumeClaim ? named(world.get(CLAIMS, `${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`)?.spec?.volumeName) : [])),
    on(LONGHORN_VOLUMES, partnersOf, volume => `${volume.status?.state} ${volume.status?.cloneStatus?.state}`),
    on(LONGHORN_NODES, (_node, world) => world.all(LONGHORN_VOLUMES).filter(volume => volume.status?.robustness !== 'healthy').map(objectKey), standingOf),
  ],
  stage: volume => `${volume.status?.state} ${volume.status?.robustness} ${volume.spec.nodeID} ${volume.status?.cloneStatus?.state}`,
  step(volume, world, time) {
    if (volume.metadata.deletionTimestamp)
      return NOTHING
    const replicas = world.find(REPLICAS_BY_VOLUME, volume.metadata.name)
    const made = make(volume, replicas, world)
    if (made.length > 0)
      return write(made)
    const nodeID = attachTo(volume, world)
    if (nodeID !== (volume.spec.nodeID ?? ''))
      return write(change(LONGHORN_VOLUMES, volume, { spec: { nodeID } }))
    const { state, again } = nextState(volume, replicas, world, time)
    const robustness = state === 'attached' ? robustnessOf(volume, replicas) : 'unknown'
    const { cloneStatus, again: later } = cloneStatusOf(volume, state, world, time)
    const kubernetesStatus = kubernetesStatusOf(volume, world, time.now)
    const status = {
      ...volume.status, state, robustness, kubernetesStatus, ...(cloneStatus && { cloneStatus }),
      // Longhorn's webhook names the engine's image in the spec; an export is refused where the status does not.
      ...engineImageOf(volume),
      currentNodeID: state === 'attached' || state === 'detaching' ? volume.spec.nodeID || volume.status?.currentNodeID || '' : '',
      ownerID: volume.spec.nodeID || volume.status?.ownerID || replicas.find(replica => replica.spec.nodeID)?.spec.nodeID || '',
      conditions: conditionsOf(volume, replicas, world, time),
    }
    const repair = state === 'attached' ? replenish(volume, replicas, world, time) : NOTHING
    return { ...writeOr([...setStatus(LONGHORN_VOLUMES, volume, status), ...engineState(volume, state, world), ...repair.writes], NOTHING), ...(again ?? later ?? repair.again ? { again: again ?? later ?? repair.again ?? 0 } : {}) }
  },
}

function engineImageOf({ spec }: LonghornVolume): { readonly currentImage?: string } {
  const { image } = spec as { readonly image?: string }
  return image ? { currentImage: image } : {}
}

const OUT = (replica: LonghornReplica) => Boolean(replica.spec.failedAt)

function make(volume: LonghornVolume, replicas: readonly LonghornReplica[], world: World): Write[] {
  const { name, namespace } = volume.metadata
  const owners = [ownerOf(LONGHORN_VOLUMES, volume)]
  const engine = world.get(LONGHORN_ENGINES, `${namespace}/${name}-e-0`)
    ? []
    : [create(LONGHORN_ENGINES, {
        metadata: { name: `${name}-e-0`, namespace, labels: { longhornvolume: name }, ownerReferences: owners },
        spec: { active: true, volumeName: name, volumeSize: volume.spec.size ?? '0', dataEngine: volume.spec.dataEngine ?? 'v1', desireState: 'stopped', nodeID: '' } as { volumeName: string },
      })]
  const placed = [...replicas]
  const missing: Write[] = []
  for (let index = replicas.length; index < (volume.spec.numberOfReplicas ?? 3); index++) {
    const replica = newReplica(volume, placed, world)
    if (!replica)
      break
    placed.push({ spec: replica.spec } as LonghornReplica)
    missing.push(replica.write)
  }
  return [...engine, ...missing]
}

function newReplica(volume: LonghornVolume, replicas: readonly LonghornReplica[], world: World): { write: Write, spec: LonghornReplica['spec'] } | undefined {
  const disk = diskForReplica(volume, world, replicas)
  if (!disk)
    return undefined
  const { name, namespace } = volume.metadata
  const node = disk.node.metadata.name
  const spec = { active: true, volumeName: name, volumeSize: volume.spec.size ?? '0', nodeID: node, diskID: disk.uuid, diskPath: disk.path, backingImage: volume.spec.backingImage ?? '', dataEngine: volume.spec.dataEngine ?? 'v1', desireState: 'stopped', failedAt: '', healthyAt: '' }
  const labels = { 'longhornvolume': name, 'longhornnode': node, 'longhorndiskuuid': disk.uuid, 'longhorn.io/backing-image': volume.spec.backingImage ?? '' }
  return { spec, write: create(LONGHORN_REPLICAS, { metadata: { name: `${name}-r-${hex(`${volume.metadata.uid} ${disk.uuid}`)}`, namespace, labels, ownerReferences: [ownerOf(LONGHORN_VOLUMES, volume)] }, spec }) }
}

/** The node that the volume shall be attached to, '' for none. Who has it keeps it: an export ends before a VM on another node gets it (volume_attachment_controller.go, uninterruptible tickets). A shared one follows its VM without being detached. */
function attachTo(volume: LonghornVolume, world: World): string {
  const wanted = world.find(ATTACHMENTS_BY_VOLUME, volume.metadata.name).filter(attachment => !attachment.metadata.deletionTimestamp)
  const nodes = [...wanted].sort((a, b) => a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1).map(attachment => attachment.spec.nodeName)
  const exports = world.find(EXPORTS_BY_VOLUME, volume.metadata.name).map(source => source.spec.nodeID ?? '')
  const claims = [...nodes, ...exports, ...attachedForClone(volume, world)]
  const held = volume.spec.nodeID || volume.status?.currentNodeID || ''
  if (held && claims.includes(held))
    return held
  const follows = volume.spec.accessMode === 'rwx' && nodes.length > 0
  return volume.status?.currentNodeID && !follows ? '' : claims[0] ?? ''
}

function nextState(volume: LonghornVolume, replicas: readonly LonghornReplica[], world: World, time: Time): { state: string, again?: number } {
  const { state = '' } = volume.status ?? {}
  const wanted = Boolean(volume.spec.nodeID)
  const after = (ms: number, next: string) => time.left(ms) > 0 ? { state, again: time.left(ms) } : { state: next }
  switch (state) {
    case 'detached':
      return { state: wanted ? 'attaching' : state }
    case 'attaching':
      if (!wanted)
        return { state: 'detached' }
      return replicas.some(isRunning) && !replicas.some(replica => isComing(replica, world)) ? after(TAKES.attachVolume, 'attached') : { state }
    case 'attached':
      return { state: wanted ? state : 'detaching' }
    case 'detaching':
      return after(TAKES.detachVolume, 'detached')
    default:
      return { state: 'detached' }
  }
}

function isRunning(replica: LonghornReplica): boolean {
  return replica.status?.currentState === 'running' && !OUT(replica)
}

/** Still to come because its image's copy is on the way to its disk. */
function isComing(replica: LonghornReplica, world: World): boolean {
  if (isRunning(replica) || OUT(replica) || !replica.spec.backingImage)
    return false
  const state = world.get(BACKING_IMAGES, `${replica.metadata.namespace}/${replica.spec.backingImage}`)?.status?.diskFileStatusMap?.[replica.spec.diskID ?? '']?.state
  return ['pending', 'starting', 'in-progress', 'ready-for-transfer', 'ready'].includes(state ?? '')
}

function robustnessOf(volume: LonghornVolume, replicas: readonly LonghornReplica[]): string {
  const running = replicas.filter(isRunning).length
  if (running === 0)
    return 'faulted'
  return running < (volume.spec.numberOfReplicas ?? 3) ? 'degraded' : 'healthy'
}

function conditionsOf(volume: LonghornVolume, replicas: readonly LonghornReplica[], world: World, time: Time): Condition[] {
  const short = replicas.length < (volume.spec.numberOfReplicas ?? 3) && !diskForReplica(volume, world, replicas)
  const scheduled = withCondition(volume.status?.conditions, short
    ? { type: 'Scheduled', status: 'False', reason: 'ReplicaSchedulingFailure', message: 'replica scheduling failed' }
    : { type: 'Scheduled', status: 'True' }, time.now)
  const waiting = volume.status?.state === 'attaching' && volume.spec.backingImage && !replicas.some(isRunning)
  if (waiting)
    return withCondition(scheduled, { type: 'WaitForBackingImage', status: 'True', reason: 'Waiting' }, time.now)
  return scheduled.some(condition => condition.type === 'WaitForBackingImage') ? withCondition(scheduled, { type: 'WaitForBackingImage', status: 'False' }, time.now) : withoutConditions(scheduled)
}

function engineState(volume: LonghornVolume, state: string, world: World): Write[] {
  const engine = world.get(LONGHORN_ENGINES, `${volume.metadata.namespace}/${volume.metadata.name}-e-0`)
  return engine ? setStatus(LONGHORN_ENGINES, engine, { ...engine.status, currentState: state === 'attached' ? 'running' : 'stopped' }) : []
}

/** A failed replica is replaced after Longhorn's wait, where another node has room. */
function replenish(volume: LonghornVolume, replicas: readonly LonghornReplica[], world: World, time: Time): Next {
  const [failed] = replicas.filter(OUT)
  if (!failed || volume.status?.robustness !== 'degraded')
    return NOTHING
  const left = time.left(TAKES.replenishReplica)
  if (left > 0)
    return wait(left)
  const replica = newReplica(volume, replicas, world)
  return replica ? write(remove(LONGHORN_REPLICAS, failed), replica.write) : NOTHING
}
