// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import { useVmCreate } from './useVmCreate.ts'

const image = (name: string, gib: number): VirtualMachineImage => ({
  apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: 'x' }, spec: { displayName: name, sourceType: 'download' },
  status: { virtualSize: gib * 2 ** 30, storageClassName: 'lh-1', progress: 100, conditions: [{ type: 'Imported', status: 'True' }] },
})

let opened: ScriptedConsole<ReturnType<typeof useVmCreate>>
afterEach(() => opened.app.unmount())

async function open() {
  opened = await openConsole(() => useVmCreate(), { virtualmachineimages: [image('small', 2), image('large', 40)] })
  return opened.made
}

describe('the disk size of the VM form', () => {
  it('stays as it is typed, with what is wrong with it beside', async () => {
    const { form, shown, touch } = await open()
    form.image = 'lab/small'
    await nextTick()
    form.diskGib = 5
    await nextTick()
    expect(form.diskGib).toBe(5)
    touch('diskGib')
    expect(shown('diskGib')).toBe('vms.problem.below-minimum')
  })

  it('grows with an image that needs more', async () => {
    const { form } = await open()
    form.image = 'lab/large'
    await nextTick()
    expect(form.diskGib).toBe(40)
    form.image = 'lab/small'
    await nextTick()
    expect(form.diskGib).toBe(40)
  })
})
