import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { StepReason } from './exportStep.ts'
import { CLAIMS } from '#kube/core.ts'
import { readTimestamp } from '#kube/object.ts'
import { asKept, isName, parseIntent } from './exportIntentText.ts'
import { isClaimOf, liftExport } from './exportIntent.ts'
import { exportImageKey } from './exportedImage.ts'

// An export that has an image is told by it for good. One that has none is told by its volume.

/** On a claim: its last exports that left no image, the newest first, as JSON: each as it was meant, with what was noted on the way. */
export const WITHOUT_IMAGE_ANNOTATION = 'guardrails.harvesterhci.io/exports-without-image'
const KEPT = 5
/** Characters of them all: a quarter of what all annotations of an object have. */
const LONGEST_RECORD = 65_536
/** A disk is shared by few. */
const MOST_VMS = 100

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

/**
 * The exports of that claim that left no image, as far as they are kept, the newest first. Those of another, which a backup or
 * a template has brought, are not its own. Whoever may write to the claim writes there too, and every console reads it: what is
 * more or longer than is ever kept is not read, and what cannot have been an export is not told as one.
 */
export function exportsWithoutImage(claim: PersistentVolumeClaim): readonly ExportIntent[] {
  const { namespace = '', name } = claim.metadata
  const told = readAll(claim).flatMap(read => parseIntent(read, { namespace, name }) ?? []).filter(intent => isClaimOf(claim, intent) && isSound(intent))
  return told.filter(({ id }, index) => told.findIndex(one => one.id === id) === index).map(asKept)
}

/** Whether it has begun at a time, and names what can be there: its own VMs and their nodes, a class, a namespace. */
function isSound({ startedAt, image, storageClass, vms, nodes = {}, endings = {}, runningAcknowledged: said }: ExportIntent): boolean {
  const own = new Set(vms.map(vm => vm.name))
  const names = [image.namespace, storageClass, ...own, ...vms.flatMap(vm => vm.node ?? []), ...Object.values(nodes)]
  const isOfOwn = [...Object.keys(nodes), ...Object.keys(endings)].every(vm => own.has(vm))
  return startedAt !== '' && vms.length <= MOST_VMS && isOfOwn && names.every(isName) && (!said || readTimestamp(said.at) !== undefined)
}

/** Takes the note of an export that has left no image off its claim, and keeps it there among the last ones, as many as there is room for, in one patch. */
export function liftWithoutImage(claim: PersistentVolumeClaim, intent: ExportIntent): Write[] {
  const others = exportsWithoutImage(claim).filter(({ id }) => id !== intent.id)
  return liftExport(CLAIMS, claim, { [WITHOUT_IMAGE_ANNOTATION]: writeAll([asKept(intent), ...others].slice(0, KEPT)) })
}

function writeAll(kept: readonly ExportIntent[]): string {
  const text = JSON.stringify(kept.map(one => ({ ...one, claim: undefined })))
  return text.length <= LONGEST_RECORD ? text : writeAll(kept.slice(0, -1))
}

function readAll(claim: PersistentVolumeClaim): readonly unknown[] {
  try {
    const text = claim.metadata.annotations?.[WITHOUT_IMAGE_ANNOTATION] ?? '[]'
    const read: unknown = text.length <= LONGEST_RECORD ? JSON.parse(text) : undefined
    return Array.isArray(read) ? read.slice(0, KEPT) : []
  }
  catch {
    return []
  }
}
