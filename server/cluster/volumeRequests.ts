import type { VirtualMachine, VmVolume } from '#vms/vm.ts'
import { VMS } from '#vms/vm.ts'
import { change } from './controllers/step.ts'
import { isPluggable } from './controllers/guestVolumes.ts'
import type { PowerOutcome, PowerRefusal } from './powerRequests.ts'
import { conflict } from './powerRequests.ts'

// kubevirt pkg/virt-api/rest/volumes.go under the gate DeclarativeHotplugVolumes: the VM's template is changed, and nothing else.

export interface VolumeBody {
  readonly name?: string
  readonly disk?: object
  readonly volumeSource?: Pick<VmVolume, 'persistentVolumeClaim' | 'dataVolume'>
}

function bad(message: string): PowerRefusal {
  return { status: 400, reason: 'BadRequest', message }
}

/** What is missing of a body, which virt-api says before it looks for the VM. */
export function faultOfVolumeBody(act: 'addvolume' | 'removevolume', { name, disk, volumeSource }: VolumeBody): PowerRefusal | undefined {
  const options = act === 'addvolume' ? 'AddVolumeOptions' : 'RemoveVolumeOptions'
  if (!name)
    return bad(`${options} requires name to be set`)
  if (act === 'removevolume')
    return undefined
  if (!disk)
    return bad(`${options} requires disk to not be nil`)
  return volumeSource ? undefined : bad(`${options} requires VolumeSource to not be nil`)
}

/** `PUT …/virtualmachines/{name}/addvolume`. */
export function addVolume(vm: VirtualMachine, { name = '', disk, volumeSource = {} }: VolumeBody): PowerOutcome {
  const volumes = vm.spec.template.spec.volumes ?? []
  const source = volumeSource.dataVolume?.name ?? volumeSource.persistentVolumeClaim?.claimName
  const refuse = (because: string) => conflict(vm.metadata.name, because)
  for (const volume of volumes) {
    if (volume.name === name)
      return refuse(`Unable to add volume [${name}] because volume with that name already exists`)
    if (sourceOf(volume) === source)
      return refuse(`Unable to add volume source [${source}] because it already exists`)
  }
  const { dataVolume, persistentVolumeClaim } = volumeSource
  const added = dataVolume ? { name, dataVolume: { ...dataVolume, hotpluggable: true } } : { name, persistentVolumeClaim: { ...persistentVolumeClaim, hotpluggable: true } }
  return template(vm, [...volumes, added], [...disksOf(vm), { ...disk, name }])
}

/** `PUT …/virtualmachines/{name}/removevolume`: by the name of the volume, or of what is behind it. */
export function removeVolume(vm: VirtualMachine, { name = '' }: VolumeBody): PowerOutcome {
  const volumes = vm.spec.template.spec.volumes ?? []
  const found = volumes.find(volume => volume.name === name || sourceOf(volume) === name)
  if (!found || !isPluggable(found))
    return conflict(vm.metadata.name, `Unable to remove volume [${found?.name ?? name}] because it ${found ? 'is not hotpluggable' : 'does not exist'}`)
  return template(vm, volumes.filter(volume => volume.name !== name), disksOf(vm).filter(disk => disk.name !== name))
}

function sourceOf({ dataVolume, persistentVolumeClaim }: VmVolume): string | undefined {
  return dataVolume?.name ?? persistentVolumeClaim?.claimName
}

function disksOf(vm: VirtualMachine): readonly { readonly name: string }[] {
  return vm.spec.template.spec.domain?.devices?.disks ?? []
}

function template(vm: VirtualMachine, volumes: readonly object[], disks: readonly object[]): PowerOutcome {
  return { writes: [change(VMS, vm, { spec: { template: { spec: { volumes, domain: { devices: { disks } } } } } })] }
}
