import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import type { RunStrategy, VirtualMachine } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { PowerOutcome } from '../powerRequests.ts'
import { restart, start, stop } from '../powerRequests.ts'
import { guests } from './guests.ts'
import { nodes, pods } from './kubelet.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'
import { vmis } from './vmis.ts'
import { vms } from './vms.ts'

// What KubeVirt 1.8's own controllers were seen to do (shared facts, real-control-plane §2), on the steps alone.

const KEY = 'lab/vm'
const ACTORS = [scheduler, nodes, pods, vms, vmis, guests] as readonly unknown[] as readonly Controller[]

function stage(runStrategy: RunStrategy, { guest, claim, grace = 120 }: { guest?: string, claim?: string, grace?: number } = {}): Play {
  const play = new Play(ACTORS)
  play.add(NODES, { metadata: { name: 'node-1', labels: { 'kubevirt.io/schedulable': 'true' } } })
  play.run(0)
  play.add(VMS, {
    metadata: { name: 'vm', namespace: 'lab' },
    spec: {
      runStrategy,
      template: {
        metadata: guest ? { annotations: { 'guardrails.test/guest': guest } } : {},
        spec: { terminationGracePeriodSeconds: grace, domain: { features: { acpi: { enabled: true } }, memory: { guest: '1Gi' } }, volumes: claim ? [{ name: 'root', persistentVolumeClaim: { claimName: claim } }] : [] },
      },
    },
  })
  return play
}

const vmOf = (play: Play) => play.get(VMS, KEY) as VirtualMachine
const words = (play: Play) => play.seen(VMS, KEY, vm => vm.status?.printableStatus)
const phases = (play: Play) => play.seen(VMIS, KEY, vmi => vmi.status?.phase)
const strategy = (play: Play, runStrategy: RunStrategy) => play.patch(VMS, KEY, { spec: { runStrategy } })
const isRunning = (play: Play) => vmOf(play).status?.printableStatus === 'Running'

function ask(play: Play, act: typeof stop, body = {}): string {
  const outcome: PowerOutcome = act(vmOf(play), play.get(VMIS, KEY), body)
  if (!('writes' in outcome))
    return `${outcome.status} ${outcome.message}`
  play.carryOut(outcome.writes)
  return '202'
}

/** From here on only what comes. */
const forget = (play: Play) => { play.history.length = 0 }

describe('a VM that is created', () => {
  it('has a pod with an address, said once and as a list', () => {
    const play = stage('Always')
    play.run(20_000)
    const status = play.world.all(PODS)[0]?.status as { podIP?: string, podIPs?: object, hostIP?: string, hostIPs?: object } | undefined
    expect(status?.podIP).toMatch(/^10\.52\./)
    expect([status?.podIPs, status?.hostIPs]).toEqual([[{ ip: status?.podIP }], [{ ip: status?.hostIP }]])
  })

  it.each(['Always', 'RerunOnFailure', 'Once'] as const)('with %s starts', runStrategy => {
    const play = stage(runStrategy)
    play.run(20_000)
    expect(words(play)).toEqual(['', 'Stopped', 'Starting', 'Running'])
    // Pending is the mutator's word (instanceHook.ts), and there is none here.
    expect(phases(play)).toEqual(['', 'Scheduling', 'Scheduled', 'Running'])
    expect(vmOf(play).status).toMatchObject({ created: true, ready: true, runStrategy })
    expect(play.get(VMIS, KEY)?.status?.phaseTransitionTimestamps?.map(entry => entry.phase)).toEqual(['Scheduling', 'Scheduled', 'Running'])
  })

  it.each(['Halted', 'Manual'] as const)('with %s stays off until it is started', runStrategy => {
    const play = stage(runStrategy)
    play.run(20_000)
    expect(words(play)).toEqual(['', 'Stopped'])
    expect(ask(play, start)).toBe('202')
    play.run(20_000)
    expect(isRunning(play)).toBe(true)
    expect(vmOf(play).spec.runStrategy).toBe(runStrategy === 'Halted' ? 'Always' : 'Manual')
  })

  it('on a claim that is missing says so, and starts when it comes', () => {
    const play = stage('Always', { claim: 'root' })
    play.run(10_000)
    expect(words(play)).toEqual(['', 'Stopped', 'Starting', 'ErrorPvcNotFound'])
    expect(findCondition(play.get(VMIS, KEY)?.status?.conditions, 'Synchronized')).toMatchObject({ status: 'False', reason: 'FailedPvcNotFound', message: 'PVC lab/root does not exist, waiting for it to appear' })
    play.add(CLAIMS, { metadata: { name: 'root', namespace: 'lab' }, spec: {}, status: { phase: 'Pending' } })
    play.run(10_000)
    expect(vmOf(play).status?.printableStatus).toBe('WaitingForVolumeBinding')
  })
})

