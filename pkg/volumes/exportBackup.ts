import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, StepWorld } from './exportStep.ts'
import { createOf } from '#kube/write.ts'
import { blindSpot } from '#kube/seen.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, exportReference } from './exportIntent.ts'
import { callOff } from './exportCallOff.ts'

/** Name of the backup of one VM: the same for everybody who carries the export out, and told of by the image's name. */
function backupName(intent: ExportIntent, index: number): string {
  return `export-${intent.id}-${index}`
}

function createBackup(intent: ExportIntent, vm: string, index: number): Write {
  return createOf<VmBackup>(VM_BACKUPS, {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineBackup',
    metadata: { name: backupName(intent, index), namespace: intent.claim.namespace, annotations: { [EXPORT_ANNOTATION]: exportReference(intent) } },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vm }, type: 'backup' },
  })
}

/** The writes that make the backups of an export. */
export function backupsOf(intent: ExportIntent): Write[] {
  return intent.backupFirst ? intent.vms.map((vm, index) => createBackup(intent, vm.name, index)) : []
}

/** The backup that was asked for first: made, waited for, noted when it is ready. Undefined once there is nothing more to do for it. `now` in epoch milliseconds. */
export function backUpFirst(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, now: number): BareStep | undefined {
  if (!intent.backupFirst || intent.isBackedUp || !intent.vms.length)
    return undefined
  const { namespace } = intent.claim
  const blind = blindSpot(VM_BACKUPS, world.backups, namespace)
  if (blind)
    return { word: 'blind', writes: [], because: [blind] }
  const known = intent.vms.map((vm, index) => {
    const name = backupName(intent, index)
    return { key: `${namespace}/${name}`, create: createBackup(intent, vm.name, index), backup: world.backups.objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) }
  })
  const failed = known.find(({ backup }) => backup?.status?.error && !backup.status.readyToUse)
  if (failed)
    return callOff(claim, intent, [{ code: 'backup-failed', backup: failed.key, ...(failed.backup?.status?.error?.message && { message: failed.backup.status.error.message }) }])
  const missing = known.filter(({ backup }) => !backup)
  if (missing.length)
    return { word: 'make-backup', writes: missing.map(({ create }) => create), because: missing.map(({ key }) => ({ code: 'backing-up' as const, backup: key })) }
  const waiting = known.filter(({ backup }) => !backup?.status?.readyToUse)
  if (waiting.length)
    return { word: 'wait-backup', writes: [], because: waiting.map(({ key }) => ({ code: 'backing-up' as const, backup: key })) }
  return { word: 'wait-backup', writes: [amendIntent(claim, intent, { isBackedUp: true, backedUpAt: new Date(now).toISOString() })], because: known.map(({ key }) => ({ code: 'backup-made' as const, backup: key })) }
}
