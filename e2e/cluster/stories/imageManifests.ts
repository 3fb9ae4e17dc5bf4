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
  /** Of a clone: what is made of which image. */
  readonly securityParameters?: { readonly cryptoOperation: 'encrypt' | 'decrypt', readonly sourceImageName: string, readonly sourceImageNamespace: string }
}

/** The one image of most stories. */
export const NOBLE = 'noble'
/** What is made of it. */
export const SECRET = 'secret'

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

/** What disks are encrypted with, as Harvester's webhook wants it. */
export function passphrase(namespace: string, name: string): Fields {
  const stringData = { CRYPTO_KEY_VALUE: 'a passphrase', CRYPTO_KEY_PROVIDER: 'secret', CRYPTO_KEY_CIPHER: 'aes-xts-plain64', CRYPTO_KEY_HASH: 'sha256', CRYPTO_KEY_SIZE: '256', CRYPTO_PBKDF: 'argon2i' }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData }
}

const READERS = ['provisioner', 'node-stage', 'node-publish'] as const

/** Parameters of a class whose disks are encrypted with a secret. */
export function encrypting(secret: { readonly name: string, readonly namespace: string }): Readonly<Record<string, string>> {
  const readers = READERS.flatMap(reader => [[`csi.storage.k8s.io/${reader}-secret-name`, secret.name], [`csi.storage.k8s.io/${reader}-secret-namespace`, secret.namespace]])
  return { encrypted: 'true', ...Object.fromEntries(readers) as Readonly<Record<string, string>> }
}

/** What is said of an image that is to be the one image, encrypted. */
export function encrypted(namespace: string): NonNullable<Picture['securityParameters']> {
  return { cryptoOperation: 'encrypt', sourceImageName: NOBLE, sourceImageNamespace: namespace }
}

/** A class of Longhorn's, three copies of each disk where nothing else is said. */
export function classOf(name: string, parameters: Readonly<Record<string, string>>): Fields {
  return {
    apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, provisioner: 'driver.longhorn.io', parameters: { numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true', ...parameters },
    reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true,
  }
}
