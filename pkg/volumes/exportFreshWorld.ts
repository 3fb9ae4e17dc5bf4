import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { StepWorld } from './exportStep.ts'
import { toApiError } from '#kube/apiError.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'

/**
 * The world with the VMs on the disk, and their instances, as the API server has them now: a watch may be behind, for up to
 * a minute where its line is cut without a word. Throws where one of them cannot be read.
 */
export async function readVmsAnew(world: StepWorld, intent: ExportIntent, get: KubeClient['get']): Promise<StepWorld> {
  const { namespace, name } = intent.claim
  const claim = world.claims.objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  const users = claim ? usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects }).vms : []
  const names = [...new Set([...users, ...intent.vms.map(vm => ({ metadata: vm }))].map(vm => vm.metadata.name))]
  const anew = async <T extends KubeObject>(resource: Resource<T>, seen: Seen<T>): Promise<Seen<T>> => {
    const found = await Promise.all(names.map(vm => get(resource, { namespace, name: vm }).catch(absentAsUndefined)))
    const others = seen.objects.filter(object => object.metadata.namespace !== namespace || !names.includes(object.metadata.name))
    return { objects: [...others, ...found.filter(object => object !== undefined)], state: seen.state, ...(seen.partial && { partial: seen.partial }), ...(seen.unread && { unread: seen.unread }) }
  }
  const [vms, vmis] = await Promise.all([anew(VMS, world.vms), anew(VMIS, world.vmis)])
  return { ...world, vms, vmis }
}

function absentAsUndefined(thrown: unknown): undefined {
  if (toApiError(thrown).status !== 404)
    throw thrown
}
