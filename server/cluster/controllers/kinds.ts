import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Kinds that only the controllers write; those that the console reads are in pkg.

export interface PersistentVolume extends KubeObject {
  readonly spec: {
    readonly capacity?: { readonly storage?: string }
    readonly accessModes?: readonly string[]
    readonly claimRef?: { readonly namespace?: string, readonly name?: string, readonly uid?: string }
    readonly persistentVolumeReclaimPolicy?: string
    readonly storageClassName?: string
    readonly volumeMode?: string
    readonly csi?: { readonly driver: string, readonly volumeHandle: string }
  }
  readonly status?: { readonly phase?: string }
}
export const PERSISTENT_VOLUMES = defineResource<PersistentVolume>('v1', 'PersistentVolume', 'persistentvolumes', 'cluster')

export interface Event extends KubeObject { readonly reason?: string, readonly message?: string, readonly type?: string }
export const EVENTS = defineResource<Event>('v1', 'Event', 'events')

export interface LonghornEngine extends KubeObject {
  readonly spec: { readonly volumeName?: string, readonly nodeID?: string, readonly desireState?: string }
  readonly status?: { readonly currentState?: string }
}
export const LONGHORN_ENGINES = defineResource<LonghornEngine>('longhorn.io/v1beta2', 'Engine', 'engines')

export interface LonghornSetting extends KubeObject { readonly value?: string }
export const LONGHORN_SETTINGS = defineResource<LonghornSetting>('longhorn.io/v1beta2', 'Setting', 'settings')

export interface HarvesterSetting extends KubeObject { readonly value?: string, readonly default?: string }
export const HARVESTER_SETTINGS = defineResource<HarvesterSetting>('harvesterhci.io/v1beta1', 'Setting', 'settings', 'cluster')

export interface ConfigMap extends KubeObject { readonly data?: Readonly<Record<string, string>> }
export const CONFIG_MAPS = defineResource<ConfigMap>('v1', 'ConfigMap', 'configmaps')

/** What CDI makes of a storage class (containerized-data-importer staging/src/kubevirt.io/containerized-data-importer-api core/v1beta1). */
export interface StorageProfile extends KubeObject {
  readonly status?: { readonly cloneStrategy?: string }
}
export const STORAGE_PROFILES = defineResource<StorageProfile>('cdi.kubevirt.io/v1beta1', 'StorageProfile', 'storageprofiles', 'cluster')
