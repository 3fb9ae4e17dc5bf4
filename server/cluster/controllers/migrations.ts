import type { Pod } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { stamp } from './conditions.ts'
import { attachmentOf, attachmentPod, hasPluggedVolumes, pluggedVolumes } from './hotplug.ts'
import { isLauncher } from './launcher.ts'
import type { Migration, MigrationState } from './migration.ts'
import { JOB_ANNOTATION, JOB_LABEL, MIGRATIONS, MIGRATIONS_BY_VMI, TARGET_NODE_LABEL, currentPod, isFinalMigration, isReady, migrationStateOf } from './migration.ts'
import type { Seen } from './migrationVerdict.ts'
import { verdictOf } from './migrationVerdict.ts'
import { targetPod } from './migrationTarget.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, change, dropFinalizer, on, remove, setStatus, tell, write } from './step.ts'
import { OBSERVED } from './vms.ts'
import type { World } from './world.ts'

// kubevirt pkg/virt-controller/watch/migration/migration.go, within one cluster.

export const MIGRATION_FINALIZER = 'kubevirt.io/migrationJobFinalize'
const KEPT = 5
const CONFIGURATION = {
  allowAutoConverge: false, allowPostCopy: false, allowWorkloadDisruption: false, bandwidthPerMigration: '0', completionTimeoutPerGiB: 150, nodeDrainTaintKey: 'kubevirt.io/drain',
  parallelMigrationsPerCluster: 5, parallelOutboundMigrationsPerNode: 2, progressTimeout: 150, unsafeMigrationOverride: false, utilityVolumesTimeout: 150,
}

export const migrations: Controller<Migration> = {
  name: 'virt-controller-migration',
  actor: 'virt-controller',
  kind: MIGRATIONS,
  wakes: [
    on(VMIS, (vmi, world) => world.find(MIGRATIONS_BY_VMI, objectKey(vmi)).map(objectKey)),
    on(PODS, pod => [pod.metadata.annotations?.[JOB_ANNOTATION] && `${pod.metadata.namespace}/${pod.metadata.annotations[JOB_ANNOTATION]}`]),
  ],
  step(migration, world, time) {
    if (!migration.metadata.annotations?.['kubevirt.io/latest-observed-api-version'])
      return write(change(MIGRATIONS, migration, { metadata: { annotations: OBSERVED, labels: { 'kubevirt.io/vmi-name': migration.spec.vmiName } } }))
    const vmi = world.get(VMIS, `${migration.metadata.namespace}/${migration.spec.vmiName}`)
    if (!vmi)
      return migration.metadata.deletionTimestamp ? NOTHING : write(remove(MIGRATIONS, migration))
    const target = world.owned(PODS, vmi.metadata.uid).find(pod => isLauncher(pod) && pod.metadata.labels?.[JOB_LABEL] === migration.metadata.uid)
    const state = migrationStateOf(vmi)
    const seen: Seen = { migration, vmi, target, attachment: target && attachmentOf(target, world), state: state?.migrationUid === migration.metadata.uid ? state : undefined }
    return isFinalMigration(migration) ? write(settle(seen), collect(vmi, world)) : advance(seen, world, time)
  },
}

/** Whether another migration of the same VMI is under way: only one may be. */
function isBarred({ migration, vmi, state }: Seen, world: World): boolean {
  const other = migrationStateOf(vmi)?.migrationUid
  return !state && world.find(MIGRATIONS_BY_VMI, objectKey(vmi)).some(one => one.metadata.uid === other && one.metadata.uid !== migration.metadata.uid && !isFinalMigration(one))
}

/** Acts, and then tells, both from what was seen before. */
function advance(seen: Seen, world: World, time: Time): Next {
  const { migration, vmi } = seen
  const barred = isBarred(seen, world)
  const acts = vmi.metadata.deletionTimestamp || seen.state?.completed || barred ? [] : act(seen, world, time)
  const { phase, aborted, because } = verdictOf(seen, barred)
  const old = migration.status
  const changed = phase !== (old?.phase ?? '')
  const source = phase === 'Pending' ? currentPod(vmi, world)?.metadata.name : undefined
  const status = {
    ...old, phase,
    ...(changed ? { phaseTransitionTimestamps: [...old?.phaseTransitionTimestamps ?? [], { phase, phaseTransitionTimestamp: stamp(time.now) }] } : {}),
    ...(aborted ? { conditions: [...old?.conditions ?? [], { type: 'migrationAbortRequested', status: 'True', lastProbeTime: stamp(time.now) }] } : {}),
    ...(source ? { migrationState: { ...old?.migrationState, sourcePod: source } } : {}),
  }
  const told = because ? [tell(MIGRATIONS, migration, phase === 'Failed' ? 'Warning' : 'Normal', phase === 'Failed' ? 'FailedMigration' : 'SuccessfulMigration', because, time.now)] : []
  return write(acts, changed ? told : [], setStatus(MIGRATIONS, migration, status))
}