describe('a VM that is halted', () => {
  function halted(runStrategy: RunStrategy, after: number): Play {
    const play = stage(runStrategy)
    play.run(20_000)
    if (runStrategy === 'Manual') {
      ask(play, start)
      play.run(20_000)
    }
    forget(play)
    strategy(play, 'Halted')
    play.run(after)
    return play
  }

  it('is seen stopping, then stopped while its VMI is still there', () => {
    const play = halted('Always', 20_000)
    expect(words(play)).toEqual(['Running', 'Stopping', 'Stopped'])
    expect(phases(play)).toEqual(['Running', 'Succeeded', 'gone'])
    expect(findCondition(vmOf(play).status?.conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'VMINotExists' })
  })

  it('and put back to RerunOnFailure while its VMI is there never starts; a start starts it', () => {
    const play = halted('RerunOnFailure', 3_001)
    expect(play.get(VMIS, KEY)?.status?.phase).toBe('Succeeded')
    strategy(play, 'RerunOnFailure')
    play.run(60_000)
    expect(play.get(VMIS, KEY)).toBeUndefined()
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
    expect(ask(play, start)).toBe('202')
    play.run(20_000)
    expect(isRunning(play)).toBe(true)
    expect(vmOf(play).status?.stateChangeRequests).toBeUndefined()
  })

  it('and put back to RerunOnFailure once its VMI is gone starts', () => {
    const play = halted('RerunOnFailure', 20_000)
    strategy(play, 'RerunOnFailure')
    play.run(20_000)
    expect(isRunning(play)).toBe(true)
  })

  it.each([3_001, 20_000])('and put back to Always after %i ms starts in either case', after => {
    const play = halted('Always', after)
    strategy(play, 'Always')
    play.run(30_000)
    expect(isRunning(play)).toBe(true)
  })

  it('from Manual and put back to Manual stays off', () => {
    const play = halted('Manual', 20_000)
    strategy(play, 'Manual')
    play.run(30_000)
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
  })

  it('while it is being scheduled ends with a failed VMI', () => {
    const play = stage('RerunOnFailure')
    play.run(500)
    expect(phases(play).at(-1)).toBe('Scheduling')
    strategy(play, 'Halted')
    play.run(20_000)
    expect(phases(play).slice(-2)).toEqual(['Failed', 'gone'])
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
  })
})

describe('stop and start', () => {
  it('of Always make it Halted and Always again', () => {
    const play = stage('Always')
    play.run(20_000)
    expect(ask(play, stop)).toBe('202')
    expect(vmOf(play).spec.runStrategy).toBe('Halted')
    play.run(20_000)
    expect(ask(play, start)).toBe('202')
    play.run(20_000)
    expect(vmOf(play).spec.runStrategy).toBe('Always')
    expect(isRunning(play)).toBe(true)
  })

  it('of RerunOnFailure keep the strategy, and a second stop meanwhile is taken too', () => {
    const play = stage('RerunOnFailure')
    play.run(20_000)
    expect(ask(play, stop)).toBe('202')
    play.run(1_000)
    expect(ask(play, stop)).toBe('202')
    play.run(60_000)
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
    expect(vmOf(play).spec.runStrategy).toBe('RerunOnFailure')
    expect(ask(play, start)).toBe('202')
    play.run(20_000)
    expect(isRunning(play)).toBe(true)
  })

  it('while it is stopping is refused, and the wish is lost', () => {
    const play = stage('RerunOnFailure')
    play.run(20_000)
    ask(play, stop)
    play.run(1_000)
    expect(ask(play, start)).toBe('409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "vm": VM is already running')
    play.run(60_000)
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
  })

  it('with no grace pulls the plug at once, which virt-handler calls a success', () => {
    const play = stage('Always', { guest: 'deaf' })
    play.run(20_000)
    forget(play)
    expect(ask(play, stop, { gracePeriod: 0 })).toBe('202')
    play.run(5_000)
    expect(words(play)).toEqual(['Running', 'Stopping', 'Stopped'])
    expect(phases(play)).toEqual(['Running', 'Succeeded', 'gone'])
  })
})

