import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { Write } from '#kube/write.ts'
import type { ClaimUsers } from './claimUsers.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { annotate, jsonPointer, patchOf, testVersion } from '#kube/write.ts'
import { isFinal, startsByItself } from '#vms/powerState.ts'
import { planStop } from '#vms/powerActions.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'

/** On the claim: the intent as JSON. On a VM that was stopped for it: a reference. On the image: the intent, for later. */
export const EXPORT_ANNOTATION = 'guardrails.harvesterhci.io/export'
/** On an image: that a VM ran on the disk while it was read, as JSON. */
export const OVERTAKEN_ANNOTATION = 'guardrails.harvesterhci.io/export-overtaken'

export interface ExportedVm {
  /** In the claim's namespace. */
  readonly name: string
  /** What it had, and gets back. */
  readonly runStrategy: RunStrategy
  readonly wasRunning: boolean
  /** Where it ran: its instance will be gone when that is asked. */
  readonly node?: string
}

/** What was meant, not how far it has got: that is read from the cluster each time. */
export interface ExportIntent {
  /** Lower-case letters and digits; names the image. */
  readonly id: string
  readonly claim: { readonly namespace: string, readonly name: string }
  readonly image: { readonly namespace: string, readonly displayName: string, readonly description?: string }
  readonly storageClass: string
  readonly vms: readonly ExportedVm[]
  /** Whether the VMs that ran are started again at the end, whatever the end. */
  readonly restart: boolean
  readonly requester: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Who gave it up: from then on it only starts again what it has stopped. */
  readonly abandonedBy?: string
  /** What the cluster refused on the way, in its words: the export ends with it, and starts again what it has stopped. */
  readonly refusal?: string
  /** VMs whose guest did not end by itself: the power was cut, and the disk is only as whole as after a crash. */
  readonly cutOff?: readonly string[]
  /** When its image was made, by the cluster's clock (ISO 8601): one that is gone after that was deleted, and is not made again. */
  readonly madeAt?: string
}

/** Name of the image's object: the same for everybody who carries the export out, so that there is never a second one. */
export function exportImageName(intent: Pick<ExportIntent, 'id'>): string {
  return `export-${intent.id}`
}

/** The intent as it is written on the claim. The claim itself is not in it: it stands on it. */
export function writeIntent(intent: ExportIntent): string {
  const { id, image, storageClass, vms, restart, requester, startedAt, abandonedBy, refusal, cutOff, madeAt } = intent
  return JSON.stringify({ id, image, storageClass, vms, restart, requester, startedAt, abandonedBy, refusal, cutOff, madeAt })
}

const ID = /^[a-z0-9]{4,20}$/
const STRATEGIES: readonly string[] = ['Always', 'RerunOnFailure', 'Manual', 'Halted', 'Once', 'WaitAsReceiver']

/** The intent on a claim; undefined where there is none, `unreadable` where something else stands there. */
export function readIntent(claim: PersistentVolumeClaim): ExportIntent | 'unreadable' | undefined {
  const text = claim.metadata.annotations?.[EXPORT_ANNOTATION]
  if (text === undefined)
    return undefined
  try {
    return parseIntent(JSON.parse(text), claim) ?? 'unreadable'
  }
  catch {
    return 'unreadable'
  }
}

function parseIntent(read: unknown, claim: PersistentVolumeClaim): ExportIntent | undefined {
  if (!isRecord(read) || !isRecord(read.image) || !Array.isArray(read.vms))
    return undefined
  const { id, image, storageClass, requester, startedAt } = read
  const vms = read.vms.map(parseVm)
  if (typeof id !== 'string' || !ID.test(id) || typeof image.namespace !== 'string' || typeof image.displayName !== 'string' || typeof storageClass !== 'string' || vms.some(vm => !vm))
    return undefined
  return {
    id,
    claim: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name },
    image: { namespace: image.namespace, displayName: image.displayName, ...(typeof image.description === 'string' && { description: image.description }) },
    storageClass,
    vms: vms.flatMap(vm => vm ?? []),
    restart: read.restart !== false,
    requester: typeof requester === 'string' ? requester : '',
    startedAt: typeof startedAt === 'string' && !Number.isNaN(Date.parse(startedAt)) ? startedAt : '',
    ...(typeof read.abandonedBy === 'string' && { abandonedBy: read.abandonedBy }),
    ...(typeof read.refusal === 'string' && { refusal: read.refusal }),
    ...(typeof read.madeAt === 'string' && !Number.isNaN(Date.parse(read.madeAt)) && { madeAt: read.madeAt }),
    ...(Array.isArray(read.cutOff) && { cutOff: read.cutOff.filter(name => typeof name === 'string') }),
  }
}

