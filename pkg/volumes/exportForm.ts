import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { ExportSafety } from './exportSafety.ts'
import type { ExportChoices, ExportedVm } from './exportIntent.ts'
import { isStoppedFor } from './exportIntent.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { findNamesake } from '#images/imageFindings.ts'
import { canBeAcknowledged, isKnownInUse } from './exportSafety.ts'
import { isCopiedWhileInUse } from './exportTarget.ts'

/** What the operator fills in. Its defaults are the safe choices. */
export interface ExportForm {
  readonly displayName: string
  readonly namespace: string
  readonly storageClass: string
  readonly description: string
  /** `while-running`: nothing is shut down, and the image is only as whole as after a power cut. */
  readonly way: 'at-rest' | 'while-running'
  readonly restart: boolean
  readonly backupFirst: boolean
  readonly ifCutOff: 'no-image' | 'mark-crash-consistent'
  /** Where something is shut down: after so long there is no image, and it starts again; 0 for never. */
  readonly deadlineMinutes: number
  /** What was typed to say that the image may be no better than after a power cut. */
  readonly typed: string
}

/** Of a label's value, which a display name becomes. */
const LONGEST_NAME = 63

export const DEADLINE_MINUTES = [15, 60, 240, 720, 0] as const

/** Safe: the guest shuts down, no image is made of a guest whose power was cut, and no VM waits for ever. */
export function emptyExportForm({ metadata: { namespace = '', name } }: PersistentVolumeClaim, images: readonly VirtualMachineImage[] = []): ExportForm {
  return { displayName: freeName(`${name}-export`, namespace, images), namespace, storageClass: '', description: '', way: 'at-rest', restart: true, backupFirst: false, ifCutOff: 'no-image', deadlineMinutes: 60, typed: '' }
}

/** The name, or the first of `name-2`, `name-3` … that no image there has. */
function freeName(name: string, namespace: string, images: readonly VirtualMachineImage[]): string {
  const nth = (count: number) => count === 1 ? name.slice(0, LONGEST_NAME) : `${name.slice(0, LONGEST_NAME - `-${count}`.length)}-${count}`
  let count = 1
  while (findNamesake(nth(count), namespace, images))
    count++
  return nth(count)
}

/**
 * Whether an image can be had while the disk is in use, or why not. `unseen`: nobody knows that it is, and what is missing to
 * know that comes first. `not-v1`: CDI waits until nobody holds the disk. `other-work`: what holds it is no guest.
 */
export type RunningOffer = 'not-needed' | 'unseen' | 'not-v1' | 'other-work' | 'offered'

export function offerRunning(safety: ExportSafety, sourceClass: StorageClass | undefined, targetClass: StorageClass | undefined): RunningOffer {
  if (safety.word === 'at-rest' || safety.word === 'detaching')
    return 'not-needed'
  if (!isKnownInUse(safety))
    return 'unseen'
  if (!targetClass || !isCopiedWhileInUse(sourceClass, targetClass))
    return 'not-v1'
  return canBeAcknowledged(safety) ? 'offered' : 'other-work'
}

/** Whether what was typed says it: the name of the volume, which no hand types by itself. */
export function isAcknowledged({ typed }: Pick<ExportForm, 'typed'>, { metadata }: PersistentVolumeClaim): boolean {
  return typed.trim() === metadata.name
}

/** What the form has chosen for later, as it stands in the intent. `vms` as the intent has them; `who` acknowledges; `now` in epoch milliseconds. */
export function choicesOf(form: ExportForm, vms: readonly ExportedVm[], who: string, now: number): ExportChoices {
  const at = (ms: number) => new Date(ms).toISOString()
  if (form.way === 'while-running')
    return { runningAcknowledged: { by: who, at: at(now) } }
  const stops = vms.some(isStoppedFor)
  return {
    ...(vms.some(vm => vm.wasRunning) && form.ifCutOff === 'mark-crash-consistent' && { ifCutOff: form.ifCutOff }),
    ...(stops && form.backupFirst && { backupFirst: true }),
    ...(stops && form.deadlineMinutes > 0 && { deadline: at(now + form.deadlineMinutes * 60_000) }),
  }
}
