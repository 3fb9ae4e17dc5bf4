import { WEB } from '../manifests.ts'
import { OF_IMAGES } from '../sight.ts'
import type { Story } from '../story.ts'

// What the embedded cluster does otherwise, and stays so: each story holds both sides of a row of differences.md, and has a record of either.

/** Longer than the embedded cluster takes to fail, and than upstream would. */
const FAILS_SECONDS = 45

const otherwise = (name: string, row: string, run: Story['run']): Story => ({ name, looksAt: OF_IMAGES, needs: ['harvester', 'longhorn'], otherwise: row, run })

/** Longer than an instance takes to go once it is over. */
const STAYS_SECONDS = 20

/** Beside Harvester, which never lets go: the stories of such instances that are told where it is not are in deleting.ts. */
const keptByHarvester: Story = {
  name: 'an instance whose VM is gone is deleted and goes, or stays', needs: ['kubevirt', 'harvester'], otherwise: 'an instance whose VM is gone is deleted',
  async run(stage) {
    await stage.running({ runStrategy: 'Always' })
    await stage.admin.remove('VirtualMachine', WEB, { propagationPolicy: 'Orphan' })
    await stage.untilGone('VirtualMachine')
    await stage.settle()
    stage.afterwards(() => stage.letGo('VirtualMachineInstance', WEB))
    await stage.admin.remove('VirtualMachineInstance', WEB)
    await stage.untilOrNot('the instance gone', () => !stage.find('VirtualMachineInstance'), STAYS_SECONDS)
    await stage.settle()
  },
}

export const OTHERWISE: readonly Story[] = [
  keptByHarvester,
  otherwise('an image whose size is no multiple of 512 fails, or is waited for', 'a file whose size is no multiple of 512', async stage => {
    await stage.images.make({ url: 'faults/odd-size/disk.raw', retry: 0 })
    await stage.images.untilGivenUpOrNot(FAILS_SECONDS)
  }),
]
