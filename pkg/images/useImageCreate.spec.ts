// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { StorageClass } from '#kube/core.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from './image.ts'
import type { PinCandidate } from './probe.ts'
import { MISMATCH_ACKNOWLEDGED_ANNOTATION, MUTABLE_ACKNOWLEDGED_ANNOTATION } from './image.ts'
import { useImageCreate } from './useImageCreate.ts'

const CURRENT = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const DAILY = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'
const SHA256 = 'c'.repeat(64)
const SHA512 = 'd'.repeat(128)
const OTHER = 'b'.repeat(128)
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
    expect(read?.metadata.annotations?.[MUTABLE_ACKNOWLEDGED_ANNOTATION]).toMatch(/"who":"unknown operator \(context a\)","when":"20/)
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

  const pinned = (algorithm: 'sha256' | 'sha512', digest: string): PinCandidate => ({ url: PINNED, evidence: [], looks: 'same', checksum: { algorithm, digest } })

  it('puts the pinned link in place of the mutable one, with its SHA-512, or beside the field with what is no SHA-512', async () => {
    const { made } = await open()
    made.checksum.pin(pinned('sha256', SHA256))
    expect(made.form).toMatchObject({ url: PINNED, checksum: '', name: 'noble' })
    expect(made.checksum.known.value).toEqual([{ algorithm: 'sha256', digest: SHA256 }])
    await expect.poll(() => made.blocked.value).toBeUndefined()
    made.form.url = CURRENT
    expect(made.checksum.known.value).toEqual([])
    made.checksum.pin(pinned('sha512', SHA512))
    expect(made.form.checksum).toBe(SHA512)
    expect(made.checksum.origin.value).toEqual({ by: 'publisher', url: PINNED })
    await nextTick()
    expect(made.form.checksum).toBe(SHA512)
    expect(made.blocked.value).toBeUndefined()
  })

  it('never clears a checksum that somebody typed, and knows for which link it was', async () => {
    const { made } = await open()
    made.form.checksum = OTHER
    made.checksum.pin(pinned('sha512', SHA512))
    expect(made.form).toMatchObject({ url: PINNED, checksum: OTHER })
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: CURRENT })
    expect(made.checksum.known.value).toEqual([{ algorithm: 'sha512', digest: SHA512 }])
    made.checksum.keep()
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: PINNED })
  })

  it('takes a checksum that was typed before there was a link for the link that is written to its end', async () => {
    const { made } = await open()
    made.form.url = ''
    made.form.checksum = OTHER
    made.form.url = DAILY
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: undefined })
    made.touch('url')
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: DAILY })
    made.form.url = CURRENT
    made.touch('url')
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: DAILY })
  })

  it('drops a checksum that was put in for another link, and not one that was changed since', async () => {
    const { made } = await open()
    made.checksum.fill(SHA512, { by: 'read', url: CURRENT, word: 'computed' })
    expect(made.checksum.origin.value).toEqual({ by: 'read', url: CURRENT, word: 'computed' })
    made.form.url = DAILY
    expect(made.form.checksum).toBe('')
    made.checksum.fill(SHA512, { by: 'publisher', url: DAILY })
    made.form.checksum = OTHER
    made.form.url = CURRENT
    expect(made.form.checksum).toBe(OTHER)
    expect(made.checksum.origin.value).toEqual({ by: 'operator', url: DAILY })
  })

  it('makes an image of a file that is not what its checksum says only of whoever says that he wants it, and keeps who that was', async () => {
    const { made, sent } = await open()
    made.form.url = PINNED
    await expect.poll(() => made.blocked.value).toBeUndefined()
    made.standing.value = { word: 'mismatch', kind: 'none' }
    await nextTick()
    expect(made.blocked.value).toBe('images.create.mismatchNeeded')
    made.mismatchAcknowledged.value = true
    await expect.poll(() => made.blocked.value).toBeUndefined()
    await made.submission.submit()
    expect(sent.at(-1)).toMatchObject({ metadata: { annotations: { [MISMATCH_ACKNOWLEDGED_ANNOTATION]: expect.stringMatching(/"when":"20/) as string } } })
    made.form.url = `${PINNED}?2`
    await nextTick()
    expect(made.mismatchAcknowledged.value).toBe(false)
    expect(made.blocked.value).toBe('images.create.mismatchNeeded')
    made.standing.value = { word: 'verified', kind: 'none' }
    expect(made.blocked.value).toBeUndefined()
    expect(made.manifest.value?.metadata.annotations).not.toHaveProperty([MISMATCH_ACKNOWLEDGED_ANNOTATION])
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
