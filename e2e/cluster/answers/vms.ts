import type { Fields } from '../../api.ts'
import { claimOf, isBound } from './claimShapes.ts'
import type { Fixture, Group, Request, Row } from './row.ts'
import { EDITORS, UNPLAYED } from './row.ts'
import { NS } from './shelves.ts'
import { vmOf } from './vmShapes.ts'

// VMs as the console's form makes them, and as a form or a hand may spoil them.

const GOLDEN = { 'harvesterhci.io/goldenImage': 'true' }
const TEMPLATES = 'harvesterhci.io/volumeClaimTemplates'

const remembering = (strategy: string) => ({ metadata: { annotations: { 'harvesterhci.io/vmRunStrategy': strategy } } })
const networkOf = (name: string, labels: Fields) => ({ metadata: { name, namespace: NS, labels }, spec: { config: JSON.stringify({ cniVersion: '0.3.1', name, type: 'bridge', bridge: 'mgmt-br', vlan: 1, ipam: {} }) } })

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'claims', name: 'taken', object: claimOf('taken'), until: isBound },
  { shelf: 'claims', name: 'golden', object: claimOf('golden', { metadata: { annotations: GOLDEN } }), until: isBound },
  { shelf: 'networks', name: 'vlan', object: networkOf('vlan', { 'network.harvesterhci.io/clusternetwork': 'mgmt', 'network.harvesterhci.io/type': 'L2VlanNetwork' }) },
  { shelf: 'networks', name: 'plain', object: networkOf('plain', {}) },
  { shelf: 'vms', name: 'owner', object: vmOf('owner', 'Halted', { claims: ['taken'] }) },
  { shelf: 'vms', name: 'manual', object: vmOf('manual', 'Manual') },
  { shelf: 'vms', name: 'forgetful', object: vmOf('forgetful', 'Halted', remembering('Halted')) },
  { shelf: 'vms', name: 'remembering', object: vmOf('remembering', 'Halted', remembering('Manual')) },
]

const create = (object: Fields, query = 'fieldValidation=Strict'): Request => ({ verb: 'create', shelf: 'vms', body: object, query })
const created = (says: string, object: Fields, more: Partial<Row> = {}): Row => ({ says, asks: create(object), ...more })
const patched = (says: string, name: string, body: Fields, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'vms', name, body }, ...more })

const claimTemplate = (fields: Fields) => JSON.stringify([fields])
const templated = (name: string, text: string) => vmOf(name, 'Halted', { metadata: { annotations: { [TEMPLATES]: text } } })
const domain = (fields: Fields, more: Fields = {}) => ({ template: { domain: { machine: { type: '' }, cpu: { cores: 1, sockets: 1, threads: 1 }, resources: { limits: { cpu: '1', memory: '256Mi' } }, devices: {}, ...fields }, networks: [], ...more } })
const device = (fields: Fields, more: Fields = {}) => domain({ devices: fields }, more)
const disk = (name: string, bus = 'virtio') => ({ name, disk: { bus } })
/** A VM as the console's form writes it, its claim not there yet. */
const FORM = vmOf('made', 'RerunOnFailure', {
  metadata: {
    labels: { 'harvesterhci.io/creator': 'harvester', 'harvesterhci.io/os': 'ubuntu' },
    annotations: { [TEMPLATES]: claimTemplate({ ...claimOf('made-disk-0-abcde'), metadata: { name: 'made-disk-0-abcde', annotations: { 'harvesterhci.io/imageId': `${NS}/image` } } }), 'network.harvesterhci.io/ips': '[]', 'field.cattle.io/description': 'of the form' },
  },
  template: {
    evictionStrategy: 'LiveMigrateIfPossible', hostname: 'made', affinity: {},
    domain: {
      machine: { type: '' }, cpu: { cores: 16, sockets: 1, threads: 1 }, features: { acpi: { enabled: true } }, resources: { limits: { cpu: '16', memory: '6Gi' } },
      devices: { inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }], interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }], disks: [{ name: 'disk-0', disk: { bus: 'virtio' }, bootOrder: 1 }, disk('cloudinitdisk')] },
    },
    volumes: [{ name: 'disk-0', persistentVolumeClaim: { claimName: 'made-disk-0-abcde' } }, { name: 'cloudinitdisk', cloudInitNoCloud: { secretRef: { name: 'made-abcde' }, networkDataSecretRef: { name: 'made-abcde' } } }],
  },
})
const sized = (cpu: string | number, memory: string, more: Fields = {}) => domain({ resources: { limits: { cpu, memory }, ...more } })
/** On a network of its own, for which it asks its node. */
const networked = (networkName: string, template: Fields = {}) => device({ interfaces: [{ name: 'default', model: 'virtio', bridge: {} }] }, { networks: [{ name: 'default', multus: { networkName } }], ...template })
const wanting = (...keys: readonly string[]) => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: keys.map(key => ({ matchExpressions: [{ key, operator: 'In', values: ['true'] }] })) } } } })
const POD = { networks: [{ name: 'default', pod: {} }] }
const ADDRESS = '52:54:00:aa:bb:cc'
const volume = (name: string, claimName: string) => ({ name, persistentVolumeClaim: { claimName } })

