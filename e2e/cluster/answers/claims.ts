import type { Fields } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import { READY, READY_CLASS, exportOf } from './imageShapes.ts'
import type { Fixture, Group, Row } from './row.ts'
import { EDITORS } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// Claims: what kubectl beside the console makes, grows and deletes.

const FIXED_CLASS = `${NS}-fixed`
const RIGID_CLASS = `${NS}-rigid`

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'classes', name: RIGID_CLASS, object: { provisioner: 'driver.longhorn.io', parameters: { numberOfReplicas: '1', migratable: 'true' }, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: false } },
  { shelf: 'claims', name: 'free', object: claimOf('free'), until: isBound },
  { shelf: 'claims', name: 'rigid', object: claimOf('rigid', { spec: { storageClassName: RIGID_CLASS } }), until: isBound },
  { shelf: 'claims', name: 'owned', object: claimOf('owned'), until: isBound },
  { shelf: 'vms', name: 'owner', object: vmOf('owner', 'Halted', { claims: ['owned'] }) },
  { shelf: 'claims', name: 'wrapped', object: claimOf('wrapped'), until: isBound },
  { shelf: 'vms', name: 'wrapper', object: vmOf('wrapper', 'Halted', { template: { volumes: [{ name: 'disk-0', dataVolume: { name: 'wrapped' } }] } }) },
  { shelf: 'claims', name: 'planned', object: claimOf('planned'), until: isBound },
  { shelf: 'vms', name: 'planner', object: vmOf('planner', 'Halted', { metadata: { annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify([claimOf('planned')]) } } }) },
  { shelf: 'claims', name: 'unbound', object: claimOf('unbound', { spec: { storageClassName: FIXED_CLASS } }) },
  { shelf: 'images', name: 'stuck', object: exportOf('stuck', 'unbound') },
  ...READY,
]

/** Harvester's webhook refuses claims and changes none: what is filled in is Kubernetes' own. */
const FILLED: Partial<Row> = { needs: [] }

const created = (says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'create', shelf: 'claims', body: object, query: 'fieldValidation=Strict' }, ...more })
const changed = (says: string, name: string, body: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'claims', name, body }, ...more })
const deleted = (says: string, name: string, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'delete', shelf: 'claims', name }, ...more })
const ofSize = (storage: string) => ({ spec: { resources: { requests: { storage } } } })

export const CLAIMS: Group = {
  name: 'claims',
  standing,
  rows: [
    created('a claim', claimOf('made')),
    created('a claim without a class', claimOf('made', { spec: { storageClassName: undefined } })),
    created('a claim by an editor', claimOf('made'), { who: 'editor', ...FILLED }),
    created('a claim by a viewer', claimOf('made'), { who: 'viewer' }),
    created('a claim without a mode of access', claimOf('made', { spec: { accessModes: [] } })),
    created('a claim without a size', claimOf('made', { spec: { resources: { requests: {} } } })),
    created('a claim of a reserved class', claimOf('made', { spec: { storageClassName: 'longhorn-static' } })),
    created('a claim of the class for states of VMs', claimOf('made', { spec: { storageClassName: 'vmstate-persistence' } })),
    created('a claim of the class of an image', claimOf('made', { spec: { storageClassName: READY_CLASS, resources: { requests: { storage: '10Gi' } } } }), FILLED),
    created('a claim smaller than the image that it is made from', claimOf('made', { spec: { storageClassName: READY_CLASS, resources: { requests: { storage: '1Mi' } } } }), FILLED),
    created('a claim whose name is taken', claimOf('free')),
    deleted('a claim is deleted', 'free', { needs: [] }),
    deleted('a claim is deleted by a viewer', 'free', { who: 'viewer' }),
    deleted('a claim is deleted that there is not', 'ghost'),
    deleted('a claim is deleted that a VM has', 'owned'),
    deleted('a claim is deleted that a VM names by its DataVolume alone', 'wrapped'),
    deleted('a claim is deleted that a VM names in its claim templates alone', 'planned'),
    deleted('a claim is deleted that is exported', 'unbound'),
    changed('a claim grows', 'free', ofSize('2Gi')),
    changed('a claim grows that a VM has', 'owned', ofSize('2Gi')),
    changed('a claim shrinks', 'free', ofSize('1Mi')),
    changed('a claim grows whose class forbids it', 'rigid', ofSize('2Gi')),
    changed('a claim gets another class', 'free', { spec: { storageClassName: RIGID_CLASS } }),
    changed('a claim gets another mode', 'free', { spec: { volumeMode: 'Filesystem' } }),
    changed('a claim that is not bound grows', 'unbound', ofSize('2Gi')),
    changed('a claim is described', 'free', { metadata: { annotations: { 'field.cattle.io/description': 'better' } } }),
  ],
}
