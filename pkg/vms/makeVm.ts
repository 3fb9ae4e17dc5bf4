import type { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachine } from './vm.ts'
import { isRefusal, toApiError } from '#kube/apiError.ts'
import { SECRETS } from '#kube/core.ts'
import { carryOut } from '#kube/write.ts'
import { CLAIM_TEMPLATES_ANNOTATION, VMS } from './vm.ts'

/**
 * `made`: the cluster has the VM. `refused`: it has none, and no Secret of it. `unsure`: no answer came and no VM is seen;
 * the Secret is kept, because a VM that still comes could not boot without it.
 */
export type VmOutcome
  = | { readonly outcome: 'made', readonly vm: VirtualMachine, readonly warnings: readonly string[] }
    | { readonly outcome: 'refused', readonly error: ApiError }
    | { readonly outcome: 'unsure', readonly error: ApiError }

type Client = Pick<KubeClient, 'create' | 'patch' | 'call' | 'get' | 'remove'>

/** Carries out the plan of a VM (`planVm`: the Secret, if any, then the VM) and finds out how it ended. Never throws an `ApiError`. */
export async function makeVm(client: Client, plan: readonly Write[]): Promise<VmOutcome> {
  const creates = plan.flatMap(write => write.act === 'create' ? write : [])
  const secret = creates.find(({ resource }) => resource.plural === SECRETS.plural)?.manifest.metadata
  const vm = creates.find(({ resource }) => resource.plural === VMS.plural)?.manifest
  const warnings: string[] = []
  for (const write of creates) {
    try {
      const answer = await carryOut(client, write)
      warnings.push(...answer.warnings ?? [])
      if (write.manifest === vm)
        return { outcome: 'made', vm: answer.object as VirtualMachine, warnings }
    }
    catch (thrown) {
      const error = toApiError(thrown)
      // A Secret that was refused is not ours to remove: another of that name may be there.
      if (write.manifest !== vm)
        return isRefusal(error) ? { outcome: 'refused', error } : await withoutSecret(client, secret, error)
      if (isRefusal(error))
        return withoutSecret(client, secret, error)
      const found = await ownVm(client, vm)
      return found ? { outcome: 'made', vm: found, warnings } : { outcome: 'unsure', error }
    }
  }
  throw new Error('the plan makes no VM')
}

type Named = { readonly namespace?: string, readonly name?: string } | undefined

async function withoutSecret(client: Client, secret: Named, error: ApiError): Promise<VmOutcome> {
  if (secret?.name)
    await client.remove(SECRETS, { namespace: secret.namespace, name: secret.name }).catch(() => undefined)
  return { outcome: 'refused', error }
}

/** The VM of the plan where the cluster has it; another of that name has other disks. Undefined too where nobody answers. */
async function ownVm(client: Client, planned: { readonly metadata: { readonly namespace?: string, readonly name?: string, readonly annotations?: Readonly<Record<string, string>> } }): Promise<VirtualMachine | undefined> {
  const { namespace, name = '', annotations } = planned.metadata
  const found = await client.get(VMS, { namespace, name }).catch(() => undefined)
  return found?.metadata.annotations?.[CLAIM_TEMPLATES_ANNOTATION] === annotations?.[CLAIM_TEMPLATES_ANNOTATION] ? found : undefined
}
