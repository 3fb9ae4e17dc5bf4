import type { Condition } from '#kube/object.ts'
import type { Unseen } from '#kube/seen.ts'
import type { CopyWord, ImageCopy } from '#health/copies.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { ImageBackend, ImageSourceType, VirtualMachineImage } from './image.ts'
import type { ImageKeepers, ImageState, ImageStateWord } from './imageState.ts'
import { describe, expect, it } from 'vitest'
import { imageState, isImported } from './imageState.ts'
import { IMAGE_RANKS, IMAGE_TONES } from './imageTone.ts'
import en from './locales/en.ts'
import zh from './locales/zh-CN.ts'

const condition = (type: string, status: Condition['status'], message?: string, reason?: string): Condition => ({ type, status, ...(message && { message }), ...(reason && { reason }) })
const meta = { name: 'image-1', namespace: 'production', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
interface Extra { readonly sourceType?: ImageSourceType, readonly backend?: ImageBackend, readonly retry?: number, readonly deleted?: true }
function image(status: VirtualMachineImage['status'], { sourceType = 'download', backend, retry, deleted }: Extra = {}): VirtualMachineImage {
  return {
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage',
    metadata: { ...meta, ...(deleted && { deletionTimestamp: '2026-01-02T00:00:00Z' }) },
    spec: { displayName: 'noble', sourceType, ...(backend && { backend }), ...(retry !== undefined && { retry }) }, status,
  }
}
const INITIALIZED = condition('Initialized', 'True', undefined, 'Initialized')
const IMPORTING = condition('Imported', 'Unknown', undefined, 'Importing')
const IMPORTED = condition('Imported', 'True', undefined, 'Imported')
const DONE = { progress: 100, conditions: [INITIALIZED, IMPORTED] }
const UNSEEN: Unseen = { code: 'not-seen', resource: 'backingimages.longhorn.io', state: 'forbidden', namespace: 'longhorn-system' }

const copy = (word: CopyWord, message?: string, evicting = false): ImageCopy => ({ diskUuid: word, word, state: word, ...(message && { message }), evicting, usedBy: [], hostSeen: false })
const kept = (desired: number, ...copies: readonly ImageCopy[]): ImageKeepers => ({ copies: { object: { copies, desired } } })
const three = kept(3, copy('ready'), copy('ready'), copy('ready'))

describe('the state of an image, by Harvester’s conditions', () => {
  const got404 = 'got 404 status code from https://x'
  it.each<[string, VirtualMachineImage, ImageState]>([
    ['that nobody has looked at', image(undefined), { word: 'initializing' }],
    ['before anything is made', image({ conditions: [] }), { word: 'initializing' }],
    ['while Initialized is Unknown', image({ conditions: [condition('Initialized', 'Unknown', 'making the class')] }), { word: 'initializing', message: 'making the class' }],
    ['Initialized, before Imported is said', image({ progress: 0, conditions: [INITIALIZED] }), { word: 'importing', progress: 0 }],
    ['Imported Unknown, reason Importing: download', image({ progress: 42, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 42 }],
    ['the same: upload', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'upload' }), { word: 'uploading', progress: 7 }],
    ['the same: export', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'export-from-volume' }), { word: 'exporting', progress: 7 }],
    ['the same: restore', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'restore' }), { word: 'importing', progress: 7 }],
    ['the same: clone', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'clone' }), { word: 'importing', progress: 7 }],
    ['at 99 %, where Harvester holds it until it is checked', image({ progress: 99, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 99 }],
    ['at 100 % before the checksum is known', image({ progress: 100, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 100 }],
    ['with progress beyond bounds', image({ progress: 250, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 100 }],
    ['RetryLimitExceeded False with the message of the first failure', image({ progress: 0, failed: 1, conditions: [INITIALIZED, IMPORTING, condition('RetryLimitExceeded', 'False', `failed due to error: ${got404}`)] }), { word: 'retrying', progress: 0, message: `failed due to error: ${got404}`, tries: { failed: 1, limit: 3 } }],
    ['RetryLimitExceeded False with the message of a later one', image({ progress: 0, failed: 2, conditions: [INITIALIZED, IMPORTING, condition('RetryLimitExceeded', 'False', `retry attempted 1/5 failed due to error: ${got404}`)] }, { retry: 5 }), { word: 'retrying', progress: 0, message: `retry attempted 1/5 failed due to error: ${got404}`, tries: { failed: 2, limit: 5 } }],
    ['the same before it was Initialized', image({ failed: 1, conditions: [condition('RetryLimitExceeded', 'False', 'failed due to error: no class')] }), { word: 'retrying', progress: 0, message: 'failed due to error: no class', tries: { failed: 1, limit: 3 } }],
    ['RetryLimitExceeded False without a message', image({ progress: 3, conditions: [INITIALIZED, IMPORTING, condition('RetryLimitExceeded', 'False')] }), { word: 'importing', progress: 3 }],
    ['RetryLimitExceeded True while importing', image({ failed: 4, conditions: [INITIALIZED, condition('RetryLimitExceeded', 'True', 'retry attempted 3/3 failed due to error: boom'), condition('Imported', 'False', 'boom')] }), { word: 'failed', message: 'retry attempted 3/3 failed due to error: boom', tries: { failed: 4, limit: 3 } }],
    ['RetryLimitExceeded True while initializing, with Initialized False', image({ failed: 1, conditions: [condition('Initialized', 'False', 'failed due to error: no class'), condition('RetryLimitExceeded', 'True', 'failed due to error: no class')] }, { retry: 0 }), { word: 'failed', message: 'failed due to error: no class', tries: { failed: 1, limit: 0 } }],
    ['RetryLimitExceeded True beside a late Imported True', image({ conditions: [IMPORTED, condition('RetryLimitExceeded', 'True', 'given up')] }), { word: 'failed', message: 'given up' }],
    ['Initialized False with a message', image({ conditions: [condition('Initialized', 'False', 'no class')] }), { word: 'failed', message: 'no class' }],
    ['Imported False, reason UploadFailed, which is not tried again', image({ conditions: [INITIALIZED, condition('Imported', 'False', 'cut', 'UploadFailed')] }, { sourceType: 'upload' }), { word: 'failed', message: 'cut' }],
    ['Imported True, with nobody to ask what keeps it', image(DONE), { word: 'imported', because: { code: 'not-asked' } }],
    ['Imported True and BackingImageMissing True', image({ conditions: [INITIALIZED, IMPORTED, condition('BackingImageMissing', 'True', 'not found')] }), { word: 'missing', message: 'not found', because: { code: 'no-backing-image' } }],
    ['MetadataReady False while importing, which is about backups', image({ progress: 5, conditions: [INITIALIZED, IMPORTING, condition('MetadataReady', 'False', 'no backup target')] }), { word: 'importing', progress: 5 }],
    ['that is being deleted, whatever else is said', image({ conditions: [IMPORTED, condition('RetryLimitExceeded', 'True', 'x')] }, { deleted: true }), { word: 'deleting' }],
    ['of a source type that a later Harvester may have', image({ progress: 1, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'later' as ImageSourceType }), { word: 'unknown', progress: 1 }],
  ])('%s', (_, given, state) => {
    expect(imageState(given)).toEqual(state)
  })
})

