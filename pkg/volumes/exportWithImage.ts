import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Unseen } from '#kube/seen.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, StepReason, StepWorld } from './exportStep.ts'
import type { ExportResult } from './exportTimeline.ts'
import type { Wholeness } from './exportedImage.ts'
import { PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot, isComing } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { imageState, wasImported } from '#images/imageState.ts'
import { VMIS } from '#vms/vm.ts'
import { dataVolumeOf } from './dataVolume.ts'
import type { DiskCopy } from './diskCopy.ts'
import { copyOf } from './diskCopy.ts'
import { markEnded, markOvertaken, markVerified } from './exportImage.ts'
import { ENDED_ANNOTATION, acknowledgedBy, cutOffOf, exportImageKey, importOverAt, isGivenUp, isOvertaken, mayBeReadByPod, overtakersOf, unobservedOf, wholenessOf } from './exportedImage.ts'
import { endExport } from './exportEnd.ts'
import { amendIntent, isOverdue, referenceOn } from './exportIntent.ts'
import { vmsOf } from './exportRestart.ts'
import { suspicions } from './exportSuspicion.ts'

/** A watch may show the note that an image was made before the image itself; one that went silent is cut within a minute. */
const SIGHT_MS = 90_000

const stateOf = (image: VirtualMachineImage, world: Pick<StepWorld, 'dataVolumes'>) => imageState(image, { dataVolume: { object: dataVolumeOf(image, world.dataVolumes) } })

/** What comes next once the image is there. `now` in epoch milliseconds. */
export function withImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, now: number): BareStep {
  const key = objectKey(image)
  const { word, progress, message } = stateOf(image, world)
  const words = message ? { message } : {}
  const ended = (end: BareStep) => world.cannotTestify ? end : noteEnd(image, intent, end, now)
  if (word === 'deleting')
    return endExport(world, intent, 'image-gone', [{ code: 'image-gone', image: key }], now)
  if (word === 'failed' || word === 'missing')
    return ended(endExport(world, intent, 'import-failed', [{ code: 'import-failed', image: key, ...words }], now))
  const copy = copyOf(image, world)
  const isOver = wasImported(image) && isRead(copy, image)
  const given = givenUp(intent, image, { isOver, copy }, now)
  const found = mark(world, intent, claim, image, { isOver, given, copy: copy.word }, now)
  const marked = world.cannotTestify && found?.writes.length ? leaveTestimony(found, { intent, claim, image, copy: copy.word, isWaiting: isOver && !given.length }, now) : found
  if (marked)
    return isOver ? { ...marked, isRead: true } : marked
  if (isOver)
    return ended(endExport(world, intent, resultOf(image, world), [...given, ...reasonsOf(image, intent), ...(copy.word === 'none' ? readByPod(image) : [])], now))
  if (given.length)
    return ended(endExport(world, intent, resultOf(image, world), [...given, ...(isOvertaken(image) ? [{ code: 'overtaken' as const, image: key }] : [])], now))
  const blind = wasImported(image) && copy.word === 'unseen' ? blindSpot(LONGHORN_VOLUMES, world.longhornVolumes, LONGHORN_NAMESPACE) : undefined
  if (blind)
    return { word: 'blind', writes: [], because: [{ code: 'copy-unseen', image: key }, blind] }
  const note = intent.madeAt === undefined ? [amendIntent(claim, intent, { madeAt: image.metadata.creationTimestamp })] : []
  return { word: 'wait-import', writes: note, because: [...(isOvertaken(image) ? [{ code: 'overtaken' as const, image: key }, ...overtakersOf(image).map(by => ({ code: 'taken-by' as const, by }))] : []), { code: 'importing', image: key, ...words }, ...(wasImported(image) && copy.word === 'going-on' && copy.volume ? [{ code: 'longhorn-copying' as const, volume: copy.volume }] : [])], ...(progress !== undefined && { progress }) }
}

/** Whether nothing more is read from the disk, as far as Longhorn goes. Who does not see that takes the word of one who does, and has noted what came of the image. */
function isRead({ word }: DiskCopy, image: VirtualMachineImage): boolean {
  return word === 'unseen' ? wholenessOf(image) !== 'unverified' || image.metadata.annotations?.[ENDED_ANNOTATION] !== undefined : word !== 'going-on' && word !== 'failed'
}

