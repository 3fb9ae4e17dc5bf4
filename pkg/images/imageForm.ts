import type { ApiError } from '#kube/apiError.ts'
import type { StorageClass } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import { LONGEST_ANNOTATION, bytesOf, isNamespaceGone } from '#kube/core.ts'
import type { ChecksumKind } from './checksum.ts'
import type { VirtualMachineImage } from './image.ts'
import type { MutableAcknowledgement } from './image.ts'
import type { ImageFinding } from './imageFindings.ts'
import type { ImageUrlReason } from './imageUrl.ts'
import type { ImageType } from './imageLabels.ts'
import { acceptedChecksum } from './checksum.ts'
import { DESCRIPTION_ANNOTATION, IMAGE_TYPE_LABEL, MISMATCH_ACKNOWLEDGED_ANNOTATION, MUTABLE_ACKNOWLEDGED_ANNOTATION, OS_TYPE_LABEL, STORAGE_CLASS_ANNOTATION } from './image.ts'
import { findInImage, findNamesake } from './imageFindings.ts'
import { isLabelValue, suggestImageType, suggestOsType } from './imageLabels.ts'
import { imageBackendOf } from './storageClass.ts'

/** Where the description is, as a path. */
export const DESCRIPTION_PATH = `metadata.annotations[${DESCRIPTION_ANNOTATION}]`
/** Where the operating system is. */
export const OS_TYPE_PATH = `metadata.labels[${OS_TYPE_LABEL}]`
/** Where the type is. */
export const IMAGE_TYPE_PATH = `metadata.labels[${IMAGE_TYPE_LABEL}]`

/** What an image carries for people and for selectors. */
type Labelled = Pick<Manifest<VirtualMachineImage>['metadata'], 'labels'>

export interface ImageForm {
  /** What people call it; becomes `spec.displayName` and, through Harvester's mutator, a label. */
  readonly name: string
  readonly namespace: string
  /** Name of the class that the image's parameters (v1) or its volume (CDI) come from. */
  readonly storageClass: string
  /** Where the bytes come from: `url` is downloaded by the cluster, `file` is sent from this computer. */
  readonly source: 'url' | 'file'
  readonly url: string
  /** Empty, or a SHA-512 in hexadecimal; of a file, any that it is to be compared with. */
  readonly checksum: string
  readonly description: string
  /** How often Harvester tries, 0 to 10; its default of 3 where absent. */
  readonly retry?: number
  /** What the labels say; suggested by the URL where absent. */
  readonly osType?: string
  readonly imageType?: ImageType
}

/** What the form can be asked for. An image of a volume is made by exporting that, on a page of its own. */
export type ImageSource = ImageForm['source'] | 'volume'

export type ImageFormField = 'name' | 'namespace' | 'storageClass' | 'url' | 'checksum' | 'retry' | 'description' | 'osType'
export type ImageFormReason
  = | { readonly code: 'required' | 'too-long' | 'not-a-label-value' | 'not-found' | 'out-of-range' | 'image-class' | 'no-room' }
    | { readonly code: 'taken', readonly image: string }
    | { readonly code: 'unusable-url', readonly reason: ImageUrlReason }
    | { readonly code: 'not-sha512', readonly kind: ChecksumKind }
    | { readonly code: 'ignored-by-cdi' }
export type ImageFormProblems = Partial<Record<ImageFormField, ImageFormReason>>

/** What is wrong with a display name among the images that exist: it is a label value and unique in its namespace (harvester pkg/image/common/validator.go). */
export function checkImageName(name: string, namespace: string, images: readonly VirtualMachineImage[]): ImageFormReason | undefined {
  if (!name)
    return { code: 'required' }
  if (name.length > 63)
    return { code: 'too-long' }
  if (!isLabelValue(name))
    return { code: 'not-a-label-value' }
  const other = findNamesake(name, namespace, images)
  return other && { code: 'taken', image: `${namespace}/${other.metadata.name}` }
}

/** The field beside which a finding is shown, and as what; a mutable URL is no problem here: it asks for an acknowledgement. */
function problemOf(finding: ImageFinding): ImageFormProblems {
  switch (finding.code) {
    case 'unusable-url': return { url: { code: 'unusable-url', reason: finding.reason } }
    case 'not-sha512': return { checksum: { code: 'not-sha512', kind: finding.kind } }
    case 'ignored-checksum': return { checksum: { code: 'ignored-by-cdi' } }
    case 'no-such-class': return { storageClass: { code: 'not-found' } }
    case 'image-class': return { storageClass: { code: 'image-class' } }
    default: return {}
  }
}

