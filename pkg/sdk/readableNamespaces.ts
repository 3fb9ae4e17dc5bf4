import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { NAMESPACES } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import type { Resource } from '#kube/resource.ts'
import { createTurns } from './turns.ts'

interface Readable {
  /** By name, sorted. */
  readonly namespaces: readonly string[]
  /** How many namespaces there are, where only those that were mentioned were looked at because all would be too many. */
  readonly tooMany?: number
}

/** Finds where a user may list a kind that may not be listed everywhere. */
export interface NamespaceFinder {
  /** Somebody speaks of these namespaces, so they may exist. */
  readonly mention: (namespaces: readonly string[]) => void
  readonly mentioned: () => ReadonlySet<string>
  /** The namespaces in which the user may list the kind. Throws an `ApiError` when the cluster does not say. */
  readonly findReadable: (resource: Resource<KubeObject>) => Promise<Readable>
  /** What was answered before is asked again when it is next wanted. */
  readonly doubt: () => void
}

interface Reviewed { readonly allowed: boolean, at: number }

const NAMES_KEPT_MS = 30_000
const REVIEWS_KEPT_MS = 5 * 60_000
/** Reviews under way at once, of all kinds together. */
const AT_ONCE = 8
/** From so many namespaces on, a review and a watch in each of them for each kind is more than a page should ask for. */
const MANY = 50
/** Rules of the whole cluster are told in every namespace, also in one that does not exist. */
const ANY_NAMESPACE = 'default'

/**
 * Takes the namespaces from their list where the user may read it; else from the rules that name them (Rancher gives the
 * members of a project such) and from those that were mentioned. `keptMs`: how long an answer is believed.
 */
export function createNamespaceFinder(client: KubeClient, keptMs = REVIEWS_KEPT_MS, now: () => number = Date.now): NamespaceFinder {
  const names = new Set<string>()
  const reviews = new Map<string, Reviewed>()
  const turn = createTurns(AT_ONCE)
  let listed: { readonly at: number, readonly names: Promise<readonly string[]> } | undefined

  async function list(): Promise<readonly string[]> {
    try {
      const all = await client.list(NAMESPACES)
      return all.items.map(namespace => namespace.metadata.name)
    }
    catch (thrown) {
      // Only a refusal says that there is no list to be had; a server in trouble says nothing.
      if (toApiError(thrown).status !== 403)
        throw thrown
    }
    const rules = await client.rules(ANY_NAMESPACE)
    return rules.filter(rule => rule.resources?.includes('namespaces')).flatMap(rule => rule.resourceNames ?? [])
  }

  async function namespaces(): Promise<readonly string[]> {
    if (!listed || now() - listed.at > Math.min(NAMES_KEPT_MS, keptMs))
      listed = { at: now(), names: list() }
    const asked = listed
    return asked.names.catch((thrown: unknown) => {
      if (listed === asked)
        listed = undefined
      throw thrown
    })
  }

  async function mayList(resource: Resource<KubeObject>, namespace: string): Promise<boolean> {
    const key = `${qualifiedName(resource)} ${namespace}`
    const before = reviews.get(key)
    if (before && now() - before.at <= keptMs)
      return before.allowed
    try {
      const { allowed } = await turn(() => client.review({ verb: 'list', resource, namespace }))
      reviews.set(key, { allowed, at: now() })
      return allowed
    }
    catch (thrown) {
      if (!before)
        throw thrown
      return before.allowed
    }
  }

  async function findReadable(resource: Resource<KubeObject>): Promise<Readable> {
    const all = await namespaces()
    const tooMany = all.length > MANY ? all.length : undefined
    const candidates = [...new Set([...tooMany ? [] : all, ...names])].sort()
    const answers = await Promise.allSettled(candidates.map(namespace => mayList(resource, namespace)))
    const readable = candidates.filter((_, index) => answers[index]?.status === 'fulfilled' && answers[index].value)
    const failed = answers.find(answer => answer.status === 'rejected')
    if (failed && !readable.length)
      throw failed.reason
    return { namespaces: readable, tooMany }
  }

  return {
    mention: mentioned => mentioned.forEach(namespace => names.add(namespace)),
    mentioned: () => names,
    findReadable,
    doubt: () => {
      listed = undefined
      reviews.forEach(review => { review.at = -Infinity })
    },
  }
}
