import type { Node, PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine, VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { ClaimUsers, PodRole } from './claimUsers.ts'
import type { DataVolume } from './dataVolume.ts'
import { CLAIMS, NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { imageState, isImported } from '#images/imageState.ts'
import { isFinal, startsByItself } from '#vms/powerState.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { isHolding, roleOfPod, usersOfClaim, vmOfPod } from './claimUsers.ts'
import { dataVolumeOf } from './dataVolume.ts'
import { exportOfVm, readIntent } from './exportIntent.ts'

/** All that is known around one claim. Each collection says how well it is seen. */
export interface ExportWorld {
  readonly claim: PersistentVolumeClaim
  readonly vms: Seen<VirtualMachine>
  readonly vmis: Seen<VirtualMachineInstance>
  readonly pods: Seen<Pod>
  readonly attachments: Seen<VolumeAttachment>
  readonly nodes: Seen<Node>
  /** Where they may be read they add to the picture; no verdict needs them. */
  readonly longhornVolumes?: Seen<LonghornVolume>
  readonly images?: Seen<VirtualMachineImage>
  readonly dataVolumes?: Seen<DataVolume>
  /** The claims around it: whether an export that a VM's note names is still under way. */
  readonly claims?: Seen<PersistentVolumeClaim>
  /** Nodes where the disk was last used, as remembered: an instance that is gone no longer says it. */
  readonly lastNodes?: readonly string[]
  /** `namespace/name` of the image that this very export makes: its own work does not stand in its way. */
  readonly ownImage?: string
}

export type ExportSafetyWord = 'at-rest' | 'detaching' | 'in-use' | 'will-start' | 'unknown'

/** Names are `namespace/name`, or `name` for nodes and attachments. */
export type ExportSafetyReason
  = | Unseen
    | { readonly code: 'vm-wanted-on', readonly vm: string, readonly strategy: string }
    | { readonly code: 'vm-start-requested' | 'vm-terminating' | 'vm-will-restart', readonly vm: string }
    | { readonly code: 'vm-busy', readonly vm: string, readonly with: 'snapshot' | 'restore' | 'storage-migration' | 'memory-dump' }
    | { readonly code: 'guest', readonly vmi: string, readonly phase: VmiPhase, readonly paused: boolean, readonly ending: boolean }
    | { readonly code: 'node-unresponsive', readonly vmi: string, readonly node: string }
    | { readonly code: 'vm-in-other-export', readonly vm: string, readonly claim: string }
    | { readonly code: 'pod', readonly pod: string, readonly role: PodRole, readonly phase: string, readonly vm?: string }
    | { readonly code: 'attached', readonly attachment: string, readonly node: string, readonly ending: boolean }
    | { readonly code: 'longhorn-attached', readonly volume: string, readonly state: string, readonly node?: string }
    | { readonly code: 'node-unreachable', readonly node: string, readonly fenced: boolean }
    | { readonly code: 'claim-deleting' }
    | { readonly code: 'export-in-progress', readonly image: string }
    | { readonly code: 'clone-in-progress', readonly dataVolume: string }

export interface ExportSafety {
  readonly word: ExportSafetyWord
  /** Everything that speaks against `at-rest`; empty for it. */
  readonly reasons: readonly ExportSafetyReason[]
}

const WORD_OF: Readonly<Record<ExportSafetyReason['code'], Exclude<ExportSafetyWord, 'at-rest'>>> = {
  'guest': 'in-use', 'pod': 'in-use', 'vm-busy': 'in-use', 'vm-terminating': 'in-use', 'export-in-progress': 'in-use', 'clone-in-progress': 'in-use',
  'vm-wanted-on': 'will-start', 'vm-start-requested': 'will-start', 'vm-will-restart': 'will-start', 'vm-in-other-export': 'will-start',
  'not-seen': 'unknown', 'node-unresponsive': 'unknown', 'node-unreachable': 'unknown', 'claim-deleting': 'unknown',
  'attached': 'detaching', 'longhorn-attached': 'detaching',
}
/** The strongest word wins: a holder that is seen outweighs what is not seen, and what is not seen outweighs a mere detaching. */
const STRONGEST_FIRST = ['in-use', 'will-start', 'unknown', 'detaching'] as const

/**
 * Whether the disk lies still, so that an export of it is whole: what its VMs are meant to do (A), instances (B), pods (C),
 * attachments (D), the nodes it was last on (N), other work on it (E). printableStatus has no say: it reads Stopped before
 * a start and while pod and attachment are still there. What may not be read, or is not up to date, makes it unknown.
 * Source: kubevirt pkg/virt-controller/watch/vm/vm.go, pkg/storage/snapshot/source.go; harvester#8133.
 */
export function judgeExportSafety(world: ExportWorld): ExportSafety {
  const users = usersOfClaim(world.claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
  const reasons: ExportSafetyReason[] = [
    ...unseen(world),
    ...(world.claim.metadata.deletionTimestamp ? [{ code: 'claim-deleting' } as const] : []),
    ...users.vms.flatMap(vm => [...intentOf(vm, users.vmis.find(vmi => vmi.metadata.name === vm.metadata.name)), ...otherExportOf(vm, world)]),
    ...users.vmis.flatMap(guestOf),
    ...users.pods.filter(isHolding).map(pod => podOf(pod, world.pods.objects)),
    ...attachmentsOf(world),
    ...nodesOf(world, users),
    ...otherWork(world),
  ]
  const words = new Set(reasons.map(reason => WORD_OF[reason.code]))
  return { word: STRONGEST_FIRST.find(word => words.has(word)) ?? 'at-rest', reasons }
}

function unseen({ claim, vms, vmis, pods, attachments, nodes }: ExportWorld): ExportSafetyReason[] {
  const { namespace } = claim.metadata
  return [blindSpot(VMS, vms, namespace), blindSpot(VMIS, vmis, namespace), blindSpot(PODS, pods, namespace), blindSpot(VOLUME_ATTACHMENTS, attachments), blindSpot(NODES, nodes)].flatMap(spot => spot ?? [])
}

function intentOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportSafetyReason[] {
  const name = objectKey(vm)
  const reasons: ExportSafetyReason[] = []
  if (vm.metadata.deletionTimestamp)
    reasons.push({ code: 'vm-terminating', vm: name })
  const { stateChangeRequests, snapshotInProgress, restoreInProgress, memoryDumpRequest } = vm.status ?? {}
  const update = vm.status?.volumeUpdateState as { volumeMigrationState?: object } | undefined
  const work = restoreInProgress ? 'restore' : snapshotInProgress ? 'snapshot' : update?.volumeMigrationState ? 'storage-migration' : undefined
  if (work)
    reasons.push({ code: 'vm-busy', vm: name, with: work })
  if (memoryDumpRequest && !['Completed', 'Failed', ''].includes(memoryDumpRequest.phase ?? ''))
    reasons.push({ code: 'vm-busy', vm: name, with: 'memory-dump' })
  const strategy = effectiveRunStrategy(vm)
  const rerun = strategy === 'RerunOnFailure' && vmi?.status?.phase === 'Failed' && !vmi.metadata.deletionTimestamp
  if (stateChangeRequests?.some(request => request.action === 'Start'))
    reasons.push({ code: 'vm-start-requested', vm: name })
  else if (strategy === 'Always' || (!vmi && startsByItself(vm)))
    reasons.push({ code: 'vm-wanted-on', vm: name, strategy })
  else if (rerun)
    reasons.push({ code: 'vm-will-restart', vm: name })
  return reasons
}

/** Another export has this VM off, and starts it when it ends. */
function otherExportOf(vm: VirtualMachine, { claim, claims }: ExportWorld): ExportSafetyReason[] {
  const other = exportOfVm(vm)
  if (!other || other === objectKey(claim))
    return []
  const [namespace] = other.split('/')
  const isOver = claims && !blindSpot(CLAIMS, claims, namespace) && !claims.objects.some(candidate => objectKey(candidate) === other && readIntent(candidate))
  return isOver ? [] : [{ code: 'vm-in-other-export', vm: objectKey(vm), claim: other }]
}

function podOf(pod: Pod, pods: readonly Pod[]): ExportSafetyReason {
  const vm = vmOfPod(pod, pods)
  return { code: 'pod', pod: objectKey(pod), role: roleOfPod(pod), phase: pod.status?.phase ?? '', ...(vm && { vm }) }
}

/**
 * Whether the disk comes to rest once these VMs (`namespace/name`) are shut down: nothing else holds it, and nothing is
 * unknown. An instance or a pod of no such VM would be waited for in vain.
 */
export function isFreedByStopping({ reasons }: ExportSafety, vms: ReadonlySet<string>): boolean {
  return reasons.every(reason => {
    switch (reason.code) {
      case 'attached': case 'longhorn-attached': return true
      case 'guest': return vms.has(reason.vmi)
      case 'pod': return reason.vm !== undefined && vms.has(reason.vm)
      case 'vm-wanted-on': case 'vm-start-requested': case 'vm-will-restart': return vms.has(reason.vm)
      default: return false
    }
  })
}

function guestOf(vmi: VirtualMachineInstance): ExportSafetyReason[] {
  const { phase = '', reason, nodeName = '', conditions } = vmi.status ?? {}
  if (phase === 'Failed' && reason === 'NodeUnresponsive')
    return [{ code: 'node-unresponsive', vmi: objectKey(vmi), node: nodeName }]
  return isFinal(vmi) ? [] : [{ code: 'guest', vmi: objectKey(vmi), phase, paused: findCondition(conditions, 'Paused')?.status === 'True', ending: Boolean(vmi.metadata.deletionTimestamp) }]
}

function attachmentsOf({ claim, attachments, longhornVolumes, images, ownImage }: ExportWorld): ExportSafetyReason[] {
  const volume = claim.spec?.volumeName
  if (!volume)
    return []
  const found = attachments.objects.filter(attachment => attachment.spec.source.persistentVolumeName === volume)
  if (found.length)
    return found.map(attachment => ({ code: 'attached', attachment: attachment.metadata.name, node: attachment.spec.nodeName, ending: Boolean(attachment.metadata.deletionTimestamp) }))
  const longhorn = longhornVolumes?.objects.find(candidate => candidate.metadata.name === volume)
  const state = longhorn?.status?.state ?? 'detached'
  // Longhorn attaches a volume for its own export without a VolumeAttachment.
  const exporting = ownImage !== undefined && images?.objects.some(image => objectKey(image) === ownImage)
  if (exporting || !['attached', 'attaching', 'detaching'].includes(state))
    return []
  return [{ code: 'longhorn-attached', volume, state, ...(longhorn?.status?.currentNodeID && { node: longhorn.status.currentNodeID }) }]
}

const FENCED = 'node.kubernetes.io/out-of-service'

/** A node that is gone may still run the guest, while its pods and attachments were removed by force: their absence proves nothing. */
function nodesOf(world: ExportWorld, users: ClaimUsers): ExportSafetyReason[] {
  const volume = world.claim.spec?.volumeName
  const names = new Set([
    ...world.lastNodes ?? [],
    ...users.vmis.flatMap(vmi => [vmi.status?.nodeName, ...Object.values(vmi.status?.activePods ?? {})]),
    ...users.pods.map(pod => pod.spec?.nodeName),
    ...world.attachments.objects.filter(attachment => volume && attachment.spec.source.persistentVolumeName === volume).map(attachment => attachment.spec.nodeName),
    world.longhornVolumes?.objects.find(candidate => candidate.metadata.name === volume)?.status?.currentNodeID,
  ])
  return [...names].flatMap<ExportSafetyReason>(name => {
    const node = world.nodes.objects.find(candidate => candidate.metadata.name === name)
    // A node that was taken out of the cluster for good runs nothing that the cluster could still harm.
    if (!name || !node)
      return []
    const fenced = node.spec?.taints?.some(taint => taint.key === FENCED) ?? false
    const ready = findCondition(node.status?.conditions, 'Ready')?.status === 'True'
    return ready && !fenced ? [] : [{ code: 'node-unreachable', node: name, fenced }]
  })
}

/** Whether an export is still under way; one that has failed does nothing any more. */
function isOpen(image: VirtualMachineImage, dataVolumes: ExportWorld['dataVolumes']): boolean {
  const state = imageState(image, { dataVolume: { object: dataVolumeOf(image, dataVolumes) } })
  return !isImported(state) && !['failed', 'missing', 'deleting'].includes(state.word)
}

function otherWork({ claim, images, dataVolumes, ownImage }: ExportWorld): ExportSafetyReason[] {
  const { namespace, name } = claim.metadata
  const exports = (images?.objects ?? []).filter(({ spec, ...image }) => spec.sourceType === 'export-from-volume' && spec.pvcName === name && spec.pvcNamespace === namespace && objectKey(image) !== ownImage)
  const clones = (dataVolumes?.objects ?? []).filter(({ spec, metadata, status }) => {
    const source = spec.source?.pvc
    const same = source?.name === name && (source.namespace || metadata.namespace) === namespace
    return same && objectKey({ metadata }) !== ownImage && !['Succeeded', 'Failed'].includes(status?.phase ?? '')
  })
  return [
    ...exports.filter(image => isOpen(image, dataVolumes)).map(image => ({ code: 'export-in-progress' as const, image: objectKey(image) })),
    ...clones.map(dataVolume => ({ code: 'clone-in-progress' as const, dataVolume: objectKey(dataVolume) })),
  ]
}
