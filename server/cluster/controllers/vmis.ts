import type { Pod } from '#kube/core.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import type { Condition, OwnerReference } from '#kube/object.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { claimNamesOf } from './claimNames.ts'
import type { Finding } from './conditions.ts'
import { isTrue, stamp, withCondition, withoutConditions } from './conditions.ts'
import { isPluggable } from './guestVolumes.ts'
import { attachVolumes, hasPluggedVolumes, orphans, volumeStatuses } from './hotplug.ts'
import { isLauncher, launcherOf } from './launcher.ts'
import { currentPod, isReady } from './migration.ts'
import type { Controller, Time, Write } from './step.ts'
import { change, dropFinalizer, on, remove, setStatus, write } from './step.ts'
import { VMI_FINALIZER, VM_FINALIZER } from './vms.ts'
import type { Index, World } from './world.ts'

// kubevirt pkg/virt-controller/watch/vmi/lifecycle.go: the VMI until virt-handler has it, and again when it is over.

const VMIS_BY_CLAIM: Index<VirtualMachineInstance> = { kind: VMIS, keys: vmi => claimNamesOf(vmi.spec).map(name => `${vmi.metadata.namespace}/${name}`) }

/** Of a pod for hot-plugged volumes those of the launcher whom it serves. */
function launcherRefs(pod: Pod, world: World): readonly OwnerReference[] {
  const own = pod.metadata.ownerReferences ?? []
  const launcher = own.find(owner => owner.kind === 'Pod')
  return launcher ? world.get(PODS, `${pod.metadata.namespace}/${launcher.name}`)?.metadata.ownerReferences ?? [] : own
}

type Status = NonNullable<VirtualMachineInstance['status']>

export const vmis: Controller<VirtualMachineInstance> = {
  name: 'virt-controller-vmi',
  actor: 'virt-controller',
  kind: VMIS,
  reads: [VMS],
  wakes: [
    on(PODS, (pod, world) => launcherRefs(pod, world).filter(owner => owner.kind === 'VirtualMachineInstance').map(owner => `${pod.metadata.namespace}/${owner.name}`)),
    on(CLAIMS, (claim, world) => world.find(VMIS_BY_CLAIM, objectKey(claim)).map(objectKey)),
    on(DATA_VOLUMES, (volume, world) => world.find(VMIS_BY_CLAIM, objectKey(volume)).map(objectKey)),
    on(VMS, vm => [objectKey(vm)]),
  ],
  step(vmi, world, time) {
    const pods = world.owned(PODS, vmi.metadata.uid).filter(isLauncher)
    const pod = currentPod(vmi, world)
    const phase = vmi.status?.phase ?? ''
    if (phase === 'Succeeded' || phase === 'Failed')
      return write(over(vmi, pods, pod, world, time), pods.flatMap(one => world.owned(PODS, one.metadata.uid)).filter(one => !one.metadata.deletionTimestamp).map(one => remove(PODS, one, 0)))
    const deleting = vmi.metadata.deletionTimestamp !== undefined
    const ending = deleting ? pods.filter(one => !one.metadata.deletionTimestamp).map(one => remove(PODS, one)) : []
    const trouble = deleting || pod ? undefined : claimTrouble(vmi, world)
    const unready = phase === '' || phase === 'Pending' ? waitsForData(vmi, world) : undefined
    const launch = !deleting && !pod && !trouble && unready === undefined && (phase === '' || phase === 'Pending') ? [launcherOf(vmi)] : []
    const plug = !deleting && pod && isReady(pod) && vmi.status && 'selinuxContext' in vmi.status ? attachVolumes(vmi, pod, world) : []
    return write(ending, launch, deleting ? [] : orphans(pods, world), plug, next(vmi, { pod: pod ?? launched(launch), pods, trouble, failedData: unready === 'failed', plugging: plug.length > 0 }, world, time))
  },
}

/** A pod counts from its creation on: the instance is Scheduling with the same look. */
function launched([made]: readonly Extract<Write, { do: 'create' }>[]): Pod | undefined {
  return made?.object as Pod | undefined
}

interface Seen { readonly pod: Pod | undefined, readonly pods: readonly Pod[], readonly trouble: ClaimTrouble | undefined, readonly failedData: boolean, /** Pods for volumes come and go with this very step. */ readonly plugging: boolean }

