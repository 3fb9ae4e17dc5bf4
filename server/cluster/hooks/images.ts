import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { DISPLAY_NAME_LABEL, IMAGES, STORAGE_CLASS_ANNOTATION } from '#images/image.ts'
import { findNamesake } from '#images/imageFindings.ts'
import { TEMPLATE_VERSIONS, refusalOfRemoval } from '#images/imageUsers.ts'
import { isDefaultClass } from '#images/storageClass.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import type { AdmissionAnswer } from '../cluster.ts'
import { sameJson } from '../equality.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import type { Asked, Refusal, Rule } from './rule.ts'
import { conflicting, failing, invalid, noteOf, refusing, textAt } from './rule.ts'

// harvester pkg/webhook/resources/virtualmachineimage, pkg/image/{common,backingimage,cdi}.

/** pkg/util/image.go: the parameters of every image's class. */
const PARAMETERS = { migratable: 'true', numberOfReplicas: '3', staleReplicaTimeout: '30' }
/** Parameters of the target class that the image's own class takes over. */
const TAKEN_OVER = ['nodeSelector', 'diskSelector', 'numberOfReplicas', 'staleReplicaTimeout', 'dataLocality', 'encrypted', ...['provisioner', 'node-stage', 'node-publish'].flatMap(reader => [`csi.storage.k8s.io/${reader}-secret-name`, `csi.storage.k8s.io/${reader}-secret-namespace`])]
const LONGHORN = 'driver.longhorn.io'

/** An image as Harvester's webhook would store it: its backend, its label, the class on both places where it is kept, and what is taken over of the class. */
function mutateImage({ object, sight }: Pick<Asked, 'object' | 'sight'>): AdmissionAnswer {
  const classes = sight.all(STORAGE_CLASSES)
  const fallback = classes.find(isDefaultClass)?.metadata.name ?? ''
  const [inSpec, inAnnotation] = [textAt(object, 'spec.targetStorageClassName'), noteOf(object, 'annotations', STORAGE_CLASS_ANNOTATION)]
  const backend = textAt(object, 'spec.backend') || 'backingimage'
  // Only the annotation is asked for the parameters, the spec is not.
  const template = classes.find(({ metadata }) => metadata.name === (inAnnotation || fallback))
  if (backend === 'backingimage' && inAnnotation && !template && sight.has(STORAGE_CLASSES))
    return { refusal: failing(`storageclasses.storage.k8s.io "${inAnnotation}" not found`) }
  if (backend === 'backingimage' && template?.parameters?.backingImage)
    return { refusal: failing('can not use a backing image storageClass as the base storageClass template') }
  const source = template?.provisioner === LONGHORN ? template.parameters : fieldAt(object, 'spec.storageClassParameters')
  const taken = Object.entries(isObject(source) ? source : {}).filter(([name]) => TAKEN_OVER.includes(name))
  const named = inAnnotation || inSpec || fallback
  const spec = isObject(object.spec) ? object.spec : {}
  const metadata = isObject(object.metadata) ? object.metadata : {}
  const [labels, annotations] = [metadata.labels, metadata.annotations].map(map => isObject(map) ? map : {})
  return {
    object: {
      ...object,
      metadata: {
        ...metadata,
        labels: { ...labels, [DISPLAY_NAME_LABEL]: textAt(object, 'spec.displayName') },
        ...(named ? { annotations: { ...annotations, [STORAGE_CLASS_ANNOTATION]: inAnnotation || named } } : {}),
      },
      spec: { ...spec, backend, ...(named ? { targetStorageClassName: inSpec || named } : {}), ...(backend === 'backingimage' ? { storageClassParameters: { ...PARAMETERS, ...Object.fromEntries(taken) } } : {}) },
    },
  }
}

const asImage = (object: JsonObject) => object as unknown as VirtualMachineImage

function refusalOfName({ object, namespace, sight }: Asked): Refusal | undefined {
  const displayName = textAt(object, 'spec.displayName')
  if (!displayName)
    return invalid('displayName is required', 'spec.displayName')
  const others = sight.all(IMAGES).filter(({ metadata }) => metadata.uid !== textAt(object, 'metadata.uid'))
  return findNamesake(displayName, namespace, others) && conflicting('A resource with the same name exists')
}

function refusalOfClass({ object }: Asked): Refusal | undefined {
  const [inSpec, inAnnotation] = [textAt(object, 'spec.targetStorageClassName'), noteOf(object, 'annotations', STORAGE_CLASS_ANNOTATION)]
  return inSpec && inAnnotation && inSpec !== inAnnotation ? invalid('storageClassName should keep the consistency', 'spec.targetStorageClassName') : undefined
}

function refusalOfUrl({ object }: Asked): Refusal | undefined {
  const [sourceType, url] = [textAt(object, 'spec.sourceType'), textAt(object, 'spec.url')]
  if (sourceType !== 'download' && sourceType !== 'restore')
    return url ? invalid(`url should be empty when image source type is "${sourceType}"`, 'spec.url') : undefined
  if (!url)
    return invalid('url is required', 'spec.url')
  // Go takes nearly everything for a URL (net/url.Parse).
  return url.startsWith(':') ? invalid(`url is invalid: parse ${JSON.stringify(url)}: missing protocol scheme`, 'spec.url') : undefined
}