/** Why the import is waited for no longer; empty while it is. What is over was in time, whenever it is looked at, unless it was given up before. */
function givenUp(intent: ExportIntent, image: VirtualMachineImage, { isOver, copy }: { readonly isOver: boolean, readonly copy: DiskCopy }, now: number): StepReason[] {
  const { abandonedBy } = intent
  const isUnread = !isOver || (isGivenUp(image) && abandonedBy === undefined)
  return [
    ...(abandonedBy === undefined ? [] : [{ code: 'abandoned' as const, by: abandonedBy }]),
    ...(copy.word === 'failed' ? [{ code: 'clone-failed' as const, volume: copy.volume }] : []),
    ...(isUnread && isOverdue(intent, now) ? [{ code: 'import-overdue' as const, image: objectKey(image), deadline: intent.deadline }] : []),
  ]
}

/** When the export ended, noted on the image before the note on the claim goes: the claim tells of no export that is over. */
function noteEnd(image: VirtualMachineImage, intent: ExportIntent, end: BareStep, now: number): BareStep {
  if (intent.refusal !== undefined || image.metadata.annotations?.[ENDED_ANNOTATION] !== undefined)
    return end
  // Whoever ends it while a VM does not come to run ends it here too.
  if (end.word === 'wait-start' && end.dismiss)
    return { ...end, dismiss: [markEnded(image, now), ...end.dismiss] }
  if (end.word !== 'clean' && end.word !== 'stopped')
    return end
  return { word: 'note-end', writes: [markEnded(image, now)], because: end.because, ...(end.result && { result: end.result }) }
}

/**
 * What is to be written on the image about the disk that it was read from; undefined where all is, or where the cluster has
 * refused it. It may be torn by what is on the disk or was, an instance or a pod: a VM that has only been changed, or whose
 * start the guard has refused, is none of those.
 */
function mark(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, { isOver, given, copy }: { readonly isOver: boolean, readonly given: readonly StepReason[], readonly copy: DiskCopy['word'] }, now: number): BareStep | undefined {
  if (isOvertaken(image) || wholenessOf(image) !== 'unverified' || intent.refusal !== undefined)
    return undefined
  const key = objectKey(image)
  const { suspects, because, proof, isBehind } = suspicions(world, intent, claim, image, { isOver, copy })
  // A pod that is seen through Longhorn alone may have come once the image was read: it is looked for as long as a watch may be behind.
  if (isBehind && isOver && now - (importOverAt(image) ?? 0) < SIGHT_MS)
    return { word: 'verify', writes: [], because: [{ code: 'verifying', image: key }] }
  // Ended unverified by one who could not see: what runs since is what it has started again.
  if (suspects.length && isOver && !given.length && isStartingAgain(world, intent, image))
    return undefined
  if (suspects.length || (given.length && !isOver))
    return { word: 'mark-overtaken', writes: [markOvertaken(image, suspects, now)], because: [{ code: 'overtaken', image: key }, ...because] }
  if (!isOver || proof === 'none')
    return undefined
  const { blind, passes } = unseenHolders(world, intent.claim.namespace)
  // Whoever may not look leaves it unverified, and starts the VMs again: once a keeper who may has had the time to.
  if (blind.length)
    return given.length ? undefined : awaitSight(intent, claim, image, { blind, passes }, now)
  return proof === 'unclear' ? undefined : { word: 'verify', writes: [markVerified(image, now)], because: [{ code: 'verifying', image: key }] }
}

/**
 * What is to be written on the image, where that is left to others: they are waited for, though not while it is read, nor for ever. When
 * a copy of Longhorn's own was over nobody says: it counts from when that was noted.
 */
function leaveTestimony(found: BareStep, { intent, claim, image, copy, isWaiting }: { readonly intent: ExportIntent, readonly claim: PersistentVolumeClaim, readonly image: VirtualMachineImage, readonly copy: DiskCopy['word'], readonly isWaiting: boolean }, now: number): BareStep | undefined {
  const left: BareStep = { ...found, writes: [], because: [...found.because, { code: 'testimony-left', image: objectKey(image) }] }
  if (!isWaiting || copy !== 'over')
    return isWaiting && isJustRead(image, now) ? left : undefined
  if (intent.blindSince === undefined)
    return { ...left, writes: [amendIntent(claim, intent, { blindSince: new Date(now).toISOString() })] }
  return now - Date.parse(intent.blindSince) < KEEPER_LOOKS_MS ? left : undefined
}

/** How long the VMs are kept off for somebody who may look, by one who may not and does not know whether there is anybody: a keeper looks within seconds. */
const KEEPER_LOOKS_MS = 30_000

/**
 * Waits for who can see; undefined once nobody is waited for any more. What passes by itself may take for ever, and the VMs are off
 * meanwhile: past the deadline it has half a minute more, from when that was noted, so that a page that is only just being opened
 * does not end what it will see in a moment.
 */
