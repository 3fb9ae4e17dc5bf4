import { computed } from 'vue'
import { objectKey } from '#kube/object.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useNow } from '#sdk/time.ts'
import { VMIS, VMS } from './vm.ts'
import { vmRow } from './vmRow.ts'

/** The VMs of the namespaces chosen in the top bar (or of one), each with its derived power state. Call in setup. */
export function useVmRows(only?: () => string) {
  const host = useHost()
  const proxy = useProxyStore()
  const now = useNow()
  const scope = () => ({ namespaces: only ? [only()] : host.namespaces.value })
  const vms = proxy.collection(VMS, scope)
  const vmis = proxy.collection(VMIS, scope)
  const sightOf = (namespace: string | undefined) => !vmis.knows(namespace) ? 'blind' : vms.state === 'stale' || vmis.state === 'stale' ? 'outdated' : 'seen'
  const rows = computed(() => vms.objects.map(vm => vmRow(vm, vmis.find(objectKey(vm)), sightOf(vm.metadata.namespace), now.value)))
  return { vms, vmis, rows, collections: [vms, vmis] }
}
