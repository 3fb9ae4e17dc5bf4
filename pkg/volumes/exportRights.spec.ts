import { expect, it } from 'vitest'
import { permissionText } from '#kube/write.ts'
import type { ExportedVm } from './exportIntent.ts'
import { rightsOfExport, rightsOfForce, rightsOfRequest, rightsOfStart } from './exportRights.ts'

const vm = (runStrategy: ExportedVm['runStrategy'], wasRunning = true): ExportedVm => ({ name: 'web-01', runStrategy, wasRunning })
const intent = (vms: readonly ExportedVm[], restart = true) => ({ claim: { namespace: 'lab', name: 'root' }, image: { namespace: 'images', displayName: 'root' }, vms, restart })

const CLAIM = 'patch persistentvolumeclaims in namespace lab'
const VM = 'patch virtualmachines.kubevirt.io in namespace lab'
const IMAGE = 'create virtualmachineimages.harvesterhci.io in namespace images'
const FOUND = 'patch virtualmachineimages.harvesterhci.io in namespace images'
const BACKUP = 'create virtualmachinebackups.harvesterhci.io in namespace lab'
const START = 'update virtualmachines/start.subresources.kubevirt.io in namespace lab'

it.each<[string, Parameters<typeof rightsOfExport>, string[]]>([
  ['of a disk that nobody uses: the note and the image', [intent([])], [IMAGE, CLAIM]],
  ['of a disk whose VM is off already: no more', [intent([vm('Always', false)])], [IMAGE, CLAIM]],
  ['under a VM: its strategy besides', [intent([vm('RerunOnFailure')])], [IMAGE, CLAIM, VM]],
  ['under a Manual VM: its start besides, without which it would stay off', [intent([vm('Manual')])], [IMAGE, CLAIM, VM, START]],
  ['under a Manual VM that is to stay off: not its start', [intent([vm('Manual')], false)], [IMAGE, CLAIM, VM]],
  ['that backs its VM up first: the backup besides', [{ ...intent([vm('Always')]), backupFirst: true }], [IMAGE, BACKUP, CLAIM, VM]],
  ['whose backup is made: no more of it', [{ ...intent([vm('Always')]), backupFirst: true, isBackedUp: true }], [IMAGE, CLAIM, VM]],
  ['of a disk that runs on: nothing of its VM', [{ ...intent([vm('Manual')]), runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }], [IMAGE, CLAIM]],
  ['whose image is made: only the end', [intent([vm('Always')]), true], [CLAIM, VM]],
])('an export %s, asked for; to carry it out, what is found out about the image besides', (_, given, rights) => {
  expect(rightsOfRequest(...given).map(permissionText)).toEqual(rights)
  expect(rightsOfExport(...given).map(permissionText)).toEqual([...rights, FOUND])
})

it('what it has stopped is started without a right to images', () => {
  expect(rightsOfStart(intent([vm('Manual'), vm('Always')])).map(permissionText)).toEqual([CLAIM, VM, START])
})

it('a guest is forced with a stop of its VM', () => {
  expect(rightsOfForce(intent([vm('Always')])).map(permissionText)).toEqual([CLAIM, 'update virtualmachines/stop.subresources.kubevirt.io in namespace lab'])
})