function next(vmi: VirtualMachineInstance, seen: Seen, world: World, time: Time): Write[] {
  const phase = vmi.status?.phase ?? ''
  const after = phaseAfter(vmi, seen)
  const entering = after === 'Scheduled' && phase !== 'Scheduled'
  const node = seen.pod?.spec?.nodeName
  const status: Status = {
    ...vmi.status,
    phase: after,
    ...(seen.pods.length > 0 || vmi.status?.activePods ? { activePods: Object.fromEntries(seen.pods.map(one => [one.metadata.uid, one.spec?.nodeName ?? ''])) } : {}),
    ...(entering && node ? { nodeName: node } : {}),
    ...(seen.pod && (entering || (phase !== '' && !seen.plugging && hasPluggedVolumes(vmi) && vmi.status?.volumeStatus)) ? { volumeStatus: volumeStatuses(vmi, seen.pod, world) } : {}),
    conditions: besides(vmi, conditionsOf(vmi, after, seen, time), world, time),
    phaseTransitionTimestamps: withPhase(vmi, after, time),
  }
  const writes = setStatus(VMIS, vmi, status)
  // The label goes with the same write: no one sees a Scheduled VMI without its node.
  return entering && node ? writes.map(one => one.do === 'patch' ? { ...one, body: { ...one.body, metadata: { labels: { 'kubevirt.io/nodeName': node } } } } : one) : writes
}

/** The phase from the pod; from Scheduled on virt-handler decides, unless the pod is gone. */
function phaseAfter(vmi: VirtualMachineInstance, { pod, failedData }: Seen): VmiPhase {
  const phase = vmi.status?.phase ?? ''
  const deleting = vmi.metadata.deletionTimestamp !== undefined
  switch (phase) {
    case '':
    case 'Pending':
      if (pod)
        return 'Scheduling'
      return deleting || failedData ? 'Failed' : 'Pending'
    case 'Scheduling':
      if (!pod)
        return 'Failed'
      if (isTrue(pod.status?.conditions, 'Ready') && !deleting)
        return 'Scheduled'
      return hasEnded(pod) || pod.metadata.deletionTimestamp ? 'Failed' : phase
    default:
      return pod ? phase : 'Failed'
  }
}

/** A phase's first moment, kept in order (types.go VirtualMachineInstancePhaseTransitionTimestamp). */
export function withPhase(vmi: VirtualMachineInstance, phase: VmiPhase, time: Time): Status['phaseTransitionTimestamps'] {
  const seen = vmi.status?.phaseTransitionTimestamps ?? []
  return seen.some(entry => entry.phase === phase) ? seen : [...seen, { phase, phaseTransitionTimestamp: stamp(time.now) }]
}

function conditionsOf(vmi: VirtualMachineInstance, phase: VmiPhase, { pod, trouble }: Seen, time: Time): Condition[] {
  const ready = withCondition(vmi.status?.conditions, readiness(phase, pod), time.now)
  const placed = findCondition(pod?.status?.conditions, 'PodScheduled')
  if (trouble) {
    const told = withCondition(ready, { type: 'Synchronized', status: 'False', ...trouble }, time.now)
    return trouble.reason === 'FailedPvcNotFound' ? withCondition(told, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: trouble.message }, time.now) : told
  }
  const synced = CLAIM_TROUBLES.some(reason => reason === findCondition(ready, 'Synchronized')?.reason) ? withoutConditions(ready, 'Synchronized') : ready
  if (placed?.status === 'False')
    return withCondition(synced, { type: 'PodScheduled', status: 'False', ...(placed.reason ? { reason: placed.reason } : {}), ...(placed.message ? { message: placed.message } : {}) }, time.now)
  // Whatever it said stays until the pod is looked at, and for good where there never is one.
  return vmi.status?.phase === 'Scheduling' && pod ? withoutConditions(synced, 'PodScheduled') : synced
}

/** What is said of the instance whatever becomes of its pod: whether it is to leave its node, and whether its disks are filled (datavolumes.go aggregateDataVolumesConditions). */
function besides(vmi: VirtualMachineInstance, conditions: Condition[], world: World, time: Time): Condition[] {
  const marked: Finding = { type: 'EvictionRequested', status: 'True', reason: 'EvictionRequested', message: 'VMI is marked for eviction' }
  const evicted = vmi.status?.evacuationNodeName ? withCondition(conditions, marked, time.now) : withoutConditions(conditions, 'EvictionRequested')
  const words = dataVolumesOf(vmi, world).map(({ status }) => findCondition(status?.conditions, 'Ready')?.status ?? 'Unknown')
  if (words.length === 0)
    return evicted
  const status = words.includes('False') ? 'False' : words.includes('Unknown') ? 'Unknown' : 'True'
  return withCondition(evicted, status === 'True'
    ? { type: 'DataVolumesReady', status, reason: 'AllDVsReady', message: 'All of the VMI\'s DVs are bound and ready' }
    : { type: 'DataVolumesReady', status, reason: 'NotAllDVsReady', message: 'Not all of the VMI\'s DVs are ready' }, time.now)
}

