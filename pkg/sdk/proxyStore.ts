import { inject } from 'vue'
import type { InjectionKey, MaybeRefOrGetter } from 'vue'
import type { KubeClient, Written } from '#kube/client.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import type { AccessQuestion, Address, Patch, RemoveOptions, WriteOptions } from '#kube/request.ts'
import type { Resource } from '#kube/resource.ts'
import type { Collection, CollectionState, Scope } from './collection.ts'

/** Provided by the host, one per cluster. */
export const kubeClientKey: InjectionKey<KubeClient> = Symbol('kube client')

/** `unknown` until the cluster has answered. Reactive. */
export interface Access { readonly state: 'unknown' | 'allowed' | 'denied', readonly reason?: string }

/** `stale` when any collection in use has lost its line. */
export interface Connection { readonly state: Extract<CollectionState, 'loading' | 'live' | 'stale'>, readonly since: number }

type Where = Pick<AccessQuestion, 'namespace' | 'name' | 'subresource'>

/** The only door to the cluster: live collections in, writes out. */
export interface ProxyStore {
  /** A live view; followed while the calling scope lives (call in setup). A scope given as getter may change. */
  readonly collection: <T extends KubeObject>(resource: Resource<T>, scope?: MaybeRefOrGetter<Scope | undefined>) => Collection<T>
  /** One read, now, of what no collection holds. */
  readonly get: <T extends KubeObject>(resource: Resource<T>, at: Address) => Promise<T>
  readonly create: <T extends KubeObject>(resource: Resource<T>, manifest: Manifest<T>, options?: WriteOptions) => Promise<Written<T>>
  readonly replace: <T extends KubeObject>(resource: Resource<T>, object: Manifest<T>, options?: WriteOptions) => Promise<Written<T>>
  readonly patch: <T extends KubeObject>(resource: Resource<T>, at: Address, patch: Patch, options?: WriteOptions) => Promise<Written<T>>
  readonly remove: <T extends KubeObject>(resource: Resource<T>, at: Address, options?: RemoveOptions) => Promise<Written<T | undefined>>
  readonly call: KubeClient['call']
  /** Whether the user may; asked once, kept for some minutes. Read `state` in a template or a computed. */
  readonly can: (verb: string, resource: Resource, where?: Where) => Access
  readonly connection: Connection
}

/** The store of the cluster that the host shows. Call in setup. */
export function useProxyStore(): ProxyStore {
  const client = inject(kubeClientKey)
  if (!client)
    throw new Error('useProxyStore needs a host that provides kubeClientKey')
  throw new Error('in the making')
}
