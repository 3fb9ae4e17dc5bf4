import type { Fields } from '../../../api.ts'
import { LASTING, NOBLE } from '../imageManifests.ts'
import type { Picture } from '../imageManifests.ts'
import { WEB, machine } from '../manifests.ts'
import { OF_VMS } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// VMs made as Harvester's console makes them: the disk is asked for in the VM, and its own controller makes it of an image.

const DISK = `${WEB}-disk`

/** A VM whose disk Harvester makes of an image, by the image's own class. */
function machineOf(stage: Stage): Fields {
  const { metadata, ...vm } = machine(stage.namespace, { runStrategy: 'Halted' }) as { readonly metadata: Fields }
  const { storageClassName } = stage.find('VirtualMachineImage', NOBLE)?.status as { readonly storageClassName?: string }
  const template = {
    metadata: { name: DISK, annotations: { 'harvesterhci.io/imageId': `${stage.namespace}/${NOBLE}` } },
    spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName, resources: { requests: { storage: '10Gi' } } },
  }
  return { ...vm, metadata: { ...metadata, annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify([template]), 'network.harvesterhci.io/ips': '[]' } } }
}

/** A guest on a disk of an image; then both are deleted, by the word that the console leaves for Harvester on the VM. */
function bornAndDeleted(kept: string, picture: Picture, looksAt = OF_VMS): Story {
  return {
    name: `a VM is made of an image ${kept}, runs, and is deleted with its disk`,
    looksAt: [...looksAt, 'VirtualMachineImage'],
    needs: ['kubevirt', 'harvester'],
    async run(stage) {
      await stage.images.make(picture)
      await stage.images.untilImported()
      await stage.settle()
      await stage.admin.create('VirtualMachine', machineOf(stage))
      // One that is started at once waits for its disk to be bound, or finds it so.
      await stage.until('a bound disk', () => stage.find('PersistentVolumeClaim', DISK)?.status?.phase === 'Bound')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.change('VirtualMachine', WEB, { metadata: { annotations: { 'harvesterhci.io/removedPersistentVolumeClaims': DISK } } })
      await stage.admin.remove('VirtualMachine', WEB, { propagationPolicy: 'Foreground' })
      await stage.untilGone('VirtualMachine')
      await stage.untilGone('PersistentVolumeClaim', DISK)
      await stage.untilOff()
    },
  }
}

export const VMS_OF_IMAGES: readonly Story[] = [
  bornAndDeleted('that Longhorn keeps', { url: LASTING }),
  // When the copier lets the image's own disk go is no concern of the guest's.
  bornAndDeleted('that CDI keeps', { url: LASTING, backend: 'cdi', targetStorageClassName: 'harvester-longhorn' }, OF_VMS.filter(kind => kind !== 'VolumeAttachment')),
]
