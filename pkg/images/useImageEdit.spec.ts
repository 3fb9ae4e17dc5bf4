// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageEdit, ImageEditField } from './imageEdit.ts'
import { useImageEdit } from './useImageEdit.ts'

const image: VirtualMachineImage = {
  apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'noble', namespace: 'lab', uid: 'i', resourceVersion: '1', creationTimestamp: 'x', labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'iso' } },
  spec: { displayName: 'noble', sourceType: 'download' },
}
const FIELDS: readonly ImageEditField[] = ['description', 'osType', 'imageType', 'retry']

let opened: ScriptedConsole<ReturnType<typeof useImageEdit>> | undefined
afterEach(() => opened?.app.unmount())

it.each<[says: string, path: string, words: string, edit: Partial<ImageEdit>, field: ImageEditField]>([
  ['the operating system', 'metadata.labels', 'Invalid value: "a_b": a valid label must be', { osType: 'a_b' }, 'osType'],
  ['the type', 'metadata.labels', 'Invalid value: "raw": a valid label must be', { imageType: 'raw' }, 'imageType'],
  ['the description', 'metadata.annotations', 'Too long: may not be more than 262144 bytes', { description: 'long' }, 'description'],
  ['the retries', 'spec.retry', 'Invalid value: 9: should be less', { retry: 9 }, 'retry'],
])('a refusal of %s stands beside that field alone, until it is changed', async (_, path, words, edit, field) => {
  const error = new ApiError({ status: 422, reason: 'Invalid', message: 'denied', causes: [{ field: path, message: words }] })
  opened = await openConsole(() => useImageEdit(() => image, () => undefined), {}, { patch: () => Promise.reject(error) })
  const { form, shown, submission } = opened.made
  Object.assign(form, edit)
  await nextTick()
  await submission.submit()
  expect(FIELDS.filter(one => shown(one))).toEqual([field])
  expect(shown(field)).toBe(words)
  Object.assign(form, { [field]: field === 'retry' ? 4 : 'other' })
  await nextTick()
  expect(FIELDS.filter(one => shown(one))).toEqual([])
})
