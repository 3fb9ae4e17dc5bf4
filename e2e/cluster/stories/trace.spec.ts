import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../api.ts'
import { differencesOf } from './comparison.ts'
import type { Change, Trace } from './trace.ts'
import { orderOf, traceOf } from './trace.ts'

const UIDS = { vm: '11111111-1111-1111-1111-111111111111', vmi: '22222222-2222-2222-2222-222222222222' }

function seen(kind: string, version: number, more: { uid?: string, metadata?: object, spec?: object, status?: object } = {}, gone = false) {
  const object = { apiVersion: 'v1', kind, metadata: { name: 'web', namespace: 'story-1', uid: more.uid ?? UIDS.vmi, resourceVersion: String(version), creationTimestamp: '', ...more.metadata }, spec: more.spec, status: more.status } as KubeObject
  return { gone, object }
}

describe('a trace', () => {
  it('is in the order of the writes, whichever watch was first, and names what servers named', () => {
    const trace = traceOf('story-1', [{ who: 'admin', act: 'stop web', code: 409, text: 'no VM in story-1 since 2026-05-04T03:00:00Z' }], [
      seen('VirtualMachine', 3, { uid: UIDS.vm, status: { stateChangeRequests: [{ action: 'Stop', uid: UIDS.vmi }] } }),
      seen('VirtualMachineInstance', 2, { status: { phase: 'Running' } }),
      seen('VirtualMachineInstance', 9, { status: { phase: 'Running' } }, true),
    ], new Map())
    expect(trace.answers).toEqual([{ who: 'admin', act: 'stop web', code: 409, text: 'no VM in NAMESPACE since TIME' }])
    expect(trace.changes.map(([what]) => what)).toEqual(['vmi web 1', 'vm web', 'vmi web 1'])
    expect(trace.changes[1]?.[1]).toMatchObject({ stateChangeRequests: [{ action: 'Stop', uid: 'vmi web 1' }] })
    expect(trace.changes[2]).toEqual(['vmi web 1', { life: 'gone' }])
  })

  it('tells of a disk on another node by itself, so that the one that is let go is not taken for the one that comes', () => {
    const attachment = (version: number, nodeName: string, gone = false) => seen('VolumeAttachment', version, { uid: nodeName, spec: { nodeName, source: { persistentVolumeName: 'pvc-1' } } }, gone)
    const { changes } = traceOf('story-1', [], [attachment(1, 'a'), attachment(2, 'b'), attachment(3, 'a', true)], new Map([['pvc-1', 'web-disk']]))
    expect(changes.map(([what, { life }]) => `${what} ${String(life)}`)).toEqual(['attachment web-disk there', 'attachment web-disk on node 2 there', 'attachment web-disk gone'])
  })

  it('tells of a claim until it is gone, and calls the nodes of a play by their order', () => {
    const moving = { phase: 'Running', migrationState: { sourceNode: 'node-story12', targetNode: 'node-story11' }, volumeStatus: [{ name: 'more', phase: 'Pending', reason: 'PVCNotReady', message: 'PVC is in phase Pending', hotplugVolume: {} }] }
    const disk = (version: number, metadata: object, gone = false) => seen('PersistentVolumeClaim', version, { uid: 'disk', metadata: { name: 'web-disk', ...metadata }, status: { phase: 'Bound' } }, gone)
    const { changes } = traceOf('story-1', [], [disk(1, {}), seen('VirtualMachineInstance', 2, { status: moving }), disk(3, { deletionTimestamp: 'now' }), disk(4, {}, true)], new Map())
    expect(changes).toMatchObject([
      ['claim web-disk', { life: 'there', deleting: false, phase: 'Bound' }],
      ['vmi web 1', { migrationState: { sourceNode: 'node 2', targetNode: 'node 1' }, volumes: ['more Pending hotplug · PVCNotReady · PVC is in phase Pending'] }],
      ['claim web-disk', { deleting: true }],
      ['claim web-disk', { life: 'gone' }],
    ])
  })

  it('tells of the nodes of a play where it looks at them, each taint by itself, and then where everything is', () => {
    const node = (version: number, taints: readonly string[], labels = {}) => seen('Node', version, { uid: 'node', metadata: { name: 'node-story11', labels }, spec: { taints: taints.flatMap(key => ['NoSchedule', 'NoExecute'].map(effect => ({ key, effect }))) }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    const instance = seen('VirtualMachineInstance', 2, { status: { phase: 'Running', nodeName: 'node-story11' } })
    expect(traceOf('story-1', [], [instance], new Map()).changes[0]?.[1]).not.toHaveProperty('node')
    const { changes } = traceOf('story-1', [], [node(1, ['node.kubernetes.io/not-ready'], { 'kubevirt.io/schedulable': 'true' }), instance, node(3, ['lost', 'out'], { 'kubevirt.io/schedulable': 'false' }), node(4, ['lost'])], new Map())
    expect(changes).toMatchObject([
      ['node 1', { 'life': 'there', 'schedulable': 'true', 'condition Ready': 'True' }],
      ['vmi web 1', { phase: 'Running', node: 'node 1' }],
      ['node 1', { 'schedulable': 'false', 'taint lost': 'NoExecute NoSchedule', 'taint out': 'NoExecute NoSchedule' }],
      ['node 1', { 'taint out': null }],
    ])
    expect(changes[0]?.[1]).not.toHaveProperty('taint node.kubernetes.io/not-ready')
  })

  it('tells what is new alone, and null for what is no longer there', () => {
    const paused = { phase: 'Running', conditions: [{ type: 'Paused', status: 'True' }] }
    const { changes } = traceOf('story-1', [], [seen('VirtualMachineInstance', 1, { status: paused }), seen('VirtualMachineInstance', 2, { status: paused }), seen('VirtualMachineInstance', 3, { status: { phase: 'Running' } })], new Map())
    expect(changes.slice(1)).toEqual([['vmi web 1', { 'condition Paused': null }]])
  })
})

describe('two traces', () => {
  const told = (...changes: Change[]): Trace => ({ answers: [], changes })
  const there = { life: 'there', phase: 'Running' }

  it('are apart where a value is missing, more, or in another order', () => {
    const one = told(['data volume more', { phase: 'Pending' }], ['data volume more', { phase: 'ImportScheduled' }])
    const other = told(['data volume more', { phase: 'ImportScheduled' }])
    expect(differencesOf(one, one)).toEqual([])
    expect(differencesOf(one, other)).toEqual([{ where: 'data volume more · phase', one: 'Pending › ImportScheduled', other: 'ImportScheduled' }])
  })

  it('are apart where an answer is', () => {
    const said = (code: number): Trace => ({ answers: [{ who: 'viewer', act: 'stop web', code }], changes: [] })
    expect(differencesOf(said(403), said(202))).toEqual([{ where: 'answer 1', one: 'viewer · stop web · 403', other: 'viewer · stop web · 202' }])
  })

  it('are apart where an instance goes before its pod', () => {
    const begun: Change[] = [['vmi web 1', there], ['launcher web 1', { life: 'there' }]]
    const [vmi, pod]: [Change, Change] = [['vmi web 1', { life: 'gone' }], ['launcher web 1', { life: 'gone' }]]
    expect(differencesOf(told(...begun, pod, vmi), told(...begun, vmi, pod)).map(({ where }) => where)).toEqual(['order'])
    expect(orderOf(told(...begun, pod, vmi))).toEqual(['vmi web 1 comes', 'vmi web 1 Running', 'launcher web 1 comes', 'launcher web 1 goes', 'vmi web 1 goes'])
  })

  it('are apart where a pod is gone before its node is given up', () => {
    const gone: Change = ['launcher web 1', { life: 'gone' }]
    const givenUp: Change = ['node 1', { 'taint node.kubernetes.io/out-of-service': 'NoExecute' }]
    const begun: Change = ['launcher web 1', { life: 'there' }]
    expect(differencesOf(told(begun, givenUp, gone), told(begun, gone, givenUp)).map(({ where }) => where)).toEqual(['order'])
  })

  it('are apart where a target comes before its migration, or one has succeeded before it runs', () => {
    const migration = (change: Change[1]): Change => ['migration of web 1', change]
    const target: Change = ['target web 1', { life: 'there' }]
    const [comes, runs, over] = [migration({ life: 'there', phase: '' }), migration({ phase: 'Running' }), migration({ phase: 'Succeeded' })]
    expect(orderOf(told(comes, target, runs, over))).toEqual(['migration of web 1 comes', 'target web 1 comes', 'migration of web 1 Running', 'migration of web 1 Succeeded'])
    expect(differencesOf(told(comes, target, runs, over), told(target, comes, runs, over)).map(({ where }) => where)).toEqual(['order'])
  })

  it('are not apart where a status was written before the instance was made, or after', () => {
    const [comes, stopped]: [Change, Change] = [['vmi web 1', { life: 'there' }], ['vm web', { printableStatus: 'Stopped' }]]
    expect(differencesOf(told(comes, stopped), told(stopped, comes))).toEqual([])
    expect(differencesOf(told(comes, ['vmi web 1', { life: 'gone' }], stopped), told(comes, stopped, ['vmi web 1', { life: 'gone' }])).map(({ where }) => where)).toEqual(['order of the word off'])
  })

  it('are not apart where one saw that there was no instance between two', () => {
    const off: Change[1] = { 'spec.runStrategy': 'Always', 'printableStatus': 'Stopped', 'created': false, 'ready': false, 'stateChangeRequests': [] }
    const vm = (...changes: Change[1][]) => told(...[off, ...changes].map((change): Change => ['vm web', change]))
    const [runs, over, away, starts] = [{ printableStatus: 'Running', created: true }, { printableStatus: 'Stopped' }, { created: false }, { printableStatus: 'Starting', created: true }]
    expect(differencesOf(vm(runs, over, away, starts), vm(runs, over, starts))).toEqual([])
    expect(differencesOf(vm(runs, over, away), vm(runs, over))).toHaveLength(1)
  })

  it('are apart where a good copy goes and comes again, and where an image is Imported later than its first good copy', () => {
    const copies = (...values: (string | null)[]) => told(...values.map((value): Change => ['file lh 1', { 'copy on disk 1': value }]))
    expect(differencesOf(copies('', 'starting', 'ready'), copies('ready'))).toEqual([])
    expect(differencesOf(copies('ready', null, 'starting', 'ready'), copies('ready')).map(({ where }) => where)).toContain('file lh 1 · copy on disk 1')
    expect(differencesOf(copies('ready', 'starting', 'ready'), copies('ready')).map(({ where }) => where)).toContain('file lh 1 · copy on disk 1')
    const [spoilt, inVain] = ['failed · ready file is modified at TIME', 'failed · failed to process sync file: syncing file should be directly reused but failed']
    expect(differencesOf(copies('ready', spoilt, inVain, null, 'ready'), copies('ready', spoilt, 'ready'))).toEqual([])
    expect(differencesOf(copies(inVain, null, 'ready'), copies('ready')).map(({ where }) => where)).toContain('file lh 1 · copy on disk 1')
    const [first, second, third]: [Change, Change, Change] = [['file lh 1', { 'copy on disk 1': 'ready' }], ['file lh 1', { 'copy on disk 2': 'ready' }], ['file lh 1', { 'copy on disk 3': 'ready' }]]
    const imported: Change = ['image noble', { 'condition Imported': 'True · Imported' }]
    expect(differencesOf(told(first, imported, second, third), told(first, second, third, imported)).map(({ where }) => where)).toEqual(['order of images and copies'])
  })

  it('are not apart where one saw what passes, but where it is what stays', () => {
    const ready = (...values: string[]) => told(...values.map((value): Change => ['vm web', { 'condition Ready': value }]))
    expect(differencesOf(ready('True', 'False · PodTerminating', 'False · VMINotExists'), ready('True', 'False · VMINotExists'))).toEqual([])
    expect(differencesOf(ready('True', 'False · PodTerminating'), ready('True'))).toHaveLength(1)
  })
})
