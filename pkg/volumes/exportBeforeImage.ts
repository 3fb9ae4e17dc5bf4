import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, CallOffReason, StepWorld } from './exportStep.ts'
import type { ExportWorld } from './exportWorld.ts'
import { STORAGE_CLASSES } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot, isComing } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { derivePowerState, isFinal, startsByItself } from '#vms/powerState.ts'
import { VMIS, effectiveRunStrategy } from '#vms/vm.ts'
import { usersOfClaim } from './claimUsers.ts'
import { backUpFirst } from './exportBackup.ts'
import { createExportImage } from './exportImage.ts'
import { callOff } from './exportCallOff.ts'
import { forceStop, notedEnding, noteEndings, waitingForGuest } from './exportGuests.ts'
import { isClosed } from './exportAnswer.ts'
import { exportReference, isOverdue, isStoppedFor, otherExportOf, referenceOn } from './exportIntent.ts'
import { exportImageKey } from './exportedImage.ts'
import { stopForExport } from './exportPlan.ts'
import { vmsOf } from './exportRestart.ts'
import { ACKNOWLEDGED, judgeExportSafety } from './exportSafety.ts'
import { isCopiedWhileInUse } from './exportTarget.ts'
import { lastPodsOn, volumeBehind } from './exportVisits.ts'

const keyOf = (intent: ExportIntent, name: string) => `${intent.claim.namespace}/${name}`

/** The world as this export has it judged: its own image does not stand in its way, and it remembers where the disk was. */
export function safetyWorld(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): ExportWorld {
  return { ...world, claim, ownImage: exportImageKey(intent), lastNodes: intent.vms.flatMap(vm => vm.wasRunning && vm.node ? vm.node : []) }
}

/** What comes next as long as there is no image, and nobody has given it up. `now` in epoch milliseconds. */
export function beforeImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, now: number): BareStep {
  const intruders = intent.runningAcknowledged ? [] : [...takenByOthers(world, intent), ...startedMeanwhile(world, intent, claim)]
  if (intruders.length)
    return callOff(claim, intent, intruders)
  if (isOverdue(intent, now))
    return callOff(claim, intent, [{ code: 'deadline-passed', deadline: intent.deadline }])
  if (intent.runningAcknowledged)
    return whileRunning(world, intent, claim)
  return backUpFirst(world, intent, claim, now) ?? shutDown(world, intent, claim, now) ?? atRest(world, intent, claim, now)
}

/** VMs of this export that the export of another of their disks has off: that one starts them when it ends, so there is no rest to wait for. */
function takenByOthers(world: StepWorld, intent: ExportIntent): CallOffReason[] {
  return vmsOf(world, intent).flatMap(({ entry, vm }) => {
    const other = vm && otherExportOf(vm, exportReference(intent), world.claims)
    return entry.wasRunning && other ? { code: 'vm-in-other-export' as const, vm: keyOf(intent, entry.name), claim: other } : []
  })
}

/** VMs that hold, or are about to take, the disk without this export having left them on: none may be shut down unasked. */
function startedMeanwhile(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): CallOffReason[] {
  const users = usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
  const gone = vmsOf(world, intent).filter(({ entry, vm }) => isStoppedFor(entry) && !vm).map(({ entry }) => ({ code: 'vm-gone' as const, vm: keyOf(intent, entry.name) }))
  const started = users.vms.filter(vm => {
    const reference = referenceOn(vm, intent)
    // No image, and yet its start was asked for: the export was given up, and stays so.
    if (reference === 'started')
      return true
    // The export halts a VM in the write that notes it there: what is wanted on since then is wanted by somebody else, though its old guest may still be ending.
    if (reference === 'stopped')
      return effectiveRunStrategy(vm) !== 'Halted' || startsByItself(vm)
    return isOn(vm, users.vmis.find(candidate => candidate.metadata.name === vm.metadata.name)) && !intent.vms.some(entry => entry.name === vm.metadata.name && isStoppedFor(entry))
  })
  return [...gone, ...started.map(vm => ({ code: 'vm-started' as const, vm: objectKey(vm) }))]
}

/** Whether the VM runs, or will without anybody asking. KubeVirt keeps the instance of a Manual or Once VM whose guest has ended or crashed: that one is off. */
function isOn(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  if (!vmi)
    return startsByItself(vm)
  const { word } = derivePowerState(vm, vmi, 0)
  return isFinal(vmi) ? word === 'restarting' : effectiveRunStrategy(vm) !== 'Halted' && word !== 'stopping'
}

