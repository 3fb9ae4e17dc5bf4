import { inject, shallowRef } from 'vue'
import type { InjectionKey, ShallowRef } from 'vue'
import { fetchClusters } from './clusters.ts'
import type { Clusters } from './clusters.ts'

/** The clusters of this session; `ask` asks the server again, and so finds out that a session has ended. */
export interface Session {
  readonly clusters: Readonly<ShallowRef<Clusters>>
  readonly ask: () => Promise<void>
}

export const sessionKey: InjectionKey<Session> = Symbol('session')

/** The session that began with that answer; one for the whole console. */
export function createSession(first: Clusters): Session {
  const clusters = shallowRef(first)
  return { clusters, ask: async () => { clusters.value = await fetchClusters() } }
}

/** Throws where `main.ts` has not provided it. */
export function useSession(): Session {
  const session = inject(sessionKey)
  if (!session)
    throw new Error('useSession needs an app that provides sessionKey')
  return session
}
