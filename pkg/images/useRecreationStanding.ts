import { computed } from 'vue'
import { isRefusal } from '#kube/apiError.ts'
import { CONFIG_MAPS } from '#kube/core.ts'
import type { Resource } from '#kube/resource.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useTasks } from '#sdk/tasks.ts'
import { useBar } from '#sdk/useBar.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { Tone, VerdictReason, VerdictRemedy } from '#sdk/verdict.ts'
import { IMAGES } from './image.ts'
import type { NoteWord } from './recreationNote.ts'
import { recreationTaskId, useRecreation } from './useRecreation.ts'
import { useRecreationNotes } from './useRecreationNotes.ts'

const TONES: Readonly<Record<NoteWord, Tone>> = { lost: 'bad', unreadable: 'bad', leaving: 'progress', undeleted: 'attention', back: 'attention' }
/** The steps before anything is deleted. */
const HARMLESS: readonly string[] = ['try', 'note']

/** How an image stands on its way back under its name, in words, and what can be done. Call in setup. */
export function useRecreationStanding(subject: () => { readonly imageKey: string }) {
  const { t } = useI18n()
  const tasks = useTasks()
  const { confirm } = useConfirm()
  const { again, forget } = useRecreation()
  const barredBy = useBar()
  const namespace = computed(() => subject().imageKey.split('/')[0] ?? '')
  const { notes, configMaps } = useRecreationNotes(() => [namespace.value])

  const task = computed(() => tasks.tasks.find(({ id }) => id === recreationTaskId(subject().imageKey)))
  const ofImage = computed(() => notes.value.filter(({ key }) => key === subject().imageKey))
  // One left over of an earlier retry does not hide what is still to do.
  const standing = computed(() => ofImage.value.find(({ word }) => word !== 'back') ?? ofImage.value[0])
  const note = computed(() => standing.value && standing.value.note !== 'unreadable' ? standing.value.note : undefined)
  const name = computed(() => note.value?.manifest.spec.displayName ?? subject().imageKey.split('/')[1] ?? '')
  const error = computed(() => task.value?.state === 'failed' ? task.value.error : undefined)
  const said = computed<VerdictReason[]>(() => error.value ? [{ text: t('images.detail.said', { message: error.value.message }) }] : [])

  /** What a failed task left behind where no note is seen: nothing was deleted, or nobody can say. */
  const refusal = computed(() => {
    const step = task.value?.steps.find(({ state }) => state === 'failed')?.id ?? ''
    const isHarmless = HARMLESS.includes(step) || (step === 'delete' && error.value && isRefusal(error.value))
    return error.value && t(isHarmless ? 'images.retry.refused' : 'images.retry.unfinished')
  })

  const remedies = computed<VerdictRemedy[]>(() => {
    const where = { namespace: namespace.value }
    const create: VerdictRemedy = { id: 'again', label: t('images.retry.again'), recommended: true, disabled: barredBy([{ verb: 'create', resource: IMAGES as unknown as Resource, where }]) }
    const drop: VerdictRemedy = { id: 'forget', label: t('images.retry.forget'), disabled: barredBy([{ verb: 'delete', resource: CONFIG_MAPS as unknown as Resource, where }]) }
    return standing.value?.word === 'leaving' ? [] : standing.value?.word === 'lost' ? [create, drop] : [drop]
  })

  const verdict = computed(() => standing.value && {
    tone: TONES[standing.value.word],
    title: t(`images.retry.note.${standing.value.word}`, { name: name.value }),
    reasons: [...said.value, ...(standing.value.word === 'leaving' ? [{ text: t('images.retry.note.leavingHelp') }] : [])],
    remedies: remedies.value,
  })

  const forgetting = useSubmit(async (): Promise<void> => {
    const found = standing.value
    const isLast = found?.word === 'lost' || found?.word === 'unreadable'
    const question = { title: t('images.retry.forgetTitle', { name: name.value }), verb: t('images.retry.forget'), steps: [t('images.retry.forgets', { configMap: found?.configMap.metadata.name ?? '' })] }
    if (!found || !await confirm({ ...question, ...(isLast && { irreversible: t('images.retry.forgetCost'), danger: true }) }))
      return
    await forget(found.configMap)
    tasks.forget(recreationTaskId(found.key))
  })

  function carryOut(id: string): void {
    if (id === 'forget')
      void forgetting.submit()
    else
      void askAgain()
  }

  /** It is somebody's note, carried out with the rights of whoever clicks. */
  async function askAgain(): Promise<void> {
    const [found, given] = [standing.value, note.value]
    if (!found || !given)
      return
    const { spec } = given.manifest
    const steps = [
      spec.url ? t('images.retry.agains.url', { name: name.value, namespace: namespace.value, url: spec.url }) : t('images.retry.agains.other', { name: name.value, namespace: namespace.value, source: t(`images.sourceType.${spec.sourceType}`) }),
      t('images.retry.agains.note', { configMap: found.configMap.metadata.name, namespace: namespace.value }),
    ]
    if (await confirm({ title: t('images.retry.againTitle', { name: name.value }), verb: t('images.retry.again'), steps }))
      void again({ configMap: found.configMap, note: given })
  }

  return { task, standing, note, verdict, said, refusal, configMaps, forgetting, carryOut }
}
