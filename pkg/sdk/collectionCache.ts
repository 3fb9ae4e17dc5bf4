import { computed, getCurrentScope, onScopeDispose, shallowReactive, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { KubeClient } from '#kube/client.ts'
import type { Pace, Wake } from '#kube/follow.ts'
import type { KubeObject } from '#kube/object.ts'
import { apiVersionOf } from '#kube/resource.ts'
import { isKnown } from '#kube/seen.ts'
import type { Resource } from '#kube/resource.ts'
import type { Collection, Scope } from './collection.ts'
import type { Schedule } from './frame.ts'
import { createLiveSource } from './liveSource.ts'
import type { LiveSource, Selectors, SourceTools } from './liveSource.ts'
import { createNamespaceFinder } from './readableNamespaces.ts'
import { statusOf } from './sourceStatus.ts'

interface Shared { readonly source: LiveSource, users: number, leaving?: ReturnType<typeof setTimeout> }

export interface CacheOptions {
  readonly client: KubeClient
  readonly schedule: Schedule
  readonly wake?: Wake
  readonly pace?: Partial<Pace>
  /** How long a collection that nobody uses is still followed, so that a change of page does not list again. */
  readonly lingerMs?: number
  /** How long an answer about where a kind may be read is believed. */
  readonly reviewedMs?: number
}

export interface CollectionCache {
  /** Call in setup: followed while the calling scope lives. */
  readonly collection: <T extends KubeObject>(resource: Resource<T>, scope?: MaybeRefOrGetter<Scope | undefined>) => Collection<T>
  /** The collections that are followed now; reactive. */
  readonly sources: () => readonly LiveSource[]
}

const LINGER_MS = 5_000

/** One list+watch for each kind and selector, however many views look at it. A filter by namespaces is a view of it. */
export function createCollectionCache(options: CacheOptions): CollectionCache {
  const { client, schedule, lingerMs = LINGER_MS } = options
  const shared = shallowReactive(new Map<string, Shared>())
  const dirty = new Set<LiveSource>()
  const finder = createNamespaceFinder(client, options.reviewedMs)
  const tools: SourceTools = { client, finder, wake: options.wake, pace: options.pace, arrived: source => { dirty.add(source); schedule(settle) } }

  function settle(): void {
    const sources = [...dirty]
    dirty.clear()
    sources.forEach(source => source.settle())
  }

  function acquire<T extends KubeObject>(key: string, resource: Resource<T>, selectors: Selectors): LiveSource<T> {
    let entry = shared.get(key)
    if (!entry) {
      entry = { source: createLiveSource(resource, selectors, tools) as unknown as LiveSource, users: 0 }
      shared.set(key, entry)
    }
    clearTimeout(entry.leaving)
    entry.users++
    return entry.source as unknown as LiveSource<T>
  }

  function release(key: string): void {
    const entry = shared.get(key)
    if (!entry || --entry.users > 0)
      return
    entry.leaving = setTimeout(() => {
      entry.source.stop()
      shared.delete(key)
    }, lingerMs)
  }

  function mention(namespaces: readonly string[]): void {
    if (namespaces.every(namespace => finder.mentioned().has(namespace)))
      return
    finder.mention(namespaces)
    shared.forEach(({ source }) => source.lookAgain())
  }

  function collection<T extends KubeObject>(resource: Resource<T>, scope?: MaybeRefOrGetter<Scope | undefined>): Collection<T> {
    if (!getCurrentScope())
      throw new Error(`a collection of ${resource.plural} needs a scope to live in: call it in setup`)
    const source = shallowRef<LiveSource<T>>()
    const namespaces = computed(() => resource.namespaced ? toValue(scope)?.namespaces ?? [] : [])
    const selectors = computed(() => ({ labelSelector: toValue(scope)?.labelSelector, fieldSelector: toValue(scope)?.fieldSelector }))
    const key = computed(() => [apiVersionOf(resource), resource.plural, selectors.value.labelSelector, selectors.value.fieldSelector].join(' '))
    let held: string | undefined
    const letGo = (): void => {
      if (held !== undefined)
        release(held)
      held = undefined
    }
    watch(key, wanted => {
      const before = held
      source.value = acquire(wanted, resource, selectors.value)
      held = wanted
      if (before !== undefined)
        release(before)
    }, { immediate: true, flush: 'sync' })
    watch(namespaces, mention, { immediate: true, flush: 'sync' })
    onScopeDispose(letGo)
    return viewOf(resource, () => source.value as LiveSource<T>, () => namespaces.value)
  }

  return { collection, sources: () => [...shared.values()].map(({ source }) => source) }
}

function viewOf<T extends KubeObject>(resource: Resource<T>, source: () => LiveSource<T>, namespaces: () => readonly string[]): Collection<T> {
  const wanted = computed(() => new Set(namespaces()))
  const isWanted = (object: T): boolean => wanted.value.size === 0 || wanted.value.has(object.metadata.namespace ?? '')
  const objects = computed<readonly T[]>(before => {
    const all = source().objects.value
    const found = wanted.value.size === 0 ? all : all.filter(isWanted)
    return before && isSameList(before, found) ? before : found
  })
  const status = computed(() => statusOf(source().status.value, wanted.value))
  return {
    resource,
    get objects() { return objects.value },
    get state() { return status.value.state },
    get error() { return status.value.error },
    get since() { return status.value.since },
    get retryAt() { return status.value.retryAt },
    get partial() { return status.value.partial },
    get tooMany() { return status.value.tooMany },
    get unread() { return status.value.unread },
    get namespaces() { return wanted.value.size ? [...wanted.value] : undefined },
    find: key => {
      // Reading the list is what makes this reactive.
      const found = source().objects.value && source().find(key)
      return found && isWanted(found) ? found : undefined
    },
    knows: namespace => isKnown(status.value, namespace),
    retry: () => source().retry(),
  }
}

function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  return one === other || (one.length === other.length && one.every((object, index) => object === other[index]))
}
