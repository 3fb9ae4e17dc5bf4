import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import { PODS } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { carryOut } from './carryOut.ts'
import type { SubresourceAnswer, SubresourceCall, SubresourceRoute } from './cluster.ts'
import { MIGRATIONS } from './controllers/migration.ts'
import type { JsonObject } from './json.ts'
import type { GuestAct } from './guestActs.ts'
import { carryOutOnGuest } from './guestActs.ts'
import { refusalOfAct } from './guestRequests.ts'
import type { PowerBody, PowerOutcome, PowerRefusal } from './powerRequests.ts'
import { conflict, restart, start, stop } from './powerRequests.ts'
import { addVolume, faultOfVolumeBody, removeVolume } from './volumeRequests.ts'

// KubeVirt's aggregated API: reads the VM, decides, and writes as virt-api does.

const ACTS = { start, stop, restart } as const
const VOLUME_ACTS = { addvolume: addVolume, removevolume: removeVolume } as const
const TRIES = 4

/** The subresources of `subresources.kubevirt.io` that act on VMs and their guests. */
export function powerRoutes(client: KubeClient): SubresourceRoute[] {
  const route = (resource: string, subresource: string, answer: SubresourceRoute['answer']): SubresourceRoute[] =>
    ['v1', 'v1alpha3'].map(version => ({ group: 'subresources.kubevirt.io', version, resource, subresource, method: 'PUT' as const, answer }))
  return [
    ...(['start', 'stop', 'restart'] as const).flatMap(act => route('virtualmachines', act, call => settle(call, () => answerPower(client, act, call)))),
    ...(['addvolume', 'removevolume'] as const).flatMap(act => route('virtualmachines', act, call => settle(call, () => answerVolume(client, act, call)))),
    ...(['addvolume', 'removevolume'] as const).flatMap(act => route('virtualmachineinstances', act, call => settle(call, () => answerInstanceVolume(client, act, call)))),
    ...route('virtualmachines', 'migrate', call => settle(call, () => answerMigrate(client, call))),
    ...(['pause', 'unpause', 'softreboot'] as const).flatMap(act => route('virtualmachineinstances', act, call => settle(call, () => answerGuest(client, act, call)))),
  ]
}

async function find<T extends KubeObject>(client: KubeClient, kind: Resource<T>, { namespace, name }: SubresourceCall): Promise<T | undefined> {
  return client.get(kind, { namespace, name }).catch((thrown: unknown) => {
    if (toApiError(thrown).status === 404)
      return undefined
    throw thrown
  })
}

/** What is made of the VM where it is there. */
async function withVm(client: KubeClient, call: SubresourceCall, answer: (vm: VirtualMachine) => Promise<SubresourceAnswer>): Promise<SubresourceAnswer> {
  const vm = await find(client, VMS, call)
  return vm ? answer(vm) : missing('virtualmachine', call.name)
}

function answerPower(client: KubeClient, act: keyof typeof ACTS, call: SubresourceCall): Promise<SubresourceAnswer> {
  return withVm(client, call, async vm => {
    const vmi = await find(client, VMIS, call)
    const outcome = ACTS[act](vm, vmi, call.body as PowerBody)
    const answer = await realize(client, outcome, call)
    // Also where it shall only be tried: RestartVMRequestHandler deletes the pod all the same.
    if ('writes' in outcome && outcome.cut && vmi)
      await cutPods(client, call.namespace, vmi.metadata.uid)
    return answer
  })
}

async function answerVolume(client: KubeClient, act: keyof typeof VOLUME_ACTS, call: SubresourceCall): Promise<SubresourceAnswer> {
  const fault = faultOfVolumeBody(act, call.body)
  return fault ? refusalBody(call.name, 'virtualmachine', fault) : withVm(client, call, vm => realize(client, VOLUME_ACTS[act](vm, call.body), call))
}

