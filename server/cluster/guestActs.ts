import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { carryOut } from './carryOut.ts'
import type { SubresourceRoute } from './cluster.ts'
import { stamp, withoutConditions } from './controllers/conditions.ts'
import type { Write } from './controllers/step.ts'
import { setStatus } from './controllers/step.ts'

// What virt-api asks of virt-handler on the guest's node (kubevirt pkg/virt-handler/rest/lifecycle.go), once it has judged the request.

export type GuestAct = 'pause' | 'unpause' | 'softreboot'

/** What is seen of the act. A guest with an agent that reboots loses it for as long as it takes to start; others show nothing. */
export function actOnGuest(vmi: VirtualMachineInstance, act: GuestAct, now: string): Write[] {
  const conditions = vmi.status?.conditions
  if (act === 'softreboot')
    return setStatus(VMIS, vmi, { ...vmi.status, conditions: withoutConditions(conditions, 'AgentConnected') })
  const others = withoutConditions(conditions, 'Paused')
  const paused = { type: 'Paused', status: 'True', reason: 'PausedByUser', message: 'VMI was paused by user', lastProbeTime: now, lastTransitionTime: now }
  return setStatus(VMIS, vmi, { ...vmi.status, conditions: act === 'pause' ? [...others, paused] : others })
}

const TRIES = 5

/** Does it, and again where somebody else wrote meanwhile. Throws ApiErrors. */
export async function carryOutOnGuest(client: KubeClient, at: { readonly namespace: string, readonly name: string }, act: GuestAct): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const vmi = await client.get(VMIS, at)
      for (const write of actOnGuest(vmi, act, stamp(Date.now()))) await carryOut(client, write)
      return
    }
    catch (thrown) {
      if (toApiError(thrown).status !== 409 || tries === TRIES)
        throw thrown
    }
  }
}

/** virt-handler's own API, for a virt-api that is really there: `PUT /v1/namespaces/{namespace}/virtualmachineinstances/{name}/{act}`. */
export function guestRoutes(client: KubeClient): SubresourceRoute[] {
  return (['pause', 'unpause', 'softreboot'] as const).map(subresource => ({
    group: '', version: 'v1', resource: 'virtualmachineinstances', subresource, method: 'PUT' as const,
    answer: async ({ namespace, name }) => {
      await carryOutOnGuest(client, { namespace, name }, subresource)
      return { status: 202 }
    },
  }))
}
