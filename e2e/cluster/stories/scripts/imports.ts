import { CURRENT, LASTING, NOBLE, SECRET, claimOf, encrypted, encrypting } from '../imageManifests.ts'
import { OF_IMAGES } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Images, from the first attempt at them to the limit of retries, kept by Longhorn.

const SOMETHING_ELSE = '0123456789abcdef'.repeat(8)

/** A story that Harvester alone decides. */
const byHarvester = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester'], run })
const byLonghorn = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester', 'longhorn'], run })

/** Longer than Longhorn waits before it fetches a file anew that has failed: a minute. */
const AGAIN_SECONDS = 170

/** Until Harvester has given it up, and Longhorn has thrown away what it had of it. */
async function untilCleanedUp(stage: Stage): Promise<void> {
  await stage.images.untilGivenUp()
  await stage.images.untilCopies('thrown away', copies => copies.some(({ state }) => state === 'failed-and-cleanup'))
  await stage.settle()
}

async function remove(stage: Stage): Promise<void> {
  await stage.images.remove()
  await stage.until('its file gone', () => stage.images.file() === undefined)
}

export const IMPORTS: readonly Story[] = [
  byLonghorn('an image is downloaded, kept on three disks, and deleted', async stage => {
    await stage.images.imported({ url: CURRENT })
    await remove(stage)
  }),
  byHarvester('an image whose file is not there is tried again and given up', async stage => {
    await stage.images.make({ url: 'faults/missing/disk.qcow2' })
    await stage.images.untilGivenUp()
    await remove(stage)
  }),
  byHarvester('an image whose host does not answer is given up, and a later limit does not help it', async stage => {
    await stage.images.make({ url: 'http://127.0.0.1:9/disk.qcow2', retry: 0 })
    await stage.images.untilGivenUp()
    await stage.admin.change('VirtualMachineImage', NOBLE, { spec: { retry: 5 } })
    await stage.settle()
  }),
  byHarvester('an image whose server answers no HEAD is given up', async stage => {
    await stage.images.make({ url: 'faults/no-head/disk.qcow2', retry: 0 })
    await stage.images.untilGivenUp()
  }),
  byHarvester('an image whose class names its disks: Longhorn is told of none', async stage => {
    await stage.images.make({ url: LASTING, ...await stage.images.ownClass('class', { diskSelector: 'nowhere' }) })
    await stage.images.untilImported()
    await stage.images.untilReady(3)
    await remove(stage)
  }),
  byLonghorn('an image with the checksum of another file is given up', async stage => {
    await stage.images.make({ url: LASTING, checksum: SOMETHING_ELSE, retry: 0 })
    await untilCleanedUp(stage)
    await remove(stage)
  }),
  byHarvester('an image with a checksum that is none is refused by Longhorn, and given up', async stage => {
    await stage.images.make({ url: LASTING, checksum: 'nothex' })
    await stage.images.untilGivenUp()
    await remove(stage)
  }),
  byLonghorn('an image is deleted while it is downloaded', async stage => {
    await stage.images.make({ url: 'faults/slow/disk.qcow2' })
    await stage.until('some of it', () => stage.images.source()?.status?.currentState === 'in-progress')
    await remove(stage)
  }),
  byLonghorn('an image that a disk is made of is not deleted until the disk is gone', async stage => {
    await stage.images.imported({ url: LASTING })
    const { storageClassName = '' } = (stage.find('VirtualMachineImage', NOBLE)?.status ?? {}) as { storageClassName?: string }
    await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', storageClassName))
    await stage.until('a bound disk', () => stage.find('PersistentVolumeClaim', 'disk')?.status?.phase === 'Bound')
    await stage.settle()
    await stage.admin.remove('VirtualMachineImage', NOBLE)
    await stage.admin.remove('PersistentVolumeClaim', 'disk')
    await stage.untilGone('PersistentVolumeClaim', 'disk')
    await stage.settle()
    await remove(stage)
  }),
  byLonghorn('an image whose download breaks off is given up', async stage => {
    await stage.images.make({ url: 'faults/cut/disk.qcow2', retry: 0 })
    await untilCleanedUp(stage)
  }),
  byLonghorn('an image to be uploaded whose file never comes is given up', async stage => {
    await stage.images.make({ sourceType: 'upload', retry: 0 })
    await untilCleanedUp(stage)
    await remove(stage)
  }),
  byLonghorn('an image to be uploaded waits for its file, and is deleted', async stage => {
    await stage.images.make({ sourceType: 'upload' })
    await stage.until('a source that waits', () => stage.images.source()?.status?.currentState === 'pending')
    await stage.settle()
    await remove(stage)
  }),
  byLonghorn('an image with the checksum of another file is fetched again by Longhorn after a minute, and given up', async stage => {
    await stage.images.make({ url: LASTING, checksum: SOMETHING_ELSE, retry: 1 })
    await stage.images.untilGivenUpOrNot(AGAIN_SECONDS)
    await untilCleanedUp(stage)
  }),
  byHarvester('a disk that is not bound is not exported', async stage => {
    await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', 'nobody-provisions'))
    await stage.images.make({ sourceType: 'export-from-volume', pvcName: 'disk', retry: 0 })
    await stage.images.untilGivenUp()
  }),
  byHarvester('a disk that is not bound is exported, tried again to the limit, and given up', async stage => {
    await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', 'nobody-provisions'))
    await stage.images.make({ sourceType: 'export-from-volume', pvcName: 'disk', retry: 2 })
    await stage.images.untilGivenUp()
    await remove(stage)
  }),
  {
    ...byHarvester('a volume is exported into an image', async stage => {
      await stage.disk('disk')
      await stage.images.imported({ sourceType: 'export-from-volume', pvcName: 'disk' })
      await remove(stage)
    }),
    without: ['longhorn'],
  },
  byHarvester('an image is cloned without a word on what to encrypt', async stage => {
    await stage.images.imported({ url: LASTING })
    await stage.images.make({ sourceType: 'clone', retry: 0 }, SECRET)
    await stage.settle()
  }),
  byHarvester('an image whose file is gone is encrypted into another, tried again to the limit, and given up', async stage => {
    await stage.images.imported({ url: LASTING })
    await stage.admin.remove('BackingImage', String(stage.images.file()?.metadata.name))
    await stage.until('the file gone', () => stage.images.file() === undefined)
    const own = await stage.images.ownClass('encrypted', encrypting(await stage.images.secret('passphrase')))
    await stage.images.make({ sourceType: 'clone', ...own, retry: 2, securityParameters: encrypted(stage.namespace) }, SECRET)
    await stage.images.untilGivenUp(SECRET)
    await stage.admin.remove('VirtualMachineImage', SECRET)
    await stage.untilGone('VirtualMachineImage', SECRET)
  }),
]
