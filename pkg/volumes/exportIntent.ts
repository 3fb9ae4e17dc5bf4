import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { RunStrategy, VirtualMachine } from '#vms/vm.ts'
import type { Write } from '#kube/write.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { VMS } from '#vms/vm.ts'
import { annotate, heldToVersion, jsonPointer, patchOf } from '#kube/write.ts'
import type { CallOffReason } from './exportStep.ts'
import { EXPORT_ANNOTATION, inBounds, parseIntent } from './exportIntentText.ts'

export interface ExportedVm {
  /** In the claim's namespace. */
  readonly name: string
  /** What it had, and gets back. */
  readonly runStrategy: RunStrategy
  /** Its guest ran, or had not ended yet: that end is waited for, and tells how whole the image is. */
  readonly wasRunning: boolean
  /** Somebody had halted it already, and its guest was still ending: this export does not stop it, and owes it no start. */
  readonly isEnding?: true
  /** Where it ran: its instance will be gone when that is asked. */
  readonly node?: string
}

/** How the guest of a stopped VM ended. `cut-off`: not by itself. `not-observed`: its instance was gone before anybody looked. */
export type GuestEnding = 'shut-down' | 'cut-off' | 'not-observed'

/** An ending as it was noted. It is of the shut-down that left the VM at that generation: one that was started since has another. */
export interface NotedEnding { readonly word: GuestEnding, readonly generation?: number, /** When it was noted (ISO 8601). */ readonly at?: string }

/** The requester as the API server saw him. Set by a webhook alone, so that what is done for him can be held to his rights. */
export interface Identity { readonly uid?: string, readonly groups?: readonly string[], readonly extra?: Readonly<Record<string, readonly string[]>> }

/** What the operator chose before, for what may come later. */
export interface ExportChoices {
  /** If the power of a guest was cut: an image that says so. Without it there is no image, and the VM is started again. */
  readonly ifCutOff?: 'mark-crash-consistent'
  /** A backup of each VM comes first; the export ends, with the VMs untouched, where one fails. */
  readonly backupFirst?: boolean
  /** ISO 8601. What has no image by then gets none, one that is still being read is no good, and what was stopped is started again. */
  readonly deadline?: string
  /** Who said, and when, that the image may be only as whole as after a power cut: nothing is stopped for it. */
  readonly runningAcknowledged?: { readonly by: string, readonly at: string }
}

/** What became known, or was decided, on the way, and could be seen nowhere else. */
export interface ExportNotes {
  /** Who gave it up: from then on it only starts again what it has stopped. */
  readonly abandonedBy?: string
  /** What the cluster refused on the way, in its words: the export ends with it, and starts again what it has stopped. */
  readonly refusal?: string
  /**
   * Why there will be no image. Noted before the first VM is started again, which would hide it: by then it may no longer be
   * seen, clocks differ, and all must go by one.
   */
  readonly calledOff?: readonly CallOffReason[]
  /** Who decided that the guests get no more time. */
  readonly forcedBy?: string
  /** The backups were seen to be ready. */
  readonly isBackedUp?: boolean
  /** When that was noted (ISO 8601). */
  readonly backedUpAt?: string
  /** Its VMs were started again or let go of: only marks are left to be taken off, and whoever finds none on a VM need not look further. */
  readonly isSettled?: boolean
  /** When that was noted (ISO 8601). */
  readonly settledAt?: string
  /** Where an instance was seen since, by VM, that ran elsewhere when this began. */
  readonly nodes?: Readonly<Record<string, string>>
  /** By VM. */
  readonly endings?: Readonly<Record<string, NotedEnding>>
  /** Past the deadline: when it was first noted that whoever looks cannot see what held the disk while its image was read (ISO 8601). */
  readonly blindSince?: string
  /** When its image was made, by the cluster's clock (ISO 8601): one that is gone after that was deleted, and is not made again. */
  readonly madeAt?: string
}

/** What was meant, not how far it has got: that is read from the cluster each time. */
export interface ExportIntent extends ExportChoices, ExportNotes {
  /** Lower-case letters and digits; names the image. */
  readonly id: string
  readonly claim: { readonly namespace: string, readonly name: string }
  /** The claim for which it was written, and no other that a backup of it or a template has brought the note to. Absent in older ones. */
  readonly claimUid?: string
  readonly image: { readonly namespace: string, readonly displayName: string, readonly description?: string }
  readonly storageClass: string
  readonly vms: readonly ExportedVm[]
  /** Whether the VMs that ran are started again at the end, whatever the end. */
  readonly restart: boolean
  readonly requester: string
  readonly identity?: Identity
  /** ISO 8601. */
  readonly startedAt: string
}

/** Whether the time that was chosen for it is over. `now` in epoch milliseconds. */
export function isOverdue<Intent extends Pick<ExportIntent, 'deadline'>>(intent: Intent, now: number): intent is Intent & { readonly deadline: string } {
  return intent.deadline !== undefined && Date.parse(intent.deadline) <= now
}

/** The intent as it is written on the claim, with the cluster's words no longer than they are kept. The claim itself is not in it: it stands on it. */
export function writeIntent(intent: ExportIntent): string {
  return JSON.stringify({ ...inBounds(intent), claim: undefined })
}

/** The intent on a claim; undefined where there is none, `unreadable` where something else stands there, also that of another claim (`isCopiedIntent`). */
export function readIntent(claim: PersistentVolumeClaim): ExportIntent | 'unreadable' | undefined {
  const intent = intentIn(claim)
  return typeof intent === 'object' && !isClaimOf(claim, intent) ? 'unreadable' : intent
}

