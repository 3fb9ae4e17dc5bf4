import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { DataVolume } from './dataVolume.ts'
import type { ExportIntent } from './exportIntent.ts'
import { objectKey } from '#kube/object.ts'
import { imageState, wasImported } from '#images/imageState.ts'
import { dataVolumeOf } from './dataVolume.ts'
import { exportImageKey, imageOfExport, isLetGo, runningAcknowledgementOf, wholenessOf } from './exportedImage.ts'
import { readIntent, referenceOn } from './exportIntent.ts'
import { isOpen } from './exportWork.ts'

/** An export that needs a disk left alone. Names are `namespace/name`. */
export interface ExportHold {
  readonly claim: string
  /** What is made of it; not there yet as long as the disk is not at rest. */
  readonly image: string
  readonly displayName: string
  /** `intent`: one that stops and starts VMs, and can be given up. `image`: one that somebody made as an image alone. */
  readonly by: 'intent' | 'image'
  /** ISO 8601; empty where nobody knows. */
  readonly since: string
  readonly requester?: string
  /** Of the import, in per cent. */
  readonly progress?: number
  /** Going on as it has so far. */
  readonly minutesLeft?: number
}

export interface HoldWorld {
  readonly images: readonly VirtualMachineImage[]
  readonly dataVolumes: readonly DataVolume[]
  /** The images, `namespace/name`, for which Longhorn still copies the disk though they are imported, where that was looked for. An intent's own is told by its wholeness. */
  readonly copied?: ReadonlySet<string>
}

/** A share from which on what is left can be told from what has passed. */
const TELLING_PERCENT = 5

/**
 * The export for which the disk must stay as it is, or undefined where it may be taken: from its intent until its image has
 * been read, whatever becomes of it then and whatever is found out of it meanwhile: nothing that comes to the disk makes
 * what comes next do no harm. Nothing holds it that was given up or refused, or was wanted from a disk in use. `starter` is the VM that would take it: one whose start the export itself asked for (`startAgain`
 * writes that in the patch that starts it) may. `now` in epoch milliseconds.
 */
export function holdOnClaim(claim: PersistentVolumeClaim, world: HoldWorld, now: number, starter?: VirtualMachine): ExportHold | undefined {
  const intent = readIntent(claim)
  const written = intent === 'unreadable' ? undefined : intent
  const own = written && exportImageKey(written)
  const { namespace, name } = claim.metadata
  const images = world.images.filter(({ spec }) => spec.sourceType === 'export-from-volume' && spec.pvcName === name && spec.pvcNamespace === namespace)
  const ownImage = written && imageOfExport(written, images)
  if (written && own && !isReleased(written, ownImage, starter) && (ownImage ? isReading(ownImage, world) || isUnjudged(ownImage, written) : written.madeAt === undefined))
    return { claim: objectKey(claim), image: own, displayName: written.image.displayName, by: 'intent', since: written.startedAt, ...(written.requester && { requester: written.requester }), ...(ownImage && pace(ownImage, world, now)) }
  const other = images.find(image => image !== ownImage && (isReading(image, world) || isCopied(image, world)))
  return other && { claim: objectKey(claim), image: objectKey(other), displayName: other.spec.displayName, by: 'image', since: other.metadata.creationTimestamp, ...pace(other, world, now) }
}

/** Whether the cluster has refused that image, `namespace/name`, to the claim's export: it is not on its way any more. */
export function isRefusedImage(claim: PersistentVolumeClaim, image: string): boolean {
  const intent = readIntent(claim)
  return typeof intent === 'object' && intent.refusal !== undefined && exportImageKey(intent) === image
}

/** What was called off by one who had not seen yet that another had made the image is read all the same. */
function isReleased(intent: ExportIntent, image: VirtualMachineImage | undefined, starter: VirtualMachine | undefined): boolean {
  const mark = starter && referenceOn(starter, intent)
  return intent.abandonedBy !== undefined || intent.refusal !== undefined || (intent.calledOff !== undefined && !image) || intent.runningAcknowledged !== undefined || mark === 'started' || mark === 'released'
}

function isReading(image: VirtualMachineImage, { dataVolumes }: HoldWorld): boolean {
  return isOpen(image, { objects: dataVolumes, state: 'live' }) && isWaitedFor(image)
}

/** Somebody relies on what is read of the disk. */
function isWaitedFor(image: VirtualMachineImage): boolean {
  return !isLetGo(image) && !runningAcknowledgementOf(image)
}

function isCopied(image: VirtualMachineImage, { copied }: HoldWorld): boolean {
  return copied?.has(objectKey(image)) === true && isWaitedFor(image)
}

/** Longhorn may still copy the disk when CDI has done its part (`copyOf`): whoever carries the export out sees that, and says when it is over. A copy that is called torn already is not protected any more. */
function isUnjudged(image: VirtualMachineImage, { isSettled }: ExportIntent): boolean {
  return image.spec.backend === 'cdi' && wasImported(image) && wholenessOf(image) === 'unverified' && !isSettled && !isLetGo(image)
}

function pace(image: VirtualMachineImage, { dataVolumes }: HoldWorld, now: number): Pick<ExportHold, 'progress' | 'minutesLeft'> {
  const { progress = 0 } = imageState(image, { dataVolume: { object: dataVolumeOf(image, { objects: dataVolumes }) } })
  const passed = now - Date.parse(image.metadata.creationTimestamp)
  return { progress: Math.round(progress), ...(progress >= TELLING_PERCENT && passed > 0 && { minutesLeft: Math.ceil(passed * (100 - progress) / progress / 60_000) }) }
}
