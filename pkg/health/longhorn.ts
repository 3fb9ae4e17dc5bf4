import type { Condition, KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Longhorn's kinds, `longhorn.io/v1beta2`, all in namespace longhorn-system.
// Source: longhorn/longhorn-manager k8s/pkg/apis/longhorn/v1beta2.

export const LONGHORN_NAMESPACE = 'longhorn-system'

export type DataEngine = 'v1' | 'v2'

export interface CopyStatus {
  readonly dataEngine?: string
  /** pending, starting, ready-for-transfer, in-progress, ready, failed, failed-and-cleanup, unknown; a plain string in the CRD, so another one must be met. */
  readonly state?: string
  readonly progress?: number
  readonly message?: string
  readonly lastStateTransitionTime?: string
}

export interface BackingImage extends KubeObject {
  readonly spec: {
    readonly checksum?: string
    readonly sourceType?: string
    readonly sourceParameters?: Readonly<Record<string, string>>
    readonly minNumberOfCopies?: number
    readonly diskFileSpecMap?: Readonly<Record<string, { readonly evictionRequested?: boolean, readonly dataEngine?: string }>> | null
    readonly disks?: Readonly<Record<string, string>>
    readonly diskSelector?: readonly string[]
    readonly nodeSelector?: readonly string[]
    readonly dataEngine?: string
  }
  readonly status?: {
    readonly ownerID?: string
    readonly uuid?: string
    readonly size?: number
    readonly virtualSize?: number
    readonly realSize?: number
    readonly checksum?: string
    readonly diskFileStatusMap?: Readonly<Record<string, CopyStatus>> | null
    readonly diskLastRefAtMap?: Readonly<Record<string, string>> | null
  }
}
export const BACKING_IMAGES = defineResource<BackingImage>('longhorn.io/v1beta2', 'BackingImage', 'backingimages')

export interface BackingImageManager extends KubeObject {
  readonly spec: { readonly image?: string, readonly nodeID: string, readonly diskUUID: string, readonly diskPath?: string, readonly backingImages?: Readonly<Record<string, string>> }
  readonly status?: {
    readonly ownerID?: string
    readonly currentState?: string
    readonly backingImageFileMap?: Readonly<Record<string, { readonly name?: string, readonly uuid?: string, readonly state?: string, readonly currentChecksum?: string, readonly message?: string, readonly progress?: number }>> | null
  }
}
export const BACKING_IMAGE_MANAGERS = defineResource<BackingImageManager>('longhorn.io/v1beta2', 'BackingImageManager', 'backingimagemanagers')

export interface BackingImageDataSource extends KubeObject {
  readonly spec: { readonly nodeID?: string, readonly diskUUID?: string, readonly diskPath?: string, readonly uuid?: string, readonly checksum?: string, readonly sourceType?: string, readonly parameters?: Readonly<Record<string, string>>, readonly fileTransferred?: boolean }
  readonly status?: { readonly currentState?: string, readonly progress?: number, readonly message?: string, readonly checksum?: string, readonly size?: number }
}
export const BACKING_IMAGE_DATA_SOURCES = defineResource<BackingImageDataSource>('longhorn.io/v1beta2', 'BackingImageDataSource', 'backingimagedatasources')

export interface LonghornDiskSpec {
  readonly allowScheduling?: boolean
  readonly evictionRequested?: boolean
  readonly path?: string
  readonly diskType?: string
  readonly tags?: readonly string[]
  readonly storageReserved?: number
}
export interface LonghornDiskStatus {
  readonly diskUUID?: string
  readonly diskPath?: string
  readonly diskName?: string
  readonly diskType?: string
  readonly conditions?: readonly Condition[]
  readonly storageAvailable?: number
  readonly storageMaximum?: number
  readonly storageScheduled?: number
  readonly scheduledReplica?: Readonly<Record<string, number>> | null
  readonly scheduledBackingImage?: Readonly<Record<string, number>> | null
}
export interface LonghornNode extends KubeObject {
  readonly spec: { readonly name?: string, readonly allowScheduling?: boolean, readonly evictionRequested?: boolean, readonly tags?: readonly string[], readonly disks?: Readonly<Record<string, LonghornDiskSpec>> }
  readonly status?: { readonly conditions?: readonly Condition[], readonly diskStatus?: Readonly<Record<string, LonghornDiskStatus>> | null }
}
export const LONGHORN_NODES = defineResource<LonghornNode>('longhorn.io/v1beta2', 'Node', 'nodes')

export interface LonghornVolume extends KubeObject {
  readonly spec: { readonly size?: string, readonly numberOfReplicas?: number, readonly backingImage?: string, readonly dataEngine?: string, readonly nodeID?: string, readonly accessMode?: string, readonly migratable?: boolean, /** What it is filled from, `vol://volume` or `snap://volume/snapshot`. */ readonly dataSource?: string }
  readonly status?: {
    readonly state?: string
    readonly robustness?: string
    readonly currentNodeID?: string
    readonly ownerID?: string
    readonly conditions?: readonly Condition[]
    /** Being filled from a backup, made larger, or filled from another volume. */
    readonly restoreRequired?: boolean
    readonly expansionRequired?: boolean
    readonly cloneStatus?: { readonly state?: string, readonly sourceVolume?: string, readonly snapshot?: string, readonly attemptCount?: number }
    readonly kubernetesStatus?: { readonly pvName?: string, readonly pvStatus?: string, readonly namespace?: string, readonly pvcName?: string, readonly lastPVCRefAt?: string, readonly lastPodRefAt?: string, readonly workloadsStatus?: readonly { readonly podName?: string, readonly podStatus?: string, readonly workloadName?: string, readonly workloadType?: string }[] | null }
  }
}
export const LONGHORN_VOLUMES = defineResource<LonghornVolume>('longhorn.io/v1beta2', 'Volume', 'volumes')

export interface LonghornReplica extends KubeObject {
  readonly spec: { readonly volumeName?: string, readonly nodeID?: string, readonly diskID?: string, readonly diskPath?: string, readonly backingImage?: string, readonly failedAt?: string, readonly healthyAt?: string, readonly dataEngine?: string }
  readonly status?: { readonly currentState?: string }
}
export const LONGHORN_REPLICAS = defineResource<LonghornReplica>('longhorn.io/v1beta2', 'Replica', 'replicas')

export interface BackupBackingImage extends KubeObject {
  readonly spec?: { readonly backingImage?: string, readonly backupTargetName?: string }
  readonly status?: { readonly backingImage?: string, readonly checksum?: string, readonly state?: string, readonly url?: string, readonly backupCreatedAt?: string }
}
export const BACKUP_BACKING_IMAGES = defineResource<BackupBackingImage>('longhorn.io/v1beta2', 'BackupBackingImage', 'backupbackingimages')
