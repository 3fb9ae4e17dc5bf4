import { createPinia } from 'pinia'
import { computed, createApp, defineComponent, h, nextTick, watch } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import type { KubeList } from '#kube/object.ts'
import { collectionPath } from '#kube/resource.ts'
import { BACKING_IMAGES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { BackingImage } from '#health/longhorn.ts'
import type { Collection } from '#sdk/collection.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import { watchFrames } from './frames.ts'
import type { Frames } from './frames.ts'

// The page of bench:store: the same pages read by plain fetch and by the store, then a storm of events.

const base = `/k8s/clusters/${new URLSearchParams(location.search).get('cluster') ?? ''}`
const RESOURCES = [BACKING_IMAGES, LONGHORN_VOLUMES] as const

/** Keeps what was read reachable while the heap is measured. */
let held: unknown
let collections: Collection[] = []

async function readPages(path: string): Promise<unknown[]> {
  const items: unknown[] = []
  for (let token = ''; ;) {
    const answer = await fetch(`${base}${path}?limit=500${token && `&continue=${token}`}`)
    const list = JSON.parse(await answer.text()) as KubeList
    items.push(...list.items)
    if (!list.metadata.continue)
      return items
    token = list.metadata.continue
  }
}

async function floor(): Promise<{ milliseconds: number, objects: number }> {
  const begun = performance.now()
  const read = await Promise.all(RESOURCES.map(resource => readPages(collectionPath(resource))))
  held = read
  return { milliseconds: performance.now() - begun, objects: read.flat().length }
}

// Without a list of the copies for each image: five thousand a frame are three hundred thousand a second to be thrown away.
function hasFailedCopy({ status }: BackingImage): boolean {
  const copies = status?.diskFileStatusMap ?? {}
  for (const disk in copies) {
    if (copies[disk]?.state === 'failed')
      return true
  }
  return false
}

/** A view as pages have it: counts over all objects, and the first rows by what needs the operator. */
function openView(): Promise<void> {
  return new Promise(resolve => {
    const use = defineProxyStore(createKubeClient({ baseUrl: base }))
    const Rows = defineComponent(() => {
      const proxy = use()
      const images = proxy.collection(BACKING_IMAGES)
      const volumes = proxy.collection(LONGHORN_VOLUMES)
      collections = [images, volumes]
      const degraded = computed(() => volumes.objects.filter(volume => volume.status?.robustness === 'degraded'))
      const broken = computed(() => images.objects.filter(hasFailedCopy))
      watch(() => [images.state, volumes.state].join(), states => {
        if (states === 'live,live')
          void nextTick(resolve)
      }, { immediate: true })
      return () => h('main', [
        h('h1', `${images.objects.length} images, ${broken.value.length} broken; ${volumes.objects.length} volumes, ${degraded.value.length} degraded`),
        h('ol', degraded.value.slice(0, 50).map(volume => h('li', { key: volume.metadata.uid }, `${volume.metadata.name} ${volume.metadata.resourceVersion}`))),
      ])
    })
    createApp(Rows).use(createPinia()).mount('#app')
  })
}

async function store(): Promise<{ milliseconds: number, objects: number }> {
  const begun = performance.now()
  await openView()
  return { milliseconds: performance.now() - begun, objects: collections.flatMap(collection => collection.objects).length }
}

/** Whether the store shows exactly what the API lists: every object at its version. */
async function compare(): Promise<{ same: boolean, objects: number }> {
  const listed = await Promise.all(RESOURCES.map(resource => readPages(collectionPath(resource))))
  const words = (objects: readonly unknown[]): string => objects.map(object => (object as { metadata: { name: string, resourceVersion: string } }).metadata).map(({ name, resourceVersion }) => `${name} ${resourceVersion}`).sort().join('\n')
  return { same: listed.every((objects, index) => words(objects) === words(collections[index]?.objects ?? [])), objects: listed.flat().length }
}

declare global { interface Window { bench: { floor: typeof floor, store: typeof store, watchFrames: typeof watchFrames, compare: typeof compare, stop?: () => Frames, held: () => unknown } } }
window.bench = { floor, store, watchFrames, compare, held: () => held }