/** The VMs halted, and how each guest ended noted while it can be seen, also of one that had ended before; undefined once all that is done. */
function shutDown(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, now: number): BareStep | undefined {
  const all = vmsOf(world, intent)
  const known = all.filter(({ entry }) => entry.wasRunning)
  const running = known.flatMap(({ vm }) => vm && effectiveRunStrategy(vm) !== 'Halted' ? vm : [])
  if (running.length)
    return { word: 'stop-vm', writes: running.map(vm => stopForExport(vm, intent)), because: running.map(vm => ({ code: 'stopping-vm', vm: objectKey(vm) })) }
  const blind = known.length ? blindSpot(VMIS, world.vmis, intent.claim.namespace) : undefined
  if (blind)
    return { word: 'blind', writes: [], because: [blind] }
  const noted = noteEndings(claim, intent, all, now)
  if (noted)
    return { word: 'wait-guest', writes: [noted.write], because: noted.because }
  // Of a guest that was cut off before, nobody had chosen anything: the image says so.
  const cut = known.filter(one => notedEnding(intent, one) === 'cut-off')
  if (cut.length && intent.ifCutOff !== 'mark-crash-consistent')
    return callOff(claim, intent, cut.map(({ entry }) => ({ code: 'cut-off-no-image', vm: keyOf(intent, entry.name) })))
  const forced = intent.forcedBy === undefined ? [] : known.flatMap(({ vm, vmi }) => vm && vmi ? forceStop(vmi) : [])
  return forced.length ? { word: 'force-stop', writes: forced, because: known.map(({ entry }) => ({ code: 'forcing-stop', vm: keyOf(intent, entry.name) })) } : undefined
}

function atRest(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim, now: number): BareStep {
  const safety = judgeExportSafety(safetyWorld(world, intent, claim))
  const guests = vmsOf(world, intent).filter(({ entry, vmi }) => entry.wasRunning && vmi && safety.reasons.some(reason => (reason.code === 'guest' || reason.code === 'guest-without-disk') && reason.vmi === objectKey(vmi)))
  if (guests.length)
    return { word: 'wait-guest', writes: [], because: guests.flatMap(({ entry, vmi }) => vmi ? waitingForGuest(keyOf(intent, entry.name), vmi, now) : []) }
  // The server is asked: it may look, and it judges again when the image is really made.
  if (safety.word === 'unknown' && safety.reasons.every(isClosed)) {
    const [ask] = makeImage(world, intent, claim).writes
    return { word: 'blind', writes: [], because: safety.reasons, ...(ask?.act === 'create' && { ask }) }
  }
  if (safety.word !== 'at-rest')
    return { word: safety.word === 'unknown' ? 'blind' : 'wait-detach', writes: [], because: safety.reasons }
  const behind = volumeBehind(claim, world)
  return behind === undefined ? makeImage(world, intent, claim) : { word: 'wait-detach', writes: [], because: [{ code: 'longhorn-behind', volume: behind }] }
}

function makeImage(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): BareStep {
  // Without what Longhorn remembers so far, who comes to the disk later could never be told from who was there before.
  const coming = isComing(world.longhornVolumes) ? blindSpot(LONGHORN_VOLUMES, world.longhornVolumes, LONGHORN_NAMESPACE) : undefined
  const blind = blindSpot(STORAGE_CLASSES, world.storageClasses) ?? coming
  if (blind)
    return { word: 'blind', writes: [], because: [blind] }
  const storageClass = world.storageClasses.objects.find(candidate => candidate.metadata.name === intent.storageClass)
  if (!storageClass)
    return callOff(claim, intent, [{ code: 'class-gone', storageClass: intent.storageClass }])
  const sourceClass = world.storageClasses.objects.find(candidate => candidate.metadata.name === claim.spec?.storageClassName)
  if (intent.runningAcknowledged && !isCopiedWhileInUse(sourceClass, storageClass))
    return callOff(claim, intent, [{ code: 'running-needs-v1', storageClass: intent.storageClass }])
  const users = usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
  return { word: 'create-image', writes: [createExportImage(intent, storageClass, users.vms, lastPodsOn(claim, world.longhornVolumes))], because: intent.runningAcknowledged ? [{ code: 'acknowledged', by: intent.runningAcknowledged.by }] : [] }
}

/** *Export anyway while running*: nothing is stopped. Other work on the disk is waited for all the same. */
function whileRunning(world: StepWorld, intent: ExportIntent, claim: PersistentVolumeClaim): BareStep {
  const others = judgeExportSafety(safetyWorld(world, intent, claim)).reasons.filter(reason => !ACKNOWLEDGED.includes(reason.code))
  return others.length ? { word: 'wait-detach', writes: [], because: others } : makeImage(world, intent, claim)
}
