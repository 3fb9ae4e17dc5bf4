import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { StepReason } from './exportStep.ts'
import { CLAIMS } from '#kube/core.ts'
import { exportImageKey, isClaimOf, liftExport } from './exportIntent.ts'
import { parseIntent } from './exportIntentText.ts'

// An export that has an image is told by it for good. One that has none is told by its volume.

/** On a claim: its last exports that left no image, the newest first, as JSON: each as it was meant, with what was noted on the way. */
export const WITHOUT_IMAGE_ANNOTATION = 'guardrails.harvesterhci.io/exports-without-image'
const KEPT = 5

/** Why there is no image and will be none, by what was noted; empty while nothing stands against it. */
export function whyNoImage({ abandonedBy, refusal, calledOff }: ExportIntent): readonly StepReason[] {
  if (abandonedBy !== undefined)
    return [{ code: 'abandoned', by: abandonedBy }]
  return refusal === undefined ? calledOff ?? [] : [{ code: 'refused', message: refusal }]
}

/** What became of an export that left no image: why none was made, or that it was made and deleted. */
export function howItEnded(intent: ExportIntent): { readonly result: 'given-up' | 'image-gone', readonly because: readonly StepReason[] } {
  const because = whyNoImage(intent)
  if (because.length || intent.madeAt === undefined)
    return { result: 'given-up', because }
  return { result: 'image-gone', because: [{ code: 'image-gone', image: exportImageKey(intent) }] }
}

/** The exports of that claim that left no image, as far as they are kept. Those of another, which a backup or a template has brought, are not its own. */
export function exportsWithoutImage(claim: PersistentVolumeClaim): readonly ExportIntent[] {
  const { namespace = '', name } = claim.metadata
  return readAll(claim).flatMap(read => parseIntent(read, { namespace, name }) ?? []).filter(intent => isClaimOf(claim, intent))
}

/** Takes the note of an export that has left no image off its claim, and keeps it there among the last ones, in one patch. Who asked is kept by name alone. */
export function liftWithoutImage(claim: PersistentVolumeClaim, intent: ExportIntent): Write[] {
  const others = exportsWithoutImage(claim).filter(({ id }) => id !== intent.id)
  const kept = [intent, ...others].slice(0, KEPT).map(one => ({ ...one, claim: undefined, identity: undefined }))
  return liftExport(CLAIMS, claim, { [WITHOUT_IMAGE_ANNOTATION]: JSON.stringify(kept) })
}

function readAll(claim: PersistentVolumeClaim): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(claim.metadata.annotations?.[WITHOUT_IMAGE_ANNOTATION] ?? '[]')
    return Array.isArray(read) ? read : []
  }
  catch {
    return []
  }
}