describe('a VM that is deleted', () => {
  it('leaves its instance running where that is wanted, and tells of it no more once that is nobody\'s', () => {
    const play = stage('Always')
    play.run(20_000)
    play.patch(VMS, KEY, { metadata: { deletionTimestamp: 'now', finalizers: ['kubevirt.io/virtualMachineControllerFinalize', 'orphan', 'other'] } })
    play.run(20_000)
    expect(vmOf(play).metadata.finalizers).toEqual(['orphan', 'other'])
    expect(vmOf(play).status).toMatchObject({ created: true, ready: true, printableStatus: 'Terminating' })
    // The collector of garbage takes it from its VM.
    play.patch(VMIS, KEY, { metadata: { ownerReferences: null } })
    play.run(20_000)
    expect(vmOf(play).status).toMatchObject({ created: false, ready: false, printableStatus: 'Terminating' })
    expect(phases(play).at(-1)).toBe('Running')
  })
})

describe('what held a start', () => {
  it('is told of until the instance is gone, when the start is given up', () => {
    const play = stage('Always', { claim: 'root' })
    play.run(10_000)
    forget(play)
    strategy(play, 'Halted')
    play.run(10_000)
    expect(words(play)).toEqual(['ErrorPvcNotFound', 'Stopping', 'ErrorUnschedulable', 'Stopped'])
  })

  it('is told of a VM that is off, where its disk is not bound and its strategy would let it run', () => {
    const play = stage('RerunOnFailure')
    play.run(20_000)
    ask(play, stop)
    play.run(20_000)
    play.patch(VMS, KEY, { spec: { template: { spec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }] } } } })
    play.add(CLAIMS, { metadata: { name: 'root', namespace: 'lab' }, spec: {}, status: { phase: 'Pending' } })
    play.run(5_000)
    expect(vmOf(play).status?.printableStatus).toBe('WaitingForVolumeBinding')
  })
})

describe('restart', () => {
  it('is seen as stopping, stopped, starting and running', () => {
    const play = stage('RerunOnFailure')
    play.run(20_000)
    forget(play)
    expect(ask(play, restart)).toBe('202')
    play.run(30_000)
    expect(words(play)).toEqual(['Running', 'Stopping', 'Stopped', 'Starting', 'Running'])
    expect(phases(play)).toEqual(['Running', 'Succeeded', 'gone', '', 'Scheduling', 'Scheduled', 'Running'])
    expect(vmOf(play).status?.startFailure).toBeUndefined()
  })
})

describe('a VMI that is deleted under Always', () => {
  it('comes again', () => {
    const play = stage('Always')
    play.run(20_000)
    forget(play)
    play.remove(VMIS, KEY)
    play.run(30_000)
    expect(words(play)).toEqual(['Stopping', 'Stopped', 'Starting', 'Running'])
  })
})

