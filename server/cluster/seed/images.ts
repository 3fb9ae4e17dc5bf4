import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, BACKING_IMAGE_MANAGERS } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { STORAGE_CLASSES } from '#kube/core.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { managerName } from '../controllers/backingImages.ts'
import { stamp } from '../controllers/conditions.ts'
import { DEFAULT_PARAMETERS, IMAGE_FINALIZER } from '../controllers/harvesterImages.ts'
import { hex, sha512, suffix, uuidOf } from '../controllers/hash.ts'
import { headOf, virtualSizeOf } from '../controllers/internet.ts'
import { ownerOf } from '../controllers/step.ts'
import { diskPath, diskUuid } from './platform.ts'
import type { Layer, Made, SeedObject } from './seed.ts'

// Images of the demonstration, one for each state worth looking at.

export const DAY = 86_400_000
const HOUR = 3_600_000
const GIB = 2 ** 30

/** A copy on `node/disk`. */
interface CopySeed {
  readonly on: string
  /** `wanted`: a place of which nothing is said, as where what was lost has been thrown away and waits for a sound source. */
  readonly state: 'ready' | 'failed' | 'unknown' | 'in-progress' | 'wanted'
  readonly progress?: number
  readonly message?: string
  /** What its manager says, where that differs from what the image says. */
  readonly file?: 'ready' | 'failed'
  readonly checksum?: string
  readonly evicting?: boolean
}

interface ImageSeed {
  readonly namespace: string
  readonly displayName: string
  readonly sourceType?: VirtualMachineImage['spec']['sourceType']
  readonly url?: string
  readonly checksum?: string
  readonly pvcName?: string
  readonly description?: string
  readonly os: string
  readonly retry?: number
  readonly parameters?: Readonly<Record<string, string>>
  readonly target?: string
  /** Days since it was imported. */
  readonly age: number
  /** The bytes that were imported are not those of today. */
  readonly recorded?: string
  readonly size?: number
  readonly copies?: readonly CopySeed[]
  readonly status?: { readonly progress?: number, readonly failed?: number, readonly error?: string, readonly imported?: 'True' | 'Unknown' | 'False' }
  /** Of the data source, where the first file is not (or no longer) transferred. */
  readonly source?: { readonly state: string, readonly on: string, readonly progress?: number, readonly checksum?: string }
  readonly cdi?: { readonly phase: string, readonly progress: string, readonly restarts?: number, readonly error?: string }
}

const ready = (...disks: readonly string[]): CopySeed[] => disks.map(on => ({ on, state: 'ready' as const }))
const USUAL = ready('node-1/disk-1', 'node-2/disk-1', 'node-3/disk-1')

const NOBLE = 'https://cloud-images.ubuntu.com/releases/noble/release-20261104/ubuntu-24.04-server-cloudimg-amd64.img'
const JAMMY = 'https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img'
const DEBIAN = 'https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2'
const ROCKY = 'https://dl.rockylinux.org/pub/rocky/9.6/images/x86_64/Rocky-9-GenericCloud-Base-9.6-20260531.0.x86_64.qcow2'
const CENTOS = 'https://cloud.centos.org/centos/10-stream/x86_64/images/CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2'
const WINDOWS = 'https://mirror.branch-office.example/iso/SERVER_EVAL_x64FRE_en-us.iso'
const ALMA = 'https://mirror.branch-office.example/almalinux/9/cloud/x86_64/images/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2'
const FEDORA = 'https://download.fedoraproject.org/pub/fedora/linux/releases/40/Cloud/x86_64/images/Fedora-Cloud-Base-Generic.x86_64-40-1.14.qcow2'
const VIRTIO = 'https://fedorapeople.org/groups/virt/virtio-win/direct-downloads/archive-virtio/virtio-win-0.1.285-1/virtio-win-0.1.285.iso'
const FLATCAR = 'https://artifacts.corp.invalid/flatcar/stable/4152.2.3/flatcar_production_qemu_image.img'

const NEW_CENTOS = sha512(`${CENTOS} as it is now`)

