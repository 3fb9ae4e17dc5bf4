import type { BackingImage } from '#health/longhorn.ts'
import { findCondition } from '#kube/object.ts'
import { imageOf } from './importTrouble.ts'
import type { World } from './world.ts'

// harvester pkg/image/backingimage/backing_image_controller.go: it looks at a file only once its image is Initialized, until that is
// Imported, and only while exactly one copy is told of. What it misses it never learns. Longhorn's pods take their seconds over each
// of these; what plays them may be faster than a busy Harvester looks, and so it waits until that has looked.

/** Whether Harvester will still say this of the file's image. Never where no image is, or it is given up. */
export function isAwaited(type: 'Initialized' | 'Imported', file: BackingImage, world: World): boolean {
  const image = imageOf(file, world)
  const isTrue = (word: string) => findCondition(image?.status?.conditions, word)?.status === 'True'
  return image !== undefined && !image.metadata.deletionTimestamp && !isTrue('RetryLimitExceeded') && !isTrue(type)
}
