import { ApiError, toApiError } from './apiError.ts'
import type { KubeClient, ListScope, ObjectEvent, WatchEvent } from './client.ts'
import type { KubeObject } from './object.ts'
import type { Resource } from './resource.ts'

/** Who is kept in step. Its functions are called one after the other, never after `signal` was aborted. */
export interface Follower<T extends KubeObject = KubeObject> {
  /** A page of a list under way, so that work on its objects need not wait for the last page. It may come again. */
  readonly paged?: (objects: readonly T[]) => void
  /** The whole collection: what is not in it is gone. */
  readonly listed: (objects: readonly T[]) => void
  /** One change since. */
  readonly changed: (event: ObjectEvent<T>) => void
  /** The line stands: what was told is what the cluster has. */
  readonly live: () => void
  /** The line is down, and when it is tried again (epoch milliseconds). */
  readonly failed: (failure: FollowFailure) => void
}

export interface FollowFailure { readonly error: ApiError, readonly during: 'list' | 'watch', readonly retryAt: number }

/**
 * Tells that trying again is worth it now. `suspect`: the open lines may be dead too, as after a sleep or a change of network.
 * Returns how to stop listening.
 */
export type Wake = (listener: (suspect: boolean) => void) => () => void

export interface FollowOptions extends ListScope {
  readonly signal: AbortSignal
  readonly wake?: Wake
  /** Between 0 and 1; Math.random when absent. */
  readonly random?: () => number
  /** Epoch milliseconds; Date.now when absent. */
  readonly now?: () => number
  readonly pace?: Partial<Pace>
}

/** All in milliseconds. */
export interface Pace {
  /** The first wait after a failure; it doubles each time. */
  readonly first: number
  /** The longest wait for what heals by itself. */
  readonly longest: number
  /** The wait where somebody must act: 401, 403, 404. */
  readonly slow: number
  /** The longest such wait where the list is granted and the watch is not: it doubles, for each try costs a whole list. */
  readonly slowest: number
  /** After how long a watch that was asked for must have been accepted. */
  readonly opening: number
  /**
   * After how long the server shall end a watch; up to half of it is added at random, so that watches do not end together.
   * A silent line is found by its not ending: bookmarks come once a minute and are not promised, this is our own to choose.
   */
  readonly watch: number
  /** How much longer than that a line is believed in. */
  readonly margin: number
  /** A watch that ends sooner and brought nothing is a failure (client-go: VeryShortWatchError). */
  readonly tooShort: number
}

const PACE: Pace = { first: 500, longest: 15_000, slow: 60_000, slowest: 600_000, opening: 15_000, watch: 40_000, margin: 10_000, tooShort: 1_000 }
/** A server may ask for any wait; no longer one is kept, in seconds. */
const LONGEST_ASKED = 300

/**
 * Keeps a follower in step with a collection until the signal is aborted: lists, then watches from there, and resumes from
 * the last resourceVersion after every end of a watch. Lists again only where the server says that it cannot resume (410),
 * or refuses in a way that the list will explain (`needsList`). Never throws.
 */
export async function follow<T extends KubeObject>(client: KubeClient, resource: Resource<T>, follower: Follower<T>, options: FollowOptions): Promise<void> {
  const { signal, random = Math.random, now = Date.now } = options
  const pace = { ...PACE, ...options.pace }
  const sleeper = createSleeper(signal, now, options.wake)
  /** Where the watch goes on; undefined when a list is needed. */
  let version: string | undefined
  let failures = 0
  /** Nothing was learned from a watch since the last list, so that another list would learn nothing either. */
  let fresh = false

  async function list(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = options
    const line = openLine(signal, sleeper)
    try {
      const found = await client.list(resource, { namespace, labelSelector, fieldSelector, signal: line.signal, onPage: follower.paged })
      signal.throwIfAborted()
      version = found.metadata.resourceVersion
      fresh = true
      follower.listed(found.items)
    }
    catch (thrown) {
      if (signal.aborted || !line.left())
        throw thrown
    }
    finally {
      line.close()
    }
  }

  async function watch(from: string): Promise<void> {
    const timeout = pace.watch * (1 + random() / 2)
    const line = openLine(signal, sleeper, { opening: pace.opening, longest: timeout + pace.margin })
    let changes = 0
    let openedAt = Infinity
    const isShort = (): boolean => changes === 0 && !(now() - openedAt >= pace.tooShort)
    const onOpen = (): void => {
      openedAt = now()
      line.opened()
      if (!signal.aborted)
        follower.live()
    }
    try {
      const { namespace, labelSelector, fieldSelector } = options
      const scope = { namespace, labelSelector, fieldSelector, resourceVersion: from, timeoutSeconds: Math.ceil(timeout / 1000) }
      for await (const event of client.watch(resource, { ...scope, signal: line.signal, onOpen })) {
        signal.throwIfAborted()
        changes += event.type === 'BOOKMARK' ? 0 : 1
        tell(event)
      }
      if (isShort())
        throw new ApiError({ status: 0, reason: 'LineCut', message: 'the watch ended as soon as it began' })
    }
    catch (thrown) {
      if (!signal.aborted && line.left() === 'unanswered')
        throw new ApiError({ status: 0, reason: 'Timeout', message: 'the watch was not answered', cause: thrown })
      if (signal.aborted || !line.left())
        throw thrown
    }
    finally {
      line.close()
      if (!isShort()) {
        failures = 0
        fresh = false
      }
    }
  }

  function tell(event: WatchEvent<T>): void {
    version = event.object.metadata.resourceVersion
    if (event.type !== 'BOOKMARK')
      follower.changed(event)
  }

  /** How long to wait after a failure; forgets the version where only a list can help. */
  function afterFailure(error: ApiError, during: 'list' | 'watch'): number {
    if (during === 'watch' && needsList(error)) {
      version = undefined
      if (!fresh)
        return 0
    }
    const jitter = 0.5 + random() / 2
    const grown = 2 ** Math.min(failures, 20)
    const patient = during === 'watch' && version === undefined ? Math.min(pace.slowest, pace.slow * grown) : pace.slow
    const wait = NEEDS_SOMEBODY.has(error.status) ? patient : Math.min(pace.longest, pace.first * grown)
    return Math.max(askedWait(error), wait * jitter)
  }

  while (!signal.aborted) {
    const during = version === undefined ? 'list' : 'watch'
    try {
      await (version === undefined ? list() : watch(version))
    }
    catch (thrown) {
      if (signal.aborted)
        break
      const error = toApiError(thrown)
      const wait = afterFailure(error, during)
      failures++
      follower.failed({ error, during, retryAt: now() + wait })
      await sleeper.sleep(wait, askedWait(error))
    }
  }
  sleeper.close()
}

