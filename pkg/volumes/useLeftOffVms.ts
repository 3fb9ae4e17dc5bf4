import { computed } from 'vue'
import { CLAIMS } from '#kube/core.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { leftOffVms, unclearVms } from './leftOffVms.ts'

/** The VMs, those that an export has left off, and those of which that cannot be seen (`leftOffVms`, `unclearVms`), of the namespaces chosen in the top bar or of one. Call in setup. */
export function useLeftOffVms(only?: () => string | undefined) {
  const host = useHost()
  const proxy = useProxyStore()
  const scope = () => {
    const namespace = only?.()
    return { namespaces: namespace ? [namespace] : host.namespaces.value }
  }
  const world = { vms: proxy.collection(VMS, scope), vmis: proxy.collection(VMIS, scope), claims: proxy.collection(CLAIMS, scope) }
  return { vms: world.vms, leftOff: computed(() => leftOffVms(world)), unclear: computed(() => unclearVms(world)) }
}
