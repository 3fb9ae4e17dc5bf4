import { computed, reactive, ref, watchEffect } from 'vue'
import { NAMESPACES, STORAGE_CLASSES } from '#kube/core.ts'
import { useHost } from '#sdk/host.ts'
import { useNotices } from '#sdk/notices.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { ImageForm } from './imageForm.ts'
import { IMAGES } from './image.ts'
import { checkImageForm, planImage } from './imageForm.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { imageBackendOf, isDefaultClass } from './storageClass.ts'

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

  // A class that belongs to an image holds only volumes of that image.
  const choices = computed(() => classes.objects.filter(storageClass => !storageClass.parameters?.backingImage))
  const storageClass = computed(() => choices.value.find(choice => choice.metadata.name === form.storageClass))
  const backend = computed(() => storageClass.value ? imageBackendOf(storageClass.value) : 'backingimage')
  const verdict = computed(() => judgeImageUrl(form.url).verdict)
  watchEffect(() => {
    form.storageClass ||= choices.value.find(isDefaultClass)?.metadata.name ?? ''
    form.namespace ||= namespaces.objects.find(({ metadata }) => metadata.name === 'default')?.metadata.name ?? ''
  })
  watchEffect(() => {
    if (verdict.value !== 'mutable')
      acknowledged.value = false
  })

  const problems = computed(() => checkImageForm(form, images.objects, storageClass.value))
  const blocked = computed(() => {
    const real = Object.values(problems.value).some(problem => problem.code !== 'ignored-by-cdi')
    if (real)
      return t('images.create.incomplete')
    return verdict.value === 'mutable' && !acknowledged.value ? t('images.create.acknowledgeNeeded') : undefined
  })
  const manifest = computed(() => storageClass.value && planImage(form, storageClass.value))

  const submission = useSubmit(async () => {
    if (!storageClass.value)
      return undefined
    const acknowledgement = acknowledged.value ? { who: await operator(), when: new Date().toISOString() } : undefined
    const planned = planImage(form, storageClass.value, acknowledgement)
    await proxy.create(IMAGES, planned, { dryRun: true, fieldValidation: 'Strict' })
    const written = await proxy.create(IMAGES, planned)
    const path = `/images/${written.object.metadata.namespace}/${written.object.metadata.name}`
    const warnings = written.warnings.map(warning => ` ${warning}`).join('')
    notices.notify({ tone: written.warnings.length ? 'attention' : 'progress', text: t('images.create.created', { name: form.name }) + warnings, link: { text: form.name, path } })
    await host.go('/images')
    return written
  })

  return { form, acknowledged, classes, choices, namespaces, storageClass, backend, verdict, problems, blocked, manifest, submission }
}