export const VMS: Group = {
  name: 'VMs',
  standing,
  rows: [
    created('a VM without disks is made', vmOf('made', 'Halted')),
    created('a VM as the form writes it', FORM),
    created('a VM of a core and a half and memory in decimals', vmOf('made', 'Halted', sized('1500m', '3000M'))),
    created('a VM of sizes that are written otherwise', vmOf('made', 'Halted', sized(2, '1024Mi', { requests: { 'ephemeral-storage': '1024Mi' } }))),
    created('a VM that says nothing of its processor', vmOf('made', 'Halted', domain({ cpu: undefined })), UNPLAYED),
    created('a VM on a network', vmOf('made', 'Halted', networked(`${NS}/vlan`))),
    created('a VM on a network that wants some nodes, and wanted another network', vmOf('made', 'Halted', networked(`${NS}/vlan`, wanting('zone', 'network.harvesterhci.io/old')))),
    created('a VM on a network without a word on its namespace', vmOf('made', 'Halted', networked('vlan')), UNPLAYED),
    created('a VM on a network of no cluster network', vmOf('made', 'Halted', networked(`${NS}/plain`, wanting('network.harvesterhci.io/old')))),
    created('a VM on a network that there is not', vmOf('made', 'Halted', networked(`${NS}/ghost`))),
    created('a VM that would rather be on some nodes', vmOf('made', 'Halted', { template: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: 'zone', operator: 'Exists' }] } }] } } } })),
    created('a VM with an identity and an address of its own', vmOf('made', 'Halted', domain({ machine: { type: 'pc-q35-rhel9.6.0' }, firmware: { uuid: '11111111-2222-3333-4444-555555555555', serial: 'own', bootloader: { efi: { secureBoot: false } } }, devices: { interfaces: [{ name: 'default', model: 'virtio', masquerade: {}, macAddress: ADDRESS }] } }, POD))),
    created('a VM whose address is in its annotation', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/mac-address': JSON.stringify({ default: ADDRESS }) } } })),
    created('a VM on a claim that there is', vmOf('made', 'RerunOnFailure', { claims: ['free'] })),
    created('a VM by an editor', vmOf('made', 'Halted'), { who: 'editor' }),
    created('a VM by a viewer', vmOf('made', 'Halted'), { who: 'viewer' }),
    created('a VM of a name that is taken', vmOf('owner', 'Halted')),
    created('a VM of a name that is none', vmOf('Web_01', 'Halted')),
    created('a VM of a long name', vmOf('v'.repeat(64), 'Halted')),
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
    created('a VM that reserves some memory', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/reservedMemory': '56Mi' } } })),
    created('a VM whose reserved memory is no quantity', vmOf('made', 'Halted', { metadata: { annotations: { 'harvesterhci.io/reservedMemory': 'much' } } }), UNPLAYED),
    created('a VM that asks for more memory than its limit', vmOf('made', 'Halted', domain({ resources: { limits: { cpu: '1', memory: '256Mi' }, requests: { memory: '1Gi' } } }))),
    created('a VM whose guest has more memory than its limit', vmOf('made', 'Halted', domain({ memory: { guest: '1Gi' } }))),
    created('a VM whose limit is no quantity', vmOf('made', 'Halted', domain({ resources: { limits: { cpu: '1', memory: 'much' } } })), UNPLAYED),
    created('a VM on a claim that another VM has', vmOf('made', 'Halted', { claims: ['taken'] })),
    created('a VM on a golden image', vmOf('made', 'Halted', { claims: ['golden'] })),
    created('a VM with a disk without a volume', vmOf('made', 'Halted', device({ disks: [disk('lost')] })), UNPLAYED),
    created('a VM with a volume without a disk', vmOf('made', 'Halted', device({}, { volumes: [volume('lost', 'free')] }))),
    created('a VM with two disks of one name', vmOf('made', 'Halted', device({ disks: [disk('one'), disk('one')] }, { volumes: [volume('one', 'free')] })), UNPLAYED),
    created('a VM with two disks of one boot order', vmOf('made', 'Halted', device({ disks: [{ ...disk('one'), bootOrder: 1 }, { ...disk('two'), bootOrder: 1 }] }, { volumes: [volume('one', 'free'), volume('two', 'other')] })), UNPLAYED),
    created('a VM with a disk on an unknown bus', vmOf('made', 'Halted', device({ disks: [disk('one', 'carrier')] }, { volumes: [volume('one', 'free')] })), UNPLAYED),
    created('a VM with an interface without a network', vmOf('made', 'Halted', device({ interfaces: [{ name: 'default', masquerade: {} }] })), UNPLAYED),
    created('a VM with a network without an interface', vmOf('made', 'Halted', domain({}, POD)), UNPLAYED),
    created('a VM of half a core', vmOf('made', 'Halted', domain({ cpu: { cores: 0.5 } })), UNPLAYED),
    created('a VM of no core', vmOf('made', 'Halted', domain({ cpu: { cores: 0 } }))),
    created('a VM with an unknown maintenance strategy', vmOf('made', 'Halted', { metadata: { labels: { 'harvesterhci.io/maintain-mode-strategy': 'Pray' } } }), UNPLAYED),
    created('a VM with an unknown eviction strategy', vmOf('made', 'Halted', domain({}, { evictionStrategy: 'Pray' })), UNPLAYED),
    patched('Halted put to a VM that is Manual', 'manual', { spec: { runStrategy: 'Halted' } }),
    patched('Always put to a VM that is Halted', 'owner', { spec: { runStrategy: 'Always' } }),
    patched('Always put to a VM that is Halted and was Manual', 'remembering', { spec: { runStrategy: 'Always' } }),
    patched('Always put to a VM that is Halted and was Halted before', 'forgetful', { spec: { runStrategy: 'Always' } }),
    patched('more memory and fewer sockets for a VM', 'manual', { spec: { template: { spec: { domain: { cpu: { cores: 2, sockets: 0 }, resources: { limits: { memory: '3Gi' } } } } } } }),
    patched('another request of a VM whose limits stay', 'manual', { spec: { template: { spec: { domain: { resources: { requests: { memory: '100Mi' } } } } } } }),
    patched('a VM put on a network', 'manual', { spec: { template: { spec: networked(`${NS}/vlan`).template } } }),
    patched('an unknown run strategy put to a VM', 'manual', { spec: { runStrategy: 'Sometimes' } }),
    patched('a disk taken that another VM has', 'manual', vmOf('manual', 'Manual', { claims: ['taken'] })),
    patched('a change of a version that is not the last', 'manual', { metadata: { resourceVersion: '1', labels: { a: 'b' } } }),
    patched('a change of a VM that there is not', 'ghost', { spec: { runStrategy: 'Halted' } }),
    patched('a change by a viewer', 'manual', { spec: { runStrategy: 'Halted' } }, { who: 'viewer' }),
    { says: 'a JSON patch whose test fails', asks: { verb: 'json', shelf: 'vms', name: 'manual', body: [{ op: 'test', path: '/spec/runStrategy', value: 'Always' }] } },
    { says: 'a JSON patch of a path that there is not', asks: { verb: 'json', shelf: 'vms', name: 'manual', body: [{ op: 'remove', path: '/metadata/annotations/none' }] } },
    { says: 'a strategic patch of a VM', asks: { verb: 'strategic', shelf: 'vms', name: 'manual', body: { spec: { runStrategy: 'Halted' } } } },
    { says: 'a VM is deleted', asks: { verb: 'delete', shelf: 'vms', name: 'manual' } },
    { says: 'a VM that there is not is deleted', asks: { verb: 'delete', shelf: 'vms', name: 'ghost' } },
    { says: 'a VM is deleted by a viewer', asks: { verb: 'delete', shelf: 'vms', name: 'manual' }, who: 'viewer' },
    { says: 'a VM is deleted that has another uid', asks: { verb: 'delete', shelf: 'vms', name: 'manual', body: { preconditions: { uid: 'another' } } } },
  ],
}
