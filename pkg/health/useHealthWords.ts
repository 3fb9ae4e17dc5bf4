import { useI18n } from '#sdk/i18n.ts'
import { absoluteTime } from '#sdk/time.ts'
import type { Tone, VerdictReason } from '#sdk/verdict.ts'
import { COPY_TONES } from './healthRow.ts'
import type { ImageCopy } from './copies.ts'
import type { HealthReason, HealthRisk } from './verdict.ts'

/** Turns the reasons, risks and copies of a verdict into sentences. */
export function useHealthWords() {
  const { t, te, locale } = useI18n()

  const placeOf = (copy: { node?: string, disk?: string, diskUuid: string }) => [copy.node, copy.disk ?? copy.diskUuid.slice(0, 8)].filter(Boolean).join('/')

  function copyText(copy: Pick<ImageCopy, 'word' | 'cause' | 'message'>): string {
    const cause = copy.cause && te(`health.cause.${copy.cause}`) ? t(`health.cause.${copy.cause}`) : ''
    return [t(`health.copy.${copy.word}`), cause].filter(Boolean).join(': ')
  }

  function reasonOf(reason: HealthReason): VerdictReason {
    if (reason.code === 'copy') {
      const text = t('health.reason.copy', { place: placeOf(reason), what: copyText(reason) })
      return { text: reason.message ? `${text} ${reason.message}` : text, tone: COPY_TONES[reason.word] as Tone }
    }
    if (reason.code === 'not-seen')
      return { text: t('health.reason.not-seen', { resource: reason.resource, state: t(`health.unseen.${reason.state}`) }), tone: 'unknown' }
    if (reason.code === 'replica-without-copy')
      return { text: t('health.reason.replica-without-copy', { volumes: reason.volumes.join(', ') }) }
    if (reason.code === 'import-failed')
      return { text: [t(reason.retried ? 'health.reason.import-retried' : 'health.reason.import-failed'), reason.message].filter(Boolean).join(' ') }
    return { text: t(`health.reason.${reason.code === 'not-downloaded-again' ? `not-downloaded-again-${reason.why}` : reason.code}`, { ...reason }) }
  }

  function riskOf(risk: HealthRisk): VerdictReason {
    if (risk.code === 'upstream-changed' || risk.code === 'upstream-gone')
      return { text: t(`health.risk.${risk.code}`, { at: absoluteTime(risk.at, locale.value) }), tone: 'attention' }
    if (risk.code !== 'no-way-back')
      return { text: t(`health.risk.${risk.code}`, { ...risk, reason: undefined }), tone: 'attention' }
    const known = te(`health.sourceType.${risk.sourceType}`)
    return { text: t(`health.risk.no-way-back-${risk.backups}`, { source: known ? t(`health.sourceType.${risk.sourceType}`) : risk.sourceType }), tone: 'attention' }
  }
  return { placeOf, copyText, reasonOf, riskOf }
}
