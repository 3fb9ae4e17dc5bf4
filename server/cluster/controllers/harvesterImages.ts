import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES, IMAGE_ID_ANNOTATION } from '#images/image.ts'
import { TEMPLATE_VERSIONS } from '#images/imageUsers.ts'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import type { StorageClass } from '#kube/core.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { TEMPLATES } from '../hooks/library.ts'
import { refusalOfFile } from '../hooks/longhorn.ts'
import { classOfClone, cloneParameters } from './clones.ts'
import { stamp } from './conditions.ts'
import type { Head } from './internet.ts'
import { headOf, virtualSizeOf } from './internet.ts'
import { CONFIG_MAPS } from './kinds.ts'
import type { MirrorSight } from './mirrorSight.ts'
import { mirrorSeen } from './mirrorSight.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, change, create, dropFinalizer, on, ownerOf, remove, removeInForeground, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// harvester pkg/controller/master/image, pkg/image/common/operator.go, pkg/image/backingimage, pkg/image/cdi.

export const IMAGE_FINALIZER = 'wrangler.cattle.io/vm-image-controller'
/** pkg/util/image.go: parameters of the class of an image that brings none. */
/** What nobody said is empty once Harvester's controller has written an image (pkg/apis/harvesterhci.io/v1beta1/image.go). */
const UNSAID = { checksum: '', pvcName: '', pvcNamespace: '', url: '' }

export const DEFAULT_PARAMETERS = { migratable: 'true', numberOfReplicas: '3', staleReplicaTimeout: '30' }

type Status = NonNullable<VirtualMachineImage['status']>

/** Harvester's image controller: checks the URL, makes what the backend needs, and copies the import's progress until it is imported; after that it never looks again. */
export const harvesterImages: Controller<VirtualMachineImage> = {
  name: 'harvester-image',
  actor: 'harvester',
  kind: IMAGES,
  // The last three are for the webhook.
  reads: [CONFIG_MAPS, TEMPLATE_VERSIONS, VM_BACKUPS, TEMPLATES],
  wakes: [
    on(BACKING_IMAGES, image => [image.metadata.annotations?.[IMAGE_ID_ANNOTATION]]),
    on(DATA_VOLUMES, volume => [objectKey(volume)]),
    on(STORAGE_CLASSES, () => []),
    on(CLAIMS, () => []),
  ],
  stage: image => `${image.status?.failed ?? 0} ${isTrue(image, 'Initialized')} ${image.status?.lastFailedTime}`,
  step(image, world, time) {
    if (image.metadata.deletionTimestamp)
      return clear(image, world)
    const { metadata: { finalizers = [] }, spec } = image
    if (!finalizers.includes(IMAGE_FINALIZER))
      return write(change(IMAGES, image, { metadata: { finalizers: [...finalizers, IMAGE_FINALIZER] }, spec: { ...UNSAID, ...spec } }))
    if (isTrue(image, 'RetryLimitExceeded'))
      return NOTHING
    if (isTrue(image, 'Imported'))
      return recoverSize(image, world, time)
    if (!isTrue(image, 'Initialized')) {
      const left = time.left(image.status?.failed ? TAKES.retryImage : TAKES.checkUrl)
      return left > 0 ? wait(left) : initialize(image, world, time)
    }
    return image.spec.backend === 'cdi' ? followDataVolume(image, world, time) : followBackingImage(image, world, time)
  },
}

function isTrue(image: VirtualMachineImage, type: string): boolean {
  return findCondition(image.status?.conditions, type)?.status === 'True'
}

/** Harvester's conditions carry the time of their last update. */
function condition(conditions: readonly Condition[], type: string, status: Condition['status'], reason: string, message: string, now: number): Condition[] {
  const old = findCondition(conditions, type)
  const next: Condition = { type, status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), lastUpdateTime: old?.status === status && old.message === (message || undefined) ? old.lastUpdateTime ?? stamp(now) : stamp(now) }
  return old ? conditions.map(one => one === old ? next : one) : [...conditions, next]
}