/** A VM's instance takes its volumes from the VM alone; one without a VM is not played. */
async function answerInstanceVolume(client: KubeClient, act: keyof typeof VOLUME_ACTS, call: SubresourceCall): Promise<SubresourceAnswer> {
  const fault = faultOfVolumeBody(act, call.body)
  if (fault)
    return refusalBody(call.name, 'virtualmachineinstance', fault)
  const vmi = await find(client, VMIS, call)
  return vmi
    ? refusalBody(call.name, 'virtualmachineinstance', { status: 400, reason: 'BadRequest', message: `VMI ${call.namespace}/${call.name} is owned by a VM` })
    : missing('virtualmachineinstance', call.name)
}

function answerMigrate(client: KubeClient, call: SubresourceCall): Promise<SubresourceAnswer> {
  return withVm(client, call, async () => {
    const vmi = await find(client, VMIS, call)
    if (!vmi)
      return missing('virtualmachineinstance', call.name)
    if (vmi.status?.phase !== 'Running')
      return refusalBody(call.name, 'virtualmachine', conflict(call.name, 'VM is not running'))
    const { addedNodeSelector } = call.body as { addedNodeSelector?: Record<string, string> }
    const spec = { vmiName: call.name, ...(addedNodeSelector ? { addedNodeSelector } : {}) }
    await client.create(MIGRATIONS, { apiVersion: 'kubevirt.io/v1', kind: MIGRATIONS.kind, metadata: { generateName: 'kubevirt-migrate-vm-', namespace: call.namespace }, spec }, { dryRun: isDry(call) })
    return { status: 202 }
  })
}

async function answerGuest(client: KubeClient, act: GuestAct, call: SubresourceCall): Promise<SubresourceAnswer> {
  const vm = act === 'unpause' ? await find(client, VMS, call) : undefined
  const vmi = await find(client, VMIS, call)
  if (!vmi)
    return missing('virtualmachineinstance', call.name)
  const refusal = refusalOfAct(act, vmi, vm)
  if (refusal)
    return refusalBody(call.name, 'virtualmachineinstance', refusal)
  if (act === 'softreboot' || !isDry(call))
    await carryOutOnGuest(client, call, act)
  return { status: 200 }
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
      const clash = error.status === 409
      return refusalBody(call.name, 'virtualmachine', { status: clash ? 409 : 500, reason: clash ? 'Conflict' : 'InternalError', message: clash ? error.message : `${INTERNAL}${error.message}` })
    }
  }
}

async function realize(client: KubeClient, outcome: PowerOutcome, call: SubresourceCall): Promise<SubresourceAnswer> {
  if (!('writes' in outcome))
    return refusalBody(call.name, 'virtualmachine', outcome)
  for (const write of outcome.writes) await carryOut(client, write, { dryRun: isDry(call) })
  return { status: 202 }
}

async function cutPods(client: KubeClient, namespace: string, uid: string): Promise<void> {
  const { items } = await client.list(PODS, { namespace, labelSelector: `kubevirt.io/created-by=${uid}` })
  for (const pod of items) await client.remove(PODS, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 1 })
}

/** virt-api reads the dry run from the body alone; the query is not looked at. */
function isDry({ body }: SubresourceCall): boolean {
  return Array.isArray(body.dryRun) && body.dryRun.includes('All')
}

function missing(kind: string, name: string): SubresourceAnswer {
  return refusalBody(name, kind, { status: 404, reason: 'NotFound', message: `${kind}.kubevirt.io "${name}" not found` })
}

const INTERNAL = 'Internal error occurred: '

/** A Status as Kubernetes' Go constructors of errors make it: what is named, or what went wrong within. */
function refusalBody(name: string, kind: string, { status, reason, message }: PowerRefusal): SubresourceAnswer {
  const details: JsonObject | undefined = { 400: undefined, 403: { name, group: 'kubevirt.io', kind }, 404: { name, group: 'kubevirt.io', kind }, 409: { name, group: 'kubevirt.io', kind }, 500: { causes: [{ message: message.replace(INTERNAL, '') }] } }[status]
  return { status, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(details ? { details } : {}), code: status } }
}
