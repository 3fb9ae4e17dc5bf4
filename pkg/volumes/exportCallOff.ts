import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, CallOffReason } from './exportStep.ts'
import { amendIntent } from './exportIntent.ts'

/** There will be no image. It is noted first, and by the note all start again what was stopped. */
export function callOff(claim: PersistentVolumeClaim, intent: ExportIntent, calledOff: readonly CallOffReason[]): BareStep {
  return { word: 'call-off', writes: [amendIntent(claim, intent, { calledOff })], because: calledOff }
}
