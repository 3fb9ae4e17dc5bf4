import { CLAIMS } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { claimNamesOf } from './claimNames.ts'
import { stamp, withCondition, withoutConditions } from './conditions.ts'
import { pick, uuidOf } from './hash.ts'
import { plugVolumes } from './hotplug.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { addFinalizer, addressOf, change, create, dropFinalizer, on, ownerOf, remove, setStatus, tell, write } from './step.ts'
import { TAKES } from './takes.ts'
import { hasStartRequest, hasStopRequest, isFinal, printableStatus } from './vmStatus.ts'
import type { Index, World } from './world.ts'

// kubevirt pkg/virt-controller/watch/vm/vm.go.

export const VM_FINALIZER = 'kubevirt.io/virtualMachineControllerFinalize'
export const VMI_FINALIZER = 'kubevirt.io/foregroundDeleteVirtualMachine'

/** What virt-controller notes of all that it looks after, before it does anything else. */
export const OBSERVED = { 'kubevirt.io/latest-observed-api-version': 'v1', 'kubevirt.io/storage-observed-api-version': 'v1' }

type Status = NonNullable<VirtualMachine['status']>

export const VMS_BY_CLAIM: Index<VirtualMachine> = { kind: VMS, keys: vm => claimNamesOf(vm.spec.template.spec).map(name => `${vm.metadata.namespace}/${name}`) }

/** KubeVirt's VM controller: makes and removes the VMI as the run strategy and the requests say, and tells how it stands. */
export const vms: Controller<VirtualMachine> = {
  name: 'virt-controller-vm',
  actor: 'virt-controller',
  kind: VMS,
  wakes: [
    on(VMIS, vmi => [objectKey(vmi)]),
    // A claim that comes is noticed, one that changes is not: a VM that is off goes on saying WaitingForVolumeBinding until something else happens to it.
    on(CLAIMS, (claim, world) => world.find(VMS_BY_CLAIM, objectKey(claim)).map(objectKey), () => 'there'),
    on(DATA_VOLUMES, (volume, world) => world.find(VMS_BY_CLAIM, objectKey(volume)).map(objectKey)),
  ],
  step(vm, world, time) {
    const found = world.get(VMIS, objectKey(vm))
    const vmi = found?.metadata.ownerReferences?.some(owner => owner.uid === vm.metadata.uid) ? found : undefined
    if (!vm.metadata.annotations?.['kubevirt.io/latest-observed-api-version'])
      return write(change(VMS, vm, { metadata: { annotations: OBSERVED } }))
    const finalizer = vm.metadata.deletionTimestamp ? [] : addFinalizer(VMS, vm, VM_FINALIZER)
    if (finalizer.length > 0)
      return write(finalizer)
    // Who asked for the instance to be left behind has put the collector's finalizer there.
    if (vm.metadata.deletionTimestamp && (!vmi || vm.metadata.finalizers?.includes('orphan')))
      return letGo(vm, vmi, world, time)
    // The first look notes the version of the API alone, and the schema's default fills in the word.
    if (!vm.status?.printableStatus)
      return write(setStatus(VMS, vm, { ...vm.status, printableStatus: 'Stopped' }))

    const wish = patient(wishOf(vm, vmi, time), time)
    const act: Write[] = []
    if (wish.act === 'start')
      act.push(startVmi(vm))
    if (wish.act === 'stop' && vmi && !vmi.metadata.deletionTimestamp)
      act.push(remove(VMIS, vmi))
    // Both in one look and before all else: for a moment the start is asked for while the VM is still said to run.
    if (wish.addStart && !vm.status?.stateChangeRequests?.some(({ action }) => action === 'Start'))
      return write(act, askToStart(vm))
    act.push(...plugVolumes(vm, vmi))
    if (wish.act === 'always')
      return write(change(VMS, vm, { spec: vm.spec.runStrategy ? { runStrategy: 'Always' } : { running: true } }))

    const status = statusOf(vm, vmi, time)
    const expected = { start: act.some(one => one.do === 'create'), stop: act.some(one => one.do === 'remove') }
    const printable = printableStatus(vm, vmi, world, expected, status.startFailure?.consecutiveFailCount ?? 0)
    const refusal = time.refused?.kind === VMIS && !vmi
      ? [tell(VMS, vm, 'Warning', 'FailedCreate', `Error creating virtual machine instance: ${time.refused.message}`, time.now)]
      : []
    const settled = setStatus(VMS, vm, { ...status, printableStatus: printable })
    const release = vmi && isFinal(vmi) ? dropFinalizer(VMIS, vmi, VM_FINALIZER) : []
    return { writes: [...act, ...refusal, ...settled, ...release], ...(wish.again ? { again: wish.again } : {}) }
  },
}

