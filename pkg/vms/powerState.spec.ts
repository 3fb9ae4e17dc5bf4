import type { Condition } from '#kube/object.ts'
import type { VmAct } from './powerActions.ts'
import type { PowerState, PowerWord } from './powerState.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance, VmiPhase } from './vm.ts'
import type { VmRow, VmsJudgement, VmsView } from './vmRow.ts'
import { describe, expect, it } from 'vitest'
import { permissionOf } from '#kube/write.ts'
import { planPower, planStart, planStop, rememberedStrategy, vmActions } from './powerActions.ts'
import { derivePowerState, startsByItself, toneOf } from './powerState.ts'
import { VM_SUBRESOURCES, VMS, graceSecondsOf } from './vm.ts'
import { judgeVms, vmRow } from './vmRow.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const meta = { name: 'web-01', namespace: 'production', uid: 'vm', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' }
const condition = (type: string, status: Condition['status'], reason?: string, message?: string): Condition => ({ type, status, ...(reason && { reason }), ...(message && { message }) })

function vm(runStrategy: RunStrategy, status: VirtualMachine['status'] = { runStrategy }, extra: object = {}): VirtualMachine {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...meta, ...extra }, spec: { runStrategy, template: { spec: {} } }, status }
}
function vmi(phase: VmiPhase, status: Partial<NonNullable<VirtualMachineInstance['status']>> = {}, extra: object = {}): VirtualMachineInstance {
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { ...meta, uid: 'vmi', ...extra }, spec: {}, status: { phase, ...status } }
}
const DELETED = { deletionTimestamp: '2026-03-01T11:59:00Z' }
const START = { stateChangeRequests: [{ action: 'Start' as const }] }
const RESTART = { stateChangeRequests: [{ action: 'Stop' as const, uid: 'vmi' }, { action: 'Start' as const }] }

