import type { Fields, KubeObject } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import { ofGuest, ofVm } from './powerShapes.ts'
import type { Fixture, Group, Row } from './row.ts'
import { EDITORS, row } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// Migrations, and what is asked of a running guest: by kubectl and virtctl, until the console has buttons for them.

const isRunning = (instance: KubeObject) => instance.status?.phase === 'Running'
const isPaused = (instance: KubeObject) => (instance.status?.conditions as readonly { readonly type: string }[] | undefined)?.some(({ type }) => type === 'Paused') ?? false
const runs = (name: string): Fixture => ({ shelf: 'vmis', name, until: isRunning })

const migration = (name: string, vmiName?: string, spec: Fields = {}) => ({ metadata: { name, namespace: NS }, spec: { ...(vmiName === undefined ? {} : { vmiName }), ...spec } })
const UNPLACED = { template: { nodeSelector: { 'kubernetes.io/hostname': 'nowhere' } } }

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'claims', name: 'alone', object: claimOf('alone', { spec: { accessModes: ['ReadWriteOnce'] } }), until: isBound },
  { shelf: 'vms', name: 'free', object: vmOf('free', 'RerunOnFailure') },
  { shelf: 'vms', name: 'bound', object: vmOf('bound', 'RerunOnFailure', { claims: ['alone'] }) },
  { shelf: 'vms', name: 'held', object: vmOf('held', 'RerunOnFailure') },
  { shelf: 'vms', name: 'off', object: vmOf('off', 'Halted') },
  { shelf: 'vms', name: 'waiting', object: vmOf('waiting', 'RerunOnFailure', UNPLACED) },
  runs('free'), runs('bound'),
  { ...runs('held'), then: ofGuest('held', 'pause', {}) },
  { shelf: 'vmis', name: 'held', until: isPaused },
  { shelf: 'vmis', name: 'waiting', until: ({ status }) => status?.phase === 'Scheduling' },
]

const migrated = (says: string, body: Fields, more: Partial<Row> = {}): Row => row(says, { verb: 'create', shelf: 'migrations', body, query: 'fieldValidation=Strict' }, more)

export const MIGRATIONS: Group = {
  name: 'migrations',
  needs: ['kubevirt'],
  standing,
  rows: [
    migrated('a running guest is migrated', migration('go', 'free')),
    migrated('a paused guest is migrated', migration('go', 'held')),
    migrated('a guest is migrated whose disk is for one node alone', migration('go', 'bound')),
    migrated('a guest is migrated that has no place yet', migration('go', 'waiting')),
    migrated('a guest is migrated that is off', migration('go', 'off')),
    migrated('a guest is migrated that there is not', migration('go', 'ghost')),
    migrated('a guest without a name is migrated', migration('go', '')),
    migrated('no guest is migrated', migration('go')),
    migrated('a guest is migrated by an editor', migration('go', 'free'), { who: 'editor' }),
    migrated('a guest is migrated by a viewer', migration('go', 'free'), { who: 'viewer' }),
    row('migrations are read by a viewer', { verb: 'get', shelf: 'migrations' }, { who: 'viewer' }),
    row('a migration is cancelled that there is not', { verb: 'delete', shelf: 'migrations', name: 'ghost' }),
    row('migrate of a VM that runs', ofVm('free', 'migrate')),
    row('migrate of a VM whose disk is for one node alone', ofVm('bound', 'migrate')),
    row('migrate of a VM that is off', ofVm('off', 'migrate')),
    row('migrate of a VM that there is not', ofVm('ghost', 'migrate')),
    row('migrate by an editor', ofVm('free', 'migrate'), { who: 'editor' }),
    row('migrate by a viewer', ofVm('free', 'migrate'), { who: 'viewer' }),
    row('pause of a guest that runs', ofGuest('free', 'pause')),
    row('pause of a guest that is paused', ofGuest('held', 'pause')),
    row('pause of a guest that has no place yet', ofGuest('waiting', 'pause')),
    row('pause by an editor', ofGuest('free', 'pause'), { who: 'editor' }),
    row('unpause of a guest that is paused', ofGuest('held', 'unpause')),
    row('unpause of a guest that has no place yet', ofGuest('waiting', 'unpause')),
    row('unpause by a viewer', ofGuest('held', 'unpause'), { who: 'viewer' }),
    row('soft reboot of a guest that is paused', ofGuest('held', 'softreboot', {})),
    row('soft reboot of a guest that has no place yet', ofGuest('waiting', 'softreboot', {})),
    row('soft reboot of a guest that there is not', ofGuest('off', 'softreboot', {})),
    row('soft reboot by a viewer', ofGuest('free', 'softreboot', {}), { who: 'viewer' }),
    row('stop of a VM whose guest is paused', ofVm('held', 'stop')),
    row('restart of a VM whose guest is paused', ofVm('held', 'restart')),
    row('start of a VM whose guest has no place yet', ofVm('waiting', 'start')),
    row('stop of a VM whose guest has no place yet', ofVm('waiting', 'stop')),
  ],
}
