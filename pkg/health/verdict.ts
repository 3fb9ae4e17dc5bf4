import type { Seen, Unseen } from '#kube/seen.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageUrlReason } from '#images/imageUrl.ts'
import type { CopiesWorld, CopyCause, CopyWord, ImageCopy } from './copies.ts'
import type { BackingImage, BackingImageDataSource, BackupBackingImage } from './longhorn.ts'
import { blindSpot } from '#kube/seen.ts'
import { lossOfUpstream } from '#images/image.ts'
import { judgeImageUrl } from '#images/imageUrl.ts'
import { copiesOf, eligibleDisks, hasManagers, isOfOtherBytes } from './copies.ts'
import { BACKING_IMAGE_DATA_SOURCES, BACKING_IMAGE_MANAGERS, LONGHORN_NAMESPACE, LONGHORN_NODES, LONGHORN_REPLICAS } from './longhorn.ts'

export interface HealthWorld extends CopiesWorld {
  /** Backups of images; without them a risk says that nobody looked. */
  readonly backups?: Seen<BackupBackingImage>
}

export type HealthWord = 'healthy' | 'degraded' | 'failed' | 'unknown' | 'importing' | 'recovering' | 'deleting'

export type HealthReason
  = | Unseen
    | { readonly code: 'deleting' | 'no-usable-copy' | 'only-copies-leaving' | 'source-changed' | 'redownloading' }
    | { readonly code: 'importing', readonly progress: number }
    | { readonly code: 'import-failed', readonly retried: boolean, readonly message?: string }
    | { readonly code: 'too-few-copies', readonly durable: number, readonly desired: number }
    | { readonly code: 'too-few-disks', readonly eligible: number, readonly desired: number }
    | { readonly code: 'copy', readonly word: Exclude<CopyWord, 'ready'>, readonly cause?: CopyCause, readonly diskUuid: string, readonly node?: string, readonly disk?: string, readonly message?: string }
    | { readonly code: 'replica-without-copy', readonly diskUuid: string, readonly volumes: readonly string[] }
    | { readonly code: 'downloaded-again' }
    | { readonly code: 'not-downloaded-again', readonly why: 'source-type' | 'not-all-failed' | 'no-spare-disk' }

export type HealthRisk
  = | { readonly code: 'single-copy' | 'sole-copy-leaving' | 'no-expected-checksum' | 'v2-unsupported' }
    | { readonly code: 'single-node', readonly node: string }
    | { readonly code: 'no-way-back', readonly sourceType: string, readonly backups: 'none' | 'not-seen' }
    | { readonly code: 'mutable-url', readonly url: string, readonly reason: ImageUrlReason }
    /** Somebody looked at the URL on that day (ISO 8601): it serves other bytes, or none. */
    | { readonly code: 'upstream-changed' | 'upstream-gone', readonly at: string }

export interface Health {
  /** How the image is now. */
  readonly verdict: HealthWord
  readonly reasons: readonly HealthReason[]
  /** What becomes of it if the copies that are left go too. */
  readonly risks: readonly HealthRisk[]
  readonly copies: readonly ImageCopy[]
  /** Copies that can be used, that will stay, and that Longhorn aims at. */
  readonly usable: number
  readonly durable: number
  readonly desired: number
}

/** An absent copy of an image younger than this is on its way. */
const YOUNG = 5 * 60_000

/**
 * The image's health from its copies and their hosts; Harvester's own image is no guide, it never looks again after the
 * import (harvester pkg/image/backingimage/backing_image_controller.go:70). What cannot be seen is never healthy.
 * `now` in epoch milliseconds. Source: longhorn-manager controller/backing_image_controller.go.
 */
export function judgeBackingImage(image: BackingImage, world: HealthWorld, now: number): Health {
  const copies = copiesOf(image, world)
  const ready = copies.filter(copy => copy.word === 'ready')
  const durable = ready.filter(copy => !copy.evicting)
  const desired = Math.max(1, image.spec.minNumberOfCopies ?? 1)
  const context: Context = { image, world, now, copies, usable: ready.length, durable: durable.length, desired, source: sourceOf(image, world) }
  const found = availability(context)
  return { ...found, risks: risksOf(context, durable), copies, usable: ready.length, durable: durable.length, desired }
}

/** The same, with what Harvester's image says of its URL: kept there by whoever looked at it last. */
export function withUpstream(health: Health, image: VirtualMachineImage | undefined): Health {
  const loss = image && lossOfUpstream(image)
  return loss ? { ...health, risks: [...health.risks, { code: `upstream-${loss.word}`, at: loss.at }] } : health
}

