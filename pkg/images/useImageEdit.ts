import { computed, reactive, shallowRef } from 'vue'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useFieldProblems } from '#sdk/useFieldProblems.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { VirtualMachineImage } from './image.ts'
import { IMAGES, IMAGE_TYPE_LABEL, OS_TYPE_LABEL } from './image.ts'
import type { ImageEdit, ImageEditField } from './imageEdit.ts'
import { checkEdit, conflicts, differences, editOf, planEdit, rebase } from './imageEdit.ts'
import { DESCRIPTION_PATH, IMAGE_TYPE_PATH, OS_TYPE_PATH, refusalsOf } from './imageForm.ts'

const PATHS: Readonly<Record<ImageEditField, string>> = { description: DESCRIPTION_PATH, osType: OS_TYPE_PATH, imageType: IMAGE_TYPE_PATH, retry: 'spec.retry' }
const LABELS = { description: 'images.create.description', osType: 'images.create.osType', imageType: 'images.create.imageType', retry: 'images.create.retry' } as const

/** The form of what may be changed of an image; another's change meanwhile is shown, and loses nothing that was typed. Call in setup. */
export function useImageEdit(image: () => VirtualMachineImage, saved: () => void) {
  const proxy = useProxyStore()
  const { t } = useI18n()
  const base = shallowRef<ImageEdit>(editOf(image()))
  const form = reactive<{ -readonly [Field in ImageEditField]: ImageEdit[Field] }>({ ...base.value })

  const now = computed(() => editOf(image()))
  const clashes = computed(() => conflicts(form, base.value, now.value).map(field => ({ field, label: t(LABELS[field]), theirs: String(now.value[field]) })))
  const problems = computed(() => checkEdit(form))
  const isChanged = computed(() => differences(rebase(form, base.value, now.value), now.value).length > 0)

  /** What was sent last, by which Kubernetes names a label. */
  const tried = shallowRef<Readonly<Record<string, string>>>({})
  const submission = useSubmit(async () => {
    const current = image()
    tried.value = { [OS_TYPE_LABEL]: form.osType, [IMAGE_TYPE_LABEL]: form.imageType }
    const patch = planEdit(current, rebase(form, base.value, now.value))
    await proxy.patch(IMAGES, current.metadata, patch, { dryRun: true, fieldValidation: 'Strict' })
    const written = await proxy.patch(IMAGES, current.metadata, patch, { fieldValidation: 'Strict' })
    saved()
    return written
  })

  /** What somebody else wrote is what mine is compared with from here on. */
  function keepMine(): void {
    const mine = rebase(form, base.value, now.value)
    base.value = now.value
    Object.assign(form, mine)
  }
  function takeTheirs(): void {
    const theirs = clashes.value.map(({ field }) => [field, now.value[field]] as const)
    const mine = { ...rebase(form, base.value, now.value), ...Object.fromEntries(theirs) }
    base.value = now.value
    Object.assign(form, mine)
  }

  const refusals = computed(() => submission.error.value ? refusalsOf(submission.error.value, { labels: tried.value }) : {})
  const { shown, touch, unmet } = useFieldProblems({
    form, problems: () => problems.value, refusals: () => refusals.value, paths: PATHS,
    label: field => t(LABELS[field]), sentence: ({ code }) => t(`images.problem.${code}`),
  })
  const blocked = computed(() => {
    if (clashes.value.length)
      return t('images.edit.clashFirst')
    return unmet.value ? t('images.create.incomplete', { fields: unmet.value }) : isChanged.value ? undefined : t('images.edit.unchanged')
  })
  return { form, clashes, keepMine, takeTheirs, shown, touch, isChanged, blocked, submission }
}
