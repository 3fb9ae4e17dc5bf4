import type { ExportHold } from './exportHold.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep } from './exportStep.ts'
import type { StepWord } from './exportTimeline.ts'
import { exportImageKey } from './exportedImage.ts'

/** What it costs to give an export up: no image is made, the one that is being read will be torn, or is already, the one that is read may never be verified, or nothing any more, because its end is known. */
export type GivingUp = 'no-image' | 'torn-image' | 'torn-already' | 'unverified-image' | 'nothing'

const BEFORE_IMAGE: readonly StepWord[] = ['blind', 'make-backup', 'wait-backup', 'stop-vm', 'wait-guest', 'force-stop', 'wait-detach', 'call-off', 'create-image']

/** By how far the export is. */
export function costOfGivingUp({ word, because, isRead, result }: Pick<ExportStep, 'word' | 'because' | 'isRead' | 'result'>, { madeAt }: Pick<ExportIntent, 'madeAt'>): GivingUp {
  if (result !== undefined)
    return 'nothing'
  if (because.some(({ code }) => code === 'overtaken'))
    return 'torn-already'
  if (isRead)
    return 'unverified-image'
  return madeAt !== undefined || !BEFORE_IMAGE.includes(word) ? 'torn-image' : 'no-image'
}

/** Whether there is anything left to abandon: the image is not made yet, or the guard still keeps the disk for it (`hold`, by `holdOnClaim`), of which its refusals say that this is the way out. */
export function canBeAbandoned(intent: Pick<ExportIntent, 'id' | 'image' | 'abandonedBy'>, cost: GivingUp, hold: ExportHold | undefined): boolean {
  return intent.abandonedBy === undefined && (cost === 'no-image' || (hold?.by === 'intent' && hold.image === exportImageKey(intent)))
}
