import type { Fields } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import { CLASS, CLASS_ANNOTATION, READY, READY_CLASS, exportOf, imageOf } from './imageShapes.ts'
import type { Fixture, Group, Row } from './row.ts'
import { EDITORS, UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// Images as the console's forms make and change them, and what Harvester's webhook makes of them.

const V2_CLASS = `${NS}-v2`
const V2 = { provisioner: 'driver.longhorn.io', parameters: { dataEngine: 'v2', numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true' }, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true }
const LEAN_CLASS = `${NS}-lean`
const LEAN = { ...V2, parameters: { numberOfReplicas: '1', diskSelector: 'ssd', fsType: 'ext4', migratable: 'false' } }

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'classes', name: V2_CLASS, object: V2 },
  { shelf: 'classes', name: LEAN_CLASS, object: LEAN },
  { shelf: 'claims', name: 'disk', object: claimOf('disk'), until: isBound },
  { shelf: 'claims', name: 'held', object: claimOf('held'), until: isBound },
  { shelf: 'vms', name: 'holder', object: vmOf('holder', 'Always', { claims: ['held'] }), until: ({ status }) => status?.printableStatus === 'Running' },
  { shelf: 'images', name: 'waiting', object: imageOf('waiting', { sourceType: 'upload' }) },
  { shelf: 'images', name: 'exported', object: exportOf('exported', 'disk') },
  ...READY,
  { shelf: 'claims', name: 'layered', object: claimOf('layered', { spec: { storageClassName: READY_CLASS, resources: { requests: { storage: '10Gi' } } } }) },
]

const URL = 'https://images.answers.test/noble.img'
const created = (says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'create', shelf: 'images', body: object, query: 'fieldValidation=Strict' }, ...more })
const download = (spec: Fields = {}, more: Parameters<typeof imageOf>[2] = {}) => imageOf('made', { sourceType: 'download', url: URL, ...spec }, more)
const changed = (says: string, name: string, body: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'images', name, body }, ...more })
const on = (name: string) => ({ annotations: { [CLASS_ANNOTATION]: name } })

export const IMAGES: Group = {
  name: 'images',
  standing,
  rows: [
    created('a download on the default class', download()),
    created('a download as the form writes it', download({ backend: 'backingimage', targetStorageClassName: CLASS, retry: 5, checksum: 'a'.repeat(128) }, { ...on(CLASS), labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'raw_qcow2' } })),
    created('a download on a class that the annotation names', download({}, on(LEAN_CLASS))),
    created('a download on a class that the spec names', download({ targetStorageClassName: LEAN_CLASS })),
    created('a download with parameters of its own', download({ storageClassParameters: { numberOfReplicas: '2', fsType: 'xfs' } })),
    created('a download through CDI', download({ backend: 'cdi', targetStorageClassName: V2_CLASS }, on(V2_CLASS))),
    created('a download through CDI without a class', download({ backend: 'cdi' })),
    created('a download through CDI on a class that there is not', download({ backend: 'cdi', targetStorageClassName: 'nowhere' })),
    created('a download on a class that there is not', download({ targetStorageClassName: 'nowhere' }, on('nowhere'))),
    created('a download on the class of an image', download({ targetStorageClassName: READY_CLASS }, on(READY_CLASS))),
    created('a download on a class of Longhorn v2, by the other backend', download({ targetStorageClassName: V2_CLASS }, on(V2_CLASS))),
    created('a download on two classes', download({ targetStorageClassName: CLASS }, on(LEAN_CLASS))),
    created('a download by an editor', download(), { who: 'editor' }),
    created('a download by a viewer', download(), { who: 'viewer' }),
    created('a download without a URL', imageOf('made', { sourceType: 'download' })),
    created('a download from a URL that is none', download({ url: '::bad' })),
    created('a download from a URL that no program downloads', download({ url: 'ftp://images.answers.test/noble.img' })),
    created('a download with a checksum that is none', download({ checksum: 'nothex' })),
    created('a download that is tried eleven times', download({ retry: 11 })),
    created('a download that is tried half a time', download({ retry: 0.5 }), UNPLAYED),
    created('an image without a display name', download({ displayName: '' })),
    created('an image whose display name is taken', download({ displayName: 'waiting' })),
    created('an image whose display name has spaces', download({ displayName: 'no such name' })),
    created('an image whose display name is too long', download({ displayName: 'n'.repeat(64) })),
    created('an image whose name is taken', imageOf('waiting', { sourceType: 'download', url: URL, displayName: 'another' })),
    created('an image from a source that there is not', download({ sourceType: 'pigeon' })),
    created('an image of a backend that there is not', download({ backend: 'pigeon' })),
    created('an image with a field that there is not', download({ colour: 'red' })),
    created('an image that says another namespace than it is sent to', { ...download(), metadata: { name: 'made', namespace: 'answers-nowhere' } }),
    created('an upload', imageOf('made', { sourceType: 'upload' })),
    created('an upload with a URL', imageOf('made', { sourceType: 'upload', url: URL })),
    created('an export of a claim', exportOf('made', 'disk')),
    created('an export of a claim through CDI', exportOf('made', 'disk', { backend: 'cdi', targetStorageClassName: V2_CLASS })),
    created('an export of a claim that there is not', exportOf('made', 'ghost')),
    created('an export of no claim', exportOf('made', undefined)),
    created('an export of no namespace', imageOf('made', { sourceType: 'export-from-volume', pvcName: 'disk' })),
    created('an export of the disk of a VM that runs', exportOf('made', 'held')),
    created('an export through CDI of the disk of a VM that runs', exportOf('made', 'held', { backend: 'cdi', targetStorageClassName: V2_CLASS })),
    changed('another display name', 'waiting', { spec: { displayName: 'other' } }),
    changed('another URL', 'ready', { spec: { url: URL } }),
    changed('another source', 'waiting', { spec: { sourceType: 'download', url: URL } }),
    changed('another class in the spec', 'waiting', { spec: { targetStorageClassName: LEAN_CLASS } }),
    changed('another class in the annotation', 'waiting', { metadata: { annotations: { [CLASS_ANNOTATION]: LEAN_CLASS } } }),
    changed('other parameters', 'waiting', { spec: { storageClassParameters: { numberOfReplicas: '1' } } }),
    changed('another volume', 'exported', { spec: { pvcName: 'held' } }),
    changed('another description, system and number of tries', 'waiting', { metadata: { labels: { 'harvesterhci.io/os-type': 'debian' }, annotations: { 'field.cattle.io/description': 'better' } }, spec: { retry: 7 } }),
    changed('eleven tries', 'waiting', { spec: { retry: 11 } }),
    changed('another description by a viewer', 'waiting', { spec: { description: 'better' } }, { who: 'viewer' }),
    changed('a change of a version that has passed', 'waiting', { metadata: { resourceVersion: '1' }, spec: { retry: 7 } }),
    changed('a change of an image that there is not', 'ghost', { spec: { retry: 7 } }),
    { says: 'an image is deleted that a volume is layered on', asks: { verb: 'delete', shelf: 'images', name: 'ready' } },
    { says: 'an image is deleted that nothing uses', asks: { verb: 'delete', shelf: 'images', name: 'waiting' } },
    { says: 'an image is deleted that there is not', asks: { verb: 'delete', shelf: 'images', name: 'ghost' } },
    { says: 'an image is deleted by a viewer', asks: { verb: 'delete', shelf: 'images', name: 'waiting' }, who: 'viewer' },
  ],
}
