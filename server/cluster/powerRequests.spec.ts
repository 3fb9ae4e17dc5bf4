import { describe, expect, it } from 'vitest'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { PowerBody, PowerOutcome } from './powerRequests.ts'
import { restart, start, stop } from './powerRequests.ts'

const metadata = { name: 'web-01', namespace: 'lab', uid: 'vm', resourceVersion: '1', creationTimestamp: '' }
const vmOf = (runStrategy: RunStrategy, status: VirtualMachine['status'] = {}): VirtualMachine => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata, spec: { runStrategy, template: { spec: {} } }, status })
const vmiOf = (phase: VmiPhase, more: object = {}): VirtualMachineInstance => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { ...metadata, uid: 'vmi' }, spec: { terminationGracePeriodSeconds: 120 }, status: { phase, ...more } })

/** What is written, in short; or the refusal. */
function told(outcome: PowerOutcome): unknown {
  if (!('writes' in outcome))
    return `${outcome.status} ${outcome.message.replace('Operation cannot be fulfilled on virtualmachine.kubevirt.io "web-01": ', '')}`
  return outcome.writes.map(write => write.do === 'patch' ? write.body : write)
}
const asks = (...requests: object[]) => [{ status: { stateChangeRequests: requests } }]
const STOP = { action: 'Stop', uid: 'vmi' }

type Row = [string, typeof stop, RunStrategy, VmiPhase | undefined, PowerBody, unknown]
const ROWS: Row[] = [
  ['start', start, 'Halted', undefined, {}, [{ spec: { runStrategy: 'Always' } }]],
  ['start', start, 'Halted', 'Succeeded', {}, [{ spec: { runStrategy: 'Always' } }]],
  ['start', start, 'Manual', undefined, {}, asks({ action: 'Start' })],
  ['start', start, 'Manual', 'Failed', {}, asks(STOP, { action: 'Start' })],
  ['start', start, 'RerunOnFailure', undefined, {}, asks({ action: 'Start' })],
  ['start', start, 'RerunOnFailure', 'Succeeded', {}, asks(STOP, { action: 'Start' })],
  ['start', start, 'RerunOnFailure', 'Failed', {}, '409 RerunOnFailure does not support starting VM from failed state'],
  ['start', start, 'Always', undefined, {}, '409 Always does not support manual start requests'],
  ['start', start, 'Once', 'Succeeded', {}, '409 Once does not support manual start requests'],
  ['start', start, 'Always', 'Running', {}, '409 VM is already running'],
  ['start', start, 'RerunOnFailure', 'Scheduling', {}, '409 VM is already running'],
  ['stop', stop, 'Always', 'Running', {}, [{ spec: { runStrategy: 'Halted' } }]],
  ['stop', stop, 'Always', undefined, {}, [{ spec: { runStrategy: 'Halted' } }]],
  ['stop', stop, 'Once', 'Running', {}, [{ spec: { runStrategy: 'Halted' } }]],
  ['stop', stop, 'RerunOnFailure', 'Running', {}, asks(STOP)],
  ['stop', stop, 'Manual', 'Running', { gracePeriod: 0 }, [{ spec: { terminationGracePeriodSeconds: 0 } }, ...asks(STOP)]],
  ['stop', stop, 'Manual', 'Succeeded', {}, '409 VM is not running'],
  ['stop', stop, 'RerunOnFailure', undefined, {}, '409 VM is not running'],
  ['stop', stop, 'Halted', undefined, {}, '409 VM is not running'],
  ['stop', stop, 'Halted', 'Running', {}, '409 Halted only supports manual stop requests with a shorter graceperiod'],
  ['stop', stop, 'Halted', 'Running', { gracePeriod: 120 }, '409 Halted only supports manual stop requests with a shorter graceperiod'],
  ['stop', stop, 'Halted', 'Running', { gracePeriod: 0 }, [{ spec: { terminationGracePeriodSeconds: 0 } }, ...asks(STOP)]],
  ['restart', restart, 'Always', 'Running', {}, asks(STOP, { action: 'Start' })],
  ['restart', restart, 'Halted', 'Running', {}, '409 RunStategy Halted does not support manual restart requests'],
  ['restart', restart, 'Once', 'Running', {}, '409 RunStategy Once does not support manual restart requests'],
  ['restart', restart, 'Manual', undefined, {}, '409 VM is not running: Halted'],
  ['restart', restart, 'Always', 'Running', { gracePeriodSeconds: 5 }, '400 For force restart, only gracePeriod=0 is supported for now'],
]

describe('power requests', () => {
  it.each(ROWS)('%s', (_name, act, strategy, phase, body, result) => {
    expect(told(act(vmOf(strategy), phase === undefined ? undefined : vmiOf(phase), body))).toEqual(result)
  })

  it('a start beside a waiting request is refused, a stop takes its place', () => {
    const waiting = { stateChangeRequests: [{ action: 'Start' as const }] }
    expect(told(start(vmOf('Manual', waiting), undefined))).toBe('500 Internal error occurred: unable to complete request: stop/start already underway')
    expect(told(stop(vmOf('Manual', waiting), vmiOf('Running')))).toEqual(asks(STOP))
  })

  it('a request clears the back-off of failed starts', () => {
    expect(told(start(vmOf('RerunOnFailure', { startFailure: { consecutiveFailCount: 3 } }), undefined))).toEqual([{ status: { startFailure: null, stateChangeRequests: [{ action: 'Start' }] } }])
  })

  it('a restart with no grace asks for the pod to be cut', () => {
    expect(restart(vmOf('Always'), vmiOf('Running'), { gracePeriodSeconds: 0 })).toMatchObject({ cut: true })
  })

  it('speaks of `running` where the VM does', () => {
    const old: VirtualMachine = { ...vmOf('Always'), spec: { running: true, template: { spec: {} } } }
    expect(told(stop(old, undefined))).toEqual([{ spec: { running: false } }])
  })
})
