import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportedVm, ExportIntent } from './exportIntent.ts'
import type { ExportSafety, ExportSafetyReason, ExportWorld } from './exportSafety.ts'
import type { ExportResult, StepWord, TimelineEntry } from './exportTimeline.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { annotate, createOf, patchOf } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { planExportImage } from '#images/imageForm.ts'
import { imageState } from '#images/imageState.ts'
import { planStart } from '#vms/powerActions.ts'
import { derivePowerState, startsByItself } from '#vms/powerState.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'
import { EXPORT_ANNOTATION, OVERTAKEN_ANNOTATION, abandonExport, exportImageName, exportReference, isOvertaken, liftExport, readIntent, referenceOn, stopForExport, writeIntent } from './exportIntent.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { exportTimeline } from './exportTimeline.ts'

/** What the protocol looks at: all of `ExportWorld`, with the claims, images and classes. */
export interface StepWorld extends Omit<ExportWorld, 'claim' | 'images' | 'lastNodes' | 'ownImage'> {
  readonly claims: Seen<PersistentVolumeClaim>
  readonly images: Seen<VirtualMachineImage>
  readonly storageClasses: Seen<StorageClass>
}

/** Names are `namespace/name`. */
export type StepReason
  = | ExportSafetyReason
    | Unseen
    | { readonly code: 'stopping-vm' | 'starting-vm' | 'vm-started' | 'vm-gone' | 'vm-stopped-again' | 'vm-off-by-choice' | 'old-instance', readonly vm: string }
    | { readonly code: 'waiting-for-guest', readonly vm: string, readonly graceSeconds: number, readonly since?: string, readonly overdue: boolean }
    | { readonly code: 'waiting-for-start', readonly vm: string, readonly message?: string }
    | { readonly code: 'class-gone', readonly storageClass: string }
    | { readonly code: 'claim-gone' }
    | { readonly code: 'abandoned', readonly by: string }
    | { readonly code: 'importing' | 'import-failed' | 'exported' | 'overtaken', readonly image: string, readonly message?: string }

export interface ExportStep {
  readonly word: StepWord
  /** What to send now, in order; nothing where one only waits. Sent by two at once they do no harm. */
  readonly writes: readonly Write[]
  /** What is done or waited for, or why it has stopped. */
  readonly because: readonly StepReason[]
  /** Of the import, in per cent. */
  readonly progress?: number
  /** How the export itself ended, while what follows is still under way. */
  readonly result?: ExportResult
  /** For `stopped`: what takes the intent away once it has been read. */
  readonly dismiss?: readonly Write[]
  readonly timeline: readonly TimelineEntry[]
}

type Bare = Omit<ExportStep, 'timeline'>

/**
 * What comes next in an export, from what the cluster says alone. Whoever sees it may carry out the writes; a failing
 * `test` (422), AlreadyExists and Conflict (409) mean that somebody was faster: look again. The VMs are started again
 * however the export ends, each only once its old instance is gone; the end is a guest that is seen to run. `now` in
 * epoch milliseconds.
 */
export function nextExportStep(world: StepWorld, intent: ExportIntent, now: number): ExportStep {
  const step = decide(world, intent, now)
  return { ...step, timeline: exportTimeline(step, intent) }
}

function decide(world: StepWorld, intent: ExportIntent, now: number): Bare {
  const { namespace, name } = intent.claim
  const blind = [blindSpot(CLAIMS, world.claims, namespace), blindSpot(IMAGES, world.images, intent.image.namespace), blindSpot(VMS, world.vms, namespace)].flatMap(spot => spot ?? [])
  if (blind.length)
    return { word: 'blind', writes: [], because: blind }
  const claim = world.claims.objects.find(candidate => candidate.metadata.namespace === namespace && candidate.metadata.name === name)
  const image = world.images.objects.find(candidate => candidate.metadata.namespace === intent.image.namespace && candidate.metadata.name === exportImageName(intent))
  if (!claim)
    return afterwards(world, intent, 'given-up', [{ code: 'claim-gone' }], now)
  const written = readIntent(claim)
  if (written === undefined || (written !== 'unreadable' && written.id !== intent.id))
    return { word: 'done', writes: [], because: [], ...(image && { result: resultOf(image) }) }
  const current = written === 'unreadable' ? intent : written
  if (image)
    return withImage(world, current, claim, image, now)
  if (current.abandonedBy !== undefined)
    return afterwards(world, current, 'given-up', [{ code: 'abandoned', by: current.abandonedBy }], now)
  const intruder = startedMeanwhile(world, intent, claim)
  return intruder.length ? afterwards(world, intent, 'given-up', intruder, now) : beforeImage(world, intent, claim, now)
}

