import type { Node, PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Condition, KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { ExportSafetyReason, ExportSafetyWord, ExportWorld } from './exportSafety.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFreedByStopping, judgeExportSafety } from './exportSafety.ts'
import { EXPORT_ANNOTATION } from './exportIntent.ts'

const meta = (name: string, namespace = 'production') => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const live = <T extends KubeObject>(...objects: T[]): Seen<T> => ({ objects, state: 'live' })
const DELETED = { deletionTimestamp: '2026-03-01T11:59:00Z' }

const CLAIM: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('web-01-root'), spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } }
const ROOT = [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }]

function vm(runStrategy: RunStrategy, status: VirtualMachine['status'] = { runStrategy }, extra: object = {}, name = 'web-01'): VirtualMachine {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...meta(name), ...extra }, spec: { runStrategy, template: { spec: { volumes: ROOT } } }, status }
}
function vmi(phase: VmiPhase, status: object = {}, extra: object = {}, name = 'web-01'): VirtualMachineInstance {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { ...meta(name), ...extra }, spec: { volumes: ROOT }, status: { phase, ...status } }
}
function pod(phase: string, extra: Partial<Pod> & { labels?: Record<string, string> } = {}, name = 'virt-launcher-web-01-x'): Pod {
  const { labels, metadata, ...rest } = extra
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...meta(name), labels: labels ?? { 'kubevirt.io': 'virt-launcher' }, ...metadata }, spec: { nodeName: 'node-1', volumes: ROOT }, status: { phase }, ...rest }
}
function attachment(nodeName = 'node-1', volume = 'pv-1', extra: object = {}): VolumeAttachment {
  return { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { ...meta('csi-1'), ...extra }, spec: { attacher: 'driver.longhorn.io', nodeName, source: { persistentVolumeName: volume } }, status: { attached: true } }
}
function node(name: string, ready: Condition['status'] = 'True', taints: { key: string, effect: string }[] = []): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { ...meta(name) }, spec: { taints }, status: { conditions: [{ type: 'Ready', status: ready }] } }
}
function exportImage(name: string, imported: Condition['status']): VirtualMachineImage {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta(name), spec: { displayName: name, sourceType: 'export-from-volume', pvcName: 'web-01-root', pvcNamespace: 'production' }, status: { conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: imported }] } }
}