function readiness(phase: VmiPhase, pod: Pod | undefined): Finding {
  const no = (reason: string, message: string): Finding => ({ type: 'Ready', status: 'False', reason, message })
  if (!pod)
    return no('PodNotExists', 'virt-launcher pod has not yet been scheduled')
  if (hasEnded(pod) || pod.metadata.deletionTimestamp)
    return no('PodTerminating', 'virt-launcher pod is terminating')
  if (phase !== 'Running')
    return no('GuestNotRunning', 'Guest VM is not reported as running')
  const ready = findCondition(pod.status?.conditions, 'Ready')
  if (!ready)
    return no('PodConditionMissing', 'virt-launcher pod is missing the Ready condition')
  return { type: 'Ready', status: ready.status, ...(ready.reason ? { reason: ready.reason } : {}), ...(ready.message ? { message: ready.message } : {}) }
}

const CLAIM_TROUBLES = ['FailedPvcNotFound', 'FailedDataVolumeImport'] as const
interface ClaimTrouble { readonly reason: typeof CLAIM_TROUBLES[number], readonly message: string }

/** Why no pod is made for its claims (datavolumes.go areDataVolumesReady): one is not there, or one has lost the DataVolume that was to fill it, and nobody knows how full it is. */
function claimTrouble({ metadata: { namespace }, spec }: VirtualMachineInstance, world: World): ClaimTrouble | undefined {
  for (const name of claimNamesOf({ volumes: (spec.volumes ?? []).filter(volume => !isPluggable(volume)) })) {
    const claim = world.get(CLAIMS, `${namespace}/${name}`)
    const filler = claim?.metadata.ownerReferences?.find(owner => owner.controller && owner.kind === DATA_VOLUMES.kind)
    if (!claim && !world.get(DATA_VOLUMES, `${namespace}/${name}`))
      return { reason: 'FailedPvcNotFound', message: `PVC ${namespace}/${name} does not exist, waiting for it to appear` }
    if (filler && !world.get(DATA_VOLUMES, `${namespace}/${filler.name}`))
      return { reason: 'FailedDataVolumeImport', message: `Error determining if volume is ready unable to find datavolume ${namespace}/${filler.name}` }
  }
  return undefined
}

/** The DataVolumes behind its volumes, named or found by the claims that they have made. */
function dataVolumesOf(vmi: VirtualMachineInstance, world: World): DataVolume[] {
  return claimNamesOf(vmi.spec).map(name => world.get(DATA_VOLUMES, `${vmi.metadata.namespace}/${name}`)).filter(volume => volume !== undefined)
}

/** Whether a DataVolume behind the VMI is still filled; the pod waits for it. */
function waitsForData(vmi: VirtualMachineInstance, world: World): 'waiting' | 'failed' | undefined {
  const phases = dataVolumesOf(vmi, world).map(volume => volume.status?.phase ?? '')
  if (phases.includes('Failed'))
    return 'failed'
  return phases.some(phase => !['Succeeded', 'PendingPopulation', 'WaitForFirstConsumer'].includes(phase)) ? 'waiting' : undefined
}

/** A final VMI: its pods are removed when it was deleted, and it goes when none is left. */
function over(vmi: VirtualMachineInstance, pods: readonly Pod[], pod: Pod | undefined, world: World, time: Time): Write[] {
  if (vmi.metadata.deletionTimestamp && pods.length > 0)
    return [...pods.filter(pod => !pod.metadata.deletionTimestamp).map(pod => remove(PODS, pod)), ...ready(vmi, pod, time)]
  if (pods.length > 0)
    return ready(vmi, pod, time)
  const owner = vmi.metadata.ownerReferences?.find(reference => reference.kind === 'VirtualMachine')
  const owned = owner !== undefined && world.get(VMS, `${vmi.metadata.namespace}/${owner.name}`)?.metadata.uid === owner.uid
  const stays = (vmi.metadata.finalizers ?? []).filter(finalizer => finalizer !== VMI_FINALIZER && (owned || finalizer !== VM_FINALIZER))
  return stays.length < (vmi.metadata.finalizers ?? []).length ? [change(VMIS, vmi, { metadata: { finalizers: stays } })] : dropFinalizer(VMIS, vmi, VMI_FINALIZER)
}

function ready(vmi: VirtualMachineInstance, pod: Pod | undefined, time: Time): Write[] {
  return setStatus(VMIS, vmi, { ...vmi.status, conditions: withCondition(vmi.status?.conditions, readiness(vmi.status?.phase ?? '', pod), time.now) })
}
