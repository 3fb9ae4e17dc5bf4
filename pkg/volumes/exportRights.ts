import type { Permission } from '#kube/write.ts'
import type { ExportIntent } from './exportIntent.ts'
import { isStoppedFor } from './exportIntent.ts'
import { CLAIMS } from '#kube/core.ts'
import { IMAGES } from '#images/image.ts'
import { VMS, VM_SUBRESOURCES } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'

type Rights = Pick<ExportIntent, 'claim' | 'image' | 'vms' | 'restart' | 'backupFirst' | 'isBackedUp' | 'runningAcknowledged'>

/**
 * What whoever carries the export out must be allowed, from the note on the claim to the start of the VMs: nobody may shut
 * down what he cannot start again, nor make an image of which he cannot say what he has found out. `made`: the image is there,
 * or will not be, and only the end is left.
 */
export function rightsOfExport(intent: Rights, made = false): readonly Permission[] {
  return [...rightsOfRequest(intent, made), { verb: 'patch', resource: IMAGES, where: { namespace: intent.image.namespace } }]
}

/** The same of whoever has only asked for it: what is found out about the image a keeper says in his own name. */
export function rightsOfRequest(intent: Rights, made = false): readonly Permission[] {
  const image: Permission = { verb: 'create', resource: IMAGES, where: { namespace: intent.image.namespace } }
  const backup: readonly Permission[] = intent.backupFirst && !intent.isBackedUp && !made ? [{ verb: 'create', resource: VM_BACKUPS, where: { namespace: intent.claim.namespace } }] : []
  return [...made ? [] : [image], ...backup, ...rightsOfStart(intent)]
}

/** What *Force stop* takes: the note that it was decided, and the stop with no time left. */
export function rightsOfForce({ claim: { namespace } }: Rights): readonly Permission[] {
  return [{ verb: 'patch', resource: CLAIMS, where: { namespace } }, { verb: 'update', resource: VM_SUBRESOURCES, where: { namespace, subresource: 'stop' } }]
}

/** What *Start now* takes: the note that the export was given up, and the VMs back on with their own strategies. */
export function rightsOfStart({ claim: { namespace }, vms, restart, runningAcknowledged }: Rights): readonly Permission[] {
  const stopped = runningAcknowledged ? [] : vms.filter(isStoppedFor)
  const start = restart && stopped.some(vm => vm.runStrategy === 'Manual')
  return [
    { verb: 'patch', resource: CLAIMS, where: { namespace } },
    ...stopped.length ? [{ verb: 'patch', resource: VMS, where: { namespace } }] : [],
    ...start ? [{ verb: 'update', resource: VM_SUBRESOURCES, where: { namespace, subresource: 'start' } }] : [],
  ]
}