export const IMAGE_SEEDS = {
  noble: { namespace: 'production', displayName: 'ubuntu-24.04-noble-20261104', os: 'ubuntu', url: NOBLE, checksum: sha512(NOBLE), age: 14, copies: USUAL, description: 'Base of all new Linux VMs' },
  jammy: { namespace: 'production', displayName: 'ubuntu-22.04-jammy-current', os: 'ubuntu', url: JAMMY, age: 97, recorded: sha512(`${JAMMY} of last summer`), copies: USUAL },
  debian: { namespace: 'production', displayName: 'debian-12-latest', os: 'debian', url: DEBIAN, age: 41, recorded: sha512(`${DEBIAN} of last month`), copies: USUAL },
  rocky: {
    namespace: 'production', displayName: 'rocky-9.6-20260531', os: 'linux', url: ROCKY, age: 120,
    // Its fourth copy was added when the one on the bad disk failed; that one stays while a replica there uses it.
    copies: [...USUAL, { on: 'node-2/disk-2', state: 'failed', progress: 100, message: `failed to process sync file: the expected checksum ${sha512(ROCKY)} doesn't match the file actual checksum ${sha512('spoilt on node-2')}`, checksum: sha512('spoilt on node-2') }],
  },
  centos: {
    namespace: 'staging', displayName: 'centos-stream-10-latest', os: 'centos', url: CENTOS, age: 63, recorded: sha512(`${CENTOS} of two months ago`),
    copies: [
      { on: 'node-1/disk-2', state: 'failed', progress: 100, file: 'ready', checksum: NEW_CENTOS, message: `Backing image recorded checksum ${sha512(`${CENTOS} of two months ago`)} doesn't match the file checksum ${NEW_CENTOS} in disk ${diskUuid('node-1', 'disk-2')}` },
      { on: 'node-2/disk-1', state: 'wanted' },
      { on: 'node-3/disk-1', state: 'wanted' },
    ],
    source: { state: 'ready', on: 'node-1/disk-2', progress: 100, checksum: NEW_CENTOS },
  },
  windows: {
    namespace: 'production', displayName: 'windows-server-2025-eval.iso', os: 'windows', url: WINDOWS, age: 0,
    copies: [{ on: 'node-2/disk-1', state: 'in-progress', progress: 37 }], source: { state: 'in-progress', on: 'node-2/disk-1', progress: 37 }, status: { progress: 37, imported: 'Unknown' },
  },
  alma: {
    namespace: 'staging', displayName: 'almalinux-9-latest', os: 'linux', url: ALMA, age: 0, retry: 5,
    copies: [{ on: 'node-1/disk-1', state: 'in-progress', progress: 12 }], source: { state: 'in-progress', on: 'node-1/disk-1', progress: 12 },
    status: { progress: 12, imported: 'Unknown', failed: 2, error: 'processed data size 241172480 does not match the expected file size 536870912' },
  },
  fedora: {
    namespace: 'staging', displayName: 'fedora-40-cloud', os: 'fedora', url: FEDORA, age: 2,
    status: { progress: 0, failed: 4, imported: 'False', error: `got 404 status code from ${FEDORA}` },
  },
  rhel: {
    namespace: 'production', displayName: 'rhel-9-golden-2026.3', os: 'redhat', sourceType: 'upload', age: 210, size: 1_431_655_936, target: 'longhorn-archive',
    parameters: { migratable: 'true', numberOfReplicas: '1', staleReplicaTimeout: '30', diskSelector: 'archive' }, description: 'Built by hand with the platform team; there is no other file of it',
    copies: [{ on: 'node-3/disk-2', state: 'ready', evicting: true }],
  },
  exported: { namespace: 'production', displayName: 'web-01-before-upgrade', os: 'ubuntu', sourceType: 'export-from-volume', pvcName: 'web-01-root', age: 9, size: 20 * GIB, copies: USUAL },
  appliance: {
    namespace: 'lab', displayName: 'netflow-appliance-4.2', os: 'linux', sourceType: 'upload', age: 320, size: 2_147_483_648,
    parameters: { migratable: 'true', numberOfReplicas: '1', staleReplicaTimeout: '30' },
    copies: [{ on: 'node-4/disk-1', state: 'unknown', progress: 100 }],
  },
  virtio: { namespace: 'production', displayName: 'virtio-win-0.1.285.iso', os: 'windows', url: VIRTIO, age: 30, copies: USUAL },
  nobleV2: { namespace: 'production', displayName: 'ubuntu-24.04-noble-v2', os: 'ubuntu', url: NOBLE, target: 'longhorn-v2', age: 12, cdi: { phase: 'Succeeded', progress: '100.0%' } },
  flatcar: {
    namespace: 'lab', displayName: 'flatcar-stable-v2', os: 'linux', url: FLATCAR, target: 'longhorn-v2', age: 1, status: { progress: 0, imported: 'Unknown' },
    cdi: { phase: 'ImportInProgress', progress: 'N/A', restarts: 14, error: 'Unable to connect to http data source: HTTP request errored: Get "https://artifacts.corp.invalid/flatcar/stable/4152.2.3/flatcar_production_qemu_image.img": dial tcp: lookup artifacts.corp.invalid: no such host' },
  },
} as const satisfies Readonly<Record<string, ImageSeed>>

