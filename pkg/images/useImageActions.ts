import { computed, ref } from 'vue'
import { CONFIG_MAPS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { Permission } from '#kube/write.ts'
import { barOf, permissionText } from '#kube/write.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useHost } from '#sdk/host.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { Resource } from '#kube/resource.ts'
import type { VirtualMachineImage } from './image.ts'
import { IMAGES, acknowledgementOf, lossOfUpstream } from './image.ts'
import type { FoundKeepers } from './imageKeeper.ts'
import type { RetryBar } from './imageRemoval.ts'
import { COSTS_DEARLY, judgeRemoval, judgeRetry } from './imageRemoval.ts'
import { judgeImageSource } from './imageRow.ts'
import type { ImageState } from './imageState.ts'
import { useImageUsers } from './useImageUsers.ts'
import { useRecreation } from './useRecreation.ts'
import { useRecreationNotes } from './useRecreationNotes.ts'

interface Subject { readonly image: VirtualMachineImage, readonly keepers: FoundKeepers, readonly state: ImageState }

/** What may be done with an image: each act, or why not. Call in setup. */
export function useImageActions(subject: () => Subject) {
  const host = useHost()
  const proxy = useProxyStore()
  const notices = useNotices()
  const { confirm } = useConfirm()
  const { t, locale } = useI18n()
  const { begin } = useRecreation()
  const { users } = useImageUsers(() => subject().image)
  const { notes } = useRecreationNotes(() => [subject().image.metadata.namespace ?? ''])
  const editing = ref(false)

  const image = computed(() => subject().image)
  const isLooking = computed(() => users.value.unseen.some(({ state }) => state === 'loading'))
  const removal = computed(() => judgeRemoval(image.value, users.value, judgeImageSource(image.value)))
  const retry = computed(() => judgeRetry(image.value, subject().state, users.value))

  const where = computed(() => ({ namespace: image.value.metadata.namespace }))
  const toImages = (...verbs: readonly string[]): Permission[] => verbs.map(verb => ({ verb, resource: IMAGES as unknown as Resource, where: where.value }))
  // Who could not read the note would be left without it by a cut line.
  const toNotes = (): Permission[] => ['create', 'list', 'delete'].map(verb => ({ verb, resource: CONFIG_MAPS as unknown as Resource, where: where.value }))

  /** The first of the rights that is missing, or not known yet. */
  function barredBy(permissions: readonly Permission[]): string | undefined {
    const bar = barOf(permissions, ({ verb, resource }) => proxy.can(verb, resource, where.value).state, 'denied', 'unknown')
    return bar && t(`sdk.barred.${bar.state}`, { permission: permissionText(bar.permission) })
  }

  function retryWords(bar: RetryBar): string {
    if (bar.code === 'not-seen')
      return t('images.retry.barred.not-seen', { resource: bar.resource })
    return bar.code === 'used' ? t(`images.retry.barred.used-${bar.by}`, { n: bar.n }, bar.n) : t(`images.retry.barred.${bar.code}`)
  }

  const isBegun = computed(() => notes.value.some(({ key }) => key === objectKey(image.value)))
  const leaving = computed(() => image.value.metadata.deletionTimestamp ? t('images.retry.barred.deleting') : undefined)
  const bars = computed(() => ({
    edit: leaving.value ?? barredBy(toImages('patch')),
    retry: leaving.value ?? (isLooking.value ? t('images.detail.usersLoading') : retry.value ? retryWords(retry.value) : isBegun.value ? t('images.retry.barred.begun') : barredBy([...toImages('delete', 'create'), ...toNotes()])),
    remove: leaving.value ?? (removal.value.word === 'refused' ? t('images.delete.refused', { words: removal.value.words }) : isLooking.value ? t('images.detail.usersLoading') : barredBy(toImages('delete'))),
  }))
  const offersRetry = computed(() => retry.value?.code !== 'not-needed')

  /** What goes with the image, as steps of the question. */
  function goes(): string[] {
    const { backingImage, copies: known } = subject().keepers
    const copies = Object.keys(backingImage?.status?.diskFileStatusMap ?? {}).length
    if (image.value.spec.backend === 'cdi')
      return [t('images.delete.goesCdi')]
    if (!backingImage)
      return known?.unseen ? [t('images.delete.goesUnseen')] : []
    return [t('images.delete.goesCopies', { n: copies, storageClass: image.value.status?.storageClassName || '–' }, copies)]
  }

  /** What a retry may lose: the bytes that its link no longer serves. */
  function costOfRetry(given: VirtualMachineImage): string {
    const word = lossOfUpstream(given)?.word ?? (judgeImageSource(given)?.verdict === 'mutable' ? 'mutable' : undefined)
    return word ? `${t(`images.retry.costBy.${word}`)} ${t('images.retry.cost')}` : t('images.retry.cost')
  }

  async function askRetry(): Promise<void> {
    const { spec, metadata } = image.value
    const kept = [t('images.retry.kept.spec'), ...(spec.checksum ? [t('images.retry.kept.checksum')] : []), t('images.retry.kept.labels'), ...(acknowledgementOf({ metadata }) ? [t('images.retry.kept.acknowledgement')] : [])]
    const steps = [t('images.retry.asks.try'), t('images.retry.asks.note', { namespace: metadata.namespace ?? '' }), t('images.retry.asks.delete', { name: spec.displayName }), ...goes(), t('images.retry.asks.wait'), t('images.retry.asks.create', { kept: new Intl.ListFormat(locale.value).format(kept) }), t('images.delete.nobody')]
    const yes = await confirm({ title: t('images.retry.title', { name: spec.displayName }), verb: t('images.retry.verb'), steps, irreversible: costOfRetry(image.value), danger: true })
    if (yes)
      void begin(image.value)
  }

  const submission = useSubmit(async (given: VirtualMachineImage) => {
    await proxy.remove(IMAGES, given.metadata, { preconditions: { uid: given.metadata.uid } })
    notices.notify({ tone: 'progress', text: t('images.delete.done', { name: given.spec.displayName }) })
    await host.go('/images')
  })

  async function askRemove(): Promise<void> {
    const given = image.value
    const judged = removal.value
    if (judged.word === 'refused')
      return
    const { volumes, awaiting, templates } = users.value
    const left = volumes.filter(({ bond }) => bond === 'copied').length
    const copying = volumes.filter(({ bond }) => bond === 'copying').map(({ claim }) => objectKey(claim))
    const steps = [
      ...goes(),
      ...(left ? [t('images.delete.copied', { n: left }, left)] : []),
      ...(copying.length ? [t('images.delete.copying', { volumes: copying.join(', ') })] : []),
      ...(awaiting.length ? [t('images.delete.vms', { vms: awaiting.map(objectKey).join(', ') })] : []),
      ...(templates.length ? [t('images.delete.templates', { templates: templates.map(objectKey).join(', ') })] : []),
      ...(judged.unseen.length ? [t('images.delete.unseen', { resources: judged.unseen.map(({ resource }) => resource).join(', ') })] : []),
      ...(volumes.length + awaiting.length + templates.length + judged.unseen.length ? [] : [t('images.delete.nobody')]),
    ]
    const title = t('images.delete.title', { name: given.spec.displayName })
    const yes = await confirm({ title, verb: t('images.delete.verb'), steps, irreversible: t(`images.delete.cost.${judged.cost}`), danger: true, ...(COSTS_DEARLY.includes(judged.cost) && { typeToConfirm: given.spec.displayName }) })
    if (yes)
      await submission.submit(given)
  }

  return { bars, offersRetry, editing, askRetry, askRemove, submission }
}
