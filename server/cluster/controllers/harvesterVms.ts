import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { IMAGES, IMAGE_ID_ANNOTATION } from '#images/image.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { NETWORKS } from '#vms/network.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { CLAIM_TEMPLATES_ANNOTATION, RUN_STRATEGY_ANNOTATION, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import type { Controller, Write } from './step.ts'
import { addFinalizer, change, create, dropFinalizer, on, remove, write } from './step.ts'
import { VMS_BY_CLAIM } from './vms.ts'
import type { World } from './world.ts'

// harvester pkg/controller/master/virtualmachine/vm_controller.go.

export const HARVESTER_VM_FINALIZER = 'wrangler.cattle.io/VMController.CleanupPVCAndSnapshot'
const REMOVED_CLAIMS = 'harvesterhci.io/removedPersistentVolumeClaims'

type ClaimTemplate = { readonly metadata?: { readonly name?: string, readonly annotations?: Readonly<Record<string, string>>, readonly labels?: Readonly<Record<string, string>> }, readonly spec?: PersistentVolumeClaim['spec'] }

/** Harvester's VM controller: makes the claims that the annotation names, remembers the run strategy, removes the claims that shall go with the VM. */
export const harvesterVms: Controller<VirtualMachine> = {
  name: 'harvester-vm',
  actor: 'harvester',
  kind: VMS,
  // The hooks look at networks.
  reads: [STORAGE_CLASSES, NETWORKS],
  wakes: [
    on(CLAIMS, (claim, world) => world.find(VMS_BY_CLAIM, objectKey(claim)).map(objectKey)),
    on(IMAGES, (image, world) => world.all(VMS).filter(vm => vm.metadata.annotations?.[CLAIM_TEMPLATES_ANNOTATION]?.includes(objectKey(image))).map(objectKey)),
  ],
  step(vm, world) {
    // It waits for nobody: a claim that is to go is held by Kubernetes until the guest's pod has let it go.
    if (vm.metadata.deletionTimestamp)
      return write(removedClaims(vm, world).map(claim => remove(CLAIMS, claim)), dropFinalizer(VMS, vm, HARVESTER_VM_FINALIZER))
    const finalizer = addFinalizer(VMS, vm, HARVESTER_VM_FINALIZER)
    if (finalizer.length > 0)
      return write(finalizer)
    const claims = claimTemplatesOf(vm).flatMap(template => claimFor(vm, template, world))
    const strategy = effectiveRunStrategy(vm)
    const remembered = strategy === 'Halted' || vm.metadata.annotations?.[RUN_STRATEGY_ANNOTATION] === strategy
      ? []
      : [change(VMS, vm, { metadata: { annotations: { [RUN_STRATEGY_ANNOTATION]: strategy } } })]
    return write(claims, remembered)
  },
}

/** The claims that a VM's annotation asks for; none where it is not JSON (the webhook refuses such a VM). */
export function claimTemplatesOf(vm: VirtualMachine): readonly ClaimTemplate[] {
  try {
    const parsed: unknown = JSON.parse(vm.metadata.annotations?.[CLAIM_TEMPLATES_ANNOTATION] ?? '[]')
    return Array.isArray(parsed) ? parsed as ClaimTemplate[] : []
  }
  catch {
    return []
  }
}

function claimFor(vm: VirtualMachine, { metadata = {}, spec = {} }: ClaimTemplate, world: World): Write[] {
  const { namespace } = vm.metadata
  const key = `${namespace}/${metadata.name}`
  if (!metadata.name || world.get(CLAIMS, key) || world.get(DATA_VOLUMES, key))
    return []
  const imageId = metadata.annotations?.[IMAGE_ID_ANNOTATION]
  const image = world.get(IMAGES, imageId)
  // An image that is not there (yet): "Skip this one", and the VM waits for its claim.
  if (imageId && !image)
    return []
  const annotations = metadata.annotations ? { annotations: metadata.annotations } : {}
  const labels = metadata.labels ? { labels: metadata.labels } : {}
  if (image?.spec.backend === 'cdi')
    return [create(DATA_VOLUMES, { metadata: { name: metadata.name, namespace, ...annotations, ...labels }, spec: dataVolumeSpec(image, spec) })]
  return [create(CLAIMS, { metadata: { name: metadata.name, namespace, ...annotations, ...labels }, spec })]
}

/** A CDI image is cloned: modes come from the storage profile, so what the annotation says of them is left out (vm_controller.go createDataVolume). */
function dataVolumeSpec(image: VirtualMachineImage, spec: NonNullable<PersistentVolumeClaim['spec']>) {
  return {
    source: { pvc: { namespace: image.metadata.namespace ?? '', name: image.metadata.name } },
    storage: { ...(spec.storageClassName ? { storageClassName: spec.storageClassName } : {}), ...(spec.resources ? { resources: spec.resources } : {}) },
  }
}

function removedClaims(vm: VirtualMachine, world: World): PersistentVolumeClaim[] {
  const names = (vm.metadata.annotations?.[REMOVED_CLAIMS] ?? '').split(',').map(name => name.trim()).filter(Boolean)
  return names.flatMap(name => world.get(CLAIMS, `${vm.metadata.namespace}/${name}`) ?? [])
}
