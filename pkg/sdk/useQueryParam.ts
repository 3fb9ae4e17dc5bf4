import { computed, getCurrentScope, inject, onScopeDispose, shallowRef } from 'vue'
import type { ShallowRef, WritableComputedRef } from 'vue'
import { routeLocationKey, routerKey } from 'vue-router'
import type { LocationQuery, RouteLocationNormalized, Router } from 'vue-router'

/** Who wrote a value: once the page is left, it is of no use to the next one. */
interface Writer { gone: boolean }
interface Written { readonly value: string | undefined, readonly by: Writer }
type Batch = Readonly<Record<string, Written>>

interface Desk {
  /** What is on its way into the URL. Params written in the same turn go there together, and are read at once. */
  readonly batch: ShallowRef<Batch>
  /** Ends when no page is on its way: to write the URL meanwhile would cancel it. */
  readonly settled: () => Promise<void>
}

const desks = new WeakMap<Router, Desk>()

function deskOf(router: Router): Desk {
  const known = desks.get(router)
  if (known)
    return known
  let going: RouteLocationNormalized | undefined
  let arrive = (): void => undefined
  const ended = (to: RouteLocationNormalized): void => {
    if (going === to) {
      going = undefined
      arrive()
    }
  }
  router.beforeEach(to => { going = to })
  router.afterEach(ended)
  router.onError((_, to) => ended(to))

  async function settled(): Promise<void> {
    do {
      if (going)
        await new Promise<void>(resolve => { arrive = resolve })
      // By the next turn a navigation of the same click is known, and a page that was left is gone.
      await new Promise(resolve => setTimeout(resolve))
    } while (going)
  }
  const desk = { batch: shallowRef<Batch>({}), settled }
  desks.set(router, desk)
  return desk
}

async function write(router: Router, name: string, written: Written): Promise<void> {
  const { batch, settled } = deskOf(router)
  const isFirst = Object.keys(batch.value).length === 0
  batch.value = { ...batch.value, [name]: written }
  if (!isFirst)
    return
  await settled()
  const sent = batch.value
  const wanted = Object.entries(sent).filter(([, { by }]) => !by.gone).map(([key, { value }]) => [key, value])
  const { query, hash } = router.currentRoute.value
  if (wanted.length)
    await router.replace({ query: { ...query, ...Object.fromEntries(wanted) }, hash })
  const later = Object.entries(batch.value).filter(([key, word]) => sent[key] !== word)
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
  const by: Writer = { gone: false }
  if (router)
    deskOf(router)
  if (getCurrentScope())
    onScopeDispose(() => { by.gone = true })
  return computed({
    get: () => {
      if (!router || !route)
        return memory.value
      const written = deskOf(router).batch.value[name]
      return written ? written.value ?? '' : read(route.query, name)
    },
    set: value => {
      if (router)
        void write(router, name, { value: value || undefined, by })
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
