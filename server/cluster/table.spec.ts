import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from './json.ts'
import { humanDuration } from './humanDuration.ts'
import { firstAt } from './jsonPath.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { canonicalQuantity } from './quantity.ts'
import { KindRegistry } from './registry.ts'
import { toPartialMetadata, toTable } from './table.ts'

const registry = new KindRegistry()
for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)

const NOW = Date.parse('2026-01-01T01:00:00Z')
const created = '2026-01-01T00:00:00Z'

interface Table { readonly metadata: JsonObject, readonly columnDefinitions: { name: string, priority: number }[] | null, readonly rows: { cells: JsonValue[], object: JsonValue, conditions?: JsonValue }[] }

function tableOf(apiVersion: string, kind: string, object: JsonObject, more: Partial<Parameters<typeof toTable>[2]> = {}): Table {
  const known = registry.byKind(apiVersion, kind) ?? expect.fail(`${kind} is not served`)
  const whole = { apiVersion, kind, ...object, metadata: { name: 'x', creationTimestamp: created, ...object.metadata as JsonObject | undefined } }
  return toTable(known, [whole], { includeObject: 'Metadata', now: NOW, ...more }) as unknown as Table
}
const cellsOf = (apiVersion: string, kind: string, object: JsonObject) => tableOf(apiVersion, kind, object).rows[0]?.cells

describe('a built-in\'s row', () => {
  const container = (name: string, state: JsonObject, more: JsonObject = {}): JsonObject => ({ name, state, ready: false, restartCount: 0, ...more })
  const running = container('a', { running: {} }, { ready: true })
  const pod = (status: JsonObject, more: JsonObject = {}): JsonObject => ({ spec: { containers: [{ name: 'a' }, { name: 'b' }] }, status: { phase: 'Running', ...status }, ...more })
  const pods: [string, JsonObject, JsonValue[]][] = [
    ['counts ready containers', pod({ containerStatuses: [running, { ...running, name: 'b' }] }), ['2/2', 'Running', '0']],
    ['says why a container waits', pod({ containerStatuses: [running, container('b', { waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 3, lastState: { terminated: { finishedAt: '2026-01-01T00:30:00Z' } } })] }), ['1/2', 'CrashLoopBackOff', '3 (30m ago)']],
    ['says how a container ended', pod({ containerStatuses: [container('a', { terminated: { exitCode: 137 } })] }), ['0/2', 'ExitCode:137', '0']],
    ['says which signal ended it', pod({ containerStatuses: [container('a', { terminated: { signal: 9, exitCode: 137 } })] }), ['0/2', 'Signal:9', '0']],
    ['is Running while one of two is completed', pod({ conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [container('a', { terminated: { reason: 'Completed' } }), { ...running, name: 'b' }] }), ['1/2', 'Running', '0']],
    ['waits for its first containers', pod({ phase: 'Pending', initContainerStatuses: [container('i', { running: {} })] }, { spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }, { name: 'j' }] } }), ['0/1', 'Init:0/2', '0']],
    ['says why its first containers failed', pod({ phase: 'Pending', initContainerStatuses: [container('i', { terminated: { exitCode: 1, reason: 'Error' } })] }), ['0/2', 'Init:Error', '0']],
    ['is ending', pod({}, { metadata: { deletionTimestamp: created } }), ['0/2', 'Terminating', '0']],
    ['is unknown on a lost node', pod({ reason: 'NodeLost' }, { metadata: { deletionTimestamp: created } }), ['0/2', 'Unknown', '0']],
    ['is held back', pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }), ['0/2', 'SchedulingGated', '0']],
  ]
  it.each(pods)('of a pod %s', (_, object, cells) => {
    expect(cellsOf('v1', 'Pod', object)?.slice(1, 4)).toEqual(cells)
  })

  it('marks a pod that has ended', () => {
    expect(tableOf('v1', 'Pod', pod({ phase: 'Failed' })).rows[0]?.conditions).toEqual([{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }])
    expect(tableOf('v1', 'Pod', pod({})).rows[0]).not.toHaveProperty('conditions')
  })

  const others: [string, string, JsonObject, JsonValue[]][] = [
    ['v1', 'Node', { metadata: { labels: { 'node-role.kubernetes.io/etcd': '', 'node-role.kubernetes.io/control-plane': 'true' } }, spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }], addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], nodeInfo: { kubeletVersion: 'v1.34.2', osImage: 'SLE' } } },
      ['x', 'NotReady,SchedulingDisabled', 'control-plane,etcd', '60m', 'v1.34.2', '10.0.0.1', '<none>', 'SLE', '<unknown>', '<unknown>']],
    ['v1', 'PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteMany'], storageClassName: 'lh', volumeMode: 'Block' }, status: { phase: 'Pending' } }, ['x', 'Pending', '', '', '', 'lh', '<unset>', '60m', 'Block']],
    ['v1', 'PersistentVolumeClaim', { spec: { volumeName: 'v' }, status: { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] } }, ['x', 'Bound', 'v', '10Gi', 'RWO,RWX', '', '<unset>', '60m', '<unset>']],
    ['v1', 'PersistentVolume', { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Delete', claimRef: { namespace: 'lab', name: 'c' } }, status: { phase: 'Bound' } }, ['x', '1Gi', 'RWO', 'Delete', 'Bound', 'lab/c', '', '<unset>', '', '60m', '<unset>']],
    ['v1', 'Service', { spec: { type: 'ClusterIP', clusterIPs: ['10.0.0.5'], ports: [{ port: 80, protocol: 'TCP' }, { port: 53, protocol: 'UDP' }], selector: { b: '2', a: '1' } } }, ['x', 'ClusterIP', '10.0.0.5', '<none>', '80/TCP,53/UDP', '60m', 'a=1,b=2']],
    ['v1', 'Event', { lastTimestamp: '2026-01-01T00:59:00Z', type: 'Warning', reason: 'R', message: ' m ', involvedObject: { kind: 'Pod', name: 'p' }, source: { component: 'kubelet', host: 'n' }, count: 3 }, ['60s', 'Warning', 'R', 'pod/p', '', 'kubelet, n', 'm', '<unknown>', 3, 'x']],
    ['v1', 'Secret', { type: 'Opaque', data: { a: 'YQ==' } }, ['x', 'Opaque', 1, '60m']],
    ['v1', 'ConfigMap', { data: { a: '' }, binaryData: { b: '' } }, ['x', 2, '60m']],
    ['storage.k8s.io/v1', 'StorageClass', { metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p' }, ['x (default)', 'p', 'Delete', 'Immediate', false, '60m']],
    ['storage.k8s.io/v1', 'VolumeAttachment', { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } }, status: { attached: true } }, ['x', 'a', 'v', 'n', true, '60m']],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'User', name: 'u' }, { kind: 'Group', name: 'g' }, { kind: 'ServiceAccount', namespace: 'n', name: 's' }] }, ['x', 'ClusterRole/view', '60m', 'u', 'g', 'n/s']],
    ['rbac.authorization.k8s.io/v1', 'Role', {}, ['x', created]],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', {}, ['x', created]],
    ['coordination.k8s.io/v1', 'Lease', { spec: { holderIdentity: 'me' } }, ['x', 'me', '60m']],
  ]
  it.each(others)('%s %s %j', (apiVersion, kind, object, cells) => {
    expect(cellsOf(apiVersion, kind, object)).toEqual(cells)
  })

  it('has as many cells as columns, in every kind', () => {
    for (const kind of registry.all().filter(({ verbs }) => verbs.includes('list'))) {
      const { columnDefinitions, rows } = tableOf(kind.group ? `${kind.group}/${kind.version}` : kind.version, kind.kind, {})
      expect([kind.plural, rows[0]?.cells.length]).toEqual([kind.plural, columnDefinitions?.length])
    }
  })
})

