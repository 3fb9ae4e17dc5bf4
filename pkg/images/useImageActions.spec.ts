// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import type { ConfigMap, PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageStateWord } from './imageState.ts'
import { makeNote } from './recreationNote.ts'
import { useImageActions } from './useImageActions.ts'

const meta = (name: string, extra: object = {}) => ({ name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '', ...extra })
const image = (extra: object = {}): VirtualMachineImage => ({ apiVersion: '', kind: '', metadata: meta('image-1', extra), spec: { displayName: 'noble', sourceType: 'download', url: 'https://x/a.img' }, status: { storageClassName: 'lh-1' } })
const claim: PersistentVolumeClaim = { apiVersion: '', kind: '', metadata: meta('disk'), spec: { storageClassName: 'lh-1' } }

let opened: ScriptedConsole<ReturnType<typeof useImageActions>>
afterEach(() => opened.app.unmount())

async function open(given: VirtualMachineImage, word: ImageStateWord, objects: Record<string, readonly KubeObject[]> = {}, review?: KubeClient['review']) {
  opened = await openConsole(() => useImageActions(() => ({ image: given, keepers: {}, state: { word } })), objects, review && { review })
  await expect.poll(() => Object.values(opened.made.bars.value)).not.toContain('images.detail.usersLoading')
  return opened.made
}

describe('an act on an image is barred', () => {
  it('not, where it failed and nobody uses it', async () => {
    const { bars, offersRetry } = await open(image(), 'failed')
    await expect.poll(() => bars.value).toEqual({ edit: undefined, retry: undefined, remove: undefined })
    expect(offersRetry.value).toBe(true)
  })

  it('where a volume is made from it: its deletion by Harvester’s words, its return by ours', async () => {
    const { bars } = await open(image(), 'lost', { persistentvolumeclaims: [claim] })
    await expect.poll(() => bars.value).toEqual({ edit: undefined, retry: 'images.retry.barred.used-volumes', remove: 'images.delete.refused' })
  })

  it('for who may only look, in all that writes', async () => {
    const { bars } = await open(image(), 'failed', {}, async () => ({ allowed: false }))
    await expect.poll(() => bars.value).toEqual({ edit: 'sdk.barred.denied', retry: 'sdk.barred.denied', remove: 'sdk.barred.denied' })
  })

  it('for who may delete and not create: a retry would end half-way', async () => {
    const { bars } = await open(image(), 'failed', {}, async ({ verb }) => ({ allowed: verb !== 'create' }))
    await expect.poll(() => bars.value).toEqual({ edit: undefined, retry: 'sdk.barred.denied', remove: undefined })
  })

  it('for who may not write the note of what it is to be: a closed console would lose it', async () => {
    const { bars } = await open(image(), 'failed', {}, async ({ resource }) => ({ allowed: resource.plural !== 'configmaps' }))
    await expect.poll(() => bars.value).toEqual({ edit: undefined, retry: 'sdk.barred.denied', remove: undefined })
  })

  it('where somebody has begun to make it again', async () => {
    const manifest = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'image-1', namespace: 'lab' }, spec: image().spec }
    const { metadata, data } = makeNote({ manifest, uid: 'image-1', who: 'alice', when: '' })
    const note: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...meta('note'), ...metadata }, data }
    const { bars } = await open(image(), 'failed', { configmaps: [note], virtualmachineimages: [image()] })
    await expect.poll(() => bars.value.retry).toBe('images.retry.barred.begun')
  })

  it('while it goes', async () => {
    const { bars } = await open(image({ deletionTimestamp: 'x' }), 'deleting')
    expect(new Set(Object.values(bars.value))).toEqual(new Set(['images.retry.barred.deleting']))
  })
})

it('offers no retry of what works', async () => {
  const { offersRetry } = await open(image(), 'ready')
  expect(offersRetry.value).toBe(false)
})
