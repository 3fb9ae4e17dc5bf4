import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { ApiError, isRefusal, toApiError } from '#kube/apiError.ts'
import { CLAIMS } from '#kube/core.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { useHost } from '#sdk/host.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { TaskProgress } from '#sdk/tasks.ts'
import { useTasks } from '#sdk/tasks.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { VirtualMachineImage } from './image.ts'
import { IMAGES } from './image.ts'
import { recreationOf, rehearsalOf } from './imageRemoval.ts'

/** An image between its deletion and its return: what it is to be, and why it is not yet again. */
export interface Recreation { readonly manifest: Manifest<VirtualMachineImage>, readonly error?: ApiError }

const useRecreations = defineStore('image-recreations', () => ({ pending: shallowReactive(new Map<string, Recreation>()) }))

/** The task in which an image is made again. */
export function recreationTaskId(key: string): string {
  return `image-again ${key}`
}

/** Deletes an image and makes it again under its name, in the background; what it is to be is kept until the cluster has it. Call in setup. */
export function useRecreation(pollMs = 1_000) {
  const host = useHost()
  const proxy = useProxyStore()
  const tasks = useTasks()
  const notices = useNotices()
  const { pending } = useRecreations()
  const { t } = useI18n()
  const keyOf = (key: string) => `${host.cluster.id} ${key}`

  /** What the image of that key (`namespace/name`) is to be, while it is not there. */
  const pendingOf = (key: string): Recreation | undefined => pending.get(keyOf(key))

  function run(key: string, label: string, steps: readonly string[], work: (progress: TaskProgress) => Promise<void>): Promise<string> {
    const [namespace = '', name = ''] = key.split('/')
    return tasks.run({
      id: recreationTaskId(key),
      title: t('images.retry.task', { name: label }),
      objects: [{ resource: IMAGES as unknown as Resource, namespace, name, label }],
      path: `/images/${key}`,
      steps: steps.map(id => ({ id, label: t(`images.retry.step.${id}`) })),
      work: async progress => {
        addEventListener('beforeunload', warnOnLeaving)
        await work(progress).finally(() => removeEventListener('beforeunload', warnOnLeaving))
        notices.notify({ tone: 'progress', text: t('images.retry.done', { name: label }), link: { text: label, path: `/images/${key}` } })
      },
    })
  }

  /** Nothing is deleted that the cluster would not take again, and nothing that somebody has changed since it was read here. */
  function begin(image: VirtualMachineImage): Promise<string> {
    const key = objectKey(image)
    const at = { name: image.metadata.name, namespace: image.metadata.namespace }
    return run(key, image.spec.displayName, ['try', 'delete', 'wait', 'create'], async progress => {
      progress.begin('try')
      const found = await proxy.get(IMAGES, at)
      if (found.metadata.uid !== image.metadata.uid)
        throw new ApiError({ status: 409, reason: 'Conflict', message: t('images.retry.another') })
      const manifest = recreationOf(found)
      await proxy.create(IMAGES, rehearsalOf(manifest), { dryRun: true })
      progress.begin('delete')
      pending.set(keyOf(key), { manifest })
      const { uid, resourceVersion } = found.metadata
      await proxy.remove(IMAGES, at, { preconditions: { uid, resourceVersion } }).catch((thrown: unknown) => {
        if (isRefusal(toApiError(thrown)))
          pending.delete(keyOf(key))
        throw thrown
      })
      progress.begin('wait')
      for (const resource of image.spec.backend === 'cdi' ? [IMAGES, DATA_VOLUMES, CLAIMS] as unknown as Resource[] : [IMAGES as unknown as Resource])
        await beGone(resource, at, image, progress)
      progress.begin('create')
      await create(key, manifest)
    })
  }

  /** Once more what could not be made. */
  function again(key: string): Promise<string> | undefined {
    const manifest = pendingOf(key)?.manifest
    return manifest && run(key, manifest.spec.displayName, ['create'], async progress => {
      progress.begin('create')
      await create(key, manifest)
    })
  }

  async function create(key: string, manifest: Manifest<VirtualMachineImage>): Promise<void> {
    await proxy.create(IMAGES, manifest).catch((thrown: unknown) => {
      const error = toApiError(thrown)
      pending.set(keyOf(key), { manifest, error })
      throw error
    })
    pending.delete(keyOf(key))
  }

  /** Finalizers hold an object until their owners have cleared up. What may not be read is taken for gone: the API itself refuses a name that is taken. */
  async function beGone(resource: Resource, at: { readonly name: string, readonly namespace?: string }, image: VirtualMachineImage, { say, signal }: TaskProgress): Promise<void> {
    for (;;) {
      const found = await proxy.get<KubeObject>(resource, at).catch((thrown: unknown) => {
        const error = toApiError(thrown)
        if (isRefusal(error))
          return undefined
        say({ message: error.message })
        return 'unanswered' as const
      })
      if (found === undefined || (found !== 'unanswered' && resource.plural === IMAGES.plural && found.metadata.uid !== image.metadata.uid))
        return
      if (found !== 'unanswered')
        say({ message: t('images.retry.held', { kind: resource.kind, by: found.metadata.finalizers?.join(', ') ?? '–' }) })
      signal.throwIfAborted()
      await new Promise(resolve => setTimeout(resolve, pollMs))
    }
  }

  const forget = (key: string): void => void pending.delete(keyOf(key))
  return { begin, again, pendingOf, forget }
}

/** The browser asks in its own words whether the page is to be left. */
function warnOnLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
