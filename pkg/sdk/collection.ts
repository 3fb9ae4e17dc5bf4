import type { ApiError } from '#kube/apiError.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'

/**
 * `loading`: nothing heard yet. `live`: in step with the cluster. `stale`: the line is down, the objects are the last known;
 * or they may be listed and not watched (`isUnwatched`).
 * `forbidden`: the user may not list it. `absent`: the cluster does not serve the kind.
 */
export type CollectionState = Seen['state']

/** A live view of a collection. Reactive; its objects are frozen as they came. */
export interface Collection<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>
  readonly objects: readonly T[]
  readonly state: CollectionState
  /** Why it is not live, in the cluster's words. */
  readonly error?: ApiError
  /** When the state began, in epoch milliseconds. */
  readonly since: number
  /** When it is tried again, in epoch milliseconds. */
  readonly retryAt?: number
  /** The namespaces that could be read where the cluster-wide list is forbidden; undefined when all are seen. */
  readonly partial?: readonly string[]
  /** How many namespaces there are, where only the chosen ones of them are followed because all would be too many. */
  readonly tooMany?: number
  /** Never listed yet, or not ours to read: that it has no objects means nothing. */
  readonly unread?: boolean
  /** The namespaces that were asked for; undefined for all. */
  readonly namespaces?: readonly string[]
  /** Whether something is known of that namespace (of all where none is given), if only from before the line was cut: without it, what is not found may still be there. */
  knows: (namespace?: string) => boolean
  /** The object of that key (`namespace/name` or `name`). */
  find: (key: string) => T | undefined
  /** Tries now instead of at the end of the back-off; the button of a stale, forbidden or absent collection. */
  readonly retry?: () => void
}

export interface Scope {
  /** Only these namespaces; all when empty or absent. Namespaced kinds only. */
  readonly namespaces?: readonly string[]
  readonly labelSelector?: string
  readonly fieldSelector?: string
}