export type ImageKey = keyof typeof IMAGE_SEEDS

const ALL = Object.entries(IMAGE_SEEDS) as [ImageKey, ImageSeed][]

/** `image-xxxxx`, as Harvester's console names them. */
export function imageName(key: ImageKey): string {
  return `image-${suffix(`demonstration ${key}`)}`
}

/** `namespace/name` of an image. */
export function imageId(key: ImageKey): string {
  return `${IMAGE_SEEDS[key].namespace}/${imageName(key)}`
}

export function backingImageOf(key: ImageKey, made: Made): string {
  return `vmi-${made.uid(IMAGES, imageId(key))}`
}

/** The class for volumes made from an image. */
export function classOf(key: ImageKey, made: Made): string {
  const seed: ImageSeed = IMAGE_SEEDS[key]
  return seed.cdi ? seed.target ?? '' : `lh-${made.uid(IMAGES, imageId(key))}`
}

function sizeOf(seed: ImageSeed): number {
  const head = seed.url === undefined ? undefined : headOf(seed.url)
  return seed.size ?? (head?.ok ? head.size : 0)
}

function virtualOf(seed: ImageSeed): number {
  return virtualSizeOf(seed.url ?? (seed.sourceType === 'upload' ? 'upload.qcow2' : 'volume.raw'), sizeOf(seed))
}

function checksumOf(key: ImageKey, seed: ImageSeed): string {
  return seed.recorded ?? seed.checksum ?? sha512(seed.url ?? `demonstration ${key}`)
}

function image(key: ImageKey, seed: ImageSeed, now: number): SeedObject {
  const { namespace, displayName, sourceType = 'download', url = '', checksum = '', retry = 3, target = 'harvester-longhorn', pvcName, parameters, description } = seed
  const { progress = 100, failed = 0, error, imported = 'True' } = seed.status ?? {}
  const done = stamp(now - seed.age * DAY - HOUR)
  const begun = stamp(now - seed.age * DAY - HOUR - 90_000)
  const over = failed > retry
  const message = error && `retry attempted ${failed - 1}/${retry} failed due to error: ${error}`
  return {
    kind: IMAGES,
    object: {
      metadata: {
        name: imageName(key), namespace, generateName: 'image-', finalizers: [IMAGE_FINALIZER],
        labels: { 'harvesterhci.io/os-type': seed.os, 'harvesterhci.io/image-type': url.endsWith('.iso') ? 'iso' : 'raw_qcow2', 'harvesterhci.io/imageDisplayName': displayName },
        annotations: { 'harvesterhci.io/storageClassName': target, ...(description ? { 'field.cattle.io/description': description } : {}) },
      },
      spec: {
        displayName, sourceType, url, checksum, retry, backend: seed.cdi ? 'cdi' : 'backingimage', targetStorageClassName: target,
        ...(pvcName ? { pvcName, pvcNamespace: namespace } : {}), ...(description ? { description } : {}),
        ...(seed.cdi ? {} : { storageClassParameters: parameters ?? DEFAULT_PARAMETERS }),
      },
    },
    status: ({ metadata }) => ({
      appliedUrl: url, progress, size: sizeOf(seed), ...(imported === 'True' ? { virtualSize: virtualOf(seed) } : {}), failed,
      ...(failed > 0 ? { lastFailedTime: done } : {}),
      ...(over ? {} : { storageClassName: seed.cdi ? target : `lh-${metadata.uid}` }),
      conditions: [
        ...(over ? [{ type: 'Initialized', status: 'False', message, lastUpdateTime: done }] : [{ type: 'Initialized', status: 'True', reason: 'Initialized', lastUpdateTime: begun }, { type: 'Imported', status: imported, reason: imported === 'True' ? 'Imported' : 'Importing', lastUpdateTime: done }]),
        { type: 'RetryLimitExceeded', status: over ? 'True' : 'False', ...(message ? { message } : {}), lastUpdateTime: done },
      ],
    }),
  }
}

