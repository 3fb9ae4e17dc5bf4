import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ClaimUsers } from './claimUsers.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportWorld } from './exportWorld.ts'
import { objectKey } from '#kube/object.ts'
import { isMadeAnew, startsByItself } from '#vms/powerState.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'
import { holdersOf } from './exportHolders.ts'
import { otherExportOf } from './exportIntent.ts'
import { workOn } from './exportWork.ts'
import { unseenOf } from './exportWorld.ts'

export type ExportSafetyWord = 'at-rest' | 'detaching' | 'in-use' | 'will-start' | 'unknown'

export interface ExportSafety {
  readonly word: ExportSafetyWord
  /** Everything that speaks against `at-rest`; empty for it. */
  readonly reasons: readonly ExportSafetyReason[]
}

const WORD_OF: Readonly<Record<ExportSafetyReason['code'], Exclude<ExportSafetyWord, 'at-rest'>>> = {
  'guest': 'in-use', 'pod': 'in-use', 'vm-busy': 'in-use', 'vm-terminating': 'in-use', 'export-in-progress': 'in-use', 'clone-in-progress': 'in-use', 'being-filled': 'in-use',
  'snapshot-in-progress': 'in-use', 'vm-export-in-progress': 'in-use', 'backup-in-progress': 'in-use', 'restore-in-progress': 'in-use', 'claim-resizing': 'in-use', 'longhorn-busy': 'in-use',
  'vm-wanted-on': 'will-start', 'vm-start-requested': 'will-start', 'vm-will-restart': 'will-start', 'guest-without-disk': 'will-start', 'vm-in-other-export': 'will-start',
  'not-seen': 'unknown', 'instance-unseen': 'unknown', 'node-unresponsive': 'unknown', 'node-unreachable': 'unknown', 'node-fenced': 'unknown', 'claim-deleting': 'unknown',
  'attached': 'detaching', 'longhorn-attached': 'detaching',
}
const STRONGEST_FIRST = ['in-use', 'will-start', 'unknown', 'detaching'] as const

/**
 * Whether the disk lies still, so that an export of it is whole: what its VMs are meant to do (A), instances (B), pods (C),
 * attachments (D), the nodes it was last on (N), other work on it (E). `printableStatus` has no say: it reads Stopped before
 * a start and while pod and attachment are still there. What may not be read, or is not up to date, makes it unknown.
 *
 * The strongest word wins, and all reasons are told:
 * - `in-use`: seen on the disk or at work on it. Certain, whatever else is not seen. KubeVirt's offline snapshot and CDI's
 *   clone wait for the same (kubevirt pkg/storage/snapshot/source.go; containerized-data-importer pkg/controller/common/util.go).
 * - `will-start`: nobody is on it, and somebody will be without being asked again (kubevirt pkg/virt-controller/watch/vm/vm.go).
 *   As certain, and waiting does not help.
 * - `unknown`: something may be on it that is not seen. It outweighs `detaching`, which promises that waiting helps.
 * - `detaching`: only attachments are left. Unmounting is what writes the node's cache to a disk with a file system, so
 *   this is waited for, though neither KubeVirt nor Harvester looks at it (harvester#8133).
 * - `at-rest`: nothing speaks against it, and all of it was seen.
 */
