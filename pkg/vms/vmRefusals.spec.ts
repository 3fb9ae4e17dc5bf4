// @vitest-environment happy-dom
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import { useVmCreate } from './useVmCreate.ts'
import type { VmFormField } from './vmForm.ts'
import { refusalsOfVm } from './vmForm.ts'

// What upstream's own webhooks refuse of a VM, as it is recorded from them, and where the form shows it.

interface Told { readonly code: number, readonly reason?: string, readonly message?: string, readonly causes?: readonly { readonly field?: string, readonly message?: string }[] }
const recorded = (JSON.parse(readFileSync(resolve(import.meta.dirname, '../../e2e/cluster/answers/recorded.json'), 'utf8')) as { VMs: Readonly<Record<string, Told>> }).VMs

function refusalOf(says: string): ApiError {
  const told = recorded[says]
  if (!told)
    throw new Error(`it is not recorded: ${says}`)
  const { code, reason = '', message = '', causes = [] } = told
  return new ApiError({ status: code, reason, message, causes: causes.map(cause => ({ field: cause.field ?? '', message: cause.message ?? '' })) })
}

const BESIDE: Readonly<Record<string, VmFormField>> = {
  'a VM by a viewer': 'namespace',
  'a VM of a name that is taken': 'name',
  'a VM of a name that is none': 'name',
  'a VM without memory': 'memoryGib',
  'a VM whose claim templates are no JSON': 'diskGib',
  'a VM whose claim template has no name': 'diskGib',
  'a VM on a claim that another VM has': 'diskGib',
  'a VM on a golden image': 'diskGib',
  'a VM with a disk without a volume': 'diskGib',
  'a VM with two disks of one name': 'diskGib',
  'a VM with two disks of one boot order': 'diskGib',
  'a VM with a disk on an unknown bus': 'diskGib',
  'a VM with an interface without a network': 'network',
  'a VM with a network without an interface': 'network',
  'a VM on a network that there is not': 'network',
  'a VM on a network without a word on its namespace': 'network',
}

/** No field of the form decides these: they stand beside the button. */
const AT_THE_BUTTON = [
  'a VM that says another namespace than it is sent to', 'a VM with a field that there is not', 'a VM without a run strategy', 'a VM of an unknown run strategy', 'a VM with both run strategy and running',
  'a VM without a template', 'a VM that reserves as much memory as it has', 'a VM whose reserved memory is no quantity', 'a VM whose limit is no quantity', 'a VM of half a core',
  'a VM that says nothing of its processor', 'a VM with an unknown maintenance strategy', 'a VM with an unknown eviction strategy',
]

describe('a refusal of a VM', () => {
  it.each(Object.entries(BESIDE))('%s stands beside the field %s, in upstream\'s words', (says, field) => {
    const error = refusalOf(says)
    const shown = refusalsOfVm(error)
    expect(Object.keys(shown)).toEqual([field])
    expect(error.causes.length ? error.causes.map(({ message }) => message).join(' ') : error.message).toBe(shown[field])
  })

  it.each(AT_THE_BUTTON)('%s is no field\'s', says => {
    expect(refusalsOfVm(refusalOf(says))).toEqual({})
  })

  it('is one of these wherever it is recorded of a VM that is made', () => {
    const made = Object.entries(recorded).filter(([says, { code }]) => says.startsWith('a VM ') && !says.includes('deleted') && code >= 400).map(([says]) => says)
    expect(made.filter(says => !(says in BESIDE) && !AT_THE_BUTTON.includes(says))).toEqual([])
  })
})

it('a namespace that is gone is told beside its field', () => {
  const message = 'namespaces "ghost" not found'
  expect(refusalsOfVm({ status: 404, message, causes: [] })).toEqual({ namespace: message })
  expect(refusalsOfVm({ status: 404, message: 'virtualmachines.kubevirt.io "ghost" not found', causes: [] })).toEqual({})
})

const image: VirtualMachineImage = {
  apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'noble', namespace: 'lab', uid: 'i', resourceVersion: '1', creationTimestamp: 'x' }, spec: { displayName: 'noble', sourceType: 'download' },
  status: { virtualSize: 2 ** 30, storageClassName: 'lh-1', progress: 100, conditions: [{ type: 'Imported', status: 'True' }] },
}

let opened: ScriptedConsole<ReturnType<typeof useVmCreate>> | undefined
afterEach(() => opened?.app.unmount())

it('stands there until the field is changed', async () => {
  const error = refusalOf('a VM without memory')
  opened = await openConsole(() => useVmCreate(), { virtualmachineimages: [image] }, { create: () => Promise.reject(error) })
  const { form, shown, submission } = opened.made
  Object.assign(form, { name: 'web', namespace: 'lab', image: 'lab/noble' })
  await nextTick()
  await submission.submit()
  expect(shown('memoryGib')).toBe('either memory.guest or resources.limits.memory must be set')
  expect(shown('cpu')).toBeUndefined()
  form.memoryGib = 2
  await nextTick()
  expect(shown('memoryGib')).toBeUndefined()
})
