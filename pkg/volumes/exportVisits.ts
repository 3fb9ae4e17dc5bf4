import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { StepWorld } from './exportStep.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { usersOfClaim, vmOfPod } from './claimUsers.ts'
import { noteOn } from './exportedImage.ts'

/**
 * Whether a pod has come to the disk since its image was made, though it may be gone again. `unknown`: nobody can say, which
 * is no proof of anything. Pods are `namespace/name`.
 */
export type Visits = { readonly word: 'none' | 'unknown' } | { readonly word: 'visited', readonly pods: readonly string[] }

/** CDI's own reader of the disk, by the name that CDI gives it (containerized-data-importer pkg/controller/common/util.go). */
const CDI_READER = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}-source-pod$/

/**
 * Whether the pod is a reader of CDI's, this image's or another's, by the same that CDI itself goes by when it lets one clone begin
 * beside another (pkg/controller/common/util.go GetPodsUsingPVCs). It mounts a file system to read only, and of a block device it
 * only reads. Any other pod of CDI's would write.
 */
export function isCdiReader({ metadata: { name, labels } }: Pod): boolean {
  return CDI_READER.test(name) && labels?.['cdi.kubevirt.io'] === 'cdi-clone-source'
}

/** What Longhorn has to say of the pods on the claim's volume; undefined where that is not seen, or is of another claim. */
function podsOn({ metadata, spec }: PersistentVolumeClaim, volumes: Seen<LonghornVolume>) {
  const volume = !blindSpot(LONGHORN_VOLUMES, volumes, LONGHORN_NAMESPACE) ? volumes.objects.find(candidate => candidate.metadata.name === spec?.volumeName) : undefined
  const { namespace, pvcName, lastPodRefAt = '', workloadsStatus } = volume?.status?.kubernetesStatus ?? {}
  if (!volume || namespace !== metadata.namespace || pvcName !== metadata.name)
    return undefined
  const pods = (workloadsStatus ?? []).flatMap(({ podName, podStatus }) => podName ? [{ name: podName, isPending: podStatus === 'Pending' }] : [])
  // One that was Pending to the end is not known to have had the disk; that it had not is not known either.
  const begun = pods.filter(({ isPending }) => !isPending)
  return { uid: volume.metadata.uid, goneAt: lastPodRefAt, names: pods.map(({ name }) => name), begun: begun.map(({ name }) => name), isListed: pods.length > 0 && lastPodRefAt === '' }
}

/**
 * The last pods on the claim's volume and when they went, in one text that is another once a pod has been there: Longhorn lists
 * pods while they are there, and of the last keeps the names and the time at which they were gone (longhorn-manager
 * controller/kubernetes_pv_controller.go setWorkloads). Undefined where it is not known, and where it lists one, if only one
 * that has ended: another that leaves before that one leaves no trace.
 */
export function lastPodsOn(claim: PersistentVolumeClaim, volumes: Seen<LonghornVolume>): string | undefined {
  const pods = podsOn(claim, volumes)
  return !pods || pods.isListed ? undefined : [pods.uid, pods.goneAt || 'never', ...pods.names].join(' ')
}

/** Whether Longhorn lists pods on the claim's volume now, some of which may have ended; false where that is not seen. */
export function arePodsListed(claim: PersistentVolumeClaim, volumes: Seen<LonghornVolume>): boolean {
  return podsOn(claim, volumes)?.isListed ?? false
}

/** The volume of which Longhorn still lists pods, though all have gone or are about to: it will have noted that within moments. Undefined where there is nothing to wait for. */
export function volumeBehind(claim: PersistentVolumeClaim, { longhornVolumes, pods, vmis }: Pick<StepWorld, 'longhornVolumes' | 'pods' | 'vmis'>): string | undefined {
  const leaving = new Set(vmis.objects.filter(vmi => vmi.metadata.deletionTimestamp).map(objectKey))
  const left = usersOfClaim(claim, { vms: [], vmis: [], pods: pods.objects }).pods
  const isLeaving = left.every(pod => pod.metadata.deletionTimestamp || leaving.has(vmOfPod(pod, pods.objects) ?? ''))
  return isLeaving && podsOn(claim, longhornVolumes)?.isListed ? claim.spec?.volumeName : undefined
}

/**
 * What one who sees Longhorn's volumes has to say of the pods on the disk to one who does not and makes its image: the text that
 * is noted there, or that Longhorn is behind, so that there is none yet. Undefined where there will be none.
 */
export type PodMemory = { readonly word: 'noted', readonly lastPods: string } | { readonly word: 'behind', readonly volume: string }

/** What is remembered of the pods on the claim's volume. */
export function podMemory(claim: PersistentVolumeClaim, world: Pick<StepWorld, 'longhornVolumes' | 'pods' | 'vmis'>): PodMemory | undefined {
  const lastPods = lastPodsOn(claim, world.longhornVolumes)
  if (lastPods !== undefined)
    return { word: 'noted', lastPods }
  const volume = volumeBehind(claim, world)
  return volume === undefined ? undefined : { word: 'behind', volume }
}

/**
 * Whether a pod has come to the disk since the image was made, by what Longhorn remembers now and what it did then. A pod that
 * `isLate` has come once it was read, and is none.
 */
export function visitsSince(image: VirtualMachineImage, claim: PersistentVolumeClaim, volumes: Seen<LonghornVolume>, isLate: (pod: string) => boolean | undefined = () => false): Visits {
  const { lastPods } = noteOn(image)
  const pods = podsOn(claim, volumes)
  if (!pods || typeof lastPods !== 'string')
    return { word: 'unknown' }
  if (lastPodsOn(claim, volumes) === lastPods)
    return { word: 'none' }
  // CDI's own comes to read it, and others once it is read. Who came before or with them, and went before they did, is not told.
  const others = pods.begun.filter(name => !CDI_READER.test(name)).map(name => `${claim.metadata.namespace}/${name}`).filter(pod => !isLate(pod))
  return others.length ? { word: 'visited', pods: others } : { word: 'unknown' }
}
