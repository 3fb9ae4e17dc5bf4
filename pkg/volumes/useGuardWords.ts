import { computed } from 'vue'
import { useI18n } from '#sdk/i18n.ts'
import { useNow } from '#sdk/time.ts'
import type { Tone } from '#sdk/verdict.ts'
import type { GuardedPlace, GuardState, GuardWord } from './guardState.ts'
import { judgeHeardGuard, saidOf, voiceOf } from './guardState.ts'
import { toneOfKeeper } from './keeperStatus.ts'
import { useGuardStanding, useKeeper } from './useStanding.ts'

/** What a line says of one of the two: its sign, its word, why, and when it last spoke or acted. */
interface Line { readonly tone: Tone, readonly word: string, readonly because: readonly string[], /** What must not be left to a hint. */ readonly gap?: readonly string[], readonly version?: string, readonly at?: string | number }

const GUARD_TONES: Readonly<Record<GuardWord, Tone>> = { alive: 'ok', silent: 'bad', absent: 'attention', elsewhere: 'attention', unknown: 'unknown' }

/** Why the guard stands as it does, in sentences; the place is where one looks. Call in setup. */
export function useGuardSentences() {
  const { t } = useI18n()
  return (state: Pick<GuardState, 'because'>, { namespace = '', images = namespace }: Partial<GuardedPlace> = {}): string[] => saidOf(state).map(code => t(`volumes.guards.because.${code}`, { namespace, images }))
}

interface Looking { /** Where one looks; everywhere where it is absent. */ readonly place?: () => GuardedPlace | undefined, /** When the guard has answered here by a dry run, in epoch milliseconds. */ readonly answeredAt?: () => number | undefined }

/** How guard and keeper stand, in words. Call in setup. */
export function useGuardWords({ place = () => undefined, answeredAt = () => undefined }: Looking = {}) {
  const { t } = useI18n()
  const sentencesOf = useGuardSentences()
  const now = useNow()
  const standing = useGuardStanding(place)
  const keeper = useKeeper()
  const unheard = (state: 'asking' | 'none' | 'silent' | 'told'): Line => ({ tone: state === 'asking' ? 'progress' : state === 'silent' ? 'bad' : 'unknown', word: t(`volumes.guards.unheard.${state}`), because: [] })

  const guardLine = computed<Line>(() => {
    const { state, answer } = standing.value
    if (!answer)
      return unheard(state)
    const voice = voiceOf(answer)
    const guard = judgeHeardGuard(answer, answeredAt(), now.value)
    return {
      tone: GUARD_TONES[guard.word], word: t(`volumes.guards.guard.${guard.word}`), because: [...sentencesOf(guard, place()), t(`volumes.guards.requester.${answer.requester}`)],
      ...(guard.word === 'elsewhere' && { gap: [t('volumes.guards.notHere'), ...sentencesOf(guard, place())] }), version: voice?.version, at: voice?.lastReviewAt,
    }
  })
  const keeperLine = computed<Line>(() => {
    const { state, answer } = keeper.value
    if (!answer)
      return unheard(state)
    const { word, because, version, lastAct } = answer
    const reasons = because.map(reason => t(`volumes.guards.keeperBecause.${reason.code}`, { ...reason, ...('rights' in reason && { rights: reason.rights.join(', ') }) }))
    return { tone: toneOfKeeper(answer), word: t(`volumes.guards.keeper.${word}`), because: [t(`volumes.guards.keeps.${word}`), ...reasons], version, at: lastAct?.at }
  })
  const lines = computed(() => [{ id: 'guard' as const, ...guardLine.value }, { id: 'keeper' as const, ...keeperLine.value }])
  return { lines }
}