/**
 * Whether what stands on a claim is the intent of another: Harvester keeps a claim's annotations in a backup, and gives
 * them to what is restored from it (harvester pkg/controller/master/backup/backup.go, restore.go). It asks for nothing.
 */
export function isCopiedIntent(claim: PersistentVolumeClaim): boolean {
  const intent = intentIn(claim)
  return typeof intent === 'object' && !isClaimOf(claim, intent)
}

/** Whether it is the claim of that export, and not one that has come in its place. */
export function isClaimOf(claim: PersistentVolumeClaim, { claimUid }: ExportIntent): boolean {
  return claimUid === undefined || claimUid === claim.metadata.uid
}

function intentIn(claim: PersistentVolumeClaim): ExportIntent | 'unreadable' | undefined {
  const text = claim.metadata.annotations?.[EXPORT_ANNOTATION]
  if (text === undefined)
    return undefined
  try {
    return parseIntent(JSON.parse(text), { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name }) ?? 'unreadable'
  }
  catch {
    return 'unreadable'
  }
}

/** How far a VM has got in an export: stopped for it, its start asked for, or, not having been stopped, let go. */
type VmMark = 'stopped' | 'started' | 'released'

/** What a VM carries of an export: `ns/claim` while it has it off, and behind it what came of that. */
export function exportReference(intent: Pick<ExportIntent, 'claim'>, mark: VmMark = 'stopped'): string {
  return `${intent.claim.namespace}/${intent.claim.name}${mark === 'stopped' ? '' : ` ${mark}`}`
}

const MARKS: readonly VmMark[] = ['stopped', 'started', 'released']

/** How far a VM has got in the export of that claim. */
export function referenceOn(vm: VirtualMachine, intent: Pick<ExportIntent, 'claim'>): VmMark | 'none' {
  const reference = vm.metadata.annotations?.[EXPORT_ANNOTATION]
  return MARKS.find(mark => reference === exportReference(intent, mark)) ?? 'none'
}

/** The claim, `namespace/name`, for whose export a VM was stopped; undefined where it was stopped for none. */
function exportOfVm(vm: VirtualMachine): string | undefined {
  const reference = vm.metadata.annotations?.[EXPORT_ANNOTATION]
  return reference?.endsWith(' released') ? undefined : reference?.replace(/ started$/, '')
}

/**
 * Another claim, `namespace/name`, whose export has that VM; undefined where it has none. A mark that was left behind has
 * nobody: the intent was taken off by hand, is another claim's, or has nothing more to do with its VMs. Where the claims
 * are not seen the mark counts.
 */
export function otherExportOf(vm: VirtualMachine, own: string, claims: Seen<PersistentVolumeClaim> | undefined): string | undefined {
  const other = exportOfVm(vm)
  if (!other || other === own || !claims || blindSpot(CLAIMS, claims, vm.metadata.namespace))
    return other === own ? undefined : other
  return claims.objects.some(claim => objectKey(claim) === other && hasVms(claim)) ? other : undefined
}

/** Whether an intent stands on the claim that may have VMs off, or start them. */
function hasVms(claim: PersistentVolumeClaim): boolean {
  const intent = intentIn(claim)
  return intent !== undefined && (intent === 'unreadable' || (isClaimOf(claim, intent) && !intent.isSettled))
}

/** Whether the export has it shut down, and so owes it a start. */
export function isStoppedFor({ wasRunning, isEnding }: Pick<ExportedVm, 'wasRunning' | 'isEnding'>): boolean {
  return wasRunning && isEnding === undefined
}

/** Whether an export that is over has nothing more to do with any VM: it had none to stop, or has noted that all is done. An export of a running disk stops nothing. */
export function isSettledOf({ isSettled = false, runningAcknowledged, vms }: ExportIntent): boolean {
  return isSettled || runningAcknowledged !== undefined || !vms.some(isStoppedFor)
}

/** Adds notes to the intent on the claim. Every runner goes on from there. Fails (422) when the intent is no longer the one that was read. */
export function amendIntent(claim: PersistentVolumeClaim, intent: ExportIntent, notes: ExportNotes): Write {
  const path = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)
  return patchOf(CLAIMS, claim, [{ op: 'test', path, value: claim.metadata.annotations?.[EXPORT_ANNOTATION] }, { op: 'replace', path, value: writeIntent({ ...intent, ...notes }) }])
}

/** Takes the export off an object, if it is still the one that was read there, and writes other annotations with it; nothing where none is. */
export function liftExport(resource: Parameters<typeof patchOf>[0], object: KubeObject, annotations: Readonly<Record<string, string>> = {}): Write[] {
  const text = object.metadata.annotations?.[EXPORT_ANNOTATION]
  const path = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)
  return text === undefined ? [] : [patchOf(resource, object, [{ op: 'test', path, value: text }, { op: 'remove', path }, ...annotate(object, annotations)])]
}

/**
 * Takes the mark off a VM; nothing where it has none. Fails (422) on a VM that is not as it was read: the mark of the next
 * export of the claim reads the same, and a VM that has lost it is started by nobody.
 */
export function liftMark(vm: VirtualMachine): Write[] {
  return liftExport(VMS, vm).map(write => heldToVersion(write, vm))
}

/** The exports that are under way or wait for somebody, by claim key. */
export function openExports(claims: readonly PersistentVolumeClaim[]): ReadonlyMap<string, ExportIntent | 'unreadable'> {
  return new Map(claims.flatMap(claim => {
    const intent = readIntent(claim)
    return intent ? [[objectKey(claim), intent] as const] : []
  }))
}