interface Context {
  readonly image: BackingImage
  readonly world: HealthWorld
  readonly now: number
  readonly copies: readonly ImageCopy[]
  readonly usable: number
  readonly durable: number
  readonly desired: number
  readonly source: BackingImageDataSource | undefined
}

type Availability = Pick<Health, 'verdict' | 'reasons'>

function sourceOf(image: BackingImage, world: CopiesWorld): BackingImageDataSource | undefined {
  return world.dataSources.objects.find(source => source.metadata.name === image.metadata.name)
}

function availability(context: Context): Availability {
  const { image, copies, usable, source } = context
  if (image.metadata.deletionTimestamp)
    return { verdict: 'deleting', reasons: [{ code: 'deleting' }] }
  const imported = wasRead(image) || (source ? source.spec.fileTransferred === true : copies.some(copy => copy.state === 'ready' || copy.word === 'unreachable'))
  if (!imported)
    return importing(context)
  return usable === 0 ? withoutCopy(context) : withCopies(context)
}

/** Whether a manager has read the whole file once: these sizes are set from nothing else. */
function wasRead({ status }: BackingImage): boolean {
  return (status?.virtualSize ?? 0) > 0 || (status?.realSize ?? 0) > 0
}

/** What the copies are believed by, and cannot be seen. */
function blindOnHosts({ image, world }: Context): Unseen[] {
  return listOf(blindSpot(LONGHORN_NODES, world.nodes, LONGHORN_NAMESPACE), hasManagers(image) ? blindSpot(BACKING_IMAGE_MANAGERS, world.managers, LONGHORN_NAMESPACE) : undefined)
}

function blindOnSource({ world }: Context): Unseen[] {
  return listOf(blindSpot(BACKING_IMAGE_DATA_SOURCES, world.dataSources, LONGHORN_NAMESPACE))
}

const listOf = (...spots: readonly (Unseen | undefined)[]): Unseen[] => spots.filter(spot => spot !== undefined)

function importing(context: Context): Availability {
  const { image, copies, source } = context
  const blind = blindOnSource(context)
  const failed = copies.find(copy => copy.word === 'failed')
  const state = source?.status?.currentState ?? ''
  const message = failed?.message || source?.status?.message
  if (failed || state.startsWith('failed'))
    return { verdict: 'failed', reasons: [...blind, { code: 'import-failed', retried: ['download', 'export-from-volume'].includes(image.spec.sourceType ?? ''), ...(message && { message }) }] }
  const progress = Math.max(0, source?.status?.progress ?? 0, ...copies.map(copy => copy.progress ?? 0))
  return { verdict: 'importing', reasons: [...blind, { code: 'importing', progress: Math.min(100, progress) }] }
}

/** What is said of each copy that is not as it should be. */
function troubles(copies: readonly ImageCopy[]): HealthReason[] {
  return copies.flatMap(({ word, cause, diskUuid, node, disk, message }) => word === 'ready' ? [] : { code: 'copy', word, diskUuid, ...(cause && { cause }), ...(node && { node }), ...(disk && { disk }), ...(message && { message }) })
}

function withoutCopy(context: Context): Availability {
  const { image, copies, source } = context
  const reasons: HealthReason[] = [...blindOnHosts(context), ...blindOnSource(context), { code: 'no-usable-copy' }, ...troubles(copies)]
  const fetching = source && !source.spec.fileTransferred
  const changed = copies.some(isOfOtherBytes)
  if (fetching && source.status?.currentState === 'ready' && changed)
    return { verdict: 'failed', reasons: [{ code: 'source-changed' }, ...reasons] }
  if (fetching && ['', 'pending', 'starting', 'in-progress', 'ready-for-transfer'].includes(source.status?.currentState ?? ''))
    return { verdict: 'recovering', reasons: [{ code: 'redownloading' }, ...reasons] }
  if (copies.some(copy => copy.word === 'moving'))
    return { verdict: 'recovering', reasons }
  if (copies.some(copy => ['unreachable', 'ambiguous-disk', 'unrecognised', 'absent'].includes(copy.word)))
    return { verdict: 'unknown', reasons }
  if (!copies.length)
    return image.spec.sourceType === 'download' ? { verdict: 'recovering', reasons: [{ code: 'redownloading' }, ...reasons] } : { verdict: 'failed', reasons: [...reasons, { code: 'not-downloaded-again', why: 'source-type' }] }
  return { verdict: 'failed', reasons: [...reasons, downloadAgain(context)] }
}

