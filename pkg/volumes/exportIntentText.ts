import { readTimestamp } from '#kube/object.ts'
import type { RunStrategy } from '#vms/vm.ts'
import type { ExportChoices, ExportedVm, ExportIntent, ExportNotes, GuestEnding, Identity, NotedEnding } from './exportIntent.ts'
import type { CallOffReason } from './exportStep.ts'

// What stands on a claim may have been written by anybody: every field is looked at, and what is no choice of ours is none.

/** On the claim: the intent as JSON. On a VM that was stopped for it: a reference. On the image: the intent, for later. */
export const EXPORT_ANNOTATION = 'guardrails.harvesterhci.io/export'

type Fields = Readonly<Record<string, unknown>>

const ID = /^[a-z0-9]{4,20}$/
const STRATEGIES: readonly string[] = ['Always', 'RerunOnFailure', 'Manual', 'Halted', 'Once', 'WaitAsReceiver']
/** Every reason of `CallOffReason`, with the fields that tell it. */
const CALLS_OFF: Readonly<Record<CallOffReason['code'], readonly string[]>> = {
  'vm-started': ['vm'], 'vm-gone': ['vm'], 'vm-in-other-export': ['vm', 'claim'], 'deadline-passed': ['deadline'], 'cut-off-no-image': ['vm'],
  'backup-failed': ['backup'], 'class-gone': ['storageClass'], 'running-needs-v1': ['storageClass'], 'image-of-other': ['image'],
}
/** As all objects have that an export names (RFC 1123 subdomain). */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/
const ENDINGS: readonly string[] = ['shut-down', 'cut-off', 'not-observed']

// How long a text may be that an export writes into annotations. All of an object have 256 KiB together (apimachinery
// pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB), and whoever fills them stands in everybody's way.

/** Characters of an image's description. Neither Harvester nor Rancher's console bounds it; it stands on the claim once and on the image twice. */
export const LONGEST_DESCRIPTION = 1_000
/** Characters of what somebody is called, or has called something. */
const LONGEST_NAME = 256
/** Characters of what the cluster has said and an export keeps. */
export const LONGEST_MESSAGE = 1_000

/** The intent that was read as JSON on that claim; undefined where it is none. */
export function parseIntent(read: unknown, claim: ExportIntent['claim']): ExportIntent | undefined {
  if (!isFields(read) || !isFields(read.image) || !Array.isArray(read.vms))
    return undefined
  const { id, image, storageClass, requester, startedAt } = read
  const vms = read.vms.map(parseVm)
  if (typeof id !== 'string' || !ID.test(id) || typeof image.namespace !== 'string' || typeof image.displayName !== 'string' || typeof storageClass !== 'string' || vms.some(vm => !vm))
    return undefined
  const identity = parseIdentity(read.identity)
  return {
    id, claim, ...textOf(read, 'claimUid'),
    image: { namespace: image.namespace, displayName: image.displayName, ...textOf(image, 'description') },
    storageClass,
    vms: vms.flatMap(vm => vm ?? []),
    restart: read.restart !== false,
    requester: typeof requester === 'string' ? requester : '',
    ...(identity && { identity }),
    startedAt: isTime(startedAt) ? startedAt : '',
    ...parseChoices(read),
    ...parseNotes(read),
  }
}

function parseChoices(read: Fields): ExportChoices {
  const said = read.runningAcknowledged
  return {
    ...(read.ifCutOff === 'mark-crash-consistent' && { ifCutOff: read.ifCutOff }),
    ...(read.backupFirst === true && { backupFirst: true }),
    ...(isTime(read.deadline) && { deadline: read.deadline }),
    ...(isFields(said) && typeof said.by === 'string' && typeof said.at === 'string' && { runningAcknowledged: { by: said.by, at: said.at } }),
  }
}

function parseNotes(read: Fields): ExportNotes {
  return {
    ...textOf(read, 'abandonedBy'), ...textOf(read, 'refusal'), ...textOf(read, 'forcedBy'),
    ...(Array.isArray(read.calledOff) && { calledOff: read.calledOff.flatMap(parseCallOff) }),
    ...(read.isBackedUp === true && { isBackedUp: true }),
    ...(isTime(read.backedUpAt) && { backedUpAt: read.backedUpAt }),
    ...(read.isSettled === true && { isSettled: true }),
    ...(isTime(read.settledAt) && { settledAt: read.settledAt }),
    ...(isFields(read.nodes) && { nodes: Object.fromEntries(Object.entries(read.nodes).flatMap(([vm, node]) => typeof node === 'string' ? [[vm, node]] : [])) }),
    ...(isFields(read.endings) && { endings: parseEndings(read.endings) }),
    ...(isTime(read.madeAt) && { madeAt: read.madeAt }),
    ...(isTime(read.blindSince) && { blindSince: read.blindSince }),
  }
}

