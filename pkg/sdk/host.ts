import { inject } from 'vue'
import type { InjectionKey, Ref } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { Extension, FindableKind } from './extension.ts'

export interface ClusterFacts {
  readonly id: string
  readonly title: string
  /** The embedded cluster, which is a demonstration. */
  readonly demo: boolean
  /** Address of the API server, for people. */
  readonly server: string
  /** Whether files can be uploaded to it, and if not, why. */
  readonly upload: 'offered' | 'no-harvester-url'
}

/** All that an extension knows of the console around it. A change of cluster mounts the pages anew. */
export interface Host {
  readonly cluster: ClusterFacts
  /** The namespace filter of the top bar; empty means all. */
  readonly namespaces: Readonly<Ref<readonly string[]>>
  /** The location of a path below the cluster (`/images/create`), for a router link; keeps the namespace filter. */
  readonly to: (path: string) => RouteLocationRaw
  readonly go: (path: string) => Promise<void>
  readonly extensions: readonly Extension[]
  readonly kinds: readonly FindableKind[]
}

/**
 * Has the console ask before the page is left as long as `isHeld` answers true, until the caller's scope ends. Call in setup.
 * Answers how the same is asked before anything else is left: true where nothing is held, or the operator said yes.
 */
export type HoldLeaving = (isHeld: () => boolean) => () => Promise<boolean>

/** Without a console around it nobody asks. */
export const holdLeavingKey: InjectionKey<HoldLeaving> = Symbol('hold leaving')

/** Where cards lie over a page that may hold the same ones: there they are groups, for a page has no two regions of one name. */
export const cardRoleKey: InjectionKey<'group'> = Symbol('card role')

export const hostKey: InjectionKey<Host> = Symbol('host')

/** The console around this extension; call in setup. Throws outside a console. */
export function useHost(): Host {
  const host = inject(hostKey)
  if (!host)
    throw new Error('useHost needs a console that provides hostKey')
  return host
}
