import { onScopeDispose, shallowRef } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import { toApiError } from '#kube/apiError.ts'
import { useGuard } from '#sdk/guard.ts'
import type { PinAnswer } from './pinAnswer.ts'
import type { ImagePlace } from './probe.ts'
import { answerPins } from './pinAnswer.ts'
import { probeCall } from './probe.ts'

export type PinSearch
  /** `absent`: there is no server that could look. */
  = | { readonly word: 'asking' | 'absent' }
    | { readonly word: 'refused', readonly error: ApiError }
    | PinAnswer

/** Looks for a pinned URL behind a mutable one, once at first and again when asked; leaving ends it. Call in setup. */
export function usePinSearch(request: () => ImagePlace & { readonly url: string }) {
  const guard = useGuard()
  const search = shallowRef<PinSearch>({ word: 'asking' })
  let stop = new AbortController()

  async function ask(): Promise<void> {
    if (!guard.available) {
      search.value = { word: 'absent' }
      return
    }
    stop.abort()
    const { signal } = stop = new AbortController()
    search.value = { word: 'asking' }
    const found = await guard.ask(probeCall(request()), { signal }).then(answerPins, (thrown: unknown): PinSearch => ({ word: 'refused', error: toApiError(thrown) }))
    if (!signal.aborted)
      search.value = found
  }

  void ask()
  onScopeDispose(() => stop.abort())
  return { search, ask }
}
