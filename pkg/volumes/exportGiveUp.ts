import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep } from './exportStep.ts'
import type { StepWord } from './exportTimeline.ts'

/** What it costs to give an export up: no image is made, the one that is being read will be torn, or nothing any more, because its end is known. */
export type GivingUp = 'no-image' | 'torn-image' | 'nothing'

const BEFORE_IMAGE: readonly StepWord[] = ['blind', 'make-backup', 'wait-backup', 'stop-vm', 'wait-guest', 'force-stop', 'wait-detach', 'call-off', 'create-image']

/** By how far the export is. */
export function costOfGivingUp({ word, result }: Pick<ExportStep, 'word' | 'result'>, { madeAt }: Pick<ExportIntent, 'madeAt'>): GivingUp {
  if (result !== undefined)
    return 'nothing'
  return madeAt !== undefined || !BEFORE_IMAGE.includes(word) ? 'torn-image' : 'no-image'
}
