import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import { PODS } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { carryOut } from './carryOut.ts'
import type { SubresourceAnswer, SubresourceCall, SubresourceRoute } from './cluster.ts'
import { stamp } from './controllers/conditions.ts'
import type { JsonObject } from './json.ts'
import type { PowerAct, PowerBody, PowerOutcome, PowerRefusal } from './powerRequests.ts'
import { pause, restart, start, stop } from './powerRequests.ts'

// KubeVirt's aggregated API: reads the VM, decides, and patches as virt-api does.

const ACTS = { start, stop, restart } as const
const TRIES = 4

/** The subresources of `subresources.kubevirt.io` that turn VMs on and off. */
export function powerRoutes(client: KubeClient, now: () => number = Date.now): SubresourceRoute[] {
  const route = (resource: string, subresource: PowerAct, answer: SubresourceRoute['answer']): SubresourceRoute[] =>
    ['v1', 'v1alpha3'].map(version => ({ group: 'subresources.kubevirt.io', version, resource, subresource, method: 'PUT' as const, answer }))
  return [
    ...(['start', 'stop', 'restart'] as const).flatMap(act => route('virtualmachines', act, call => answerVm(client, act, call))),
    ...(['pause', 'unpause'] as const).flatMap(act => route('virtualmachineinstances', act, call => answerVmi(client, act, call, now))),
  ]
}

async function find<T extends KubeObject>(client: KubeClient, kind: Resource<T>, { namespace, name }: SubresourceCall): Promise<T | undefined> {
  return client.get(kind, { namespace, name }).catch((thrown: unknown) => {
    if (toApiError(thrown).status === 404)
      return undefined
    throw thrown
  })
}

async function answerVm(client: KubeClient, act: keyof typeof ACTS, call: SubresourceCall): Promise<SubresourceAnswer> {
  return settle(call, async () => {
    const vm = await find(client, VMS, call)
    if (!vm)
      return refusalBody(call.name, 'virtualmachine', notFound('virtualmachine', call.name))
    const vmi = await find(client, VMIS, call)
    const outcome = ACTS[act](vm, vmi, call.body as PowerBody)
    const answer = await realize(client, outcome, call, 'virtualmachine')
    if ('writes' in outcome && outcome.cut && vmi && !isDry(call))
      await cutPods(client, call.namespace, vmi.metadata.uid)
    return answer ?? { status: 202 }
  })
}

async function answerVmi(client: KubeClient, act: 'pause' | 'unpause', call: SubresourceCall, now: () => number): Promise<SubresourceAnswer> {
  return settle(call, async () => {
    const vmi = await find(client, VMIS, call)
    if (!vmi)
      return refusalBody(call.name, 'virtualmachineinstance', notFound('virtualmachineinstance', call.name))
    return await realize(client, pause(vmi, act === 'pause', stamp(now())), call, 'virtualmachineinstance') ?? { status: 200 }
  })
}

/** Asks again where somebody else wrote meanwhile; what the API refuses is passed on. */
async function settle(call: SubresourceCall, attempt: () => Promise<SubresourceAnswer>): Promise<SubresourceAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    }
    catch (thrown) {
      const error = toApiError(thrown)
      if (error.status === 409 && tries < TRIES)
        continue
      const conflict = error.status === 409
      return refusalBody(call.name, 'virtualmachine', { status: conflict ? 409 : 500, reason: conflict ? 'Conflict' : 'InternalError', message: conflict ? error.message : `Internal error occurred: ${error.message}` })
    }
  }
}

async function realize(client: KubeClient, outcome: PowerOutcome, call: SubresourceCall, kind: string): Promise<SubresourceAnswer | undefined> {
  if (!('writes' in outcome))
    return refusalBody(call.name, kind, outcome)
  for (const write of outcome.writes) await carryOut(client, write, { dryRun: isDry(call) })
  return undefined
}

async function cutPods(client: KubeClient, namespace: string, uid: string): Promise<void> {
  const { items } = await client.list(PODS, { namespace, labelSelector: `kubevirt.io/created-by=${uid}` })
  for (const pod of items) await client.remove(PODS, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 1 })
}

/** virt-api reads the dry run from the body alone; the query is not looked at. */
function isDry({ body }: SubresourceCall): boolean {
  return Array.isArray(body.dryRun) && body.dryRun.includes('All')
}

function notFound(kind: string, name: string): PowerRefusal {
  return { status: 404, reason: 'NotFound', message: `${kind}.kubevirt.io "${name}" not found` }
}

function refusalBody(name: string, kind: string, { status, reason, message }: PowerRefusal): SubresourceAnswer {
  const details: JsonObject = { name, group: 'kubevirt.io', kind }
  return { status, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(status === 404 || status === 409 ? { details } : {}), code: status } }
}
