import { computed, reactive, ref, shallowRef, watch, watchEffect } from 'vue'
import { NAMESPACES, STORAGE_CLASSES } from '#kube/core.ts'
import { useHost } from '#sdk/host.ts'
import { useNotices } from '#sdk/notices.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { MutableAcknowledgement } from './imageFindings.ts'
import type { ImageForm } from './imageForm.ts'
import { IMAGES } from './image.ts'
import { checkImageForm, planImage } from './imageForm.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { imageBackendOf, isDefaultClass } from './storageClass.ts'
import { useImageProblems } from './useImageProblems.ts'

/** The state of the form, what stands in its way, what it would send, and how it is sent. Call in setup. */
export function useImageCreate() {
  const host = useHost()
  const proxy = useProxyStore()
  const { t } = useI18n()
  const notices = useNotices()
  const operator = useOperator()
  const classes = proxy.collection(STORAGE_CLASSES)
  const namespaces = proxy.collection(NAMESPACES)
  const images = proxy.collection(IMAGES)

  const form = reactive<{ -readonly [Field in keyof ImageForm]: ImageForm[Field] }>({
    name: '', namespace: host.namespaces.value[0] ?? '', storageClass: '', url: '', checksum: '', description: '',
  })
  const acknowledged = ref(false)
  const acknowledgement = shallowRef<MutableAcknowledgement>()

  // A class that belongs to an image holds only volumes of that image.
  const choices = computed(() => classes.objects.filter(storageClass => !storageClass.parameters?.backingImage))
  const storageClass = computed(() => choices.value.find(choice => choice.metadata.name === form.storageClass))
  const backend = computed(() => storageClass.value ? imageBackendOf(storageClass.value) : 'backingimage')
  const verdict = computed(() => judgeImageUrl(form.url).verdict)
  watchEffect(() => {
    form.storageClass ||= choices.value.find(isDefaultClass)?.metadata.name ?? ''
    form.namespace ||= namespaces.objects.find(({ metadata }) => metadata.name === 'default')?.metadata.name ?? ''
  })
  // What was acknowledged is this link, not the next one.
  watch(() => form.url, () => { acknowledged.value = false })
  watch(acknowledged, async (ticked, _, onCleanup) => {
    let stands = ticked
    onCleanup(() => { stands = false })
    acknowledgement.value = undefined
    const given = ticked ? { who: await operator(), when: new Date().toISOString() } : undefined
    if (stands)
      acknowledgement.value = given
  })

  const problems = computed(() => checkImageForm(form, images.objects, storageClass.value))
  // What is read before the click is what the click sends, the acknowledgement included.
  const manifest = computed(() => storageClass.value && planImage(form, storageClass.value, acknowledgement.value))

  const submission = useSubmit(async () => {
    const planned = manifest.value
    if (!planned)
      return undefined
    await proxy.create(IMAGES, planned, { dryRun: true, fieldValidation: 'Strict' })
    const written = await proxy.create(IMAGES, planned)
    const path = `/images/${written.object.metadata.namespace}/${written.object.metadata.name}`
    const warnings = written.warnings.map(warning => ` ${warning}`).join('')
    notices.notify({ tone: written.warnings.length ? 'attention' : 'progress', text: t('images.create.created', { name: form.name }) + warnings, link: { text: form.name, path } })
    await host.go('/images')
    return written
  })

  const { shown, touch, unmet } = useImageProblems(form, () => problems.value, () => submission.fieldErrors.value)
  const blocked = computed(() => {
    if (unmet.value)
      return t('images.create.incomplete', { fields: unmet.value })
    return verdict.value === 'mutable' && !acknowledgement.value ? t('images.create.acknowledgeNeeded') : undefined
  })
  return { form, acknowledged, classes, choices, namespaces, storageClass, backend, verdict, shown, touch, blocked, manifest, submission }
}
