import type { ClusterFacts } from '#sdk/host.ts'

export interface ClusterEntry extends ClusterFacts {
  /** The context that the kubeconfig, or the command line, names first. */
  readonly default: boolean
}

/** What the console's own server says of its clusters; `ended`: this browser has no session. */
export type Clusters
  = | { readonly state: 'known', readonly clusters: readonly ClusterEntry[], readonly version: string }
    | { readonly state: 'ended' }
    | { readonly state: 'unanswered', readonly message: string }

/** Whether the server reaches a cluster; `message` says why not. */
export type Reach
  = | { readonly state: 'reachable', readonly version?: string }
    | { readonly state: 'unreachable', readonly reason: string, readonly message: string }
    | { readonly state: 'ended' }

/** The cluster to begin with: the default of the server, else the first. */
export function firstCluster(clusters: Clusters): string | undefined {
  const known = clusters.state === 'known' ? clusters.clusters : []
  return (known.find(cluster => cluster.default) ?? known[0])?.id
}

async function ask<T>(path: string): Promise<T | 'ended'> {
  const answer = await fetch(path, { headers: { accept: 'application/json' } })
  if (answer.status === 401)
    return 'ended'
  if (!answer.ok)
    throw new Error(`${answer.status} ${answer.statusText}`)
  return await answer.json() as T
}

/** Asks the server which clusters there are. Never throws. */
export async function fetchClusters(): Promise<Clusters> {
  try {
    const answer = await ask<{ clusters: readonly ClusterEntry[], version: string }>('/console/clusters')
    return answer === 'ended' ? { state: 'ended' } : { state: 'known', ...answer }
  }
  catch (thrown) {
    return { state: 'unanswered', message: String(thrown) }
  }
}

/** Asks the server whether it reaches the cluster. Never throws: a server that is silent reaches nothing. */
export async function fetchReach(id: string): Promise<Reach> {
  try {
    const answer = await ask<Reach>(`/console/clusters/${encodeURIComponent(id)}`)
    return answer === 'ended' ? { state: 'ended' } : answer
  }
  catch (thrown) {
    return { state: 'unreachable', reason: 'ConsoleSilent', message: String(thrown) }
  }
}
