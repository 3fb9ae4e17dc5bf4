import { computed, inject, nextTick, shallowRef } from 'vue'
import type { ShallowRef, WritableComputedRef } from 'vue'
import { routeLocationKey, routerKey } from 'vue-router'
import type { LocationQuery, Router } from 'vue-router'

type Batch = Readonly<Record<string, string | undefined>>

// What is on its way into the URL. Two params written in the same tick go there together, and both are read at once.
const batches = new WeakMap<Router, ShallowRef<Batch>>()

function batchOf(router: Router): ShallowRef<Batch> {
  const batch = batches.get(router) ?? shallowRef<Batch>({})
  batches.set(router, batch)
  return batch
}

async function write(router: Router, name: string, value: string | undefined): Promise<void> {
  const batch = batchOf(router)
  const isFirst = Object.keys(batch.value).length === 0
  batch.value = { ...batch.value, [name]: value }
  if (!isFirst)
    return
  await nextTick()
  const sent = batch.value
  const { query, hash } = router.currentRoute.value
  await router.replace({ query: { ...query, ...sent }, hash })
  const later = Object.entries(batch.value).filter(([key, word]) => sent[key] !== word || !(key in sent))
  batch.value = {}
  for (const [key, word] of later)
    void write(router, key, word)
}

function read(query: LocationQuery, name: string): string {
  const value = query[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** A piece of view state that the URL keeps and can share; `''` when it is not there. Kept in memory where there is no router. Call in setup. */
export function useQueryParam(name: string): WritableComputedRef<string> {
  const router = inject(routerKey, undefined)
  const route = inject(routeLocationKey, undefined)
  const memory = shallowRef('')
  return computed({
    get: () => {
      if (!router || !route)
        return memory.value
      const batch = batchOf(router).value
      return name in batch ? batch[name] ?? '' : read(route.query, name)
    },
    set: value => {
      if (router)
        void write(router, name, value || undefined)
      memory.value = value
    },
  })
}

/** The same for a set of words: `?filter=failed,importing`. */
export function useQuerySet(name: string): WritableComputedRef<ReadonlySet<string>> {
  const text = useQueryParam(name)
  return computed({
    get: () => new Set(text.value.split(',').filter(Boolean)),
    set: words => { text.value = [...words].join(',') },
  })
}