/** The last is told of a VM before it is let go: KubeVirt does both in one look. */
function letGo(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, world: World, time: Time): Next {
  const status = { ...statusOf(vm, vmi, time), printableStatus: printableStatus(vm, vmi, world, { start: false, stop: false }, 0) }
  const told = setStatus(VMS, vm, status)
  return write(told.length > 0 ? told : dropFinalizer(VMS, vm, VM_FINALIZER))
}

interface Wish { readonly act?: 'start' | 'stop' | 'always', readonly addStart?: boolean, readonly again?: number }

/** A start that was refused is tried again by itself, a little later. */
function patient(wish: Wish, time: Time): Wish {
  if (wish.act !== 'start' || time.refused?.kind !== VMIS)
    return wish
  const left = time.refused.at + time.takes(TAKES.retryRefused) - time.now
  return left > 0 ? { again: left } : wish
}

/** What the run strategy asks for now (vm.go syncRunStrategy). */
function wishOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, time: Time): Wish {
  if (vm.metadata.deletionTimestamp)
    return { act: 'stop' }
  const phase = vmi?.status?.phase
  const stopping = vmi !== undefined && vmi.metadata.deletionTimestamp === undefined
  const asked = vmi !== undefined && hasStopRequest(vm, vmi)
  const backOff = Date.parse(vm.status?.startFailure?.retryAfterTimestamp ?? '') - time.now
  const start: Wish = backOff > 0 ? { again: backOff } : { act: 'start' }
  switch (effectiveRunStrategy(vm)) {
    case 'Always':
      return vmi ? (asked || isFinal(vmi) ? { act: 'stop' } : {}) : start
    case 'RerunOnFailure':
      if (vmi)
        return stopping && (asked || isFinal(vmi)) ? { act: 'stop', addStart: phase === 'Failed' } : {}
      return hasStartRequest(vm) || vm.status?.runStrategy !== 'RerunOnFailure' ? start : {}
    case 'Manual':
      if (vmi)
        return asked ? { act: 'stop' } : {}
      return hasStartRequest(vm) ? { act: 'start' } : {}
    case 'Once':
      return vmi ? {} : { act: 'start' }
    case 'Halted':
      if (vmi)
        return { act: 'stop' }
      return hasStartRequest(vm) ? { act: 'always' } : {}
    default:
      return {}
  }
}

/** The VMI of a VM that starts (vm.go SetupVMIFromVM). */
export function startVmi(vm: VirtualMachine): Extract<Write, { do: 'create' }> {
  const { metadata = {}, spec } = vm.spec.template
  const { labels, annotations } = metadata as { labels?: Record<string, string>, annotations?: Record<string, string> }
  const firmware = { firmware: { uuid: uuidOf(vm.metadata.name) }, ...spec.domain }
  return create(VMIS, {
    metadata: {
      name: vm.metadata.name, namespace: vm.metadata.namespace, ...(labels ? { labels } : {}),
      annotations: { ...annotations, ...OBSERVED, 'kubevirt.io/vm-generation': String(vm.metadata.generation ?? 1) },
      finalizers: [VM_FINALIZER, VMI_FINALIZER],
      ownerReferences: [ownerOf(VMS, vm)],
    },
    spec: { ...spec, domain: firmware },
  })
}

/** After whatever is asked for already (vm.go addStartRequest). */
function askToStart(vm: VirtualMachine): Write {
  return { do: 'patch', kind: VMS, at: addressOf(vm), part: 'status', body: { status: { stateChangeRequests: [...vm.status?.stateChangeRequests ?? [], { action: 'Start' }] } } }
}

