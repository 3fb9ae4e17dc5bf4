import { onScopeDispose, shallowRef } from 'vue'
import type { ShallowRef } from 'vue'
import { useGuard } from '#sdk/guard.ts'
import type { GuardCall } from '#sdk/guard.ts'
import { useHost } from '#sdk/host.ts'
import { standingCall } from './guardState.ts'
import { keeperCall } from './keeperStatus.ts'

const ANEW_MS = 15_000

/** What the console's server answers, asked again as long as somebody looks. `none`: there is no such server. `silent`: it does not answer. */
interface Told<Answer> { readonly state: 'asking' | 'told' | 'none' | 'silent', readonly answer?: Answer }

function useTold<Answer>(call: GuardCall<Answer>): Readonly<ShallowRef<Told<Answer>>> {
  const guard = useGuard()
  const told = shallowRef<Told<Answer>>({ state: guard.available ? 'asking' : 'none' })
  const left = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  async function ask(): Promise<void> {
    const heard = await guard.ask(call, { signal: left.signal }).then(answer => ({ state: 'told' as const, answer }), () => ({ state: 'silent' as const }))
    if (left.signal.aborted)
      return
    told.value = heard
    timer = setTimeout(() => void ask(), ANEW_MS)
  }
  if (guard.available)
    void ask()
  onScopeDispose(() => {
    left.abort()
    clearTimeout(timer)
  })
  return told
}

/** How the export guard of the cluster stands. Call in setup. */
export const useGuardStanding = () => useTold(standingCall(useHost().cluster.id))

/** How the keeper stands, and what it carries out. Call in setup. */
export const useKeeper = () => useTold(keeperCall(useHost().cluster.id))
