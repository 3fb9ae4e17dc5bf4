import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { CLONE_TYPE_ANNOTATION, DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { percentOf, to } from './cdiStatus.ts'
import { makeWorker, worker, workerName } from './cdiWorkers.ts'
import { PODS_BY_CLAIM, hasEnded } from './claimIndexes.ts'
import { LOCAL_RATE, paceOf } from './internet.ts'
import { STORAGE_PROFILES } from './kinds.ts'
import type { Next, Time, Write } from './step.ts'
import { NOTHING, change, remove, tell, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// kubevirt/containerized-data-importer pkg/controller/clone. Of what CDI makes besides only what can be told apart from the outside is
// played: the claim that it clones under another name and binds anew (rebind.go) is the DataVolume's own here from the start.

type Strategy = 'copy' | 'csi-clone'

const PHASE = 'cdi.kubevirt.io/clonePhase'

/**
 * How CDI clones one claim into another of that class and mode (planner.go computeStrategyForSourcePVC): as the profile of the
 * target's class says; by a copy where it says `copy`, where driver or mode of the two differ, and where there is no snapshot class for
 * `snapshot`, which nobody plays here. Between the two engines CDI has Longhorn clone too, which refuses it.
 */
export function strategyFor(source: PersistentVolumeClaim | undefined, target: { readonly storageClassName: string, readonly volumeMode: string }, world: World): Strategy {
  const [from, into] = [source?.spec?.storageClassName, target.storageClassName].map(name => world.get(STORAGE_CLASSES, name))
  const isAlike = from?.provisioner === into?.provisioner && (source?.spec?.volumeMode ?? 'Filesystem') === target.volumeMode
  return isAlike && world.get(STORAGE_PROFILES, target.storageClassName)?.status?.cloneStrategy === 'csi-clone' ? 'csi-clone' : 'copy'
}

/** What a claim that is to be a clone says of it. */
export function cloneMarks(strategy: Strategy): Readonly<Record<string, string>> {
  return { [CLONE_TYPE_ANNOTATION]: strategy, [PHASE]: 'Pending' }
}

/** Where the driver is to fill a claim from another: the other's key; `waiting` where CDI has not let it begin; undefined for any other claim. */
export function clonedFrom(claim: PersistentVolumeClaim, world: World): string | 'waiting' | undefined {
  const { [CLONE_TYPE_ANNOTATION]: type, [PHASE]: phase } = claim.metadata.annotations ?? {}
  if (type !== 'csi-clone')
    return undefined
  const { pvc } = world.get(DATA_VOLUMES, `${claim.metadata.namespace}/${claim.metadata.name}`)?.spec.source ?? {}
  return pvc && phase !== 'Pending' ? `${pvc.namespace}/${pvc.name}` : 'waiting'
}

interface Position { readonly volume: DataVolume, readonly claim: PersistentVolumeClaim, readonly key: string, readonly world: World, readonly time: Time }

/** One step of a clone: it waits while any pod uses the source, whatever the strategy. */
export function clone(volume: DataVolume, claim: PersistentVolumeClaim, world: World, time: Time): Next {
  const { pvc } = volume.spec.source ?? {}
  const position: Position = { volume, claim, key: `${pvc?.namespace}/${pvc?.name}`, world, time }
  const { phase = '' } = volume.status ?? {}
  if (phase !== 'CloneScheduled' && phase !== 'CloneInProgress' && phase !== 'CSICloneInProgress')
    return write(to(volume, { phase: 'CloneScheduled', progress: 'N/A' }, time))
  return phase === 'CloneScheduled' ? begin(position) : phase === 'CSICloneInProgress' ? awaitDriver(position) : copy(position)
}

/** clone/common.go IsSourceClaimReady. */
function begin({ volume, claim, key, world, time }: Position): Next {
  const user = world.find(PODS_BY_CLAIM, key).find(pod => !hasEnded(pod) && !isReader(pod) && pod.metadata.name !== workerName(volume))
  if (user)
    return write(tell(DATA_VOLUMES, volume, 'Warning', 'CloneSourceInUse', `pod ${user.metadata.namespace}/${user.metadata.name} using PersistentVolumeClaim ${volume.spec.source?.pvc?.name}`, time.now))
  const filling = world.get(DATA_VOLUMES, key)
  if (world.get(CLAIMS, key)?.status?.phase !== 'Bound' || (filling && filling.status?.phase !== 'Succeeded'))
    return NOTHING
  if (claim.metadata.annotations?.[CLONE_TYPE_ANNOTATION] === 'csi-clone')
    return later(time, TAKES.scheduleImport, () => [change(CLAIMS, claim, { metadata: { annotations: { [PHASE]: 'CSIClone' } } }), ...to(volume, { phase: 'CSICloneInProgress', progress: 'N/A' }, time)])
  return claim.status?.phase === 'Bound'
    ? later(time, TAKES.scheduleImport, () => [...makeWorker(volume, 'cdi-clone-source', key, world), ...to(volume, { phase: 'CloneInProgress', progress: '0.00%' }, time)])
    : NOTHING
}

function isReader(pod: Pod): boolean {
  return pod.metadata.labels?.['cdi.kubevirt.io'] === 'cdi-clone-source'
}

/** csi-clone.go: done once the claim is bound, however far the driver is with its copy. */
function awaitDriver({ volume, claim, time }: Position): Next {
  return claim.status?.phase === 'Bound' ? write(change(CLAIMS, claim, { metadata: { annotations: { [PHASE]: 'Succeeded' } } }), to(volume, { phase: 'Succeeded', progress: '100.0%' }, time)) : NOTHING
}

/** host-clone.go: a pod reads the source, and sends it to one that fills the target. */
function copy({ volume, claim, key, world, time }: Position): Next {
  const { ms, percent } = paceOf(parseQuantity(claim.spec?.resources?.requests?.storage) || 1, LOCAL_RATE)
  const pod = worker(volume, world)
  if (!pod)
    return write(makeWorker(volume, 'cdi-clone-source', key, world))
  return pod.status?.phase === 'Running' ? later(time, ms, () => advance(volume, percentOf(volume) + percent, world, time)) : NOTHING
}

/** The writes once that time has passed. */
export function later(time: Time, ms: number, writes: () => readonly Write[]): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : writeOr(writes(), NOTHING)
}

function advance(volume: DataVolume, percent: number, world: World, time: Time): Write[] {
  if (percent < 100)
    return to(volume, { phase: 'CloneInProgress', progress: `${percent.toFixed(2)}%` }, time)
  const pod = worker(volume, world)
  return [...to(volume, { phase: 'Succeeded', progress: '100.0%' }, time), ...(pod ? [remove(PODS, pod)] : [])]
}
