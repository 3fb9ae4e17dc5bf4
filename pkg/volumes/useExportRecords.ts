import { computed } from 'vue'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { indexKeepers } from '#images/imageKeeper.ts'
import { imageState } from '#images/imageState.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { DATA_VOLUMES } from './dataVolume.ts'
import { exportReference } from './exportIntent.ts'
import { exportRecords } from './exportRecord.ts'
import { exportsWithoutImage } from './exportWithoutImage.ts'
import { carrierOf } from './keeperStatus.ts'
import { useExportTasks } from './useExportTasks.ts'
import { useOpenExports } from './useOpenExports.ts'
import { useKeeper } from './useStanding.ts'

/** All exports of the namespaces chosen in the top bar: under way, told by the images that came of them, and those that left none. Call in setup. */
export function useExportRecords() {
  const host = useHost()
  const proxy = useProxyStore()
  const tasks = useExportTasks()
  const keeper = useKeeper()
  const scope = () => ({ namespaces: host.namespaces.value })
  const images = proxy.collection(IMAGES, scope)
  const dataVolumes = proxy.collection(DATA_VOLUMES, scope)
  const backingImages = proxy.collection(BACKING_IMAGES, { namespaces: [LONGHORN_NAMESPACE] })
  const { claims, open } = useOpenExports()
  const keepersOf = computed(() => indexKeepers({ backingImages, dataVolumes }))
  const rows = computed(() => exportRecords({
    open: open.value, images: images.objects, ended: claims.objects.flatMap(exportsWithoutImage),
    stateOf: (image: VirtualMachineImage) => imageState(image, keepersOf.value(image)),
    carrierOf: intent => carrierOf(tasks.isRunning(intent.claim), keeper.value.answer, exportReference(intent), intent.id),
  }))
  return { rows, collections: [claims, images, dataVolumes, backingImages] }
}