function parseVm(read: unknown): ExportedVm | undefined {
  if (!isRecord(read) || typeof read.name !== 'string' || typeof read.runStrategy !== 'string' || !STRATEGIES.includes(read.runStrategy))
    return undefined
  return { name: read.name, runStrategy: read.runStrategy as RunStrategy, wasRunning: read.wasRunning === true, ...(typeof read.node === 'string' && { node: read.node }) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a VM carries while an export has it off: `ns/claim`, and after `started` that its start was asked for. */
export function exportReference(intent: Pick<ExportIntent, 'claim'>, started = false): string {
  return `${intent.claim.namespace}/${intent.claim.name}${started ? ' started' : ''}`
}

/** How far a VM has got in the export of that claim: not stopped by it, stopped, or its start asked for. */
export function referenceOn(vm: VirtualMachine, intent: Pick<ExportIntent, 'claim'>): 'none' | 'stopped' | 'started' {
  const reference = vm.metadata.annotations?.[EXPORT_ANNOTATION]
  if (reference === exportReference(intent))
    return 'stopped'
  return reference === exportReference(intent, true) ? 'started' : 'none'
}

/** The claim, `namespace/name`, for whose export a VM was stopped; undefined where it was stopped for none. */
export function exportOfVm(vm: VirtualMachine): string | undefined {
  return vm.metadata.annotations?.[EXPORT_ANNOTATION]?.replace(/ started$/, '')
}

export interface ExportRequest {
  readonly claim: PersistentVolumeClaim
  readonly users: ClaimUsers
  readonly id: string
  readonly image: ExportIntent['image']
  readonly storageClass: string
  readonly restart: boolean
  readonly requester: string
  /** Epoch milliseconds. */
  readonly now: number
}

export interface ExportPlan { readonly intent: ExportIntent, readonly writes: readonly Write[] }

/**
 * The writes that begin an export, in order: the intent on the claim, then each running VM halted with a reference to it.
 * The first fails (422) when anybody has changed the claim since it was read, so two exports cannot begin at once: the
 * caller makes none where `readIntent` finds one. The rest follows from `nextExportStep`, which finds the same writes again.
 */
export function planExport(request: ExportRequest): ExportPlan {
  const { claim, users, id, image, storageClass, restart, requester, now } = request
  const vms = users.vms.map(vm => describeVm(vm, users.vmis.find(vmi => vmi.metadata.name === vm.metadata.name)))
  const intent: ExportIntent = { id, claim: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name }, image, storageClass, vms, restart, requester, startedAt: new Date(now).toISOString() }
  const written = annotate(claim, { [EXPORT_ANNOTATION]: writeIntent(intent) })
  const first = patchOf(CLAIMS, claim, written[0]?.op === 'test' ? written : [testVersion(claim), ...written])
  const running = users.vms.filter(vm => vms.some(entry => entry.name === vm.metadata.name && entry.wasRunning))
  return { intent, writes: [first, ...running.map(vm => stopForExport(vm, intent))] }
}

function describeVm(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportedVm {
  const wasRunning = vmi ? !isFinal(vmi) || startsAgain(vm) : startsByItself(vm)
  return { name: vm.metadata.name, runStrategy: effectiveRunStrategy(vm), wasRunning, ...(vmi?.status?.nodeName && { node: vmi.status.nodeName }) }
}

function startsAgain(vm: VirtualMachine): boolean {
  return effectiveRunStrategy(vm) === 'Always' || (vm.status?.stateChangeRequests ?? []).some(request => request.action === 'Start')
}

/** Halts one VM for the export, with the reference, in one patch. */
export function stopForExport(vm: VirtualMachine, intent: Pick<ExportIntent, 'claim'>): Write {
  return planStop(vm, { [EXPORT_ANNOTATION]: exportReference(intent) })
}

/**
 * Adds to the intent on the claim what became known meanwhile: who gave it up, what the cluster refused, whose power was
 * cut, when the image was made. Every runner goes on from there. Fails (422) when the intent is no longer the one that was read.
 */
export function amendIntent(claim: PersistentVolumeClaim, intent: ExportIntent, more: Pick<ExportIntent, 'abandonedBy' | 'refusal' | 'cutOff' | 'madeAt'>): Write {
  const path = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)
  return patchOf(CLAIMS, claim, [{ op: 'test', path, value: claim.metadata.annotations?.[EXPORT_ANNOTATION] }, { op: 'replace', path, value: writeIntent({ ...intent, ...more }) }])
}

/** Takes the export off an object, if it is still the one that was read there; nothing where none is. */
export function liftExport(resource: Parameters<typeof patchOf>[0], object: KubeObject): Write[] {
  const text = object.metadata.annotations?.[EXPORT_ANNOTATION]
  const path = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)
  return text === undefined ? [] : [patchOf(resource, object, [{ op: 'test', path, value: text }, { op: 'remove', path }])]
}

/** The exports that are under way or wait for somebody, by claim key. */
export function openExports(claims: readonly PersistentVolumeClaim[]): ReadonlyMap<string, ExportIntent | 'unreadable'> {
  return new Map(claims.flatMap(claim => {
    const intent = readIntent(claim)
    return intent ? [[objectKey(claim), intent] as const] : []
  }))
}

/** The VMs of an exported image whose power was cut before the disk was read: it is only as whole as after a crash. Empty for any other image. */
export function cutOffOf(image: VirtualMachineImage): readonly string[] {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[EXPORT_ANNOTATION] ?? 'null')
    return isRecord(read) && Array.isArray(read.cutOff) ? read.cutOff.filter(name => typeof name === 'string') : []
  }
  catch {
    return []
  }
}

/** Whether a VM was seen to run on the disk while the image was read from it: the image may be torn. */
export function isOvertaken(image: VirtualMachineImage): boolean {
  return image.metadata.annotations?.[OVERTAKEN_ANNOTATION] !== undefined
}
