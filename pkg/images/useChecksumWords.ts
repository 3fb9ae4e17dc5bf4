import { formatBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import { absoluteTime } from '#sdk/time.ts'
import type { ChecksumStanding } from './checksumStanding.ts'
import { comparisonOf, percentOf } from './checksumStanding.ts'
import type { ImageBackend } from './image.ts'
import type { ReadJob } from './probe.ts'
import { useGuardWords } from './useGuardWords.ts'

const nameOf = (algorithm: string) => algorithm.toUpperCase().replace('SHA', 'SHA-')

/** Where a checksum stands, in the reader's words: the line, and why. Call in setup. */
export function useChecksumWords() {
  const { t, locale } = useI18n()
  const { failure } = useGuardWords()

  const titleOf = ({ word, kind }: ChecksumStanding) => t(`images.checksum.title.${word}`, { algorithm: nameOf(kind) })

  function linesOf({ word, kind }: ChecksumStanding, job: ReadJob | undefined, checksum: string, backend: ImageBackend): string[] {
    const against = job && comparisonOf(checksum, job)
    // A read is kept for hours: what the link serves by now is not said by it.
    const when = job?.ended ? [t('images.checksum.readAt', { when: absoluteTime(job.ended, locale.value) })] : []
    if (word === 'queued')
      return [t('images.checksum.queued')]
    if (word === 'reading')
      return [t('images.checksum.read', { read: formatBytes(job?.bytes ?? 0, locale.value), size: formatBytes(job?.file.size, locale.value), percent: percentOf(job) ?? '…' }), t('images.checksum.stays')]
    if (word === 'failed')
      return job?.failure ? [failure(job.failure)] : []
    if (word === 'computed' && !against)
      return [t('images.checksum.nothingToCompare'), ...when]
    if (!against || !['verified', 'computed', 'mismatch'].includes(word))
      return [t(`images.checksum.why.${word}`, { algorithm: nameOf(kind) })]
    const origin = against.file ? t('images.checksum.ofPublisher', { file: against.file }) : t('images.checksum.ofYours')
    const facts = { algorithm: nameOf(against.algorithm), expected: against.digest, origin, found: against.found }
    return [t(`images.checksum.${word === 'mismatch' ? 'mismatch' : 'verified'}Against`, facts), ...word === 'verified' && backend === 'cdi' ? [t('images.checksum.verifiedCdi')] : [], ...when]
  }

  return { titleOf, linesOf }
}