describe('the state of an imported image, by its copies', () => {
  const copies = (usable: number, desired: number) => ({ because: { code: 'copies' as const, usable, desired } })
  it.each<[string, ImageKeepers, ImageState]>([
    ['all there', three, { word: 'ready', ...copies(3, 3) }],
    ['one failed among more than are wanted', kept(3, copy('ready'), copy('ready'), copy('ready'), copy('failed', 'bad sum')), { word: 'degraded', message: 'bad sum', ...copies(3, 3) }],
    ['one failed', kept(3, copy('ready'), copy('ready'), copy('failed', 'bad sum')), { word: 'degraded', message: 'bad sum', ...copies(2, 3) }],
    ['one on a host that cannot be asked', kept(2, copy('ready'), copy('unreachable')), { word: 'degraded', ...copies(1, 2) }],
    ['one on no disk of the cluster', kept(1, copy('ready'), copy('orphan-disk')), { word: 'degraded', ...copies(1, 1) }],
    ['one in a state that is new', kept(1, copy('ready'), copy('unrecognised')), { word: 'degraded', ...copies(1, 1) }],
    ['fewer than wanted, and none on its way', kept(3, copy('ready')), { word: 'degraded', ...copies(1, 3) }],
    ['fewer than wanted, and more on their way', kept(3, copy('ready'), copy('moving'), copy('absent')), { word: 'copying', ...copies(1, 3) }],
    ['one failed, and another on its way in its place', kept(3, copy('ready'), copy('ready'), copy('failed', 'bad sum'), copy('moving')), { word: 'copying', message: 'bad sum', ...copies(2, 3) }],
    ['the only one about to leave, and another on its way', kept(1, copy('ready', undefined, true), copy('moving')), { word: 'degraded', ...copies(1, 1) }],
    ['as many as are wanted, and one more on its way', kept(1, copy('ready'), copy('moving')), { word: 'ready', ...copies(1, 1) }],
    ['its BackingImage still being read', { copies: { unseen: { ...UNSEEN, state: 'loading' } } }, { word: 'looking', because: { ...UNSEEN, state: 'loading' } }],
    ['the only one about to leave', kept(1, copy('ready', undefined, true)), { word: 'degraded', ...copies(1, 1) }],
    ['a surplus one being removed', kept(1, copy('ready'), copy('leftover')), { word: 'ready', ...copies(1, 1) }],
    ['all failed', kept(3, copy('failed', 'recorded checksum'), copy('failed', 'other')), { word: 'lost', message: 'recorded checksum', ...copies(0, 3) }],
    ['all failed, and one written anew', kept(3, copy('failed', 'bad'), copy('moving')), { word: 'recovering', message: 'bad', ...copies(0, 3) }],
    ['all on hosts that cannot be asked', kept(1, copy('unreachable', 'gone')), { word: 'unknown', message: 'gone', ...copies(0, 1) }],
    ['some failed, the rest not to be asked', kept(2, copy('failed', 'bad'), copy('unreachable')), { word: 'unknown', message: 'bad', ...copies(0, 2) }],
    ['wanted, and nothing told of them', kept(2, copy('absent')), { word: 'unknown', ...copies(0, 2) }],
    ['downloaded again and refused for other bytes, and nothing told of the rest', kept(3, copy('absent'), copy('failed', 'Backing image recorded checksum a doesn\'t match the file checksum b in disk c')), { word: 'lost', message: 'Backing image recorded checksum a doesn\'t match the file checksum b in disk c', ...copies(0, 3) }],
    ['refused for other bytes, and one being written', kept(3, copy('moving'), copy('failed', 'Backing image recorded checksum a doesn\'t match the file checksum b in disk c')), { word: 'recovering', message: 'Backing image recorded checksum a doesn\'t match the file checksum b in disk c', ...copies(0, 3) }],
    ['none at all, of a URL that Longhorn fetches again', kept(3), { word: 'recovering', ...copies(0, 3) }],
    ['its BackingImage gone', { copies: {} }, { word: 'missing', because: { code: 'no-backing-image' } }],
    ['its BackingImage not to be read', { copies: { unseen: UNSEEN } }, { word: 'imported', because: UNSEEN }],
    ['all there when last seen, before the line was cut', { copies: { ...three.copies, unseen: { ...UNSEEN, state: 'stale' } } }, { word: 'imported', because: { ...UNSEEN, state: 'stale' } }],
    ['all failed when last seen, before the line was cut', { copies: { object: { copies: [copy('failed')], desired: 1 }, unseen: { ...UNSEEN, state: 'stale' } } }, { word: 'lost', ...copies(0, 1) }],
  ])('%s', (_, keepers, state) => {
    expect(imageState(image(DONE), keepers)).toEqual(state)
  })

  it('is lost where nothing is kept of what cannot be fetched again', () => {
    expect(imageState(image(DONE, { sourceType: 'upload' }), kept(3)).word).toBe('lost')
  })

  it('outlives Harvester’s note that the BackingImage is missing, which is never taken back', () => {
    const noted = image({ conditions: [INITIALIZED, IMPORTED, condition('BackingImageMissing', 'True', 'not found')] })
    expect(imageState(noted, three).word).toBe('ready')
    expect(imageState(noted, { copies: { unseen: UNSEEN } }).word).toBe('missing')
  })

  it('is not changed by MetadataReady, which tells of its backup', () => {
    const state = imageState(image({ conditions: [INITIALIZED, IMPORTED, condition('MetadataReady', 'False', 'no backup target')] }), three)
    expect(state.word).toBe('ready')
  })

  it('is retrying while the import’s only copy has failed and Harvester has not said so yet', () => {
    const importing = image({ progress: 99, conditions: [INITIALIZED, IMPORTING] })
    expect(imageState(importing, kept(3, copy('failed', 'bad sum')))).toEqual({ word: 'retrying', progress: 99, message: 'bad sum' })
    expect(imageState(importing, kept(3, copy('moving'))).word).toBe('importing')
    expect(imageState(importing, kept(3)).word).toBe('importing')
  })

  it('is overlooked once several copies are told of, for Harvester looks only at one', () => {
    const importing = image({ progress: 50, conditions: [INITIALIZED, IMPORTING] }, { sourceType: 'export-from-volume' })
    const wordOf = (...copies: readonly ImageCopy[]) => imageState(importing, kept(3, ...copies)).word
    expect(imageState(importing, kept(3, copy('ready'), copy('moving')))).toEqual({ word: 'overlooked', because: { code: 'copies', usable: 1, desired: 3 } })
    // One told of, and one that is only wanted: Harvester still looks. And while none is usable there is nothing to overlook.
    expect([wordOf(copy('ready')), wordOf(copy('ready'), { ...copy('absent'), state: '' }), wordOf(copy('moving'), copy('moving'))]).toEqual(['exporting', 'exporting', 'exporting'])
    expect(imageState(image({ progress: 50, conditions: [condition('Initialized', 'Unknown')] }), three).word).toBe('initializing')
  })
})

