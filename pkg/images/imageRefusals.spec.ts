// @vitest-environment happy-dom
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import type { StorageClass } from '#kube/core.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageForm, ImageFormField } from './imageForm.ts'
import { checkImageForm, refusalsOf } from './imageForm.ts'
import { useImageCreate } from './useImageCreate.ts'

// What upstream's own webhooks refuse of an image, as it is recorded from them: the form knows it before, or shows it beside its field.

interface Told { readonly code: number, readonly reason?: string, readonly message?: string, readonly causes?: readonly { readonly field?: string, readonly message?: string }[] }
const recorded = (JSON.parse(readFileSync(resolve(import.meta.dirname, '../../e2e/cluster/answers/recorded.json'), 'utf8')) as { images: Readonly<Record<string, Told>> }).images

function refusalOf(says: string): ApiError {
  const told = recorded[says]
  if (!told)
    throw new Error(`it is not recorded: ${says}`)
  const { code, reason = '', message = '', causes = [] } = told
  return new ApiError({ status: code, reason, message, causes: causes.map(cause => ({ field: cause.field ?? '', message: cause.message ?? '' })) })
}

/** Upstream's own words: of the field where it names one. */
function wordsOf({ causes, message }: ApiError): string {
  return causes.find(({ field }) => field)?.message ?? message
}

const classOf = (name: string, parameters: Record<string, string> = {}): StorageClass => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: 'x' }, provisioner: 'driver.longhorn.io', parameters })
const V1 = classOf('harvester-longhorn')
const FORM: ImageForm = { name: 'noble', namespace: 'lab', storageClass: 'harvester-longhorn', source: 'url', url: 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img', checksum: '', description: '', retry: 3 }
const waiting: VirtualMachineImage = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'w', namespace: 'lab', uid: 'w', resourceVersion: '1', creationTimestamp: 'x' }, spec: { displayName: 'waiting', sourceType: 'upload' } }

/** What the form says of it before anything is sent. */
const FORESEEN: Readonly<Record<string, readonly [broken: Partial<ImageForm>, field: ImageFormField, storageClass?: StorageClass]>> = {
  'a download without a URL': [{ url: '' }, 'url'],
  'a download from a URL that is none': [{ url: '::bad' }, 'url'],
  'a download from a URL that no program downloads': [{ url: 'ftp://images.answers.test/noble.img' }, 'url'],
  'a download with a checksum that is none': [{ checksum: 'nothex' }, 'checksum'],
  'a download that is tried eleven times': [{ retry: 11 }, 'retry'],
  'a download that is tried half a time': [{ retry: 0.5 }, 'retry'],
  'a download on the class of an image': [{ storageClass: 'lh-1' }, 'storageClass', classOf('lh-1', { backingImage: 'vmi-1' })],
  'an image without a display name': [{ name: '' }, 'name'],
  'an image whose display name is taken': [{ name: 'waiting' }, 'name'],
  'an image whose display name has spaces': [{ name: 'no such name' }, 'name'],
  'an image whose display name is too long': [{ name: 'n'.repeat(64) }, 'name'],
}

it('knows what upstream refuses, and two more that it takes and that fail when they are downloaded', () => {
  expect(Object.keys(FORESEEN).filter(says => refusalOf(says).status < 400)).toEqual(['a download from a URL that no program downloads', 'a download with a checksum that is none'])
})

it.each(Object.entries(FORESEEN))('%s is known before it is sent', (_, [broken, field, storageClass = V1]) => {
  expect(checkImageForm(FORM, [waiting], V1)).toEqual({})
  expect(Object.keys(checkImageForm({ ...FORM, ...broken }, [waiting], storageClass))).toEqual([field])
})

it('a download on a class that there is not is known before it is sent', () => {
  expect(checkImageForm({ ...FORM, storageClass: 'nowhere' }, [], undefined)).toEqual({ storageClass: { code: 'not-found' } })
})

/** Where the form shows it when the cluster says so all the same: another may be faster, or know more. */
const BESIDE: Readonly<Record<string, string>> = {
  'a download by a viewer': 'metadata.namespace',
  'a download without a URL': 'spec.url',
  'a download from a URL that is none': 'spec.url',
  'an upload with a URL': 'spec.url',
  'a download that is tried eleven times': 'spec.retry',
  'a download on two classes': 'spec.targetStorageClassName',
  'an image without a display name': 'spec.displayName',
  'an image whose display name is taken': 'spec.displayName',
  'an image whose display name has spaces': 'spec.displayName',
  'an image whose display name is too long': 'spec.displayName',
}

/** No field of the form decides these, or none is named: they stand beside the button. */
const AT_THE_BUTTON = [
  'a download on a class that there is not', 'a download on the class of an image', 'a download that is tried half a time', 'an image with a field that there is not', 'an image that says another namespace than it is sent to',
  'an export of a claim that there is not', 'an export through CDI of the disk of a VM that runs',
]
/** Of no field that any form has. */
const OF_NO_FORM = ['an image from a source that there is not', 'an image of a backend that there is not', 'an export of no claim', 'an export of no namespace', 'an image whose name is taken']

const PATHS = ['spec.displayName', 'spec.url', 'spec.checksum', 'metadata.namespace', 'spec.targetStorageClassName', 'spec.retry']

describe('a refusal of an image', () => {
  it.each(Object.entries(BESIDE))('%s stands beside %s, in upstream\'s words', (says, path) => {
    const error = refusalOf(says)
    const shown = refusalsOf(error)
    expect(Object.keys(shown)).toEqual([path])
    expect(shown[path]).toBe(wordsOf(error))
    expect(shown[path]).not.toBe('')
  })

  it.each(AT_THE_BUTTON)('%s is no field\'s', says => {
    expect(PATHS.filter(path => path in refusalsOf(refusalOf(says)))).toEqual([])
  })

  it('is one of these wherever it is recorded of an image that is made', () => {
    const made = Object.entries(recorded).filter(([says, { code }]) => /^(a download|an upload|an image(?! is)|an export) ?/.test(says) && code >= 400).map(([says]) => says)
    expect(made.filter(says => !(says in BESIDE) && !AT_THE_BUTTON.includes(says) && !OF_NO_FORM.includes(says))).toEqual([])
  })
})

let opened: ScriptedConsole<ReturnType<typeof useImageCreate>> | undefined
afterEach(() => opened?.app.unmount())

it.each([['an image whose display name is taken', 'name'], ['a download without a URL', 'url']] as const)('%s stands beside the field until that is changed', async (says, field) => {
  const error = refusalOf(says)
  opened = await openConsole(() => useImageCreate(), { storageclasses: [V1] }, { create: () => Promise.reject(error) })
  const { form, shown, submission } = opened.made
  Object.assign(form, FORM)
  await nextTick()
  await submission.submit()
  expect(shown(field)).toBe(wordsOf(error))
  expect(shown('retry')).toBeUndefined()
  form[field] = `${form[field]}x`
  await nextTick()
  expect(shown(field)).toBeUndefined()
})
