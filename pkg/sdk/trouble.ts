import type { ApiError } from '#kube/apiError.ts'
import type { Resource } from '#kube/resource.ts'
import { qualifiedName } from '#kube/resource.ts'
import type { Collection } from './collection.ts'
import { isUnwatched } from '#kube/seen.ts'

/** Who brings the CRDs of a group; the words are `sdk.collection.owners.<owner>`. */
export type CrdOwner = 'harvester' | 'network' | 'kubevirt' | 'cdi' | 'longhorn' | 'multus' | 'snapshot'

const OWNERS: Readonly<Record<string, CrdOwner>> = {
  'harvesterhci.io': 'harvester',
  'network.harvesterhci.io': 'network',
  'kubevirt.io': 'kubevirt',
  'subresources.kubevirt.io': 'kubevirt',
  'cdi.kubevirt.io': 'cdi',
  'longhorn.io': 'longhorn',
  'k8s.cni.cncf.io': 'multus',
  'snapshot.storage.k8s.io': 'snapshot',
}

/** Undefined for a group that none of them owns. */
export function ownerOf(resource: Pick<Resource, 'group'>): CrdOwner | undefined {
  return OWNERS[resource.group]
}

/**
 * The words of RBAC for the verb that was refused: `list pods in namespace lab`. The namespace is the one that the refusal names
 * (k8s.io/apiserver, `ForbiddenStatus`); else those that were asked for: where all namespaces are refused, they are enough.
 */
export function missingPermission(resource: Resource, error?: Pick<ApiError, 'message'>, wanted: readonly string[] = [], verb: 'list' | 'watch' = 'list'): string {
  const named = /in the namespace "([^"]+)"/.exec(error?.message ?? '')?.[1]
  const namespaces = named ? [named] : wanted
  const what = `${verb} ${qualifiedName(resource)}`
  if (resource.namespaced && namespaces.length)
    return `${what} in namespace ${namespaces.join(', ')}`
  return resource.namespaced ? `${what} in all namespaces` : what
}

type Seen = Pick<Collection, 'resource' | 'state' | 'since' | 'partial' | 'tooMany' | 'unread' | 'namespaces' | 'error' | 'retryAt' | 'retry'>

/** Collections that are not to be trusted whole, for one and the same reason: said in one sentence. */
export interface Trouble<C extends Seen = Collection> {
  readonly key: string
  readonly state: Seen['state']
  /** Since when, for the first of them; epoch milliseconds. */
  readonly since: number
  readonly collections: readonly C[]
}

/** How long a list may be awaited before it is worth a word, in milliseconds (DESIGN: grey rows for at most a second). */
const PATIENCE = 1_000

// A missing permission and a missing kind have each their own way out; a cut line is one, however many wait for it.
function reasonOf(seen: Seen): string {
  const { state, partial, resource, error } = seen
  if (isUnwatched(seen))
    return `unwatched ${qualifiedName(resource)}`
  switch (state) {
    case 'forbidden': case 'absent': return `${state} ${qualifiedName(resource)}`
    case 'stale': return `stale ${error?.message}`
    case 'loading': return 'loading'
    case 'live': return `live ${partial?.join()}`
  }
}

/** What is wrong with the collections at `now`, the same trouble of several named once, in the order in which they were given; empty when all are live and whole. */
export function findTroubles<C extends Seen>(collections: readonly C[], now: number): Trouble<C>[] {
  const groups = new Map<string, C[]>()
  for (const collection of collections) {
    const isFine = collection.state === 'live' ? !collection.partial : collection.state === 'loading' && now - collection.since <= PATIENCE
    const reason = reasonOf(collection)
    if (!isFine)
      groups.set(reason, [...groups.get(reason) ?? [], collection])
  }
  return [...groups].map(([key, group]) => ({ key, state: group[0]?.state ?? 'live', since: Math.min(...group.map(({ since }) => since)), collections: group }))
}