const REST: ExportWorld = { claim: CLAIM, vms: live(vm('Halted')), vmis: live(), pods: live(), attachments: live(), nodes: live(node('node-1'), node('node-2')) }
const OUT_OF_SERVICE = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }]

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
    ['about to be used: Once', { vms: live(vm('Once')) }, 'will-start', ['vm-wanted-on']],
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
    ['in use: the VM is deleted, and the disk may go with it', { vms: live(vm('Halted', {}, DELETED)) }, 'in-use', ['vm-terminating']],
    ['in use: another export of it', { images: live(exportImage('other', 'Unknown')) }, 'in-use', ['export-in-progress']],
    ['at rest: an earlier export has ended, well or not', { images: live(exportImage('a', 'True'), exportImage('b', 'False')) }, 'at-rest', []],
    ['at rest: the export is our own', { images: live(exportImage('mine', 'Unknown')), ownImage: 'production/mine' }, 'at-rest', []],
    ['in use: a clone reads it', { dataVolumes: live({ apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta('copy', 'lab'), spec: { source: { pvc: { namespace: 'production', name: 'web-01-root' } } }, status: { phase: 'CloneInProgress' } }) }, 'in-use', ['clone-in-progress']],
    ['detaching: the attachment is being deleted', { attachments: live(attachment('node-1', 'pv-1', DELETED)) }, 'detaching', ['attached']],
    ['about to be used: the export of another of its disks has the VM off', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data' } })) }, 'will-start', ['vm-in-other-export']],
    ['about to be used: that export has asked for the start already', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data started' } })) }, 'will-start', ['vm-in-other-export']],
    ['at rest: that export is over, and only its note was left', { claims: live(CLAIM), vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-data' } })) }, 'at-rest', []],
    ['at rest: our own export has the VM off', { vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-root' } })) }, 'at-rest', []],
    ['at rest: CDI has given another export up', { images: live({ ...exportImage('other', 'Unknown'), spec: { ...exportImage('other', 'Unknown').spec, backend: 'cdi' } }), dataVolumes: live({ apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta('other'), spec: { source: { pvc: { namespace: 'production', name: 'web-01-root' } } }, status: { phase: 'Failed' } }) }, 'at-rest', []],
    ['at rest: another volume is attached', { attachments: live(attachment('node-1', 'pv-2')) }, 'at-rest', []],
    ['detaching: Longhorn still has it attached', { longhornVolumes: live({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1', 'longhorn-system'), spec: {}, status: { state: 'attached', currentNodeID: 'node-1' } }) }, 'detaching', ['longhorn-attached']],
    ['unknown: attachments may not be read', { attachments: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['unknown: pods are not up to date', { pods: { objects: [], state: 'stale' } }, 'unknown', ['not-seen']],
    ['unknown: the namespace is not among those that may be read', { vmis: { objects: [], state: 'live', partial: ['lab'] } }, 'unknown', ['not-seen']],
    ['at rest: it is', { vmis: { objects: [], state: 'live', partial: ['production'] } }, 'at-rest', []],
    ['in use all the same where something holds it and something else is not seen', { vmis: live(vmi('Running')), attachments: { objects: [], state: 'forbidden' } }, 'in-use', ['not-seen', 'guest']],
    ['unknown: its node does not answer, and the cluster has given the guest up', { vmis: live(vmi('Failed', { reason: 'NodeUnresponsive', nodeName: 'node-1' })) }, 'unknown', ['node-unresponsive']],
    ['unknown: its last node was fenced, so that pods and attachments were removed by force', { nodes: live(node('node-1', 'Unknown', OUT_OF_SERVICE)), lastNodes: ['node-1'] }, 'unknown', ['node-unreachable']],
    ['unknown: attached to a node that is down', { nodes: live(node('node-1', 'False')), attachments: live(attachment()) }, 'unknown', ['attached', 'node-unreachable']],
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

const BLOCKS: Readonly<Record<ExportSafetyWord, number>> = { 'at-rest': 0, 'detaching': 1, 'unknown': 2, 'will-start': 3, 'in-use': 4 }
const worlds = fc.record({
  vms: fc.subarray([vm('Halted'), vm('Always', {}, {}, 'web-02'), vm('RerunOnFailure', {}, {}, 'web-03'), vm('Manual', {}, {}, 'web-04')]),
  vmis: fc.subarray([vmi('Running'), vmi('Succeeded', {}, {}, 'web-02'), vmi('Failed', {}, {}, 'web-03'), vmi('Running', {}, DELETED, 'web-04')]),
  pods: fc.subarray([pod('Running'), pod('Succeeded', {}, 'a'), pod('Pending', { labels: {} }, 'b')]),
  attachments: fc.subarray([attachment(), attachment('node-2')]),
  nodes: fc.subarray([node('node-1'), node('node-2', 'False')]),
})

describe('for any cluster', () => {
  it('one holder more never makes a disk safer', () => {
    fc.assert(fc.property(worlds, fc.constantFrom('vmis', 'pods', 'attachments'), (lists, where) => {
      const before: ExportWorld = { ...REST, vms: live(...lists.vms), vmis: live(...lists.vmis), pods: live(...lists.pods), attachments: live(...lists.attachments), nodes: live(node('node-1'), node('node-2'), node('node-9')) }
      const more = { vmis: vmi('Running', {}, {}, 'web-09'), pods: pod('Running', {}, 'web-09'), attachments: attachment('node-9') }[where]
      const after = { ...before, [where]: live(...before[where].objects as KubeObject[], more) } as ExportWorld
      return BLOCKS[judgeExportSafety(after).word] >= BLOCKS[judgeExportSafety(before).word]
    }), { numRuns: 400 })
  })

  it('a collection that is not seen is never at rest', () => {
    fc.assert(fc.property(worlds, fc.constantFrom('vms', 'vmis', 'pods', 'attachments', 'nodes'), fc.constantFrom('loading', 'stale', 'forbidden', 'absent'), (lists, blind, state) => {
      const world = { ...REST, ...Object.fromEntries(Object.entries(lists).map(([key, objects]) => [key, live(...objects as KubeObject[])])) } as ExportWorld
      return judgeExportSafety({ ...world, [blind]: { objects: world[blind].objects, state } }).word !== 'at-rest' && judgeExportSafety({ ...world, [blind]: { objects: [], state } }).word !== 'at-rest'
    }), { numRuns: 400 })
  })
})

describe('shutting VMs down frees the disk', () => {
  const launcher = pod('Running', { labels: { 'kubevirt.io': 'virt-launcher', 'vm.kubevirt.io/name': 'web-01' } })
  const hotplug = pod('Running', { labels: { 'kubevirt.io': 'hotplug-disk' }, metadata: { ...meta('hp-volume-x'), labels: { 'kubevirt.io': 'hotplug-disk' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: launcher.metadata.name, uid: launcher.metadata.uid }] } })
  it.each<[string, Partial<ExportWorld>, string[], boolean]>([
    ['when they are all that is on it', { vms: live(vm('Always')), vmis: live(vmi('Running')), pods: live(launcher), attachments: live(attachment()) }, ['production/web-01'], true],
    ['with what they have plugged in', { vms: live(vm('Always')), vmis: live(vmi('Running')), pods: live(launcher, hotplug) }, ['production/web-01'], true],
    ['when it is free already', {}, [], true],
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
