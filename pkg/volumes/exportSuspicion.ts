import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { DiskCopy } from './diskCopy.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { StepReason, StepWorld } from './exportStep.ts'
import { PODS } from '#kube/core.ts'
import { fieldWrittenBy } from '#kube/fieldManagers.ts'
import { objectKey, readTimestamp } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { usersOfClaim } from './claimUsers.ts'
import { safetyWorld } from './exportBeforeImage.ts'
import { changedSince } from './exportImage.ts'
import { importOverAt } from './exportedImage.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { arePodsListed, isCdiReader, visitsSince } from './exportVisits.ts'

export interface Suspicions {
  /** Who was on the disk while the image was read, or may have been, `namespace/name`. */
  readonly suspects: readonly string[]
  readonly because: readonly StepReason[]
  /** Where nobody was: whether that is proven. `none`: the image does not say how the VMs were. `unclear`: who was there before the last is not told, or came in the second in which the import was over. */
  readonly proof: 'clear' | 'unclear' | 'none'
  /** Longhorn lists a pod, now, that is not seen otherwise: it has only just come, or only just gone, and what is seen is behind. */
  readonly isBehind: boolean
}

type Holder = Extract<ExportSafetyReason, { readonly code: 'guest' | 'pod' }>

/**
 * Who may have torn the image: what is on the disk or was, an instance or a pod. A VM that has only been changed, or whose
 * start the guard has refused, is none of those; nor is one that runs again since the image was read (`isOver`), as a VM does at
 * once that somebody has started meanwhile. When a copy of Longhorn's own was over (`copyOf`) nobody says: what came after the
 * import may have been before that, and what is gone proves nothing.
 */
export function suspicions(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, { isOver, copy }: { readonly isOver: boolean, readonly copy: DiskCopy['word'] }): Suspicions {
  const cameOf = (object: KubeObject | undefined) => {
    const came = object && isOver ? sinceImport(image, object) : 'before'
    return came === 'after' && copy !== 'none' ? 'unclear' : came
  }
  const lateOf = (objects: readonly KubeObject[]) => new Set(objects.filter(object => cameOf(object) !== 'before').map(objectKey))
  const late = { vmis: lateOf(world.vmis.objects), pods: lateOf(world.pods.objects) }
  // The image was made on a disk that no pod held. CDI's own reads it.
  const readers = new Set(world.pods.objects.filter(isCdiReader).map(objectKey))
  // Nothing is attached for a pod that no node was found for.
  const unplaced = new Set(world.pods.objects.filter(({ spec }) => !spec?.nodeName).map(objectKey))
  const holders = judgeExportSafety(safetyWorld(world, intent, claim)).reasons.filter(isHolder).filter(reason => !(reason.code === 'pod' && (readers.has(reason.pod) || unplaced.has(reason.pod))))
  const [vmis, pods] = [holders.flatMap(reason => reason.code === 'guest' ? reason.vmi : []), holders.filter(reason => reason.code === 'pod')]
  const there = pods.filter(({ pod }) => !late.pods.has(pod))
  const visits = visitsSince(image, claim, world.longhornVolumes, pod => late.pods.has(pod) || [...late.vmis].some(vmi => isLauncherOf(pod, vmi)))
  const unseen = visits.word === 'visited' ? visits.pods.filter(pod => !unplaced.has(pod) && !there.some(one => one.pod === pod)) : []
  const isBehind = unseen.length > 0 && arePodsListed(claim, world.longhornVolumes)
  // Who may not see pods does not know when one that is there has come.
  const isUntimed = isBehind && isOver && blindSpot(PODS, world.pods, intent.claim.namespace) !== undefined
  const gone = isUntimed ? [] : unseen
  const changed = changedSince(image, intent.claim.namespace, usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects }).vms)
  const ran = (changed ?? []).filter(vm => gone.some(pod => isLauncherOf(pod, vm)))
  const vms = [...new Set([...vmis.filter(vmi => !late.vmis.has(vmi)), ...ran])]
  const isUnclear = [...world.vmis.objects.filter(vmi => vmis.includes(objectKey(vmi))), ...world.pods.objects.filter(one => pods.some(({ pod }) => pod === objectKey(one)))].some(object => cameOf(object) === 'unclear')
  return {
    isBehind: isBehind && !isUntimed,
    suspects: [...vms, ...there.map(({ pod }) => pod), ...gone],
    because: [...vms.map(vm => ({ code: 'vm-started' as const, vm })), ...there, ...gone.map(pod => ({ code: 'visited' as const, pod }))],
    proof: !changed ? 'none' : visits.word === 'unknown' || isUnclear || isUntimed || copy === 'gone' ? 'unclear' : 'clear',
  }
}

function isHolder(reason: ExportSafetyReason): reason is Holder {
  return reason.code === 'guest' || reason.code === 'pod'
}

/** Whether a pod was the VM's, by its name, which is what is left of one that is gone (kubevirt pkg/virt-controller/services/template.go). Names are `namespace/name`. */
function isLauncherOf(pod: string, vm: string): boolean {
  return pod.slice(0, pod.lastIndexOf('-')) === vm.replace('/', '/virt-launcher-')
}

/**
 * Whether an object came to the cluster `before` the image's import was over, or `after`: what came after has not touched what
 * was read. `unclear`: in the same second, for times are whole ones, or in those by which Harvester's clock, which says when
 * the import was over, may be behind the API server's, which says when the rest was made. Also `before` where nobody says
 * when it was over, or it is not.
 */
export function sinceImport(image: VirtualMachineImage, { metadata: { creationTimestamp } }: KubeObject): 'before' | 'unclear' | 'after' {
  const over = importOverAt(image)
  const came = second(readTimestamp(creationTimestamp))
  if (over === undefined || !(came >= second(over)))
    return 'before'
  return came > second(Math.max(over, fieldWrittenBy(image, 'status', 'conditions') ?? over)) ? 'after' : 'unclear'
}

const second = (time = Number.NaN): number => Math.floor(time / 1000)
