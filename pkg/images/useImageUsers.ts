import { computed } from 'vue'
import { CLAIMS } from '#kube/core.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import type { VirtualMachineImage } from './image.ts'
import { TEMPLATE_VERSIONS, usersOfImage } from './imageUsers.ts'

/** Who uses the image, in all namespaces, and what of that cannot be seen. Call in setup. */
export function useImageUsers(image: () => VirtualMachineImage) {
  const proxy = useProxyStore()
  const world = {
    claims: proxy.collection(CLAIMS),
    dataVolumes: proxy.collection(DATA_VOLUMES),
    vms: proxy.collection(VMS),
    vmis: proxy.collection(VMIS),
    templateVersions: proxy.collection(TEMPLATE_VERSIONS),
    backups: proxy.collection(VM_BACKUPS),
  }
  const users = computed(() => usersOfImage(image(), world))
  return { users, collections: Object.values(world) }
}
