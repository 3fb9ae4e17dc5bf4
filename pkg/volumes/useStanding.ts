import { onScopeDispose, shallowRef, watch } from 'vue'
import type { ShallowRef } from 'vue'
import { useGuard } from '#sdk/guard.ts'
import type { GuardCall } from '#sdk/guard.ts'
import { useHost } from '#sdk/host.ts'
import type { GuardedPlace } from './guardState.ts'
import { standingCall } from './guardState.ts'
import { keeperCall } from './keeperStatus.ts'

const ANEW_MS = 15_000

/** What the console's server answers, asked again as long as somebody looks. `none`: there is no such server. `silent`: it does not answer. */
interface Told<Answer> { readonly state: 'asking' | 'told' | 'none' | 'silent', readonly answer?: Answer }

function useTold<Answer>(call: () => GuardCall<Answer>): Readonly<ShallowRef<Told<Answer>>> {
  const guard = useGuard()
  const told = shallowRef<Told<Answer>>({ state: guard.available ? 'asking' : 'none' })
  let left = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  function leave(): void {
    left.abort()
    clearTimeout(timer)
  }
  async function ask({ signal }: AbortController): Promise<void> {
    const heard = await guard.ask(call(), { signal }).then(answer => ({ state: 'told' as const, answer }), () => ({ state: 'silent' as const }))
    if (signal.aborted)
      return
    told.value = heard
    timer = setTimeout(() => void ask(left), ANEW_MS)
  }
  // An answer to another question is none to this one.
  if (guard.available) {
    watch(() => call().path, () => {
      leave()
      left = new AbortController()
      told.value = { state: 'asking' }
      void ask(left)
    }, { immediate: true })
  }
  onScopeDispose(leave)
  return told
}

/** How the export guard of the cluster stands, and, with a place, whether it is asked there. Call in setup. */
export function useGuardStanding(place: () => GuardedPlace | undefined = () => undefined) {
  const { cluster } = useHost()
  return useTold(() => standingCall(cluster.id, place()))
}

/** How the keeper stands, and what it carries out. Call in setup. */
export function useKeeper() {
  const { cluster } = useHost()
  return useTold(() => keeperCall(cluster.id))
}
