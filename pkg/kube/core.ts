import type { Condition, KubeObject, Manifest } from './object.ts'
import { defineResource } from './resource.ts'

// The built-in kinds that the console reads. Only the fields that somebody here looks at, and how much has room in them.

export interface Namespace extends KubeObject { readonly status?: { readonly phase?: string } }
export const NAMESPACES = defineResource<Namespace>('v1', 'Namespace', 'namespaces', 'cluster')

export interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean, readonly taints?: readonly { readonly key: string, readonly effect: string, readonly value?: string }[] }
  readonly status?: { readonly conditions?: readonly Condition[], readonly addresses?: readonly { readonly type: string, readonly address: string }[] }
}
export const NODES = defineResource<Node>('v1', 'Node', 'nodes', 'cluster')

interface PodVolume {
  readonly name: string
  readonly persistentVolumeClaim?: { readonly claimName: string, readonly readOnly?: boolean }
  readonly ephemeral?: object
}
export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string, readonly volumes?: readonly PodVolume[] }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly { readonly name: string, readonly ready?: boolean, readonly state?: { readonly terminated?: object, readonly running?: object, readonly waiting?: object } }[]
  }
}
export const PODS = defineResource<Pod>('v1', 'Pod', 'pods')

export interface PersistentVolumeClaim extends KubeObject {
  readonly spec?: {
    readonly accessModes?: readonly string[]
    readonly resources?: { readonly requests?: { readonly storage?: string } }
    readonly storageClassName?: string
    readonly volumeMode?: 'Block' | 'Filesystem'
    readonly volumeName?: string
    readonly dataSource?: { readonly kind: string, readonly name: string }
  }
  readonly status?: { readonly phase?: 'Pending' | 'Bound' | 'Lost', readonly capacity?: { readonly storage?: string }, readonly accessModes?: readonly string[], readonly conditions?: readonly Condition[] }
}
export const CLAIMS = defineResource<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims')

export interface Secret extends KubeObject { readonly type?: string, readonly data?: Readonly<Record<string, string>>, readonly stringData?: Readonly<Record<string, string>> }
export const SECRETS = defineResource<Secret>('v1', 'Secret', 'secrets')

export interface ConfigMap extends KubeObject { readonly data?: Readonly<Record<string, string>> }
export const CONFIG_MAPS = defineResource<ConfigMap>('v1', 'ConfigMap', 'configmaps')

export interface StorageClass extends KubeObject {
  readonly provisioner: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly reclaimPolicy?: string
  readonly volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer'
  readonly allowVolumeExpansion?: boolean
}
export const STORAGE_CLASSES = defineResource<StorageClass>('storage.k8s.io/v1', 'StorageClass', 'storageclasses', 'cluster')

export interface VolumeAttachment extends KubeObject {
  readonly spec: { readonly attacher: string, readonly nodeName: string, readonly source: { readonly persistentVolumeName?: string } }
  readonly status?: { readonly attached: boolean }
}
export const VOLUME_ATTACHMENTS = defineResource<VolumeAttachment>('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments', 'cluster')

/** Asks the cluster who the user is; created, never kept. Source: kubernetes api/authentication/v1. */
export interface SelfSubjectReview extends KubeObject { readonly status?: { readonly userInfo?: { readonly username?: string, readonly groups?: readonly string[] } } }
export const SELF_SUBJECT_REVIEWS = defineResource<SelfSubjectReview>('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', 'cluster')

/** The question what the cluster calls who asks. */
export function whoAmI(): Manifest<SelfSubjectReview> {
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} }
}

/**
 * Bytes of a text that is kept as an annotation. All annotations of an object have room for 262,144 together, names included
 * (apimachinery pkg/api/validation/objectmeta.go, `TotalAnnotationSizeLimitB`); what Harvester, KubeVirt and this console keep there fits beside it.
 */
export const LONGEST_ANNOTATION = 200_000

/** Bytes that all values of a Secret have room for together (kubernetes pkg/apis/core/types.go, `MaxSecretSize`). */
export const LARGEST_SECRET = 1_048_576

/** Gibibytes that no quantity of bytes can be counted to: 2⁶³ bytes (apimachinery pkg/api/resource, which counts in int64). */
export const TOO_MANY_GIB = 2 ** 33

/** Whether a refusal says that the namespace of what was to be made is not there; it names no path (apiserver pkg/admission/plugin/namespace/lifecycle). */
export function isNamespaceGone({ status, message }: { readonly status: number, readonly message: string }): boolean {
  return status === 404 && /^namespaces ".*" not found$/.test(message)
}

/** How many bytes a text has in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
