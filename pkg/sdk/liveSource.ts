import { markRaw, shallowRef } from 'vue'
import type { ShallowRef } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import type { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { follow } from '#kube/follow.ts'
import type { FollowOptions, Pace, Wake } from '#kube/follow.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { createMirror } from '#kube/mirror.ts'
import type { LineStatus, Mirror } from '#kube/mirror.ts'
import type { NamespaceFinder } from './readableNamespaces.ts'
import type { SourceStatus } from './sourceStatus.ts'

export interface Selectors { readonly labelSelector?: string, readonly fieldSelector?: string }

export interface SourceTools {
  readonly client: KubeClient
  readonly finder: NamespaceFinder
  /** Asks that `settle` be called soon. */
  readonly arrived: (source: LiveSource) => void
  readonly wake?: Wake
  readonly pace?: Partial<Pace>
}

/** The objects of a kind in all namespaces that the user may read, followed until it is stopped. */
export interface LiveSource<T extends KubeObject = KubeObject> {
  readonly objects: Readonly<ShallowRef<readonly T[]>>
  readonly status: Readonly<ShallowRef<SourceStatus>>
  /** Not reactive: read `objects` too. */
  readonly find: (key: string) => T | undefined
  /** Shows what has arrived since the last time. */
  readonly settle: () => void
  /** Tries now what waits for its next try, and believes no earlier answer about rights. */
  readonly retry: () => void
  /** Looks again where the kind may be read, where it may not be read everywhere. */
  readonly lookAgain: () => void
  readonly stop: () => void
}

interface Part<T extends KubeObject> { readonly mirror: Mirror<T>, readonly stop: () => void }

/** Follows a kind everywhere; where that is forbidden, in each namespace where it may be listed. */
export function createLiveSource<T extends KubeObject>(resource: Resource<T>, selectors: Selectors, tools: SourceTools): LiveSource<T> {
  const objects = shallowRef<readonly T[]>([])
  const parts = new Map<string, Part<T>>()
  let looking = false
  /** Nobody knows yet which namespaces may be read, or whether a namespace just mentioned may. */
  let unknown = true
  /** More was mentioned while it was looked. */
  let lookMore = false
  let lookError: ApiError | undefined
  let tooMany: number | undefined
  let stopped = false
  /** Parts came or went. */
  let regrouped = false
  const sleepers = new Set<() => void>()
  const arrived = (): void => tools.arrived(source as unknown as LiveSource)
  const whole = start(undefined)
  const status = shallowRef(describe())

  function start(namespace: string | undefined): Part<T> {
    const abort = new AbortController()
    const mirror = createMirror<T>(arrived)
    const options: FollowOptions = { ...selectors, namespace, signal: abort.signal, wake, pace: tools.pace }
    const failed: Mirror<T>['failed'] = failure => {
      mirror.failed(failure)
      if (!namespace && failure.error.status === 403 && failure.during === 'list')
        void look()
    }
    void follow(tools.client, resource, { ...mirror, failed, listed: found => { mirror.listed(found); if (!namespace) regroup([]) } }, options)
    return { mirror, stop: () => abort.abort() }
  }

  function wake(listener: (suspect: boolean) => void): () => void {
    const again = (): void => listener(false)
    sleepers.add(again)
    const stop = tools.wake?.(listener)
    return () => {
      sleepers.delete(again)
      stop?.()
    }
  }

  async function look(): Promise<void> {
    if (!resource.namespaced || looking || stopped)
      return
    looking = true
    lookMore = false
    try {
      const found = await tools.finder.findReadable(resource as Resource)
      lookError = undefined
      tooMany = found.tooMany
      if (!stopped && whole.mirror.isForbidden())
        regroup(found.namespaces)
    }
    catch (thrown) {
      // What is followed already stays: the cluster did not say that it may not be read.
      lookError = toApiError(thrown)
    }
    looking = false
    unknown = lookMore
    arrived()
    if (lookMore)
      void look()
  }

  function lookAgain(): void {
    if (!whole.mirror.isForbidden())
      return
    unknown = true
    lookMore = looking
    arrived()
    void look()
  }

  function retry(): void {
    tools.finder.doubt()
    sleepers.forEach(again => again())
  }

  function regroup(namespaces: readonly string[]): void {
    const gone = [...parts.keys()].filter(namespace => !namespaces.includes(namespace))
    const come = namespaces.filter(namespace => !parts.has(namespace))
    for (const namespace of gone) {
      parts.get(namespace)?.stop()
      parts.delete(namespace)
    }
    for (const namespace of come)
      parts.set(namespace, start(namespace))
    regrouped ||= gone.length + come.length > 0
  }

  function settle(): void {
    const mirrors = [whole, ...parts.values()].map(part => part.mirror)
    const changed = mirrors.map(mirror => mirror.settle()).some(Boolean)
    if (changed || regrouped)
      objects.value = markRaw(parts.size === 0 ? [...whole.mirror.objects()] : mirrors.flatMap(mirror => [...mirror.objects()]))
    regrouped = false
    const next = describe()
    if (!isSame(status.value, next))
      status.value = next
  }

  function describe(): SourceStatus {
    const namespaces = new Map([...parts].map(([namespace, part]): [string, LineStatus] => [namespace, part.mirror.status()]))
    return { everywhere: whole.mirror.status(), namespaces, looking: looking && unknown, lookError, tooMany }
  }

  function find(key: string): T | undefined {
    const [namespace = ''] = key.split('/')
    return (parts.get(namespace) ?? whole).mirror.find(key)
  }

  function stop(): void {
    stopped = true
    whole.stop()
    parts.forEach(part => part.stop())
  }

  const source: LiveSource<T> = { objects, status, find, settle, retry, lookAgain, stop }
  return source
}

function isSame(one: SourceStatus, other: SourceStatus): boolean {
  return one.everywhere === other.everywhere && one.looking === other.looking && one.lookError === other.lookError && one.tooMany === other.tooMany
    && one.namespaces.size === other.namespaces.size
    && [...other.namespaces].every(([namespace, line]) => one.namespaces.get(namespace) === line)
}
