// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { ElOption } from 'element-plus'
import { afterEach, expect, it, vi } from 'vitest'
import { h } from 'vue'
import { createI18n } from 'vue-i18n'
import SelectField from './SelectField.vue'

let field: ReturnType<typeof mount>
afterEach(() => field.unmount())

it('opens a list that is in the form, named as the field, and the one that the field controls', async () => {
  field = mount(SelectField, {
    attachTo: document.body,
    props: { label: 'Image', modelValue: '' },
    slots: { default: () => ['jammy', 'noble'].map(value => h(ElOption, { key: value, value })) },
    global: { plugins: [createI18n({ legacy: false, locale: 'en', missingWarn: false, fallbackWarn: false })] },
  })
  await field.find('.el-select__wrapper').trigger('click')
  await vi.waitFor(() => expect(field.find('[role=listbox]').attributes('aria-label')).toBe('Image'))
  expect(field.findAll('[role=tooltip]')).toEqual([])
  expect(field.findAll('[role=listbox]')).toHaveLength(1)
  expect(field.find('input[role=combobox]').attributes('aria-controls')).toBe(field.find('[role=listbox]').attributes('id'))
  expect(field.find('[role=listbox]').findAll('[role=option]')).toHaveLength(2)
})