/** What stands in the way of creating the image, by field; empty when nothing does. A file and its checksum are judged by `judgeUpload`. */
export function checkImageForm(form: ImageForm, images: readonly VirtualMachineImage[], storageClass: StorageClass | undefined): ImageFormProblems {
  const { namespace, url, retry } = form
  const isFile = form.source === 'file'
  const name = checkImageName(form.name, namespace, images)
  const findings = findInImage({
    namespace, url, displayName: form.name, checksum: isFile ? '' : acceptedChecksum(form.checksum) || form.checksum.trim(), sourceType: isFile ? 'upload' : 'download',
    storageClass: storageClass?.metadata.name ?? form.storageClass,
    backend: storageClass ? imageBackendOf(storageClass) : 'backingimage',
  }, { images, classes: storageClass ? [storageClass] : [] })
  return Object.assign({}, ...findings.map(problemOf), {
    ...(name && { name }),
    ...(bytesOf(form.description) > LONGEST_ANNOTATION && { description: { code: 'no-room' } }),
    ...(!isLabelValue(form.osType ?? '') && { osType: { code: 'not-a-label-value' } }),
    ...(!namespace && { namespace: { code: 'required' } }),
    ...(!storageClass && !form.storageClass && { storageClass: { code: 'required' } }),
    ...(!isFile && !url.trim() && { url: { code: 'required' } }),
    ...(!isFile && retry !== undefined && !(Number.isInteger(retry) && retry >= 0 && retry <= 10) && { retry: { code: 'out-of-range' } }),
  } satisfies ImageFormProblems) as ImageFormProblems
}

/** The class is an annotation too, and what is said of all of them together is about the description: nothing else there can be long. */
const ELSEWHERE: Readonly<Record<string, string>> = { 'metadata.annotations': DESCRIPTION_PATH, [`metadata.annotations[${STORAGE_CLASS_ANNOTATION}]`]: 'spec.targetStorageClassName' }

/** Kubernetes names no label, only its value. The display name is one too, which Harvester's webhook adds. */
function fieldOf(field: string, message: string, { labels = {} }: Labelled): string {
  if (field !== 'metadata.labels')
    return ELSEWHERE[field] ?? field
  const label = Object.keys(labels).find(name => message.startsWith(`Invalid value: ${JSON.stringify(labels[name])}`))
  return label ? `metadata.labels[${label}]` : 'spec.displayName'
}

/**
 * The refusals of the cluster by path in the manifest of what was `sent`: those that name one, and three that name none. RBAC says that nobody may
 * create here, and Kubernetes that there is no such namespace; 409 is Harvester's for a display name that somebody took meanwhile (pkg/image/common/validator.go).
 */
export function refusalsOf({ status, message, causes }: Pick<ApiError, 'status' | 'message' | 'causes'>, sent: Labelled = {}): Readonly<Record<string, string>> {
  const named = causes.filter(({ field }) => field)
  if (named.length)
    return Object.fromEntries(named.map(({ field, message }) => [fieldOf(field, message, sent), message]))
  if ((status === 403 && message.includes('cannot create resource')) || isNamespaceGone({ status, message }))
    return { 'metadata.namespace': message }
  return status === 409 ? { 'spec.displayName': message } : {}
}

/** What was accepted knowingly: that the bytes behind the link change, and that they are not what their checksum says. */
interface Acknowledgements { readonly mutable?: MutableAcknowledgement, readonly mismatch?: MutableAcknowledgement }

function annotated(name: string, acknowledgement: MutableAcknowledgement | undefined): Readonly<Record<string, string>> {
  return acknowledgement ? { [name]: JSON.stringify({ who: acknowledgement.who, when: acknowledgement.when }) } : {}
}

/** The image as Harvester's console posts it; the server gives the name. Source: harvester-ui-extension edit/harvesterhci.io.virtualmachineimage.vue. */
export function planImage(form: ImageForm, storageClass: StorageClass, { mutable, mismatch }: Acknowledgements = {}): Manifest<VirtualMachineImage> {
  const backend = imageBackendOf(storageClass)
  const checksum = acceptedChecksum(form.checksum)
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: {
      generateName: 'image-',
      namespace: form.namespace,
      labels: { [OS_TYPE_LABEL]: form.osType ?? suggestOsType(form.url), [IMAGE_TYPE_LABEL]: form.imageType ?? suggestImageType(form.url) },
      annotations: {
        [STORAGE_CLASS_ANNOTATION]: storageClass.metadata.name,
        ...(form.description && { [DESCRIPTION_ANNOTATION]: form.description }),
        ...annotated(MUTABLE_ACKNOWLEDGED_ANNOTATION, mutable),
        ...annotated(MISMATCH_ACKNOWLEDGED_ANNOTATION, mismatch),
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
