import { computed, inject, nextTick, shallowRef } from 'vue'
import type { WritableComputedRef } from 'vue'
import { routeLocationKey, routerKey } from 'vue-router'
import type { LocationQuery, LocationQueryRaw, Router } from 'vue-router'

// Two params written in the same tick must not overwrite each other: they go into the URL together.
const waiting = new WeakMap<Router, LocationQueryRaw>()

function write(router: Router, name: string, value: string | undefined): void {
  const batch = waiting.get(router)
  if (batch) {
    batch[name] = value
    return
  }
  waiting.set(router, { [name]: value })
  void nextTick(() => {
    const query = { ...router.currentRoute.value.query, ...waiting.get(router) }
    waiting.delete(router)
    void router.replace({ query, hash: router.currentRoute.value.hash })
  })
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
    get: () => route ? read(route.query, name) : memory.value,
    set: value => {
      if (router)
        write(router, name, value || undefined)
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
