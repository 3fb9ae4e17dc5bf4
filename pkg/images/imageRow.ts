import type { DataVolume } from '#volumes/dataVolume.ts'
import type { ImageBackend, VirtualMachineImage } from './image.ts'
import type { ImageState } from './imageState.ts'
import type { ImageUrlJudgement, ImageUrlVerdict } from './imageUrl.ts'
import { imageState, judgeImageSource } from './imageState.ts'

const SOURCE_RANKS: Readonly<Record<ImageUrlVerdict, number>> = { mutable: 0, unusable: 1, unknown: 2, pinned: 3 }
const NO_URL_RANK = 4

/** An image with everything that a list shows of it. */
export interface ImageRow {
  readonly image: VirtualMachineImage
  readonly dataVolume?: DataVolume
  readonly state: ImageState
  /** Absent where the image has no URL of its own. */
  readonly source?: ImageUrlJudgement
  /** Message key of what the source is called. */
  readonly sourceKey: string
  readonly sourceRank: number
  readonly backend: ImageBackend
  readonly storageClass?: string
}

/** The row of an image. `dataVolume` is the one of the same name that CDI fills, where the backend is CDI. */
export function imageRow(image: VirtualMachineImage, dataVolume?: DataVolume): ImageRow {
  const source = judgeImageSource(image)
  return {
    image,
    dataVolume,
    state: imageState(image, dataVolume),
    source,
    sourceKey: source ? `images.source.${source.verdict}` : image.spec.sourceType === 'download' ? 'images.source.none' : `images.sourceType.${image.spec.sourceType}`,
    sourceRank: source ? SOURCE_RANKS[source.verdict] : NO_URL_RANK,
    backend: image.spec.backend ?? 'backingimage',
    storageClass: image.status?.storageClassName ?? image.spec.targetStorageClassName,
  }
}
