import { VMS } from '#vms/vm.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { stamp } from './conditions.ts'
import type { Controller } from './step.ts'
import { NOTHING, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'

// harvester pkg/controller/master/backup/backup.go (`initBackup`), as far as a VM's backup is waited for.

/** On a VM: `failing`, where no backup of it comes to its end. */
const BACKUP_ANNOTATION = 'guardrails.test/backup'

/**
 * Backups of VMs: begun, and after a while ready or failed. Whoever copies the volumes says so: of Harvester's own controllers
 * this one is not among those that are linked, so that it is played beside them too.
 */
export const vmBackups: Controller<VmBackup> = {
  name: 'vm-backup',
  actor: 'longhorn-engine',
  kind: VM_BACKUPS,
  reads: [VMS],
  stage: ({ status }) => `${status?.readyToUse} ${status?.error !== undefined}`,
  step(backup, world, time) {
    const { metadata, spec, status } = backup
    const vm = world.get(VMS, `${metadata.namespace}/${spec.source?.name}`)
    if (metadata.deletionTimestamp || status?.readyToUse || status?.error || (!status && !vm))
      return NOTHING
    const begun = { ...status, readyToUse: false, progress: 0, sourceUID: vm?.metadata.uid }
    if (!status)
      return write(setStatus(VM_BACKUPS, backup, begun))
    if (time.left(TAKES.backUp) > 0)
      return wait(time.left(TAKES.backUp))
    const error = { time: stamp(time.now), message: 'failed to upload the backup: the backup target does not answer' }
    return write(setStatus(VM_BACKUPS, backup, vm?.metadata.annotations?.[BACKUP_ANNOTATION] === 'failing' ? { ...status, error } : { ...status, readyToUse: true, progress: 100, creationTime: stamp(time.now) }))
  },
}
