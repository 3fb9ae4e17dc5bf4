// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { StorageClass } from '#kube/core.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from './image.ts'
import { MUTABLE_ACKNOWLEDGED_ANNOTATION } from './image.ts'
import { useImageCreate } from './useImageCreate.ts'

const CURRENT = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const DAILY = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'
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

  it('puts the pinned link in place of the mutable one, and nothing else that was typed is lost', async () => {
    const { made } = await open()
    made.form.checksum = 'b'.repeat(64)
    made.pin({ url: PINNED, evidence: [], looks: 'same', checksum: { algorithm: 'sha256', digest: 'c'.repeat(64) } })
    await nextTick()
    expect(made.form).toMatchObject({ url: PINNED, checksum: 'b'.repeat(64), name: 'noble' })
    made.pin({ url: PINNED, evidence: [], looks: 'same', checksum: { algorithm: 'sha512', digest: 'd'.repeat(128) } })
    await nextTick()
    expect(made.form.checksum).toBe('d'.repeat(128))
    expect(made.blocked.value).toBeUndefined()
  })

  it('sends a file that is sound, and goes to its image', async () => {
    const { made, went } = await open()
    made.form.source = 'file'
    await nextTick()
    expect(made.blocked.value).toBeDefined()
    const file = new File(['x'], 'jammy.iso')
    const begun: unknown[] = []
    made.file.value = file
    const source = { digests: { sha512: 'e'.repeat(128) }, obstacles: [], begin: async (manifest: Manifest<VirtualMachineImage>, sent: File) => { begun.push(sent); return { object: { ...manifest, metadata: { ...manifest.metadata, name: 'image-1' } } as VirtualMachineImage, warnings: [] } } }
    made.fileSource.value = { ...source, obstacles: [{ code: 'being-read' }] }
    await nextTick()
    expect(made.blocked.value).toBeDefined()
    made.fileSource.value = source
    await nextTick()
    expect(made.blocked.value).toBeUndefined()
    expect(made.manifest.value).toMatchObject({ metadata: { labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'iso' } }, spec: { sourceType: 'upload', checksum: 'e'.repeat(128) } })
    await made.submission.submit()
    expect(begun).toEqual([file])
    expect(went).toEqual(['/images/lab/image-1'])
    made.form.source = 'url'
    await nextTick()
    expect(made.form.url).toBe(CURRENT)
  })
})
