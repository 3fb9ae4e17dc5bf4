import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ClaimUsers } from './claimUsers.ts'
import type { ExportChoices, ExportedVm, ExportIntent } from './exportIntent.ts'
import { CLAIMS } from '#kube/core.ts'
import { annotate, heldToVersion, patchOf, testVersion } from '#kube/write.ts'
import { planStop } from '#vms/powerActions.ts'
import { isFinal, startsByItself } from '#vms/powerState.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { exportReference, writeIntent } from './exportIntent.ts'

export interface ExportRequest {
  readonly claim: PersistentVolumeClaim
  readonly users: ClaimUsers
  readonly id: string
  readonly image: ExportIntent['image']
  readonly storageClass: string
  readonly restart: boolean
  readonly requester: string
  readonly choices?: ExportChoices
  /** Epoch milliseconds. */
  readonly now: number
}

export interface ExportPlan { readonly intent: ExportIntent, readonly writes: readonly Write[] }

/**
 * The writes that begin an export, in order: the intent on the claim, then each running VM halted with a reference to it,
 * where neither a backup is to come first nor the image may be made of a running disk. The first fails (422) when anybody
 * has changed the claim since it was read, so two exports cannot begin at once: the caller makes none where `readIntent`
 * finds one. The rest follows from `nextExportStep`, which finds the same writes again.
 */
export function planExport(request: ExportRequest): ExportPlan {
  const { claim, users, id, image, storageClass, restart, requester, choices = {}, now } = request
  const vms = users.vms.map(vm => describeVm(vm, users.vmis.find(vmi => vmi.metadata.name === vm.metadata.name)))
  const intent: ExportIntent = { id, claim: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name }, claimUid: claim.metadata.uid, image, storageClass, vms, restart, requester, startedAt: new Date(now).toISOString(), ...choices }
  const written = annotate(claim, { [EXPORT_ANNOTATION]: writeIntent(intent) })
  const first = patchOf(CLAIMS, claim, written[0]?.op === 'test' ? written : [testVersion(claim), ...written])
  const running = choices.backupFirst || choices.runningAcknowledged ? [] : users.vms.filter(vm => vms.some(entry => entry.name === vm.metadata.name && entry.wasRunning))
  return { intent, writes: [first, ...running.map(vm => stopForExport(vm, intent))] }
}

/** One that somebody has halted already is off, though its guest is still ending: nobody owes it a start. */
function describeVm(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportedVm {
  const isHalted = effectiveRunStrategy(vm) === 'Halted' && !startsAgain(vm)
  const wasRunning = !isHalted && (vmi ? !isFinal(vmi) || startsAgain(vm) : startsByItself(vm))
  return { name: vm.metadata.name, runStrategy: effectiveRunStrategy(vm), wasRunning, ...(vmi?.status?.nodeName && { node: vmi.status.nodeName }) }
}

function startsAgain(vm: VirtualMachine): boolean {
  return effectiveRunStrategy(vm) === 'Always' || (vm.status?.stateChangeRequests ?? []).some(request => request.action === 'Start')
}

/**
 * Halts one VM for the export, with the reference, in one patch. Fails (422) on a VM that is not as it was read: a stop that
 * was long on its way finds an export that is over, and nobody would start the VM again.
 */
export function stopForExport(vm: VirtualMachine, intent: Pick<ExportIntent, 'claim'>): Write {
  const stop = planStop(vm, { [EXPORT_ANNOTATION]: exportReference(intent) })
  return heldToVersion(stop, vm)
}
