import type { Condition } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { ImageSourceType, VirtualMachineImage } from './image.ts'
import type { ImageState } from './imageState.ts'
import { describe, expect, it } from 'vitest'
import { imageState, judgeImageSource } from './imageState.ts'

const condition = (type: string, status: Condition['status'], message?: string, reason?: string): Condition => ({ type, status, ...(message && { message }), ...(reason && { reason }) })
const meta = { name: 'image-1', namespace: 'production', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
function image(status: VirtualMachineImage['status'], sourceType: ImageSourceType = 'download', extra: object = {}): VirtualMachineImage {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { ...meta, ...extra }, spec: { displayName: 'noble', sourceType }, status }
}
const INITIALIZED = condition('Initialized', 'True')
const IMPORTING = condition('Imported', 'Unknown', undefined, 'Importing')

describe('the state of an image', () => {
  it.each<[string, VirtualMachineImage, ImageState]>([
    ['that nobody has looked at', image(undefined), { word: 'initializing' }],
    ['before anything is made', image({ conditions: [] }), { word: 'initializing' }],
    ['while it is downloaded', image({ progress: 42, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 42 }],
    ['while it is uploaded', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, 'upload'), { word: 'uploading', progress: 7 }],
    ['while it is exported', image({ progress: 7, conditions: [INITIALIZED, IMPORTING] }, 'export-from-volume'), { word: 'exporting', progress: 7 }],
    ['at 100 % before the checksum is known', image({ progress: 100, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 100 }],
    ['between two tries, which Harvester shows as Downloading', image({ progress: 0, failed: 1, conditions: [INITIALIZED, IMPORTING, condition('RetryLimitExceeded', 'False', 'retry attempted 1/3 failed due to error: got 404 status code from https://x')] }), { word: 'retrying', progress: 0, message: 'retry attempted 1/3 failed due to error: got 404 status code from https://x', tries: { failed: 1, limit: 3 } }],
    ['that has given up', image({ failed: 4, conditions: [condition('RetryLimitExceeded', 'True', 'retry attempted 3/3 failed'), condition('Imported', 'False', 'boom')] }), { word: 'failed', message: 'retry attempted 3/3 failed', tries: { failed: 4, limit: 3 } }],
    ['that could not begin', image({ conditions: [condition('Initialized', 'False', 'no class')] }), { word: 'failed', message: 'no class' }],
    ['whose upload broke off', image({ conditions: [INITIALIZED, condition('Imported', 'False', 'cut', 'UploadFailed')] }, 'upload'), { word: 'failed', message: 'cut' }],
    ['that is ready', image({ progress: 100, conditions: [INITIALIZED, condition('Imported', 'True')] }), { word: 'ready' }],
    ['that is ready after tries that failed', image({ progress: 100, failed: 2, conditions: [INITIALIZED, condition('Imported', 'True'), condition('RetryLimitExceeded', 'False')] }), { word: 'ready' }],
    ['whose BackingImage is gone', image({ conditions: [INITIALIZED, condition('Imported', 'True'), condition('BackingImageMissing', 'True', 'not found')] }), { word: 'missing', message: 'not found' }],
    ['that is being deleted', image({ conditions: [condition('Imported', 'True')] }, 'download', { deletionTimestamp: '2026-01-02T00:00:00Z' }), { word: 'deleting' }],
    ['with progress beyond bounds', image({ progress: 250, conditions: [INITIALIZED, IMPORTING] }), { word: 'importing', progress: 100 }],
  ])('%s', (_, given, state) => {
    expect(imageState(given)).toEqual(state)
  })

  it('says of a CDI image what its DataVolume says, because Harvester does not', () => {
    const importing = image({ progress: 10, conditions: [INITIALIZED, IMPORTING] })
    const dataVolume = (status: DataVolume['status']): DataVolume => ({ apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta, spec: {}, status })
    expect(imageState(importing, dataVolume({ phase: 'ImportInProgress', progress: '10%' }))).toEqual({ word: 'importing', progress: 10 })
    expect(imageState(importing, dataVolume({ phase: 'ImportInProgress', restartCount: 4, conditions: [condition('Running', 'False', '404 Not Found', 'Error')] }))).toEqual({ word: 'retrying', progress: 10, message: '404 Not Found', tries: { failed: 4, limit: Infinity } })
    expect(imageState(importing, dataVolume({ phase: 'Failed' }))).toMatchObject({ word: 'failed' })
  })
})

it('judges the source of a downloaded image alone', () => {
  const url = 'https://cloud-images.ubuntu.com/noble/current/noble.img'
  const base = image(undefined)
  expect(judgeImageSource({ ...base, spec: { ...base.spec, url } })?.verdict).toBe('mutable')
  expect(judgeImageSource(base)).toBeUndefined()
  expect(judgeImageSource({ ...base, spec: { ...base.spec, sourceType: 'restore', url } })).toBeUndefined()
})