function act(seen: Seen, world: World, time: Time): Write[] {
  const { migration, vmi, target, state } = seen
  const deleted = migration.metadata.deletionTimestamp !== undefined
  const drop = target && !target.metadata.deletionTimestamp ? [remove(PODS, target)] : []
  switch ((migration.status?.phase ?? '')) {
    case 'Pending':
      return deleted ? drop : prepare(seen, world)
    case 'Scheduling':
      return deleted || isOverdue(target, time) ? drop : []
    case 'Scheduled':
      if (deleted && !state)
        return drop
      return target && isReady(target) && !state ? handOver(seen) : []
    case 'PreparingTarget':
    case 'TargetReady':
      return (!target || hasEnded(target)) && state && !state.startTimestamp && !state.failed && !state.completed && !state.targetDirectMigrationNodePorts
        ? setMigration(vmi, { ...state, startTimestamp: stamp(time.now), endTimestamp: stamp(time.now), failed: true, completed: true })
        : []
    case 'Running':
      return deleted && state && !state.abortRequested ? setMigration(vmi, { ...state, abortRequested: true }) : []
    default:
      return []
  }
}

/** The pod that the guest shall go to, and the one with its hot-plugged volumes. One at a time: while two pods of a VMI run, no third is made. */
function prepare({ migration, vmi, target, attachment }: Seen, world: World): Write[] {
  const running = world.owned(PODS, vmi.metadata.uid).filter(pod => isLauncher(pod) && !hasEnded(pod))
  if (!target)
    return vmi.status?.phase === 'Running' && running.length === 1 ? [targetPod(migration, vmi)] : []
  const source = currentPod(vmi, world)
  return isReady(target) && !attachment && source && hasPluggedVolumes(vmi)
    ? [attachmentPod(target, pluggedVolumes(vmi, source), { labels: { [JOB_LABEL]: migration.metadata.uid }, annotations: { [JOB_ANNOTATION]: migration.metadata.name } })]
    : []
}

const PATIENCE = 300_000

/** A pod that nobody can place is given up after five minutes. */
function isOverdue(target: Pod | undefined, time: Time): boolean {
  const unplaced = target?.status?.conditions?.some(condition => condition.type === 'PodScheduled' && condition.reason === 'Unschedulable')
  return Boolean(target && unplaced && time.now - Date.parse(target.metadata.creationTimestamp) >= time.takes(PATIENCE))
}

/** The target's virt-handler sees the VMI by the label, and what is wanted by the state. */
function handOver({ migration, vmi, target, attachment }: Seen): Write[] {
  const state: MigrationState = {
    migrationUid: migration.metadata.uid, targetNode: target?.spec?.nodeName ?? '', targetPod: target?.metadata.name ?? '', sourceNode: vmi.status?.nodeName ?? '',
    ...(migration.status?.migrationState?.sourcePod ? { sourcePod: migration.status.migrationState.sourcePod } : {}),
    ...(attachment ? { targetAttachmentPodUID: attachment.metadata.uid } : {}), migrationConfiguration: CONFIGURATION,
  }
  return setMigration(vmi, state).map(one => one.do === 'patch' ? { ...one, body: { ...one.body, metadata: { labels: { [TARGET_NODE_LABEL]: target?.spec?.nodeName } } } } : one)
}

function setMigration(vmi: VirtualMachineInstance, migrationState: MigrationState): Write[] {
  return setStatus(VMIS, vmi, { ...vmi.status, migrationState })
}

/** What is left of one that is over: the VMI's last word is kept, and nothing holds it any more. */
function settle({ migration, state }: Seen): Write[] {
  const status = state ? setStatus(MIGRATIONS, migration, { ...migration.status, migrationState: state }) : []
  return status.length > 0 ? status : dropFinalizer(MIGRATIONS, migration, MIGRATION_FINALIZER)
}

/** Of those that are over the last five stay. */
function collect(vmi: VirtualMachineInstance, world: World): Write[] {
  const over = world.find(MIGRATIONS_BY_VMI, objectKey(vmi)).filter(one => isFinalMigration(one) && !one.metadata.deletionTimestamp)
  return [...over].sort((a, b) => a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1).slice(0, Math.max(0, over.length - KEPT)).map(one => remove(MIGRATIONS, one))
}