interface KnownVm { readonly entry: ExportedVm, readonly vm: VirtualMachine | undefined, readonly vmi: VirtualMachineInstance | undefined }

function vmsOf(world: Pick<StepWorld, 'vms' | 'vmis'>, intent: ExportIntent): KnownVm[] {
  const { namespace } = intent.claim
  return intent.vms.map(entry => ({
    entry,
    vm: world.vms.objects.find(vm => vm.metadata.namespace === namespace && vm.metadata.name === entry.name),
    vmi: world.vmis.objects.find(vmi => vmi.metadata.namespace === namespace && vmi.metadata.name === entry.name),
  }))
}

const keyOf = (intent: ExportIntent, name: string) => `${intent.claim.namespace}/${name}`

/** VMs that hold, or are about to take, the disk without this export having left them on: none may be shut down unasked. */
function startedMeanwhile(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): StepReason[] {
  const users = usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
  const gone = vmsOf(world, intent).filter(({ entry, vm }) => entry.wasRunning && !vm).map(({ entry }) => ({ code: 'vm-gone' as const, vm: keyOf(intent, entry.name) }))
  const started = users.vms.filter(vm => {
    const reference = referenceOn(vm, intent)
    // No image, and yet its start was asked for: the export was given up, and stays so.
    if (reference === 'started')
      return true
    // The export halts a VM in the write that notes it there: what is wanted on since then is wanted by somebody else, though its old guest may still be ending.
    if (reference === 'stopped')
      return effectiveRunStrategy(vm) !== 'Halted' || startsByItself(vm)
    const vmi = users.vmis.find(candidate => candidate.metadata.name === vm.metadata.name)
    const on = vmi ? effectiveRunStrategy(vm) !== 'Halted' && derivePowerState(vm, vmi, 0).word !== 'stopping' && derivePowerState(vm, vmi, 0).word !== 'off' : startsByItself(vm)
    return on && !intent.vms.some(entry => entry.name === vm.metadata.name && entry.wasRunning)
  })
  return [...gone, ...started.map(vm => ({ code: 'vm-started' as const, vm: objectKey(vm) }))]
}

function beforeImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, now: number): Bare {
  const known = vmsOf(world, intent).filter(({ entry }) => entry.wasRunning)
  const running = known.flatMap(({ vm }) => vm && effectiveRunStrategy(vm) !== 'Halted' ? vm : [])
  if (running.length)
    return { word: 'stop-vm', writes: running.map(vm => stopForExport(vm, intent)), because: running.map(vm => ({ code: 'stopping-vm', vm: objectKey(vm) })) }
  const safety = judgeExportSafety(safetyWorld(world, intent, claim))
  const guests = known.filter(({ vmi }) => vmi && safety.reasons.some(reason => reason.code === 'guest' && reason.vmi === objectKey(vmi)))
  if (guests.length)
    return { word: 'wait-guest', writes: [], because: guests.flatMap(({ entry, vmi }) => vmi ? waitingFor(keyOf(intent, entry.name), vmi, now) : []) }
  if (safety.word === 'unknown')
    return { word: 'blind', writes: [], because: safety.reasons }
  if (safety.word !== 'at-rest')
    return { word: 'wait-detach', writes: [], because: safety.reasons }
  const blind = blindSpot(STORAGE_CLASSES, world.storageClasses)
  if (blind)
    return { word: 'blind', writes: [], because: [blind] }
  const storageClass = world.storageClasses.objects.find(candidate => candidate.metadata.name === intent.storageClass)
  if (!storageClass)
    return afterwards(world, intent, 'given-up', [{ code: 'class-gone', storageClass: intent.storageClass }], now)
  const { namespace, displayName, description } = intent.image
  const manifest = planExportImage({ name: exportImageName(intent), namespace, displayName, claim: intent.claim, ...(description && { description }), annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } }, storageClass)
  return { word: 'create-image', writes: [createOf(IMAGES, manifest)], because: [] }
}

