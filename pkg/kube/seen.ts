import type { ApiError } from './apiError.ts'
import type { KubeObject } from './object.ts'
import type { Resource } from './resource.ts'
import { qualifiedName } from './resource.ts'

/**
 * What somebody knows of a collection, and how well: a judgement needs both, because blind is not healthy.
 * A live collection of the store is one; so is a list read once (`live`).
 */
export interface Seen<T extends KubeObject = KubeObject> {
  readonly objects: readonly T[]
  readonly state: 'loading' | 'live' | 'stale' | 'forbidden' | 'absent'
  /** The only namespaces that could be read; all where absent. */
  readonly partial?: readonly string[]
  /** It was never read whole: what is not among the objects may be there. */
  readonly unread?: boolean
}

/** Whether something is known of that namespace (of all where none is given), if only from before the line was cut. */
export function isKnown({ state, partial, unread }: Omit<Seen, 'objects'>, namespace?: string): boolean {
  return !unread && (state === 'live' || state === 'stale') && isCovered(partial, namespace)
}

/** Listed but not followed: the user has the right to list the kind and not to watch it. That is no matter of the line. */
export function isUnwatched({ state, error }: { readonly state: Seen['state'], readonly error?: ApiError }): boolean {
  return state === 'stale' && error?.status === 403
}

/** Whether what is not relied on now may be in a moment, without anybody being given a right. */
export function isComing(seen: Omit<Seen, 'objects'> & { readonly error?: ApiError }): boolean {
  return seen.state === 'loading' || (seen.state === 'stale' && !isUnwatched(seen))
}

function isCovered(partial: readonly string[] | undefined, namespace: string | undefined): boolean {
  return !partial || (namespace !== undefined && partial.includes(namespace))
}

/** A collection that could not be looked at, or not now. */
export interface Unseen { readonly code: 'not-seen', readonly resource: string, readonly state: 'loading' | 'stale' | 'forbidden' | 'absent', readonly namespace?: string }

/** Why the objects of that namespace (all where none is given) cannot be relied on, or undefined where they can. */
export function blindSpot(resource: Resource, seen: Seen, namespace?: string): Unseen | undefined {
  const named = { code: 'not-seen' as const, resource: qualifiedName(resource), ...(namespace && { namespace }) }
  if (seen.state !== 'live')
    return { ...named, state: seen.state }
  return isCovered(seen.partial, namespace) ? undefined : { ...named, state: 'forbidden' }
}
