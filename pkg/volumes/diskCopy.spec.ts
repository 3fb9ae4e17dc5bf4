import { describe, expect, it } from 'vitest'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { DiskCopy } from './diskCopy.ts'
import { copyOf } from './diskCopy.ts'
import { CLAIM, exportImage, live, longhornVolume, meta } from './scriptedWorld.ts'

const IMAGE: VirtualMachineImage = { ...exportImage('export-abcde', 'True'), spec: { ...exportImage('export-abcde', 'True').spec, backend: 'cdi' } }
const TARGET = { ...CLAIM, metadata: meta('export-abcde'), spec: { volumeName: 'pv-2' } }
const OTHERS = { ...TARGET, metadata: { ...TARGET.metadata, annotations: { 'volume.kubernetes.io/storage-provisioner': 'lvm.driver.harvesterhci.io' } } }
const clone = (state?: string, dataSource: string | undefined = 'vol://pv-1', attemptCount = 0): LonghornVolume => ({ ...longhornVolume({ state: 'attached', ...(state !== undefined && { cloneStatus: { state, attemptCount } }) }), metadata: meta('pv-2', 'longhorn-system'), spec: { ...(dataSource && { dataSource }) } })
const COPYING: DiskCopy = { word: 'going-on', volume: 'pv-2' }

describe('Longhorn\'s own copy of the disk of an image', () => {
  it.each<[string, DiskCopy, Parameters<typeof copyOf>[0], Partial<Parameters<typeof copyOf>[1]>]>([
    ['is none of a BackingImage', { word: 'none' }, exportImage('export-abcde', 'True'), {}],
    ['is none where a pod has copied it: the volume has no source', { word: 'none' }, IMAGE, { longhornVolumes: live(clone(undefined, '')) }],
    ['is none where the class is another driver\'s', { word: 'none' }, IMAGE, { claims: live(OTHERS), longhornVolumes: live() }],
    ['is none where there is no Longhorn', { word: 'none' }, IMAGE, { longhornVolumes: { objects: [], state: 'absent' } }],
    ['goes on before Longhorn has begun: it has not even taken a snapshot', COPYING, IMAGE, { longhornVolumes: live(clone()) }],
    ['goes on while it is initiated', COPYING, IMAGE, { longhornVolumes: live(clone('initiated')) }],
    ['goes on where it has failed: Longhorn tries again', COPYING, IMAGE, { longhornVolumes: live(clone('failed', 'vol://pv-1', 9)) }],
    ['has failed for good once Longhorn has tried ten times', { word: 'failed', volume: 'pv-2' }, IMAGE, { longhornVolumes: live(clone('failed', 'vol://pv-1', 10)) }],
    ['is over once all is copied', { word: 'over', volume: 'pv-2' }, IMAGE, { longhornVolumes: live(clone('copy-completed-awaiting-healthy')) }],
    ['is over once it is completed, also from a snapshot', { word: 'over', volume: 'pv-2' }, IMAGE, { longhornVolumes: live(clone('completed', 'snap://pv-1/snap-1')) }],
    ['goes on where the volume is not seen yet', COPYING, IMAGE, { longhornVolumes: live() }],
    ['goes on where the claim has no volume yet', { word: 'going-on', volume: '' }, IMAGE, { claims: live({ ...TARGET, spec: {} }) }],
    ['is gone where the claim is', { word: 'gone' }, IMAGE, { claims: live(), longhornVolumes: live(clone('completed')) }],
    ['is unseen where Longhorn\'s volumes may not be read', { word: 'unseen' }, IMAGE, { longhornVolumes: { objects: [], state: 'forbidden' } }],
    ['is none for one who may not read them where CDI says that a pod copies', { word: 'none' }, IMAGE, { claims: live({ ...TARGET, metadata: { ...TARGET.metadata, annotations: { 'cdi.kubevirt.io/cloneType': 'copy' } } }), longhornVolumes: { objects: [], state: 'forbidden' } }],
    ['is none for one who may not read them where the class is another driver\'s', { word: 'none' }, IMAGE, { claims: live(OTHERS), longhornVolumes: { objects: [], state: 'forbidden' } }],
    ['is unseen where they may be old', { word: 'unseen' }, IMAGE, { longhornVolumes: { objects: [clone('completed')], state: 'stale' } }],
  ])('%s', (_, copy, image, world) => {
    expect(copyOf(image, { claims: live(TARGET), longhornVolumes: live(), ...world })).toEqual(copy)
  })
})
