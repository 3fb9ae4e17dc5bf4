import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { GuestEnding } from './exportIntent.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportSafety, ExportSafetyWord } from './exportSafety.ts'
import type { ExportWorld } from './exportWorld.ts'
import { describe, expect, it } from 'vitest'
import { isFreedByStopping, judgeExportSafety, whyNotFreed } from './exportSafety.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { writeIntent } from './exportIntent.ts'
import { attachment, backup, CLAIM, dataVolume, DELETED, exportImage, live, longhornVolume, meta, node, OUT_OF_SERVICE, pod, REST, restore, snapshot, vm, vmExport, vmi } from './scriptedWorld.ts'

const settled = (name: string): PersistentVolumeClaim => ({ ...CLAIM, metadata: { ...meta(name), annotations: { [EXPORT_ANNOTATION]: JSON.stringify({ id: 'other', image: { namespace: 'production', displayName: 'x' }, storageClass: 'x', vms: [], isSettled: true }) } } })
const RESIZING = { ...CLAIM, status: { ...CLAIM.status, conditions: [{ type: 'Resizing', status: 'True' as const }] } }
/** The claim with an export's note: where its VMs ran, and how their guests ended. */
const noted = (began: Readonly<Record<string, string | undefined>>, word: GuestEnding = 'shut-down', nodes: Readonly<Record<string, string>> = {}) => {
  const vms = Object.entries(began).map(([name, at]) => ({ name, runStrategy: 'Always' as const, wasRunning: true, ...(at && { node: at }) }))
  const text = writeIntent({ id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'disk' }, storageClass: 'harvester-longhorn', vms, nodes, endings: { 'web-01': { word } }, restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00Z' })
  return { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: text } } }
}
const provisionedBy = (driver: string): PersistentVolumeClaim => ({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { 'volume.kubernetes.io/storage-provisioner': driver } } })
const WITHOUT = { ...vmi('Running'), spec: {} }