describe('the power state', () => {
  it.each<[string, VirtualMachine, VirtualMachineInstance | undefined, PowerWord, PowerState['because']['code']]>([
    ['halted, no instance', vm('Halted'), undefined, 'off', 'halted'],
    ['printed Stopped before a start', vm('Always', { printableStatus: 'Stopped', runStrategy: 'Always' }), undefined, 'starting', 'wanted-on'],
    ['printed Stopped while the instance is still there', vm('Halted', { printableStatus: 'Stopped', created: true }), vmi('Succeeded', {}, DELETED), 'stopping', 'instance-ending'],
    ['printed Stopped, and the list of instances lags', vm('Halted', { printableStatus: 'Stopped', created: true }), undefined, 'stopping', 'halted'],
    ['created, and no instance to be seen', vm('Always', { created: true }), undefined, 'unknown', 'instance-not-seen'],
    ['brand-new RerunOnFailure', vm('RerunOnFailure', {}), undefined, 'starting', 'strategy-switched'],
    ['RerunOnFailure after the guest shut down', vm('RerunOnFailure'), undefined, 'off', 'guest-shut-down'],
    ['RerunOnFailure put back too early: it never starts', vm('RerunOnFailure', { runStrategy: 'RerunOnFailure', printableStatus: 'Stopped' }), undefined, 'off', 'guest-shut-down'],
    ['RerunOnFailure off with a claim that is not bound (kubevirt#18787)', vm('RerunOnFailure', { runStrategy: 'RerunOnFailure', printableStatus: 'WaitingForVolumeBinding' }), undefined, 'off', 'guest-shut-down'],
    ['Manual, never started', vm('Manual'), undefined, 'off', 'not-started'],
    ['Manual, start asked for', vm('Manual', START), undefined, 'starting', 'start-requested'],
    ['Halted, start asked for: it becomes Always', vm('Halted', START), undefined, 'starting', 'start-requested'],
    ['Once', vm('Once'), undefined, 'starting', 'wanted-on'],
    ['waits for its disks', vm('Always', { printableStatus: 'Provisioning' }), undefined, 'provisioning', 'waiting-for-disks'],
    ['its instance was refused', vm('Always', { conditions: [condition('Failure', 'True', 'FailedCreate', 'quota exceeded')] }), undefined, 'failing', 'cannot-start'],
    ['a data volume failed', vm('Always', { printableStatus: 'DataVolumeError' }), undefined, 'failing', 'cannot-start'],
    ['crash loop', vm('RerunOnFailure', { ...START, runStrategy: 'RerunOnFailure', startFailure: { consecutiveFailCount: 3, retryAfterTimestamp: '2026-03-01T12:01:30Z' } }), undefined, 'crashed', 'crash-loop-waiting'],
    ['a start that failed and was stopped: printed CrashLoopBackOff, and nothing starts it again', vm('RerunOnFailure', { runStrategy: 'RerunOnFailure', printableStatus: 'CrashLoopBackOff', startFailure: { consecutiveFailCount: 1 } }), undefined, 'off', 'start-given-up'],
    ['crash loop, then halted', vm('Halted', { startFailure: { consecutiveFailCount: 3 } }), undefined, 'off', 'halted'],
    ['waits for a migration from elsewhere', vm('WaitAsReceiver'), undefined, 'unknown', 'waiting-for-receiver'],
    ['stale Paused on a VM without instance', vm('Halted', { conditions: [condition('Paused', 'True')] }), undefined, 'off', 'halted'],
    ['scheduling', vm('Always'), vmi('Scheduling'), 'starting', 'scheduling'],
    ['an instance without phase', vm('Always'), vmi(''), 'starting', 'scheduling'],
    ['no node takes it', vm('Always'), vmi('Scheduling', { conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/4 nodes')] }), 'failing', 'cannot-start'],
    ['a claim is missing', vm('Always'), vmi('Pending', { conditions: [condition('Synchronized', 'False', 'FailedPvcNotFound', 'PVC x not found')] }), 'failing', 'cannot-start'],
    ['running', vm('Always'), vmi('Running', { conditions: [condition('Ready', 'True')] }), 'running', 'guest-running'],
    ['running, not ready', vm('Always'), vmi('Running', { conditions: [condition('Ready', 'False', 'GuestNotRunning', 'booting')] }), 'running', 'guest-not-ready'],
    ['paused', vm('Always'), vmi('Running', { conditions: [condition('Paused', 'True')] }), 'paused', 'guest-paused'],
    ['paused once', vm('Always'), vmi('Running', { conditions: [condition('Paused', 'False')] }), 'running', 'guest-running'],
    ['migrating', vm('Always'), vmi('Running', { migrationState: { startTimestamp: 'x' } }), 'migrating', 'live-migration'],
    ['migrated', vm('Always'), vmi('Running', { migrationState: { startTimestamp: 'x', endTimestamp: 'y', completed: true } }), 'running', 'guest-running'],
    ['halted while it runs', vm('Halted'), vmi('Running'), 'stopping', 'stop-requested'],
    ['its instance is being deleted', vm('RerunOnFailure'), vmi('Running', {}, DELETED), 'stopping', 'instance-ending'],
    ['its instance is being deleted under Always', vm('Always'), vmi('Running', {}, DELETED), 'restarting', 'instance-ending'],
    ['its instance is being deleted under Once, which makes another', vm('Once'), vmi('Running', {}, DELETED), 'restarting', 'instance-ending'],
    ['its instance, whose guest is over, is being deleted under Once', vm('Once'), vmi('Succeeded', {}, DELETED), 'restarting', 'guest-shut-down'],
    ['its instance is being deleted under Manual', vm('Manual'), vmi('Running', {}, DELETED), 'stopping', 'instance-ending'],
    ['restart asked for', vm('RerunOnFailure', RESTART), vmi('Running'), 'restarting', 'stop-requested'],
    ['a stop for an instance that is gone', vm('RerunOnFailure', { stateChangeRequests: [{ action: 'Stop', uid: 'older' }] }), vmi('Running'), 'running', 'guest-running'],
    ['paused and being deleted', vm('Halted'), vmi('Running', { conditions: [condition('Paused', 'True')] }, DELETED), 'stopping', 'instance-ending'],
    ['the guest shut down under Always', vm('Always'), vmi('Succeeded'), 'restarting', 'guest-shut-down'],
    ['the guest crashed under RerunOnFailure', vm('RerunOnFailure'), vmi('Failed'), 'restarting', 'guest-failed'],
    ['killed on purpose under RerunOnFailure', vm('RerunOnFailure'), vmi('Failed', {}, DELETED), 'stopping', 'instance-ending'],
    ['the guest shut down under Manual, instance kept', vm('Manual'), vmi('Succeeded'), 'off', 'instance-kept'],
    ['the guest crashed under Once, instance kept', vm('Once'), vmi('Failed'), 'crashed', 'guest-failed'],
    ['nobody knows', vm('Always'), vmi('Unknown'), 'unknown', 'instance-lost'],
    ['deleted', vm('Always', {}, DELETED), vmi('Running'), 'terminating', 'deleted'],
  ])('%s', (_, given, instance, word, code) => {
    expect(derivePowerState(given, instance, NOW)).toMatchObject({ word, because: { code } })
  })

  it('shows what KubeVirt prints and says, beside its own word', () => {
    expect(derivePowerState(vm('Always', { printableStatus: 'ErrorUnschedulable' }), vmi('Scheduling', { conditions: [condition('PodScheduled', 'False', 'Unschedulable', '0/4 nodes')] }), NOW)).toEqual({ word: 'failing', because: { code: 'cannot-start', reason: 'Unschedulable' }, message: '0/4 nodes', printed: 'ErrorUnschedulable' })
  })

  it('counts the seconds to the next try', () => {
    const crashed = vm('Always', { startFailure: { consecutiveFailCount: 3, retryAfterTimestamp: '2026-03-01T12:01:30Z' } })
    expect(derivePowerState(crashed, undefined, NOW).because).toEqual({ code: 'crash-loop-waiting', failures: 3, retryInSeconds: 90 })
    expect(derivePowerState(crashed, undefined, NOW + 200_000).because).toEqual({ code: 'crash-loop', failures: 3 })
  })

  it('reads the deprecated spec.running', () => {
    const old = { ...vm('Always'), spec: { running: true, template: { spec: {} } } }
    expect(derivePowerState({ ...old, spec: { ...old.spec, running: false } }, undefined, NOW).word).toBe('off')
    expect(startsByItself(old)).toBe(true)
  })
})

describe('the sign of a state', () => {
  it.each<[string, Parameters<typeof vmRow>[2], VirtualMachine, VirtualMachineInstance | undefined, ReturnType<typeof toneOf>]>([
    ['is good for a guest that is seen running', 'seen', vm('Always'), vmi('Running'), 'ok'],
    ['is not good for one that was running when the line was cut', 'outdated', vm('Always'), vmi('Running'), 'unknown'],
    ['stays bad for one that could not start when the line was cut', 'outdated', vm('Always', { startFailure: { consecutiveFailCount: 3 } }), undefined, 'bad'],
    ['is unknown where instances cannot be seen', 'blind', vm('Always'), undefined, 'unknown'],
  ])('%s', (_, sight, given, instance, tone) => {
    expect(toneOf(vmRow(given, instance, sight, NOW).state)).toBe(tone)
  })
})

describe('the acts that are offered', () => {
  it.each<[string, VirtualMachine, VirtualMachineInstance | undefined, [string | true, string | true, string | true]]>([
    ['off', vm('Halted'), undefined, [true, 'already-off', 'not-running']],
    ['running', vm('RerunOnFailure'), vmi('Running'), ['already-running', true, true]],
    ['paused', vm('RerunOnFailure'), vmi('Running', { conditions: [condition('Paused', 'True')] }), ['already-running', true, true]],
    ['stopping', vm('Halted'), vmi('Running', {}, DELETED), ['still-stopping', 'already-stopping', 'strategy-forbids']],
    ['starting', vm('RerunOnFailure'), vmi('Scheduling'), ['already-starting', true, 'already-starting']],
    ['resting under RerunOnFailure', vm('RerunOnFailure'), undefined, [true, 'already-off', 'not-running']],
    ['off after a start that was given up', vm('RerunOnFailure', { runStrategy: 'RerunOnFailure', startFailure: { consecutiveFailCount: 1 } }), undefined, [true, 'already-off', 'not-running']],
    ['crashed under Always', vm('Always', { startFailure: { consecutiveFailCount: 1 } }), undefined, ['starts-by-itself', true, 'not-running']],
    ['being deleted', vm('Always', {}, DELETED), vmi('Running'), ['being-deleted', 'being-deleted', 'being-deleted']],
    ['in a snapshot', vm('Always', { snapshotInProgress: 's' }), vmi('Running'), ['snapshot-in-progress', 'snapshot-in-progress', 'snapshot-in-progress']],
    ['Once, running', vm('Once'), vmi('Running'), ['already-running', true, 'strategy-forbids']],
  ])('for a VM that is %s', (_, given, instance, expected) => {
    const { start, stop, restart } = vmActions(given, instance, derivePowerState(given, instance, NOW))
    expect([start, stop, restart].map(offer => offer.offered || offer.because)).toEqual(expected)
  })
})

describe('the writes', () => {
  const at = { namespace: 'production', name: 'web-01' }
  it('halt the VM and keep its strategy where Harvester keeps it, if nobody was faster', () => {
    expect(planStop(vm('Manual', {}, { annotations: { other: 'x' } }))).toMatchObject({ act: 'patch', at, patch: { type: 'json', body: [
      { op: 'test', path: '/spec/runStrategy', value: 'Manual' },
      { op: 'replace', path: '/spec/runStrategy', value: 'Halted' },
      { op: 'add', path: '/metadata/annotations/harvesterhci.io~1vmRunStrategy', value: 'Manual' },
    ] } })
  })

  it('hold for the version that was read where the VM has no annotations yet', () => {
    expect(planStop(vm('Always'))).toMatchObject({ patch: { body: expect.arrayContaining([{ op: 'test', path: '/metadata/resourceVersion', value: '7' }, { op: 'add', path: '/metadata/annotations', value: { 'harvesterhci.io/vmRunStrategy': 'Always' } }]) } })
  })

  it('use spec.running where the VM does', () => {
    const old = { ...vm('Always'), spec: { running: true, template: { spec: {} } } }
    expect(planStop(old)).toMatchObject({ patch: { body: [{ op: 'test', path: '/spec/running', value: true }, { op: 'add', path: '/spec/running', value: false }] } })
    expect(planStart(old)).toMatchObject([{ patch: { body: [{ op: 'add', path: '/spec/running', value: true }] } }])
  })

  it.each<[string | undefined, RunStrategy]>([[undefined, 'RerunOnFailure'], ['Always', 'Always'], ['Manual', 'Manual'], ['Halted', 'RerunOnFailure'], ['Sometimes', 'RerunOnFailure']])('give back the strategy %s that Harvester remembers as %s', (remembered, strategy) => {
    const halted = vm('Halted', {}, { annotations: remembered ? { 'harvesterhci.io/vmRunStrategy': remembered } : {} })
    expect(rememberedStrategy(halted)).toBe(strategy)
    const writes = planStart(halted)
    expect(writes[0]).toMatchObject({ act: 'patch', patch: { body: [{ op: 'test', path: '/spec/runStrategy', value: 'Halted' }, { op: 'replace', path: '/spec/runStrategy', value: strategy }] } })
    expect(writes.slice(1).map(write => write.act === 'call' && write.subresource)).toEqual(strategy === 'Manual' ? ['start'] : [])
  })

  it('only ask for a start where the strategy is already the VM\'s own', () => {
    expect(planStart(vm('RerunOnFailure'))).toMatchObject([{ act: 'call', subresource: 'start', at }])
  })
})

describe('the seconds that a guest has to shut down', () => {
  const asking = (seconds?: number) => ({ terminationGracePeriodSeconds: seconds })
  it.each<[string, number | undefined, number | undefined | 'none', number]>([
    ['are KubeVirt\'s own where nobody says any', undefined, 'none', 30],
    ['are the VM\'s before it runs', 120, 'none', 120],
    ['are the instance\'s while it runs, whatever the VM says by now', 300, 120, 120],
    ['are KubeVirt\'s own where the instance says none', 120, undefined, 30],
    ['may be none at all', 120, 0, 0],
  ])('%s', (_, ofVm, ofInstance, seconds) => {
    const given = vm('Always')
    const instance = ofInstance === 'none' ? undefined : { ...vmi('Running'), spec: asking(ofInstance) }
    expect(graceSecondsOf({ ...given, spec: { ...given.spec, template: { spec: asking(ofVm) } } }, instance)).toBe(seconds)
  })
})

describe('the overview of the VMs', () => {
  const row = (name: string, given: VirtualMachine, instance?: VirtualMachineInstance, instances: 'seen' | 'blind' = 'seen') => vmRow({ ...given, metadata: { ...given.metadata, name } }, instance, instances, NOW)
  const fine = row('fine', vm('Always'), vmi('Running'))
  const off = row('off', vm('Halted'))
  const crashed = row('crashed', vm('Always', { startFailure: { consecutiveFailCount: 1 } }))
  const lost = row('lost', vm('Always'), vmi('Unknown'))
  const unseen = row('unseen', vm('Always'), undefined, 'blind')
  it.each<[string, VmRow[], VmsView, VmsJudgement['tone'], string[], string[]]>([
    ['is good when all that should run can', [fine, off], 'whole', 'ok', [], []],
    ['is good without VMs', [], 'whole', 'ok', [], []],
    ['is bad with one that cannot run, and names it first', [lost, fine, crashed], 'whole', 'bad', ['crashed'], ['lost']],
    ['is unknown with one of which nothing is known, and names it', [fine, lost, unseen], 'whole', 'unknown', [], ['lost', 'unseen']],
    ['is unknown when not all VMs can be seen', [fine], 'partial', 'unknown', [], []],
    ['is unknown when nobody writes their states', [fine], 'outdated', 'unknown', [], []],
    ['is bad with one that cannot run, also when nobody writes it any more', [fine, crashed], 'outdated', 'bad', ['crashed'], []],
  ])('%s', (_, rows, view, tone, trouble, unknown) => {
    const judged = judgeVms(rows, view)
    const names = (found: readonly VmRow[]) => found.map(({ vm: { metadata } }) => metadata.name)
    expect([judged.tone, names(judged.trouble), names(judged.unknown)]).toEqual([tone, trouble, unknown])
  })
})

describe('the rights that the acts need', () => {
  const namespace = 'production'
  const call = (subresource: string) => ({ verb: 'update', resource: VM_SUBRESOURCES, where: { namespace, subresource } })
  const patch = { verb: 'patch', resource: VMS, where: { namespace } }
  const manual = vm('Halted', {}, { annotations: { 'harvesterhci.io/vmRunStrategy': 'Manual' } })
  it.each<[string, VmAct, VirtualMachine, object[]]>([
    ['a restart: the subresource', 'restart', vm('Always'), [call('restart')]],
    ['a shutdown: the VM', 'stop', vm('Always'), [patch]],
    ['a start from Halted: the VM', 'start', vm('Halted'), [patch]],
    ['a start of a Manual VM that was halted: both, before either is sent', 'start', manual, [patch, call('start')]],
    ['a start of a Manual VM: the subresource', 'start', vm('Manual'), [call('start')]],
  ])('%s', (_, act, given, needs) => {
    expect(planPower(act, given).map(permissionOf)).toEqual(needs)
  })
})
