import { useI18n } from '#sdk/i18n.ts'
import { useFieldProblems } from '#sdk/useFieldProblems.ts'
import type { FieldProblems } from '#sdk/useFieldProblems.ts'
import { DESCRIPTION_PATH, OS_TYPE_PATH } from './imageForm.ts'
import type { ImageForm, ImageFormField, ImageFormProblems, ImageFormReason } from './imageForm.ts'
import { useUrlVerdict } from './useUrlVerdict.ts'

const PATHS = { name: 'spec.displayName', url: 'spec.url', checksum: 'spec.checksum', namespace: 'metadata.namespace', storageClass: 'spec.targetStorageClassName', retry: 'spec.retry', description: DESCRIPTION_PATH, osType: OS_TYPE_PATH }

/** The sentences beside the fields of the image form. Call in setup. */
export function useImageProblems(form: ImageForm, problems: () => ImageFormProblems, refusals: () => Readonly<Record<string, string>>): FieldProblems<ImageFormField> {
  const { t } = useI18n()
  const { reasonText } = useUrlVerdict()

  function sentence(problem: ImageFormReason): string | undefined {
    switch (problem.code) {
      // Said as help of the field: it hinders nothing.
      case 'ignored-by-cdi': return undefined
      case 'unusable-url': return reasonText(problem.reason)
      case 'not-sha512': return t(`images.problem.not-sha512-${problem.kind}`)
      default: return t(`images.problem.${problem.code}`)
    }
  }

  return useFieldProblems({ form, problems, refusals, paths: PATHS, label: field => t(`images.create.${field}`), sentence })
}
