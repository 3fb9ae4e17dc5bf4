import type { Condition } from '#kube/object.ts'
import type { Unseen } from '#kube/seen.ts'
import type { ImageCopy } from '#health/copies.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { VirtualMachineImage } from './image.ts'
import { isOfOtherBytes } from '#health/copies.ts'
import { findCondition } from '#kube/object.ts'

/**
 * `waiting`: CDI waits for something else. `ready`: seen to be whole. `imported`: Harvester took it in, and what became of it
 * is not seen; `looking`: nor is it read yet. `copying`: usable, and the copies that are wanted besides are being written. `degraded`: usable,
 * with fewer good copies than wanted, or with bad ones. `recovering`: no copy, one is being written. `lost`: every copy has
 * failed. `missing`: its BackingImage is gone. `overlooked`: Longhorn has copies, and Harvester will go on saying that it
 * imports. `unknown`: nobody who could say does.
 */
export type ImageStateWord
  = | 'deleting' | 'initializing' | 'waiting' | 'importing' | 'uploading' | 'exporting' | 'retrying' | 'paused' | 'overlooked'
    | 'ready' | 'looking' | 'imported' | 'copying' | 'degraded' | 'recovering' | 'lost' | 'missing' | 'failed' | 'unknown'

/** What a state was read from, where its word alone does not say it. */
type ImageStateReason
  = | Unseen
    | { readonly code: 'not-asked' | 'no-backing-image' | 'no-data-volume' }
    | { readonly code: 'copies', readonly usable: number, readonly desired: number }
    /** CDI's own word; empty before it has said one. */
    | { readonly code: 'phase', readonly phase: string }

export interface ImageState {
  readonly word: ImageStateWord
  /** Per cent, 0 to 100, while something is under way. */
  readonly progress?: number
  /** The cluster's own last words about it. */
  readonly message?: string
  /** Failed tries so far and how many Harvester makes. */
  readonly tries?: { readonly failed: number, readonly limit: number }
  readonly because?: ImageStateReason
}

/** An object that was looked for. Without an object it is not there; with `unseen` that cannot be relied on, and the object is the last one known. */
export interface Known<T> { readonly object?: T, readonly unseen?: Unseen }

/** The BackingImage's copies, and how many Longhorn aims at. */
interface KeptCopies { readonly copies: readonly ImageCopy[], readonly desired: number }

/** What keeps the image, by its backend. Undefined where nobody looked. */
export interface ImageKeepers {
  readonly copies?: Known<KeptCopies>
  readonly dataVolume?: Known<DataVolume>
}

const WORK: Readonly<Record<VirtualMachineImage['spec']['sourceType'], ImageStateWord>> = {
  'download': 'importing', 'upload': 'uploading', 'export-from-volume': 'exporting', 'restore': 'importing', 'clone': 'importing',
}

/** CDI's phases; `work` is what the image is made by. Source: containerized-data-importer api core/v1beta1 types.go. */
const PHASES: Readonly<Record<string, ImageStateWord | 'work'>> = {
  '': 'initializing',
  'Pending': 'waiting', 'WaitForFirstConsumer': 'waiting', 'PendingPopulation': 'waiting',
  'PVCBound': 'work', 'ImportScheduled': 'work', 'ImportInProgress': 'work', 'UploadScheduled': 'work', 'UploadReady': 'work',
  'CloneScheduled': 'work', 'CloneInProgress': 'work', 'SnapshotForSmartCloneInProgress': 'work', 'CloneFromSnapshotSourceInProgress': 'work',
  'SmartClonePVCInProgress': 'work', 'CSICloneInProgress': 'work', 'PrepClaimInProgress': 'work', 'RebindInProgress': 'work',
  'ExpansionInProgress': 'work', 'NamespaceTransferInProgress': 'work',
  'Paused': 'paused', 'Succeeded': 'work', 'Failed': 'failed', 'Unknown': 'unknown',
}

/**
 * The image's state from all that the cluster knows: its conditions while it is imported, then what keeps it, for Harvester
 * never looks again (harvester pkg/image/backingimage/backing_image_controller.go:70) and passes on no error of CDI
 * (pkg/image/cdi/cdi.go:71). Between retries Harvester says only `RetryLimitExceeded: False` with a message; that is
 * `retrying` (pkg/image/common/operator.go:328). What cannot be seen is never `ready`.
 */
