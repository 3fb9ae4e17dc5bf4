import type { StorageClass } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { ExportIntent, NotedEnding } from './exportIntent.ts'
import { objectKey } from '#kube/object.ts'
import { annotate, createOf, patchOf } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { planExportImage } from '#images/imageForm.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { EXPORT_ANNOTATION, exportImageName, writeIntent } from './exportIntent.ts'
import { isFields, parseEndings } from './exportIntentText.ts'

/** On an image: that a VM ran on the disk while it was read, or may have, as JSON. */
const OVERTAKEN_ANNOTATION = 'guardrails.harvesterhci.io/export-overtaken'
/** On an image: when it was found that no VM had run on the disk from before it was made until it was imported (ISO 8601). */
const VERIFIED_ANNOTATION = 'guardrails.harvesterhci.io/export-verified'

/**
 * What a VM cannot start without changing. From Halted a start changes the spec (kubevirt pkg/virt-controller/watch/vm/vm.go);
 * from any other strategy a request in the status does it, so there every write counts.
 */
function stillness(vm: VirtualMachine): string {
  const { uid, generation, resourceVersion } = vm.metadata
  return `${uid} ${effectiveRunStrategy(vm) === 'Halted' && generation !== undefined ? `generation ${generation}` : `version ${resourceVersion}`}`
}

/** A VM that came later and has not run for certain: it was made Halted, and is as it was made. */
function isNewAndOff(vm: VirtualMachine): boolean {
  return effectiveRunStrategy(vm) === 'Halted' && vm.metadata.generation === 1 && !vm.status?.created
}

/**
 * The write that makes the image: its name follows from the intent, so that there is never a second one. With it goes how
 * the VMs on the disk (`users`) were when it was judged: what was judged on an old picture is found out by that.
 */
export function createExportImage(intent: ExportIntent, storageClass: StorageClass, users: readonly VirtualMachine[] = []): Write {
  const { namespace, displayName, description } = intent.image
  const note: Record<string, unknown> = { ...JSON.parse(writeIntent(intent)), still: Object.fromEntries(users.map(vm => [vm.metadata.name, stillness(vm)])) }
  return createOf(IMAGES, planExportImage({ name: exportImageName(intent), namespace, displayName, claim: intent.claim, ...(description && { description }), annotations: { [EXPORT_ANNOTATION]: JSON.stringify(note) } }, storageClass))
}

function noteOn(image: VirtualMachineImage): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[EXPORT_ANNOTATION] ?? 'null')
    return isFields(read) ? read : {}
  }
  catch {
    return {}
  }
}

/** The VMs, `namespace/name`, that may have run on the disk since it was judged: they have changed, have come, or are gone. Undefined where the image does not say how they were. */
export function changedSince(image: VirtualMachineImage, namespace: string, users: readonly VirtualMachine[]): readonly string[] | undefined {
  const { still } = noteOn(image)
  if (!isFields(still))
    return undefined
  const changed = users.filter(vm => still[vm.metadata.name] === undefined ? !isNewAndOff(vm) : still[vm.metadata.name] !== stillness(vm))
  const gone = Object.keys(still).filter(name => !users.some(vm => vm.metadata.name === name))
  return [...changed.map(objectKey), ...gone.map(name => `${namespace}/${name}`)]
}

/** Marks the image as not to be trusted; `by` names the VMs. `now` in epoch milliseconds. */
export function markOvertaken(image: VirtualMachineImage, by: readonly string[], now: number): Write {
  return patchOf(IMAGES, image, annotate(image, { [OVERTAKEN_ANNOTATION]: JSON.stringify({ when: new Date(now).toISOString(), by }) }))
}

/** Notes that the disk was at rest all the while. */
export function markVerified(image: VirtualMachineImage, now: number): Write {
  return patchOf(IMAGES, image, annotate(image, { [VERIFIED_ANNOTATION]: new Date(now).toISOString() }))
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

/** Who took the image of a running disk upon himself; undefined where nobody did. */
export function acknowledgedBy(image: VirtualMachineImage): string | undefined {
  const { runningAcknowledged: said } = noteOn(image)
  return isFields(said) && typeof said.by === 'string' ? said.by : undefined
}

/** Whether a VM was seen to run on the disk while the image was read from it, or may have: the image may be torn. */
export function isOvertaken(image: VirtualMachineImage): boolean {
  return image.metadata.annotations?.[OVERTAKEN_ANNOTATION] !== undefined
}

/**
 * How whole an exported image is. `overtaken`: perhaps torn. `acknowledged`: made of a running disk, on somebody's word.
 * `unverified`: nobody has looked whether the disk was at rest all the while, or not yet. `crash-consistent`: a guest's power was
 * cut before. `not-observed`: how a guest ended was not seen. Only `whole` is good.
 */
export type Wholeness = 'overtaken' | 'acknowledged' | 'unverified' | 'crash-consistent' | 'not-observed' | 'whole'

/** The worst that is known of the image, in one word. */
export function wholenessOf(image: VirtualMachineImage): Wholeness {
  if (isOvertaken(image))
    return 'overtaken'
  if (acknowledgedBy(image) !== undefined)
    return 'acknowledged'
  if (image.metadata.annotations?.[VERIFIED_ANNOTATION] === undefined)
    return 'unverified'
  if (cutOffOf(image).length)
    return 'crash-consistent'
  return unobservedOf(image).length ? 'not-observed' : 'whole'
}
