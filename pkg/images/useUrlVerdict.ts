import type { ImageBackend } from './image.ts'
import type { ImageUrlJudgement, ImageUrlReason } from './imageUrl.ts'
import type { Tone, VerdictReason } from '#sdk/verdict.ts'
import { useI18n } from '#sdk/i18n.ts'
import { absoluteTime, toMillis } from '#sdk/time.ts'
import { standingOfUrl, URL_TONES } from './imageUrl.ts'

/** Turns a judgement into the words of the verdict block. */
export function useUrlVerdict() {
  const { t, locale } = useI18n()

  function reasonText(reason: ImageUrlReason): string {
    switch (reason.code) {
      // A word that is the whole segment is said once.
      case 'alias': return t(`images.reason.alias-${reason.kind}`, { named: reason.word === reason.segment ? t('images.reason.word', { word: reason.word }) : t('images.reason.wordIn', { word: reason.word, segment: reason.segment }) })
      case 'publisher': return t(`images.reason.publisher-${reason.because}`)
      case 'not-an-image': return t('images.reason.not-an-image', { file: reason.file, kind: t(`images.notAnImage.${reason.kind}`) })
      default: return t(`images.reason.${reason.code}`, { ...reason })
    }
  }

  /** What happens on the day that the copies are lost, by who would download again. */
  function consequence(judgement: ImageUrlJudgement, backend: ImageBackend): string[] {
    if (judgement.verdict === 'mutable')
      return [t(backend === 'cdi' ? 'images.verdict.lossCdi' : 'images.verdict.lossLonghorn')]
    return judgement.verdict === 'unknown' ? [t(backend === 'cdi' ? 'images.verdict.unknownAdviceCdi' : 'images.verdict.unknownAdvice')] : []
  }

  /** When a link ends or ended, in the reader's time zone; `now` in epoch milliseconds. */
  function end({ at }: NonNullable<ImageUrlJudgement['expires']>, now: number): string {
    const ends = toMillis(at)
    if (ends === undefined)
      return t('images.verdict.expires')
    return t(ends <= now ? 'images.verdict.expiredAt' : 'images.verdict.expiresAt', { at: absoluteTime(ends, locale.value) })
  }

  function asides({ mayDisappear, expires, pinnedForm, checksumFiles = [] }: ImageUrlJudgement, now: number): string[] {
    return [
      ...(mayDisappear ? [t(`images.verdict.${mayDisappear}`, { publisher: t('images.verdict.thePublisher') })] : []),
      ...(expires ? [end(expires, now)] : []),
      ...(pinnedForm ? [t('images.verdict.pinnedForm', { form: pinnedForm })] : []),
      ...checksumFiles.slice(0, 1).map(({ url, algorithm }) => t('images.verdict.checksumFile', { url, algorithm: algorithm.toUpperCase().replace('SHA', 'SHA-') })),
    ]
  }

  /** The block's words at a time, given in epoch milliseconds: a signed link may have ended by then. */
  function describe(judgement: ImageUrlJudgement, backend: ImageBackend, now: number): { tone: Tone, title: string, reasons: VerdictReason[] } {
    const standing = standingOfUrl(judgement, now)
    const { verdict } = judgement
    const ofTheBytes = standing === verdict ? [] : [t(`images.verdict.${verdict}`)]
    const lines = [...ofTheBytes, ...judgement.reasons.map(reasonText), ...consequence(judgement, backend), ...asides(judgement, now)]
    return { tone: URL_TONES[standing], title: t(`images.verdict.${standing}`), reasons: lines.map(text => ({ text })) }
  }

  return { describe, reasonText }
}