export function imageState(image: VirtualMachineImage, keepers: ImageKeepers = {}): ImageState {
  const conditions = image.status?.conditions
  const [initialized, imported, exceeded] = ['Initialized', 'Imported', 'RetryLimitExceeded'].map(type => findCondition(conditions, type))
  if (image.metadata.deletionTimestamp)
    return { word: 'deleting' }
  if (exceeded?.status === 'True' || initialized?.status === 'False' || imported?.status === 'False')
    return { word: 'failed', ...wordsOf(exceeded, imported, initialized), ...triesOf(image) }
  if (imported?.status === 'True')
    return image.spec.backend === 'cdi' ? keptByCdi(image, keepers.dataVolume) : keptByLonghorn(image, keepers.copies)
  if (exceeded?.message)
    return { word: 'retrying', ...progressOf(image), ...wordsOf(exceeded), ...triesOf(image) }
  const { dataVolume, copies } = keepers
  if (dataVolume?.object)
    return filledByCdi(image, dataVolume.object)
  const failed = copies?.object?.copies.length ? copies.object.copies.every(copy => copy.word === 'failed') : false
  if (failed)
    return { word: 'retrying', ...progressOf(image), ...wordsOf(...copies?.object?.copies ?? []), ...triesOf(image) }
  if (!imported && initialized?.status !== 'True')
    return { word: 'initializing', ...wordsOf(initialized) }
  if (copies?.object && isOverlooked(copies.object))
    return { word: 'overlooked', because: countOf(copies.object) }
  return { word: WORK[image.spec.sourceType] ?? 'unknown', ...progressOf(image), ...wordsOf(imported), ...(dataVolume?.unseen && { because: dataVolume.unseen }) }
}

/** Harvester looks at an image that it imports only while exactly one copy is told of (harvester pkg/image/backingimage/backing_image_controller.go). */
function isOverlooked({ copies }: KeptCopies): boolean {
  return copies.filter(({ state }) => state !== '').length > 1 && copies.some(({ word }) => word === 'ready')
}

/** Whether the import is over and went well, whatever has become of the image since. */
export function isImported({ word }: ImageState): boolean {
  return ['ready', 'looking', 'imported', 'copying', 'degraded', 'recovering', 'lost'].includes(word)
}

/** Whether Harvester has said that the import is over and went well, which it never takes back: nothing more is read from the source, whatever is seen of what keeps the image. */
export function wasImported({ status }: VirtualMachineImage): boolean {
  return findCondition(status?.conditions, 'Imported')?.status === 'True'
}

function wordsOf(...said: readonly (Pick<Condition, 'message'> | undefined)[]): { message?: string } {
  const message = said.find(one => one?.message)?.message
  return message ? { message } : {}
}

function triesOf({ spec, status }: VirtualMachineImage): Pick<ImageState, 'tries'> {
  const failed = status?.failed ?? 0
  return failed > 0 ? { tries: { failed, limit: spec.retry ?? 3 } } : {}
}

function progressOf(image: VirtualMachineImage, percent = image.status?.progress ?? 0): { progress: number } {
  return { progress: Math.min(100, Math.max(0, percent)) }
}

/**
 * A failing import seldom reaches phase Failed: it stays ImportInProgress and restarts. Running says False, reason Error, only
 * between two tries, so that the restarts count.
 */
function filledByCdi(image: VirtualMachineImage, { status }: DataVolume): ImageState {
  const { phase = '', restartCount = 0 } = status ?? {}
  const [running, bound] = ['Running', 'Bound'].map(type => findCondition(status?.conditions, type))
  const told = Number.parseFloat(status?.progress ?? '')
  const progress = progressOf(image, Number.isNaN(told) ? undefined : told)
  const because = { code: 'phase' as const, phase }
  const word = PHASES[phase] ?? 'unknown'
  if (word === 'failed')
    return { word, ...wordsOf(running, bound), because }
  const isDown = running?.status === 'False' && /error|backoff|fail/i.test(running.reason ?? '')
  if (word !== 'paused' && (isDown || (word === 'work' && restartCount > 0)))
    return { word: 'retrying', ...progress, ...(isDown ? wordsOf(running) : {}), tries: { failed: Math.max(1, restartCount), limit: Infinity }, because }
  if (word === 'work')
    return { word: WORK[image.spec.sourceType] ?? 'unknown', ...progress, because }
  return { word, ...(word === 'waiting' || word === 'paused' ? progress : {}), ...(bound?.status === 'True' ? {} : wordsOf(bound)), because }
}