/** Longhorn fetches the URL again only when every entry is exactly `failed` and a disk is left that it has not tried (seen on 1.10). */
function downloadAgain({ image, copies, world }: Context): HealthReason {
  if (image.spec.sourceType !== 'download')
    return { code: 'not-downloaded-again', why: 'source-type' }
  if (!copies.every(copy => copy.state === 'failed'))
    return { code: 'not-downloaded-again', why: 'not-all-failed' }
  const tried = new Set(copies.map(copy => copy.diskUuid))
  return eligibleDisks(image, world.nodes.objects).some(uuid => !tried.has(uuid)) ? { code: 'downloaded-again' } : { code: 'not-downloaded-again', why: 'no-spare-disk' }
}

function withCopies(context: Context): Availability {
  const { image, world, now, copies, durable, desired } = context
  const wanted = copies.filter(copy => copy.word !== 'leftover')
  const bad = troubles(wanted)
  const stranded = wanted.flatMap(copy => copy.word !== 'ready' && copy.usedBy.length ? [{ code: 'replica-without-copy' as const, diskUuid: copy.diskUuid, volumes: copy.usedBy }] : [])
  const few: HealthReason[] = durable < desired ? [{ code: 'too-few-copies', durable, desired }] : []
  const blind = [...blindOnHosts(context), ...(wasRead(image) ? [] : blindOnSource(context))]
  const lost = wanted.some(copy => ['failed', 'unreachable', 'orphan-disk', 'ambiguous-disk', 'unrecognised'].includes(copy.word))
  if (blind.length)
    return { verdict: lost ? 'degraded' : 'unknown', reasons: [...blind, ...few, ...bad] }
  const unseen = listOf(blindSpot(LONGHORN_REPLICAS, world.replicas, LONGHORN_NAMESPACE))
  if (durable === 0)
    return { verdict: 'degraded', reasons: [...unseen, { code: 'only-copies-leaving' }, ...few, ...bad, ...stranded] }
  const young = now - Date.parse(image.metadata.creationTimestamp) < YOUNG
  const coming = wanted.some(copy => copy.word === 'moving' || (copy.word === 'absent' && young))
  if (durable < desired && coming)
    return { verdict: 'recovering', reasons: [...unseen, ...few, ...bad, ...stranded] }
  const eligible = new Set([...eligibleDisks(image, world.nodes.objects), ...wanted.filter(copy => copy.word === 'ready').map(copy => copy.diskUuid)]).size
  const reasons: HealthReason[] = [...unseen, ...few, ...(durable < desired && eligible < desired ? [{ code: 'too-few-disks' as const, eligible, desired }] : []), ...bad, ...stranded]
  const absent = wanted.some(copy => copy.word === 'absent' && !young)
  const degraded = durable < desired || lost || absent || stranded.length > 0
  if (degraded)
    return { verdict: 'degraded', reasons }
  return unseen.length ? { verdict: 'unknown', reasons: unseen } : { verdict: 'healthy', reasons: [] }
}

function risksOf({ image, world, copies }: Context, durable: readonly ImageCopy[]): HealthRisk[] {
  const { sourceType = '', sourceParameters, checksum, dataEngine } = image.spec
  const risks: HealthRisk[] = []
  if (dataEngine === 'v2')
    risks.push({ code: 'v2-unsupported' })
  if (durable.length === 1)
    risks.push({ code: 'single-copy' })
  const nodes = new Set(durable.map(copy => copy.node))
  const [node] = nodes
  const elsewhere = world.nodes.objects.some(other => other.metadata.name !== node && eligibleDisks(image, [other]).length > 0)
  if (durable.length > 1 && nodes.size === 1 && node && elsewhere)
    risks.push({ code: 'single-node', node })
  if (durable.length === 0 && copies.some(copy => copy.word === 'ready'))
    risks.push({ code: 'sole-copy-leaving' })
  const url = sourceParameters?.url
  const judged = sourceType === 'download' && url ? judgeImageUrl(url) : undefined
  if (url && judged?.verdict === 'mutable' && judged.reasons[0])
    risks.push({ code: 'mutable-url', url, reason: judged.reasons[0] })
  if (sourceType === 'download' && !checksum)
    risks.push({ code: 'no-expected-checksum' })
  const back = sourceType !== 'download' && wayBack(image, world)
  if (back)
    risks.push({ code: 'no-way-back', sourceType, backups: back })
  return risks
}

/** Whether an image that cannot be fetched again has a whole backup. */
function wayBack(image: BackingImage, { backups }: HealthWorld): 'none' | 'not-seen' | undefined {
  if (!backups || backups.state !== 'live')
    return 'not-seen'
  const whole = backups.objects.some(({ status }) => status?.backingImage === image.metadata.name && status.state === 'Completed' && status.checksum !== undefined && status.checksum === image.status?.checksum)
  return whole ? undefined : 'none'
}
