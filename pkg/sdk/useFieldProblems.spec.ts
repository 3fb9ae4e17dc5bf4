// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { computed, defineComponent, reactive, shallowRef } from 'vue'
import { createI18n } from 'vue-i18n'
import { useFieldProblems } from './useFieldProblems.ts'
import type { FieldProblems } from './useFieldProblems.ts'

const SENTENCES = { required: 'Needed.', ignored: undefined }

function open(): { form: { name: string, url: string }, refuse: (errors: Record<string, string>) => void, fields: FieldProblems<'name' | 'url'> } {
  const form = reactive({ name: '', url: 'x' })
  const refusals = shallowRef<Record<string, string>>({})
  let fields: FieldProblems<'name' | 'url'> | undefined
  mount(defineComponent({
    setup() {
      const problems = computed(() => ({ ...(!form.name && { name: 'required' as const }), ...(form.url === 'x' && { url: 'ignored' as const }) }))
      fields = useFieldProblems({ form, problems: () => problems.value, refusals: () => refusals.value, paths: { name: 'metadata.name' }, label: field => field.toUpperCase(), sentence: problem => SENTENCES[problem] })
      return () => undefined
    },
  }), { global: { plugins: [createI18n({ legacy: false, locale: 'en' })] } })
  if (!fields)
    throw new Error('not set up')
  return { form, refuse: errors => { refusals.value = errors }, fields }
}

it('a problem stands beside its field once that was left, and is named beside the button from the beginning', () => {
  const { form, fields } = open()
  expect(fields.shown('name')).toBeUndefined()
  expect(fields.unmet.value).toBe('NAME')
  fields.touch('name')
  expect(fields.shown('name')).toBe('Needed.')
  form.name = 'web'
  expect(fields.shown('name')).toBeUndefined()
  expect(fields.unmet.value).toBeUndefined()
})

it('a refusal of the cluster stands until its field is changed, and again when it comes again', () => {
  const { form, refuse, fields } = open()
  form.name = 'web'
  refuse({ 'metadata.name': 'already exists' })
  expect(fields.shown('name')).toBe('already exists')
  form.url = 'y'
  expect(fields.shown('name')).toBe('already exists')
  form.name = 'web-2'
  expect(fields.shown('name')).toBeUndefined()
  refuse({ 'metadata.name': 'already exists' })
  expect(fields.shown('name')).toBe('already exists')
})