function keptByCdi(image: VirtualMachineImage, known: Known<DataVolume> | undefined): ImageState {
  if (!known?.object)
    return unseenYet(known?.unseen, { word: 'imported', because: known ? known.unseen ?? { code: 'no-data-volume' } : { code: 'not-asked' } })
  const { phase, conditions } = known.object.status ?? {}
  if (phase !== 'Succeeded')
    return filledByCdi(image, known.object)
  // The phase stays when the claim goes: only the conditions tell.
  const lacking = ['Bound', 'Ready'].map(type => findCondition(conditions, type)).find(condition => condition?.status === 'False')
  if (lacking)
    return { word: 'unknown', ...wordsOf(lacking), because: { code: 'phase', phase } }
  return known.unseen ? { word: 'imported', because: known.unseen } : { word: 'ready', because: { code: 'phase', phase: 'Succeeded' } }
}

/** While it is still being read nothing is out of sight, and nothing is said that would be taken back a moment later. */
function unseenYet(unseen: Unseen | undefined, otherwise: ImageState): ImageState {
  return unseen?.state === 'loading' ? { word: 'looking', because: unseen } : otherwise
}

/** Harvester's own note that the BackingImage is missing is never taken back: what is seen counts more (vm_image_controller.go:37). */
function keptByLonghorn(image: VirtualMachineImage, known: Known<KeptCopies> | undefined): ImageState {
  const noted = findCondition(image.status?.conditions, 'BackingImageMissing')
  if (!known?.object) {
    if (noted?.status === 'True' || (known && !known.unseen))
      return { word: 'missing', ...wordsOf(noted), because: { code: 'no-backing-image' } }
    return unseenYet(known?.unseen, { word: 'imported', because: known?.unseen ?? { code: 'not-asked' } })
  }
  const standing = standingOf(image, known.object)
  return standing.word === 'ready' && known.unseen ? { word: 'imported', because: known.unseen } : standing
}

function countOf({ copies, desired }: KeptCopies) {
  return { code: 'copies' as const, usable: copies.filter(({ word }) => word === 'ready').length, desired }
}

/** The state by the copies as Longhorn tells of them; whether their nodes and disks are there is the health page's to say. */
function standingOf({ spec }: VirtualMachineImage, { copies, desired }: KeptCopies): ImageState {
  const wanted = copies.filter(({ word }) => word !== 'leftover')
  const usable = wanted.filter(({ word }) => word === 'ready')
  const because = countOf({ copies, desired })
  const is = (...words: readonly ImageCopy['word'][]) => wanted.filter(({ word }) => words.includes(word))
  const failed = is('failed', 'orphan-disk')
  const unclear = is('unreachable', 'ambiguous-disk', 'unrecognised')
  const isMoving = is('moving').length > 0
  if (usable.length) {
    const staying = usable.filter(({ evicting }) => !evicting).length
    const word = staying > 0 && staying < desired && isMoving ? 'copying' : failed.length || unclear.length || staying < desired ? 'degraded' : 'ready'
    return { word, ...(word === 'ready' ? {} : wordsOf(...failed, ...unclear)), because }
  }
  if (isMoving)
    return { word: 'recovering', ...wordsOf(...failed), because }
  const refused = wanted.filter(isOfOtherBytes)
  if (refused.length)
    return { word: 'lost', ...wordsOf(...refused), because }
  if (unclear.length || is('absent').length)
    return { word: 'unknown', ...wordsOf(...unclear, ...failed), because }
  // Nothing is kept any more: only a URL is fetched again (longhorn-manager controller/backing_image_controller.go).
  return !wanted.length && spec.sourceType === 'download' ? { word: 'recovering', because } : { word: 'lost', ...wordsOf(...failed), because }
}
