import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { annotate, heldToVersion } from '#kube/write.ts'
import { planStart } from '#vms/powerActions.ts'
import { VMIS, effectiveRunStrategy } from '#vms/vm.ts'
import { claimsOfVm } from './claimUsers.ts'
import { exportReference, isCopiedIntent, readIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'

// An export whose note was taken off its volume by hand, or went with it, starts nobody again.

interface LeftOffWorld {
  readonly vms: Seen<VirtualMachine>
  readonly vmis: Seen<VirtualMachineInstance>
  readonly claims: Seen<PersistentVolumeClaim>
}

/** A VM that an export has shut down, and what is not seen of whether that export will start it again. */
export interface UnclearVm { readonly vm: VirtualMachine, readonly unseen: readonly Unseen[] }

/** VMs that an export has shut down, and whose note is on no volume any more. One whose old guest may still be there is none yet. */
export function leftOffVms(world: LeftOffWorld): VirtualMachine[] {
  const guests = new Set(world.vmis.objects.map(objectKey))
  return withoutNote(world).filter(vm => !unseenAround(vm, world).length && !guests.has(objectKey(vm)))
}

/**
 * VMs that an export has shut down, as their own mark says, where nobody here can see what became of it: volumes or instances
 * are not seen. What is only being read yet will be said in a moment.
 */
export function unclearVms(world: LeftOffWorld): UnclearVm[] {
  return withoutNote(world).map(vm => ({ vm, unseen: unseenAround(vm, world) })).filter(({ unseen }) => unseen.length > 0 && !unseen.some(({ state }) => state === 'loading'))
}

/** VMs that are off by a mark, and whose export is not known to stand on its volume: one that does is told by itself. */
function withoutNote({ vms, claims }: LeftOffWorld): VirtualMachine[] {
  const carrying = new Set(claims.objects.filter(claim => readIntent(claim) !== undefined && !isCopiedIntent(claim)).map(objectKey))
  return vms.objects.filter(vm => {
    const claim = claimOfMark(vm)
    return claim && !vm.metadata.deletionTimestamp && effectiveRunStrategy(vm) === 'Halted' && !carrying.has(exportReference({ claim }))
  })
}

function unseenAround({ metadata: { namespace } }: VirtualMachine, { vmis, claims }: LeftOffWorld): Unseen[] {
  return [blindSpot(CLAIMS, claims, namespace), blindSpot(VMIS, vmis, namespace)].filter(spot => spot !== undefined)
}

/** The claim for whose export a VM was stopped and not started again. */
export function claimOfMark(vm: VirtualMachine): { readonly namespace: string, readonly name: string } | undefined {
  const [, namespace, name] = /^([^/ ]+)\/([^/ ]+)$/.exec(vm.metadata.annotations?.[EXPORT_ANNOTATION] ?? '') ?? []
  return namespace && name ? { namespace, name } : undefined
}

/** The names of the VMs that are off by a mark for that claim's export. */
export function vmsMarkedFor(vms: readonly VirtualMachine[], claim: PersistentVolumeClaim): string[] {
  return vms.flatMap(vm => {
    const marked = claimOfMark(vm)
    return marked && exportReference({ claim: marked }) === objectKey(claim) && effectiveRunStrategy(vm) === 'Halted' ? vm.metadata.name : []
  })
}

/**
 * Whether what stands on the claim, and cannot be read, concerns the VM: it is off by a mark for that claim's export, or has the
 * disk, so that the export may have been about it. A note that a backup has brought along asks for nothing, and concerns none.
 */
export function isNoteAbout(claim: PersistentVolumeClaim, vm: VirtualMachine): boolean {
  const isOn = claim.metadata.namespace === vm.metadata.namespace && claimsOfVm(vm).has(claim.metadata.name)
  return readIntent(claim) === 'unreadable' && !isCopiedIntent(claim) && (isOn || vmsMarkedFor([vm], claim).length > 0)
}

/** Starts such a VM, as Harvester would, and takes the mark off in the same patch. Fails (422) on one that has changed since it was read. */
export function planStartLeftOff(vm: VirtualMachine): readonly Write[] {
  return planStart(vm).map(write => heldToVersion(write, vm, { after: annotate(vm, { [EXPORT_ANNOTATION]: undefined }) }))
}
