import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, StepReason, StepWorld } from './exportStep.ts'
import type { ExportResult } from './exportTimeline.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { exportReference, liftExport, referenceOn } from './exportIntent.ts'
import { startAgain, vmsOf } from './exportRestart.ts'

/** What is on record where it can be found again: on the image. Any other end is told until somebody has read it. */
const TOLD_BY_THE_IMAGE: readonly ExportResult[] = ['exported', 'crash-consistent', 'not-observed']

/** The export is over, well or not: the VMs that it stopped come back, then it says how it ended. `now` in epoch milliseconds. */
export function endExport(world: StepWorld, intent: ExportIntent, result: ExportResult, because: readonly StepReason[], now: number): BareStep {
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
  if (TOLD_BY_THE_IMAGE.includes(result) || intent.abandonedBy !== undefined)
    return { word: 'clean', writes: lift, because: [...because, ...left], result }
  return { word: 'stopped', writes: [], because: [...because, ...left], result, dismiss: lift }
}