export function judgeExportSafety(world: ExportWorld): ExportSafety {
  const users = usersOfClaim(world.claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
  const reasons: ExportSafetyReason[] = [
    ...unseenOf(world),
    ...(world.claim.metadata.deletionTimestamp ? [{ code: 'claim-deleting' } as const] : []),
    ...startsOf(users),
    ...users.vms.flatMap(vm => takenByOther(vm, world)),
    ...holdersOf(world, users),
    ...workOn(world, users),
  ]
  return { word: strongestOf(reasons), reasons }
}

/** The word for these reasons, and for what somebody else has said beside them: the strongest wins. */
export function strongestOf(reasons: readonly ExportSafetyReason[], said: ExportSafetyWord = 'at-rest'): ExportSafetyWord {
  const words = new Set<ExportSafetyWord>([...reasons.map(reason => WORD_OF[reason.code]), said])
  return STRONGEST_FIRST.find(word => words.has(word)) ?? 'at-rest'
}

/** What will become of the VMs without anybody asking again. */
function startsOf({ vms, vmis }: ClaimUsers): ExportSafetyReason[] {
  return vms.flatMap(vm => {
    const vmi = vmis.find(candidate => objectKey(candidate) === objectKey(vm))
    const start = startOf(vm, vmi)
    return [
      ...(vm.metadata.deletionTimestamp ? [{ code: 'vm-terminating' as const, vm: objectKey(vm) }] : []),
      ...(start ? [start] : []),
      // KubeVirt says that there is one: the watch of instances is behind, or that of VMs.
      ...(!vmi && vm.status?.created ? [{ code: 'instance-unseen' as const, vm: objectKey(vm) }] : []),
    ]
  })
}

function startOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportSafetyReason | undefined {
  const strategy = effectiveRunStrategy(vm)
  // A restart is a Stop followed by a Start, and the Start is done once the Stop is.
  if (vm.status?.stateChangeRequests?.some(request => request.action === 'Start'))
    return { code: 'vm-start-requested', vm: objectKey(vm) }
  if (strategy === 'Always' || strategy === 'WaitAsReceiver' || (vmi ? isMadeAnew(vm, vmi) : startsByItself(vm)))
    return { code: 'vm-wanted-on', vm: objectKey(vm), strategy }
  const rerun = strategy === 'RerunOnFailure' && vmi?.status?.phase === 'Failed' && !vmi.metadata.deletionTimestamp
  return rerun ? { code: 'vm-will-restart', vm: objectKey(vm) } : undefined
}

/** Another export has this VM off, and starts it when it ends. */
function takenByOther(vm: VirtualMachine, { claim, claims }: ExportWorld): ExportSafetyReason[] {
  const other = otherExportOf(vm, objectKey(claim), claims)
  return other ? [{ code: 'vm-in-other-export', vm: objectKey(vm), claim: other }] : []
}

/**
 * Whether the disk comes to rest once these VMs (`namespace/name`) are shut down: nothing else holds it, and nothing is
 * unknown. An instance or a pod of no such VM would be waited for in vain.
 */
export function isFreedByStopping({ reasons }: ExportSafety, vms: ReadonlySet<string>): boolean {
  return reasons.every(reason => {
    switch (reason.code) {
      case 'attached': case 'longhorn-attached': return true
      case 'guest': case 'guest-without-disk': return vms.has(reason.vmi)
      case 'pod': return reason.vm !== undefined && vms.has(reason.vm)
      case 'vm-wanted-on': case 'vm-start-requested': case 'vm-will-restart': return vms.has(reason.vm)
      default: return false
    }
  })
}

/** Of a disk that is not free once those VMs are stopped: the word that says why. Where only something else is not seen beside them, it is that. */
export function whyNotFreed(safety: ExportSafety, vms: ReadonlySet<string>): ExportSafetyWord {
  const seen = safety.reasons.filter(({ code }) => code !== 'not-seen')
  return seen.length < safety.reasons.length && isFreedByStopping({ ...safety, reasons: seen }, vms) ? 'unknown' : safety.word
}

/** What somebody has taken upon himself who wants the image of a running disk: that it is in use, and whatever of that is not seen. */
export const ACKNOWLEDGED: readonly ExportSafetyReason['code'][] = ['guest', 'guest-without-disk', 'pod', 'attached', 'longhorn-attached', 'vm-wanted-on', 'vm-start-requested', 'vm-will-restart', 'instance-unseen', 'not-seen']

/** Whether the disk is known to be used or about to be: by whom one sees, by the server's word, or by KubeVirt's, which says that a VM on it has an instance. */
export function isKnownInUse({ word, reasons }: ExportSafety): boolean {
  return word === 'in-use' || word === 'will-start' || reasons.some(({ code }) => code === 'instance-unseen')
}

/** Whether nothing stands in the way but what can be taken upon oneself. */
export function canBeAcknowledged({ reasons }: ExportSafety): boolean {
  return reasons.every(reason => ACKNOWLEDGED.includes(reason.code))
}
