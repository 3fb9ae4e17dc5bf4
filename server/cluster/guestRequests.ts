import { findCondition } from '#kube/object.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { isTrue } from './controllers/conditions.ts'
import type { GuestAct } from './guestActs.ts'
import type { PowerRefusal } from './powerRequests.ts'
import { conflict } from './powerRequests.ts'

/** Why virt-api does not pass an act on to virt-handler, in its words; undefined where it does (kubevirt pkg/virt-api/rest/lifecycle.go). */
export function refusalOfAct(act: GuestAct, vmi: VirtualMachineInstance, vm: VirtualMachine | undefined): PowerRefusal | undefined {
  const { name } = vmi.metadata
  const refuse = (because: string) => conflict(name, because, 'virtualmachineinstance')
  const isPaused = findCondition(vmi.status?.conditions, 'Paused') !== undefined
  if (act === 'unpause' && vm?.status?.snapshotInProgress)
    return conflict(name, 'VM snapshot is in progress')
  if (vmi.status?.phase !== 'Running')
    return refuse(act === 'unpause' ? 'VMI is not running' : 'VM is not running')
  if (act === 'unpause')
    return isPaused ? undefined : refuse('VMI is not paused')
  if (act === 'pause' && 'livenessProbe' in vmi.spec)
    return { status: 403, reason: 'Forbidden', message: `virtualmachineinstance.kubevirt.io "${name}" is forbidden: Pausing VMIs with LivenessProbe is currently not supported` }
  if (act === 'pause')
    return isPaused ? refuse('VMI is already paused') : undefined
  if (isTrue(vmi.status.conditions, 'Paused'))
    return refuse('VMI is paused')
  const deaf = !findCondition(vmi.status.conditions, 'AgentConnected') && vmi.spec.domain?.features?.acpi?.enabled === false
  return deaf ? refuse('VMI neither have the agent connected nor the ACPI feature enabled') : undefined
}
