import type { Manifest } from '#kube/object.ts'
import type { MutableAcknowledgement, VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent, NotedEnding } from './exportIntent.ts'
import { findCondition, objectKey, readTimestamp } from '#kube/object.ts'
import { acknowledgementOf } from '#images/image.ts'
import { EXPORT_ANNOTATION, isFields, parseEndings, parseIntent } from './exportIntentText.ts'

/** On an image: that it was read from a disk in use knowingly, and is only as whole as after a power cut; as JSON `{who, when}`. */
export const RUNNING_ACKNOWLEDGED_ANNOTATION = 'guardrails.harvesterhci.io/export-running-acknowledged'
/** On an image: that a VM or another pod used the disk while it was read, or may have, as JSON. */
export const OVERTAKEN_ANNOTATION = 'guardrails.harvesterhci.io/export-overtaken'
/** On an image: when it was found that no VM had run on the disk, and no other pod had had it, from before it was made until it was imported (ISO 8601). */
export const VERIFIED_ANNOTATION = 'guardrails.harvesterhci.io/export-verified'

/** On an image: when its export had come to its end, with the VMs running again (ISO 8601). */
export const ENDED_ANNOTATION = 'guardrails.harvesterhci.io/export-ended'

/** What is found out of an image, and written on it, only after it was made: by whoever carries the export out. None is made with it. */
export const FOUND_ANNOTATIONS = [OVERTAKEN_ANNOTATION, VERIFIED_ANNOTATION, ENDED_ANNOTATION] as const

/** Name of the image's object: the same for everybody who carries the export out, so that there is never a second one. */
export function exportImageName(intent: Pick<ExportIntent, 'id'>): string {
  return `export-${intent.id}`
}

/** The image's object, `namespace/name`. Another's may have that name: see `imageOfExport`. */
export function exportImageKey(intent: Pick<ExportIntent, 'id' | 'image'>): string {
  return `${intent.image.namespace}/${exportImageName(intent)}`
}

/** The intent on an exported image, and what was noted with it; empty for any other image. */
export function noteOn(image: Pick<Manifest<VirtualMachineImage>, 'metadata'>): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[EXPORT_ANNOTATION] ?? 'null')
    return isFields(read) ? read : {}
  }
  catch {
    return {}
  }
}

/** What was asked for with the export that made the image, and what became known; undefined where the console has not made it. */
export function intentOn(image: VirtualMachineImage): ExportIntent | undefined {
  const { pvcNamespace: namespace, pvcName: name } = image.spec
  return namespace && name ? parseIntent(noteOn(image), { namespace, name }) : undefined
}

function endingsOf(image: VirtualMachineImage): [string, NotedEnding][] {
  const { endings } = noteOn(image)
  return isFields(endings) ? Object.entries(parseEndings(endings)) : []
}

/** The VMs of an exported image whose power was cut before the disk was read. Empty for any other image. */
export function cutOffOf(image: VirtualMachineImage): readonly string[] {
  return endingsOf(image).filter(([, { word }]) => word === 'cut-off').map(([vm]) => vm)
}

/** The VMs of an exported image of which nobody saw how they shut down. Empty for any other image. */
export function unobservedOf(image: VirtualMachineImage): readonly string[] {
  return endingsOf(image).filter(([, { word }]) => word === 'not-observed').map(([vm]) => vm)
}

/** The VMs of an exported image that were off when its export began, unless how they ended was seen: nobody of this console's watched that. Empty for any other image. */
export function offBeforeOf(image: VirtualMachineImage): readonly string[] {
  const seen = new Set(endingsOf(image).map(([vm]) => vm))
  return (intentOn(image)?.vms ?? []).filter(({ name, wasRunning }) => !wasRunning && !seen.has(name)).map(({ name }) => name)
}

/**
 * Whether the image was read from the claim of that export. What an export's note names may be anybody's: whoever may write to
 * a claim writes there which image is meant, and in which namespace.
 */
export function isImageOf(image: VirtualMachineImage, { claim, claimUid }: Pick<ExportIntent, 'claim' | 'claimUid'>): boolean {
  const { pvcNamespace, pvcName } = image.spec
  const noted = noteOn(image).claimUid
  return pvcNamespace === claim.namespace && pvcName === claim.name && (noted === undefined || claimUid === undefined || noted === claimUid)
}

