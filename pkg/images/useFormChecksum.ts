import { computed, shallowRef, watch } from 'vue'
import type { ChecksumOrigin, KnownChecksum } from './checksumStanding.ts'
import type { PinCandidate } from './probe.ts'

/**
 * The checksum of the form: who put it there, and for which link. What was put in for a link goes with it; what somebody typed
 * is never taken away, and keeps the link for which it was typed. Call in setup.
 */
export function useFormChecksum(form: { checksum: string, url: string }, isLink: () => boolean) {
  const filled = shallowRef<{ readonly digest: string, readonly origin: Exclude<ChecksumOrigin, { by: 'operator' }> }>()
  /** The link that what is typed was typed for; absent while there is none. */
  const typedFor = shallowRef<string>()
  const pinned = shallowRef<{ readonly url: string, readonly checksum: KnownChecksum }>()

  const link = () => isLink() ? form.url.trim() : undefined
  const origin = computed<ChecksumOrigin>(() => filled.value?.origin ?? { by: 'operator', url: typedFor.value })
  /** What the search for a pinned link knows of the one in the form. */
  const known = computed<readonly KnownChecksum[]>(() => pinned.value?.url === form.url.trim() ? [pinned.value.checksum] : [])

  watch(() => form.checksum, checksum => {
    if (filled.value && checksum === filled.value.digest)
      return
    filled.value = undefined
    typedFor.value = checksum.trim() ? link() : undefined
  }, { flush: 'sync' })
  watch(() => form.url, url => {
    if (filled.value && filled.value.origin.url !== url.trim())
      form.checksum = ''
  }, { flush: 'sync' })

  function fill(digest: string, by: Exclude<ChecksumOrigin, { by: 'operator' }>): void {
    filled.value = { digest, origin: by }
    form.checksum = digest
  }

  /** The link is written to its end: what was typed before it is for it. */
  function settle(): void {
    if (!filled.value && form.checksum.trim())
      typedFor.value ??= link()
  }

  /** Somebody says that what was typed for another link is this one's too. */
  function keep(): void {
    typedFor.value = link()
  }

  /** Puts a pinned link in place, and what is known of it: a SHA-512 into the field, where nobody has typed; another beside it. */
  function pin({ url, checksum }: PinCandidate): void {
    settle()
    form.url = url
    pinned.value = checksum && { url, checksum: { algorithm: checksum.algorithm, digest: checksum.digest } }
    if (checksum?.algorithm === 'sha512' && !form.checksum.trim())
      fill(checksum.digest, { by: 'publisher', url })
  }

  return { origin, known, fill, settle, keep, pin }
}
