import type { StorageClass } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import type { ChecksumKind } from './checksum.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageUrlReason } from './imageUrl.ts'
import { acceptedChecksum, recognizeChecksum } from './checksum.ts'
import { DESCRIPTION_ANNOTATION, IMAGE_TYPE_LABEL, MUTABLE_ACKNOWLEDGED_ANNOTATION, OS_TYPE_LABEL, STORAGE_CLASS_ANNOTATION } from './image.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { imageBackendOf } from './storageClass.ts'

export interface ImageForm {
  /** What people call it; becomes `spec.displayName` and, through Harvester's mutator, a label. */
  readonly name: string
  readonly namespace: string
  /** Name of the class that the image's parameters (v1) or its volume (CDI) come from. */
  readonly storageClass: string
  readonly url: string
  /** Empty, or a SHA-512 in hexadecimal. */
  readonly checksum: string
  readonly description: string
  /** How often Harvester tries, 0 to 10; its default of 3 where absent. */
  readonly retry?: number
  readonly osType?: string
}

/** Who created an image from a mutable URL knowing it, and when (ISO 8601). */
export interface MutableAcknowledgement { readonly who: string, readonly when: string }

export type ImageFormField = 'name' | 'namespace' | 'storageClass' | 'url' | 'checksum' | 'retry'
export type ImageFormReason
  = | { readonly code: 'required' | 'too-long' | 'not-a-label-value' | 'not-found' | 'out-of-range' | 'image-class' }
    | { readonly code: 'taken', readonly image: string }
    | { readonly code: 'unusable-url', readonly reason: ImageUrlReason }
    | { readonly code: 'not-sha512', readonly kind: ChecksumKind }
    | { readonly code: 'ignored-by-cdi' }
export type ImageFormProblems = Partial<Record<ImageFormField, ImageFormReason>>

const LABEL_VALUE = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** What is wrong with a display name among the images that exist: it is a label value and unique in its namespace (harvester pkg/image/common/validator.go). */
export function checkImageName(name: string, namespace: string, images: readonly VirtualMachineImage[]): ImageFormReason | undefined {
  if (!name)
    return { code: 'required' }
  if (name.length > 63)
    return { code: 'too-long' }
  if (!LABEL_VALUE.test(name))
    return { code: 'not-a-label-value' }
  const other = images.find(image => image.metadata.namespace === namespace && image.spec.displayName === name)
  return other && { code: 'taken', image: `${namespace}/${other.metadata.name}` }
}

/** What stands in the way of creating the image, by field; empty when nothing does. A mutable URL is no problem here: it asks for an acknowledgement. */
export function checkImageForm(form: ImageForm, images: readonly VirtualMachineImage[], storageClass: StorageClass | undefined): ImageFormProblems {
  const problems: ImageFormProblems = {}
  const name = checkImageName(form.name, form.namespace, images)
  if (name)
    problems.name = name
  if (!form.namespace)
    problems.namespace = { code: 'required' }
  if (!storageClass)
    problems.storageClass = { code: form.storageClass ? 'not-found' : 'required' }
  else if (storageClass.parameters?.backingImage)
    problems.storageClass = { code: 'image-class' }
  const [reason] = judgeImageUrl(form.url).reasons
  if (!form.url.trim())
    problems.url = { code: 'required' }
  else if (reason && judgeImageUrl(form.url).verdict === 'unusable')
    problems.url = { code: 'unusable-url', reason }
  const checksum = checkChecksum(form.checksum, storageClass)
  if (checksum)
    problems.checksum = checksum
  if (form.retry !== undefined && !(Number.isInteger(form.retry) && form.retry >= 0 && form.retry <= 10))
    problems.retry = { code: 'out-of-range' }
  return problems
}

function checkChecksum(checksum: string, storageClass: StorageClass | undefined): ImageFormReason | undefined {
  const kind = recognizeChecksum(checksum)
  if (kind === 'none')
    return undefined
  if (storageClass && imageBackendOf(storageClass) === 'cdi')
    return { code: 'ignored-by-cdi' }
  return kind === 'sha512' ? undefined : { code: 'not-sha512', kind }
}

/** The image as Harvester's console posts it; the server gives the name. Source: harvester-ui-extension edit/harvesterhci.io.virtualmachineimage.vue. */
export function planImage(form: ImageForm, storageClass: StorageClass, acknowledgement?: MutableAcknowledgement): Manifest<VirtualMachineImage> {
  const backend = imageBackendOf(storageClass)
  const checksum = acceptedChecksum(form.checksum)
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: {
      generateName: 'image-',
      namespace: form.namespace,
      labels: { [OS_TYPE_LABEL]: form.osType ?? '', [IMAGE_TYPE_LABEL]: imageTypeOf(form.url) },
      annotations: {
        [STORAGE_CLASS_ANNOTATION]: storageClass.metadata.name,
        ...(form.description && { [DESCRIPTION_ANNOTATION]: form.description }),
        ...(acknowledgement && { [MUTABLE_ACKNOWLEDGED_ANNOTATION]: JSON.stringify({ who: acknowledgement.who, when: acknowledgement.when }) }),
      },
    },
    spec: {
      backend,
      displayName: form.name,
      sourceType: 'download',
      url: form.url.trim(),
      ...(checksum && backend === 'backingimage' && { checksum }),
      ...(form.retry !== undefined && { retry: form.retry }),
      targetStorageClassName: storageClass.metadata.name,
    },
  }
}

/** What Harvester's console writes as the image's type: by the ending of the file. */
function imageTypeOf(url: string): 'iso' | 'raw_qcow2' {
  return /\.iso(?:[?#].*)?$/i.test(url.trim()) ? 'iso' : 'raw_qcow2'
}

export interface ExportImage {
  /** The object's name, the same for everybody who carries out the same export. */
  readonly name: string
  readonly namespace: string
  readonly displayName: string
  readonly claim: { readonly namespace: string, readonly name: string }
  readonly annotations?: Readonly<Record<string, string>>
  readonly description?: string
}

/** The image that exports a volume, as Harvester's own `export` action makes it (harvester pkg/api/volume/handler.go exportVolume), with a name of ours. */
export function planExportImage(form: ExportImage, storageClass: StorageClass): Manifest<VirtualMachineImage> {
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: {
      name: form.name,
      namespace: form.namespace,
      annotations: {
        [STORAGE_CLASS_ANNOTATION]: storageClass.metadata.name,
        ...(form.description && { [DESCRIPTION_ANNOTATION]: form.description }),
        ...form.annotations,
      },
    },
    spec: {
      backend: imageBackendOf(storageClass),
      displayName: form.displayName,
      sourceType: 'export-from-volume',
      pvcName: form.claim.name,
      pvcNamespace: form.claim.namespace,
      targetStorageClassName: storageClass.metadata.name,
    },
  }
}

/** Who acknowledged the image's mutable URL, or undefined where nobody did or the annotation cannot be read. */
export function acknowledgementOf(image: VirtualMachineImage): MutableAcknowledgement | undefined {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[MUTABLE_ACKNOWLEDGED_ANNOTATION] ?? 'null')
    const { who, when } = (read ?? {}) as Partial<Record<keyof MutableAcknowledgement, unknown>>
    return typeof who === 'string' && typeof when === 'string' ? { who, when } : undefined
  }
  catch {
    return undefined
  }
}
