import type { Fields } from '../../api.ts'

/** What an image is made of, as the console writes it; the rest is filled in by Harvester's webhook. */
export interface Picture {
  readonly sourceType?: 'download' | 'upload' | 'export-from-volume' | 'clone'
  readonly backend?: 'backingimage' | 'cdi'
  readonly url?: string
  readonly checksum?: string
  readonly retry?: number
  readonly pvcName?: string
  readonly targetStorageClassName?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** The one image of most stories. */
export const NOBLE = 'noble'

/** Where a publisher puts another build each day, and where he keeps one for good; below the mirror. */
export const CURRENT = 'ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img'
export const LASTING = 'faults/target/disk.qcow2'

/** An image as the console sends it. */
export function picture(namespace: string, name: string, { sourceType = 'download', retry = 1, annotations = {}, ...spec }: Picture): Fields {
  return {
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace, annotations },
    spec: { displayName: name, sourceType, retry, ...(sourceType === 'export-from-volume' ? { pvcNamespace: namespace } : {}), ...spec },
  }
}

/** A disk made from an image, by the image's own class. */
export function claimOf(namespace: string, name: string, storageClassName: string): Fields {
  return {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName, resources: { requests: { storage: '10Gi' } } },
  }
}
