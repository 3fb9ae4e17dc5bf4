import { CURRENT, LASTING, NOBLE, claimOf } from '../imageManifests.ts'
import { OF_IMAGES } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// The copies of an image's file on Longhorn's disks: how they come, are lost, move, and go.

const byLonghorn = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester', 'longhorn'], run })
const alone = (name: string, run: Story['run']): Story => ({ ...byLonghorn(name, run), alone: true })

/** Longer than Longhorn's wait before it fetches a lost file anew, which the story sets to five seconds, and than its controllers leave an object alone, which is thirty. */
const FOR_GOOD_MS = 40_000
/** Longer than Longhorn takes to move a copy that is told to leave, and may. */
const STAYS_MS = 10_000

const fileName = (stage: Stage) => stage.images.file()?.metadata.name ?? ''

/** An image on three disks is spoilt on all of them. Longhorn fetches it anew on a disk that it has not tried; there is none until the operator allows more. */
async function allLost(stage: Stage, url: string, before: () => Promise<void>): Promise<void> {
  await stage.images.setting('backing-image-recovery-wait-interval', '5')
  await stage.images.imported({ url })
  await stage.admin.change('BackingImage', fileName(stage), { spec: { diskSelector: ['no-other-disk'] } })
  await before()
  await stage.images.spoil()
  await stage.images.untilStillLost()
  await stage.admin.change('BackingImage', fileName(stage), { spec: { diskSelector: [] } })
}

/** A bound disk that is made of the image. */
async function diskOf(stage: Stage): Promise<void> {
  const { storageClassName = '' } = (stage.find('VirtualMachineImage', NOBLE)?.status ?? {}) as { storageClassName?: string }
  await stage.admin.create('PersistentVolumeClaim', claimOf(stage.namespace, 'disk', storageClassName))
  await stage.until('a bound disk', () => stage.find('PersistentVolumeClaim', 'disk')?.status?.phase === 'Bound')
  await stage.settle()
}

export const COPIES: readonly Story[] = [
  byLonghorn('one copy of three is spoilt, and made anew', async stage => {
    await stage.images.imported({ url: LASTING })
    const first = stage.images.first()
    await stage.images.spoil([first])
    await stage.images.untilReady(4)
    await stage.settle()
  }),
  byLonghorn('all copies are spoilt, another disk is allowed, and the file is downloaded again', async stage => {
    await allLost(stage, LASTING, () => Promise.resolve())
    await stage.images.untilCopies('ready again', copies => copies.some(({ state }) => state === 'ready'))
    await stage.images.untilReady(4)
    await stage.settle()
  }),
  byLonghorn('the file at a current/ URL is replaced, all copies are spoilt, and the image is lost for good', async stage => {
    await allLost(stage, CURRENT, () => stage.images.turnTheDay())
    await stage.images.untilCopies('lost for good', copies => copies.some(({ message = '' }) => message.includes('doesn\'t match the file checksum')))
    await stage.lookOn(FOR_GOOD_MS)
  }),
  byLonghorn('a copy is evicted to another disk', async stage => {
    await stage.images.imported({ url: LASTING })
    const first = stage.images.first()
    await stage.admin.change('BackingImage', fileName(stage), { spec: { diskFileSpecMap: { [first]: { evictionRequested: true } } } })
    await stage.until('the copy gone', () => !stage.images.copies().has(first))
    await stage.images.untilReady(3)
    await stage.settle()
  }),
  alone('the node of a copy goes down and comes back', async stage => {
    const first = await stage.images.onEachNode({ url: LASTING })
    const node = await stage.images.nodeOf(first)
    await stage.silence(node)
    await stage.images.untilCopyIs(first, 'unknown')
    await stage.settle()
    await stage.hearAgain(node)
    await stage.images.untilReady(3)
    await stage.settle()
  }),
  alone('the disk of a copy is emptied', async stage => {
    const first = await stage.images.onEachNode({ url: LASTING })
    await stage.images.empty(first)
    await stage.until('the copy gone', () => !stage.images.copies().has(first))
    await stage.images.untilReady(3)
    await stage.settle()
  }),
  alone('a disk is emptied that has the only copy of an image, which stays until it has a place to go to', async stage => {
    await stage.images.imported({ url: LASTING, ...await stage.images.ownClass('single', { numberOfReplicas: '1' }) }, 1)
    const only = stage.images.first()
    await stage.admin.change('BackingImage', fileName(stage), { spec: { diskSelector: ['no-other-disk'] } })
    await stage.images.empty(only)
    await stage.images.untilEvicted(only)
    await stage.lookOn(STAYS_MS)
    await stage.admin.change('BackingImage', fileName(stage), { spec: { diskSelector: [] } })
    await stage.until('the copy gone', () => !stage.images.copies().has(only))
    await stage.images.untilReady(1)
    await stage.settle()
  }),
  alone('a disk is emptied whose copy is in use, which stays beside another until nobody uses it', async stage => {
    const first = await stage.images.onEachNode({ url: LASTING })
    // A replica of it on each node: where the copies are, since no other disk is open.
    await diskOf(stage)
    await stage.images.empty(first)
    await stage.images.untilEvicted(first)
    await stage.images.untilReady(4)
    await stage.lookOn(STAYS_MS)
    await stage.admin.remove('PersistentVolumeClaim', 'disk')
    await stage.until('the copy gone', () => !stage.images.copies().has(first))
    await stage.images.untilReady(3)
    await stage.settle()
  }),
  byLonghorn('more copies are wanted, and fewer again', async stage => {
    await stage.images.imported({ url: LASTING })
    await stage.admin.change('BackingImage', fileName(stage), { spec: { minNumberOfCopies: 4 } })
    await stage.images.untilReady(4)
    await stage.admin.change('BackingImage', fileName(stage), { spec: { minNumberOfCopies: 2 } })
    await stage.settle()
  }),
  byLonghorn('the file of an image is deleted under it', async stage => {
    await stage.images.imported({ url: LASTING })
    await stage.admin.remove('BackingImage', fileName(stage))
    await stage.until('the file gone', () => stage.images.file() === undefined)
    await stage.settle()
    await stage.images.remove()
  }),
]
