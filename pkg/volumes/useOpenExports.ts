import { computed } from 'vue'
import { CLAIMS } from '#kube/core.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { openExports } from './exportIntent.ts'

/** The exports that the cluster remembers and that are not at their end. Call in setup. */
export function useOpenExports() {
  const host = useHost()
  const claims = useProxyStore().collection(CLAIMS, () => ({ namespaces: host.namespaces.value }))
  const open = computed(() => [...openExports(claims.objects)].map(([key, intent]) => ({ key, intent })))
  return { claims, open }
}
