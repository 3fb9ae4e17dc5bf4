import { computed } from 'vue'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { IMAGES } from './image.ts'
import { indexKeepers } from './imageKeeper.ts'
import { imageRow } from './imageRow.ts'

/** The images of the namespaces chosen in the top bar, each with its state and its source's verdict. Call in setup. */
export function useImageRows() {
  const host = useHost()
  const proxy = useProxyStore()
  const scope = () => ({ namespaces: host.namespaces.value })
  const images = proxy.collection(IMAGES, scope)
  const dataVolumes = proxy.collection(DATA_VOLUMES, scope)
  const backingImages = proxy.collection(BACKING_IMAGES, { namespaces: [LONGHORN_NAMESPACE] })
  const keepersOf = computed(() => indexKeepers({ backingImages, dataVolumes }))
  // The clock is looked at when something changes: a signed link that ends meanwhile is said by the next change.
  const rows = computed(() => images.objects.map(image => imageRow(image, keepersOf.value(image), Date.now())))
  // Only what some image is kept by needs to be seen.
  const hasBackend = (cdi: boolean) => images.objects.some(image => (image.spec.backend === 'cdi') === cdi)
  const collections = computed(() => [images, ...(hasBackend(false) ? [backingImages] : []), ...(hasBackend(true) ? [dataVolumes] : [])])
  return { images, rows, collections }
}
