import type { Machine } from '../manifests.ts'
import { WEB, copyOf, importOf, instance } from '../manifests.ts'
import { OF_VMS } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'
import { WAITED_FOR_BY_HARVESTER } from './deleting.ts'

// Disks that are still filled, that two VMs have, and that are deleted under a guest.

const DISK = `${WEB}-disk`
const GOLDEN = 'golden'
const OTHER = 'other'

/** A VM on a disk that CDI still copies. */
async function cloning(stage: Stage, given: Machine): Promise<void> {
  await stage.disk(GOLDEN)
  await stage.admin.create('DataVolume', copyOf(stage.namespace, DISK, GOLDEN))
  await stage.until('a copy under way', () => phaseOf(stage) === 'CloneInProgress')
  await stage.admin.make(given)
}

/** Until instance and VM say that they wait for the copy. What is copied moves, so there is no rest to wait for. */
function untilToldOf(stage: Stage): Promise<void> {
  return stage.until('a VM that waits for its copy', () => (['VirtualMachine', 'VirtualMachineInstance'] as const).every(kind => JSON.stringify(stage.find(kind)?.status?.conditions ?? []).includes('NotAllDVsReady')))
}

const phaseOf = (stage: Stage) => stage.find('DataVolume', DISK)?.status?.phase

/** When the copier lets its own disk go is no concern of the guest's. */
const aboutCopies = (name: string, run: Story['run']): Story => ({ name, looksAt: [...OF_VMS.filter(kind => kind !== 'VolumeAttachment'), 'DataVolume'], run })

/** What is held by the guest of one VM alone: its instance, its pod. */
function isOff(stage: Stage, name: string): boolean {
  return !stage.find('VirtualMachineInstance', name) && !stage.launchers().some(({ metadata }) => metadata.labels?.['vm.kubevirt.io/name'] === name)
    && !stage.find('VirtualMachine', name)?.status?.created
}

/** By itself, or with the DataVolume that it belongs to: the claim of a VM that stays is deleted by Kubernetes' garbage collector alone, which Harvester's webhook lets through. */
async function deleteDisk(stage: Stage, by: 'PersistentVolumeClaim' | 'DataVolume' = 'PersistentVolumeClaim'): Promise<void> {
  await stage.admin.remove(by, DISK)
  await stage.until('a disk that is to go', () => stage.find('PersistentVolumeClaim', DISK)?.metadata.deletionTimestamp !== undefined)
  await stage.settle()
}

/** The disk goes under a VM that runs and stays: it is there for as long as the guest is. */
const deletedUnder = (by: 'claim' | 'volume'): Story => aboutCopies(`a disk is deleted with its DataVolume under a running VM, goes when that is stopped, and the VM is started in vain; it is named by its ${by === 'claim' ? 'claim' : 'DataVolume'}`, async stage => {
  await stage.disk(GOLDEN)
  await stage.admin.create('DataVolume', copyOf(stage.namespace, DISK, GOLDEN, '1Gi'))
  await stage.until('the copy made', () => phaseOf(stage) === 'Succeeded')
  await stage.settle()
  await stage.admin.make({ runStrategy: 'RerunOnFailure', by })
  await stage.untilRunning()
  await deleteDisk(stage, 'DataVolume')
  await stage.admin.ask('stop')
  await stage.untilGone('PersistentVolumeClaim', DISK)
  await stage.until('no instance', () => isOff(stage, WEB))
  await stage.settle()
  await stage.admin.ask('start')
  await stage.untilPrinted('ErrorPvcNotFound')
  await stage.settle()
})

/** Hosts under .invalid have no address, wherever CDI is played. */
const NOWHERE = 'http://images.invalid/web.raw'
const SOMEWHERE = 'http://images.example.com/web.raw'

/** A VM that is to run on a disk which CDI tries to fill in vain. */
async function importing(stage: Stage, given: Machine): Promise<void> {
  await stage.admin.create('DataVolume', importOf(stage.namespace, DISK, NOWHERE))
  await stage.until('an import that fails', () => Number(stage.find('DataVolume', DISK)?.status?.restartCount) > 0)
  await stage.admin.make(given)
}