function safetyWorld(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): ExportWorld {
  return { ...world, claim, ownImage: `${intent.image.namespace}/${exportImageName(intent)}`, lastNodes: intent.vms.flatMap(vm => vm.wasRunning && vm.node ? vm.node : []) }
}

/** Whether an image may be made of the claim now, for whoever is about to send the write: judged on what is seen at that moment. */
export function safetyOfExport(world: StepWorld, intent: ExportIntent): ExportSafety | undefined {
  const { namespace, name } = intent.claim
  const claim = world.claims.objects.find(candidate => candidate.metadata.namespace === namespace && candidate.metadata.name === name)
  return claim && judgeExportSafety(safetyWorld(world, intent, claim))
}

/** KubeVirt cuts the power when the grace period is over; its default is 30 s where Harvester has not written 120. */
function waitingFor(vm: string, vmi: VirtualMachineInstance, now: number): StepReason {
  const graceSeconds = vmi.spec.terminationGracePeriodSeconds ?? 30
  const since = vmi.metadata.deletionTimestamp
  const overdue = since !== undefined && now > Date.parse(since) + graceSeconds * 1000
  return { code: 'waiting-for-guest', vm, graceSeconds, ...(since && { since }), overdue }
}

function withImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, now: number): Bare {
  const key = objectKey(image)
  const { word, progress, message } = imageState(image)
  const words = message ? { message } : {}
  if (word === 'failed' || word === 'missing' || word === 'deleting')
    return afterwards(world, intent, 'import-failed', [{ code: 'import-failed', image: key, ...words }], now)
  if (word === 'ready')
    return afterwards(world, intent, resultOf(image), [{ code: resultOf(image) === 'overtaken' ? 'overtaken' : 'exported', image: key }], now)
  const { abandonedBy } = intent
  if (abandonedBy !== undefined && isOvertaken(image))
    return afterwards(world, intent, 'overtaken', [{ code: 'abandoned', by: abandonedBy }, { code: 'overtaken', image: key }], now)
  const holders = judgeExportSafety(safetyWorld(world, intent, claim)).reasons.filter(reason => reason.code === 'guest')
  if ((holders.length || abandonedBy !== undefined) && !isOvertaken(image)) {
    const mark = JSON.stringify({ when: new Date(now).toISOString(), by: holders.map(holder => holder.vmi) })
    return { word: 'mark-overtaken', writes: [patchOf(IMAGES, image, annotate(image, { [OVERTAKEN_ANNOTATION]: mark }))], because: holders }
  }
  return { word: 'wait-import', writes: [], because: [{ code: 'importing', image: key, ...words }, ...holders], ...(progress !== undefined && { progress }) }
}

function resultOf(image: VirtualMachineImage): ExportResult {
  return isOvertaken(image) ? 'overtaken' : imageState(image).word === 'ready' ? 'exported' : 'import-failed'
}

/** The export is over, well or not: the VMs that it stopped come back, then it says how it ended. */
function afterwards(world: StepWorld, intent: ExportIntent, result: ExportResult, because: readonly StepReason[], now: number): Bare {
  const blind = blindSpot(VMIS, world.vmis, intent.claim.namespace)
  const stopped = vmsOf(world, intent).filter(({ vm }) => vm && referenceOn(vm, intent) !== 'none')
  if (blind && stopped.length)
    return { word: 'blind', writes: [], because: [blind], result }
  const next = intent.restart || intent.abandonedBy !== undefined ? stopped.map(known => startAgain(known, intent, now)) : []
  const writes = next.flatMap(step => step?.writes ?? [])
  if (writes.length)
    return { word: 'start-vm', writes, because: next.flatMap(step => step?.because ?? []), result }
  const waiting = next.flatMap(step => step?.because ?? [])
  if (waiting.length)
    return { word: waiting.every(reason => reason.code === 'old-instance') ? 'wait-guest' : 'wait-start', writes: [], because: [...waiting, ...because], result }
  const left = stopped.flatMap(({ vm }) => vm && effectiveRunStrategy(vm) === 'Halted' ? { code: intent.restart ? 'vm-stopped-again' as const : 'vm-off-by-choice' as const, vm: objectKey(vm) } : [])
  const claim = world.claims.objects.find(candidate => objectKey(candidate) === exportReference(intent))
  // The claim last: as long as it carries the intent, everybody can see that something is left to do.
  const lift = [...stopped.flatMap(({ vm }) => vm ? liftExport(VMS, vm) : []), ...(claim ? liftExport(CLAIMS, claim) : [])]
  if (result === 'exported' || intent.abandonedBy !== undefined)
    return { word: 'clean', writes: lift, because: [...because, ...left], result }
  return { word: 'stopped', writes: [], because: [...because, ...left], result, dismiss: lift }
}

