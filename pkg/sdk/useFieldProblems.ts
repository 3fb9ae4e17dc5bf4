import { computed, shallowReactive, watch } from 'vue'
import type { ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'

interface FieldRules<Field extends string, Problem> {
  /** What is typed, reactive. */
  readonly form: Readonly<Partial<Record<Field, unknown>>>
  readonly problems: () => Readonly<Partial<Record<Field, Problem>>>
  /** What the cluster said of each path at the last try, of the `error` of `useSubmit`. */
  readonly refusals: () => Readonly<Record<string, string>>
  /** Where a field goes in the manifest. */
  readonly paths: Readonly<Partial<Record<Field, string>>>
  readonly label: (field: Field) => string
  /** Undefined for a problem that does not stand in the way. */
  readonly sentence: (problem: Problem) => string | undefined
}

export interface FieldProblems<Field extends string> {
  /** What stands beside the field: the cluster's refusal until the field is changed, else what the form knows once the field was left. */
  readonly shown: (field: Field) => string | undefined
  readonly touch: (field: Field) => void
  /** The fields that stand in the way, by name, marked or not yet; undefined when none does. */
  readonly unmet: ComputedRef<string | undefined>
}

/** What a form says of its fields, and when. Call in setup. */
export function useFieldProblems<Field extends string, Problem>({ form, problems, refusals, paths, label, sentence }: FieldRules<Field, Problem>): FieldProblems<Field> {
  const { locale } = useI18n()
  const touched = shallowReactive(new Set<Field>())
  const changed = shallowReactive(new Set<Field>())
  watch(refusals, () => changed.clear(), { flush: 'sync' })
  for (const field of Object.keys(paths) as Field[])
    watch(() => form[field], () => changed.add(field), { flush: 'sync' })

  function known(field: Field): string | undefined {
    const problem = problems()[field]
    return problem && sentence(problem)
  }

  function shown(field: Field): string | undefined {
    const path = paths[field]
    const refusal = path && !changed.has(field) ? refusals()[path] : undefined
    return refusal ?? (touched.has(field) ? known(field) : undefined)
  }

  const unmet = computed(() => {
    const names = (Object.keys(problems()) as Field[]).filter(known).map(label)
    return names.length ? new Intl.ListFormat(locale.value).format(names) : undefined
  })
  return { shown, touch: field => { touched.add(field) }, unmet }
}
