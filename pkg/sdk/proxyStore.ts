import { inject } from 'vue'
import type { InjectionKey } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Can } from './access.ts'
import type { CollectionCache } from './collectionCache.ts'
import type { CollectionState } from './collection.ts'

/** Of all that is followed: `stale` when any line is down. */
export interface Connection {
  readonly state: Extract<CollectionState, 'loading' | 'live' | 'stale'>
  readonly since: number
  readonly error?: ApiError
}

/** The only door to the cluster: live collections in, writes out; `get` and `list` are for what must be read anew before a write, and for a sign of life that comes more often than it is wanted. A write changes no collection; the cluster's own word does. */
export interface ProxyStore extends Pick<KubeClient, 'get' | 'list' | 'create' | 'replace' | 'patch' | 'remove' | 'call' | 'upload' | 'time'> {
  /** A live view; followed while the calling scope lives (call in setup). A scope given as getter may change. */
  readonly collection: CollectionCache['collection']
  /** Whether the user may; ask for a namespace rather than for each object. Read `state` in a template or a computed. */
  readonly can: Can
  readonly connection: Connection
}

/** Provided by the host: the Pinia store of the cluster that it shows, made by `defineProxyStore`. */
export const proxyStoreKey: InjectionKey<() => ProxyStore> = Symbol('proxy store')

/** The store of the cluster that the host shows. Call in setup. */
export function useProxyStore(): ProxyStore {
  const use = inject(proxyStoreKey)
  if (!use)
    throw new Error('useProxyStore needs a host that provides proxyStoreKey')
  return use()
}
