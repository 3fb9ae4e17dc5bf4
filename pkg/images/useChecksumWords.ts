import { formatBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import { absoluteTime } from '#sdk/time.ts'
import type { ChecksumFacts, ChecksumOrigin, ChecksumStanding } from './checksumStanding.ts'
import { comparisonOf, percentOf } from './checksumStanding.ts'
import type { ReadJob } from './probe.ts'
import { useGuardWords } from './useGuardWords.ts'

const nameOf = (algorithm: string) => algorithm.toUpperCase().replace('SHA', 'SHA-')

/** Where a checksum stands, in the reader's words: the line, and why. Call in setup. */
export function useChecksumWords() {
  const { t, locale } = useI18n()
  const { failure } = useGuardWords()

  const titleOf = ({ word, kind, against }: ChecksumStanding) => t(`images.checksum.title.${word}`, { algorithm: nameOf(against?.algorithm ?? kind) })

  function originOf({ from, file }: { readonly from: ChecksumOrigin['by'], readonly file?: string }): string {
    if (from === 'publisher')
      return file ? t('images.checksum.ofPublisher', { file }) : t('images.checksum.ofThePublisher')
    return t(from === 'read' ? 'images.checksum.ofRead' : 'images.checksum.ofYours')
  }

  /** What is published, or typed for another link, beside what the form has. */
  function asideOf({ word, kind, against }: ChecksumStanding, { checksum, origin }: ChecksumFacts): string[] | undefined {
    if (word === 'foreign')
      return [t('images.checksum.why.foreign', { link: origin?.url ?? '' })]
    if (!against)
      return undefined
    const facts = { algorithm: nameOf(against.algorithm), digest: against.digest, origin: originOf({ from: 'publisher', file: against.file }), typed: checksum.trim().toLowerCase() }
    return word === 'contradicted'
      ? [t('images.checksum.contradicted', facts)]
      : [t('images.checksum.published', facts), t(`images.checksum.why.${kind === 'none' && against.algorithm === 'sha512' ? 'published' : 'toBeTurned'}`, facts)]
  }

  function linesOf(standing: ChecksumStanding, facts: ChecksumFacts & { readonly job?: ReadJob }): string[] {
    const { word, kind } = standing
    const { job, backend } = facts
    const compared = comparisonOf(facts)
    // A read is kept for hours: what the link serves by now is not said by it.
    const when = job?.ended ? [t('images.checksum.readAt', { when: absoluteTime(job.ended, locale.value) })] : []
    const aside = asideOf(standing, facts)
    if (aside)
      return aside
    if (word === 'queued')
      return [t('images.checksum.queued')]
    if (word === 'reading')
      return [t('images.checksum.read', { read: formatBytes(job?.bytes ?? 0, locale.value), size: formatBytes(job?.file.size, locale.value), percent: percentOf(job) ?? '…' }), t('images.checksum.stays')]
    if (word === 'failed')
      return job?.failure ? [failure(job.failure)] : []
    if (word === 'computed' && !compared)
      return [t('images.checksum.nothingToCompare'), ...when]
    if (!compared || !['verified', 'computed', 'mismatch'].includes(word))
      return [t(`images.checksum.why.${word}`, { algorithm: nameOf(kind) })]
    const words = { algorithm: nameOf(compared.algorithm), expected: compared.digest, origin: originOf(compared), found: compared.found }
    return [t(`images.checksum.${word === 'mismatch' ? 'mismatch' : 'verified'}Against`, words), ...word === 'verified' && backend === 'cdi' ? [t('images.checksum.verifiedCdi')] : [], ...when]
  }

  return { titleOf, linesOf }
}
