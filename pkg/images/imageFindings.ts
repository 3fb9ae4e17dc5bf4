import type { StorageClass } from '#kube/core.ts'
import type { Manifest, ObjectMeta } from '#kube/object.ts'
import type { ChecksumKind } from './checksum.ts'
import type { ImageBackend, ImageSourceType, MutableAcknowledgement, VirtualMachineImage } from './image.ts'
import type { ImageUrlReason } from './imageUrl.ts'
import { acceptedChecksum, recognizeChecksum } from './checksum.ts'
import { STORAGE_CLASS_ANNOTATION, acknowledgementOf } from './image.ts'
import { hasEnded, judgeImageUrl, reasonToRefuse } from './imageUrl.ts'
import { dataEngineOf, imageBackendOf, isDefaultClass } from './storageClass.ts'

// What makes an image fragile, or different from what its author meant: one judgement for the form and for the webhook.

/** The names of all findings, as an operator writes them to have such images refused. */
export const IMAGE_FINDING_CODES = [
  'mutable-url', 'acknowledged-mutable-url', 'unusable-url', 'refused-url', 'ended-url', 'not-sha512', 'ignored-checksum', 'no-such-class', 'image-class', 'wrong-backend', 'duplicate-name',
] as const
export type ImageFindingCode = typeof IMAGE_FINDING_CODES[number]

export type ImageFinding
  = | { readonly code: 'mutable-url', readonly reason: ImageUrlReason, readonly backend: ImageBackend, readonly pinnedForm?: string }
    | { readonly code: 'acknowledged-mutable-url', readonly by: MutableAcknowledgement }
    | { readonly code: 'unusable-url' | 'refused-url', readonly reason: ImageUrlReason }
    | { readonly code: 'ended-url', readonly at: string }
    /** `kind`: what it is instead; `sha512` is written as Longhorn does not take it. */
    | { readonly code: 'not-sha512', readonly kind: ChecksumKind }
    | { readonly code: 'ignored-checksum' }
    | { readonly code: 'no-such-class' | 'image-class', readonly storageClass: string }
    | { readonly code: 'wrong-backend', readonly storageClass: string, readonly provisioner: string, readonly dataEngine?: 'v2' }
    | { readonly code: 'duplicate-name', readonly displayName: string, readonly image: string }

/** What an image is judged by, while it is a form as well as when it is a manifest. */
export interface ImageFacts {
  readonly namespace: string
  readonly displayName: string
  readonly sourceType: ImageSourceType
  readonly url: string
  readonly checksum: string
  readonly backend: ImageBackend
  /** Undefined where none is named and none can be known. */
  readonly storageClass?: string
  readonly acknowledgement?: MutableAcknowledgement
}

type NamedImage = { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'>, readonly spec: Pick<VirtualMachineImage['spec'], 'displayName'> }

/** What the judgement needs to know of the cluster. What is undefined cannot be seen, and nothing is found by it. */
export interface ImageWorld {
  readonly images: readonly NamedImage[] | undefined
  readonly classes: readonly StorageClass[] | undefined
  /** Epoch milliseconds, by which signed links have ended. */
  readonly now?: number
}

/**
 * The facts of a manifest, with what Harvester's mutating webhook would fill in: backend `backingimage`, and the class by
 * spec, annotation or the cluster's default, in this order (harvester pkg/image/common/mutator.go EnsureTargetSC).
 */
export function imageFactsOf({ metadata, spec }: Manifest<VirtualMachineImage>, classes: ImageWorld['classes']): ImageFacts {
  return {
    namespace: metadata.namespace ?? '',
    displayName: spec.displayName,
    sourceType: spec.sourceType,
    url: spec.url ?? '',
    checksum: spec.checksum ?? '',
    backend: spec.backend ?? 'backingimage',
    storageClass: spec.targetStorageClassName || metadata.annotations?.[STORAGE_CLASS_ANNOTATION] || classes?.find(isDefaultClass)?.metadata.name,
    acknowledgement: acknowledgementOf({ metadata }),
  }
}

/** Everything there is to say about an image before it is made; empty when it is sound as far as can be seen. */
export function findInImage(facts: ImageFacts, world: ImageWorld): ImageFinding[] {
  return [...findInUrl(facts, world), findInClass(facts, world), findInChecksum(facts), findInName(facts, world)].filter(finding => finding !== undefined)
}

// Only a download's URL is read again by Longhorn: a restore's is a backup, the others have none.
function findInUrl({ sourceType, url, backend, acknowledgement }: ImageFacts, { now = Number.NEGATIVE_INFINITY }: ImageWorld): ImageFinding[] {
  if (sourceType !== 'download')
    return []
  const judgement = judgeImageUrl(url)
  const { verdict, reasons, expires, pinnedForm } = judgement
  const [reason] = reasons
  if (!reason)
    return []
  if (verdict === 'unusable')
    return [{ code: 'unusable-url', reason }]
  const refused = reasonToRefuse(judgement)
  return [
    ...(refused ? [{ code: 'refused-url' as const, reason: refused }] : []),
    ...(expires?.at && hasEnded(judgement, now) ? [{ code: 'ended-url' as const, at: expires.at }] : []),
    ...(verdict !== 'mutable' ? [] : [acknowledgement ? { code: 'acknowledged-mutable-url' as const, by: acknowledgement } : { code: 'mutable-url' as const, reason, backend, ...(pinnedForm && { pinnedForm }) }]),
  ]
}

function findInClass({ storageClass, backend }: ImageFacts, { classes }: ImageWorld): ImageFinding | undefined {
  if (!storageClass || !classes)
    return undefined
  const found = classes.find(({ metadata }) => metadata.name === storageClass)
  if (!found)
    return { code: 'no-such-class', storageClass }
  if (found.parameters?.backingImage)
    return { code: 'image-class', storageClass }
  if (backend === 'cdi' || imageBackendOf(found) === 'backingimage')
    return undefined
  return { code: 'wrong-backend', storageClass, provisioner: found.provisioner, ...(dataEngineOf(found) === 'v2' && { dataEngine: 'v2' }) }
}

// Longhorn takes 128 lower-case digits alone (longhorn-manager util.ValidateChecksumSHA512), and Harvester passes on what is
// written; CDI is not told of it (harvester pkg/image/cdi/common.go).
function findInChecksum({ checksum, backend }: ImageFacts): ImageFinding | undefined {
  const kind = recognizeChecksum(checksum)
  if (backend === 'cdi')
    return kind === 'none' ? undefined : { code: 'ignored-checksum' }
  return checksum === '' || checksum === acceptedChecksum(checksum) ? undefined : { code: 'not-sha512', kind }
}

function findInName({ displayName, namespace }: ImageFacts, { images }: ImageWorld): ImageFinding | undefined {
  const other = images && findNamesake(displayName, namespace, images)
  return other && { code: 'duplicate-name', displayName, image: `${namespace}/${other.metadata.name}` }
}

/** The image that has the display name in the namespace: Harvester takes each name once (harvester pkg/image/common/validator.go). */
export function findNamesake<I extends NamedImage>(displayName: string, namespace: string, images: readonly I[]): I | undefined {
  return images.find(image => image.metadata.namespace === namespace && image.spec.displayName === displayName)
}
