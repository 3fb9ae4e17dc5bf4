import type { KubeClient } from '#kube/client.ts'
import { NAMESPACES } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'

/** Finds where a user may list a kind that may not be listed everywhere. */
export interface NamespaceFinder {
  /** Somebody speaks of these namespaces, so they may exist. */
  readonly mention: (namespaces: readonly string[]) => void
  readonly mentioned: () => ReadonlySet<string>
  /** The namespaces in which the user may list the kind, by name. Throws an `ApiError` when the cluster does not say. */
  readonly findReadable: (resource: Resource<KubeObject>) => Promise<string[]>
}

const KEPT_MS = 30_000
/** Rules of the whole cluster are told in every namespace, also in one that does not exist. */
const ANY_NAMESPACE = 'default'

/**
 * Takes the namespaces from their list where the user may read it; else from the rules that name them (Rancher gives the
 * members of a project such) and from those that were mentioned.
 */
export function createNamespaceFinder(client: KubeClient, now: () => number = Date.now): NamespaceFinder {
  const names = new Set<string>()
  let listed: { readonly at: number, readonly names: Promise<readonly string[]> } | undefined

  async function list(): Promise<readonly string[]> {
    const all = await client.list(NAMESPACES).catch(() => undefined)
    if (all)
      return all.items.map(namespace => namespace.metadata.name)
    const rules = await client.rules(ANY_NAMESPACE).catch(() => [])
    return rules.filter(rule => rule.resources?.includes('namespaces')).flatMap(rule => rule.resourceNames ?? [])
  }

  async function findReadable(resource: Resource<KubeObject>): Promise<string[]> {
    if (!listed || now() - listed.at > KEPT_MS)
      listed = { at: now(), names: list() }
    const candidates = [...new Set([...await listed.names, ...names])].sort()
    const answers = await Promise.all(candidates.map(namespace => client.review({ verb: 'list', resource, namespace })))
    return candidates.filter((_, index) => answers[index]?.allowed)
  }

  return {
    mention: namespaces => namespaces.forEach(namespace => names.add(namespace)),
    mentioned: () => names,
    findReadable,
  }
}
