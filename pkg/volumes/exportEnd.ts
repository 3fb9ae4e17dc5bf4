import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, StepReason, StepWorld } from './exportStep.ts'
import type { ExportResult } from './exportTimeline.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { VMIS, effectiveRunStrategy } from '#vms/vm.ts'
import { amendIntent, exportReference, isOverdue, isSettledOf, liftExport, liftMark, referenceOn } from './exportIntent.ts'
import { liftWithoutImage } from './exportWithoutImage.ts'
import { forceStop } from './exportGuests.ts'
import type { KnownVm } from './exportRestart.ts'
import { hasForeignStrategy, releaseVms, startAgain, startUnseen, strategyLeft, vmsOf } from './exportRestart.ts'

/** Without an image nothing but the claim can tell of it. */
const TOLD_BY_THE_CLAIM: readonly ExportResult[] = ['given-up', 'image-gone']

const liftClaim = (claim: PersistentVolumeClaim, intent: ExportIntent, result: ExportResult): Write[] => TOLD_BY_THE_CLAIM.includes(result) ? liftWithoutImage(claim, intent) : liftExport(CLAIMS, claim)

/** What is on record where it can be found again: on the image, which says of itself too that nobody has verified it. Any other end is told until somebody has read it. */
const TOLD_BY_THE_IMAGE: readonly ExportResult[] = ['exported', 'crash-consistent', 'not-observed', 'unverified']

/** The export is over, well or not: the VMs that it stopped come back, then it says how it ended. `now` in epoch milliseconds. */
export function endExport(world: StepWorld, intent: ExportIntent, result: ExportResult, because: readonly StepReason[], now: number): BareStep {
  const blind = blindSpot(VMIS, world.vmis, intent.claim.namespace)
  const known = vmsOf(world, intent)
  const stopped = known.filter(({ vm }) => vm && ['stopped', 'started'].includes(referenceOn(vm, intent)))
  const isOwed = intent.restart || intent.abandonedBy !== undefined
  if (blind && stopped.length) {
    const unseen = isOwed && isOverdue(intent, now) ? stopped.flatMap(one => startUnseen(one, intent) ?? []) : []
    const writes = unseen.flatMap(step => step.writes)
    return writes.length ? { word: 'start-vm', writes, because: unseen.flatMap(step => step.because), result } : { word: 'blind', writes: [], because: [blind], result }
  }
  const claim = world.claims.objects.find(candidate => objectKey(candidate) === exportReference(intent))
  // Without a claim there is nowhere to note it.
  const isSettled = !claim || isSettledOf(intent)
  const release = isSettled ? [] : releaseVms(intent, known)
  if (release.length)
    return { word: 'release-vm', writes: release, because, result }
  const next = stopped.filter(known => isOwed || hasForeignStrategy(known, intent)).map(known => startAgain(known, intent, now))
  const writes = next.flatMap(step => step?.writes ?? [])
  if (writes.length)
    return { word: 'start-vm', writes, because: next.flatMap(step => step?.because ?? []), result }
  const forced = isOwed && intent.forcedBy !== undefined ? stopped.filter(({ vm }) => vm && effectiveRunStrategy(vm) === 'Halted').flatMap(({ vm, vmi }) => vm && vmi ? forceStop(vmi).map(write => ({ write, vm: objectKey(vm) })) : []) : []
  if (forced.length)
    return { word: 'force-stop', writes: forced.map(({ write }) => write), because: [...forced.map(({ vm }) => ({ code: 'forcing-stop' as const, vm })), ...because], result }
  const waiting = next.flatMap(step => step?.because ?? [])
  if (waiting.length)
    return { word: waiting.every(reason => reason.code === 'old-instance') ? 'wait-guest' : 'wait-start', writes: [], because: [...waiting, ...because], result, ...(isStuck(waiting, intent, now) && { dismiss: lifting(known, intent, claim, result) }) }
  const off = stopped.flatMap(({ vm }) => vm && effectiveRunStrategy(vm) === 'Halted' ? { code: intent.restart ? 'vm-stopped-again' as const : 'vm-off-by-choice' as const, vm: objectKey(vm) } : [])
  const left = [...off, ...stopped.flatMap(known => strategyLeft(known, intent))]
  if (!isSettled)
    return { word: 'clean', writes: [amendIntent(claim, intent, { isSettled: true, settledAt: new Date(now).toISOString() })], because: [...because, ...left], result }
  const lift = lifting(known, intent, claim, result)
  // Where the cluster has refused what was to be noted, the image does not say why.
  const isTold = TOLD_BY_THE_IMAGE.includes(result) && !(result === 'unverified' && intent.refusal !== undefined)
  if (isTold || intent.abandonedBy !== undefined)
    return { word: 'clean', writes: lift, because: [...because, ...left], result }
  return { word: 'stopped', writes: [], because: [...because, ...left], result, dismiss: lift }
}

/** What takes the export's notes away. The claim last: as long as it carries the intent, everybody can see that something is left to do. */
function lifting(known: readonly KnownVm[], intent: ExportIntent, claim: PersistentVolumeClaim | undefined, result: ExportResult): Write[] {
  return [...known.flatMap(({ vm }) => vm && referenceOn(vm, intent) !== 'none' ? liftMark(vm) : []), ...(claim ? liftClaim(claim, intent, result) : [])]
}

/** Whether a VM whose start was asked for does not come to run, by what the cluster says or by the time that was chosen: then nobody needs to wait for it. */
function isStuck(waiting: readonly StepReason[], intent: ExportIntent, now: number): boolean {
  return waiting.every(reason => reason.code === 'waiting-for-start') && (isOverdue(intent, now) || waiting.some(reason => 'message' in reason && reason.message))
}
