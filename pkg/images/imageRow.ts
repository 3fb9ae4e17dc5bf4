import type { ImageBackend, VirtualMachineImage } from './image.ts'
import type { FoundKeepers } from './imageKeeper.ts'
import type { ImageState } from './imageState.ts'
import type { ImageUrlJudgement, ImageUrlVerdict } from './imageUrl.ts'
import { imageState } from './imageState.ts'
import { judgeImageUrl } from './imageUrl.ts'

const SOURCE_RANKS: Readonly<Record<ImageUrlVerdict, number>> = { mutable: 0, unusable: 1, unknown: 2, pinned: 3 }
const NO_URL_RANK = 4

/** An image with everything that a list shows of it. */
export interface ImageRow {
  readonly image: VirtualMachineImage
  readonly keepers: FoundKeepers
  readonly state: ImageState
  /** Absent where the image has no URL of its own. */
  readonly source?: ImageUrlJudgement
  /** Message key of what the source is called. */
  readonly sourceKey: string
  readonly sourceRank: number
  readonly backend: ImageBackend
  readonly storageClass?: string
}

/** The row of an image, with what keeps it (see `indexKeepers`). */
export function imageRow(image: VirtualMachineImage, keepers: FoundKeepers): ImageRow {
  const source = judgeImageSource(image)
  return {
    image,
    keepers,
    state: imageState(image, keepers),
    source,
    sourceKey: source ? `images.source.${source.verdict}` : image.spec.sourceType === 'download' ? 'images.source.none' : `images.sourceType.${image.spec.sourceType}`,
    sourceRank: source ? SOURCE_RANKS[source.verdict] : NO_URL_RANK,
    backend: image.spec.backend ?? 'backingimage',
    storageClass: image.status?.storageClassName ?? image.spec.targetStorageClassName,
  }
}

/** The verdict on where an existing image came from; undefined for an image that has no URL of its own. */
export function judgeImageSource(image: VirtualMachineImage): ImageUrlJudgement | undefined {
  return image.spec.sourceType === 'download' && image.spec.url ? judgeImageUrl(image.spec.url) : undefined
}
