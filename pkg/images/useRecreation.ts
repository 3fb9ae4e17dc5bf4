import { ApiError, isRefusal, toApiError } from '#kube/apiError.ts'
import { CLAIMS, CONFIG_MAPS } from '#kube/core.ts'
import type { ConfigMap } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { TaskProgress } from '#sdk/tasks.ts'
import { useTasks } from '#sdk/tasks.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { VirtualMachineImage } from './image.ts'
import { IMAGES } from './image.ts'
import { recreationOf, rehearsalOf } from './imageRemoval.ts'
import type { RecreationNote } from './recreationNote.ts'
import { makeNote } from './recreationNote.ts'

/** A note in the cluster that can be carried out. */
interface OpenNote { readonly configMap: ConfigMap, readonly note: RecreationNote }

/** The task in which an image is made again. */
export function recreationTaskId(key: string): string {
  return `image-again ${key}`
}

/** Deletes an image and makes it again under its name, in the background; a note in the cluster says what it is to be until the cluster has it. Call in setup. */
export function useRecreation(pollMs = 1_000) {
  const proxy = useProxyStore()
  const tasks = useTasks()
  const notices = useNotices()
  const operator = useOperator()
  const { t } = useI18n()

  function run(key: string, label: string, steps: readonly string[], work: (progress: TaskProgress) => Promise<'made' | 'found'>): Promise<string> {
    const [namespace = '', name = ''] = key.split('/')
    return tasks.run({
      id: recreationTaskId(key),
      title: t('images.retry.task', { name: label }),
      objects: [{ resource: IMAGES as unknown as Resource, namespace, name, label }],
      path: `/images/${key}`,
      steps: steps.map(id => ({ id, label: t(`images.retry.step.${id}`) })),
      work: async progress => {
        addEventListener('beforeunload', warnOnLeaving)
        const end = await work(progress).finally(() => removeEventListener('beforeunload', warnOnLeaving))
        notices.notify({ tone: 'progress', text: t(`images.retry.end.${end}`, { name: label }), link: { text: label, path: `/images/${key}` } })
      },
    })
  }

  /** Nothing is deleted that the cluster would not take again, that somebody has changed since it was read here, or of which no note could be made. */
  function begin(image: VirtualMachineImage): Promise<string> {
    const at = { name: image.metadata.name, namespace: image.metadata.namespace }
    return run(objectKey(image), image.spec.displayName, ['try', 'note', 'delete', 'wait', 'create'], async progress => {
      progress.begin('try')
      const found = await proxy.get(IMAGES, at)
      if (found.metadata.uid !== image.metadata.uid)
        throw new ApiError({ status: 409, reason: 'Conflict', message: t('images.retry.another') })
      const manifest = recreationOf(found)
      await proxy.create(IMAGES, rehearsalOf(manifest), { dryRun: true })
      progress.begin('note')
      const open = await note({ manifest, uid: found.metadata.uid, who: await operator(), when: new Date().toISOString() })
      progress.begin('delete')
      const { uid, resourceVersion } = found.metadata
      await proxy.remove(IMAGES, at, { preconditions: { uid, resourceVersion } }).catch(async (thrown: unknown) => {
        if (isRefusal(toApiError(thrown)))
          await forget(open.configMap).catch(() => undefined)
        throw thrown
      })
      progress.begin('wait')
      for (const resource of image.spec.backend === 'cdi' ? [IMAGES, DATA_VOLUMES, CLAIMS] as unknown as Resource[] : [IMAGES as unknown as Resource])
        await beGone(resource, at, image, progress)
      progress.begin('create')
      return create(open)
    })
  }

  /** Goes on where a console has stopped, this one or another. The name is free now, so the cluster is asked about the image itself. */
  function again(open: OpenNote): Promise<string> {
    const { manifest } = open.note
    return run(objectKey(manifest), manifest.spec.displayName, ['try', 'create'], async progress => {
      progress.begin('try')
      if (await send(open.note, true) === 'found')
        return settle(open, 'found')
      progress.begin('create')
      return create(open)
    })
  }

  /** There is one note of an image: where there is one already, somebody has begun, and may be about to create it. */
  async function note(given: RecreationNote): Promise<OpenNote> {
    const { object } = await proxy.create(CONFIG_MAPS, makeNote(given)).catch((thrown: unknown) => {
      const error = toApiError(thrown)
      throw error.reason === 'AlreadyExists' ? new ApiError({ status: 409, reason: error.reason, message: t('images.retry.begun'), cause: error }) : error
    })
    return { configMap: object, note: given }
  }

  async function create(open: OpenNote): Promise<'made' | 'found'> {
    return settle(open, await send(open.note, false))
  }

  /** A note that stays behind says on the image's page that it is left over; the image is there all the same. */
  async function settle<End>({ configMap }: OpenNote, end: End): Promise<End> {
    await forget(configMap).catch(() => undefined)
    return end
  }

  /** `found`: somebody else has made an image of that name. While the old one is still there, the refusal stands. */
  async function send({ manifest, uid }: RecreationNote, dryRun: boolean): Promise<'made' | 'found'> {
    try {
      await proxy.create(IMAGES, manifest, { dryRun })
      return 'made'
    }
    catch (thrown) {
      const { name = '', namespace } = manifest.metadata
      const other = toApiError(thrown).reason === 'AlreadyExists' && await proxy.get(IMAGES, { name, namespace }).catch(() => undefined)
      if (other && other.metadata.uid !== uid)
        return 'found'
      throw thrown
    }
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

  /** Removes a note; that it is gone already is as good. */
  async function forget({ metadata: { name, namespace, uid } }: ConfigMap): Promise<void> {
    await proxy.remove(CONFIG_MAPS, { name, namespace }, { preconditions: { uid } }).catch((thrown: unknown) => {
      if (toApiError(thrown).status !== 404)
        throw thrown
    })
  }

  return { begin, again, forget }
}

/** The browser asks in its own words whether the page is to be left. */
function warnOnLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
