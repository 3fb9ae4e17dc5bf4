import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { IMAGES } from './image.ts'
import { indexKeepers } from './imageKeeper.ts'
import { imageState } from './imageState.ts'

/** The image that the route names, what keeps it, and its state. Call in setup. */
export function useImageDetail() {
  const route = useRoute()
  const proxy = useProxyStore()
  const namespace = computed(() => String(route.params.namespace))
  const name = computed(() => String(route.params.name))
  const scope = () => ({ namespaces: [namespace.value] })
  const images = proxy.collection(IMAGES, scope)
  const dataVolumes = proxy.collection(DATA_VOLUMES, scope)
  const backingImages = proxy.collection(BACKING_IMAGES, { namespaces: [LONGHORN_NAMESPACE] })
  const image = computed(() => images.find(`${namespace.value}/${name.value}`))
  const keepers = computed(() => image.value ? indexKeepers({ backingImages, dataVolumes })(image.value) : {})
  const state = computed(() => image.value && imageState(image.value, keepers.value))
  const collections = computed(() => [images, ...(image.value ? [image.value.spec.backend === 'cdi' ? dataVolumes : backingImages] : [])])
  return { namespace, name, images, image, keepers, state, collections }
}
