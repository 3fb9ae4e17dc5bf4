import type { Condition, KubeObject } from './object.ts'
import { defineResource } from './resource.ts'

// The built-in kinds that the console reads. Only the fields that somebody here looks at.

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