/** Everything of the status but the printable word (vm.go updateStatus). */
function statusOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, time: Time): Status {
  const old = vm.status ?? {}
  const strategy: RunStrategy = effectiveRunStrategy(vm)
  const requests = [...old.stateChangeRequests ?? []]
  if (isDone(requests[0], vmi))
    requests.shift()
  const failure = startFailure(vm, vmi, strategy, time)
  const generation = Number(vmi?.metadata.annotations?.['kubevirt.io/vm-generation'])
  return {
    ...old,
    created: vmi !== undefined,
    ready: findCondition(vmi?.status?.conditions, 'Ready')?.status === 'True',
    conditions: conditionsOf(vm, vmi, time),
    // Kept from the first start on: it tells a VM that was never started from one whose strategy was changed.
    ...(old.runStrategy || vmi ? { runStrategy: strategy } : {}),
    ...(generation ? { observedGeneration: generation, desiredGeneration: vm.metadata.generation ?? 1 } : {}),
    stateChangeRequests: requests.length > 0 ? requests : undefined,
    startFailure: failure,
  } as Status
}

function isDone(request: NonNullable<Status['stateChangeRequests']>[number] | undefined, vmi: VirtualMachineInstance | undefined): boolean {
  if (request?.action === 'Stop')
    return !vmi || request.uid !== vmi.metadata.uid
  return request?.action === 'Start' && vmi !== undefined && !vmi.metadata.deletionTimestamp && !isFinal(vmi)
}

/** Counts starts that ended before the guest ran; each waits longer: 10 s, 40 s, 90 s, at most 300 s (vm.go calculateStartBackoffTime). */
function startFailure(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, strategy: RunStrategy, time: Time): Status['startFailure'] {
  const old = vm.status?.startFailure as (Status['startFailure'] & { readonly lastFailedVMIUID?: string }) | undefined
  const ran = vmi?.status?.phaseTransitionTimestamps?.some(entry => entry.phase === 'Running')
  if (ran || !['Always', 'RerunOnFailure', 'Once'].includes(strategy))
    return undefined
  if (!vmi || !isFinal(vmi) || old?.lastFailedVMIUID === vmi.metadata.uid)
    return old
  const count = (old?.consecutiveFailCount ?? 0) + 1
  const seconds = Math.min(300, 10 * count * count + pick(vmi.metadata.uid, 5 * count * count + 1))
  return { consecutiveFailCount: count, lastFailedVMIUID: vmi.metadata.uid, retryAfterTimestamp: stamp(time.now + time.takes(seconds * 1000) + 999) } as Status['startFailure']
}

function conditionsOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, time: Time): Condition[] {
  const old = vm.status?.conditions ?? []
  const ready = findCondition(vmi?.status?.conditions, 'Ready')
  const finding = vmi
    ? ready ?? { type: 'Ready', status: 'False' as const, reason: 'VMIConditionMissing', message: 'VMI is missing the Ready condition' }
    : { type: 'Ready', status: 'False' as const, reason: 'VMINotExists', message: 'VMI does not exist' }
  const refused = time.refused?.kind === VMIS && !vmi ? time.refused : undefined
  const failing = refused
    ? withCondition(old, { type: 'Failure', status: 'True', reason: 'FailedCreate', message: `Failure while starting VMI: ${refused.message}` }, time.now)
    : withoutConditions(old, 'Failure')
  const own = withCondition(failing, { type: 'Ready', status: finding.status, ...(finding.reason ? { reason: finding.reason } : {}), ...(finding.message ? { message: finding.message } : {}) }, time.now)
  if (!vmi)
    return own
  // The VMI's conditions are copied while there is one; without one the last stay, stale.
  const kept = own.filter(condition => ['Ready', 'Failure', 'RestartRequired', 'ManualRecoveryRequired'].includes(condition.type))
  return [...kept, ...(vmi.status?.conditions ?? []).filter(condition => condition.type !== 'Ready')]
}