/** The endings by VM, as they stand on a claim or an image; those that are none are left out. */
export function parseEndings(read: Fields): Readonly<Record<string, NotedEnding>> {
  return Object.fromEntries(Object.entries(read).flatMap(([vm, noted]) => {
    if (!isFields(noted) || typeof noted.word !== 'string' || !ENDINGS.includes(noted.word))
      return []
    return [[vm, { word: noted.word as GuestEnding, ...(typeof noted.generation === 'number' && { generation: noted.generation }), ...(isTime(noted.at) && { at: noted.at }) }]]
  }))
}

/** A reason with what belongs to it, and nothing that somebody put beside that; none where it is no reason, or does not say of what. */
function parseCallOff(read: unknown): CallOffReason[] {
  if (!isFields(read) || !isCallOffCode(read.code))
    return []
  const { code } = read
  const told = CALLS_OFF[code].map(field => [field, read[field]] as const)
  if (!told.every(([field, value]) => field === 'deadline' ? isTime(value) : isKey(value)))
    return []
  return [{ code, ...Object.fromEntries(told), ...textOf(read, 'message') } as CallOffReason]
}

function isCallOffCode(code: unknown): code is CallOffReason['code'] {
  return typeof code === 'string' && Object.hasOwn(CALLS_OFF, code)
}

/** Whether it can be the name of an object. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** Whether it can be a name, or `namespace/name`. */
function isKey(value: unknown): boolean {
  const parts = typeof value === 'string' ? value.split('/') : []
  return parts.length > 0 && parts.length <= 2 && parts.every(isName)
}

function parseVm(read: unknown): ExportedVm | undefined {
  if (!isFields(read) || typeof read.name !== 'string' || typeof read.runStrategy !== 'string' || !STRATEGIES.includes(read.runStrategy))
    return undefined
  return { name: read.name, runStrategy: read.runStrategy as RunStrategy, wasRunning: read.wasRunning === true, ...(read.isEnding === true && { isEnding: true as const }), ...textOf(read, 'node') }
}

function parseIdentity(read: unknown): Identity | undefined {
  if (!isFields(read))
    return undefined
  const extra = isFields(read.extra) ? Object.fromEntries(Object.entries(read.extra).map(([key, values]) => [key, textsOf(values)])) : undefined
  return { ...textOf(read, 'uid'), ...(Array.isArray(read.groups) && { groups: textsOf(read.groups) }), ...(extra && { extra }) }
}

function textsOf(read: unknown): string[] {
  return Array.isArray(read) ? read.filter(text => typeof text === 'string') : []
}

function textOf<Key extends string>(read: Fields, key: Key): { readonly [K in Key]?: string } {
  const text = read[key]
  return (typeof text === 'string' ? { [key]: text } : {}) as { readonly [K in Key]?: string }
}

function isTime(value: unknown): value is string {
  return readTimestamp(value) !== undefined
}

/** Whether it is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text in so many characters, the last of them an ellipsis where it was longer. */
export function cutShort(text: string, longest: number): string {
  const letters = [...text]
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join('')}…`
}

/** The intent with the cluster's words as long as they are kept. What was asked for stays as it is. */
export function inBounds(intent: ExportIntent): ExportIntent {
  const { refusal, calledOff } = intent
  return {
    ...intent,
    ...(refusal !== undefined && { refusal: cutShort(refusal, LONGEST_MESSAGE) }),
    ...(calledOff && { calledOff: calledOff.map(withShortMessage) }),
  }
}

/** The intent as it is kept and told for long after it is over: with everybody's words in bounds, also those that somebody has written onto the claim by hand. Who asked is kept by name alone. */
export function asKept(intent: ExportIntent): ExportIntent {
  const { image, requester, abandonedBy, forcedBy, runningAcknowledged: said } = intent
  return {
    ...inBounds(intent),
    image: { ...image, displayName: cutShort(image.displayName, LONGEST_NAME), ...(image.description !== undefined && { description: cutShort(image.description, LONGEST_DESCRIPTION) }) },
    requester: cutShort(requester, LONGEST_NAME),
    identity: undefined,
    ...(abandonedBy !== undefined && { abandonedBy: cutShort(abandonedBy, LONGEST_NAME) }),
    ...(forcedBy !== undefined && { forcedBy: cutShort(forcedBy, LONGEST_NAME) }),
    ...(said && { runningAcknowledged: { ...said, by: cutShort(said.by, LONGEST_NAME) } }),
  }
}

function withShortMessage(reason: CallOffReason): CallOffReason {
  return 'message' in reason && reason.message !== undefined ? { ...reason, message: cutShort(reason.message, LONGEST_MESSAGE) } : reason
}
