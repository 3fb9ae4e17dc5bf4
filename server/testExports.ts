// For specs: exports as a page begins them, on an embedded cluster, and what is left of them.
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import { carryOut } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS, VM_SUBRESOURCES, effectiveRunStrategy } from '#vms/vm.ts'
import type { RunStrategy } from '#vms/vm.ts'
import { usersOfClaim } from '#volumes/claimUsers.ts'
import { amendIntent } from '#volumes/exportIntent.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { planExport } from '#volumes/exportPlan.ts'
import type { ExportRequest } from '#volumes/exportPlan.ts'
import { wholenessOf } from '#volumes/exportedImage.ts'
import { GUEST_ANNOTATION } from './cluster/controllers/guests.ts'

/** Where the API server tells of the requester webhook, and what it says where that is installed: the embedded one has no webhooks that are objects. */
export const REQUESTER_WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
export const REQUESTER_INSTALLED = { kind: 'MutatingWebhookConfigurationList', apiVersion: 'admissionregistration.k8s.io/v1', metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'x', uid: 'x', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, webhooks: [{ name: 'requester.guardrails.harvesterhci.io', failurePolicy: 'Fail' }] }] }

interface Place { readonly namespace: string, readonly name: string }

/** Waits until something is found; throws with what it was and what `told` says then. */
export async function until<T>(find: () => Promise<T | undefined | false> | T | undefined | false, what: string, { ms = 15_000, told = () => '' }: { readonly ms?: number, readonly told?: () => string } = {}): Promise<T> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await new Promise(done => setTimeout(done, 25))) {
    const found = await find()
    if (found)
      return found
  }
  throw new Error(`not within ${ms} ms: ${what}; ${told()}`)
}

const TEMPLATE = (name: string, storage: string) => [{ metadata: { name }, spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage } } } }]

/** A VM that runs, with an empty disk of its own. With `deafFor` its guest does not shut down when it is asked to, and has so many seconds. */
export async function runVm(admin: KubeClient, at: Place, runStrategy: RunStrategy, deafFor?: number, size = '1Gi'): Promise<void> {
  const disk = `${at.name}-root`
  await admin.create(VMS, {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...at, annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify(TEMPLATE(disk, size)) } },
    spec: {
      runStrategy,
      template: {
        metadata: { labels: { 'harvesterhci.io/vmName': at.name }, ...(deafFor !== undefined && { annotations: { [GUEST_ANNOTATION]: 'deaf' } }) },
        spec: {
          ...(deafFor !== undefined && { terminationGracePeriodSeconds: deafFor }),
          domain: { cpu: { cores: 1 }, resources: { limits: { cpu: '1', memory: '1Gi' } }, features: { acpi: { enabled: true } }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', masquerade: {} }] } },
          networks: [{ name: 'default', pod: {} }], volumes: [{ name: 'root', persistentVolumeClaim: { claimName: disk } }],
        },
      },
    },
  })
  if (runStrategy === 'Manual')
    await carryOut(admin, { act: 'call', resource: VM_SUBRESOURCES, at, subresource: 'start' })
}

let count = 0
/** An export whose intent is on the claim, and nothing else done. */
export interface Begun { readonly intent: ExportIntent, readonly at: Place, readonly vm: Place }

/** The first write of an export: what a page sends before its browser is closed. Makes the VM where there is none. */
export async function beginExport(admin: KubeClient, vm: Place, runStrategy: RunStrategy, request: Partial<ExportRequest> = {}, extra: Partial<ExportIntent> = {}): Promise<Begun> {
  const { namespace } = vm
  const at = { namespace, name: `${vm.name}-root` }
  const scope = { namespace }
  if (!(await admin.list(VMS, scope)).items.some(({ metadata }) => metadata.name === vm.name))
    await runVm(admin, vm, runStrategy)
  await until(async () => (await admin.get(VMIS, vm).catch(() => undefined))?.status?.phase === 'Running', `${vm.name} to run`)
  const [claim, vms, vmis, pods] = await Promise.all([admin.get(CLAIMS, at), admin.list(VMS, scope), admin.list(VMIS, scope), admin.list(PODS, scope)])
  const id = `spec${String(++count).padStart(4, '0')}`
  const users = usersOfClaim(claim, { vms: vms.items, vmis: vmis.items, pods: pods.items })
  const { intent, writes: [first] } = planExport({ claim, users, id, image: { namespace, displayName: `copy-${id}` }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: Date.now(), ...request })
  if (!first)
    throw new Error('nothing to write')
  await carryOut(admin, first)
  const written = await admin.get(CLAIMS, at)
  if (Object.keys(extra).length)
    await carryOut(admin, amendIntent(written, { ...intent, ...extra }, {}))
  return { intent: { ...intent, ...extra }, at, vm }
}

/** The end of an export, as it is left in the cluster. */
export async function endOfExport(admin: KubeClient, { intent, at, vm }: Begun) {
  const [claim, machine, instance, images] = await Promise.all([admin.get(CLAIMS, at), admin.get(VMS, vm), admin.get(VMIS, vm).catch(() => undefined), admin.list(IMAGES, { namespace: intent.image.namespace })])
  const mine = images.items.filter(image => image.spec.displayName === intent.image.displayName)
  return {
    intent: claim.metadata.annotations?.[EXPORT_ANNOTATION], note: machine.metadata.annotations?.[EXPORT_ANNOTATION],
    strategy: effectiveRunStrategy(machine), guest: instance?.status?.phase,
    images: mine.map(image => `${image.metadata.name} ${image.status?.progress} ${wholenessOf(image)}`),
  }
}

/** Whether the intent is off the claim. */
export async function isOver(admin: KubeClient, { at }: Begun): Promise<boolean> {
  return (await admin.get(CLAIMS, at)).metadata.annotations?.[EXPORT_ANNOTATION] === undefined
}
