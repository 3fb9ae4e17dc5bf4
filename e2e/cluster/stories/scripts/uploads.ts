import type { Picture } from '../imageManifests.ts'
import { SECRET, encrypted, encrypting } from '../imageManifests.ts'
import { OF_IMAGES } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Images whose file is sent to Harvester's own API, which passes it on to Longhorn's; and such that are made of another.

const byLonghorn = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester', 'longhorn'], run })

const MIB = 2 ** 20
/** A disk as it is, without a format around it. */
const FILE = new Uint8Array(MIB).fill(7)
const SOMETHING_ELSE = '0123456789abcdef'.repeat(8)

/** An image of an uploaded file, kept on so many disks. */
async function uploaded(stage: Stage, copies: number, more: Picture = {}): Promise<void> {
  await stage.images.make({ sourceType: 'upload', ...more })
  await stage.images.upload(FILE)
  await stage.images.untilImported()
  await stage.images.untilReady(copies)
  await stage.settle()
}

/** Somebody makes another image of an uploaded one, which is on one disk alone: a clone is made where its source is. */
async function encrypt(stage: Stage, more: Picture): Promise<void> {
  await uploaded(stage, 1, await stage.images.ownClass('single', { numberOfReplicas: '1' }))
  const own = await stage.images.ownClass('encrypted', encrypting(await stage.images.secret('passphrase')))
  await stage.images.make({ sourceType: 'clone', ...own, ...more, securityParameters: encrypted(stage.namespace) }, SECRET)
}

async function untilThrownAway(stage: Stage): Promise<void> {
  await stage.images.untilCopies('thrown away', copies => copies.some(({ state }) => state === 'failed-and-cleanup'))
  await stage.settle()
}

export const UPLOADS: readonly Story[] = [
  byLonghorn('an image is uploaded, kept on three disks, and deleted', async stage => {
    await uploaded(stage, 3)
    await stage.images.remove()
    await stage.until('its file gone', () => stage.images.file() === undefined)
  }),
  byLonghorn('an image is uploaded of another size than was told', async stage => {
    await stage.images.make({ sourceType: 'upload', retry: 0 })
    await stage.images.upload(FILE, 2 * MIB)
    await untilThrownAway(stage)
  }),
  byLonghorn('an image is uploaded of another size than was told, is not tried again, whatever the limit, and waits for no other upload', async stage => {
    await stage.images.make({ sourceType: 'upload', retry: 2 })
    await stage.images.upload(FILE, 2 * MIB)
    await untilThrownAway(stage)
    // Harvester waits for a minute until Longhorn would take it.
    await stage.images.sendFile(FILE)
    await stage.settle()
    await stage.images.remove()
    await stage.until('its file gone', () => stage.images.file() === undefined)
  }),
  byLonghorn('an image is uploaded whose checksum is of another file', async stage => {
    await stage.images.make({ sourceType: 'upload', checksum: SOMETHING_ELSE, retry: 0 })
    await stage.images.upload(FILE)
    await untilThrownAway(stage)
  }),
  byLonghorn('an image is uploaded whose size is no multiple of 512', async stage => {
    await stage.images.make({ sourceType: 'upload', retry: 0 })
    await stage.images.upload(FILE.slice(0, 1000))
    await stage.settle()
  }),
  byLonghorn('an uploaded image is encrypted into another, which is kept on three disks and deleted', async stage => {
    await encrypt(stage, {})
    await stage.images.untilImported(SECRET)
    await stage.images.untilReady(3, SECRET)
    await stage.settle()
    await stage.admin.remove('VirtualMachineImage', SECRET)
    await stage.untilGone('VirtualMachineImage', SECRET)
    await stage.until('its file gone', () => stage.images.file(SECRET) === undefined)
  }),
  byLonghorn('an uploaded image is encrypted into another, and the checksum that is given for that is not looked at', async stage => {
    await encrypt(stage, { checksum: SOMETHING_ELSE })
    await stage.images.untilImported(SECRET)
    await stage.images.untilReady(3, SECRET)
    await stage.settle()
  }),
]
