import type { Fields } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import type { Fixture, Group, Request, Row } from './row.ts'
import { EDITORS, UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// VMs as the console's form makes them, and as a form or a hand may spoil them.

const GOLDEN = { 'harvesterhci.io/goldenImage': 'true' }
const TEMPLATES = 'harvesterhci.io/volumeClaimTemplates'

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'claims', name: 'taken', object: claimOf('taken'), until: isBound },
  { shelf: 'claims', name: 'golden', object: claimOf('golden', { metadata: { annotations: GOLDEN } }), until: isBound },
  { shelf: 'vms', name: 'owner', object: vmOf('owner', 'Halted', { claims: ['taken'] }) },
  { shelf: 'vms', name: 'manual', object: vmOf('manual', 'Manual') },
  { shelf: 'vms', name: 'remembering', object: vmOf('remembering', 'Halted', { metadata: { annotations: { 'harvesterhci.io/vmRunStrategy': 'Manual' } } }) },
]

const create = (object: Fields, query = 'fieldValidation=Strict'): Request => ({ verb: 'create', shelf: 'vms', body: object, query })
const created = (says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: create(object), ...more })
const patched = (says: string, name: string, body: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'vms', name, body }, ...more })

const claimTemplate = (fields: Fields) => JSON.stringify([fields])
const templated = (name: string, text: string) => vmOf(name, 'Halted', { metadata: { annotations: { [TEMPLATES]: text } } })
const domain = (fields: Fields) => ({ template: { domain: { machine: { type: '' }, cpu: { cores: 1, sockets: 1, threads: 1 }, resources: { limits: { cpu: '1', memory: '256Mi' } }, devices: {}, ...fields }, networks: [] } })
const device = (fields: Fields, more: Fields = {}) => ({ template: { ...domain({ devices: fields }).template, ...more } })
/** What Harvester's webhook fills in; that of KubeVirt makes up identities besides. */
const SHOWN = ['spec.runStrategy', 'spec.template.spec.terminationGracePeriodSeconds', 'spec.template.spec.domain.cpu', 'spec.template.spec.domain.memory', 'spec.template.spec.domain.resources']
const disk = (name: string, bus = 'virtio') => ({ name, disk: { bus } })
const volume = (name: string, claimName: string) => ({ name, persistentVolumeClaim: { claimName } })

