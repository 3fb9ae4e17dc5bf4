import { useDocumentVisibility, useTimeoutPoll } from '@vueuse/core'
import { computed, effectScope, onScopeDispose, shallowRef, watch } from 'vue'
import type { ComputedRef, EffectScope, ShallowRef } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import { judgeHolder, LEASES, seeLease } from '#kube/lease.ts'
import type { HolderWord, Lease, LeaseSight } from '#kube/lease.ts'
import { useProxyStore } from './proxyStore.ts'
import type { ProxyStore } from './proxyStore.ts'
import { useNow } from './time.ts'

interface Controller {
  readonly lease: string
  /** Where the Lease may be: the first that has it. */
  readonly namespaces: readonly string[]
  /** Which pods it runs in. */
  readonly podLabel: string
}

/**
 * Controllers that hold a Lease, and without which nobody hears what is asked. virt-controller: kubevirt
 * pkg/virt-controller/leaderelectionconfig, 15 s, renewed every 2 s; Harvester has KubeVirt in harvester-system.
 */
export const CONTROLLERS = {
  kubevirt: { lease: 'virt-controller', namespaces: ['harvester-system', 'kubevirt'], podLabel: 'kubevirt.io=virt-controller' },
} as const satisfies Record<string, Controller>

export type ControllerId = keyof typeof CONTROLLERS

/** How a controller stands; `unknown` too where the user may not read its Lease. */
export interface ControllerStanding {
  readonly word: HolderWord
  /** Since when it is not heard of, as seen from here; milliseconds. */
  readonly silentFor: number
  /** As last read. */
  readonly lease?: Lease
}

/** A get of one object now and then costs less than a watch with an event every two seconds. */
const EVERY_MS = 10_000
/** Where there is no such Lease. */
const SELDOM_MS = 60_000
const PATIENCE_MS = 8_000

interface Watched { readonly sight: ShallowRef<LeaseSight | undefined>, home?: string, users: number, scope?: EffectScope }

const watched = new WeakMap<ProxyStore, Map<ControllerId, Watched>>()

/** What has been seen of the controller in this cluster: it outlives the page that saw it. */
function watchedBy(proxy: ProxyStore, id: ControllerId): Watched {
  const all = watched.get(proxy) ?? new Map<ControllerId, Watched>()
  watched.set(proxy, all)
  const one = all.get(id) ?? { sight: shallowRef<LeaseSight>(), users: 0 }
  all.set(id, one)
  return one
}

/** Reads the Lease again and again while the page is seen and the user may. Call in a scope, with which it ends. */
function keepReading(proxy: ProxyStore, { lease: name, namespaces }: Controller, one: Watched): void {
  const left = new AbortController()
  const visibility = useDocumentVisibility()
  const rights = computed(() => namespaces.map(namespace => ({ namespace, ...proxy.can('get', LEASES, { namespace, name }) })))
  // Before all are answered the wrong one would be looked into first.
  const readable = computed(() => rights.value.some(({ state }) => state === 'unknown') ? [] : rights.value.flatMap(({ namespace, state }) => state === 'allowed' ? namespace : []))
  const every = shallowRef(EVERY_MS)

  async function find(): Promise<Lease | undefined> {
    const signal = AbortSignal.any([left.signal, AbortSignal.timeout(PATIENCE_MS)])
    for (const namespace of one.home ? [one.home] : readable.value) {
      const lease = await proxy.get(LEASES, { namespace, name }, { signal }).catch((thrown: unknown) => {
        if (toApiError(thrown).status === 404)
          return undefined
        throw thrown
      })
      one.home = lease?.metadata.namespace
      if (lease)
        return lease
    }
    return undefined
  }

  async function read(): Promise<void> {
    const answer = await find().then(lease => ({ lease }), () => undefined)
    if (left.signal.aborted)
      return
    every.value = answer && !answer.lease ? SELDOM_MS : EVERY_MS
    one.sight.value = seeLease(one.sight.value, answer?.lease, performance.now())
  }

  const { pause, resume } = useTimeoutPoll(read, every, { immediate: false, immediateCallback: true })
  watch(() => visibility.value === 'visible' && readable.value.length > 0, isOn => isOn ? resume() : pause(), { immediate: true })
  onScopeDispose(() => left.abort())
}

/** How a controller of the cluster stands, by its Lease; read once for all who ask, while somebody asks. Call in setup. */
export function useController(id: ControllerId): ComputedRef<ControllerStanding> {
  const proxy = useProxyStore()
  const now = useNow()
  const one = watchedBy(proxy, id)
  one.users++
  one.scope ??= effectScope(true)
  if (one.users === 1)
    one.scope.run(() => keepReading(proxy, CONTROLLERS[id], one))
  onScopeDispose(() => {
    one.users--
    if (one.users > 0)
      return
    one.scope?.stop()
    one.scope = undefined
  })
  // The clock of the page only says that it is time to look at the steady one.
  return computed(() => {
    const { value: sight } = one.sight
    const at = now.value && performance.now()
    return { word: judgeHolder(sight, at), silentFor: sight ? at - sight.since : 0, ...(sight && { lease: sight.lease }) }
  })
}