/** CDI alone minds a pod that holds the claim, and only one that runs. */
function refusalOfUse({ object, sight }: Asked): Refusal | undefined {
  const [namespace, name] = [textAt(object, 'spec.pvcNamespace'), textAt(object, 'spec.pvcName')]
  if (textAt(object, 'spec.backend') !== 'cdi' || !name)
    return undefined
  const holders = sight.all(PODS).filter(({ metadata, spec, status }) => metadata.namespace === namespace && status?.phase === 'Running' && spec?.volumes?.some(volume => volume.persistentVolumeClaim?.claimName === name))
  return holders.length ? failing(`PVC ${name} is used by Pods [${holders.map(objectKey).join(' ')}], cannot export volume when it's running`) : undefined
}

/** Longhorn's backend alone can make an image of another, and only to encrypt or decrypt it. */
function refusalOfClone({ object, sight }: Asked): Refusal | undefined {
  if (textAt(object, 'spec.backend') === 'cdi' || textAt(object, 'spec.sourceType') !== 'clone')
    return undefined
  if (!isObject(fieldAt(object, 'spec.securityParameters')))
    return invalid('sourceParameters is required when image source type is "clone"')
  const key = `${textAt(object, 'spec.securityParameters.sourceImageNamespace')}/${textAt(object, 'spec.securityParameters.sourceImageName')}`
  const source = sight.get(IMAGES, key)
  if (!source)
    return sight.has(IMAGES) ? invalid(`source image ${key} not found`, 'spec.securityParameters.sourceImageName') : undefined
  const operation = textAt(object, 'spec.securityParameters.cryptoOperation')
  const name = `source image ${key} (${source.spec.displayName})`
  const isEncrypted = source.spec.securityParameters?.cryptoOperation === 'encrypt'
  if (isEncrypted === (operation === 'encrypt'))
    return invalid(`can not re-${operation}, ${name} is ${isEncrypted ? 'already' : 'not'} encrypted`)
  if (findCondition(source.status?.conditions, 'Imported')?.status !== 'True')
    return invalid(`${name} is not ready`)
  const className = noteOf(object, 'annotations', STORAGE_CLASS_ANNOTATION)
  const isForIt = operation === 'decrypt' || sight.all(STORAGE_CLASSES).some(({ metadata, parameters }) => metadata.name === className && parameters?.encrypted === 'true')
  return isForIt ? undefined : invalid(`storage class ${className} is not for encryption or decryption`, 'spec.parameters[encrypted] must be true')
}

function refusalOfVolume({ object, sight }: Asked): Refusal | undefined {
  if (textAt(object, 'spec.sourceType') !== 'export-from-volume')
    return undefined
  const [namespace, name] = [textAt(object, 'spec.pvcNamespace'), textAt(object, 'spec.pvcName')]
  if (!namespace)
    return invalid('pvcNamespace is required when image source type is "export-from-volume"', 'spec.pvcNamespace')
  if (!name)
    return invalid('pvcName is required when image source type is "export-from-volume"', 'spec.pvcName')
  const isSeen = !sight.has(CLAIMS) || sight.get(CLAIMS, `${namespace}/${name}`)
  return isSeen ? undefined : invalid(`failed to get pvc ${name}/${namespace}, error: persistentvolumeclaims "${name}" not found`)
}

/** The fields that an image keeps for life, with Harvester's words on each; those of a volume only where it was exported from one. */
const KEPT: readonly (readonly [field: string, words: string, exportsOnly?: true])[] = [
  ['spec.storageClassParameters', 'storageClassParameters of the VM Image cannot be modified'],
  ['spec.targetStorageClassName', 'storageClassName cannot be modified'],
  ['spec.sourceType', 'sourceType cannot be modified'],
  ['spec.pvcNamespace', 'pvcNamespace cannot be modified', true],
  ['spec.pvcName', 'pvcName cannot be modified', true],
  ['spec.url', 'url cannot be modified'],
  ['spec.securityParameters', 'securityParameters cannot be modified'],
  ['spec.displayName', 'displayName cannot be modified'],
]

function refusalOfChange({ object, old }: Asked): Refusal | undefined {
  const kept = noteOf(old, 'annotations', STORAGE_CLASS_ANNOTATION)
  if (kept && kept !== noteOf(object, 'annotations', STORAGE_CLASS_ANNOTATION))
    return invalid('storageClassName cannot be modified', `metadata.annotations[${STORAGE_CLASS_ANNOTATION}]`)
  const isExport = fieldAt(old, 'spec.sourceType') === 'export-from-volume'
  const found = KEPT.find(([field, , exportsOnly]) => (isExport || !exportsOnly) && !sameJson(fieldAt(object, field) || null, fieldAt(old, field) || null))
  return found && invalid(found[1], found[0])
}

function refusalOfDeletion({ object, sight }: Asked): Refusal | undefined {
  const words = refusalOfRemoval(asImage(object), { claims: sight.all(CLAIMS), templateVersions: sight.all(TEMPLATE_VERSIONS), backups: sight.all(VM_BACKUPS) })
  return words === undefined ? undefined : invalid(words)
}

export const IMAGE_MUTATION: Rule = { kind: IMAGES, operations: ['CREATE'], judge: mutateImage }
export const IMAGE_RULES: readonly Rule[] = [
  refusing(IMAGES, ['CREATE'], refusalOfName, refusalOfClass, refusalOfUrl, refusalOfClone, refusalOfUse, refusalOfVolume),
  refusing(IMAGES, ['UPDATE'], refusalOfChange),
  refusing(IMAGES, ['DELETE'], refusalOfDeletion),
]