describe('the state of a CDI image, by its DataVolume, for Harvester passes on no error of CDI', () => {
  const dataVolume = (status: DataVolume['status']): ImageKeepers => ({ dataVolume: { object: { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta, spec: {}, status } } })
  const phase = (name: string) => ({ because: { code: 'phase' as const, phase: name } })
  const importing = image({ progress: 10, conditions: [INITIALIZED, IMPORTING] }, { backend: 'cdi' })
  const cloning = image({ progress: 10, conditions: [INITIALIZED, IMPORTING] }, { backend: 'cdi', sourceType: 'export-from-volume' })
  const uploading = image({ progress: 10, conditions: [INITIALIZED, IMPORTING] }, { backend: 'cdi', sourceType: 'upload' })

  it.each<[string, VirtualMachineImage, ImageStateWord, number?]>([
    ['', importing, 'initializing'],
    ['Pending', importing, 'waiting', 10],
    ['PVCBound', importing, 'importing', 10],
    ['WaitForFirstConsumer', importing, 'waiting', 10],
    ['PendingPopulation', importing, 'waiting', 10],
    ['ImportScheduled', importing, 'importing', 10],
    ['ImportInProgress', importing, 'importing', 10],
    ['UploadScheduled', uploading, 'uploading', 10],
    ['UploadReady', uploading, 'uploading', 10],
    ['CloneScheduled', cloning, 'exporting', 10],
    ['CloneInProgress', cloning, 'exporting', 10],
    ['SnapshotForSmartCloneInProgress', cloning, 'exporting', 10],
    ['CloneFromSnapshotSourceInProgress', cloning, 'exporting', 10],
    ['SmartClonePVCInProgress', cloning, 'exporting', 10],
    ['CSICloneInProgress', cloning, 'exporting', 10],
    ['PrepClaimInProgress', cloning, 'exporting', 10],
    ['RebindInProgress', cloning, 'exporting', 10],
    ['ExpansionInProgress', cloning, 'exporting', 10],
    ['NamespaceTransferInProgress', cloning, 'exporting', 10],
    ['Paused', importing, 'paused', 10],
    ['Succeeded', importing, 'importing', 10],
    ['Failed', importing, 'failed'],
    ['Unknown', importing, 'unknown'],
    ['PhaseOfALaterCdi', importing, 'unknown'],
  ])('phase "%s"', (name, given, word, progress) => {
    expect(imageState(given, dataVolume({ phase: name }))).toEqual({ word, ...(progress !== undefined && { progress }), ...phase(name) })
  })

  const running = (reason: string, message: string) => [condition('Running', 'False', message, reason)]
  it.each<[string, VirtualMachineImage, ImageKeepers, ImageState]>([
    ['its own progress', importing, dataVolume({ phase: 'ImportInProgress', progress: '62.50%' }), { word: 'importing', progress: 62.5, ...phase('ImportInProgress') }],
    ['no progress, which CDI calls N/A', importing, dataVolume({ phase: 'ImportInProgress', progress: 'N/A' }), { word: 'importing', progress: 10, ...phase('ImportInProgress') }],
    ['no status yet', importing, dataVolume(undefined), { word: 'initializing', ...phase('') }],
    ['Running False, reason Error, and restarts', importing, dataVolume({ phase: 'ImportInProgress', restartCount: 4, conditions: running('Error', '404 Not Found') }), { word: 'retrying', progress: 10, message: '404 Not Found', tries: { failed: 4, limit: Infinity }, ...phase('ImportInProgress') }],
    ['Running True between two failures, which is still a retry', importing, dataVolume({ phase: 'ImportInProgress', restartCount: 7, conditions: [condition('Running', 'True', undefined, 'Pod is running')] }), { word: 'retrying', progress: 10, tries: { failed: 7, limit: Infinity }, ...phase('ImportInProgress') }],
    ['Running False, reason ImagePullFailed', importing, dataVolume({ phase: 'ImportScheduled', conditions: running('ImagePullFailed', 'no such image') }), { word: 'retrying', progress: 10, message: 'no such image', tries: { failed: 1, limit: Infinity }, ...phase('ImportScheduled') }],
    ['Running False, reason Completed', importing, dataVolume({ phase: 'ImportInProgress', conditions: running('Completed', 'Import Complete') }), { word: 'importing', progress: 10, ...phase('ImportInProgress') }],
    ['phase Failed and why', importing, dataVolume({ phase: 'Failed', conditions: running('Error', 'no space left') }), { word: 'failed', message: 'no space left', ...phase('Failed') }],
    ['Bound False and why', importing, dataVolume({ phase: 'Pending', conditions: [condition('Bound', 'False', 'quota exceeded', 'ErrExceededQuota')] }), { word: 'waiting', progress: 10, message: 'quota exceeded', ...phase('Pending') }],
    ['Bound True, of which nothing is to be said', importing, dataVolume({ phase: 'Paused', conditions: [condition('Bound', 'True', 'PVC Bound')] }), { word: 'paused', progress: 10, ...phase('Paused') }],
    ['a message of Harvester’s own retries first', image({ failed: 1, conditions: [condition('RetryLimitExceeded', 'False', 'failed due to error: no size')] }, { backend: 'cdi' }), dataVolume({ phase: 'ImportInProgress' }), { word: 'retrying', progress: 0, message: 'failed due to error: no size', tries: { failed: 1, limit: 3 } }],
    ['nothing, for it cannot be read', importing, { dataVolume: { unseen: { ...UNSEEN, resource: 'datavolumes.cdi.kubevirt.io' } } }, { word: 'importing', progress: 10, because: { ...UNSEEN, resource: 'datavolumes.cdi.kubevirt.io' } }],
    ['nothing yet, for it is not made', importing, { dataVolume: {} }, { word: 'importing', progress: 10 }],
    ['Succeeded, and Harvester took it in', image(DONE, { backend: 'cdi' }), dataVolume({ phase: 'Succeeded' }), { word: 'ready', ...phase('Succeeded') }],
    ['Succeeded, and its claim is gone', image(DONE, { backend: 'cdi' }), dataVolume({ phase: 'Succeeded', conditions: [condition('Bound', 'False', 'PVC image-1 not found', 'NotFound'), condition('Ready', 'False')] }), { word: 'unknown', message: 'PVC image-1 not found', ...phase('Succeeded') }],
    ['Succeeded, and not ready', image(DONE, { backend: 'cdi' }), dataVolume({ phase: 'Succeeded', conditions: [condition('Bound', 'True'), condition('Ready', 'False', 'no longer')] }), { word: 'unknown', message: 'no longer', ...phase('Succeeded') }],
    ['nothing yet, for it is still being read', image(DONE, { backend: 'cdi' }), { dataVolume: { unseen: { ...UNSEEN, state: 'loading' } } }, { word: 'looking', because: { ...UNSEEN, state: 'loading' } }],
    ['Succeeded when last seen', image(DONE, { backend: 'cdi' }), { dataVolume: { ...dataVolume({ phase: 'Succeeded' }).dataVolume, unseen: UNSEEN } }, { word: 'imported', because: UNSEEN }],
    ['filled anew after Harvester took it in', image(DONE, { backend: 'cdi' }), dataVolume({ phase: 'ImportInProgress' }), { word: 'importing', progress: 100, ...phase('ImportInProgress') }],
    ['gone after Harvester took it in', image(DONE, { backend: 'cdi' }), { dataVolume: {} }, { word: 'imported', because: { code: 'no-data-volume' } }],
    ['not to be read after Harvester took it in', image(DONE, { backend: 'cdi' }), { dataVolume: { unseen: UNSEEN } }, { word: 'imported', because: UNSEEN }],
    ['never asked', image(DONE, { backend: 'cdi' }), {}, { word: 'imported', because: { code: 'not-asked' } }],
  ])('%s', (_, given, keepers, state) => {
    expect(imageState(given, keepers)).toEqual(state)
  })
})

describe('every word', () => {
  const words = Object.keys(IMAGE_TONES) as ImageStateWord[]
  it('has its rank, and its name in both languages', () => {
    expect(new Set(words.map(word => IMAGE_RANKS[word])).size).toBe(words.length)
    for (const word of words) {
      expect(en.state[word], word).toBeTruthy()
      expect(zh.state[word], word).toBeTruthy()
    }
  })

  it('is green for what was seen to be whole, and for nothing else', () => {
    expect(words.filter(word => IMAGE_TONES[word] === 'ok')).toEqual(['ready'])
  })

  it('says that the import went well, or not yet', () => {
    expect(words.filter(word => isImported({ word })).sort()).toEqual(['copying', 'degraded', 'imported', 'looking', 'lost', 'ready', 'recovering'])
  })
})
