import type { KubeClient } from '#kube/client.ts'
import type { Pod } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { StepWorld } from './exportStep.ts'
import { toApiError } from '#kube/apiError.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'
import { exportImageKey, exportImageName, imageOfExport } from './exportedImage.ts'

/**
 * The world with the image and what CDI fills for it, the VMs on the disk, their instances, Longhorn's volume and the claim as the API server has them
 * now: a watch may be behind, for up to a minute where its line is cut without a word. Throws where one of them cannot be read.
 * With `listPods` all pods of the claim's namespace too, where they are seen: whose they are is not known before.
 *
 * They are read one kind after the other. VMs after the image: an image that was imported by then has seen all that they did
 * before. Instances after the VMs: none is taken for that of an earlier start. Pods after the image, as VMs are, and what Longhorn
 * remembers of pods after these: one that has gone meanwhile is remembered. The claim last: what was noted on it, such as that
 * the export was given up, is never older than what was done because of it.
 */
export async function readAnew(world: StepWorld, intent: ExportIntent, get: KubeClient['get'], listPods?: (namespace: string) => Promise<readonly Pod[]>): Promise<StepWorld> {
  const { namespace, name } = intent.claim
  const claim = world.claims.objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  const users = claim ? usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects }).vms : []
  const names = [...new Set([...users.map(vm => vm.metadata.name), ...intent.vms.map(vm => vm.name)])]
  const anew = async <T extends KubeObject>(resource: Resource<T>, seen: Seen<T>, where: string, wanted: readonly string[]): Promise<Seen<T>> => {
    const found = await Promise.all(wanted.map(one => get(resource, { namespace: where, name: one }).catch(absentAsUndefined)))
    const others = seen.objects.filter(({ metadata }) => metadata.namespace !== where || !wanted.includes(metadata.name))
    return { objects: [...others, ...found.filter(object => object !== undefined)], state: seen.state, ...(seen.partial && { partial: seen.partial }), ...(seen.unread && { unread: seen.unread }) }
  }
  const images = await anew(IMAGES, world.images, intent.image.namespace, [exportImageName(intent)])
  // What CDI fills for the image, and how far Longhorn is with it.
  const isCopied = images.objects.some(image => image.spec.backend === 'cdi' && imageOfExport(intent, [image]))
  const filled = isCopied ? await anew(CLAIMS, world.claims, intent.image.namespace, [exportImageName(intent)]) : world.claims
  const vms = await anew(VMS, world.vms, namespace, names)
  const vmis = await anew(VMIS, world.vmis, namespace, names)
  const isPodsSeen = blindSpot(PODS, world.pods, namespace) === undefined
  const pods = listPods && isPodsSeen ? { ...world.pods, objects: [...world.pods.objects.filter(({ metadata }) => metadata.namespace !== namespace), ...await listPods(namespace)] } : world.pods
  const volumes = world.longhornVolumes
  const volume = claim?.spec?.volumeName
  const isVolumeSeen = volume !== undefined && blindSpot(LONGHORN_VOLUMES, volumes, LONGHORN_NAMESPACE) === undefined
  const target = isCopied ? filled.objects.find(candidate => objectKey(candidate) === exportImageKey(intent))?.spec?.volumeName : undefined
  const longhornVolumes = isVolumeSeen ? await anew(LONGHORN_VOLUMES, volumes, LONGHORN_NAMESPACE, [volume, ...target ? [target] : []]) : volumes
  const claims = await anew(CLAIMS, filled, namespace, [name])
  return { ...world, longhornVolumes, claims, images, pods, vms, vmis }
}

function absentAsUndefined(thrown: unknown): undefined {
  if (toApiError(thrown).status !== 404)
    throw thrown
}
