import { computed } from 'vue'
import type { Router } from 'vue-router'
import type { Extension } from '#sdk/extension.ts'
import type { ClusterFacts, Host } from '#sdk/host.ts'
import { useQuerySet } from '#sdk/useQueryParam.ts'

function sameWords(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((word, at) => word === b[at])
}

/** The host of a cluster's pages: locations below it that keep the namespace filter. Call in setup. */
export function hostOf(cluster: ClusterFacts, extensions: readonly Extension[], router: Router): Host {
  const chosen = useQuerySet('ns')
  // The same array as long as it names the same namespaces: any change of the URL would otherwise begin every list anew.
  const namespaces = computed<readonly string[]>(before => {
    const now = [...chosen.value].sort()
    return before && sameWords(before, now) ? before : now
  })

  function to(path: string) {
    const { pathname, searchParams, hash } = new URL(path, 'http://cluster')
    // A link to another cluster than the one on screen: its namespaces are others.
    const onScreen = router.currentRoute.value.params.cluster
    const ns = onScreen === undefined || onScreen === cluster.id ? namespaces.value.join(',') || undefined : undefined
    return { path: `/c/${encodeURIComponent(cluster.id)}${pathname === '/' ? '' : pathname}`, query: { ns, ...Object.fromEntries(searchParams) }, hash }
  }
  return {
    cluster,
    namespaces,
    to,
    go: async path => { await router.push(to(path)) },
    extensions,
    kinds: extensions.flatMap(extension => extension.kinds ?? []),
  }
}
