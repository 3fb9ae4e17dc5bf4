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
import { exportReference, isStoppedFor, writeIntent } from './exportIntent.ts'

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
  const vms = [...users.vms.map(vm => describeVm(vm, users.vmis.find(vmi => vmi.metadata.name === vm.metadata.name))), ...endingWithoutVm(users)]
  const intent: ExportIntent = { id, claim: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name }, claimUid: claim.metadata.uid, image, storageClass, vms, restart, requester, startedAt: new Date(now).toISOString(), ...choices }
  const written = annotate(claim, { [EXPORT_ANNOTATION]: writeIntent(intent) })
  const first = patchOf(CLAIMS, claim, written[0]?.op === 'test' ? written : [testVersion(claim), ...written])
  const running = choices.backupFirst || choices.runningAcknowledged ? [] : users.vms.filter(vm => vms.some(entry => entry.name === vm.metadata.name && isStoppedFor(entry)))
  return { intent, writes: [first, ...running.map(vm => stopForExport(vm, intent))] }
}

function describeVm(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportedVm {
  const wasRunning = vmi ? !isFinal(vmi) || startsAgain(vm) : startsByItself(vm)
  const isEnding = wasRunning && effectiveRunStrategy(vm) === 'Halted' && !startsAgain(vm)
  return { name: vm.metadata.name, runStrategy: effectiveRunStrategy(vm), wasRunning, ...(isEnding && { isEnding }), ...(vmi?.status?.nodeName && { node: vmi.status.nodeName }) }
}

/** Guests that are ending and whose VM is gone, or has the disk no more: how they end tells how whole the image is. */
function endingWithoutVm({ vms, vmis }: ClaimUsers): ExportedVm[] {
  const bare = vmis.filter(vmi => vmi.metadata.deletionTimestamp !== undefined && !isFinal(vmi) && !vms.some(vm => vm.metadata.name === vmi.metadata.name))
  return bare.map(({ metadata: { name }, status }) => ({ name, runStrategy: 'Halted', wasRunning: true, isEnding: true, ...(status?.nodeName && { node: status.nodeName }) }))
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
