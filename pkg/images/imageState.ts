import type { Condition } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { ImageUrlJudgement } from './imageUrl.ts'
import type { VirtualMachineImage } from './image.ts'
import { findCondition } from '#kube/object.ts'
import { judgeImageUrl } from './imageUrl.ts'

export type ImageStateWord = 'deleting' | 'initializing' | 'importing' | 'uploading' | 'exporting' | 'retrying' | 'ready' | 'missing' | 'failed' | 'unknown'

export interface ImageState {
  readonly word: ImageStateWord
  /** Per cent, 0 to 100, while something is under way. */
  readonly progress?: number
  /** The cluster's own last words about it. */
  readonly message?: string
  /** Failed tries so far and how many Harvester makes. */
  readonly tries?: { readonly failed: number, readonly limit: number }
}

const WORK: Readonly<Record<VirtualMachineImage['spec']['sourceType'], ImageStateWord>> = {
  'download': 'importing', 'upload': 'uploading', 'export-from-volume': 'exporting', 'restore': 'importing', 'clone': 'importing',
}

/**
 * The image's state from its conditions and, for the CDI backend, from its DataVolume, whose errors Harvester does not pass on.
 * Between retries Harvester says only `RetryLimitExceeded: False` with a message; that is `retrying`.
 * Source: harvester pkg/image/common/operator.go, pkg/image/cdi/cdi.go.
 */
export function imageState(image: VirtualMachineImage, dataVolume?: DataVolume): ImageState {
  const conditions = image.status?.conditions
  const [initialized, imported, exceeded, missing] = ['Initialized', 'Imported', 'RetryLimitExceeded', 'BackingImageMissing'].map(type => findCondition(conditions, type))
  const failed = image.status?.failed ?? 0
  const tries = failed > 0 ? { tries: { failed, limit: image.spec.retry ?? 3 } } : {}
  if (image.metadata.deletionTimestamp)
    return { word: 'deleting' }
  if (exceeded?.status === 'True' || initialized?.status === 'False' || imported?.status === 'False')
    return { word: 'failed', ...words(exceeded, imported, initialized), ...tries }
  if (missing?.status === 'True')
    return { word: 'missing', ...words(missing) }
  if (imported?.status === 'True')
    return { word: 'ready' }
  const progress = { progress: Math.min(100, Math.max(0, image.status?.progress ?? 0)) }
  if (exceeded?.message)
    return { word: 'retrying', ...progress, ...words(exceeded), ...tries }
  const trouble = dataVolume && dataVolumeTrouble(dataVolume)
  if (trouble)
    return { ...progress, ...trouble }
  if (!imported && initialized?.status !== 'True')
    return { word: 'initializing', ...words(initialized) }
  return { word: WORK[image.spec.sourceType] ?? 'unknown', ...progress, ...words(imported) }
}

function words(...conditions: readonly (Condition | undefined)[]): { message?: string } {
  const message = conditions.find(condition => condition?.message)?.message
  return message ? { message } : {}
}

/** A failing import seldom reaches phase Failed: it stays ImportInProgress, restarts and says Running False, reason Error. */
function dataVolumeTrouble(dataVolume: DataVolume): ImageState | undefined {
  const running = findCondition(dataVolume.status?.conditions, 'Running')
  if (dataVolume.status?.phase === 'Failed')
    return { word: 'failed', ...words(running) }
  const restarts = dataVolume.status?.restartCount ?? 0
  if (running?.status === 'False' && running.reason && /error|backoff|fail/i.test(running.reason))
    return { word: 'retrying', ...words(running), tries: { failed: Math.max(1, restarts), limit: Infinity } }
  return undefined
}

/** The verdict on where an existing image came from; undefined for an image that has no URL of its own. */
export function judgeImageSource(image: VirtualMachineImage): ImageUrlJudgement | undefined {
  return image.spec.sourceType === 'download' && image.spec.url ? judgeImageUrl(image.spec.url) : undefined
}
