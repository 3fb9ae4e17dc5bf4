import type { Condition, KubeObject } from '#kube/object.ts'
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
/** Ours, on an image: what its URL served when it was last looked at (see `upstream.ts`), as JSON. */
export const UPSTREAM_CHECK_ANNOTATION = 'guardrails.harvesterhci.io/upstream-check'
