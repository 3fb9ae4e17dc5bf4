import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import { PODS } from '#kube/core.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { carryOut } from '../carryOut.ts'
import type { EvictionHook } from '../cluster.ts'
import { hasEnded } from '../controllers/claimIndexes.ts'
import { isTrue } from '../controllers/conditions.ts'
import { isLauncher } from '../controllers/launcher.ts'
import { setStatus } from '../controllers/step.ts'

// KubeVirt's webhook on evictions: pkg/virt-api/webhooks/validating-webhook/admitters/pod-eviction-admitter.go.

/** What becomes of a guest whose launcher is to be evicted from a node: it is ended with its pod, moved first, or kept for a reason. */
export type Eviction = 'goes' | 'moves' | { readonly because: string }

/** Whether a guest is moved from a node that is drained, ended, or stays. */
export function judgeEviction(vmi: VirtualMachineInstance, nodeName: string | undefined): Eviction {
  const { metadata: { namespace, name }, spec: { evictionStrategy = 'None' }, status } = vmi
  const isMigratable = isTrue(status?.conditions, 'LiveMigratable')
  if (evictionStrategy === 'LiveMigrate' && !isMigratable)
    return { because: `VMI ${name} is configured with an eviction strategy but is not live-migratable` }
  if (evictionStrategy === 'None' || (evictionStrategy === 'LiveMigrateIfPossible' && !isMigratable))
    return 'goes'
  if (status?.evacuationNodeName)
    return { because: `Evacuation in progress: ${triggered(namespace, name)}` }
  return status?.nodeName === nodeName ? 'moves' : { because: 'Eviction request for target Pod' }
}

function triggered(namespace: string | undefined, name: string): string {
  return `Eviction triggered evacuation of VMI "${namespace}/${name}"`
}

/** The webhook, which marks the guest that is to move by virt-api's own client. Throws what the API refuses. */
export function evictionHook(client: KubeClient): EvictionHook {
  return {
    name: 'virt-launcher-eviction-interceptor.kubevirt.io',
    async review({ namespace, name, dryRun }) {
      const pod = await client.get(PODS, { namespace, name })
      const vmiName = pod.metadata.annotations?.['kubevirt.io/domain']
      if (!isLauncher(pod) || hasEnded(pod) || vmiName === undefined)
        return undefined
      const refuse = (message: string) => ({ refusal: { code: 429, message, unnamed: true } })
      try {
        const vmi = await client.get(VMIS, { namespace, name: vmiName })
        const eviction = judgeEviction(vmi, pod.spec?.nodeName)
        if (eviction === 'goes')
          return undefined
        if (eviction !== 'moves')
          return refuse(eviction.because)
        for (const write of setStatus(VMIS, vmi, { ...vmi.status, evacuationNodeName: pod.spec?.nodeName }))
          await carryOut(client, write, { dryRun })
        return refuse(triggered(namespace, vmiName))
      }
      catch (thrown) {
        return refuse(`kubevirt failed getting the vmi: ${toApiError(thrown).message}`)
      }
    },
  }
}
