import { onScopeDispose, shallowRef, watch } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import { useGuard } from '#sdk/guard.ts'
import type { ImagePlace, UrlProbe } from './probe.ts'
import { probeCall } from './probe.ts'

/** Has the server look at a URL when asked to, and never by itself: whoever types has not yet chosen whom to ask. Another URL forgets the answer, another namespace a refusal. Call in setup. */
export function useUrlProbe(request: () => ImagePlace & { readonly url: string }) {
  const guard = useGuard()
  const untold: UrlProbe = { word: guard.available ? 'idle' : 'absent' }
  const probe = shallowRef<UrlProbe>(untold)
  let stop = new AbortController()

  async function ask(): Promise<void> {
    if (!guard.available)
      return
    stop.abort()
    const { signal } = stop = new AbortController()
    probe.value = { word: 'asking' }
    const heard = await guard.ask(probeCall(request()), { signal }).then((report): UrlProbe => ({ word: 'answered', report }), (thrown: unknown): UrlProbe => ({ word: 'refused', error: toApiError(thrown) }))
    if (!signal.aborted)
      probe.value = heard
  }

  watch(request, (now, before) => {
    // Whoever may ask in one namespace only: what was answered is true of the URL all the same.
    if (now.url === before.url && probe.value.word === 'answered')
      return
    stop.abort()
    probe.value = untold
  })
  onScopeDispose(() => stop.abort())
  return { probe, ask }
}
