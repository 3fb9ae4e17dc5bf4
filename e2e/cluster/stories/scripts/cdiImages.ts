import { LASTING, NOBLE, claimOf } from '../imageManifests.ts'
import { OF_IMAGES } from '../sight.ts'
import type { Story } from '../story.ts'

// Images that CDI keeps, as claims of any class: Harvester's part of it.

const byHarvester = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester'], run })
/** Harvester's own API takes uploads beside Longhorn's own controllers alone; whose file CDI takes, is played. */
const byUpload = (name: string, run: Story['run']): Story => ({ ...byHarvester(name, run), needs: ['harvester', 'longhorn'] })
const FILE = new Uint8Array(2 ** 20).fill(7)
/** Longer than Harvester waits before it tries again. */
const AGAIN_MS = 15_000
const CDI = { backend: 'cdi', targetStorageClassName: 'harvester-longhorn' } as const

export const CDI_IMAGES: readonly Story[] = [
  byHarvester('CDI: an image is downloaded and deleted', async stage => {
    await stage.images.make({ ...CDI, url: LASTING })
    await stage.images.untilImported()
    await stage.images.remove()
    await stage.untilGone('DataVolume', NOBLE)
  }),
  byHarvester('CDI: an image whose file is not there says Importing for ever', async stage => {
    await stage.images.make({ ...CDI, url: 'faults/missing/disk.qcow2' })
    await stage.until('a pod that failed', () => Number(stage.find('DataVolume', NOBLE)?.status?.restartCount) > 0)
    await stage.settle()
  }),
  byHarvester('CDI: an image is deleted while it is downloaded', async stage => {
    await stage.images.make({ ...CDI, url: 'faults/slow/disk.qcow2' })
    await stage.until('some of it', () => stage.find('DataVolume', NOBLE)?.status?.phase === 'ImportInProgress')
    await stage.images.remove()
    await stage.untilGone('DataVolume', NOBLE)
  }),
  byHarvester('CDI: a disk is exported into an image', async stage => {
    await stage.disk('disk')
    await stage.images.make({ ...CDI, sourceType: 'export-from-volume', pvcName: 'disk' })
    await stage.images.untilImported()
  }),
  byHarvester('CDI: an image to be uploaded waits for its file, and is deleted', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'upload' })
    await stage.until('an image that waits', () => stage.find('VirtualMachineImage', NOBLE)?.status !== undefined)
    await stage.settle()
    await stage.images.remove()
  }),
  byHarvester('CDI: a disk that nobody provisions is exported, and waited for', async stage => {
    await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', 'nobody-provisions'))
    await stage.images.make({ ...CDI, sourceType: 'export-from-volume', pvcName: 'disk', retry: 0 })
    await stage.until('an image that is looked at', () => stage.find('VirtualMachineImage', NOBLE)?.status !== undefined)
    await stage.settle()
  }),
  byHarvester('CDI: a disk that nobody provisions is exported, tried again to the limit, and given up', async stage => {
    await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', 'nobody-provisions'))
    await stage.images.make({ ...CDI, sourceType: 'export-from-volume', pvcName: 'disk', retry: 2 })
    await stage.images.untilGivenUp()
    await stage.images.remove()
  }),
  byHarvester('CDI: an image whose host does not answer is tried again to the limit, and given up', async stage => {
    await stage.images.make({ ...CDI, url: 'http://127.0.0.1:9/disk.qcow2', retry: 2 })
    await stage.images.untilGivenUp()
  }),
  byHarvester('CDI: an image is cloned, tried again to its limit, and deleted', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'clone', retry: 2 })
    await stage.images.untilGivenUp()
    await stage.images.remove()
  }),
  byHarvester('CDI: an image is cloned, which Harvester cannot do', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'clone', retry: 0 })
    await stage.images.untilGivenUp()
  }),
  byUpload('CDI: an image is uploaded, imported and deleted', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'upload' })
    await stage.images.uploadToCdi(FILE)
    await stage.images.untilImported()
    await stage.settle()
    await stage.images.remove()
    await stage.untilGone('DataVolume', NOBLE)
  }),
  byUpload('CDI: an image is uploaded without a word on its size, and can be uploaded again', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'upload', retry: 2 })
    await stage.images.uploadToCdi(FILE, { size: 'many' })
    await stage.lookOn(AGAIN_MS)
    await stage.images.uploadToCdi(FILE)
    await stage.images.untilImported()
    await stage.settle()
  }),
  byUpload('CDI: an image is uploaded in a field that CDI does not look at, and never again, whatever the limit', async stage => {
    await stage.images.make({ ...CDI, sourceType: 'upload', retry: 2 })
    await stage.images.uploadToCdi(FILE, { field: 'chunk' })
    await stage.lookOn(AGAIN_MS)
    await stage.images.uploadToCdi(FILE)
    await stage.settle()
    await stage.images.remove()
    await stage.untilGone('DataVolume', NOBLE)
  }),
]
