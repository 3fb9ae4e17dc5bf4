import type { Fields } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import { READY, READY_CLASS, READY_FILE } from './imageShapes.ts'
import type { Fixture, Group, Row, Told } from './row.ts'
import { UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'

// Backing images, volumes and nodes of Longhorn, in its own namespace: what the health panel's advice is carried out with.

const named = (name: string) => `${NS}-${name}`
const backingImage = (spec: Fields, name = 'made') => ({ metadata: { name: named(name), namespace: 'longhorn-system' }, spec: { minNumberOfCopies: 1, ...spec } })
const download = (more: Fields = {}, parameters: Fields = { url: 'https://images.answers.test/noble.img' }) => backingImage({ sourceType: 'download', sourceParameters: parameters, ...more })
const exported = (volume: string | undefined, type = 'raw') => backingImage({ sourceType: 'export-from-volume', sourceParameters: { 'export-type': type, ...(volume ? { 'volume-name': volume } : {}) } })
const volume = (spec: Fields) => ({ metadata: { name: named('volume'), namespace: 'longhorn-system' }, spec: { size: '1073741824', numberOfReplicas: 3, dataEngine: 'v1', frontend: 'blockdev', accessMode: 'rwx', migratable: true, ...spec } })

/** Stand for what the cluster made up. */
const VOLUME = 'pvc-answers-plain'
const DISK_PATH = '/answers/disk-1'

const standing: readonly Fixture[] = [
  ...READY,
  { shelf: 'longhornNodes', name: 'node-1', words: { [DISK_PATH]: ({ spec }) => (spec?.disks as Record<string, { path: string }>)['disk-1']?.path } },
  { shelf: 'claims', name: 'plain', object: claimOf('plain'), until: isBound, words: { [VOLUME]: ({ spec }) => spec?.volumeName } },
  { shelf: 'claims', name: 'layered', object: claimOf('layered', { spec: { storageClassName: READY_CLASS, resources: { requests: { storage: '10Gi' } } } }), until: isBound },
  { shelf: 'backingImages', name: named('idle'), object: backingImage({ sourceType: 'upload', sourceParameters: {} }, 'idle') },
]

/** Longhorn 1.12.1, which the embedded cluster follows; 1.10.0, which judges, takes it. */
const NO_V2: Told = {
  code: 422, reason: 'Invalid', message: 'admission webhook "validator.longhorn.io" denied the request: v2 backing image is not supported',
  warnings: ['metadata.finalizers: "longhorn.io": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers'],
  causes: [{ reason: 'FieldValueInvalid', message: 'v2 backing image is not supported' }],
}

const created = (shelf: 'backingImages' | 'volumes', says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'create', shelf, body: object, query: 'fieldValidation=Strict' }, ...more })
const DISK = (fields: Fields) => ({ spec: { disks: { 'disk-1': fields } } })

export const LONGHORN: Group = {
  name: 'Longhorn',
  standing,
  rows: [
    created('backingImages', 'a backing image by download', download()),
    created('backingImages', 'a backing image by download without a URL', download({}, {})),
    created('backingImages', 'a backing image with a checksum that is none', download({ checksum: 'nothex' })),
    created('backingImages', 'a backing image of no copies', download({ minNumberOfCopies: 0 })),
    created('backingImages', 'a backing image of less than no copies', download({ minNumberOfCopies: -1 })),
    created('backingImages', 'a backing image of an engine that there is not', download({ dataEngine: 'v9' })),
    created('backingImages', 'a backing image of Longhorn v2', download({ dataEngine: 'v2' }), { embedded: NO_V2 }),
    created('backingImages', 'a backing image exported from a volume', exported(VOLUME)),
    created('backingImages', 'a backing image exported from a volume that there is not', exported('ghost')),
    created('backingImages', 'a backing image exported from no volume', exported(undefined)),
    created('backingImages', 'a backing image exported as what there is not', exported(VOLUME, 'floppy')),
    created('backingImages', 'a backing image by a viewer', download(), { who: 'viewer' }),
    created('backingImages', 'a backing image by an editor', download(), { who: 'editor' }),
    { says: 'a backing image is deleted that replicas use', asks: { verb: 'delete', shelf: 'backingImages', name: READY_FILE } },
    { says: 'a backing image is deleted that nothing uses', asks: { verb: 'delete', shelf: 'backingImages', name: named('idle') } },
    { says: 'a backing image is deleted that there is not', asks: { verb: 'delete', shelf: 'backingImages', name: 'ghost' } },
    { says: 'more copies of a backing image', asks: { verb: 'merge', shelf: 'backingImages', name: READY_FILE, body: { spec: { minNumberOfCopies: 2 } } } },
    { says: 'a copy is sent away', asks: { verb: 'merge', shelf: 'backingImages', name: READY_FILE, body: { spec: { diskFileSpecMap: { somewhere: { evictionRequested: true, dataEngine: 'v1' } } } } } },
    created('volumes', 'a volume of ninety-nine replicas', volume({ numberOfReplicas: 99 })),
    created('volumes', 'a volume of Longhorn v2 while its engine is off', volume({ dataEngine: 'v2' }), UNPLAYED),
    created('volumes', 'a volume smaller than its backing image', volume({ backingImage: READY_FILE, size: '1048576' })),
    created('volumes', 'a volume by an editor', volume({}), { who: 'editor' }),
    { says: 'a disk is emptied while it takes new files', asks: { verb: 'merge', shelf: 'longhornNodes', name: 'node-1', body: DISK({ evictionRequested: true, allowScheduling: true }) } },
    { says: 'a disk is closed and emptied', asks: { verb: 'merge', shelf: 'longhornNodes', name: 'node-1', body: DISK({ evictionRequested: true, allowScheduling: false }) }, only: ['spec.disks.disk-1.evictionRequested', 'spec.disks.disk-1.allowScheduling'] },
    { says: 'a disk is taken away that is open', asks: { verb: 'merge', shelf: 'longhornNodes', name: 'node-1', body: { spec: { disks: { 'disk-1': null } } } }, unplayed: true },
    { says: 'a node is emptied while it takes new files', asks: { verb: 'merge', shelf: 'longhornNodes', name: 'node-1', body: { spec: { evictionRequested: true, allowScheduling: true } } } },
  ],
}
