import type { ApiError } from './apiError.ts'
import type { ObjectEvent } from './client.ts'
import type { Follower } from './follow.ts'
import { objectKey } from './object.ts'
import type { KubeObject } from './object.ts'
import { deepFreeze } from './freeze.ts'
import { isUnwatched } from './seen.ts'
import type { Seen } from './seen.ts'

/** How one list+watch stands. */
export interface LineStatus {
  readonly state: Seen['state']
  readonly error?: ApiError
  /** When the state began, in epoch milliseconds. */
  readonly since: number
  readonly retryAt?: number
  /** Never listed yet, or no longer ours to read: that there are no objects means nothing. */
  readonly unread: boolean
}

/** The objects of one list+watch. What arrives is kept aside until `settle`, so that all that is seen changes together. */
export interface Mirror<T extends KubeObject> extends Follower<T> {
  readonly status: () => LineStatus
  /** Also before it is settled. */
  readonly isForbidden: () => boolean
  readonly objects: () => Iterable<T>
  readonly find: (key: string) => T | undefined
  /** Takes over what has arrived; whether the objects changed by it. */
  readonly settle: () => boolean
}

const NOBODY_THERE: Readonly<Record<number, Seen['state']>> = { 403: 'forbidden', 404: 'absent' }

/** A mirror of a collection; `arrived` is called when there is something to settle. */
export function createMirror<T extends KubeObject>(arrived: () => void, now: () => number = Date.now): Mirror<T> {
  let known = new Map<string, T>()
  let shown: LineStatus = { state: 'loading', since: now(), unread: true }
  let next: LineStatus | undefined
  let listed: readonly T[] | undefined
  let changes: ObjectEvent<T>[] = []
  /** When the cluster listed it last; undefined while it may not be read. */
  let listedAt: number | undefined

  function become(state: Seen['state'], error?: ApiError, retryAt?: number): void {
    const last = next ?? shown
    const since = last.state === state ? last.since : now()
    const status = { state, error, since, retryAt, unread: listedAt === undefined }
    // What is listed again and again without a watch is as old as its last list.
    next = isUnwatched(status) && listedAt !== undefined ? { ...status, since: listedAt } : status
    arrived()
  }

  // An object that is the same as before stays the same one, so that nothing derived from it is done again.
  function takeList(objects: readonly T[]): void {
    const before = known
    known = new Map()
    for (const object of objects) {
      const key = objectKey(object)
      const old = before.get(key)
      known.set(key, old && isSame(old, object) ? old : object)
    }
  }

  function takeChange({ type, object }: ObjectEvent<T>): void {
    if (type === 'DELETED')
      known.delete(objectKey(object))
    else
      known.set(objectKey(object), object)
  }

  return {
    paged: objects => objects.forEach(deepFreeze),
    listed: objects => {
      objects.forEach(deepFreeze)
      listed = objects
      changes = []
      listedAt = now()
      const { state, error, retryAt } = next ?? shown
      // It may be read again: whatever was done for its being forbidden ends now, not when the watch is accepted.
      if (state === 'forbidden' || state === 'absent')
        become('loading')
      else
        become(state, error, retryAt)
    },
    changed: event => {
      deepFreeze(event.object)
      changes.push(event)
      arrived()
    },
    live: () => become('live'),
    failed: ({ error, during, retryAt }) => {
      const state = during === 'list' ? NOBODY_THERE[error.status] : undefined
      if (state) {
        listed = []
        changes = []
        listedAt = undefined
      }
      become(state ?? 'stale', error, retryAt)
    },
    status: () => shown,
    isForbidden: () => (next ?? shown).state === 'forbidden',
    objects: () => known.values(),
    find: key => known.get(key),
    settle: () => {
      const changed = listed !== undefined || changes.length > 0
      if (listed)
        takeList(listed)
      changes.forEach(takeChange)
      listed = undefined
      changes = []
      shown = next ?? shown
      next = undefined
      return changed
    },
  }
}

function isSame(one: KubeObject, other: KubeObject): boolean {
  return one.metadata.resourceVersion === other.metadata.resourceVersion && one.metadata.uid === other.metadata.uid
}