describe('a custom kind\'s row', () => {
  it('shows its printer columns, nothing as nothing', () => {
    const vmi = { status: { phase: 'Running', interfaces: [{ ipAddress: '10.1.2.3' }], conditions: [{ type: 'Paused', status: 'True' }, { type: 'Ready', status: 'False' }] } }
    expect(cellsOf('kubevirt.io/v1', 'VirtualMachineInstance', vmi)).toEqual(['x', '60m', 'Running', '10.1.2.3', null, 'False', null, 'True'])
    expect(tableOf('kubevirt.io/v1', 'VirtualMachineInstance', vmi).columnDefinitions?.map(({ name, priority }) => `${name}${priority}`)).toEqual(['Name0', 'Age0', 'Phase0', 'IP0', 'NodeName0', 'Ready0', 'Live-Migratable1', 'Paused1'])
  })

  it('keeps types: numbers in number columns, text in text columns', () => {
    expect(cellsOf('harvesterhci.io/v1beta1', 'VirtualMachineImage', { spec: { backend: 'cdi' }, status: { size: 12345678901, virtualSize: 'odd' } })).toEqual(['x', 'cdi', null, 12345678901, null, '60m'])
    expect(cellsOf('longhorn.io/v1beta2', 'BackingImage', { status: { size: 123 } })).toEqual(['x', null, null, '123', null, '60m'])
  })

  it('does not take text for a date', () => {
    expect(cellsOf('harvesterhci.io/v1beta1', 'VirtualMachineRestore', { status: { error: { message: 'bad' } } })?.at(-1)).toBe('<invalid>')
  })
})

