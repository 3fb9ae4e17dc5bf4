import type { Fields } from '../../api.ts'
import { READY, READY_CLASS, imageOf } from './imageShapes.ts'
import type { Fixture, Group, Row } from './row.ts'
import { UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'

// Storage classes, templates, key pairs: what Harvester's webhook says to those who keep the house.

const DEFAULT = 'storageclass.kubernetes.io/is-default-class'
const CLONE_STRATEGY = 'cdi.harvesterhci.io/storageProfileCloneStrategy'
const named = (name: string) => `${NS}-${name}`
const classOf = (parameters: Fields, annotations: Fields = {}, name = 'made') =>
  ({ metadata: { name: named(name), ...(Object.keys(annotations).length ? { annotations } : {}) }, provisioner: 'driver.longhorn.io', parameters, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true })
const V1 = { numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true' }
const V2 = { ...V1, dataEngine: 'v2' }

const standing: readonly Fixture[] = [
  { shelf: 'classes', name: named('plain'), object: classOf(V1, {}, 'plain') },
  { shelf: 'classes', name: named('used'), object: classOf(V1, {}, 'used') },
  { shelf: 'classes', name: named('kept'), object: classOf(V1, { 'harvesterhci.io/is-reserved-storageclass': 'true' }, 'kept') },
  { shelf: 'images', name: 'user', object: imageOf('user', { sourceType: 'upload', targetStorageClassName: named('used') }) },
  ...READY,
]

const created = (says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'create', shelf: 'classes', body: object, query: 'fieldValidation=Strict' }, ...more })
const changed = (says: string, name: string, body: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'classes', name, body }, ...more })
const deleted = (says: string, name: string, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'delete', shelf: 'classes', name }, ...more })

export const CLASSES: Group = {
  name: 'classes',
  standing,
  rows: [
    created('a class of Longhorn v1', classOf(V1)),
    created('a class of Longhorn v2', classOf(V2)),
    created('a class that is cloned in a way that there is not', classOf(V2, { [CLONE_STRATEGY]: 'pray' }), UNPLAYED),
    created('a class of Longhorn v1, said so, that CDI clones', classOf({ ...V1, dataEngine: 'v1' }, { [CLONE_STRATEGY]: 'copy' }), UNPLAYED),
    created('a class that keeps its data strictly local', classOf({ ...V1, dataLocality: 'strict-local' }), UNPLAYED),
    created('a class that keeps its data nowhere', classOf({ ...V1, dataLocality: 'nowhere' }), UNPLAYED),
    created('a class that is encrypted without a secret', classOf({ ...V1, encrypted: 'true' }), UNPLAYED),
    created('a second default class', classOf(V1, { [DEFAULT]: 'true' })),
    created('a class by a viewer', classOf(V1), { who: 'viewer' }),
    created('a class without a provisioner', { metadata: { name: named('made') }, parameters: V1 }),
    changed('a class becomes the second default', named('plain'), { metadata: { annotations: { [DEFAULT]: 'true' } } }),
    changed('a class gets other parameters', named('plain'), { parameters: { numberOfReplicas: '1' } }),
    changed('a class may be expanded no more', named('plain'), { allowVolumeExpansion: false }),
    deleted('a class is deleted', named('plain'), { needs: [] }),
    deleted('a class is deleted that there is not', named('ghost')),
    deleted('a class is deleted that an image was made for', named('used')),
    deleted('the class of an image is deleted', READY_CLASS, { needs: [] }),
    deleted('a class is deleted that is reserved', named('kept')),
    deleted('a class is deleted by a viewer', named('plain'), { who: 'viewer' }),
  ],
}
