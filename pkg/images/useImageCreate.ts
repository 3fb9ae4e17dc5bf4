import { computed, reactive, shallowRef, watchEffect } from 'vue'
import { NAMESPACES, STORAGE_CLASSES } from '#kube/core.ts'
import type { Written } from '#kube/client.ts'
import { useHost } from '#sdk/host.ts'
import { useNotices } from '#sdk/notices.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useBar } from '#sdk/useBar.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { ImageForm } from './imageForm.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ChecksumStanding } from './checksumStanding.ts'
import type { FileSource } from './useFileSource.ts'
import { IMAGE_TYPE_LABEL, IMAGES, OS_TYPE_LABEL } from './image.ts'
import { checkImageForm, planImage, refusalsOf } from './imageForm.ts'
import { suggestImageType, suggestOsType } from './imageLabels.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { imageBackendOf, isDefaultClass, isReservedClass } from './storageClass.ts'
import { planUploadImage } from './uploadPlan.ts'
import { useAcknowledgement } from './useAcknowledgement.ts'
import { useFormChecksum } from './useFormChecksum.ts'
import { useImageProblems } from './useImageProblems.ts'

/** Harvester's own default of `spec.retry`. */
const RETRY = 3

/** The state of the form, what stands in its way, what it would send, and how it is sent. Call in setup. */
export function useImageCreate() {
  const host = useHost()
  const proxy = useProxyStore()
  const { t } = useI18n()
  const notices = useNotices()
  const barredBy = useBar()
  const classes = proxy.collection(STORAGE_CLASSES)
  const namespaces = proxy.collection(NAMESPACES)
  const images = proxy.collection(IMAGES)

  const form = reactive<{ -readonly [Field in keyof ImageForm]: ImageForm[Field] }>({
    name: '', namespace: host.namespaces.value[0] ?? '', storageClass: '', source: 'url', url: '', checksum: '', description: '', retry: RETRY, osType: undefined, imageType: undefined,
  })
  const file = shallowRef<File>()
  const fileSource = shallowRef<FileSource>()
  const isFile = computed(() => form.source === 'file')
  const { acknowledged, acknowledgement } = useAcknowledgement(() => form.url)
  /** Where the checksum stands, as the panel says that has the server read the link. */
  const standing = shallowRef<ChecksumStanding>()

  // A class that belongs to an image holds only volumes of that image; Harvester's own are for what it keeps itself.
  const choices = computed(() => classes.objects.filter(storageClass => !storageClass.parameters?.backingImage && !isReservedClass(storageClass)))
  const storageClass = computed(() => choices.value.find(choice => choice.metadata.name === form.storageClass))
  const backend = computed(() => storageClass.value ? imageBackendOf(storageClass.value) : 'backingimage')
  const verdict = computed(() => isFile.value ? undefined : judgeImageUrl(form.url).verdict)
  const isLink = computed(() => judgeImageUrl(form.url).verdict !== 'unusable' && form.url.trim() !== '')
  const isJudged = computed(() => !isFile.value && isLink.value)
  const checksum = useFormChecksum(form, () => isLink.value)
  const isMismatch = computed(() => isJudged.value && standing.value?.word === 'mismatch')
  const mismatch = useAcknowledgement(() => [form.url, form.checksum, isMismatch.value].join('\n'))
  watchEffect(() => {
    form.storageClass ||= choices.value.find(isDefaultClass)?.metadata.name ?? ''
    form.namespace ||= namespaces.objects.find(({ metadata }) => metadata.name === 'default')?.metadata.name ?? ''
  })

  // What the labels say: the suggestion follows the URL or the file until somebody writes another.
  const sourceName = computed(() => isFile.value ? file.value?.name ?? '' : form.url)
  const osType = computed({ get: () => form.osType ?? suggestOsType(sourceName.value), set: os => { form.osType = os } })
  const imageType = computed({ get: () => form.imageType ?? (fileSource.value?.format?.kind === 'iso' && isFile.value ? 'iso' : suggestImageType(sourceName.value)), set: type => { form.imageType = type } })

  const problems = computed(() => checkImageForm(form, images.objects, storageClass.value))
  // What is read before the click is what the click sends, the acknowledgement included.
  const manifest = computed(() => storageClass.value && (isFile.value ? planned(storageClass.value) : planImage(form, storageClass.value, { mutable: acknowledgement.value, mismatch: isMismatch.value ? mismatch.acknowledgement.value : undefined })))
  function planned(chosen: NonNullable<typeof storageClass.value>) {
    const { format, digests = {} } = fileSource.value ?? {}
    const labels = { [OS_TYPE_LABEL]: osType.value, [IMAGE_TYPE_LABEL]: imageType.value }
    return file.value && planUploadImage({ name: form.name, namespace: form.namespace, description: form.description, labels, file: file.value, format, digests }, chosen)
  }

  const tried = shallowRef<typeof manifest.value>()
  const submission = useSubmit(async () => {
    const sent = manifest.value
    if (!sent)
      return undefined
    tried.value = sent
    const source = file.value
    const begin = fileSource.value?.begin
    if (isFile.value && source && begin) {
      const written = await begin(sent, source)
      say(written, 'images.create.uploading')
      await host.go(pathOf(written))
      return written
    }
    await proxy.create(IMAGES, sent, { dryRun: true, fieldValidation: 'Strict' })
    const written = await proxy.create(IMAGES, sent)
    say(written, 'images.create.created')
    await host.go('/images')
    return written
  })
  const pathOf = ({ object: { metadata } }: Written<VirtualMachineImage>) => `/images/${metadata.namespace}/${metadata.name}`
  function say(written: Written<VirtualMachineImage>, key: 'images.create.uploading' | 'images.create.created'): void {
    const warnings = written.warnings.map(warning => ` ${warning}`).join('')
    notices.notify({ tone: warnings ? 'attention' : 'progress', text: t(key, { name: form.name }) + warnings, link: { text: form.name, path: pathOf(written) } })
  }

  const refusals = computed(() => submission.error.value ? refusalsOf(submission.error.value, tried.value?.metadata) : {})
  const { shown, touch: touchField, unmet } = useImageProblems(form, () => problems.value, () => refusals.value)
  function touch(field: Parameters<typeof touchField>[0]): void {
    if (field === 'url')
      checksum.settle()
    touchField(field)
  }
  // Without a namespace the question would be of all of them.
  const barred = computed(() => form.namespace ? barredBy([{ verb: 'create', resource: IMAGES, where: { namespace: form.namespace } }]) : undefined)
  const blocked = computed(() => {
    if (barred.value)
      return barred.value
    if (unmet.value)
      return t('images.create.incomplete', { fields: unmet.value })
    if (isFile.value)
      return fileSource.value && !fileSource.value.obstacles.length ? undefined : t(file.value ? 'images.create.fileNotSound' : 'images.create.fileNeeded')
    if (verdict.value === 'mutable' && !acknowledgement.value)
      return t('images.create.acknowledgeNeeded')
    return isMismatch.value && !mismatch.acknowledgement.value ? t('images.create.mismatchNeeded') : undefined
  })
  return { form, file, fileSource, isFile, isJudged, osType, imageType, acknowledged, classes, choices, namespaces, storageClass, backend, verdict, shown, touch, blocked, manifest, submission, checksum, standing, isMismatch, mismatchAcknowledged: mismatch.acknowledged }
}

/** What the parts of the form share: its state is one, and `useImageCreate` its owner. */
export type ImageCreation = ReturnType<typeof useImageCreate>
