import { computed, onScopeDispose, shallowReactive, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { DigestAlgorithm, DigestMessage, DigestRequest, Digests } from './fileDigest.ts'
import { wantedDigests } from './fileDigest.ts'
import { FORMAT_HEAD, FORMAT_TAIL } from './imageFormat.ts'

export type DigestState = 'none' | 'reading' | 'read' | 'unreadable'

/**
 * Reads a file of this computer while it is chosen: its first bytes, and its checksums in a worker for each, so that the
 * page stays free and holds a few slices of it at most. Another file, or none, ends the reading. Call in setup.
 */
export function useFileDigest(file: MaybeRefOrGetter<File | undefined>, pasted: MaybeRefOrGetter<string> = '') {
  const head = shallowRef<Uint8Array>()
  const tail = shallowRef<Uint8Array>()
  const digests = shallowRef<Digests>({})
  const unreadable = shallowRef<string>()
  const read = shallowReactive(new Map<DigestAlgorithm, number>())
  const workers = new Map<DigestAlgorithm, Worker>()

  const progress = computed(() => {
    const size = toValue(file)?.size || 1
    return Math.floor(100 * Math.min(1, ...[...read.values()].map(bytes => bytes / size)))
  })
  const state = computed<DigestState>(() => {
    if (!toValue(file))
      return 'none'
    if (unreadable.value !== undefined)
      return 'unreadable'
    const isWhole = head.value && wantedDigests(toValue(pasted)).every(algorithm => digests.value[algorithm])
    return isWhole ? 'read' : 'reading'
  })

  function end(algorithm: DigestAlgorithm): void {
    workers.get(algorithm)?.terminate()
    workers.delete(algorithm)
  }

  function endAll(): void {
    [...workers.keys()].forEach(end)
  }

  function fail(why: string): void {
    unreadable.value = why
    endAll()
  }

  function start(source: File, algorithm: DigestAlgorithm): void {
    const worker = new Worker(new URL('./fileDigest.worker.ts', import.meta.url), { type: 'module' })
    workers.set(algorithm, worker)
    read.set(algorithm, 0)
    worker.onmessage = ({ data }: MessageEvent<DigestMessage>) => {
      if ('read' in data)
        return read.set(algorithm, data.read)
      if ('failure' in data)
        return fail(data.failure)
      end(algorithm)
      read.set(algorithm, source.size)
      digests.value = { ...digests.value, [algorithm]: data.hex }
    }
    worker.onerror = event => fail(event.message || 'the worker could not be started')
    worker.postMessage({ file: source, algorithm } satisfies DigestRequest)
  }

  async function readEnds(source: File): Promise<void> {
    const ends = [source.slice(0, FORMAT_HEAD), source.slice(-FORMAT_TAIL)].map(slice => slice.arrayBuffer())
    const read = await Promise.all(ends).catch((thrown: unknown) => String(thrown))
    if (toValue(file) !== source)
      return
    if (typeof read === 'string')
      return fail(read)
    const [first, last] = read
    tail.value = new Uint8Array(last ?? [])
    head.value = new Uint8Array(first ?? [])
  }

  watch(() => toValue(file), source => {
    endAll()
    head.value = undefined
    tail.value = undefined
    digests.value = {}
    unreadable.value = undefined
    read.clear()
    if (source)
      void readEnds(source)
  }, { immediate: true })

  watch(() => [toValue(file), wantedDigests(toValue(pasted)).join()] as const, ([source]) => {
    const missing = wantedDigests(toValue(pasted)).filter(algorithm => !workers.has(algorithm) && !digests.value[algorithm])
    if (source?.size && unreadable.value === undefined)
      missing.forEach(algorithm => start(source, algorithm))
  }, { immediate: true })

  onScopeDispose(endAll)
  /** `head` and `tail`: what `readImageFormat` wants; all of a shorter file. `progress`: per cent of the slowest checksum. */
  return { head, tail, digests, state, progress, unreadable }
}