/** operator.go failStateTransit: counted, retried ten seconds later, and frozen for good when the limit is passed. Until then the only sign is the message of RetryLimitExceeded. */
function fail(image: VirtualMachineImage, during: 'Initialized' | 'Imported', error: string, now: number, more: Status = {}): Write[] {
  const limit = image.spec.retry ?? 3
  const failed = (image.status?.failed ?? 0) + 1
  const over = failed > limit
  const message = failed === 1 ? `failed due to error: ${error}` : `retry attempted ${failed - 1}/${limit} failed due to error: ${error}`
  const limited = condition(image.status?.conditions ?? [], 'RetryLimitExceeded', over ? 'True' : 'False', '', message, now)
  // Its reason stays what it was.
  const conditions = over ? condition(limited, during, 'False', findCondition(limited, during)?.reason ?? '', message, now) : limited
  return setStatus(IMAGES, image, { ...image.status, ...more, failed, lastFailedTime: stamp(now), conditions })
}

/** Go leaves out what is zero or empty; a progress that begins anew is gone. */
const told = <T>(value: T): T | undefined => value || undefined

function initialize(image: VirtualMachineImage, world: World, time: Time): Next {
  const head = image.spec.sourceType === 'download' ? headSeen(image, mirrorSeen(world, time.now)) : undefined
  const found = factsOf(image, head, world, time)
  const seen = setStatus(IMAGES, image, { ...image.status, ...found, failed: image.status?.failed ?? 0 })
  // What the server told is written before anything is made of it.
  if (seen.length > 0 && (head ? head.ok : found.size))
    return write(seen)
  const refusal = refusalOf(image, head, world)
  if (refusal)
    return write(fail(image, 'Initialized', refusal, time.now, found))
  const made = image.spec.backend === 'cdi' ? makeDataVolume(image, world, time, head?.ok ? head.size : 0) : makeBackingImage(image, world)
  const initialized = condition(image.status?.conditions ?? [], 'Initialized', 'True', 'Initialized', '', time.now)
  const status: Status = {
    ...image.status, ...(image.spec.url ? { appliedUrl: image.spec.url } : {}), failed: image.status?.failed ?? 0,
    storageClassName: image.spec.backend === 'cdi' ? image.spec.targetStorageClassName ?? '' : `lh-${image.metadata.uid}`,
    conditions: condition(initialized, 'Imported', 'Unknown', 'Importing', '', time.now),
  }
  return write(made, setStatus(IMAGES, image, status))
}

/** CDI's backend takes the size of whatever the server answers, a page that says that nothing is there too; where nobody answers it has asked for the first bytes before (pkg/image/cdi/common.go). */
function headSeen({ spec: { backend, url = '' } }: VirtualMachineImage, mirror: MirrorSight | undefined): Head {
  const head = headOf(url, mirror)
  if (backend !== 'cdi' || head.ok)
    return head
  const got = headOf(url, mirror, 'Get')
  return head.page ? { ok: true, size: head.page } : { ...head, message: `failed to fetch image virtual size: ${got.ok ? head.message : got.message}` }
}

/** What is known of the file before it is fetched: CDI's backend looks at the head of a qcow2, and at the size of a volume. */
function factsOf({ spec: { backend, sourceType, url = '', pvcNamespace, pvcName } }: VirtualMachineImage, head: Head | undefined, world: World, time: Time): Status {
  const isByCdi = backend === 'cdi'
  if (sourceType === 'export-from-volume') {
    const size = isByCdi ? parseQuantity(world.get(CLAIMS, `${pvcNamespace}/${pvcName}`)?.status?.capacity?.storage) : undefined
    return size ? { size, virtualSize: size } : {}
  }
  const size = head?.ok ? told(head.size) : undefined
  const virtualSize = size && isByCdi ? told(virtualSizeOf(url, size, mirrorSeen(world, time.now))) : undefined
  // What CDI's backend could not begin with is not said to be applied.
  return { ...(url && !isByCdi ? { appliedUrl: url } : {}), ...(size ? { size } : {}), ...(virtualSize ? { virtualSize } : {}) }
}

