import { CLAIMS, NODES, PODS, STORAGE_CLASSES, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS, VM_RESTORES } from '#vms/vmBackup.ts'
import { VM_EXPORTS } from '#vms/vmExport.ts'
import { DATA_VOLUMES } from './dataVolume.ts'
import { VOLUME_SNAPSHOTS } from './volumeSnapshot.ts'

/** Everything that an export of a volume in that namespace is decided from, live. Call in a scope: it is followed while that lives. */
export function useExportWorld(namespace: () => string, proxy = useProxyStore()) {
  const scope = () => ({ namespaces: [namespace()] })
  return {
    claims: proxy.collection(CLAIMS, scope),
    vms: proxy.collection(VMS, scope),
    vmis: proxy.collection(VMIS, scope),
    pods: proxy.collection(PODS, scope),
    attachments: proxy.collection(VOLUME_ATTACHMENTS),
    nodes: proxy.collection(NODES),
    longhornVolumes: proxy.collection(LONGHORN_VOLUMES, { namespaces: [LONGHORN_NAMESPACE] }),
    images: proxy.collection(IMAGES),
    dataVolumes: proxy.collection(DATA_VOLUMES, scope),
    snapshots: proxy.collection(VOLUME_SNAPSHOTS, scope),
    backups: proxy.collection(VM_BACKUPS, scope),
    restores: proxy.collection(VM_RESTORES, scope),
    vmExports: proxy.collection(VM_EXPORTS, scope),
    storageClasses: proxy.collection(STORAGE_CLASSES),
  }
}

export type LiveExportWorld = ReturnType<typeof useExportWorld>
