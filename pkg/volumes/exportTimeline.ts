import type { ExportIntent } from './exportIntent.ts'

export type StepWord = 'blind' | 'stop-vm' | 'wait-guest' | 'wait-detach' | 'create-image' | 'wait-import' | 'mark-overtaken' | 'start-vm' | 'wait-start' | 'clean' | 'stopped' | 'done'

/** How an export ended. `crash-consistent`: the power of a guest was cut before. `overtaken`: the image is there, but a VM ran on the disk while it was read. `image-gone`: somebody deleted it. */
export type ExportResult = 'exported' | 'crash-consistent' | 'overtaken' | 'import-failed' | 'image-gone' | 'given-up'

type TimelineStep = 'record' | 'shut-down' | 'release' | 'create' | 'import' | 'start' | 'end'
export interface TimelineEntry { readonly step: TimelineStep, readonly state: 'done' | 'now' | 'to-come' | 'failed' | 'left-out' }

const AT: Readonly<Record<StepWord, TimelineStep>> = {
  'blind': 'release', 'stop-vm': 'shut-down', 'wait-guest': 'shut-down', 'wait-detach': 'release', 'create-image': 'create', 'mark-overtaken': 'import', 'wait-import': 'import',
  'start-vm': 'start', 'wait-start': 'start', 'clean': 'end', 'stopped': 'end', 'done': 'end',
}
const ORDER: readonly TimelineStep[] = ['record', 'shut-down', 'release', 'create', 'import', 'start', 'end']

/** The export's steps as an operator counts them: done, now, to come. What was given up is failed or left out. */
export function exportTimeline(step: { readonly word: StepWord, readonly result?: ExportResult }, intent: Pick<ExportIntent, 'vms' | 'restart'>): TimelineEntry[] {
  const stops = intent.vms.some(vm => vm.wasRunning)
  const shown = ORDER.filter(entry => (entry !== 'shut-down' || stops) && (entry !== 'start' || (stops && intent.restart)))
  // Before an end is known, waiting for a guest is part of the shut-down; after it, of the start.
  const current = step.result && step.word !== 'done' && AT[step.word] !== 'end' ? 'start' : AT[step.word]
  const now = ORDER.indexOf(shown.includes(current) ? current : 'release')
  return shown.map(entry => {
    const index = ORDER.indexOf(entry)
    const broken = brokenBy(entry, step.result)
    if (broken)
      return { step: entry, state: broken }
    if (step.word === 'done')
      return { step: entry, state: 'done' }
    return { step: entry, state: index < now ? 'done' : index > now ? 'to-come' : step.word === 'stopped' ? 'failed' : 'now' }
  })
}

function brokenBy(entry: TimelineStep, result: ExportResult | undefined): 'failed' | 'left-out' | undefined {
  if (entry === 'import' && (result === 'import-failed' || result === 'image-gone' || result === 'overtaken'))
    return 'failed'
  return result === 'given-up' && (entry === 'create' || entry === 'import') ? 'left-out' : undefined
}
