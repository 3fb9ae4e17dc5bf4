import { computed, reactive } from 'vue'
import type { ComputedRef } from 'vue'
import { useI18n } from '#sdk/i18n.ts'
import type { ImageFormField, ImageFormProblems, ImageFormReason } from './imageForm.ts'
import { useUrlVerdict } from './useUrlVerdict.ts'

/** The sentence beside each field: the cluster's refusal first, then what the form knows, once the field was left or filled. */
export function useImageProblems(problems: ComputedRef<ImageFormProblems>, refusals: Readonly<{ value: Readonly<Record<string, string>> }>) {
  const { t } = useI18n()
  const { reasonText } = useUrlVerdict()
  const touched = reactive(new Set<ImageFormField>())

  function sentence(problem: ImageFormReason | undefined): string | undefined {
    if (!problem || problem.code === 'ignored-by-cdi')
      return undefined
    switch (problem.code) {
      case 'unusable-url': return reasonText(problem.reason)
      case 'not-sha512': return t(`images.problem.not-sha512-${problem.kind}`)
      default: return t(`images.problem.${problem.code}`)
    }
  }

  const PATHS: Readonly<Partial<Record<ImageFormField, string>>> = { name: 'spec.displayName', url: 'spec.url', checksum: 'spec.checksum', namespace: 'metadata.namespace', storageClass: 'spec.targetStorageClassName' }
  const shown = computed(() => (field: ImageFormField) =>
    refusals.value[PATHS[field] ?? ''] ?? (touched.has(field) ? sentence(problems.value[field]) : undefined))

  return { shown, touch: (field: ImageFormField) => { touched.add(field) } }
}
