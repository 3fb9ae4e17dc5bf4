import type { BackingImage } from '#health/longhorn.ts'
import type { Seen } from '#kube/seen.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { VirtualMachineImage } from './image.ts'
import { expect, it } from 'vitest'
import { indexKeepers } from './imageKeeper.ts'
import { imageState } from './imageState.ts'

const meta = { name: 'image-1', namespace: 'lab', uid: 'u1', resourceVersion: '1', creationTimestamp: '' }
const image = (spec: Partial<VirtualMachineImage['spec']> = {}): VirtualMachineImage => ({
  apiVersion: '', kind: '', metadata: meta, spec: { displayName: 'noble', sourceType: 'download', ...spec },
  status: { conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: 'True' }] },
})
const backing = (name: string, state = 'ready', imageId = 'lab/image-1'): BackingImage => ({
  apiVersion: '', kind: '', metadata: { ...meta, name, namespace: 'longhorn-system', annotations: { 'harvesterhci.io/imageId': imageId } },
  spec: { minNumberOfCopies: 1, diskFileSpecMap: { d1: {} } }, status: { diskFileStatusMap: { d1: { state, message: state === 'failed' ? 'recorded checksum' : '' } } },
})
const volume: DataVolume = { apiVersion: '', kind: '', metadata: meta, spec: {}, status: { phase: 'Succeeded' } }
const live = <T extends BackingImage | DataVolume>(...objects: readonly T[]): Seen<T> => ({ objects, state: 'live' })
const NONE = { objects: [], state: 'live' } as const

it('finds the BackingImage by the image that it names, and reads Longhorn’s word on its copies', () => {
  const keepers = indexKeepers({ backingImages: live(backing('vmi-u1', 'failed'), backing('vmi-other', 'ready', 'lab/other')), dataVolumes: NONE })(image())
  expect(keepers.backingImage?.metadata.name).toBe('vmi-u1')
  expect(imageState(image(), keepers)).toMatchObject({ word: 'lost', message: 'recorded checksum' })
})

it.each([
  ['its own before a predecessor’s', ['vmi-u0', 'vmi-u1'], {}, 'vmi-u1'],
  ['none but a predecessor’s', ['vmi-u0'], {}, undefined],
  ['one of an older Harvester', ['lab-image-1'], {}, 'lab-image-1'],
  ['the one that it was restored as', ['vmi-u0'], { sourceType: 'restore' }, 'vmi-u0'],
] as const)('takes %s', (_, names, spec, found) => {
  const keepers = indexKeepers({ backingImages: live(...names.map(name => backing(name))), dataVolumes: NONE })(image(spec))
  expect(keepers.backingImage?.metadata.name).toBe(found)
})

it('takes for gone only what was looked for', () => {
  const word = (backingImages: Seen<BackingImage>) => imageState(image(), indexKeepers({ backingImages, dataVolumes: NONE })(image())).word
  expect(word(NONE)).toBe('missing')
  expect(word({ objects: [], state: 'forbidden', unread: true })).toBe('imported')
  expect(word({ objects: [], state: 'loading', unread: true })).toBe('looking')
  expect(word({ objects: [backing('vmi-u1')], state: 'stale' })).toBe('imported')
  expect(word({ objects: [backing('vmi-u1', 'failed')], state: 'stale' })).toBe('lost')
})

it('finds the DataVolume of a CDI image, which has its name', () => {
  const cdi = image({ backend: 'cdi' })
  const find = (dataVolumes: Seen<DataVolume>) => indexKeepers({ backingImages: live(backing('vmi-u1', 'failed')), dataVolumes })(cdi)
  expect(imageState(cdi, find(live(volume))).word).toBe('ready')
  expect(imageState(cdi, find({ objects: [volume], state: 'live', partial: ['other'] })).word).toBe('imported')
  expect(find(NONE)).toEqual({ dataVolume: {} })
})
