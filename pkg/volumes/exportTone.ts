import type { GivingUp } from './exportGiveUp.ts'
import { isStillRead } from './exportSight.ts'
import type { ExportStep } from './exportStep.ts'

/** Whether somebody carries an export out: somebody does, nobody does, or it is not known yet. */
export type Carried = 'carried' | 'left' | 'asking'

/** The tone of an export under way. Calm only where somebody carries it out, its image is sound so far, and its VMs come to run. */
export function toneOfExport(step: Pick<ExportStep, 'word' | 'because' | 'ask' | 'dismiss'>, carried: Carried, cost: GivingUp): 'bad' | 'attention' | 'unknown' | 'progress' {
  if (step.word === 'stopped')
    return 'bad'
  if (carried !== 'carried')
    return carried === 'asking' ? 'unknown' : 'attention'
  if (cost === 'torn-already' || step.dismiss)
    return 'attention'
  return step.word === 'blind' && !isStillRead(step) ? 'unknown' : 'progress'
}
