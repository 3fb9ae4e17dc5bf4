import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep, StepReason } from './exportStep.ts'
import type { KeeperJob } from './keeperStatus.ts'

/**
 * What an export waits for that cannot see enough: to `go-on` towards its image, to say of the image whether it is whole
 * (`verify`), or to `start` its VMs. `isEndless`: it has no time limit, and nothing else will end that.
 */
export interface SightQuestion { readonly to: 'go-on' | 'verify' | 'start', readonly isEndless: boolean }

/**
 * The question behind a step that has nothing to do but wait until something can be seen; undefined for any other, where the
 * guard is asked instead, and where all that is not seen is just being read.
 */
export function sightQuestion({ word, because, ask, result }: Pick<ExportStep, 'word' | 'because' | 'ask' | 'result'>, { deadline, madeAt }: Pick<ExportIntent, 'deadline' | 'madeAt'>): SightQuestion | undefined {
  const states = because.flatMap(reason => reason.code === 'not-seen' ? reason.state : [])
  if (word !== 'blind' || ask || states.every(state => state === 'loading'))
    return undefined
  const to = result !== undefined ? 'start' : madeAt !== undefined ? 'verify' : 'go-on'
  // Whoever may not look leaves the image unverified after half a minute.
  return { to, isEndless: deadline === undefined && !(to === 'verify' && states.every(state => state !== 'stale')) }
}

/** Whether an export is not judged yet only because a page that was just opened is still reading the cluster. Whoever carries it out sees it. */
export function isStillRead({ word, because, ask }: Pick<ExportStep, 'word' | 'because' | 'ask'>): boolean {
  const unseen = because.filter(reason => reason.code === 'not-seen')
  return word === 'blind' && !ask && unseen.length > 0 && unseen.every(({ state }) => state === 'loading')
}

/** What a keeper does not see as it is now, though whoever looks at its report may. Empty where it sees, may not look, or waits for something else. */
export function blindnessOf({ word, step, because }: Pick<KeeperJob, 'word' | 'step' | 'because'>): readonly StepReason[] {
  return word === 'waiting' && step === 'blind' ? because.filter(reason => reason.code === 'not-seen' && reason.state === 'stale') : []
}
