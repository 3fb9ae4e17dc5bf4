import type { Fields } from '../../api.ts'
import type { Fixture, Group, Row } from './row.ts'
import { EDITORS, UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// Templates, key pairs and backups: what the console reads and others write.

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl answers'
const keyPair = (publicKey: string) => ({ metadata: { name: 'made', namespace: NS }, spec: { publicKey } })
const { spec: vmSpec } = vmOf('x', 'Halted')
const version = (spec: Fields) => ({ metadata: { name: 'made', namespace: NS }, spec })
const vm = { metadata: {}, spec: vmSpec }
const backupOf = (name: string) => ({ metadata: { name: 'made', namespace: NS }, spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name } } })

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'templates', name: 'server', object: { metadata: { name: 'server', namespace: NS }, spec: {} } },
  { shelf: 'templateVersions', name: 'first', object: { ...version({ templateId: `${NS}/server`, vm }), metadata: { name: 'first', namespace: NS } } },
]

const created = (shelf: 'keyPairs' | 'templates' | 'templateVersions' | 'backups', says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'create', shelf, body: object, query: 'fieldValidation=Strict' }, ...more })

export const LIBRARY: Group = {
  name: 'library',
  standing,
  rows: [
    created('keyPairs', 'a key pair', keyPair(KEY)),
    created('keyPairs', 'a key pair that is none', keyPair('not a key')),
    created('keyPairs', 'a key pair without a key', keyPair('')),
    created('keyPairs', 'a key pair by a viewer', keyPair(KEY), { who: 'viewer' }),
    created('templates', 'a template', { metadata: { name: 'made', namespace: NS }, spec: {} }, { who: 'editor' }),
    created('templateVersions', 'a version of a template', version({ templateId: `${NS}/server`, vm })),
    created('templateVersions', 'a version of a template that there is not', version({ templateId: `${NS}/ghost`, vm })),
    created('templateVersions', 'a version of no template', version({ templateId: '', vm })),
    created('templateVersions', 'a version of a template elsewhere', version({ templateId: 'default/server', vm })),
    { says: 'a template is deleted', asks: { verb: 'delete', shelf: 'templates', name: 'server' } },
    created('backups', 'a backup of a VM that there is not', backupOf('ghost'), UNPLAYED),
  ],
}
