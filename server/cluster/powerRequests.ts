import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import type { Write } from './controllers/step.ts'
import { change, setStatus } from './controllers/step.ts'
import { isFinal } from './controllers/vmStatus.ts'

// kubevirt pkg/virt-api/rest/lifecycle.go: texts, codes and which strategy becomes which are theirs.

export interface PowerBody {
  readonly gracePeriod?: number
  readonly gracePeriodSeconds?: number
}

export interface PowerRefusal { readonly status: 400 | 403 | 404 | 409 | 500, readonly reason: 'BadRequest' | 'Forbidden' | 'NotFound' | 'Conflict' | 'InternalError', readonly message: string }
/** What a request does: writes, or why not. `cut` asks for the launcher pod to be deleted with a grace of one second. */
export type PowerOutcome = { readonly writes: readonly Write[], readonly cut?: boolean } | PowerRefusal

type Requests = NonNullable<NonNullable<VirtualMachine['status']>['stateChangeRequests']>

/** KubeVirt's conflict on an object of its group. */
export function conflict(name: string, because: string, resource = 'virtualmachine'): PowerRefusal {
  return { status: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${resource}.kubevirt.io "${name}": ${because}` }
}

/** Requests take the place of none; only a stop takes the place of others. */
function request(vm: VirtualMachine, ...changes: Requests): PowerOutcome {
  const waiting = vm.status?.stateChangeRequests ?? []
  const replaces = changes.length === 1 && changes[0]?.action === 'Stop'
  if (waiting.length > 0 && !replaces)
    return { status: 500, reason: 'InternalError', message: 'Internal error occurred: unable to complete request: stop/start already underway' }
  return { writes: setStatus(VMS, vm, { ...vm.status, stateChangeRequests: changes, startFailure: undefined }) }
}

function setRunning(vm: VirtualMachine, running: boolean): PowerOutcome {
  const runStrategy: RunStrategy = running ? 'Always' : 'Halted'
  return { writes: [change(VMS, vm, { spec: vm.spec.runStrategy ? { runStrategy } : { running } })] }
}

/** `PUT …/virtualmachines/{name}/start`. */
export function start(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): PowerOutcome {
  const { name } = vm.metadata
  const phase = vmi?.status?.phase ?? ''
  if (vmi && !isFinal(vmi) && phase !== '' && phase !== 'Unknown')
    return conflict(name, 'VM is already running')
  const strategy = effectiveRunStrategy(vm)
  const wanted = { action: 'Start' as const }
  switch (strategy) {
    case 'Halted':
      return setRunning(vm, true)
    case 'RerunOnFailure':
      if (phase === 'Failed')
        return conflict(name, 'RerunOnFailure does not support starting VM from failed state')
      return vmi && phase === 'Succeeded' ? request(vm, { action: 'Stop', uid: vmi.metadata.uid }, wanted) : request(vm, wanted)
    case 'Manual':
      return vmi && isFinal(vmi) ? request(vm, { action: 'Stop', uid: vmi.metadata.uid }, wanted) : request(vm, wanted)
    default:
      return conflict(name, `${strategy} does not support manual start requests`)
  }
}

/** `PUT …/virtualmachines/{name}/stop`. */
export function stop(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, body: PowerBody = {}): PowerOutcome {
  const { name } = vm.metadata
  const running = vmi !== undefined && !isFinal(vmi)
  const { gracePeriod } = body
  const grace = running && gracePeriod !== undefined ? [change(VMIS, vmi, { spec: { terminationGracePeriodSeconds: gracePeriod } })] : []
  const then = (outcome: PowerOutcome): PowerOutcome => 'writes' in outcome ? { writes: [...grace, ...outcome.writes] } : outcome
  const strategy = effectiveRunStrategy(vm)
  if (strategy === 'Always' || strategy === 'Once')
    return then(setRunning(vm, false))
  if (!running)
    return conflict(name, 'VM is not running')
  const given = vmi.spec.terminationGracePeriodSeconds
  if (strategy === 'Halted' && (gracePeriod === undefined || (given !== undefined && gracePeriod >= given)))
    return conflict(name, 'Halted only supports manual stop requests with a shorter graceperiod')
  return then(request(vm, { action: 'Stop', uid: vmi.metadata.uid }))
}

/** `PUT …/virtualmachines/{name}/restart`. */
export function restart(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, body: PowerBody = {}): PowerOutcome {
  const { name } = vm.metadata
  const grace = body.gracePeriodSeconds
  if (grace !== undefined && grace !== 0)
    return { status: 400, reason: 'BadRequest', message: grace > 0 ? 'For force restart, only gracePeriod=0 is supported for now' : 'gracePeriod has to be greater or equal to 0' }
  const strategy = effectiveRunStrategy(vm)
  if (strategy === 'Halted' || strategy === 'Once')
    return conflict(name, `RunStategy ${strategy} does not support manual restart requests`)
  if (!vmi)
    return conflict(name, 'VM is not running: Halted')
  const outcome = request(vm, { action: 'Stop', uid: vmi.metadata.uid }, { action: 'Start' })
  return 'writes' in outcome && grace === 0 ? { ...outcome, cut: true } : outcome
}
