import '#sdk/elements.css'
import '#sdk/theme.css'
import { createPinia } from 'pinia'
import { computed, createApp, defineComponent, h, shallowRef } from 'vue'
import { createKubeClient } from '#kube/client.ts'
import type { StorageClass } from '#kube/core.ts'
import ImageFileField from '#images/ImageFileField.vue'
import UploadVerdict from '#images/UploadVerdict.vue'
import type { Digests } from '#images/fileDigest.ts'
import { judgeUpload, planUploadImage } from '#images/uploadPlan.ts'
import { useFileDigest } from '#images/useFileDigest.ts'
import { useImageUpload } from '#images/useImageUpload.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import { useTasks } from '#sdk/tasks.ts'
import { watchFrames } from './frames.ts'

// The page of bench:digest: the console's own field, checksums and upload, and nothing else.

const i18n = createConsoleI18n([
  { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
  { id: 'images', messages: { 'en': () => import('#images/locales/en.ts'), 'zh-CN': () => import('#images/locales/zh-CN.ts') } },
])
const STORAGE_CLASS: StorageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'longhorn', uid: '', resourceVersion: '', creationTimestamp: '' }, provisioner: 'driver.longhorn.io' }

interface Read { readonly milliseconds: number, readonly digests: Digests }

let state: () => { read?: Read, task?: object, obstacles: readonly object[] } = () => ({ obstacles: [] })
let begin: () => Promise<unknown> = () => Promise.resolve()
let cancel = (): void => undefined

const Page = defineComponent(() => {
  const file = shallowRef<File>()
  const { head, digests, state: word, progress, unreadable } = useFileDigest(file)
  const upload = useImageUpload()
  const tasks = useTasks()
  const begun = shallowRef(0)
  const read = computed<Read | undefined>(() => word.value === 'read' ? { milliseconds: performance.now() - begun.value, digests: digests.value } : undefined)
  const obstacles = computed(() => judgeUpload({ offer: 'offered', backend: 'backingimage', file: file.value, format: head.value && { kind: 'raw', layout: 'gpt' }, digests: digests.value, unreadable: unreadable.value, expected: '' }))
  const reading = computed(() => word.value === 'reading' ? progress.value : undefined)
  state = () => ({ read: read.value, task: tasks.tasks.at(-1), obstacles: obstacles.value })
  begin = async () => file.value && upload.begin(planUploadImage({ name: 'bench', namespace: 'default', file: file.value, digests: digests.value }, STORAGE_CLASS), file.value)
  cancel = () => tasks.tasks.forEach(task => tasks.cancel(task.id))
  function choose(chosen: File | undefined): void {
    begun.value = performance.now()
    file.value = chosen
  }
  return () => h('main', { style: 'padding: 24px; max-width: 640px' }, [
    h(ImageFileField, { file: file.value, digests: digests.value, progress: reading.value, onChosen: choose }),
    h(UploadVerdict, { obstacles: obstacles.value, progress: reading.value }),
  ])
})

await i18n.setLanguage('en')
const cluster = new URLSearchParams(location.search).get('cluster') ?? ''
createApp(Page).use(createPinia()).use(i18n.plugin).provide(proxyStoreKey, defineProxyStore(createKubeClient({ baseUrl: `/k8s/clusters/${cluster}` }))).mount('#app')

const digest = { state: () => state(), begin: () => begin(), cancel: () => cancel(), watchFrames, stop: undefined as ReturnType<typeof watchFrames> | undefined }
declare global { interface Window { digest: typeof digest } }
window.digest = digest
