import type { Node, PersistentVolumeClaim, Pod } from '#kube/core.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ClaimUsers } from './claimUsers.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportWorld } from './exportWorld.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { isFinal } from '#vms/powerState.ts'
import { readIntent } from './exportIntent.ts'
import { holdsClaim, isHolding, roleOfPod, vmOfPod } from './claimUsers.ts'

/**
 * What holds the disk, or may: instances, pods, attachments, and nodes on which any of them may still run unseen.
 * A paused or a frozen guest is a guest: what it has not written is in its memory, and `fsFreezeStatus` is but a request.
 */
export function holdersOf(world: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  return [
    ...users.vmis.flatMap(vmi => guestOf(vmi, world, users)),
    ...users.pods.filter(isHolding).map(pod => podOf(pod, world.pods.objects)),
    ...attachmentsOf(world),
    ...lastNodesOf(world, users),
    ...fencedNodesOf(world, users),
  ]
}

function guestOf(vmi: VirtualMachineInstance, { claim }: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const { phase = '', reason, nodeName = '', conditions } = vmi.status ?? {}
  if (phase === 'Failed' && reason === 'NodeUnresponsive')
    return [{ code: 'node-unresponsive', vmi: objectKey(vmi), node: nodeName }]
  if (isFinal(vmi))
    return []
  if (!holdsClaim(vmi, claim, users.vms.find(vm => objectKey(vm) === objectKey(vmi))))
    return [{ code: 'guest-without-disk', vmi: objectKey(vmi) }]
  return [{ code: 'guest', vmi: objectKey(vmi), phase, paused: findCondition(conditions, 'Paused')?.status === 'True', ending: Boolean(vmi.metadata.deletionTimestamp) }]
}

function podOf(pod: Pod, pods: readonly Pod[]): ExportSafetyReason {
  const vm = vmOfPod(pod, pods)
  return { code: 'pod', pod: objectKey(pod), role: roleOfPod(pod), phase: pod.status?.phase ?? '', ...(vm && { vm }) }
}

function attachmentsOf({ claim, attachments, longhornVolumes, images, ownImage }: ExportWorld): ExportSafetyReason[] {
  const volume = claim.spec?.volumeName
  if (!volume)
    return []
  const found = attachments.objects.filter(attachment => attachment.spec.source.persistentVolumeName === volume)
  if (found.length)
    return found.map(attachment => ({ code: 'attached', attachment: attachment.metadata.name, node: attachment.spec.nodeName, ending: Boolean(attachment.metadata.deletionTimestamp) }))
  const longhorn = longhornVolumes.objects.find(candidate => candidate.metadata.name === volume)
  const state = longhorn?.status?.state ?? 'detached'
  // Longhorn attaches a volume for its own export without a VolumeAttachment.
  const exporting = ownImage !== undefined && images.objects.some(image => objectKey(image) === ownImage)
  if (exporting || !['attached', 'attaching', 'detaching'].includes(state))
    return []
  return [{ code: 'longhorn-attached', volume, state, ...(longhorn?.status?.currentNodeID && { node: longhorn.status.currentNodeID }) }]
}

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'
const isFenced = (node: Node): boolean => node.spec?.taints?.some(taint => taint.key === OUT_OF_SERVICE) ?? false
const readiness = (node: Node) => findCondition(node.status?.conditions, 'Ready')

/** A node that is gone may still run the guest, while its pods and attachments were removed by force: their absence proves nothing. */
function lastNodesOf(world: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const volume = world.claim.spec?.volumeName
  const names = new Set([
    ...world.lastNodes ?? [], ...Object.values(intentOn(world.claim)?.nodes ?? {}),
    ...users.vmis.flatMap(vmi => [vmi.status?.nodeName, ...Object.values(vmi.status?.activePods ?? {})]),
    ...users.pods.map(pod => pod.spec?.nodeName),
    ...world.attachments.objects.filter(attachment => volume && attachment.spec.source.persistentVolumeName === volume).map(attachment => attachment.spec.nodeName),
    world.longhornVolumes.objects.find(candidate => candidate.metadata.name === volume)?.status?.currentNodeID,
  ])
  // A node that was taken out of the cluster for good runs nothing that the cluster could still harm.
  return world.nodes.objects.filter(node => names.has(node.metadata.name)).flatMap(node => {
    const fenced = isFenced(node)
    return readiness(node)?.status === 'True' && !fenced ? [] : [{ code: 'node-unreachable', node: node.metadata.name, fenced }]
  })
}

/**
 * Nodes from which a guest may have been taken unseen: Harvester fences a dead node, and with that its pods, instances and
 * attachments are gone from the API while it may run on (harvester pkg/controller/master/node/node_down_controller.go).
 * Of a VM that was off before the node was lost nothing can be there. Of one whose last node is remembered nothing is guessed.
 */
function fencedNodesOf(world: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const { nodes, lastNodes = [] } = world
  const without = users.vms.filter(vm => !users.vmis.some(vmi => objectKey(vmi) === objectKey(vm)) && !isRemembered(vm, world))
  return nodes.objects.filter(node => isFenced(node) && !lastNodes.includes(node.metadata.name)).filter(node => {
    const ready = readiness(node)
    const lostAt = ready?.status === 'True' ? Number.NaN : Date.parse(ready?.lastTransitionTime ?? '')
    // A comparison with what is not known is false, and proves nothing.
    return without.some(vm => !(offSince(vm) < lostAt))
  }).map(node => ({ code: 'node-fenced', node: node.metadata.name }))
}

const intentOn = (claim: PersistentVolumeClaim): ExportIntent | undefined => {
  const intent = readIntent(claim)
  return intent === 'unreadable' ? undefined : intent
}

/** Whether it is known where the VM ran last. An instance that was gone before anybody looked may have been migrated first. */
function isRemembered({ metadata: { name } }: VirtualMachine, { claim, lastNodes = [] }: ExportWorld): boolean {
  const { vms = [], nodes = {}, endings = {} } = intentOn(claim) ?? {}
  const { node } = vms.find(entry => entry.name === name) ?? {}
  return nodes[name] !== undefined || (node !== undefined && lastNodes.includes(node) && endings[name]?.word !== 'not-observed')
}

/** Since when KubeVirt has seen no instance of the VM, in epoch milliseconds; NaN where it does not say (pkg/virt-controller/watch/vm/vm.go syncReadyConditionFromVMI). */
function offSince(vm: VirtualMachine): number {
  const ready = findCondition(vm.status?.conditions, 'Ready')
  return ready?.reason === 'VMINotExists' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN
}
