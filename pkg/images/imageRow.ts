import type { ImageBackend, VirtualMachineImage } from './image.ts'
import type { FoundKeepers } from './imageKeeper.ts'
import type { ImageState } from './imageState.ts'
import type { ImageUrlJudgement, ImageUrlStanding } from './imageUrl.ts'
import { lossOfUpstream } from './image.ts'
import { imageState, wasImported } from './imageState.ts'
import { judgeImageUrl, standingOfUrl, URL_TONES } from './imageUrl.ts'
import type { Wholeness } from '#volumes/exportedImage.ts'
import { noteOn, wholenessOf } from '#volumes/exportedImage.ts'

const LOST_RANK = 0
/** The sign that goes with how whole an exported image is. */
export const WHOLENESS_TONES = { 'overtaken': 'bad', 'acknowledged': 'attention', 'unverified': 'unknown', 'crash-consistent': 'attention', 'not-observed': 'attention', 'whole': 'ok' } as const satisfies Readonly<Record<Wholeness, string>>
const SOURCE_RANKS: Readonly<Record<ImageUrlStanding, number>> = { mutable: 1, unusable: 2, loopback: 3, ended: 4, unknown: 5, pinned: 6 }
const NO_URL_RANK = 7

/** An image with everything that a list shows of it. */
export interface ImageRow {
  readonly image: VirtualMachineImage
  readonly keepers: FoundKeepers
  readonly state: ImageState
  /** Absent where the image has no URL of its own. */
  readonly source?: ImageUrlJudgement
  /** Message key of what the source is called; where somebody saw that it serves other bytes, or none, that. */
  readonly sourceKey: string
  readonly sourceTone?: 'ok' | 'attention' | 'bad' | 'unknown'
  readonly sourceRank: number
  readonly backend: ImageBackend
  readonly storageClass?: string
}

/** The row of an image, with what keeps it (see `indexKeepers`); `now` in epoch milliseconds, by which links have ended. */
export function imageRow(image: VirtualMachineImage, keepers: FoundKeepers, now?: number): ImageRow {
  const source = judgeImageSource(image)
  const standing = source && standingOfUrl(source, now)
  const loss = source && lossOfUpstream(image)
  const doubt = doubtOf(image)
  return {
    image,
    keepers,
    state: imageState(image, keepers),
    source,
    sourceKey: doubt ? `images.wholeness.${doubt}` : loss ? `images.source.${loss.word}` : standing ? `images.source.${standing}` : image.spec.sourceType === 'download' ? 'images.source.none' : `images.sourceType.${image.spec.sourceType}`,
    sourceTone: doubt ? WHOLENESS_TONES[doubt] : loss ? 'bad' : standing && URL_TONES[standing],
    sourceRank: doubt === 'overtaken' || loss ? LOST_RANK : standing ? SOURCE_RANKS[standing] : NO_URL_RANK,
    backend: image.spec.backend ?? 'backingimage',
    storageClass: image.status?.storageClassName ?? image.spec.targetStorageClassName,
  }
}

/**
 * What is to be said against an image that was exported from a volume; undefined for a whole one, and for any other image. That
 * nobody has verified one is said of those alone that an export of this console has made: for any other nobody would.
 */
function doubtOf(image: VirtualMachineImage): Exclude<Wholeness, 'whole'> | undefined {
  const word = image.spec.sourceType === 'export-from-volume' ? wholenessOf(image) : 'whole'
  const isAwaited = word === 'unverified' && !(wasImported(image) && Object.keys(noteOn(image)).length)
  return word === 'whole' || isAwaited ? undefined : word
}

/** The verdict on where an existing image came from; undefined for an image that has no URL of its own. */
export function judgeImageSource(image: VirtualMachineImage): ImageUrlJudgement | undefined {
  return image.spec.sourceType === 'download' && image.spec.url ? judgeImageUrl(image.spec.url) : undefined
}