/** Why the attempt fails at once, in the words of whoever refuses it. */
function refusalOf(image: VirtualMachineImage, head: Head | undefined, world: World): string | undefined {
  const { sourceType, checksum = '', backend, pvcNamespace, pvcName } = image.spec
  if (head && !head.ok)
    return head.message
  if (backend === 'cdi' && head?.size === 0)
    return 'failed to fetch image size: Content-Length is not found in the header'
  if (backend === 'cdi' && !['download', 'upload', 'export-from-volume'].includes(sourceType))
    return `unsupported source type: ${sourceType}`
  const claim = world.get(CLAIMS, `${pvcNamespace}/${pvcName}`)
  if (sourceType === 'export-from-volume' && !claim)
    return `persistentvolumeclaims "${pvcName}" not found`
  // A claim that is not bound has no size yet (pkg/image/cdi/common.go).
  if (backend === 'cdi' && sourceType === 'export-from-volume' && !claim?.status?.capacity?.storage)
    return 'failed to generate DV target storage: virtual size is not set'
  const refused = backend === 'cdi' ? undefined : refusalOfFile({ sourceType, checksum, sourceParameters: parametersOf(image, world) }, world)
  return refused && `admission webhook "validator.longhorn.io" denied the request: ${refused.message}`
}

/** Where the bytes come from, as Longhorn is told. */
function parametersOf(image: VirtualMachineImage, world: World): Readonly<Record<string, string>> {
  const { sourceType, url = '', pvcNamespace, pvcName } = image.spec
  if (sourceType === 'export-from-volume')
    return { 'volume-name': world.get(CLAIMS, `${pvcNamespace}/${pvcName}`)?.spec?.volumeName ?? '', 'export-type': 'raw' }
  if (sourceType === 'clone')
    return cloneParameters(image, world)
  return sourceType === 'download' ? { url } : {}
}

