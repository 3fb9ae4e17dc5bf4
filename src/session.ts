import { inject } from 'vue'
import type { InjectionKey, ShallowRef } from 'vue'
import type { Clusters } from './clusters.ts'

/** The clusters of this session; `ask` asks the server again, and so finds out that a session has ended. */
export interface Session {
  readonly clusters: Readonly<ShallowRef<Clusters>>
  readonly ask: () => Promise<void>
}

export const sessionKey: InjectionKey<Session> = Symbol('session')

/** Throws outside of App.vue. */
export function useSession(): Session {
  const session = inject(sessionKey)
  if (!session)
    throw new Error('useSession needs App.vue above it')
  return session
}
