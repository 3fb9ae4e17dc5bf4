import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportSafety } from './exportSafety.ts'
import type { ExportStep, StepReason, StepWorld } from './exportStep.ts'
import type { ExportResult } from './exportTimeline.ts'
import type { ExportWorld } from './exportWorld.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { annotate, createOf, patchOf } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { planExportImage } from '#images/imageForm.ts'
import { imageState, isImported } from '#images/imageState.ts'
import { derivePowerState, startsByItself } from '#vms/powerState.ts'
import { DEFAULT_GRACE_SECONDS, VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'
import { dataVolumeOf } from './dataVolume.ts'
import { EXPORT_ANNOTATION, OVERTAKEN_ANNOTATION, amendIntent, cutOffOf, exportImageName, exportOfVm, exportReference, isOvertaken, liftExport, readIntent, referenceOn, stopForExport, writeIntent } from './exportIntent.ts'
import { startAgain, vmsOf } from './exportRestart.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { exportTimeline } from './exportTimeline.ts'

/** A watch may show the note that an image was made before the image itself; one that went silent is cut within a minute. */
const SIGHT_MS = 90_000

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
    return { word: 'done', writes: [], because: [], ...(image && { result: resultOf(image, world) }) }
  const current = written === 'unreadable' ? intent : written
  if (image)
    return withImage(world, current, claim, image, now)
  if (current.abandonedBy !== undefined)
    return afterwards(world, current, 'given-up', [{ code: 'abandoned', by: current.abandonedBy }], now)
  if (current.refusal !== undefined)
    return afterwards(world, current, 'given-up', [{ code: 'refused', message: current.refusal }], now)
  if (current.madeAt !== undefined)
    return withoutImage(world, current, current.madeAt, now)
  const intruder = [...takenByOthers(world, current), ...startedMeanwhile(world, current, claim)]
  return intruder.length ? afterwards(world, current, 'given-up', intruder, now) : beforeImage(world, current, claim, now)
}

const keyOf = (intent: ExportIntent, name: string) => `${intent.claim.namespace}/${name}`

/** VMs of this export that the export of another of their disks has off: that one starts them when it ends, so there is no rest to wait for. */
function takenByOthers(world: StepWorld, intent: ExportIntent): StepReason[] {
  return vmsOf(world, intent).flatMap(({ entry, vm }) => {
    const other = vm && exportOfVm(vm)
    return entry.wasRunning && other && other !== exportReference(intent) ? { code: 'vm-in-other-export' as const, vm: keyOf(intent, entry.name), claim: other } : []
  })
}

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
  const cut = known.filter(({ entry, vmi }) => vmi && wasCutOff(vmi) && !intent.cutOff?.includes(entry.name)).map(({ entry }) => entry.name)
  if (cut.length)
    return { word: 'wait-guest', writes: [amendIntent(claim, intent, { cutOff: [...intent.cutOff ?? [], ...cut] })], because: cut.map(name => ({ code: 'cut-off' as const, vm: keyOf(intent, name) })) }
  const safety = judgeExportSafety(safetyWorld(world, intent, claim))
  const guests = known.filter(({ vmi }) => vmi && safety.reasons.some(reason => (reason.code === 'guest' || reason.code === 'guest-without-disk') && reason.vmi === objectKey(vmi)))
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
  return { word: 'create-image', writes: [createExportImage(intent, storageClass)], because: [] }
}

/** The write that makes the image: its name follows from the intent, so that there is never a second one. */
export function createExportImage(intent: ExportIntent, storageClass: StorageClass): Write {
  const { namespace, displayName, description } = intent.image
  return createOf(IMAGES, planExportImage({ name: exportImageName(intent), namespace, displayName, claim: intent.claim, ...(description && { description }), annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } }, storageClass))
}

/** The power was cut under a guest that was asked to end: one that ends by itself Succeeds (kubevirt pkg/virt-handler/vm.go calculateVmPhaseForStatusReason). */
function wasCutOff(vmi: VirtualMachineInstance): boolean {
  return Boolean(vmi.metadata.deletionTimestamp) && vmi.status?.phase === 'Failed'
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
  const graceSeconds = vmi.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
  const since = vmi.metadata.deletionTimestamp
  const leftSeconds = since === undefined ? undefined : Math.ceil((Date.parse(since) - now) / 1000) + graceSeconds
  if (leftSeconds !== undefined && leftSeconds < 0)
    return { code: 'guest-overdue', vm, graceSeconds }
  return { code: 'waiting-for-guest', vm, graceSeconds, ...(leftSeconds !== undefined && { leftSeconds }) }
}

function withImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, image: VirtualMachineImage, now: number): Bare {
  const key = objectKey(image)
  const state = imageState(image, { dataVolume: { object: dataVolumeOf(image, world.dataVolumes) } })
  const { word, progress, message } = state
  const words = message ? { message } : {}
  if (word === 'deleting')
    return afterwards(world, intent, 'image-gone', [{ code: 'image-gone', image: key }], now)
  if (word === 'failed' || word === 'missing')
    return afterwards(world, intent, 'import-failed', [{ code: 'import-failed', image: key, ...words }], now)
  if (isImported(state))
    return afterwards(world, intent, resultOf(image, world), [{ code: isOvertaken(image) ? 'overtaken' : 'exported', image: key }, ...cutOffOf(image).map(name => ({ code: 'cut-off' as const, vm: keyOf(intent, name) }))], now)
  const { abandonedBy } = intent
  if (abandonedBy !== undefined && isOvertaken(image))
    return afterwards(world, intent, 'overtaken', [{ code: 'abandoned', by: abandonedBy }, { code: 'overtaken', image: key }], now)
  const holders = judgeExportSafety(safetyWorld(world, intent, claim)).reasons.filter(reason => reason.code === 'guest')
  if ((holders.length || abandonedBy !== undefined) && !isOvertaken(image)) {
    const mark = JSON.stringify({ when: new Date(now).toISOString(), by: holders.map(holder => holder.vmi) })
    return { word: 'mark-overtaken', writes: [patchOf(IMAGES, image, annotate(image, { [OVERTAKEN_ANNOTATION]: mark }))], because: holders }
  }
  const note = intent.madeAt === undefined ? [amendIntent(claim, intent, { madeAt: image.metadata.creationTimestamp })] : []
  return { word: 'wait-import', writes: note, because: [{ code: 'importing', image: key, ...words }, ...holders], ...(progress !== undefined && { progress }) }
}

/** The image was made and is not there. Until every console must have seen it, it may still be read from the disk. */
function withoutImage(world: StepWorld, intent: ExportIntent, madeAt: string, now: number): Bare {
  const image = `${intent.image.namespace}/${exportImageName(intent)}`
  if (now - Date.parse(madeAt) < SIGHT_MS)
    return { word: 'wait-import', writes: [], because: [{ code: 'image-unseen', image }] }
  return afterwards(world, intent, 'image-gone', [{ code: 'image-gone', image }], now)
}

function resultOf(image: VirtualMachineImage, { dataVolumes }: Pick<StepWorld, 'dataVolumes'>): ExportResult {
  if (isOvertaken(image))
    return 'overtaken'
  if (!isImported(imageState(image, { dataVolume: { object: dataVolumeOf(image, dataVolumes) } })))
    return 'import-failed'
  return cutOffOf(image).length ? 'crash-consistent' : 'exported'
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
  if (result === 'exported' || result === 'crash-consistent' || intent.abandonedBy !== undefined)
    return { word: 'clean', writes: lift, because: [...because, ...left], result }
  return { word: 'stopped', writes: [], because: [...because, ...left], result, dismiss: lift }
}
