import { computed } from 'vue'
import { useI18n } from '#sdk/i18n.ts'
import { useNow } from '#sdk/time.ts'
import type { Tone } from '#sdk/verdict.ts'
import type { GuardWord } from './guardState.ts'
import { judgeHeardGuard, voiceOf } from './guardState.ts'
import { toneOfKeeper } from './keeperStatus.ts'
import { useGuardStanding, useKeeper } from './useStanding.ts'

/** What a line says of one of the two: its sign, its word, why, and when it last spoke or acted. */
interface Line { readonly tone: Tone, readonly word: string, readonly because: readonly string[], readonly version?: string, readonly at?: string | number }

const GUARD_TONES: Readonly<Record<GuardWord, Tone>> = { alive: 'ok', silent: 'bad', absent: 'attention', unknown: 'unknown' }

/** How guard and keeper stand, in words. `answeredAt`: when the guard has answered here by a dry run, in epoch milliseconds. Call in setup. */
export function useGuardWords(answeredAt: () => number | undefined = () => undefined) {
  const { t } = useI18n()
  const now = useNow()
  const standing = useGuardStanding()
  const keeper = useKeeper()
  const unheard = (state: 'asking' | 'none' | 'silent' | 'told'): Line => ({ tone: state === 'asking' ? 'progress' : state === 'silent' ? 'bad' : 'unknown', word: t(`volumes.guards.unheard.${state}`), because: [] })

  const guardLine = computed<Line>(() => {
    const { state, answer } = standing.value
    if (!answer)
      return unheard(state)
    const voice = voiceOf(answer)
    const { word, because } = judgeHeardGuard(answer, answeredAt(), now.value)
    return {
      tone: GUARD_TONES[word], word: t(`volumes.guards.guard.${word}`), because: [...because.map(code => t(`volumes.guards.because.${code}`)), t(`volumes.guards.requester.${answer.requester}`)],
      version: voice?.version, at: voice?.lastReviewAt,
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