export const VMS: Group = {
  name: 'VMs',
  standing,
  rows: [
    created('a VM without disks is made', vmOf('made', 'Halted'), { shows: SHOWN }),
    created('a VM on a claim that there is', vmOf('made', 'RerunOnFailure', { claims: ['free'] }), { shows: ['spec.template.spec.volumes', 'spec.template.spec.domain.devices.disks'] }),
    created('a VM by an editor', vmOf('made', 'Halted'), { who: 'editor', shows: SHOWN }),
    created('a VM by a viewer', vmOf('made', 'Halted'), { who: 'viewer' }),
    created('a VM of a name that is taken', vmOf('owner', 'Halted')),
    created('a VM of a name that is none', vmOf('Web_01', 'Halted')),
    created('a VM of a long name', vmOf('v'.repeat(64), 'Halted'), { shows: ['metadata.name', ...SHOWN] }),
    { says: 'a VM that says another namespace than it is sent to', asks: create({ ...vmOf('made', 'Halted'), metadata: { name: 'made', namespace: 'answers-nowhere' } }) },
    created('a VM with a field that there is not', vmOf('made', 'Halted', { spec: { colour: 'red' } })),
    created('a VM without a run strategy', vmOf('made', undefined)),
    created('a VM of an unknown run strategy', vmOf('made', 'Sometimes')),
    created('a VM with both run strategy and running', vmOf('made', 'Always', { spec: { running: true } })),
    created('a VM with running alone', vmOf('made', undefined, { spec: { running: false } })),
    created('a VM without a template', { metadata: { name: 'made', namespace: NS }, spec: { runStrategy: 'Halted' } }, UNPLAYED),
    created('a VM whose claim templates are no JSON', templated('made', 'not json')),
    created('a VM whose claim template has no name', templated('made', claimTemplate({ spec: {} }))),
    created('a VM without memory', vmOf('made', 'Halted', domain({ resources: {} }))),
    created('a VM that reserves as much memory as it has', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/reservedMemory': '1Gi' } } }), UNPLAYED),
    created('a VM that reserves some memory', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/reservedMemory': '56Mi' } } }), { shows: SHOWN }),
    created('a VM whose reserved memory is no quantity', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/reservedMemory': 'much' } } }), UNPLAYED),
    created('a VM that asks for more memory than its limit', vmOf('made', 'Halted', domain({ resources: { limits: { cpu: '1', memory: '256Mi' }, requests: { memory: '1Gi' } } })), { shows: SHOWN }),
    created('a VM whose guest has more memory than its limit', vmOf('made', 'Halted', domain({ memory: { guest: '1Gi' } })), { shows: SHOWN }),
    created('a VM whose limit is no quantity', vmOf('made', 'Halted', domain({ resources: { limits: { cpu: '1', memory: 'much' } } })), UNPLAYED),
    created('a VM on a claim that another VM has', vmOf('made', 'Halted', { claims: ['taken'] })),
    created('a VM on a golden image', vmOf('made', 'Halted', { claims: ['golden'] })),
    created('a VM with a disk without a volume', vmOf('made', 'Halted', device({ disks: [disk('lost')] })), UNPLAYED),
    created('a VM with a volume without a disk', vmOf('made', 'Halted', device({}, { volumes: [volume('lost', 'free')] })), { shows: ['spec.template.spec.volumes', 'spec.template.spec.domain.devices.disks'] }),
    created('a VM with two disks of one name', vmOf('made', 'Halted', device({ disks: [disk('one'), disk('one')] }, { volumes: [volume('one', 'free')] })), UNPLAYED),
    created('a VM with two disks of one boot order', vmOf('made', 'Halted', device({ disks: [{ ...disk('one'), bootOrder: 1 }, { ...disk('two'), bootOrder: 1 }] }, { volumes: [volume('one', 'free'), volume('two', 'other')] })), UNPLAYED),
    created('a VM with a disk on an unknown bus', vmOf('made', 'Halted', device({ disks: [disk('one', 'carrier')] }, { volumes: [volume('one', 'free')] })), UNPLAYED),
    created('a VM with an interface without a network', vmOf('made', 'Halted', device({ interfaces: [{ name: 'default', masquerade: {} }] })), UNPLAYED),
    created('a VM with a network without an interface', vmOf('made', 'Halted', { template: { ...domain({}).template, networks: [{ name: 'default', pod: {} }] } }), UNPLAYED),
    created('a VM of half a core', vmOf('made', 'Halted', domain({ cpu: { cores: 0.5 } })), UNPLAYED),
    created('a VM of no core', vmOf('made', 'Halted', domain({ cpu: { cores: 0 } })), { shows: SHOWN }),
    created('a VM with an unknown maintenance strategy', vmOf('made', 'Halted', { metadata: { labels: { 'harvesterhci.io/maintain-mode-strategy': 'Pray' } } }), UNPLAYED),
    created('a VM with an unknown eviction strategy', vmOf('made', 'Halted', { template: { ...domain({}).template, evictionStrategy: 'Pray' } }), UNPLAYED),
    patched('Halted put to a VM that is Manual', 'manual', { spec: { runStrategy: 'Halted' } }, { shows: ['spec.runStrategy'] }),
    patched('Always put to a VM that is Halted', 'owner', { spec: { runStrategy: 'Always' } }, { shows: ['spec.runStrategy'] }),
    patched('Always put to a VM that is Halted and was Manual', 'remembering', { spec: { runStrategy: 'Always' } }, { shows: ['spec.runStrategy'] }),
    patched('an unknown run strategy put to a VM', 'manual', { spec: { runStrategy: 'Sometimes' } }),
    patched('a disk taken that another VM has', 'manual', vmOf('manual', 'Manual', { claims: ['taken'] })),
    patched('a change of a version that is not the last', 'manual', { metadata: { resourceVersion: '1', labels: { a: 'b' } } }),
    patched('a change of a VM that there is not', 'ghost', { spec: { runStrategy: 'Halted' } }),
    patched('a change by a viewer', 'manual', { spec: { runStrategy: 'Halted' } }, { who: 'viewer' }),
    { says: 'a JSON patch whose test fails', asks: { verb: 'json', shelf: 'vms', name: 'manual', body: [{ op: 'test', path: '/spec/runStrategy', value: 'Always' }] } },
    { says: 'a JSON patch of a path that there is not', asks: { verb: 'json', shelf: 'vms', name: 'manual', body: [{ op: 'remove', path: '/metadata/annotations/none' }] } },
    { says: 'a strategic patch of a VM', asks: { verb: 'strategic', shelf: 'vms', name: 'manual', body: { spec: { runStrategy: 'Halted' } } } },
    { says: 'a VM is deleted', asks: { verb: 'delete', shelf: 'vms', name: 'manual' }, needs: ['kubevirt'], shows: ['kind', 'spec.runStrategy'] },
    { says: 'a VM that there is not is deleted', asks: { verb: 'delete', shelf: 'vms', name: 'ghost' } },
    { says: 'a VM is deleted by a viewer', asks: { verb: 'delete', shelf: 'vms', name: 'manual' }, who: 'viewer' },
    { says: 'a VM is deleted that has another uid', asks: { verb: 'delete', shelf: 'vms', name: 'manual', body: { preconditions: { uid: 'another' } } } },
  ],
}
