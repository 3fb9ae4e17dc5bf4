import type { ExportIntent } from './exportIntent.ts'
import { isStoppedFor } from './exportIntent.ts'

export type StepWord
  = | 'blind' | 'make-backup' | 'wait-backup' | 'stop-vm' | 'wait-guest' | 'force-stop' | 'wait-detach' | 'call-off' | 'create-image' | 'wait-import' | 'mark-overtaken' | 'verify'
    | 'release-vm' | 'start-vm' | 'wait-start' | 'note-end' | 'clean' | 'stopped' | 'done'

/**
 * How an export ended. `crash-consistent`: the power of a guest was cut before, or it ran on, as was acknowledged.
 * `not-observed`: nobody saw how a guest ended. `overtaken`: the image is there, but the disk was used while it was read, or
 * may have been. `unverified`: whether one did could not be noted. `image-gone`: somebody deleted it.
 */
export type ExportResult = 'exported' | 'crash-consistent' | 'not-observed' | 'unverified' | 'overtaken' | 'import-failed' | 'image-gone' | 'given-up'

export type TimelineStep = 'record' | 'back-up' | 'shut-down' | 'release' | 'create' | 'import' | 'start' | 'end'
export interface TimelineEntry { readonly step: TimelineStep, readonly state: 'done' | 'now' | 'to-come' | 'failed' | 'left-out' }

const AT: Readonly<Record<StepWord, TimelineStep>> = {
  'blind': 'release', 'make-backup': 'back-up', 'wait-backup': 'back-up', 'stop-vm': 'shut-down', 'wait-guest': 'shut-down', 'force-stop': 'shut-down', 'wait-detach': 'release', 'call-off': 'release',
  'create-image': 'create', 'mark-overtaken': 'import', 'wait-import': 'import', 'verify': 'import',
  'release-vm': 'start', 'start-vm': 'start', 'wait-start': 'start', 'note-end': 'end', 'clean': 'end', 'stopped': 'end', 'done': 'end',
}
const ORDER: readonly TimelineStep[] = ['record', 'back-up', 'shut-down', 'release', 'create', 'import', 'start', 'end']

type Shown = Pick<ExportIntent, 'vms' | 'restart' | 'backupFirst' | 'runningAcknowledged' | 'isBackedUp' | 'calledOff' | 'refusal'>

/** The export's steps as an operator counts them: done, now, to come. What was given up is failed or left out. */
export function exportTimeline(step: { readonly word: StepWord, readonly result?: ExportResult }, intent: Shown): TimelineEntry[] {
  const stops = !intent.runningAcknowledged && intent.vms.some(isStoppedFor)
  const isShown: Readonly<Partial<Record<TimelineStep, boolean>>> = { 'back-up': intent.backupFirst ?? false, 'shut-down': stops, 'start': stops && intent.restart }
  const shown = ORDER.filter(entry => isShown[entry] ?? true)
  // After an end is known, waiting is part of the start: save for a guest that has not ended yet, since the export was given up before.
  const isEnding = isStillEnding(step)
  const current = step.result && step.word !== 'done' && AT[step.word] !== 'end' && !isEnding ? 'start' : AT[step.word]
  const now = ORDER.indexOf(shown.includes(current) ? current : 'release')
  return shown.map(entry => {
    const index = ORDER.indexOf(entry)
    const broken = brokenBy(entry, step, intent)
    if (broken)
      return { step: entry, state: broken }
    if (step.word === 'done')
      return { step: entry, state: 'done' }
    return { step: entry, state: index < now ? 'done' : index > now ? 'to-come' : 'now' }
  })
}

type Reached = Parameters<typeof exportTimeline>[0]

/** A disk was at rest once its guest was gone: one that is waited for after there will be no image has kept it from that. */
function isStillEnding({ word, result }: Reached): boolean {
  return (word === 'wait-guest' || word === 'force-stop') && result === 'given-up'
}

function brokenBy(entry: TimelineStep, step: Reached, intent: Shown): 'failed' | 'left-out' | undefined {
  const { result } = step
  if (entry === 'import' && (result === 'import-failed' || result === 'image-gone' || result === 'overtaken'))
    return 'failed'
  if (result !== 'given-up')
    return undefined
  if (entry === 'back-up' && intent.calledOff?.some(({ code }) => code === 'backup-failed'))
    return 'failed'
  return leftOutOf(intent, isStillEnding(step)).includes(entry) ? 'left-out' : undefined
}

/** What an export that was given up did not come to. Before the backup is there no VM is touched; what the cluster has refused may have been the image of a disk at rest. */
function leftOutOf({ backupFirst, isBackedUp, refusal }: Shown, isEnding: boolean): readonly TimelineStep[] {
  if (backupFirst && !isBackedUp)
    return ['back-up', 'shut-down', 'release', 'create', 'import', 'start']
  return refusal === undefined || isEnding ? ['release', 'create', 'import'] : ['create', 'import']
}
