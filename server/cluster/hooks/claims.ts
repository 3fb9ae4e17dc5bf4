import type { PersistentVolumeClaim } from '#kube/core.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { IMAGES } from '#images/image.ts'
import { isDefaultClass, isReservedClass } from '#images/storageClass.ts'
import { VMS } from '#vms/vm.ts'
import { isGolden } from '#volumes/volume.ts'
import { claimNamesOf } from '../controllers/claimNames.ts'
import type { JsonObject } from '../json.ts'
import type { Asked, Refusal, Rule } from './rule.ts'
import { conflicting, invalid, noteOf, refusing, textAt } from './rule.ts'

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
  const vm = sight.all(VMS).find(({ metadata, spec }) => metadata.namespace === namespace && !metadata.deletionTimestamp && claimNamesOf(spec.template.spec).includes(name))
  return vm && conflicting(`can not delete the volume ${name} which is currently attached to VM: ${objectKey(vm)}`)
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

export const CLAIM_RULES: readonly Rule[] = [
  refusing(CLAIMS, ['CREATE'], refusalOfReserved),
  refusing(CLAIMS, ['DELETE'], refusalOfDeletion),
  refusing(STORAGE_CLASSES, ['CREATE', 'UPDATE'], refusalOfDefault),
  refusing(STORAGE_CLASSES, ['DELETE'], refusalOfClassDeletion),
]
