import type { LonghornVolume } from '#health/longhorn.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { hex } from './hash.ts'
import { LOCAL_RATE, paceOf } from './internet.ts'
import type { Time } from './step.ts'
import type { Index, World } from './world.ts'

// longhorn-manager controller/volume_clone_controller.go and volume_controller.go checkAndInitVolumeClone.

type CloneStatus = NonNullable<NonNullable<LonghornVolume['status']>['cloneStatus']>

/** The volume that it is filled from; undefined where it is filled from none. */
function sourceOf({ spec: { dataSource = '' } }: LonghornVolume): string | undefined {
  return /^vol:\/\/(?<volume>[^/]+)$/.exec(dataSource)?.groups?.volume
}

function isFilled(volume: LonghornVolume): boolean {
  return sourceOf(volume) === undefined || volume.status?.cloneStatus?.state === 'completed'
}

/** Volumes that are still filled from another, by that one's name. */
const CLONES_BY_SOURCE: Index<LonghornVolume> = { kind: LONGHORN_VOLUMES, keys: volume => [isFilled(volume) ? undefined : sourceOf(volume)] }

/** Both volumes of a clone that is under way, by `namespace/name`, as far as the other one has to hear of this one's change. */
export function partnersOf(volume: LonghornVolume, world: World): readonly string[] {
  return [sourceOf(volume) ?? '', ...world.find(CLONES_BY_SOURCE, volume.metadata.name).map(clone => clone.metadata.name)].map(name => `${LONGHORN_NAMESPACE}/${name}`)
}

/** Where a clone needs the volume attached, without any VolumeAttachment: both of its volumes until it is filled. */
export function attachedForClone(volume: LonghornVolume, world: World): readonly string[] {
  const node = volume.status?.currentNodeID || volume.status?.ownerID
  return node && (!isFilled(volume) || world.find(CLONES_BY_SOURCE, volume.metadata.name).length > 0) ? [node] : []
}

/** How far the volume is filled, and in how many milliseconds to look again: it begins with a snapshot, for which both have to be attached. */
export function cloneStatusOf(volume: LonghornVolume, state: string, world: World, time: Time): { readonly cloneStatus?: CloneStatus, readonly again?: number } {
  const name = sourceOf(volume)
  const before = volume.status?.cloneStatus
  if (!name || isFilled(volume))
    return before ? { cloneStatus: before } : {}
  if (before?.state === 'initiated') {
    const { ms, percent } = paceOf(Number(volume.spec.size) || 1, LOCAL_RATE)
    const left = time.left(ms * 100 / percent)
    return left > 0 ? { cloneStatus: before, again: left } : { cloneStatus: { ...before, state: 'completed' } }
  }
  const source = world.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${name}`)
  return state === 'attached' && source?.status?.state === 'attached'
    ? { cloneStatus: { sourceVolume: name, snapshot: `clone-${hex(`${source.metadata.uid} ${volume.metadata.uid}`)}`, state: 'initiated', attemptCount: 1 } }
    : { cloneStatus: { sourceVolume: '', snapshot: '', state: '', attemptCount: 0 } }
}
