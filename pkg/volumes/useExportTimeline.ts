import { computed } from 'vue'
import { useI18n } from '#sdk/i18n.ts'
import type { StepState, TaskStep } from '#sdk/tasks.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent } from './exportIntent.ts'
import { timesOf } from './exportTimes.ts'
import type { TimelineEntry } from './exportTimeline.ts'

const STATES: Readonly<Record<Exclude<TimelineEntry['state'], 'now'>, StepState>> = { 'done': 'done', 'to-come': 'todo', 'failed': 'failed', 'left-out': 'skipped' }

/** Whether a guest did not shut down by itself, or nobody knows that it did. */
const isDoubtful = ({ endings = {} }: ExportIntent): boolean => Object.values(endings).some(({ word }) => word !== 'shut-down')

interface Shown {
  readonly intent: ExportIntent
  readonly image: VirtualMachineImage | undefined
  readonly timeline: readonly TimelineEntry[]
  /** Of the step whose turn it is: whether somebody goes on with it, and how far it is. */
  readonly now?: { readonly state: 'doing' | 'waiting', readonly progress?: number }
}

/** The steps of an export with their times, and what came of each. Call in setup. */
export function useExportTimeline(shown: () => Shown | undefined) {
  const { t } = useI18n()

  /** What is worth telling of a step that is over. */
  function cameOf(step: TimelineEntry['step'], intent: ExportIntent): string | undefined {
    if (step === 'record')
      return t('volumes.export.asked', { who: intent.requester || t('volumes.export.somebody') })
    if (step !== 'shut-down')
      return undefined
    const ends = Object.entries(intent.endings ?? {}).map(([vm, { word }]) => t(`volumes.export.ending.${word}`, { vm }))
    return [...ends, ...(intent.forcedBy ? [t('volumes.export.forcedBy', { who: intent.forcedBy })] : [])].join(' ')
  }

  return computed<TaskStep[]>(() => {
    const given = shown()
    if (!given)
      return []
    const times = timesOf(given.intent, given.image)
    return given.timeline.map(({ step, state }) => {
      const { startedAt, endedAt } = times[step] ?? {}
      const label = t(`volumes.export.step.${step}`)
      if (state === 'now')
        return { id: step, label, state: given.now?.state ?? 'waiting', ...(startedAt !== undefined && { startedAt }), ...(given.now?.progress !== undefined && { progress: given.now.progress }) }
      const told = state === 'left-out' || state === 'to-come' ? undefined : cameOf(step, given.intent)
      const over = state === 'done' || state === 'failed'
      return { id: step, label, state: state === 'done' && step === 'shut-down' && isDoubtful(given.intent) ? 'doubtful' : STATES[state], ...(over && startedAt !== undefined && endedAt !== undefined && { startedAt }), ...(over && endedAt !== undefined && { endedAt }), ...(told && { message: told }) }
    })
  })
}
