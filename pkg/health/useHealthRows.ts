import { computed } from 'vue'
import { CLAIMS } from '#kube/core.ts'
import { IMAGES } from '#images/image.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useNow } from '#sdk/time.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { HealthRow } from './healthRow.ts'
import { dependentsOf, imageOfBackingImage, indexDependents } from './dependents.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, BACKING_IMAGE_MANAGERS, BACKUP_BACKING_IMAGES, LONGHORN_NAMESPACE, LONGHORN_NODES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from './longhorn.ts'
import { judgeBackingImage, withUpstream } from './verdict.ts'

/** Every BackingImage with its verdict and who depends on it. Call in setup. */
export function useHealthRows() {
  const proxy = useProxyStore()
  const now = useNow()
  const scope = { namespaces: [LONGHORN_NAMESPACE] }
  const images = proxy.collection(BACKING_IMAGES, scope)
  const world = {
    nodes: proxy.collection(LONGHORN_NODES, scope),
    managers: proxy.collection(BACKING_IMAGE_MANAGERS, scope),
    dataSources: proxy.collection(BACKING_IMAGE_DATA_SOURCES, scope),
    replicas: proxy.collection(LONGHORN_REPLICAS, scope),
    backups: proxy.collection(BACKUP_BACKING_IMAGES, scope),
  }
  const volumes = proxy.collection(LONGHORN_VOLUMES, scope)
  const [claims, vms, vmis] = [proxy.collection(CLAIMS), proxy.collection(VMS), proxy.collection(VMIS)]
  const harvesterImages = proxy.collection(IMAGES)

  const index = computed(() => indexDependents({ volumes, claims, vms, vmis }))
  // Only the age of an absent copy needs the clock, and five minutes of it: a verdict a minute is enough.
  const minute = computed(() => Math.floor(now.value / 60_000) * 60_000)
  const rows = computed<HealthRow[]>(() => images.objects.map(image => {
    const imageKey = imageOfBackingImage(image)
    const harvesterImage = imageKey ? harvesterImages.find(imageKey) : undefined
    return {
      image,
      health: withUpstream(judgeBackingImage(image, world, minute.value), harvesterImage),
      dependents: dependentsOf(image, index.value),
      title: harvesterImage?.spec.displayName ?? image.metadata.name,
      imageKey,
    }
  }))
  return { images, rows, collections: [images, world.nodes, world.managers, world.dataSources, world.replicas, volumes, claims, vms, vmis] }
}
