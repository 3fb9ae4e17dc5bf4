import { defineStore } from 'pinia'
import { computed, inject } from 'vue'
import type { InjectionKey } from 'vue'
import type { ApiError, KubeClient } from '#kube/client.ts'
import { createAccess } from './access.ts'
import type { Can } from './access.ts'
import { createCollectionCache } from './collectionCache.ts'
import type { CacheOptions, CollectionCache } from './collectionCache.ts'
import type { CollectionState } from './collection.ts'
import { createFrameSchedule } from './frame.ts'
import { wakeWithPage } from './pageWake.ts'
import { statusOf } from './sourceStatus.ts'

/** Provided by the host, one per cluster. */
export const kubeClientKey: InjectionKey<KubeClient> = Symbol('kube client')

/** Of all that is followed: `stale` when any line is down. */
export interface Connection {
  readonly state: Extract<CollectionState, 'loading' | 'live' | 'stale'>
  readonly since: number
  readonly error?: ApiError
}

/** The only door to the cluster: live collections in, writes out. A write changes no collection; the cluster's own word does. */
export interface ProxyStore extends Pick<KubeClient, 'get' | 'create' | 'replace' | 'patch' | 'remove' | 'call'> {
  /** A live view; followed while the calling scope lives (call in setup). A scope given as getter may change. */
  readonly collection: CollectionCache['collection']
  /** Whether the user may; ask for a namespace rather than for each object. Read `state` in a template or a computed. */
  readonly can: Can
  readonly connection: Connection
}

/** Whose fields these are, in the objects' managedFields. */
const FIELD_MANAGER = 'harvester-guardrails'

const ALL: ReadonlySet<string> = new Set()

const definitions = new WeakMap<KubeClient, () => ProxyStore>()
let made = 0

/** The store of the cluster that the host shows. Call in setup. */
export function useProxyStore(): ProxyStore {
  const client = inject(kubeClientKey)
  if (!client)
    throw new Error('useProxyStore needs a host that provides kubeClientKey')
  const use = definitions.get(client) ?? defineProxyStore({ client, schedule: createFrameSchedule(), wake: wakeWithPage })
  definitions.set(client, use)
  return use()
}

/** A store of its own for one client; for `useProxyStore`, and for specs that bring their own frames. */
export function defineProxyStore(options: CacheOptions): () => ProxyStore {
  const { client } = options
  return defineStore(`proxy-${++made}`, () => {
    const cache = createCollectionCache(options)
    const connection = computed<Connection>(before => {
      const all = cache.sources().map(source => statusOf(source.status.value, ALL))
      const stale = all.filter(status => status.state === 'stale').sort((one, other) => one.since - other.since)[0]
      if (stale)
        return { state: 'stale', since: stale.since, error: stale.error }
      const answered = all.find(status => status.state !== 'loading')
      const next = answered ? 'live' : before?.state ?? 'loading'
      return before?.state === next ? before : { state: next, since: Date.now() }
    })
    const by = { fieldManager: FIELD_MANAGER }
    const { get, remove, call } = client
    const create: KubeClient['create'] = (resource, manifest, write) => client.create(resource, manifest, { ...by, ...write })
    const replace: KubeClient['replace'] = (resource, object, write) => client.replace(resource, object, { ...by, ...write })
    const patch: KubeClient['patch'] = (resource, at, change, write) => client.patch(resource, at, change, { ...by, ...write })
    return { collection: cache.collection, can: createAccess(client), connection, get, create, replace, patch, remove, call }
  })
}
