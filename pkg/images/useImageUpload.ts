import { until } from '@vueuse/core'
import { computed } from 'vue'
import { ApiError, toApiError } from '#kube/apiError.ts'
import type { UploadProgress, Written } from '#kube/client.ts'
import type { Manifest } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { formatBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useTasks } from '#sdk/tasks.ts'
import type { TaskProgress } from '#sdk/tasks.ts'
import { duration } from '#sdk/time.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageState } from './imageState.ts'
import { IMAGES } from './image.ts'
import { imageState, isImported } from './imageState.ts'
import { planRemoval, uploadForm, uploadTaskId } from './uploadPlan.ts'

const REMOVAL_TRIES = 4
const BETWEEN_TRIES_MS = 2_000

/** Makes an image and fills it with a file of this computer, in the background: leaving the page in the console does not end it. Call in setup. */
export function useImageUpload() {
  const proxy = useProxyStore()
  const tasks = useTasks()
  const notices = useNotices()
  const { t, locale } = useI18n()

  /**
   * Tries and makes the image (a refusal is thrown), then begins to upload. The image that this made is removed again
   * when the upload fails or is cancelled, and no other that has its name by then.
   */
  async function begin(manifest: Manifest<VirtualMachineImage>, file: File): Promise<Written<VirtualMachineImage>> {
    await proxy.create(IMAGES, manifest, { dryRun: true, fieldValidation: 'Strict' })
    const written = await proxy.create(IMAGES, manifest)
    const image = written.object
    const { namespace, name } = image.metadata
    const label = image.spec.displayName
    const steps = (['send', 'import'] as const).map(id => ({ id, label: t(`images.upload.step.${id}`) }))
    void tasks.run({
      id: uploadTaskId(image),
      title: t('images.upload.task', { name: label }),
      objects: [{ resource: IMAGES as unknown as Resource, namespace, name, label }],
      path: `/images/${objectKey(image)}`,
      steps,
      work: progress => fill(image, file, progress),
    })
    return written
  }

  async function fill(image: VirtualMachineImage, file: File, progress: TaskProgress): Promise<void> {
    try {
      progress.begin('send')
      await send(image, file, progress)
      progress.begin('import')
      await beImported(image, progress)
    }
    catch (thrown) {
      const error = await explain(toApiError(thrown), file)
      // The answer may be lost and the file be there all the same.
      if (progress.signal.aborted || error.status !== 0 || !await isReady(image)) {
        progress.say({ message: t('images.upload.removing') })
        await takeBack(image)
        if (progress.signal.aborted)
          notices.notify({ tone: 'unknown', text: t('images.upload.cancelled', { name: image.spec.displayName }) })
        throw error
      }
    }
    notices.notify({ tone: 'ok', text: t('images.upload.done', { name: image.spec.displayName }), link: linkTo(image) })
  }

  async function send(image: VirtualMachineImage, file: File, { say, signal }: TaskProgress): Promise<void> {
    const leave = (event: PageTransitionEvent) => event.persisted || void removeOnce(image, true)
    addEventListener('beforeunload', warnOnLeaving)
    addEventListener('pagehide', leave)
    try {
      await proxy.upload(uploadForm(image, file), { signal, onProgress: facts => say(wordsOf(facts, file.size)) })
    }
    finally {
      removeEventListener('beforeunload', warnOnLeaving)
      removeEventListener('pagehide', leave)
    }
  }

  function wordsOf({ loaded, bytesPerSecond, secondsLeft }: UploadProgress, size: number): { message: string, progress: number } {
    const bytes = (count: number) => formatBytes(count, locale.value)
    const sent = Math.min(loaded, size)
    const facts = [
      t('images.upload.sent', { sent: bytes(sent), size: bytes(size) }),
      bytesPerSecond && t('images.upload.speed', { speed: bytes(bytesPerSecond) }),
      secondsLeft && t('images.upload.left', { time: duration(secondsLeft * 1000, locale.value) }),
    ]
    const message = sent === size ? t('images.upload.waiting') : facts.filter(Boolean).join(' · ')
    return { message, progress: 100 * sent / size }
  }

  /** Follows the image until the cluster calls it ready; throws what the cluster says when it fails or goes. */
  async function beImported(image: VirtualMachineImage, { within, say, signal }: TaskProgress): Promise<void> {
    const key = objectKey(image)
    const gone = new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(new Error('cancelled')), { once: true }))
    const ended = within(() => {
      const images = proxy.collection(IMAGES, { namespaces: [image.metadata.namespace ?? ''] })
      let seen = false
      const state = computed<ImageState>(() => {
        const found = images.find(key)
        seen ||= found !== undefined
        return found ? imageState(found) : { word: seen && images.state === 'live' ? 'deleting' : 'unknown' }
      })
      return until(state).toMatch(current => {
        const { word, progress, message } = current
        say({ ...(progress !== undefined && { progress }), ...(message && { message }) })
        return isImported(current) || word === 'failed' || word === 'deleting'
      })
    })
    const end = await Promise.race([ended, gone])
    if (!isImported(end))
      throw new ApiError({ status: 422, reason: 'ImportFailed', message: end.message ?? t(`images.upload.${end.word === 'failed' ? 'importFailed' : 'deleted'}`) })
  }

  async function isReady(image: VirtualMachineImage): Promise<boolean> {
    const found = await proxy.get(IMAGES, image.metadata).catch(() => undefined)
    return found?.metadata.uid === image.metadata.uid && isImported(imageState(found))
  }

  async function explain(error: ApiError, file: File): Promise<ApiError> {
    const said = (message: string) => new ApiError({ ...error, message, cause: error })
    if (error.status === 413)
      return said(t('images.upload.tooLarge', { words: error.message }))
    const isChanged = error.status === 0 && await file.slice(0, 1).arrayBuffer().then(() => false, () => true)
    return isChanged ? said(t('images.upload.fileChanged', { file: file.name })) : error
  }

  /** Gone already, or another image by now (409 of the uid): nothing of ours is left. */
  async function removeOnce(image: VirtualMachineImage, keepalive = false): Promise<boolean> {
    const { at, options } = planRemoval(image)
    return proxy.remove(IMAGES, at, { ...options, keepalive }).then(() => true, (thrown: unknown) => [404, 409].includes(toApiError(thrown).status))
  }

  async function takeBack(image: VirtualMachineImage): Promise<void> {
    for (let attempt = 1; attempt <= REMOVAL_TRIES; attempt++) {
      if (await removeOnce(image))
        return
      await new Promise(resolve => setTimeout(resolve, attempt * BETWEEN_TRIES_MS))
    }
    notices.notify({ tone: 'attention', text: t('images.upload.leftBehind', { name: image.spec.displayName }), link: linkTo(image) })
  }

  const linkTo = (image: VirtualMachineImage) => ({ text: image.spec.displayName, path: `/images/${objectKey(image)}` })

  return { begin }
}

/** The browser asks in its own words whether the page is to be left. */
function warnOnLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
