import type { Fields, KubeObject } from '../../api.ts'
import type { Fixture } from './row.ts'
import { NS } from './shelves.ts'

export const CLASS_ANNOTATION = 'harvesterhci.io/storageClassName'
export const CLASS = 'harvester-longhorn'

interface More { readonly annotations?: Fields, readonly labels?: Fields }

/** An image as somebody writes it. */
export function imageOf(name: string, spec: Fields, { annotations = {}, labels = {} }: More = {}) {
  return { metadata: { name, namespace: NS, ...(Object.keys(labels).length ? { labels } : {}), ...(Object.keys(annotations).length ? { annotations } : {}) }, spec: { displayName: name, ...spec } }
}

/** An image of a claim in its own namespace; without a claim it names none. */
export const exportOf = (name: string, claim: string | undefined, more: Fields = {}) => imageOf(name, { sourceType: 'export-from-volume', pvcNamespace: NS, ...(claim ? { pvcName: claim } : {}), ...more })

/** Stands for the address of the mirror of publishers. */
const MIRROR = 'http://mirror.answers/'
const URL = `${MIRROR}ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img`
/** The class that volumes of the image `ready` have, and the file that they lie on. */
export const READY_CLASS = `${NS}-layered`
export const READY_FILE = `${NS}-file`

const isReady = ({ status }: KubeObject) => Object.values((status?.diskFileStatusMap ?? {}) as Record<string, { readonly state: string }>).some(({ state }) => state === 'ready')

/**
 * An image that was downloaded and imported. Its file really is; that Harvester noticed it is written down here, because it looks
 * at each change of a file once, and misses the last one when that comes too soon.
 */
export const READY: readonly Fixture[] = [
  { shelf: 'tour', name: 'guardrails-tour', words: { [MIRROR]: ({ data }) => (data as { mirror: string }).mirror } },
  { shelf: 'backingImages', name: READY_FILE, object: { metadata: { name: READY_FILE, namespace: 'longhorn-system' }, spec: { sourceType: 'download', sourceParameters: { url: URL }, minNumberOfCopies: 1 } }, until: isReady },
  { shelf: 'classes', name: READY_CLASS, object: { provisioner: 'driver.longhorn.io', parameters: { numberOfReplicas: '1', migratable: 'true', backingImage: READY_FILE }, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true } },
  {
    shelf: 'images', name: 'ready',
    object: {
      ...imageOf('ready', { sourceType: 'download', url: URL, checksum: '', retry: 3 }),
      status: { appliedUrl: URL, progress: 100, size: 2 ** 21, virtualSize: 2 ** 31, failed: 0, storageClassName: READY_CLASS, conditions: ['Initialized', 'Imported'].map(type => ({ type, status: 'True', reason: type })) },
    },
  },
]
