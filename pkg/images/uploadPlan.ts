import type { FileForm } from '#kube/client.ts'
import type { StorageClass } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import type { DigestAlgorithm, Digests } from './fileDigest.ts'
import type { ImageBackend, VirtualMachineImage } from './image.ts'
import type { ImageFormat } from './imageFormat.ts'
import { recognizeChecksum } from './checksum.ts'
import { DESCRIPTION_ANNOTATION, IMAGE_NAME_ANNOTATION, IMAGE_TYPE_LABEL, STORAGE_CLASS_ANNOTATION } from './image.ts'
import { imageBackendOf } from './storageClass.ts'

export interface UploadAttempt {
  /** What the console's server says of the cluster (`useHost().cluster.upload`). */
  readonly offer: 'offered' | 'no-harvester-url'
  readonly backend: ImageBackend
  readonly file?: { readonly name: string, readonly size: number }
  /** Undefined until the first bytes are read. */
  readonly format?: ImageFormat
  /** Those counted so far. */
  readonly digests: Digests
  /** Why the file could not be read on this computer. */
  readonly unreadable?: string
  /** What the operator pasted. */
  readonly expected: string
}

export type UploadObstacle
  = | { readonly code: 'no-harvester-url' | 'no-file' | 'empty' | 'being-read' | 'encrypted' | 'external-data' | 'checksum-unrecognised' }
    | { readonly code: 'unreadable', readonly message: string }
    | { readonly code: 'not-in-sectors', readonly size: number, readonly over: number }
    | { readonly code: 'format-not-taken', readonly format: string, readonly backend: ImageBackend }
    | { readonly code: 'no-disk', readonly what: Extract<ImageFormat, { kind: 'other' }>['what'] }
    | { readonly code: 'backing-file', readonly file: string }
    | { readonly code: 'checksum-differs', readonly algorithm: DigestAlgorithm, readonly expected: string, readonly found: string }

/** Longhorn refuses an upload whose length is no multiple of this (longhorn backing-image-manager pkg/util, harvester/docs#505). */
const SECTOR = 512
/**
 * Both backends take the same. Longhorn knows qcow2 and raw bytes alone; CDI could convert more, but Harvester makes the
 * volume as large as the file wherever that is no qcow2, so that nothing else fits (harvester pkg/image/cdi/upload.go).
 */
const TAKEN: ReadonlySet<ImageFormat['kind']> = new Set<ImageFormat['kind']>(['qcow2', 'raw', 'iso', 'unknown'])

/**
 * What stands in the way of uploading this file to this backend, what cannot be mended by waiting first; empty when
 * nothing does. Longhorn is given the SHA-512 to verify what arrives, so there the file is read to its end before.
 */
export function judgeUpload({ offer, backend, file, format, digests, unreadable, expected }: UploadAttempt): readonly UploadObstacle[] {
  if (offer !== 'offered')
    return [{ code: offer }]
  if (!file)
    return [{ code: 'no-file' }]
  if (unreadable !== undefined)
    return [{ code: 'unreadable', message: unreadable }]
  if (file.size === 0)
    return [{ code: 'empty' }]
  const checksum = judgeChecksum(expected, digests)
  const obstacles = [judgeSize(file.size, backend), format && judgeFormat(format, backend), checksum?.code === 'being-read' ? undefined : checksum].filter(obstacle => obstacle !== undefined)
  const isWanted = backend === 'backingimage' && digests.sha512 === undefined
  return isWanted || !format || checksum?.code === 'being-read' ? [...obstacles, { code: 'being-read' }] : obstacles
}

/** What a size alone makes impossible, wherever the file comes from. */
export function judgeSize(size: number, backend: ImageBackend): UploadObstacle | undefined {
  if (size === 0)
    return { code: 'empty' }
  return backend === 'backingimage' && size % SECTOR !== 0 ? { code: 'not-in-sectors', size, over: size % SECTOR } : undefined
}

/**
 * What the first bytes make impossible, wherever the file comes from. A qcow2 that is not whole in itself boots nowhere else,
 * and nobody in the cluster has the key of one that is encrypted.
 */
export function judgeFormat(format: ImageFormat, backend: ImageBackend): UploadObstacle | undefined {
  if (format.kind === 'empty')
    return { code: 'empty' }
  if (format.kind === 'other')
    return { code: 'no-disk', what: format.what }
  if (!TAKEN.has(format.kind))
    return { code: 'format-not-taken', format: format.kind === 'compressed' ? format.by : format.kind, backend }
  if (format.kind !== 'qcow2')
    return undefined
  if (format.backingFile !== undefined)
    return { code: 'backing-file', file: format.backingFile }
  if (format.externalData)
    return { code: 'external-data' }
  return format.encrypted ? { code: 'encrypted' } : undefined
}

function judgeChecksum(expected: string, digests: Digests): UploadObstacle | undefined {
  const algorithm = recognizeChecksum(expected)
  if (algorithm === 'none')
    return undefined
  if (algorithm === 'unrecognised')
    return { code: 'checksum-unrecognised' }
  const found = digests[algorithm]
  const wanted = expected.trim().toLowerCase()
  if (found === undefined)
    return { code: 'being-read' }
  return found === wanted ? undefined : { code: 'checksum-differs', algorithm, expected: wanted, found }
}

export interface UploadImage {
  /** What people call it. */
  readonly name: string
  readonly namespace: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly file: { readonly name: string }
  readonly format?: ImageFormat
  readonly digests: Digests
}

/**
 * The image that a file is then uploaded into, as Harvester's console makes it (harvester-ui-extension
 * models/harvesterhci.io.virtualmachineimage.js), and with the SHA-512 of the file on this computer where Longhorn verifies it.
 */
export function planUploadImage({ name, namespace, description, labels, file, format, digests }: UploadImage, storageClass: StorageClass): Manifest<VirtualMachineImage> {
  const backend = imageBackendOf(storageClass)
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: {
      generateName: 'image-',
      namespace,
      labels: { [IMAGE_TYPE_LABEL]: format?.kind === 'iso' ? 'iso' : 'raw_qcow2', ...labels },
      annotations: {
        [STORAGE_CLASS_ANNOTATION]: storageClass.metadata.name,
        [IMAGE_NAME_ANNOTATION]: file.name,
        ...(description && { [DESCRIPTION_ANNOTATION]: description }),
      },
    },
    spec: {
      backend,
      displayName: name,
      sourceType: 'upload',
      ...(backend === 'backingimage' && digests.sha512 && { checksum: digests.sha512 }),
      targetStorageClassName: storageClass.metadata.name,
    },
  }
}

/** The form that fills an image which waits for its file: the field is named for the backend (harvester pkg/image/cdi/upload.go). */
export function uploadForm({ metadata: { namespace = '', name }, spec }: Pick<VirtualMachineImage, 'metadata' | 'spec'>, file: File): FileForm {
  return {
    path: `/v1/harvester/harvesterhci.io.virtualmachineimages/${namespace}/${name}?action=upload&size=${file.size}`,
    field: spec.backend === 'cdi' ? 'file' : 'chunk',
    file,
    headers: { 'File-Size': String(file.size) },
  }
}

/** The id of the task that fills that very image. */
export function uploadTaskId({ metadata: { uid } }: VirtualMachineImage): string {
  return `upload:${uid}`
}

/** How to take back the image that an upload made, and no other that has its name by now. */
export function planRemoval({ metadata: { namespace, name, uid } }: VirtualMachineImage) {
  return { at: { namespace, name }, options: { preconditions: { uid }, propagation: 'Background' } } as const
}