describe('a guest', () => {
  const rows: [RunStrategy, 'shutdown' | 'crash', string, string][] = [
    ['Always', 'shutdown', 'Running', 'Running'],
    ['Always', 'crash', 'Running', 'Running'],
    ['RerunOnFailure', 'shutdown', 'Stopped', 'gone'],
    ['RerunOnFailure', 'crash', 'Running', 'Running'],
    ['Manual', 'shutdown', 'Stopped', 'Succeeded'],
    ['Manual', 'crash', 'Stopped', 'Failed'],
    ['Once', 'shutdown', 'Stopped', 'Succeeded'],
    ['Once', 'crash', 'Stopped', 'Failed'],
  ]
  it.each(rows)('under %s that does a %s leaves the VM %s and the VMI %s', (runStrategy, act, word, phase) => {
    const play = stage(runStrategy)
    play.run(20_000)
    if (runStrategy === 'Manual') {
      ask(play, start)
      play.run(20_000)
    }
    play.patch(VMIS, KEY, { metadata: { annotations: { 'guardrails.test/guest-does': act } } })
    play.run(60_000)
    expect(vmOf(play).status?.printableStatus).toBe(word)
    expect(play.get(VMIS, KEY)?.status?.phase ?? 'gone').toBe(phase)
  })

  it.each<[guest: string | undefined, told: string[]]>([
    [undefined, ['Running Start', 'Stopped Start', 'Starting Start', 'Starting', 'Running']],
    ['crashing', ['Starting Start', 'CrashLoopBackOff Start', 'Starting Start', 'Starting', 'Starting Start', 'CrashLoopBackOff Start']],
  ])('under RerunOnFailure that fails (%s) is asked to start again before the VM is said to be off', (guest, told) => {
    const play = stage('RerunOnFailure', guest ? { guest } : {})
    play.run(guest ? 1_000 : 20_000)
    forget(play)
    if (!guest)
      play.patch(VMIS, KEY, { metadata: { annotations: { 'guardrails.test/guest-does': 'crash' } } })
    play.run(guest ? 32_000 : 60_000)
    expect(play.seen(VMS, KEY, vm => [vm.status?.printableStatus, ...(vm.status?.stateChangeRequests ?? []).map(({ action }) => action)].join(' ')).slice(0, told.length)).toEqual(told)
  })

  it('that has failed when it is asked to stop is started again all the same', () => {
    const play = stage('RerunOnFailure')
    play.run(20_000)
    const vmi = play.get(VMIS, KEY)
    play.patch(VMIS, KEY, { status: { phase: 'Failed' } })
    play.patch(VMS, KEY, { status: { stateChangeRequests: [{ action: 'Stop', uid: vmi?.metadata.uid }] } })
    play.run(60_000)
    expect(play.seen(VMS, KEY, vm => vm.status?.stateChangeRequests?.map(({ action }) => action).join())).toContain('Stop,Start')
    expect(isRunning(play)).toBe(true)
  })

  it('that is deaf is killed when its grace is over, not before', () => {
    const play = stage('Always', { guest: 'deaf', grace: 60 })
    play.run(20_000)
    strategy(play, 'Halted')
    play.run(59_000)
    expect(vmOf(play).status?.printableStatus).toBe('Stopping')
    play.run(5_000)
    expect(phases(play).slice(-2)).toEqual(['Failed', 'gone'])
  })

  it('that is deaf ends with its pod when that one\'s own grace is over, as a restart by force wants it', () => {
    const play = stage('Always', { guest: 'deaf', grace: 600 })
    play.run(20_000)
    const [launcher] = play.world.all(PODS)
    play.patch(PODS, `lab/${launcher?.metadata.name}`, { metadata: { deletionTimestamp: 'now', deletionGracePeriodSeconds: 1 } })
    play.run(900)
    expect(phases(play).at(-1)).toBe('Running')
    play.run(30_000)
    expect(phases(play)).toContain('Failed')
  })

  it('that obeys has no longer than its pod, which a restart by force gives a second, however late the kubelet is', () => {
    const play = new Play([guests] as readonly unknown[] as readonly Controller[])
    const vmi = play.add(VMIS, { metadata: { name: 'vm', namespace: 'lab', deletionTimestamp: 'now', finalizers: ['kubevirt.io/foregroundDeleteVirtualMachine'] }, spec: { terminationGracePeriodSeconds: 120 }, status: { phase: 'Running', nodeName: 'node-1' } })
    play.add(PODS, {
      metadata: { name: 'launcher', namespace: 'lab', labels: { 'kubevirt.io': 'virt-launcher' }, ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'vm', uid: vmi.metadata.uid, controller: true }], deletionTimestamp: 'now', deletionGracePeriodSeconds: 1 },
      spec: { nodeName: 'node-1' }, status: { phase: 'Running' },
    })
    play.run(30_000)
    expect(phases(play)).toEqual(['Running', 'Failed'])
  })

  it('that never boots leaves the VM starting', () => {
    const play = stage('Always', { guest: 'stuck' })
    play.run(600_000)
    expect(vmOf(play).status?.printableStatus).toBe('Starting')
  })

  it('that crashes before it runs is started again after 10, then 40 seconds and more', () => {
    const play = stage('RerunOnFailure', { guest: 'crashing' })
    play.run(12_000)
    expect(vmOf(play).status?.printableStatus).toBe('CrashLoopBackOff')
    expect(vmOf(play).status?.startFailure?.consecutiveFailCount).toBe(1)
    play.run(20_000)
    expect(vmOf(play).status?.startFailure?.consecutiveFailCount).toBe(2)
    const wait = Date.parse(vmOf(play).status?.startFailure?.retryAfterTimestamp ?? '') - play.now
    expect(wait).toBeGreaterThan(25_000)
    expect(wait).toBeLessThanOrEqual(61_000)
  })
})

describe('a VMI that admission refuses', () => {
  it('leaves the VM stopped with the refusal in its words, and comes by itself when it is allowed', () => {
    const play = stage('Halted')
    play.run(1_000)
    play.refuse = { kind: VMIS, message: 'admission webhook "guard" denied the request: disk under export' }
    strategy(play, 'RerunOnFailure')
    play.run(30_000)
    expect(vmOf(play).status?.printableStatus).toBe('Stopped')
    expect(findCondition(vmOf(play).status?.conditions, 'Failure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'Failure while starting VMI: admission webhook "guard" denied the request: disk under export' })
    play.refuse = undefined
    play.run(20_000)
    expect(isRunning(play)).toBe(true)
    expect(findCondition(vmOf(play).status?.conditions, 'Failure')).toBeUndefined()
  })
})

describe('a VM that is deleted', () => {
  it('is terminating until its VMI is gone', () => {
    const play = stage('Always')
    play.run(20_000)
    forget(play)
    play.remove(VMS, KEY)
    play.run(20_000)
    expect(words(play)).toEqual(['Running', 'Terminating', 'gone'])
    expect(phases(play).at(-1)).toBe('gone')
  })
})
