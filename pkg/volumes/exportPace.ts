import type { PersistentVolumeClaim } from '#kube/core.ts'
import { readTimestamp } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { VERIFIED_ANNOTATION, noteOn } from './exportedImage.ts'
import { sizeOf } from './volume.ts'

/**
 * How long a VM is off for an export, in milliseconds. `same-volume`: the last one of this volume took so long. `by-size`:
 * by the size of the disk and the pace of `of` exports. `not-known`: no export is on record.
 */
export type ExportPace
  = { readonly word: 'same-volume', readonly ms: number, readonly at: string }
    | { readonly word: 'by-size', readonly ms: number, readonly of: number }
    | { readonly word: 'not-known' }

interface Past { readonly claim: string, readonly at: string, readonly before: number, readonly read: number, readonly bytes: number }

/** The exports told by the images' own notes: from the shutdown to the image, and from there until it was read. */
function pastOf(image: VirtualMachineImage): Past[] {
  const { startedAt, backedUpAt } = noteOn(image)
  const begun = readTimestamp(backedUpAt) ?? readTimestamp(startedAt)
  const made = Date.parse(image.metadata.creationTimestamp)
  const verified = readTimestamp(image.metadata.annotations?.[VERIFIED_ANNOTATION])
  if (begun === undefined || verified === undefined || !(made >= begun) || !(verified >= made))
    return []
  return [{ claim: `${image.spec.pvcNamespace}/${image.spec.pvcName}`, at: image.metadata.creationTimestamp, before: made - begun, read: verified - made, bytes: image.status?.virtualSize ?? image.status?.size ?? 0 }]
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** What the last exports say about this one. Those of another backend are read in another way, and do not count. */
export function judgeExportPace(claim: PersistentVolumeClaim, images: readonly VirtualMachineImage[], backend: VirtualMachineImage['spec']['backend']): ExportPace {
  const past = images.filter(({ spec }) => spec.sourceType === 'export-from-volume' && (spec.backend ?? 'backingimage') === backend).flatMap(pastOf)
  const [last] = past.filter(one => one.claim === `${claim.metadata.namespace}/${claim.metadata.name}`).toSorted((a, b) => b.at.localeCompare(a.at))
  if (last)
    return { word: 'same-volume', ms: last.before + last.read, at: last.at }
  const sized = past.filter(({ bytes }) => bytes > 0)
  const bytes = sizeOf(claim)
  if (!sized.length || !bytes)
    return { word: 'not-known' }
  return { word: 'by-size', ms: Math.round(median(sized.map(one => one.before)) + median(sized.map(one => one.read / one.bytes)) * bytes), of: sized.length }
}