function place(on: string): { node: string, disk: string, uuid: string, path: string } {
  const [node = '', disk = ''] = on.split('/')
  return { node, disk, uuid: diskUuid(node, disk), path: diskPath(node, disk) }
}

/** Which disks a volume from the image may lie on: those that have a good copy. */
export function disksOfImage(key: ImageKey): string[] {
  const { copies = [] }: ImageSeed = IMAGE_SEEDS[key]
  return copies.map(copy => copy.on)
}

function contentOf(name: string): string {
  return hex(`content ${name}`)
}

/** The name of the volume behind a claim of the demonstration. */
export function volumeOf(namespace: string, claim: string): string {
  return `pvc-${uuidOf(`${namespace}/${claim}`)}`
}

/** What Harvester tells Longhorn of where the image comes from. */
function parametersOf({ url, pvcName, namespace }: ImageSeed): Readonly<Record<string, string>> {
  return pvcName ? { 'volume-name': volumeOf(namespace, pvcName), 'export-type': 'raw' } : url ? { url } : {}
}

function backingImage(key: ImageKey, seed: ImageSeed, made: Made, now: number): SeedObject[] {
  const name = backingImageOf(key, made)
  const parameters: Readonly<Record<string, string>> = seed.parameters ?? DEFAULT_PARAMETERS
  const copies = seed.copies ?? []
  const told = copies.filter(copy => copy.state !== 'wanted')
  const since = stamp(now - seed.age * DAY - HOUR)
  const progressing = copies.some(copy => copy.state === 'in-progress')
  const size = sizeOf(seed)
  return [
    { kind: STORAGE_CLASSES, object: { metadata: { name: classOf(key, made) }, provisioner: 'driver.longhorn.io', parameters: { ...parameters, backingImage: name }, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true } },
    {
      kind: BACKING_IMAGES,
      object: {
        metadata: { name, namespace: 'longhorn-system', finalizers: ['longhorn.io'], annotations: { 'harvesterhci.io/imageId': imageId(key) }, labels: { 'longhorn.io/component': 'backing-image', 'longhorn.io/managed-by': 'longhorn-manager' } },
        spec: {
          sourceType: seed.sourceType ?? 'download', sourceParameters: parametersOf(seed), checksum: seed.checksum ?? '', minNumberOfCopies: Number(parameters.numberOfReplicas), dataEngine: 'v1',
          nodeSelector: [], diskSelector: parameters.diskSelector ? [parameters.diskSelector] : [],
          diskFileSpecMap: Object.fromEntries(copies.map(copy => [place(copy.on).uuid, { dataEngine: 'v1', evictionRequested: copy.evicting ?? false }])),
        },
      },
      status: {
        ownerID: 'node-1', uuid: contentOf(name), size, checksum: progressing ? '' : checksumOf(key, seed),
        ...(progressing ? {} : { virtualSize: virtualOf(seed), realSize: Math.ceil(size / 4096) * 4096 }),
        diskFileStatusMap: Object.fromEntries(told.map(copy => [place(copy.on).uuid, { dataEngine: 'v1', state: copy.state, progress: copy.progress ?? 100, message: copy.message ?? '', lastStateTransitionTime: copy.state === 'ready' ? since : stamp(now - 11 * HOUR) }])),
        diskLastRefAtMap: {},
      },
    },
  ]
}

function dataSource(key: ImageKey, seed: ImageSeed, made: Made): SeedObject {
  const name = backingImageOf(key, made)
  const [first] = seed.copies ?? []
  const on = place(seed.source?.on ?? first?.on ?? '')
  const { state = 'ready', progress = 100, checksum = seed.source ? '' : checksumOf(key, seed) } = seed.source ?? {}
  const parameters = seed.url ? { url: seed.url } : {}
  return {
    kind: BACKING_IMAGE_DATA_SOURCES,
    object: {
      metadata: { name, namespace: 'longhorn-system', labels: { 'longhorn.io/component': 'backing-image-data-source', 'longhorn.io/managed-by': 'longhorn-manager' }, ownerReferences: [ownerOf(BACKING_IMAGES, made.get(BACKING_IMAGES, `longhorn-system/${name}`))] },
      spec: { nodeID: on.node, diskUUID: on.uuid, diskPath: on.path, uuid: contentOf(name), checksum: seed.checksum ?? '', sourceType: seed.sourceType ?? 'download', parameters, fileTransferred: seed.source === undefined },
    },
    status: { ownerID: on.node, currentState: state, progress, checksum, size: sizeOf(seed), message: '', runningParameters: parameters },
  }
}

