import type { Pod } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { hasPluggedVolumes } from './hotplug.ts'
import type { Migration, MigrationPhase, MigrationState } from './migration.ts'
import { isReady, migrationStateOf } from './migration.ts'
import { isFinal } from './vmStatus.ts'

/** A migration with what there is of it. */
export interface Seen {
  readonly migration: Migration
  readonly vmi: VirtualMachineInstance
  readonly target: Pod | undefined
  readonly attachment: Pod | undefined
  /** The VMI's word on migrations, where it is about this one. */
  readonly state: MigrationState | undefined
}

/** Where a migration stands next: its phase, whether its end is asked for from now on, and KubeVirt's words where it is over. */
export interface Verdict { readonly phase: MigrationPhase, readonly aborted?: boolean, readonly because?: string }

const BEFORE_HAND_OVER: readonly MigrationPhase[] = ['', 'Pending', 'Scheduling', 'Scheduled']

/** migration.go updateStatus and processMigrationPhase, in their order. `barred`: another migration of the VMI is under way. */
export function verdictOf(seen: Seen, barred: boolean): Verdict {
  const { migration, vmi, target, attachment, state } = seen
  const phase = migration.status?.phase ?? ''
  const fails = (because: string, more: Partial<Verdict> = {}): Verdict => ({ phase: 'Failed', because, ...more })
  const handedOver = !BEFORE_HAND_OVER.includes(phase)
  const isAborted = findCondition(migration.status?.conditions, 'migrationAbortRequested') !== undefined
  if (isFinal(vmi))
    return fails('Migration failed vmi shutdown during migration.')
  if (migration.metadata.deletionTimestamp && !state)
    return fails('Migration failed due to being canceled', { aborted: !isAborted })
  if (target && hasEnded(target))
    return fails('Migration failed because target pod shutdown during migration')
  if (phase !== '' && phase !== 'Pending' && !target)
    return fails('Migration target pod was removed during active migration.')
  if (handedOver && !migrationStateOf(vmi))
    return fails('VMI\'s migration state was cleared during the active migration.')
  if (handedOver && !state)
    return fails('VMI\'s migration state was taken over by another migration job during active migration.')
  if (state?.failed)
    return fails('source node reported migration failed')
  if (migration.metadata.deletionTimestamp && !isAborted)
    return { phase, aborted: true }
  if (attachment && hasEnded(attachment))
    return fails('Migration failed because target attachment pod shutdown during migration')
  if (phase === '' && barred)
    return fails('VMI is not eligible for migration because another migration job is in progress.')
  return next(phase, seen)
}

function next(phase: MigrationPhase, { vmi, target, attachment, state }: Seen): Verdict {
  const plugged = !hasPluggedVolumes(vmi) || (attachment !== undefined && isReady(attachment))
  const after: Partial<Record<MigrationPhase, readonly [MigrationPhase, unknown]>> = {
    '': ['Pending', true],
    'Pending': ['Scheduling', target && plugged],
    'Scheduling': ['Scheduled', target && isReady(target) && plugged],
    'Scheduled': ['PreparingTarget', state?.targetNode],
    'PreparingTarget': ['TargetReady', state?.targetNodeAddress],
    'TargetReady': ['Running', state?.startTimestamp],
    'Running': ['Succeeded', state?.completed],
  }
  const [to, holds] = after[phase] ?? [phase, false]
  if (!holds)
    return { phase }
  return to === 'Succeeded' ? { phase: to, because: 'Source node reported migration succeeded' } : { phase: to }
}
