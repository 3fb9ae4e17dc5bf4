import type { Condition, KubeObject, Manifest } from '#kube/object.ts'
import type { ChecksumAlgorithm } from './checksumFile.ts'
import type { FileFacts, ReadFailure } from './probe.ts'
import { readTimestamp } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Source: harvester/harvester pkg/apis/harvesterhci.io/v1beta1/image.go. The CRD has no status subresource.

export type ImageSourceType = 'download' | 'upload' | 'export-from-volume' | 'restore' | 'clone'
export type ImageBackend = 'backingimage' | 'cdi'

export interface VirtualMachineImage extends KubeObject {
  readonly spec: {
    readonly displayName: string
    readonly sourceType: ImageSourceType
    readonly backend?: ImageBackend
    readonly description?: string
    readonly url?: string
    readonly checksum?: string
    readonly pvcName?: string
    readonly pvcNamespace?: string
    /** Of a `clone`: the image that is encrypted or decrypted into this one. */
    readonly securityParameters?: { readonly cryptoOperation?: 'encrypt' | 'decrypt', readonly sourceImageName?: string, readonly sourceImageNamespace?: string }
    readonly retry?: number
    readonly storageClassParameters?: Readonly<Record<string, string>>
    readonly targetStorageClassName?: string
  }
  readonly status?: {
    readonly appliedUrl?: string
    readonly progress?: number
    readonly size?: number
    readonly virtualSize?: number
    readonly storageClassName?: string
    readonly failed?: number
    readonly lastFailedTime?: string
    readonly conditions?: readonly Condition[]
  }
}
export const IMAGES = defineResource<VirtualMachineImage>('harvesterhci.io/v1beta1', 'VirtualMachineImage', 'virtualmachineimages')

/** On a BackingImage and on a claim: the image it comes from, as `namespace/name`. Source: pkg/util/constants.go. */
export const IMAGE_ID_ANNOTATION = 'harvesterhci.io/imageId'
/** On an image: the storage class that it was made for. Source: pkg/util/constants.go. */
export const STORAGE_CLASS_ANNOTATION = 'harvesterhci.io/storageClassName'
/** On an image: the name of the file that was uploaded. Source: harvester-ui-extension config/labels-annotations.js. */
export const IMAGE_NAME_ANNOTATION = 'harvesterhci.io/image-name'
/** Set by Harvester's webhook: the display name, by which it finds namesakes. */
export const DISPLAY_NAME_LABEL = 'harvesterhci.io/imageDisplayName'
export const OS_TYPE_LABEL = 'harvesterhci.io/os-type'
export const IMAGE_TYPE_LABEL = 'harvesterhci.io/image-type'
/** Where Harvester's and Rancher's consoles keep a description. */
export const DESCRIPTION_ANNOTATION = 'field.cattle.io/description'
/** Ours, on an image: that its mutable URL was accepted knowingly, as JSON `{who, when}`. */
export const MUTABLE_ACKNOWLEDGED_ANNOTATION = 'guardrails.harvesterhci.io/mutable-url-acknowledged'
/** Ours, on an image: that it was made though the server had found other bytes than its checksum says, as JSON `{who, when}`. */
export const MISMATCH_ACKNOWLEDGED_ANNOTATION = 'guardrails.harvesterhci.io/checksum-mismatch-acknowledged'
/** Ours, on an image: what its URL served when it was last looked at, as JSON (see `UpstreamCheck`). */
export const UPSTREAM_CHECK_ANNOTATION = 'guardrails.harvesterhci.io/upstream-check'

const UPSTREAM_WORDS = ['unchanged', 'alike', 'changed', 'gone', 'cannot-say'] as const
/** Whether the URL still serves what was imported. `alike`: by size and date, and no checksum was compared. `gone`: nothing could be downloaded from it. */
export type UpstreamWord = typeof UPSTREAM_WORDS[number]

/** A look at an image's URL: what came of it, by what, and what was served, for the next look to compare with. */
export interface UpstreamCheck {
  readonly word: UpstreamWord
  /** ISO 8601. */
  readonly at: string
  readonly findings: readonly UpstreamFinding[]
  readonly served?: FileFacts & { readonly published?: { readonly algorithm: ChecksumAlgorithm, readonly digest: string } }
  readonly failure?: ReadFailure
  /** The last look that could tell, where this one was not answered. */
  readonly last?: UpstreamConclusion
}
export interface UpstreamConclusion { readonly word: Exclude<UpstreamWord, 'cannot-say'>, readonly at: string }

/** `bytes`: all of them were read. `date`: when the file was last written, against when the image was made. `earlier-…`: against the look before. */
export interface UpstreamFinding {
  readonly fact: 'bytes' | 'checksum' | 'size' | 'date' | 'earlier-checksum' | 'earlier-etag'
  readonly standing: 'same' | 'differs' | 'not-recorded' | 'not-served'
}

function isConclusion(read: unknown): read is { readonly word: UpstreamWord, readonly at: string } {
  const { word, at } = (read ?? {}) as Partial<UpstreamCheck>
  return word !== undefined && UPSTREAM_WORDS.includes(word) && typeof at === 'string' && !Number.isNaN(Date.parse(at))
}

/** What a look found out, or the one before it where it was not answered; undefined where neither did. */
export function conclusionOf(check: Pick<UpstreamCheck, 'word' | 'at' | 'last'> | undefined): UpstreamConclusion | undefined {
  return check && check.word !== 'cannot-say' ? { word: check.word, at: check.at } : check?.last
}

/** The last look at the image's URL that was kept; undefined where there is none, or none that can be read. */
export function upstreamCheckOf({ metadata }: Pick<VirtualMachineImage, 'metadata'>): UpstreamCheck | undefined {
  try {
    const read: unknown = JSON.parse(metadata.annotations?.[UPSTREAM_CHECK_ANNOTATION] ?? 'null')
    if (!isConclusion(read))
      return undefined
    const { word, at, findings, served, failure, last } = read as UpstreamCheck
    const before = isConclusion(last) ? conclusionOf(last) : undefined
    return { word, at, findings: Array.isArray(findings) ? findings : [], ...(served && { served }), ...(failure && { failure }), ...(before && { last: before }) }
  }
  catch {
    return undefined
  }
}

/** Why Longhorn would find no such image at its URL on the day that its copies are lost; undefined where nobody has seen that. */
export function lossOfUpstream(image: Pick<VirtualMachineImage, 'metadata'>): { readonly word: 'changed' | 'gone', readonly at: string } | undefined {
  const { word, at = '' } = conclusionOf(upstreamCheckOf(image)) ?? {}
  return word === 'changed' || word === 'gone' ? { word, at } : undefined
}

/** Who created an image from a mutable URL knowing it, and when (ISO 8601). */
export interface MutableAcknowledgement { readonly who: string, readonly when: string }

/** Who acknowledged the image's mutable URL, or what else an annotation of ours says, or undefined where nobody did: an annotation that names nobody or no time is no acknowledgement. */
export function acknowledgementOf(image: Pick<Manifest<VirtualMachineImage>, 'metadata'>, annotation = MUTABLE_ACKNOWLEDGED_ANNOTATION): MutableAcknowledgement | undefined {
  try {
    const read: unknown = JSON.parse(image.metadata.annotations?.[annotation] ?? 'null')
    const { who, when } = (read ?? {}) as Partial<Record<keyof MutableAcknowledgement, unknown>>
    return typeof who === 'string' && who.trim() && typeof when === 'string' && readTimestamp(when) !== undefined ? { who, when } : undefined
  }
  catch {
    return undefined
  }
}
