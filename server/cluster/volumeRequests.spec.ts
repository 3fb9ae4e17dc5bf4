import { describe, expect, it } from 'vitest'
import type { VirtualMachine, VmVolume } from '#vms/vm.ts'
import type { VolumeBody } from './volumeRequests.ts'
import { addVolume, faultOfVolumeBody, removeVolume } from './volumeRequests.ts'

// As KubeVirt 1.8.0's virt-api answered with the gate DeclarativeHotplugVolumes.

const vmOf = (...volumes: VmVolume[]): VirtualMachine => ({
  apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'web', namespace: 'lab', uid: 'vm', resourceVersion: '1', creationTimestamp: '' },
  spec: { template: { spec: { volumes, domain: { devices: { disks: volumes.map(({ name }) => ({ name })) } } } } },
})
const ROOT: VmVolume = { name: 'root', persistentVolumeClaim: { claimName: 'root' } }
const DATA: VmVolume = { name: 'data', persistentVolumeClaim: { claimName: 'disk', hotpluggable: true } }
const body = (name: string, claimName: string): VolumeBody => ({ name, disk: { disk: { bus: 'scsi' } }, volumeSource: { persistentVolumeClaim: { claimName } } })

function told(outcome: ReturnType<typeof addVolume>): unknown {
  return 'writes' in outcome ? outcome.writes.map(write => write.do === 'patch' ? write.body : write) : `${outcome.status} ${outcome.message}`
}
const templateOf = (volumes: object[], disks: object[]) => [{ spec: { template: { spec: { volumes, domain: { devices: { disks } } } } } }]

describe('a request for a volume', () => {
  it.each([
    ['addvolume', {}, 'AddVolumeOptions requires name to be set'],
    ['addvolume', { name: 'x' }, 'AddVolumeOptions requires disk to not be nil'],
    ['addvolume', { name: 'x', disk: {} }, 'AddVolumeOptions requires VolumeSource to not be nil'],
    ['removevolume', {}, 'RemoveVolumeOptions requires name to be set'],
  ] as const)('%s with %j lacks something', (act, lacking, message) => {
    expect(faultOfVolumeBody(act, lacking)).toEqual({ status: 400, reason: 'BadRequest', message })
  })

  it('adds it to the template, pluggable, with its disk', () => {
    expect(faultOfVolumeBody('addvolume', body('data', 'disk'))).toBeUndefined()
    expect(told(addVolume(vmOf(ROOT), body('data', 'disk')))).toEqual(templateOf([ROOT, DATA], [{ name: 'root' }, { name: 'data', disk: { bus: 'scsi' } }]))
  })

  it('is refused where name or source are there', () => {
    expect(told(addVolume(vmOf(ROOT), body('root', 'disk')))).toBe('409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": Unable to add volume [root] because volume with that name already exists')
    expect(told(addVolume(vmOf(ROOT), body('data', 'root')))).toBe('409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": Unable to add volume source [root] because it already exists')
  })

  it('takes a pluggable one away, and no other', () => {
    expect(told(removeVolume(vmOf(ROOT, DATA), { name: 'data' }))).toEqual(templateOf([ROOT], [{ name: 'root' }]))
    expect(told(removeVolume(vmOf(ROOT, DATA), { name: 'root' }))).toBe('409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": Unable to remove volume [root] because it is not hotpluggable')
    expect(told(removeVolume(vmOf(ROOT), { name: 'nosuch' }))).toBe('409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": Unable to remove volume [nosuch] because it does not exist')
  })
})