/** One manager a disk, with all the files that lie there. */
function managers(made: Made): SeedObject[] {
  const disks = new Map<string, Record<string, object>>()
  for (const [key, seed] of ALL) {
    for (const copy of (seed.copies ?? []).filter(({ state }) => state !== 'wanted')) {
      const name = backingImageOf(key, made)
      const size = sizeOf(seed)
      const file = copy.state === 'in-progress'
        ? {}
        : { name, uuid: contentOf(name), state: copy.file ?? copy.state, progress: copy.progress ?? 100, message: copy.file === 'ready' ? '' : copy.message ?? '', currentChecksum: copy.checksum ?? (copy.state === 'failed' ? '' : checksumOf(key, seed)), size, virtualSize: virtualOf(seed), realSize: Math.ceil(size / 4096) * 4096, sendingReference: 0, senderManagerAddress: '' }
      disks.set(copy.on, { ...disks.get(copy.on), [name]: file })
    }
  }
  return [...disks].map(([on, files]) => {
    const { node, uuid, path } = place(on)
    return {
      kind: BACKING_IMAGE_MANAGERS,
      object: {
        metadata: { name: managerName(node, uuid), namespace: 'longhorn-system', labels: { 'longhorn.io/component': 'backing-image-manager', 'longhorn.io/disk-uuid': uuid, 'longhorn.io/managed-by': 'longhorn-manager', 'longhorn.io/node': node } },
        spec: { image: 'longhornio/backing-image-manager:v1.12.1', nodeID: node, diskUUID: uuid, diskPath: path, backingImages: Object.fromEntries(Object.keys(files).map(name => [name, contentOf(name)])) },
      },
      status: { ownerID: node, currentState: node === 'node-4' ? 'unknown' : 'running', backingImageFileMap: Object.fromEntries(Object.entries(files).filter(([, file]) => Object.keys(file).length > 0)), apiMinVersion: 3, apiVersion: 3 },
    }
  })
}

function goldenVolume(key: ImageKey, seed: ImageSeed, made: Made, now: number): SeedObject {
  const { phase = '', progress = '', restarts = 0, error } = seed.cdi ?? {}
  const since = stamp(now - seed.age * DAY - HOUR)
  const done = phase === 'Succeeded'
  return {
    kind: DATA_VOLUMES,
    object: {
      metadata: { name: imageName(key), namespace: seed.namespace, annotations: { 'harvesterhci.io/goldenImage': 'true', 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' }, ownerReferences: [ownerOf(IMAGES, made.get(IMAGES, imageId(key)))] },
      spec: { source: { http: { url: seed.url ?? '' } }, storage: { storageClassName: seed.target ?? '', resources: { requests: { storage: '10Gi' } } } },
    },
    status: {
      phase, progress, restartCount: restarts, claimName: imageName(key),
      conditions: [
        { type: 'Ready', status: done ? 'True' : 'False', reason: '', message: '', lastTransitionTime: since },
        { type: 'Bound', status: 'True', reason: 'Bound', message: `PVC ${imageName(key)} Bound`, lastTransitionTime: since },
        error ? { type: 'Running', status: 'False', reason: 'Error', message: error, lastTransitionTime: since } : { type: 'Running', status: 'False', reason: 'Completed', message: 'Import Complete', lastTransitionTime: since },
      ],
    },
  }
}

/** Layers: the images; their classes, BackingImages and DataVolumes; their data sources and managers. */
export function imageLayers(now: number): readonly Layer[] {
  const v1 = ALL.filter(([, seed]) => !seed.cdi && seed.copies)
  const cdi = ALL.filter(([, seed]) => seed.cdi)
  return [
    () => ALL.map(([key, seed]) => image(key, seed, now)),
    made => [...v1.flatMap(([key, seed]) => backingImage(key, seed, made, now)), ...cdi.map(([key, seed]) => goldenVolume(key, seed, made, now))],
    made => [...v1.map(([key, seed]) => dataSource(key, seed, made)), ...managers(made)],
  ]
}