/** The image that the export has made, among those that there are; undefined where it has made none, also where another disk's has its name. */
export function imageOfExport(intent: Pick<ExportIntent, 'id' | 'image' | 'claim' | 'claimUid'>, images: readonly VirtualMachineImage[]): VirtualMachineImage | undefined {
  const key = exportImageKey(intent)
  return images.find(image => objectKey(image) === key && isImageOf(image, intent))
}

/**
 * Who wants the image though the disk is in use. Only of Longhorn v1: CDI does not begin to read a disk that a pod holds
 * (containerized-data-importer pkg/controller/clone/common.go CloneSourceInUse), so there it would be a promise of nothing.
 */
export function runningAcknowledgementOf({ metadata, spec }: Pick<Manifest<VirtualMachineImage>, 'metadata' | 'spec'>): MutableAcknowledgement | undefined {
  return spec.backend === 'cdi' ? undefined : acknowledgementOf({ metadata }, RUNNING_ACKNOWLEDGED_ANNOTATION)
}

/** Who took the image of a running disk upon himself, by its export's note or by what the guard let it through for; undefined where nobody did. */
export function acknowledgedBy(image: VirtualMachineImage): string | undefined {
  const { runningAcknowledged: said } = noteOn(image)
  return isFields(said) && typeof said.by === 'string' ? said.by : runningAcknowledgementOf(image)?.who
}

/** When Harvester's import was over, well or not, in epoch milliseconds; undefined while it is not, or where that is not said. */
export function importOverAt({ status }: VirtualMachineImage): number | undefined {
  const imported = findCondition(status?.conditions, 'Imported')
  return imported && imported.status !== 'Unknown' ? readTimestamp(imported.lastTransitionTime ?? imported.lastUpdateTime) : undefined
}

/** Whether a VM or another pod was seen on the disk while the image was read from it, or may have been: the image may be torn. */
export function isOvertaken(image: VirtualMachineImage): boolean {
  return image.metadata.annotations?.[OVERTAKEN_ANNOTATION] !== undefined
}

/** Who is said to have had the disk; undefined where the mark says nothing that can be read. */
function takersOn(image: VirtualMachineImage): readonly unknown[] | undefined {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[OVERTAKEN_ANNOTATION] ?? 'null')
    return isFields(read) && Array.isArray(read.by) ? read.by : undefined
  }
  catch {
    return undefined
  }
}

/** Who had the disk, or may have had, while the image was read, `namespace/name`; empty where nobody is named. */
export function overtakersOf(image: VirtualMachineImage): readonly string[] {
  return (takersOn(image) ?? []).filter(by => typeof by === 'string')
}

/** Whether it is marked so with nobody named: it was given up while it was being read. */
export function isGivenUp(image: VirtualMachineImage): boolean {
  return takersOn(image)?.length === 0
}

/** Whether nobody waits for the image any more, though it may still be read: its export was given up, or has ended. */
export function isLetGo(image: VirtualMachineImage): boolean {
  return isGivenUp(image) || image.metadata.annotations?.[ENDED_ANNOTATION] !== undefined
}

/**
 * How whole an exported image is. `overtaken`: perhaps torn. `acknowledged`: made of a running disk, on somebody's word.
 * `unverified`: nobody has looked whether the disk was at rest all the while, or not yet, or nobody can say. `crash-consistent`:
 * a guest's power was cut before. `not-observed`: how a guest ended was not seen. Only `whole` is good.
 */
export type Wholeness = 'overtaken' | 'acknowledged' | 'unverified' | 'crash-consistent' | 'not-observed' | 'whole'

/** The worst that is known of the image, in one word. */
export function wholenessOf(image: VirtualMachineImage): Wholeness {
  if (isOvertaken(image))
    return 'overtaken'
  if (acknowledgedBy(image) !== undefined)
    return 'acknowledged'
  if (readTimestamp(image.metadata.annotations?.[VERIFIED_ANNOTATION]) === undefined)
    return 'unverified'
  if (cutOffOf(image).length)
    return 'crash-consistent'
  return unobservedOf(image).length ? 'not-observed' : 'whole'
}

/**
 * Whether CDI may have read the disk with a pod of its own, so that nobody can verify it: Longhorn remembers the last pods on a disk
 * alone. Where CDI cloned without a pod, somebody may still come to verify the image; that is not told apart here.
 */
export function mayBeReadByPod(image: VirtualMachineImage): boolean {
  return image.spec.backend === 'cdi' && wholenessOf(image) === 'unverified'
}
