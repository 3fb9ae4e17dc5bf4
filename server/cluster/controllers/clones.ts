import type { BackingImage } from '#health/longhorn.ts'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import type { Disk } from './disks.ts'
import { diskForImage, diskOf } from './disks.ts'
import type { World } from './world.ts'

// An image that is made of another, which is encrypted or decrypted: harvester pkg/image/backingimage/backingimage.go, longhorn-manager
// controller/backing_image_controller.go, backing-image-manager pkg/sync/sync_file.go. No byte is enciphered here.

/** What LUKS keeps before the data. */
const HEADER = 16 * 2 ** 20
const READER = 'csi.storage.k8s.io/node-publish-secret'

/** Where the bytes come from, as Longhorn is told: the file of the other image, and the secret of whichever of the two is encrypted. */
export function cloneParameters({ spec }: VirtualMachineImage, world: World): Readonly<Record<string, string>> {
  const { cryptoOperation = '', sourceImageName, sourceImageNamespace } = spec.securityParameters ?? {}
  const source = world.get(IMAGES, `${sourceImageNamespace}/${sourceImageName}`)
  const { [`${READER}-name`]: secret = '', [`${READER}-namespace`]: namespace = '' } = (cryptoOperation === 'decrypt' ? source?.spec : spec)?.storageClassParameters ?? {}
  return { 'backing-image': `vmi-${source?.metadata.uid}`, 'encryption': cryptoOperation, secret, 'secret-namespace': namespace }
}

/** What the class of an encrypted clone says besides (pkg/util/image.go GetImageStorageClassParameters). */
export function classOfClone({ spec: { sourceType, securityParameters } }: VirtualMachineImage): Readonly<Record<string, string>> {
  return sourceType === 'clone' && securityParameters?.cryptoOperation === 'encrypt' ? { backingImageDataSourceType: 'clone' } : {}
}

function sourceOf({ spec }: Pick<BackingImage, 'spec'>, world: World): BackingImage | undefined {
  return world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/${spec.sourceParameters?.['backing-image']}`)
}

/** The disk for the first file of an image: a clone is made where its source is ready, undefined where that is nowhere. */
export function diskForFirst(image: BackingImage, world: World, taken: readonly string[]): Disk | undefined {
  if (image.spec.sourceType !== 'clone')
    return diskForImage(image, world, taken)
  const ready = Object.entries(sourceOf(image, world)?.status?.diskFileStatusMap ?? {}).find(([, copy]) => copy.state === 'ready')
  return diskOf(world, ready?.[0])
}

/** How many bytes a clone has; undefined while its source is not known. */
export function sizeOfClone(image: BackingImage, world: World): number | undefined {
  const size = sourceOf(image, world)?.status?.size
  return size === undefined ? undefined : size + (image.spec.sourceParameters?.encryption === 'encrypt' ? HEADER : -HEADER)
}
