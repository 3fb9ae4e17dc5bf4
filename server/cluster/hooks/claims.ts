import type { PersistentVolumeClaim } from '#kube/core.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { IMAGES } from '#images/image.ts'
import { isDefaultClass, isReservedClass } from '#images/storageClass.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { VMS } from '#vms/vm.ts'
import { isGolden } from '#volumes/volume.ts'
import { claimTemplatesOf } from '../controllers/harvesterVms.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt } from '../json.ts'
import type { Asked, Refusal, Rule } from './rule.ts'
import { conflicting, invalid, noteOf, refusing, textAt, withField } from './rule.ts'

// harvester pkg/webhook/resources/{persistentvolumeclaim,storageclass}.

const asClaim = (object: JsonObject) => object as unknown as PersistentVolumeClaim

/** What Harvester keeps itself comes with an owner (pkg/webhook/resources/persistentvolumeclaim isBelongToUpgradeImage, isManagedByKubeVirt). */
function refusalOfReserved({ object }: Asked): Refusal | undefined {
  const { metadata, spec } = asClaim(object)
  const name = spec?.storageClassName ?? ''
  return isReservedClass({ metadata: { ...metadata, name } }) && !metadata.ownerReferences?.length ? invalid(`can not create volume with the reserved storage class ${name}`, 'spec.storageClassName') : undefined
}

/** It may delete whatever has lost its owner: a claim whose DataVolume is deleted, under whoever uses it. */
const GARBAGE_COLLECTOR = 'system:serviceaccount:kube-system:generic-garbage-collector'

function refusalOfDeletion({ object, sight, user }: Asked): Refusal | undefined {
  if (user === GARBAGE_COLLECTOR)
    return undefined
  const claim = asClaim(object)
  const { namespace = '', name } = claim.metadata
  if (isGolden(claim) && sight.get(IMAGES, objectKey(claim)) && claim.status?.phase !== 'Lost')
    return invalid('can not delete golden image PVC')
  const image = sight.all(IMAGES).find(({ spec, status }) => spec.pvcNamespace === namespace && spec.pvcName === name && findCondition(status?.conditions, 'Imported')?.status !== 'True')
  if (image)
    return invalid(`can not delete volume ${name} which is exporting for image ${objectKey(image)}`, 'value')
  const vm = sight.all(VMS).find(one => one.metadata.namespace === namespace && !one.metadata.deletionTimestamp && claimsHeldBy(one).includes(name))
  return vm && conflicting(`can not delete the volume ${name} which is currently attached to VM: ${objectKey(vm)}`)
}

/** By its volumes and by its claim templates; what it has by a DataVolume is not looked at (pkg/util/indexeres/virtualmachine.go VMByPVC). */
function claimsHeldBy(vm: VirtualMachine): (string | undefined)[] {
  return [...(vm.spec.template.spec.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName), ...claimTemplatesOf(vm).map(({ metadata }) => metadata?.name)]
}

const DEFAULT_ANNOTATION = 'storageclass.kubernetes.io/is-default-class'
const RESERVED_ANNOTATION = 'harvesterhci.io/is-reserved-storageclass'

function refusalOfDefault({ object, sight }: Asked): Refusal | undefined {
  const note = noteOf(object, 'annotations', DEFAULT_ANNOTATION)
  const name = textAt(object, 'metadata.name')
  const other = note && note !== 'false' ? sight.all(STORAGE_CLASSES).find(one => one.metadata.name !== name && isDefaultClass(one)) : undefined
  return other && invalid(`default storage class ${other.metadata.name} already exists, please reset it first before set ${name} as default`)
}

function refusalOfClassDeletion({ object, sight }: Asked): Refusal | undefined {
  const name = textAt(object, 'metadata.name')
  if (noteOf(object, 'annotations', RESERVED_ANNOTATION) === 'true')
    return invalid(`storage class ${name} is reserved by Harvester and can't be deleted`)
  const images = sight.all(IMAGES).filter(({ spec }) => spec.targetStorageClassName === name).map(({ metadata }) => metadata.name)
  return images.length ? invalid(`storage class ${name} is used by virtual machine images: [${images.join(' ')}]`) : undefined
}

/** What CDI is told of a class of Longhorn v2, where nobody else has said it. */
const V2_PROFILE = { 'cdi.harvesterhci.io/storageProfileCloneStrategy': 'copy', 'cdi.harvesterhci.io/storageProfileVolumeSnapshotClass': 'longhorn-snapshot' }

/** Source: pkg/webhook/resources/storageclass/mutator.go. */
export const CLASS_MUTATION: Rule = {
  kind: STORAGE_CLASSES, operations: ['CREATE', 'UPDATE'],
  judge: ({ object }) => textAt(object, 'provisioner') === 'driver.longhorn.io' && textAt(object, 'parameters.dataEngine') === 'v2'
    ? { object: withField(object, ['metadata', 'annotations'], { ...V2_PROFILE, ...fieldAt(object, 'metadata.annotations') as JsonObject | undefined }) }
    : undefined,
}

export const CLAIM_RULES: readonly Rule[] = [
  refusing(CLAIMS, ['CREATE'], refusalOfReserved),
  refusing(CLAIMS, ['DELETE'], refusalOfDeletion),
  refusing(STORAGE_CLASSES, ['CREATE', 'UPDATE'], refusalOfDefault),
  refusing(STORAGE_CLASSES, ['DELETE'], refusalOfClassDeletion),
]
