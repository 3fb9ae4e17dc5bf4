import type { StorageClass } from '#kube/core.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageState } from '#images/imageState.ts'
import type { Wholeness } from '#volumes/exportedImage.ts'
import type { VmFormWorld } from './vmForm.ts'
import { objectKey } from '#kube/object.ts'
import { WHOLENESS_TONES } from '#images/imageRow.ts'
import { isImported } from '#images/imageState.ts'
import { IMAGE_TONES } from '#images/imageTone.ts'
import { wholenessOf } from '#volumes/exportedImage.ts'

/** What is to be said against what the disk of a VM will hold. */
export type ImageDoubt = Exclude<Wholeness, 'whole'>

/** An image that a VM can be made from, or could be if its copies were there. */
export interface ImageChoice {
  readonly key: string
  readonly image: VirtualMachineImage
  readonly state: ImageState['word']
  readonly doubt?: ImageDoubt
}

/** The images that were imported, those that can be used first: then those that may be torn, then those without a copy. */
export function imageChoices(images: readonly VirtualMachineImage[], stateOf: VmFormWorld['stateOf']): ImageChoice[] {
  const choices = images.filter(image => image.status?.storageClassName).flatMap(image => {
    const state = stateOf(image)
    const doubt = doubtOfDisk(image)
    return isImported(state) ? { key: objectKey(image), image, state: state.word, ...(doubt && { doubt }) } : []
  })
  const rank = ({ state, doubt }: ImageChoice) => state === 'lost' ? 2 : doubt === 'overtaken' ? 1 : 0
  return choices.sort((a, b) => rank(a) - rank(b))
}

/** What is to be said against a disk of that image, beside how its copies stand: of one exported from a volume, how whole it is; undefined for any other, and for a whole one. */
export function doubtOfDisk(image: VirtualMachineImage): ImageDoubt | undefined {
  const word = image.spec.sourceType === 'export-from-volume' ? wholenessOf(image) : 'whole'
  return word === 'whole' ? undefined : word
}

type Sign = (typeof IMAGE_TONES)[keyof typeof IMAGE_TONES]
const WORST_FIRST: readonly Sign[] = ['bad', 'attention', 'unknown', 'progress', 'ok']

/** Whether a VM of this image is seen to boot: never better than its image and what its disk will hold, nor where its storage class is not seen. Without an image nothing is known. */
export function bootSign(standing: ImageState | undefined, storageClass: StorageClass | undefined, doubt?: ImageDoubt): Sign {
  const signs: Sign[] = [standing ? IMAGE_TONES[standing.word] : 'unknown', ...doubt ? [WHOLENESS_TONES[doubt]] : [], ...storageClass ? [] : ['unknown' as const]]
  return WORST_FIRST.find(sign => signs.includes(sign)) ?? 'unknown'
}