describe('a table', () => {
  const list = { resourceVersion: '7', continue: 'c' }
  it('carries the list\'s metadata, and as much of each object as was asked for', () => {
    const metadata = { name: 'x', creationTimestamp: created }
    expect(tableOf('v1', 'Namespace', {}, { list })).toMatchObject({ kind: 'Table', metadata: list, rows: [{ object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } }] })
    expect(tableOf('v1', 'Namespace', {}, { includeObject: 'None' }).rows[0]?.object).toBeNull()
    expect(tableOf('v1', 'Namespace', { status: { phase: 'Active' } }, { includeObject: 'Object' }).rows[0]?.object).toMatchObject({ kind: 'Namespace', status: { phase: 'Active' } })
  })

  it('names its columns in the first event of a watch only', () => {
    expect(tableOf('v1', 'Namespace', {}, { noHeaders: true }).columnDefinitions).toBeNull()
  })

  it('has a smaller sister of metadata alone', () => {
    expect(toPartialMetadata([{ kind: 'Pod', metadata: { name: 'a' }, spec: {} }])).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } })
    expect(toPartialMetadata([{ metadata: { name: 'a' } }], list)).toMatchObject({ kind: 'PartialObjectMetadataList', metadata: list, items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'a' } }] })
  })
})

describe('an age', () => {
  const SECOND = 1000
  const MINUTE = 60 * SECOND
  const HOUR = 60 * MINUTE
  const DAY = 24 * HOUR
  it.each([
    [-3 * SECOND, '<invalid>'], [-SECOND, '0s'], [0, '0s'], [119 * SECOND, '119s'], [2 * MINUTE, '2m'], [3 * MINUTE + 20 * SECOND, '3m20s'], [10 * MINUTE + 5 * SECOND, '10m'],
    [179 * MINUTE, '179m'], [3 * HOUR, '3h'], [7 * HOUR + 5 * MINUTE, '7h5m'], [9 * HOUR + 5 * MINUTE, '9h'], [47 * HOUR, '47h'], [2 * DAY, '2d'], [3 * DAY + 4 * HOUR, '3d4h'],
    [9 * DAY + HOUR, '9d'], [400 * DAY, '400d'], [2 * 365 * DAY, '2y'], [3 * 365 * DAY + 5 * DAY, '3y5d'], [9 * 365 * DAY, '9y'],
  ])('of %i ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text)
  })
})

describe('a column\'s path', () => {
  const object: JsonObject = { 'a': { 'b': [{ t: 'x', v: 1 }, { t: 'y', v: 2 }], 'c.d': 3, 'e': null }, 'name/with': 4 }
  it.each<[string, JsonValue | undefined]>([
    ['.a.b[0].v', 1], ['.a.b[-1].v', 2], ['.a.b[*].v', 1], ['.a.b[?(@.t==\'y\')].v', 2], ['.a.b[?(@.t=="y")].v', 2], ['.a.b[?(@.v==2)].t', 'y'], ['.a.b[?(@.t!=\'x\')].v', 2],
    ['.a.c\\.d', 3], ['.a[\'c.d\']', 3], ['.a.e', null], ['.a.nope', undefined], ['.a.b[9].v', undefined], ['.a.b[?(@.t==\'z\')].v', undefined], ['.a.b.v', undefined], ['.a[', undefined],
  ])('%s finds %j', (path, found) => {
    expect(firstAt(object, path)).toEqual(found)
  })
})

describe('a quantity', () => {
  it.each([
    ['1Gi', '1Gi'], ['1024Mi', '1Gi'], ['1073741824', '1073741824'], ['1000', '1k'], ['1500Mi', '1500Mi'], ['0.5', '500m'], ['500m', '500m'], ['1.5Gi', '1536Mi'], ['100Ki', '100Ki'], ['512', '512'],
    ['1e3', '1e3'], ['12e6', '12e6'], ['0', '0'], ['0Gi', '0'], ['-1Gi', '-1Gi'], ['+5', '5'], ['.5Gi', '512Mi'], ['1E', '1E'], ['10G', '10G'], ['2000m', '2'],
  ])('%s is written %s', (given, canonical) => {
    expect(canonicalQuantity(given)).toBe(canonical)
  })

  it.each(['', 'ten', '1 Gi', '1GiB', '1.2.3', 'Gi', '.', '--1'])('"%s" is none', text => {
    expect(canonicalQuantity(text)).toBeUndefined()
  })
})