export const DISKS: readonly Story[] = [
  deletedUnder('claim'),
  deletedUnder('volume'),
  ...(['volume', 'claim'] as const).map(by => aboutCopies(`a disk is still cloned when its VM is started, which waits for it; it is named by its ${by === 'claim' ? 'claim' : 'DataVolume'}`, async stage => {
    await cloning(stage, { runStrategy: 'Halted', by })
    await stage.untilPrinted(by === 'claim' ? 'Stopped' : 'Provisioning')
    await stage.admin.ask('start')
    await untilToldOf(stage)
    await stage.until('the copy made', () => phaseOf(stage) === 'Succeeded')
    await stage.untilRunning()
  })),
  aboutCopies('a disk is still cloned, and the VM that waits for it is Halted', async stage => {
    await cloning(stage, { runStrategy: 'Always', by: 'volume' })
    await untilToldOf(stage)
    await stage.admin.strategy('Halted')
    await stage.until('no instance', () => isOff(stage, WEB))
    await stage.until('the copy made', () => phaseOf(stage) === 'Succeeded')
    await stage.settle()
  }),
  aboutCopies('an import into a disk fails, its VM waits, and starts by itself once another import has filled it', async stage => {
    await importing(stage, { runStrategy: 'RerunOnFailure', by: 'volume' })
    await stage.untilPrinted('DataVolumeError')
    await untilToldOf(stage)
    await stage.admin.ask('start')
    await stage.admin.remove('DataVolume', DISK)
    await stage.untilPrinted('ErrorPvcNotFound')
    await stage.untilGone('PersistentVolumeClaim', DISK)
    await stage.settle()
    await stage.admin.create('DataVolume', importOf(stage.namespace, DISK, SOMEWHERE))
    await stage.until('the disk filled', () => phaseOf(stage) === 'Succeeded')
    await stage.untilRunning()
  }),
  aboutCopies('an import into a disk fails, and its VM is stopped, which goes on telling of it', async stage => {
    await importing(stage, { runStrategy: 'Halted', by: 'volume' })
    await stage.untilPrinted('DataVolumeError')
    await stage.admin.ask('start')
    await untilToldOf(stage)
    await stage.admin.ask('stop')
    await stage.until('no instance', () => isOff(stage, WEB))
    await stage.lookOn(1000)
  }),
  aboutCopies('an import into a disk fails, of which a VM that names it by its claim tells nothing', async stage => {
    await importing(stage, { runStrategy: 'Always', by: 'claim' })
    await untilToldOf(stage)
    await stage.lookOn(1000)
  }),
  {
    name: 'two VMs share a disk, and one of them is stopped',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure', shareable: true })
      await stage.admin.make({ name: OTHER, runStrategy: 'RerunOnFailure', claim: DISK, shareable: true })
      await stage.untilRunning(OTHER)
      await stage.admin.ask('stop')
      await stage.until('the first off', () => isOff(stage, WEB))
      await stage.settle()
      await stage.admin.ask('stop', {}, OTHER)
      await stage.untilOff(OTHER)
    },
  },
  {
    name: 'two VMs share a disk for one node alone, and the second waits elsewhere until the first lets go',
    async run(stage) {
      await stage.disk(DISK, 'ReadWriteOnce')
      await stage.admin.make({ runStrategy: 'RerunOnFailure', shareable: true })
      await stage.untilRunning()
      await stage.node()
      await stage.admin.make({ name: OTHER, runStrategy: 'RerunOnFailure', claim: DISK, shareable: true })
      await stage.untilPhase('Scheduling', OTHER)
      await stage.settle()
      await stage.admin.ask('start', {}, OTHER)
      await stage.admin.ask('stop')
      await stage.until('the first off', () => isOff(stage, WEB))
      await stage.untilRunning(OTHER)
    },
  },
  {
    // Of a VM that stays Harvester's webhook refuses it (answers/claims.ts).
    name: 'a disk is deleted with its VM, and stays until the deaf guest is over',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure', guest: 'deaf', grace: 16 })
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilPrinted('Terminating')
      await deleteDisk(stage)
      await stage.admin.remove('PersistentVolumeClaim', DISK)
      await stage.untilGone('VirtualMachine')
      await stage.untilGone('PersistentVolumeClaim', DISK)
      await stage.untilOff()
    },
  },
  {
    name: 'a disk is deleted under a running guest without a VM, which is paused and resumed, and goes when that is over',
    ...WAITED_FOR_BY_HARVESTER,
    async run(stage) {
      await stage.disk()
      await stage.admin.create('VirtualMachineInstance', instance(stage.namespace, {}))
      await stage.untilRunning()
      await deleteDisk(stage)
      await stage.admin.ask('pause')
      await stage.until('a guest that stands still', () => JSON.stringify(stage.find('VirtualMachineInstance')?.status?.conditions).includes('Paused'))
      await stage.settle()
      await stage.admin.ask('unpause')
      await stage.untilRunning()
      await stage.admin.remove('VirtualMachineInstance', WEB)
      await stage.untilOff()
      await stage.untilGone('PersistentVolumeClaim', DISK)
      await stage.settle()
    },
  },
  {
    name: 'a VM that is off is started after its disk was deleted',
    async run(stage) {
      await stage.disk()
      await stage.admin.remove('PersistentVolumeClaim', DISK)
      await stage.untilGone('PersistentVolumeClaim', DISK)
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilPrinted('ErrorPvcNotFound')
      await stage.settle()
    },
  },
]