/** What a VM that was stopped for the export still needs; undefined once it has been seen to run, or was stopped again by somebody. */
function startAgain({ entry, vm, vmi }: KnownVm, intent: ExportIntent, now: number): { readonly writes: readonly Write[], readonly because: readonly StepReason[] } | undefined {
  if (!vm)
    return undefined
  const key = objectKey(vm)
  const started = referenceOn(vm, intent) === 'started'
  const halted = effectiveRunStrategy(vm) === 'Halted'
  if (halted && started)
    return undefined
  if (halted)
    return vmi ? { writes: [], because: [{ code: 'old-instance', vm: key }] } : { writes: startOf(vm, entry, intent), because: [{ code: 'starting-vm', vm: key }] }
  const power = derivePowerState(vm, vmi, now)
  if (['running', 'paused', 'migrating'].includes(power.word))
    return undefined
  // Manual starts on request only, and RerunOnFailure may have been put back, by somebody else too, while the old instance was there.
  if (!vmi && !startsByItself(vm) && power.word !== 'crashed')
    return { writes: planStart(vm), because: [{ code: 'starting-vm', vm: key }] }
  return { writes: [], because: [{ code: 'waiting-for-start', vm: key, ...(power.message && { message: power.message }) }] }
}

/** Puts the strategy back and notes on the VM, in the same patch, that its start was asked for. */
function startOf(vm: VirtualMachine, entry: ExportedVm, intent: ExportIntent): Write[] {
  const strategy = entry.runStrategy === 'Halted' ? undefined : entry.runStrategy
  const note = annotate(vm, { [EXPORT_ANNOTATION]: exportReference(intent, true) })
  return planStart(vm, strategy).map(write => write.act === 'patch' && write.patch.type === 'json' ? { ...write, patch: { type: 'json', body: [...write.patch.body, ...note] } } : write)
}

/**
 * *Start now*: gives the export up and starts what it has stopped. A VM whose old instance is still there is started by
 * the next step that anybody carries out. An image that is being read meanwhile is marked as overtaken.
 */
export function planStartNow(world: Pick<StepWorld, 'claims' | 'vms' | 'vmis'>, intent: ExportIntent, who: string): readonly Write[] {
  const claim = world.claims.objects.find(candidate => objectKey(candidate) === exportReference(intent))
  const starts = vmsOf(world, intent).flatMap(({ entry, vm, vmi }) => vm && !vmi && effectiveRunStrategy(vm) === 'Halted' && referenceOn(vm, intent) === 'stopped' ? startOf(vm, entry, intent) : [])
  return [...(claim && intent.abandonedBy === undefined ? [abandonExport(claim, intent, who)] : []), ...starts]
}

/** VMs that are off because of the export, `namespace/name`: what every page on which they appear must say. */
export function vmsKeptOff(world: Pick<StepWorld, 'vms'>, intent: ExportIntent): string[] {
  return world.vms.objects.filter(vm => referenceOn(vm, intent) === 'stopped' && effectiveRunStrategy(vm) === 'Halted').map(objectKey)
}

/**
 * Whether a failed write only means that another runner, or the operator, was faster: look again instead of giving up. A
 * refusal by admission is none, and of a create only AlreadyExists is: Harvester answers 409 to a display name that is taken.
 */
export function wasOvertaken(error: { readonly status: number, readonly reason: string, readonly message: string }, write: Write): boolean {
  if (write.act === 'create')
    return error.reason === 'AlreadyExists'
  return error.status === 409 || error.status === 404 || (error.status === 422 && !error.message.startsWith('admission webhook'))
}
