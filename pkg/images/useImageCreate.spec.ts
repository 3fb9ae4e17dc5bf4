// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { StorageClass } from '#kube/core.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import { MUTABLE_ACKNOWLEDGED_ANNOTATION } from './image.ts'
import { useImageCreate } from './useImageCreate.ts'

const CURRENT = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const DAILY = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const V1: StorageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'harvester-longhorn', uid: 'c', resourceVersion: '1', creationTimestamp: 'x' }, provisioner: 'driver.longhorn.io' }

let opened: ScriptedConsole<ReturnType<typeof useImageCreate>>
afterEach(() => opened.app.unmount())

async function open() {
  opened = await openConsole(() => useImageCreate(), { storageclasses: [V1] })
  Object.assign(opened.made.form, { url: CURRENT, name: 'noble', storageClass: 'harvester-longhorn' })
  await nextTick()
  return opened
}
async function acknowledge() {
  opened.made.acknowledged.value = true
  await expect.poll(() => opened.made.blocked.value).toBeUndefined()
}

describe('the image form', () => {
  it('sends the manifest that is read before the click, with the acknowledgement', async () => {
    const { made, sent, went } = await open()
    expect(made.blocked.value).toBeDefined()
    await acknowledge()
    const read = made.manifest.value
    expect(read?.metadata.annotations?.[MUTABLE_ACKNOWLEDGED_ANNOTATION]).toMatch(/"who":.*"when":"20/)
    await made.submission.submit()
    expect(sent.filter(object => 'spec' in object)).toEqual([read])
    expect(went).toEqual(['/images'])
  })

  it('asks again when the link is changed, to another mutable one too', async () => {
    const { made } = await open()
    await acknowledge()
    made.form.url = DAILY
    await nextTick()
    expect(made.acknowledged.value).toBe(false)
    expect(made.manifest.value?.metadata.annotations).not.toHaveProperty([MUTABLE_ACKNOWLEDGED_ANNOTATION])
    expect(made.blocked.value).toBeDefined()
  })
})
