import type { StorageClass } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import { objectKey } from '#kube/object.ts'
import { annotate, createOf, patchOf } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { planExportImage } from '#images/imageForm.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, RUNNING_ACKNOWLEDGED_ANNOTATION, VERIFIED_ANNOTATION, exportImageName, noteOn } from './exportedImage.ts'
import { writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION, isFields } from './exportIntentText.ts'

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
 * the VMs on the disk (`users`) were when it was judged, and which pods were the last on it (`lastPodsOn`): by these what was
 * judged on an old picture, and what comes later and goes again, is found out, and by those whose it was.
 */
export function createExportImage(intent: ExportIntent, storageClass: StorageClass, users: readonly VirtualMachine[] = [], lastPods?: string): Write {
  const { image: { namespace, displayName, description }, runningAcknowledged: said } = intent
  const note: Record<string, unknown> = { ...JSON.parse(writeIntent(intent)), still: Object.fromEntries(users.map(vm => [vm.metadata.name, stillness(vm)])), ...(lastPods !== undefined && { lastPods }) }
  return createOf(IMAGES, planExportImage({ name: exportImageName(intent), namespace, displayName, claim: intent.claim, ...(description && { description }), annotations: { [EXPORT_ANNOTATION]: JSON.stringify(note), ...(said && { [RUNNING_ACKNOWLEDGED_ANNOTATION]: JSON.stringify({ who: said.by, when: said.at }) }) } }, storageClass))
}

/** The same write with which pods were the last on the disk, by the word of one who sees what its maker does not; as it was where nothing is said. */
export function withLastPods(write: Write, lastPods: string | undefined): Write {
  if (write.act !== 'create' || lastPods === undefined)
    return write
  const { annotations } = write.manifest.metadata
  const note: unknown = JSON.parse(annotations?.[EXPORT_ANNOTATION] ?? '{}')
  const text = JSON.stringify({ ...(isFields(note) && note), lastPods })
  return { ...write, manifest: { ...write.manifest, metadata: { ...write.manifest.metadata, annotations: { ...annotations, [EXPORT_ANNOTATION]: text } } } }
}

/** The VMs, `namespace/name`, that have changed since the disk was judged, have come, or are gone: of a pod that had the disk and is gone it tells whose it was. Undefined where the image does not say how they were. */
export function changedSince(image: VirtualMachineImage, namespace: string, users: readonly VirtualMachine[]): readonly string[] | undefined {
  const { still } = noteOn(image)
  if (!isFields(still))
    return undefined
  const changed = users.filter(vm => still[vm.metadata.name] === undefined ? !isNewAndOff(vm) : still[vm.metadata.name] !== stillness(vm))
  const gone = Object.keys(still).filter(name => !users.some(vm => vm.metadata.name === name))
  return [...changed.map(objectKey), ...gone.map(name => `${namespace}/${name}`)]
}

/**
 * Marks the image as not to be trusted; `by` names the VMs and pods. Fails (422) where something was noted on it meanwhile: perhaps
 * another runner has verified it, and what is seen to run since is what that one has started; and where its import was over
 * meanwhile, for the disk is looked at after the image. `now` in epoch milliseconds.
 */
export function markOvertaken(image: VirtualMachineImage, by: readonly string[], now: number): Write {
  const { metadata: { annotations }, status: { conditions } = {} } = image
  const unchanged = [
    ...annotations ? [{ op: 'test' as const, path: '/metadata/annotations', value: annotations }] : [],
    ...conditions ? [{ op: 'test' as const, path: '/status/conditions', value: conditions }] : [],
  ]
  return patchOf(IMAGES, image, [...unchanged, ...annotate(image, { [OVERTAKEN_ANNOTATION]: JSON.stringify({ when: new Date(now).toISOString(), by }) })])
}

/** Notes that the disk was at rest all the while. */
export function markVerified(image: VirtualMachineImage, now: number): Write {
  return patchOf(IMAGES, image, annotate(image, { [VERIFIED_ANNOTATION]: new Date(now).toISOString() }))
}

/** Notes that nothing is left to do for the export, for its history. */
export function markEnded(image: VirtualMachineImage, now: number): Write {
  return patchOf(IMAGES, image, annotate(image, { [ENDED_ANNOTATION]: new Date(now).toISOString() }))
}
