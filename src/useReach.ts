import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { NAMESPACES } from '#kube/core.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { fetchReach } from './clusters.ts'
import { useSession } from './session.ts'

export type ReachState
  = | { readonly state: 'open' }
    | { readonly state: 'unreachable' | 'refused', readonly message: string }

const OPEN: ReachState = { state: 'open' }
const EVERY = 5_000

/**
 * Whether there is a cluster to show: it is open until the first thing asked of it fails for everybody. Asks again by itself
 * until it is. `heard`: its pages hold something, and stay.
 */
export function useReach(id: string) {
  const proxy = useProxyStore()
  const session = useSession()
  const namespaces = proxy.collection(NAMESPACES)
  const reach = shallowRef<ReachState>(OPEN)
  const asking = ref(false)
  // Once heard, the last known state of a cluster is worth more than a page that says it is gone.
  const heard = ref(false)
  const failed = computed(() => namespaces.error?.status)

  async function ask(): Promise<void> {
    if (asking.value)
      return
    asking.value = true
    const answer = await fetchReach(id)
    asking.value = false
    if (answer.state === 'ended')
      return session.ask()
    if (answer.state === 'unreachable') {
      reach.value = { state: 'unreachable', message: answer.message }
      return
    }
    reach.value = failed.value === 401 ? { state: 'refused', message: namespaces.error?.message ?? '' } : OPEN
    // Only the list can say that the credentials are accepted again.
    namespaces.retry?.()
  }

  watch(() => namespaces.state, state => {
    heard.value ||= state === 'live' || state === 'forbidden'
    if (heard.value && state !== 'stale')
      reach.value = OPEN
  }, { immediate: true })
  watch(failed, status => {
    if (status === 401 || (status !== undefined && !heard.value))
      void ask()
  }, { immediate: true })

  const timer = setInterval(() => reach.value.state !== 'open' && ask(), EVERY)
  onScopeDispose(() => clearInterval(timer))
  return { reach, heard, asking, ask }
}