/** Trying again soon would not help. */
const NEEDS_SOMEBODY = new Set([401, 403, 404, 405])

function askedWait({ retryAfter = 0 }: ApiError): number {
  return Math.min(retryAfter, LONGEST_ASKED) * 1000
}

// The version is too old, of another life of the server, or refused for a reason that the list will say too.
function needsList({ status, causes }: ApiError): boolean {
  const refused = status >= 400 && status < 500 && ![401, 408, 429].includes(status)
  return refused || causes.some(cause => cause.reason === 'ResourceVersionTooLarge')
}

interface Sleeper {
  /** Waits; a wake ends it, or, before `atLeast` of it has passed, makes it end then. */
  readonly sleep: (milliseconds: number, atLeast: number) => Promise<void>
  /** Called when the open lines are suspect, until the next one registers. */
  onSuspect: () => void
  readonly close: () => void
}

function createSleeper(signal: AbortSignal, now: () => number, wake: Wake | undefined): Sleeper {
  let wakeUp: () => void = () => undefined
  const stop = wake?.(suspect => {
    wakeUp()
    if (suspect)
      sleeper.onSuspect()
  })
  const abort = (): void => wakeUp()
  signal.addEventListener('abort', abort)

  async function sleep(milliseconds: number, atLeast: number): Promise<void> {
    if (signal.aborted || milliseconds <= 0)
      return
    const until = now() + atLeast
    await new Promise<void>(resolve => {
      let timer = setTimeout(resolve, milliseconds)
      wakeUp = () => {
        clearTimeout(timer)
        timer = setTimeout(resolve, signal.aborted ? 0 : Math.max(0, until - now()))
      }
    })
    wakeUp = () => undefined
  }

  const sleeper: Sleeper = {
    sleep,
    onSuspect: () => undefined,
    close: () => {
      stop?.()
      signal.removeEventListener('abort', abort)
    },
  }
  return sleeper
}

/** `unanswered`: never accepted. `silent`: it outlived what the server was asked for. `suspect`: something happened to the network. */
type Leaving = 'unanswered' | 'silent' | 'suspect'

interface Line {
  readonly signal: AbortSignal
  readonly opened: () => void
  /** Why it was left; undefined while it is believed in, and when only the follower stopped. */
  readonly left: () => Leaving | undefined
  readonly close: () => void
}

/** The line of one request: aborted with the follower, when it is suspect, and where limits are given (milliseconds) when they are over. */
function openLine(parent: AbortSignal, sleeper: Sleeper, limits?: { readonly opening: number, readonly longest: number }): Line {
  const controller = new AbortController()
  let reason: Leaving | undefined
  const abort = (): void => controller.abort()
  const leave = (why: Leaving) => (): void => {
    reason ??= why
    abort()
  }
  let timer = limits && setTimeout(leave('unanswered'), limits.opening)
  parent.addEventListener('abort', abort)
  sleeper.onSuspect = leave('suspect')
  if (parent.aborted)
    abort()
  const opened = (): void => {
    clearTimeout(timer)
    timer = limits && setTimeout(leave('silent'), limits.longest)
  }
  const close = (): void => {
    clearTimeout(timer)
    parent.removeEventListener('abort', abort)
    sleeper.onSuspect = () => undefined
  }
  return { signal: controller.signal, opened, left: () => reason, close }
}
