import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageState } from '#images/imageState.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { Carrier } from './keeperStatus.ts'
import type { Wholeness } from './exportedImage.ts'
import { isImported } from '#images/imageState.ts'
import { exportImageKey, imageOfExport, intentOn, isOvertaken, wholenessOf } from './exportedImage.ts'
import { exportReference, isSettledOf } from './exportIntent.ts'
import { tookOf } from './exportTimes.ts'

/**
 * How an export stands. `waiting`: nobody carries it out, and a VM may be off for it. `giving-up`: there will be no image, and what
 * it has begun is not at its end. `no-image`: it has ended without one, and nobody has read why; `left-no-image`: somebody has. Of
 * an image that is there it is how whole that is.
 */
export type ExportWord = 'waiting' | 'unreadable' | 'giving-up' | 'no-image' | 'left-no-image' | 'under-way' | 'importing' | 'failed' | Wholeness

/** The sign that goes with the word. */
export const EXPORT_TONES: Readonly<Record<ExportWord, 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'>> = {
  'waiting': 'attention', 'unreadable': 'unknown', 'giving-up': 'progress', 'no-image': 'bad', 'left-no-image': 'bad', 'under-way': 'progress', 'importing': 'progress', 'failed': 'bad',
  'overtaken': 'bad', 'acknowledged': 'attention', 'unverified': 'unknown', 'crash-consistent': 'attention', 'not-observed': 'attention', 'whole': 'ok',
}
/** Which an operator wants to see first. */
export const EXPORT_RANKS: Readonly<Record<ExportWord, number>> = {
  'waiting': 0, 'no-image': 1, 'unreadable': 2, 'giving-up': 3, 'under-way': 4, 'importing': 5, 'overtaken': 6, 'failed': 7, 'left-no-image': 8, 'crash-consistent': 9, 'not-observed': 10, 'acknowledged': 11, 'unverified': 12, 'whole': 13,
}

/** One export, as a list shows it: under way on its claim, told by its image, or by the claim where it left none. Keys are `namespace/name`. */
export interface ExportRecord {
  readonly key: string
  readonly word: ExportWord
  readonly claim: string
  readonly title: string
  readonly image?: VirtualMachineImage
  /** As it was meant; undefined where that is not known. */
  readonly intent?: ExportIntent
  /** Whether it has VMs to see to, whatever its word says of the image. */
  readonly goesOn?: boolean
  readonly vms: readonly string[]
  readonly requester: string
  /** ISO 8601. */
  readonly begun: string
  /** Milliseconds. */
  readonly took?: number
  /** Of the import, in per cent. */
  readonly progress?: number
  /** Below the cluster. */
  readonly path: string
}

interface Surroundings {
  readonly open: readonly { readonly key: string, readonly intent: ExportIntent | 'unreadable' }[]
  readonly images: readonly VirtualMachineImage[]
  /** Those that have ended and left no image. */
  readonly ended: readonly ExportIntent[]
  readonly stateOf: (image: VirtualMachineImage) => ImageState
  readonly carrierOf: (intent: ExportIntent) => Carrier
}

/** All exports: those under way first by their claims, then what the images tell, then those that left none. An image whose export is under way is told with that. */
export function exportRecords({ open, images, ended, stateOf, carrierOf }: Surroundings): ExportRecord[] {
  const exported = images.filter(({ spec }) => spec.sourceType === 'export-from-volume')
  const ownOf = (intent: ExportIntent) => imageOfExport(intent, exported)
  const told = new Set(open.flatMap(({ intent }) => intent === 'unreadable' ? [] : ownOf(intent) ?? []))
  // That it left no image may have been written by anybody; what is seen of it counts.
  const isToldOtherwise = (intent: ExportIntent) => ownOf(intent) !== undefined || open.some(one => one.key === exportReference(intent) && one.intent !== 'unreadable' && one.intent.id === intent.id)
  return [
    ...open.map(({ key, intent }) => openRecord(key, intent, intent === 'unreadable' ? undefined : ownOf(intent), { stateOf, carrierOf })),
    ...exported.filter(image => !told.has(image)).map(image => pastRecord(image, stateOf(image))),
    ...ended.filter(intent => !isToldOtherwise(intent)).map(endedRecord),
  ]
}

function openRecord(key: string, intent: ExportIntent | 'unreadable', image: VirtualMachineImage | undefined, { stateOf, carrierOf }: Pick<Surroundings, 'stateOf' | 'carrierOf'>): ExportRecord {
  const path = `/volumes/${key}/export`
  if (intent === 'unreadable')
    return { key: `claim ${key}`, word: 'unreadable', claim: key, title: '', vms: [], requester: '', begun: '', path }
  const state = image && stateOf(image)
  const progress = state && !isImported(state) ? state.progress : undefined
  const word = openWord(intent, image, state, carrierOf(intent))
  return {
    key: `claim ${key}`, word, goesOn: !isSettledOf(intent), claim: key, title: intent.image.displayName, intent, ...(image && { image }),
    vms: vmsOf(intent), requester: intent.requester, begun: intent.startedAt, ...(progress !== undefined && { progress }), path,
  }
}

function openWord(intent: ExportIntent, image: VirtualMachineImage | undefined, state: ImageState | undefined, carrier: Carrier): ExportWord {
  const isCarriedOut = carrier === 'here' || carrier === 'server'
  if (!isCarriedOut && !isSettledOf(intent))
    return 'waiting'
  if (!image && (intent.calledOff || intent.refusal !== undefined || intent.abandonedBy !== undefined))
    return isSettledOf(intent) ? 'no-image' : 'giving-up'
  if (image && state && (state.word === 'failed' || state.word === 'missing'))
    return 'failed'
  if (image && isOvertaken(image))
    return 'overtaken'
  return isCarriedOut ? 'under-way' : 'waiting'
}

function pastRecord(image: VirtualMachineImage, state: ImageState): ExportRecord {
  const { metadata: { namespace, name, creationTimestamp }, spec } = image
  const intent = intentOn(image)
  const took = intent && tookOf(intent, image)
  const word = state.word === 'failed' || state.word === 'missing' || state.word === 'lost' ? 'failed' : isImported(state) || wholenessOf(image) === 'overtaken' ? wholenessOf(image) : 'importing'
  return {
    key: `image ${namespace}/${name}`, word, claim: spec.pvcName ? `${spec.pvcNamespace}/${spec.pvcName}` : '', title: spec.displayName, image, ...(intent && { intent }), vms: intent ? vmsOf(intent) : [], requester: intent?.requester ?? '',
    begun: intent?.startedAt || creationTimestamp, ...(took !== undefined && { took }), ...(word === 'importing' && state.progress !== undefined && { progress: state.progress }), path: `/exports/${namespace}/${name}`,
  }
}

function endedRecord(intent: ExportIntent): ExportRecord {
  const took = tookOf(intent, undefined)
  const path = `/exports/${exportImageKey(intent)}`
  return {
    key: `ended ${intent.claim.namespace}/${intent.claim.name} ${intent.id}`, word: 'left-no-image', claim: `${intent.claim.namespace}/${intent.claim.name}`, title: intent.image.displayName, intent,
    vms: vmsOf(intent), requester: intent.requester, begun: intent.startedAt, ...(took !== undefined && { took }), path,
  }
}

const vmsOf = ({ vms, claim }: ExportIntent) => vms.map(vm => `${claim.namespace}/${vm.name}`)