/** The class and the BackingImage, where they are missing (backingimage.go Initialize). */
function makeBackingImage(image: VirtualMachineImage, world: World): Write[] {
  const { uid } = image.metadata
  const name = `vmi-${uid}`
  const parameters: Readonly<Record<string, string>> = { ...DEFAULT_PARAMETERS, ...image.spec.storageClassParameters }
  const old = world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/${name}`)
  const oldClass = world.get(STORAGE_CLASSES, `lh-${uid}`)
  const backingImage = create(BACKING_IMAGES, {
    metadata: { name, namespace: LONGHORN_NAMESPACE, annotations: { [IMAGE_ID_ANNOTATION]: objectKey(image) }, labels: { 'longhorn.io/component': 'backing-image', 'longhorn.io/managed-by': 'longhorn-manager' }, finalizers: ['longhorn.io'] },
    spec: {
      sourceType: image.spec.sourceType, sourceParameters: parametersOf(image, world), checksum: image.spec.checksum ?? '',
      minNumberOfCopies: Number(parameters.numberOfReplicas) || 3, dataEngine: 'v1',
      // Whatever the class asks for: it is for the volumes that are made of it (backingimage.go createBackingImage).
      nodeSelector: [], diskSelector: [],
    },
  })
  return [...(old ? [] : [backingImage]), ...(oldClass ? [] : [classFor(image, name, parameters)])]
}

function classFor(image: VirtualMachineImage, backingImage: string, parameters: Readonly<Record<string, string>>): Write {
  const body: Omit<StorageClass, 'apiVersion' | 'kind' | 'metadata'> = { provisioner: 'driver.longhorn.io', parameters: { ...parameters, ...classOfClone(image), backingImage }, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true }
  return create(STORAGE_CLASSES, { metadata: { name: `lh-${image.metadata.uid}` }, ...body })
}

/** An upload's DataVolume is made by whoever uploads, who knows the size of its disk (see cdiUpload.ts). */
function makeDataVolume(image: VirtualMachineImage, world: World, time: Time, bytes: number): Write[] {
  if (image.spec.sourceType === 'upload' || world.get(DATA_VOLUMES, objectKey(image)))
    return []
  const { sourceType, url = '', pvcName = '' } = image.spec
  const size = sourceType === 'export-from-volume' ? world.get(CLAIMS, `${image.spec.pvcNamespace}/${pvcName}`)?.status?.capacity?.storage ?? '10Gi' : String(virtualSizeOf(url, bytes, mirrorSeen(world, time.now)) || 10 * 2 ** 30)
  // Harvester takes the image's namespace for the source, not spec.pvcNamespace (pkg/image/cdi/common.go:81).
  const sources = { 'download': { http: { url } }, 'export-from-volume': { pvc: { namespace: image.metadata.namespace ?? '', name: pvcName } } } as Readonly<Record<string, object>>
  return [dataVolumeFor(image, sources[sourceType] ?? {}, size)]
}

/** The DataVolume of an image, and its golden claim's size. */
export function dataVolumeFor(image: VirtualMachineImage, source: object, size: string): Extract<Write, { do: 'create' }> {
  const { name, namespace } = image.metadata
  return create(DATA_VOLUMES, {
    metadata: { name, namespace, annotations: { 'harvesterhci.io/goldenImage': 'true', 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' }, ownerReferences: [ownerOf(IMAGES, image)] },
    spec: { source, storage: { storageClassName: image.spec.targetStorageClassName ?? '', resources: { requests: { storage: size } } } },
  })
}

/** vm_image_controller.go: an imported image that knows no size of its disk asks its BackingImage; where that is gone it says so, and never takes it back. */
function recoverSize(image: VirtualMachineImage, world: World, time: Time): Next {
  if (image.spec.backend === 'cdi' || image.status?.virtualSize)
    return NOTHING
  const name = `vmi-${image.metadata.uid}`
  const backing = world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/${name}`)
  if (backing?.status?.virtualSize)
    return write(setStatus(IMAGES, image, { ...image.status, virtualSize: backing.status.virtualSize }))
  const missing = `Failed to get backing image: backingimages.longhorn.io "${name}" not found`
  return backing ? NOTHING : write(setStatus(IMAGES, image, { ...image.status, conditions: condition(image.status?.conditions ?? [], 'BackingImageMissing', 'True', '', missing, time.now) }))
}

/**
 * backing_image_controller.go and vm_image_controller.go: a failed file is counted, and ten seconds later everything is made anew where
 * it is failed still. By then Longhorn has cleaned it up, and will fetch it again: so it goes on with that, and is counted again.
 * Harvester only looks while exactly one copy is known, and can miss the moment; here a ready one among several counts too.
 */
