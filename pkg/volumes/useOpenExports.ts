import { computed } from 'vue'
import { CLAIMS } from '#kube/core.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { openExports } from './exportIntent.ts'

/** The exports that the cluster remembers and that are not at their end, of the namespaces chosen in the top bar or of one. Call in setup. */
export function useOpenExports(only?: () => string | undefined) {
  const host = useHost()
  const claims = useProxyStore().collection(CLAIMS, () => {
    const namespace = only?.()
    return { namespaces: namespace ? [namespace] : host.namespaces.value }
  })
  const open = computed(() => [...openExports(claims.objects)].map(([key, intent]) => ({ key, intent, claim: claims.find(key) })))
  return { claims, open }
}