function awaitSight(intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, { blind, passes }: ReturnType<typeof unseenHolders>, now: number): BareStep | undefined {
  const wait: BareStep = { word: 'blind', writes: [], because: blind }
  if (isJustRead(image, now) || (passes && !isOverdue(intent, now)))
    return wait
  if (passes && intent.blindSince === undefined)
    return { ...wait, writes: [amendIntent(claim, intent, { blindSince: new Date(now).toISOString() })] }
  return passes && now - Date.parse(intent.blindSince ?? '') < KEEPER_LOOKS_MS ? wait : undefined
}

function isJustRead(image: VirtualMachineImage, now: number): boolean {
  const at = importOverAt(image)
  return at !== undefined && now - at < KEEPER_LOOKS_MS
}

/** What of the holders of the disk, and of those that were there, is not seen, and whether that passes by itself. VMs are always seen here. */
function unseenHolders({ vmis, pods, longhornVolumes: volumes }: Pick<StepWorld, 'vmis' | 'pods' | 'longhornVolumes'>, namespace: string): { readonly blind: readonly Unseen[], readonly passes: boolean } {
  const unseen = [{ seen: vmis, spot: blindSpot(VMIS, vmis, namespace) }, { seen: pods, spot: blindSpot(PODS, pods, namespace) }, { seen: volumes, spot: blindSpot(LONGHORN_VOLUMES, volumes, LONGHORN_NAMESPACE) }].filter(({ spot }) => spot)
  const passes = unseen.every(({ seen }) => isComing(seen))
  return { blind: unseen.flatMap(({ spot }) => spot ?? []), passes }
}

/** Whether the export has come as far as to start its VMs, which it does once nothing more is to be said of the image. */
function isStartingAgain(world: StepWorld, intent: ExportIntent, image: VirtualMachineImage): boolean {
  return image.metadata.annotations?.[ENDED_ANNOTATION] !== undefined || vmsOf(world, intent).some(({ vm }) => vm && referenceOn(vm, intent) === 'started')
}

/** The image was made and is not there. Until every console must have seen it, it may still be read from the disk. */
export function withoutImage(world: StepWorld, intent: ExportIntent, madeAt: string, now: number): BareStep {
  const image = exportImageKey(intent)
  if (now - Date.parse(madeAt) < SIGHT_MS)
    return { word: 'wait-import', writes: [], because: [{ code: 'image-unseen', image }] }
  return endExport(world, intent, 'image-gone', [{ code: 'image-gone', image }], now)
}

const RESULTS: Readonly<Record<Wholeness, ExportResult>> = {
  'overtaken': 'overtaken', 'acknowledged': 'crash-consistent', 'unverified': 'unverified', 'crash-consistent': 'crash-consistent', 'not-observed': 'not-observed', 'whole': 'exported',
}

/** How the export ended, by its image, as far as that is seen: undefined while an image is not seen to be imported, torn or failed, of which the end may be known before. */
export function seenResultOf(image: VirtualMachineImage, world: Pick<StepWorld, 'dataVolumes'>): ExportResult | undefined {
  if (isOvertaken(image))
    return RESULTS[wholenessOf(image)]
  if (['failed', 'missing'].includes(stateOf(image, world).word))
    return 'import-failed'
  return wasImported(image) ? RESULTS[wholenessOf(image)] : undefined
}

/** The same of one that has ended: an image that is not there by then has failed. */
export function resultOf(image: VirtualMachineImage, world: Pick<StepWorld, 'dataVolumes'>): ExportResult {
  return seenResultOf(image, world) ?? 'import-failed'
}

function reasonsOf(image: VirtualMachineImage, intent: ExportIntent): StepReason[] {
  const wholeness = wholenessOf(image)
  const by = acknowledgedBy(image)
  const vm = (name: string) => `${intent.claim.namespace}/${name}`
  return [
    { code: wholeness === 'overtaken' || wholeness === 'unverified' ? wholeness : 'exported', image: objectKey(image) },
    ...(by === undefined ? [] : [{ code: 'acknowledged' as const, by }]),
    ...cutOffOf(image).map(name => ({ code: 'cut-off' as const, vm: vm(name) })),
    ...unobservedOf(image).map(name => ({ code: 'not-observed' as const, vm: vm(name) })),
  ]
}

/** CDI has read the disk with a pod of its own, and Longhorn remembers that one alone: who had the disk beside it, and went before it did, left no trace, so that this stays so. */
function readByPod(image: VirtualMachineImage): StepReason[] {
  return mayBeReadByPod(image) ? [{ code: 'read-by-pod' }] : []
}