function followBackingImage(image: VirtualMachineImage, world: World, time: Time): Next {
  const backing = world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/vmi-${image.metadata.uid}`)
  const again = (next: () => Next) => image.status?.lastFailedTime && time.left(TAKES.retryImage) > 0 ? wait(time.left(TAKES.retryImage)) : next()
  if (!backing)
    return again(() => initialize(image, world, time))
  if (backing.metadata.deletionTimestamp)
    return NOTHING
  const copies = Object.values(backing.status?.diskFileStatusMap ?? {})
  const ready = copies.find(copy => copy.state === 'ready')
  if (ready)
    return write(imported(image, backing.status?.size ?? 0, backing.status?.virtualSize ?? 0, time.now))
  const [copy] = copies
  if (!copy)
    return NOTHING
  // Not in use, and no failure more: Longhorn fetches it again by itself a minute later (backingimage.go Check looks for `failed` alone).
  if (copy.state === 'failed-and-cleanup')
    return NOTHING
  if (copy.state === 'failed') {
    const counted = (image.status?.lastFailedTime ?? '') >= (copy.lastStateTransitionTime ?? '')
    const storageClass = world.get(STORAGE_CLASSES, `lh-${image.metadata.uid}`)
    return counted
      ? again(() => write(remove(BACKING_IMAGES, backing), storageClass ? [remove(STORAGE_CLASSES, storageClass)] : []))
      : write(fail(image, 'Imported', copy.message || 'backing image is failed', time.now, { progress: told(copy.progress) }))
  }
  return write(importing(image, copy.progress ?? 0, copy.message ?? '', time.now))
}

/** operator.go FailUpload: not counted, and not tried again. */
export function uploadFailed(image: VirtualMachineImage, message: string, now: number): Write[] {
  return setStatus(IMAGES, image, { ...image.status, conditions: condition(image.status?.conditions ?? [], 'Imported', 'False', 'UploadFailed', message, now) })
}

/** operator.go Importing: at most so much until it is there. */
const ALMOST = 99

export function importing(image: VirtualMachineImage, progress: number, message: string, now: number): Write[] {
  // An upload that Harvester called failed stays so until it is begun anew.
  const conditions = findCondition(image.status?.conditions, 'Imported')?.status === 'False' ? image.status?.conditions : condition(image.status?.conditions ?? [], 'Imported', 'Unknown', 'Importing', message, now)
  return setStatus(IMAGES, image, { ...image.status, progress: told(Math.min(ALMOST, progress)), conditions })
}

/** cdi.go Initialize: an upload that failed before there was a DataVolume is waited for as if it had never come; what was said of it stays. */
function beginAnew(image: VirtualMachineImage, now: number): Write[] {
  const { conditions } = image.status ?? {}
  const told = findCondition(conditions, 'Imported')
  return told?.status === 'False' ? setStatus(IMAGES, image, { ...image.status, progress: undefined, conditions: condition(conditions ?? [], 'Imported', 'Unknown', 'Importing', told.message ?? '', now) }) : []
}

/** cdi.go Check: what goes wrong in CDI never fails the image; it says Importing for ever. The progress of an upload is told by whoever uploads. */
function followDataVolume(image: VirtualMachineImage, world: World, time: Time): Next {
  const volume = world.get(DATA_VOLUMES, objectKey(image))
  if (!volume)
    return writeOr([...makeDataVolume(image, world, time, image.status?.size ?? 0), ...beginAnew(image, time.now)], NOTHING)
  // Once more it is said to be under way, with all of it there.
  if (volume.status?.phase === 'Succeeded' && image.status?.progress !== ALMOST)
    return write(importing(image, ALMOST, 'Image Importing', time.now))
  if (volume.status?.phase === 'Succeeded')
    return write(imported(image, image.status?.size ?? 0, parseQuantity(volume.spec.storage?.resources?.requests?.storage) || 0, time.now))
  const { progress = 'N/A' } = volume.status ?? {}
  return image.spec.sourceType === 'upload' || progress === 'N/A' ? NOTHING : write(importing(image, Math.floor(Number.parseFloat(progress) || 0), 'Image Importing', time.now))
}

function imported(image: VirtualMachineImage, size: number, virtualSize: number, now: number): Write[] {
  const cleared = condition(image.status?.conditions ?? [], 'RetryLimitExceeded', 'False', '', '', now)
  return setStatus(IMAGES, image, { ...image.status, progress: 100, size, virtualSize, conditions: condition(cleared, 'Imported', 'True', 'Imported', '', now) })
}

function clear(image: VirtualMachineImage, world: World): Next {
  const { uid } = image.metadata
  const backing = image.spec.backend === 'cdi' ? undefined : world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/vmi-${uid}`)
  const storageClass = world.get(STORAGE_CLASSES, `lh-${uid}`)
  return write(
    backing && !backing.metadata.deletionTimestamp ? [removeInForeground(BACKING_IMAGES, backing)] : [],
    storageClass ? [remove(STORAGE_CLASSES, storageClass)] : [],
    dropFinalizer(IMAGES, image, IMAGE_FINALIZER),
  )
}
