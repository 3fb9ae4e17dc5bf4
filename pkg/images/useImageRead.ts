import { onScopeDispose, shallowRef, watch } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import { isRefusal, toApiError } from '#kube/apiError.ts'
import { useGuard } from '#sdk/guard.ts'
import type { ExpectedChecksum, ImagePlace, ReadJob } from './probe.ts'
import { readOf } from './checksumStanding.ts'
import { beginReadCall, endReadCall, isOver, readCall, readsCall } from './probe.ts'

const POLL_MS = 1_000

export type ReadSubject = ImagePlace & { readonly url: string }

/**
 * A long read of a URL by the server: begun, followed, cancelled, and found again after a reload, for the server keeps it.
 * Another URL or namespace leaves it to go on by itself. `onEnd` is called when one that was followed comes to its end. Call in setup.
 */
export function useImageRead(subject: () => ReadSubject, onEnd: (job: ReadJob) => void, pollMs = POLL_MS) {
  const guard = useGuard()
  const job = shallowRef<ReadJob>()
  const error = shallowRef<ApiError>()
  let stop = new AbortController()

  function leave(): AbortSignal {
    stop.abort()
    stop = new AbortController()
    return stop.signal
  }

  /** Asks; undefined where it failed, which `error` says, or where it is no longer wanted. */
  async function ask<T>(question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const answer = await question(signal).then(value => ({ value }), (thrown: unknown) => ({ error: toApiError(thrown) }))
    if (signal.aborted)
      return undefined
    error.value = 'error' in answer ? answer.error : undefined
    return 'value' in answer ? answer.value : undefined
  }

  async function follow(id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, pollMs))
      if (signal.aborted)
        return
      const seen = await ask(() => guard.ask(readCall(id), { signal }), signal)
      if (seen)
        job.value = seen
      else if (error.value && isRefusal(error.value))
        job.value = undefined
      if (!job.value)
        return
      if (seen && isOver(seen))
        return onEnd(seen)
    }
  }

  async function show(found: ReadJob | undefined, signal: AbortSignal): Promise<void> {
    if (!found)
      return
    job.value = found
    if (!isOver(found))
      await follow(found.id, signal)
  }

  async function begin(expected?: ExpectedChecksum): Promise<void> {
    const signal = leave()
    await show(await ask(() => guard.ask(beginReadCall({ ...subject(), ...expected && { expected } }), { signal }), signal), signal)
  }

  async function cancel(): Promise<void> {
    const signal = leave()
    const running = job.value
    if (running)
      await show(await ask(() => guard.ask(endReadCall(running.id), { signal }), signal) ?? running, signal)
  }

  watch(subject, async ({ url, cluster, namespace }, before) => {
    if (before && before.url === url && before.namespace === namespace)
      return
    const signal = leave()
    job.value = undefined
    error.value = undefined
    if (!guard.available || !namespace)
      return
    // That none could be looked up is said when one is asked for.
    const { reads } = await guard.ask(readsCall({ cluster, namespace }), { signal }).catch(() => ({ reads: [] }))
    if (!signal.aborted)
      await show(readOf(url, reads), signal)
  }, { immediate: true })

  onScopeDispose(() => stop.abort())
  return { job, error, begin, cancel, available: guard.available }
}
