import { computed } from 'vue'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { IMAGES } from '#images/image.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { VolumeRow } from './volumeRow.ts'
import { indexClaimUsers, usersIn } from './claimUsers.ts'
import { readIntent } from './exportIntent.ts'
import { volumeFacts } from './volume.ts'

/** The volumes of the namespaces chosen in the top bar (or of one), each with who uses it. Call in setup. */
export function useVolumeRows(only?: () => string) {
  const host = useHost()
  const proxy = useProxyStore()
  const scope = () => ({ namespaces: only ? [only()] : host.namespaces.value })
  const claims = proxy.collection(CLAIMS, scope)
  const vms = proxy.collection(VMS, scope)
  const vmis = proxy.collection(VMIS, scope)
  const pods = proxy.collection(PODS, scope)
  const classes = proxy.collection(STORAGE_CLASSES)
  // Only names are taken from it, so a list that cannot be read is no trouble of this page.
  const images = proxy.collection(IMAGES)
  const longhorn = proxy.collection(LONGHORN_VOLUMES, { namespaces: [LONGHORN_NAMESPACE] })

  const index = computed(() => indexClaimUsers({ vms: vms.objects, vmis: vmis.objects, pods: pods.objects }))
  const rows = computed<VolumeRow[]>(() => claims.objects.map(claim => {
    const { namespace } = claim.metadata
    const users = usersIn(index.value, claim)
    const volume = claim.spec?.volumeName ? longhorn.find(`${LONGHORN_NAMESPACE}/${claim.spec.volumeName}`) : undefined
    const facts = volumeFacts(claim, {
      users,
      holders: vmis.knows(namespace) && pods.knows(namespace) ? 'seen' : 'blind',
      storageClass: classes.find(claim.spec?.storageClassName ?? ''),
      longhorn: longhorn.knows(LONGHORN_NAMESPACE) ? volume : 'blind',
    })
    const imageTitle = facts.image && (images.find(facts.image)?.spec.displayName ?? facts.image.slice(facts.image.indexOf('/') + 1))
    return { claim, users, ...(imageTitle && { imageTitle }), sight: { vms: vms.knows(namespace) ? 'seen' : 'blind', instances: vmis.knows(namespace) ? 'seen' : 'blind' }, facts, exporting: readIntent(claim) }
  }))
  return { rows, claims, vms, images, collections: [claims, vms, vmis, pods, longhorn, classes] }
}