describe('the disk is', () => {
  it.each<[string, Partial<ExportWorld>, ExportSafetyWord, ExportSafetyReason['code'][]]>([
    ['at rest, halted and everything gone', {}, 'at-rest', []],
    ['at rest with no VM at all', { vms: live() }, 'at-rest', []],
    ['at rest under Manual', { vms: live(vm('Manual')) }, 'at-rest', []],
    ['at rest under RerunOnFailure after the guest shut down', { vms: live(vm('RerunOnFailure')) }, 'at-rest', []],
    ['at rest whatever is printed', { vms: live(vm('Halted', { printableStatus: 'WaitingForVolumeBinding' })) }, 'at-rest', []],
    ['in use although Stopped is printed: the instance runs', { vms: live(vm('Halted', { printableStatus: 'Stopped' })), vmis: live(vmi('Running')) }, 'in-use', ['guest']],
    ['in use although Stopped is printed: the instance has ended, its pod has not', { vms: live(vm('Halted', { printableStatus: 'Stopped' })), vmis: live(vmi('Succeeded', {}, DELETED)), pods: live(pod('Running')) }, 'in-use', ['pod']],
    ['detaching although Stopped is printed', { vms: live(vm('Halted', { printableStatus: 'Stopped' })), attachments: live(attachment()) }, 'detaching', ['attached']],
    ['about to be used: Stop and Start are queued', { vms: live(vm('RerunOnFailure', { printableStatus: 'Stopped', runStrategy: 'RerunOnFailure', stateChangeRequests: [{ action: 'Stop' }, { action: 'Start' }] })) }, 'will-start', ['vm-start-requested']],
    ['about to be used: a start is asked for under Halted', { vms: live(vm('Halted', { stateChangeRequests: [{ action: 'Start' }] })) }, 'will-start', ['vm-start-requested']],
    ['about to be used: Always, whose start fails and reads Stopped', { vms: live(vm('Always', { printableStatus: 'Stopped', startFailure: { consecutiveFailCount: 3 } })) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: Once, whose instance is over and being deleted', { vms: live(vm('Once')), vmis: live({ ...vmi('Succeeded'), metadata: { ...vmi('Succeeded').metadata, deletionTimestamp: '2026-03-01T12:00:00Z' } }) }, 'will-start', ['vm-wanted-on']],
    ['at rest: Once, whose guest is over and whose instance is kept', { vms: live(vm('Once')), vmis: live(vmi('Succeeded')) }, 'at-rest', []],
    ['about to be used: Once', { vms: live(vm('Once')) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: it waits for a migration from elsewhere', { vms: live(vm('WaitAsReceiver')) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: Manual with a start asked for', { vms: live(vm('Manual', { stateChangeRequests: [{ action: 'Start' }] })) }, 'will-start', ['vm-start-requested']],
    ['about to be used: `running: true`, as older VMs have it', { vms: live({ ...vm('Halted'), spec: { running: true, template: vm('Halted').spec.template } }) }, 'will-start', ['vm-wanted-on']],
    ['at rest: `running: false`', { vms: live({ ...vm('Halted'), spec: { running: false, template: vm('Halted').spec.template } }) }, 'at-rest', []],
    ['about to be used: a disk that is being plugged into a VM that runs', { vms: live(vm('RerunOnFailure')), vmis: live(WITHOUT) }, 'will-start', ['guest-without-disk']],
    ['about to be used: as long as such a VM has not ended', { vms: live(vm('Halted')), vmis: live({ ...vmi('Running', {}, DELETED), spec: {} }) }, 'will-start', ['guest-without-disk']],
    ['at rest: such a VM has ended', { vms: live(vm('Halted')), vmis: live({ ...vmi('Succeeded', {}, DELETED), spec: {} }) }, 'at-rest', []],
    ['unknown: KubeVirt says that there is an instance, and none is seen', { vms: live(vm('RerunOnFailure', { created: true, runStrategy: 'RerunOnFailure' })) }, 'unknown', ['instance-unseen']],
    ['at rest: CrashLoopBackOff is printed of a VM that was halted', { vms: live(vm('Halted', { printableStatus: 'CrashLoopBackOff', startFailure: { consecutiveFailCount: 2 } })) }, 'at-rest', []],
    ['about to be used: just switched to RerunOnFailure', { vms: live(vm('RerunOnFailure', { runStrategy: 'Halted' })) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: the guest crashed under RerunOnFailure', { vms: live(vm('RerunOnFailure')), vmis: live(vmi('Failed')) }, 'will-start', ['vm-will-restart']],
    ['at rest: the guest was killed on purpose under RerunOnFailure', { vms: live(vm('RerunOnFailure')), vmis: live(vmi('Failed', {}, DELETED)) }, 'at-rest', []],
    ['at rest: a final instance that Manual keeps', { vms: live(vm('Manual')), vmis: live(vmi('Succeeded', { nodeName: 'node-1' })), pods: live(pod('Succeeded')) }, 'at-rest', []],
    ['in use: paused', { vmis: live(vmi('Running', { conditions: [{ type: 'Paused', status: 'True' }] })) }, 'in-use', ['guest']],
    ['in use: frozen', { vmis: live(vmi('Running', { fsFreezeStatus: 'frozen' })) }, 'in-use', ['guest']],
    ['in use: scheduling', { vmis: live(vmi('Scheduling')) }, 'in-use', ['guest']],
    ['in use: nobody knows the phase', { vmis: live(vmi('Unknown')) }, 'in-use', ['guest']],
    ['in use: migrating with two pods', { vmis: live(vmi('Running')), pods: live(pod('Running'), pod('Running', {}, 'virt-launcher-web-01-y')) }, 'in-use', ['guest', 'pod', 'pod']],
    ['in use: a standalone instance', { vms: live(), vmis: live(vmi('Running')) }, 'in-use', ['guest']],
    ['in use: a Pending launcher, which Harvester lets through', { pods: live(pod('Pending')) }, 'in-use', ['pod']],
    ['in use: a hot-plug pod is left', { pods: live(pod('Running', { labels: { 'kubevirt.io': 'hotplug-disk' } }, 'hp-volume-x')) }, 'in-use', ['pod']],
    ['in use: a CDI pod', { pods: live(pod('Running', { labels: { 'cdi.kubevirt.io': 'cdi-clone-source' } })) }, 'in-use', ['pod']],
    ['in use: a pod that is no VM', { vms: live(), pods: live(pod('Running', { labels: {} }, 'backup-job')) }, 'in-use', ['pod']],
    ['in use: an ended pod that is deleted with a container alive', { pods: live(pod('Failed', { metadata: { ...meta('p'), ...DELETED }, status: { phase: 'Failed', containerStatuses: [{ name: 'compute', state: { running: {} } }] } })) }, 'in-use', ['pod']],
    ['at rest: a pod that has ended', { pods: live(pod('Succeeded')) }, 'at-rest', []],
    ['at rest: a claim of that name in another namespace is used', { pods: live({ ...pod('Running'), metadata: meta('p', 'staging') }) }, 'at-rest', []],
    ['in use: hot-unplugged, still in the status of the instance', { vmis: live({ ...vmi('Running', { volumeStatus: [{ name: 'data', persistentVolumeClaimInfo: { claimName: 'web-01-root' } }] }), spec: {} }) }, 'in-use', ['guest']],
    ['in use: the same from older KubeVirt, which has the volume\'s name only', { vmis: live({ ...vmi('Running', { volumeStatus: [{ name: 'root' }] }), spec: {} }) }, 'in-use', ['guest']],
    ['in use: a utility volume', { vmis: live({ ...vmi('Running'), spec: { utilityVolumes: [{ name: 'u', claimName: 'web-01-root' }] } }) }, 'in-use', ['guest']],
    ['in use: shared with another VM that runs', { vms: live(vm('Halted'), vm('Always', {}, {}, 'web-02')), vmis: live(vmi('Running', {}, {}, 'web-02')) }, 'in-use', ['vm-wanted-on', 'guest']],
    ['in use: a snapshot of the VM', { vms: live(vm('Halted', { snapshotInProgress: 's' })) }, 'in-use', ['vm-busy']],
    ['in use: a restore of the VM', { vms: live(vm('Halted', { restoreInProgress: 's' })) }, 'in-use', ['vm-busy']],
    ['in use: the VM moves its disks', { vms: live(vm('Halted', { volumeUpdateState: { volumeMigrationState: {} } })) }, 'in-use', ['vm-busy']],
    ['in use: a memory dump of the VM was asked for', { vms: live(vm('Halted', { memoryDumpRequest: { claimName: 'web-01-root' } })) }, 'in-use', ['vm-busy']],
    ['at rest: a memory dump has ended', { vms: live(vm('Halted', { memoryDumpRequest: { claimName: 'web-01-root', phase: 'Completed' } })) }, 'at-rest', []],
    ['in use: all that is at work on the VM is told', { vms: live(vm('Halted', { restoreInProgress: 'r', snapshotInProgress: 's' })) }, 'in-use', ['vm-busy', 'vm-busy']],
    ['in use: Harvester takes a backup of the VM', { backups: live(backup({ readyToUse: false })) }, 'in-use', ['backup-in-progress']],
    ['in use: Harvester was asked for one and has not begun', { backups: live(backup()) }, 'in-use', ['backup-in-progress']],
    ['at rest: that backup is done, or has failed, or is of another VM', { backups: live(backup({ readyToUse: true }), backup({ readyToUse: false, error: { message: 'no target' } }), backup({}, 'web-02')) }, 'at-rest', []],
    ['in use: Harvester restores the VM', { restores: live(restore({ complete: false, conditions: [{ type: 'InProgress', status: 'True' }] })) }, 'in-use', ['restore-in-progress']],
    ['at rest: it was restored, or that has failed', { restores: live(restore({ complete: true }), restore({ conditions: [{ type: 'InProgress', status: 'False', reason: 'Error' }] })) }, 'at-rest', []],
    ['in use: a snapshot of the volume', { snapshots: live(snapshot({ readyToUse: false })) }, 'in-use', ['snapshot-in-progress']],
    ['in use: a snapshot of the volume was asked for', { snapshots: live(snapshot()) }, 'in-use', ['snapshot-in-progress']],
    ['at rest: that snapshot is there, or has failed', { snapshots: live(snapshot({ readyToUse: true }), snapshot({ readyToUse: false, error: { message: 'no class' } })) }, 'at-rest', []],
    ['in use: the volume is made larger', { claim: RESIZING }, 'in-use', ['claim-resizing']],
    ['in use: Longhorn fills it from a backup', { longhornVolumes: live(longhornVolume({ state: 'detached', restoreRequired: true })) }, 'in-use', ['longhorn-busy']],
    ['in use: Longhorn makes it larger', { longhornVolumes: live(longhornVolume({ state: 'detached', expansionRequired: true })) }, 'in-use', ['longhorn-busy']],
    ['in use: Longhorn fills it from another volume', { longhornVolumes: live(longhornVolume({ state: 'detached', cloneStatus: { state: 'initiated' } })) }, 'in-use', ['longhorn-busy']],
    ['at rest: Longhorn has filled it, and it lacks replicas', { longhornVolumes: live(longhornVolume({ state: 'detached', cloneStatus: { state: 'copy-completed-awaiting-healthy' } })) }, 'at-rest', []],
    ['at rest: Longhorn has filled it', { longhornVolumes: live(longhornVolume({ state: 'detached', restoreRequired: false, cloneStatus: { state: 'completed' } })) }, 'at-rest', []],
    ['in use: CDI still fills it', { dataVolumes: live(dataVolume(meta('web-01-root'), 'ImportInProgress')) }, 'in-use', ['being-filled']],
    ['in use: CDI has failed to fill it, and left half a disk', { dataVolumes: live(dataVolume(meta('web-01-root'), 'Failed')) }, 'in-use', ['being-filled']],
    ['at rest: CDI has filled it', { dataVolumes: live(dataVolume(meta('web-01-root'), 'Succeeded')) }, 'at-rest', []],
    ['in use: the VM is deleted, and the disk may go with it', { vms: live(vm('Halted', {}, DELETED)) }, 'in-use', ['vm-terminating']],
    ['in use: another export of it', { images: live(exportImage('other', 'Unknown')) }, 'in-use', ['export-in-progress']],
    ['at rest: an earlier export has ended, well or not', { images: live(exportImage('a', 'True'), exportImage('b', 'False')) }, 'at-rest', []],
    ['at rest: an earlier export has ended, and its copy was lost since', { images: live({ ...exportImage('a', 'True'), spec: { ...exportImage('a', 'True').spec, backend: 'cdi' } }), dataVolumes: live({ ...dataVolume(meta('a'), 'Succeeded'), status: { phase: 'Succeeded', conditions: [{ type: 'Bound', status: 'False' }, { type: 'Ready', status: 'False' }] } }) }, 'at-rest', []],
    ['in use: CDI says so of an export that is being made', { images: live({ ...exportImage('a', 'Unknown'), spec: { ...exportImage('a', 'Unknown').spec, backend: 'cdi' } }), dataVolumes: live(dataVolume(meta('a'), 'CloneInProgress')) }, 'in-use', ['export-in-progress', 'clone-in-progress']],
    ['at rest: the export is our own', { images: live(exportImage('mine', 'Unknown')), ownImage: 'production/mine' }, 'at-rest', []],
    ['in use: a clone reads it', { dataVolumes: live(dataVolume(meta('copy', 'lab'), 'CloneInProgress')) }, 'in-use', ['clone-in-progress']],
    ['detaching: the attachment is being deleted', { attachments: live(attachment('node-1', 'pv-1', DELETED)) }, 'detaching', ['attached']],
    ['about to be used: the export of another of its disks has the VM off', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data' } })) }, 'will-start', ['vm-in-other-export']],
    ['about to be used: that export has asked for the start already', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data started' } })) }, 'will-start', ['vm-in-other-export']],
    ['at rest: that export is over, and only its note was left', { claims: live(CLAIM), vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data' } })) }, 'at-rest', []],
    ['at rest: that export is over, and nobody has read its end', { claims: live(CLAIM, settled('web-01-data')), vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data started' } })) }, 'at-rest', []],
    ['at rest: our own export has the VM off', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-root' } })) }, 'at-rest', []],
    ['at rest: CDI has given another export up', { images: live({ ...exportImage('other', 'Unknown'), spec: { ...exportImage('other', 'Unknown').spec, backend: 'cdi' } }), dataVolumes: live(dataVolume(meta('other'), 'Failed')) }, 'at-rest', []],
    ['at rest: another volume is attached', { attachments: live(attachment('node-1', 'pv-2')) }, 'at-rest', []],
    ['detaching: Longhorn still has it attached', { longhornVolumes: live(longhornVolume({ state: 'attached', currentNodeID: 'node-1' })) }, 'detaching', ['longhorn-attached']],
    ['unknown: attachments may not be read', { attachments: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['unknown: pods are not up to date', { pods: { objects: [], state: 'stale' } }, 'unknown', ['not-seen']],
    ['unknown: snapshots may not be read', { snapshots: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['in use: KubeVirt serves it for download', { vmExports: live(vmExport('PersistentVolumeClaim', 'web-01-root', 'Ready')) }, 'in-use', ['vm-export-in-progress']],
    ['in use: KubeVirt\'s own export takes it as soon as it is free', { vmExports: live(vmExport('PersistentVolumeClaim', 'web-01-root', 'Pending')) }, 'in-use', ['vm-export-in-progress']],
    ['in use: one of its VM was asked for', { vmExports: live(vmExport('VirtualMachine', 'web-01')) }, 'in-use', ['vm-export-in-progress']],
    ['at rest: one of another volume, of another VM, or of a snapshot', { vmExports: live(vmExport('PersistentVolumeClaim', 'other', 'Ready'), vmExport('PersistentVolumeClaim', 'web-01', 'Ready'), vmExport('VirtualMachine', 'web-02', 'Ready'), vmExport('VirtualMachineSnapshot', 'web-01-root', 'Ready')) }, 'at-rest', []],
    ['at rest: one in another namespace', { vmExports: live({ ...vmExport('PersistentVolumeClaim', 'web-01-root', 'Ready'), metadata: meta('download', 'lab') }) }, 'at-rest', []],
    ['at rest: one that is over, had nothing to serve, or is being deleted', { vmExports: live(vmExport('PersistentVolumeClaim', 'web-01-root', 'Terminated'), vmExport('VirtualMachine', 'web-01', 'Skipped'), { ...vmExport('VirtualMachine', 'web-01', 'Ready'), metadata: { ...meta('download'), ...DELETED } }) }, 'at-rest', []],
    ['unknown: KubeVirt\'s own exports may not be read', { vmExports: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['at rest: KubeVirt has no exports of its own', { vmExports: { objects: [], state: 'absent' } }, 'at-rest', []],
    ['unknown: exports may not be read', { images: { objects: [], state: 'live', partial: ['lab'] } }, 'unknown', ['not-seen']],
    ['at rest: CDI, snapshots and Harvester are not installed', { dataVolumes: { objects: [], state: 'absent' }, snapshots: { objects: [], state: 'absent' }, images: { objects: [], state: 'absent' }, backups: { objects: [], state: 'absent' }, restores: { objects: [], state: 'absent' } }, 'at-rest', []],
    ['unknown: KubeVirt cannot be found', { vmis: { objects: [], state: 'absent' } }, 'unknown', ['not-seen']],
    ['unknown: Longhorn\'s own volumes may not be read: it may be filled, or be attached by hand', { longhornVolumes: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['unknown: Longhorn\'s own volumes are not up to date, whatever they last said', { longhornVolumes: { objects: [longhornVolume({ state: 'detached' })], state: 'stale' } }, 'unknown', ['not-seen']],
    ['unknown: Longhorn\'s own volumes have not been read yet', { longhornVolumes: { objects: [], state: 'loading' } }, 'unknown', ['not-seen']],
    ['unknown: its driver is Longhorn, whose volumes may not be read', { claim: provisionedBy('driver.longhorn.io'), longhornVolumes: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['at rest: there is no Longhorn', { longhornVolumes: { objects: [], state: 'absent' } }, 'at-rest', []],
    ['at rest: it is another driver\'s, and Longhorn\'s may not be read', { claim: provisionedBy('rbd.csi.ceph.com'), longhornVolumes: { objects: [], state: 'forbidden' } }, 'at-rest', []],
    ['at rest: it has no volume yet, and Longhorn\'s may not be read', { claim: { ...CLAIM, spec: {} }, longhornVolumes: { objects: [], state: 'forbidden' } }, 'at-rest', []],
    ['in use: Longhorn fills it, whatever driver the claim names', { claim: provisionedBy('rbd.csi.ceph.com'), longhornVolumes: live(longhornVolume({ restoreRequired: true })) }, 'in-use', ['longhorn-busy']],
    ['unknown: Longhorn has it attached, by hand, to a node that is lost', { longhornVolumes: live(longhornVolume({ state: 'attached', currentNodeID: 'node-2' })), nodes: live(node('node-1'), node('node-2', 'Unknown')) }, 'unknown', ['longhorn-attached', 'node-unreachable']],
    ['unknown: the namespace is not among those that may be read', { vmis: { objects: [], state: 'live', partial: ['lab'] } }, 'unknown', ['not-seen']],
    ['at rest: it is', { vmis: { objects: [], state: 'live', partial: ['production'] } }, 'at-rest', []],
    ['in use all the same where something holds it and something else is not seen', { vmis: live(vmi('Running')), attachments: { objects: [], state: 'forbidden' } }, 'in-use', ['not-seen', 'guest']],
    ['unknown: its node does not answer, and the cluster has given the guest up', { vmis: live(vmi('Failed', { reason: 'NodeUnresponsive', nodeName: 'node-1' })) }, 'unknown', ['node-unresponsive']],
    ['unknown: its last node was fenced, so that pods and attachments were removed by force', { nodes: live(node('node-1', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-unreachable']],
    ['unknown: attached to a node that is down', { nodes: live(node('node-1', 'False')), attachments: live(attachment()) }, 'unknown', ['attached', 'node-unreachable']],
    ['unknown: a node was fenced, and nobody remembers where its VM ran', { nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)) }, 'unknown', ['node-fenced']],
    ['unknown: the same where what is remembered names no node', { nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: [] }, 'unknown', ['node-fenced']],
    ['unknown: its last node answers again and is still fenced', { nodes: live(node('node-1', 'True', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-unreachable']],
    ['at rest: a fenced node, and no VM has the disk', { vms: live(), nodes: live(node('node-2', 'Unknown', OUT_OF_SERVICE)) }, 'at-rest', []],
    ['unknown: its VM was last seen on after that node was lost', { vms: live(vm('Halted', { conditions: [{ type: 'Ready', status: 'False', reason: 'VMINotExists', lastTransitionTime: '2026-03-02T00:00:00Z' }] })), nodes: live(node('node-2', 'Unknown', OUT_OF_SERVICE, '2026-03-01T00:00:00Z')) }, 'unknown', ['node-fenced']],
    ['at rest: its VM was off before that node was lost', { vms: live(vm('Halted', { conditions: [{ type: 'Ready', status: 'False', reason: 'VMINotExists', lastTransitionTime: '2026-02-27T00:00:00Z' }] })), nodes: live(node('node-2', 'Unknown', OUT_OF_SERVICE, '2026-03-01T00:00:00Z')) }, 'at-rest', []],
    ['at rest: its VM is remembered to have run elsewhere', { claim: noted({ 'web-01': 'node-1' }), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'at-rest', []],
    ['at rest: both of its VMs are', { claim: noted({ 'web-01': 'node-1', 'web-02': 'node-1' }), vms: live(vm('Halted'), vm('Halted', {}, {}, 'web-02')), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1', 'node-1'] }, 'at-rest', []],
    ['unknown: where one of its VMs ran is remembered, and a node was fenced on which the other may have', { claim: noted({ 'web-01': 'node-1', 'web-02': undefined }), vms: live(vm('Halted'), vm('Halted', {}, {}, 'web-02')), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-fenced']],
    ['unknown: the same of one that came later', { claim: noted({ 'web-01': 'node-1' }), vms: live(vm('Halted'), vm('Halted', {}, {}, 'web-02')), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-fenced']],
    ['unknown: its instance was gone before anybody looked, and may have been migrated to the node that was fenced', { claim: noted({ 'web-01': 'node-1' }, 'not-observed'), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-fenced']],
    ['unknown: it was migrated since to a node that was fenced then', { claim: noted({ 'web-01': 'node-1' }, 'cut-off', { 'web-01': 'node-2' }), nodes: live(node('node-1'), node('node-2', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-unreachable']],
    ['at rest: it was migrated since to a node that answers', { claim: noted({ 'web-01': 'node-2' }, 'not-observed', { 'web-01': 'node-1' }), nodes: live(node('node-1'), node('node-3', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-2'] }, 'at-rest', []],
    ['at rest: another node is down', { nodes: live(node('node-1'), node('node-2', 'False')), lastNodes: ['node-1'] }, 'at-rest', []],
    ['unknown: the claim is being deleted', { claim: { ...CLAIM, metadata: { ...CLAIM.metadata, ...DELETED } } }, 'unknown', ['claim-deleting']],
    ['in use through an ephemeral claim of a pod', { claim: { ...CLAIM, metadata: meta('job-scratch') }, vms: live(), pods: live(pod('Running', { spec: { volumes: [{ name: 'scratch', ephemeral: {} }] }, labels: {} }, 'job')) }, 'in-use', ['pod']],
    ['about to be used: named by Harvester\'s claim templates alone', { vms: live({ ...vm('Always', {}, { annotations: { 'harvesterhci.io/volumeClaimTemplates': '[{"metadata":{"name":"web-01-root"}}]' } }), spec: { runStrategy: 'Always', template: { spec: {} } } }) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: a data volume of that name', { vms: live({ ...vm('Always'), spec: { runStrategy: 'Always', template: { spec: { volumes: [{ name: 'root', dataVolume: { name: 'web-01-root' } }] } } } }) }, 'will-start', ['vm-wanted-on']],
    ['about to be used: the TPM state of a VM', { claim: { ...CLAIM, metadata: { ...meta('persistent-state-x'), labels: { 'persistent-state-for': 'web-01' } } }, vms: live({ ...vm('Always'), spec: { runStrategy: 'Always', template: { spec: {} } } }) }, 'will-start', ['vm-wanted-on']],
    ['at rest: garbage in the templates annotation', { vms: live(vm('Halted', {}, { annotations: { 'harvesterhci.io/volumeClaimTemplates': '{[' } })) }, 'at-rest', []],
  ])('%s', (_, change, word, codes) => {
    const judged = judgeExportSafety({ ...REST, ...change })
    expect({ word: judged.word, codes: judged.reasons.map(reason => reason.code) }).toEqual({ word, codes })
  })
})

describe('shutting VMs down frees the disk', () => {
  const launcher = pod('Running', { labels: { 'kubevirt.io': 'virt-launcher', 'vm.kubevirt.io/name': 'web-01' } })
  const hotplug = pod('Running', { labels: { 'kubevirt.io': 'hotplug-disk' }, metadata: { ...meta('hp-volume-x'), labels: { 'kubevirt.io': 'hotplug-disk' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: launcher.metadata.name, uid: launcher.metadata.uid }] } })
  it.each<[string, Partial<ExportWorld>, string[], boolean]>([
    ['when they are all that is on it', { vms: live(vm('Always')), vmis: live(vmi('Running')), pods: live(launcher), attachments: live(attachment()) }, ['production/web-01'], true],
    ['with what they have plugged in', { vms: live(vm('Always')), vmis: live(vmi('Running')), pods: live(launcher, hotplug) }, ['production/web-01'], true],
    ['when it is free already', {}, [], true],
    ['when it is being plugged into one of them', { vms: live(vm('RerunOnFailure')), vmis: live(WITHOUT) }, ['production/web-01'], true],
    ['not when it is being plugged into another one', { vms: live(vm('RerunOnFailure', {}, {}, 'web-02')), vmis: live({ ...WITHOUT, metadata: meta('web-02') }) }, ['production/web-01'], false],
    ['not when a backup of the VM is under way', { vms: live(vm('Always')), vmis: live(vmi('Running')), backups: live(backup()) }, ['production/web-01'], false],
    ['not when another one shares it', { vms: live(vm('Always'), vm('Always', {}, {}, 'web-02')), vmis: live(vmi('Running', {}, {}, 'web-02')) }, ['production/web-01'], false],
    ['not when an instance without a VM is on it', { vms: live(vm('Always')), vmis: live(vmi('Running'), vmi('Running', {}, {}, 'lone')) }, ['production/web-01'], false],
    ['not when a pod that is no VM holds it', { vms: live(vm('Always')), vmis: live(vmi('Running')), pods: live(pod('Running', { labels: {} }, 'backup-job')) }, ['production/web-01'], false],
    ['not when a snapshot of the VM is under way', { vms: live(vm('Always', { snapshotInProgress: 's' })), vmis: live(vmi('Running')) }, ['production/web-01'], false],
    ['not when something is not seen', { vms: live(vm('Always')), vmis: live(vmi('Running')), attachments: { objects: [], state: 'forbidden' } }, ['production/web-01'], false],
    ['not when another export has the VM', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data' } })) }, ['production/web-01'], false],
  ])('%s', (_, change, vms, freed) => {
    expect(isFreedByStopping(judgeExportSafety({ ...REST, ...change }), new Set(vms))).toBe(freed)
  })
})

it.each<[string, string, ExportSafety]>([
  ['unknown', 'a guest that would be stopped, and attachments that may not be seen', { word: 'in-use', reasons: [{ code: 'guest', vmi: 'production/web-01', phase: 'Running', paused: false, ending: false }, { code: 'not-seen', resource: 'volumeattachments.storage.k8s.io', state: 'forbidden' }] }],
  ['in-use', 'another\'s guest beside what is not seen', { word: 'in-use', reasons: [{ code: 'guest', vmi: 'production/db-01', phase: 'Running', paused: false, ending: false }, { code: 'not-seen', resource: 'volumeattachments.storage.k8s.io', state: 'forbidden' }] }],
  ['in-use', 'another\'s guest', { word: 'in-use', reasons: [{ code: 'guest', vmi: 'production/db-01', phase: 'Running', paused: false, ending: false }] }],
])('a disk is not free once web-01 is stopped, which is %s: %s', (word, _, safety) => {
  expect(whyNotFreed(safety, new Set(['production/web-01']))).toBe(word)
})
