import { computed } from 'vue'
import { objectKey } from '#kube/object.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { IMAGES } from './image.ts'
import { imageRow } from './imageRow.ts'

/** The images of the namespaces chosen in the top bar, each with its state and its source's verdict. Call in setup. */
export function useImageRows() {
  const host = useHost()
  const proxy = useProxyStore()
  const scope = () => ({ namespaces: host.namespaces.value })
  const images = proxy.collection(IMAGES, scope)
  const dataVolumes = proxy.collection(DATA_VOLUMES, scope)
  const rows = computed(() => images.objects.map(image => imageRow(image, image.spec.backend === 'cdi' ? dataVolumes.find(objectKey(image)) : undefined)))
  const collections = computed(() => [images, ...(images.objects.some(image => image.spec.backend === 'cdi') ? [dataVolumes] : [])])
  return { images, rows, collections }
}
