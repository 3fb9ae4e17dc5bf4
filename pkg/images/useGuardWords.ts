import type { ApiError } from '#kube/apiError.ts'
import { formatBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import type { PinEvidence } from './pinning.ts'
import type { GuardRefusal, ReadFailure } from './probe.ts'

/** Refusals other than those of a closed range of addresses, which are one sentence with the range in it. */
const REFUSALS: ReadonlySet<string> = new Set<Exclude<GuardRefusal, `address-${string}`> | 'address-through-proxy'>([
  'not-a-url', 'too-long', 'scheme', 'credentials', 'port', 'local-name', 'address-through-proxy', 'not-listed',
  'bad-request', 'no-cluster', 'no-such-read', 'may-not-create-images', 'too-many',
])

/** What the console's own server says, in the reader's language. Call in setup. */
export function useGuardWords() {
  const { t, locale } = useI18n()

  function refusal(code: string, host: string): string | undefined {
    if (REFUSALS.has(code))
      return t(`images.guard.refused.${code}`, { host })
    return code.startsWith('address-') ? t('images.guard.closed', { host, range: t(`images.guard.range.${code.slice('address-'.length)}`) }) : undefined
  }

  /** Why the server did not do what it was asked for, and what to do about it. */
  function refused({ causes, details, message }: ApiError): string {
    return refusal(causes[0]?.reason ?? '', details?.name ?? '') ?? t('images.guard.unanswered', { message })
  }

  /** Why a URL served nothing, or a read came to no end. */
  function failure(failed: ReadFailure): string {
    switch (failed.code) {
      case 'refused': return refusal(failed.refusal, failed.host) ?? failed.refusal
      case 'too-large': return t('images.guard.failure.too-large', { most: formatBytes(failed.most, locale.value) })
      case 'too-slow': return t('images.guard.failure.too-slow', { least: formatBytes(failed.least, locale.value), seconds: failed.seconds })
      default: return t(`images.guard.failure.${failed.code}`, { ...failed })
    }
  }

  /** How it is known that two URLs serve the same bytes. */
  function evidence(found: PinEvidence): string {
    return t(`images.guard.evidence.${found.code}`, { ...found })
  }

  return { refused, failure, evidence }
}
