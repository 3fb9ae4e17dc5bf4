import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { guestMigration } from './guestMigration.ts'
import { guests } from './guests.ts'
import { nodes, pods } from './kubelet.ts'
import { isLauncher } from './launcher.ts'
import type { Migration } from './migration.ts'
import { MIGRATIONS, TARGET_NODE_LABEL, migrationStateOf } from './migration.ts'
import { MIGRATION_FINALIZER, migrations } from './migrations.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'
import { vmis } from './vmis.ts'
import { vms } from './vms.ts'

// What KubeVirt 1.8's own controllers were seen to do, with virt-handler played as here.

const KEY = 'lab/vm'
const ACTORS = [scheduler, nodes, pods, vms, vmis, migrations, guests, guestMigration] as readonly unknown[] as readonly Controller[]

function stage({ guest, hosts = 2 }: { guest?: string, hosts?: number } = {}): Play {
  const play = new Play(ACTORS)
  for (let host = 1; host <= hosts; host++) {
    const name = `node-${host}`
    play.add(NODES, { metadata: { name, labels: { 'kubevirt.io/schedulable': 'true', 'kubernetes.io/hostname': name } }, status: { addresses: [{ type: 'InternalIP', address: `10.0.0.${host}` }] } })
  }
  play.run(0)
  play.add(VMS, {
    metadata: { name: 'vm', namespace: 'lab' },
    spec: { runStrategy: 'Always', template: { metadata: guest ? { annotations: { 'guardrails.test/guest': guest } } : {}, spec: { terminationGracePeriodSeconds: 30, domain: { memory: { guest: '1Gi' } } } } },
  })
  play.run(20_000)
  play.history.length = 0
  return play
}

let count = 0
function migrate(play: Play, addedNodeSelector?: Record<string, string>): string {
  const name = `move-${++count}`
  play.add(MIGRATIONS, { metadata: { name, namespace: 'lab', finalizers: [MIGRATION_FINALIZER] }, spec: { vmiName: 'vm', ...(addedNodeSelector ? { addedNodeSelector } : {}) } })
  return `lab/${name}`
}

const phases = (play: Play, key: string) => play.seen(MIGRATIONS, key, one => one.status?.phase)
const words = (play: Play) => play.seen(VMS, KEY, vm => vm.status?.printableStatus)
const stateOf = (play: Play) => migrationStateOf(play.get(VMIS, KEY))
const launchers = (play: Play) => play.world.all(PODS).filter(isLauncher).map(pod => `${pod.spec?.nodeName ?? ''} ${pod.status?.phase}`).sort()
const until = (play: Play, key: string, phase: string) => {
  for (let steps = 0; steps < 400 && play.get(MIGRATIONS, key)?.status?.phase !== phase; steps++) play.run(100)
}

describe('a migration', () => {
  it('goes through its phases, and the guest is at the other node', () => {
    const play = stage()
    const from = play.get(VMIS, KEY)?.status?.nodeName
    const key = migrate(play)
    play.run(30_000)
    expect(phases(play, key)).toEqual(['', 'Pending', 'Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running', 'Succeeded'])
    expect(words(play)).toEqual(['Migrating', 'Running'])
    const vmi = play.get(VMIS, KEY)
    expect(vmi?.status?.nodeName).not.toBe(from)
    expect(stateOf(play)).toMatchObject({ completed: true, sourceNode: from, targetNode: vmi?.status?.nodeName, mode: 'PreCopy', targetNodeDomainDetected: true })
    expect(vmi?.metadata.labels?.[TARGET_NODE_LABEL]).toBeUndefined()
    expect(findCondition(vmi?.status?.conditions, 'Ready')).toMatchObject({ status: 'True' })
  })

  it('leaves the source\'s pod behind, ended, and both among the active ones', () => {
    const play = stage()
    migrate(play)
    play.run(30_000)
    expect(launchers(play)).toEqual(expect.arrayContaining([expect.stringContaining('Succeeded'), expect.stringContaining('Running')]))
    expect(Object.keys(play.get(VMIS, KEY)?.status?.activePods ?? {})).toHaveLength(2)
  })

  it('keeps the VMI\'s last word, and no finalizer', () => {
    const play = stage()
    const key = migrate(play)
    play.run(30_000)
    expect(play.get(MIGRATIONS, key)?.status?.migrationState).toEqual(stateOf(play))
    expect(play.get(MIGRATIONS, key)?.metadata.finalizers).toEqual([])
  })

  it('may follow another, and the guest comes back', () => {
    const play = stage()
    const home = play.get(VMIS, KEY)?.status?.nodeName
    migrate(play)
    play.run(30_000)
    const key = migrate(play)
    play.run(30_000)
    expect(play.get(MIGRATIONS, key)?.status?.phase).toBe('Succeeded')
    expect(play.get(VMIS, KEY)?.status?.nodeName).toBe(home)
    expect(launchers(play).filter(pod => pod.endsWith('Running'))).toEqual([`${home} Running`])
  })

  it('of which six are over, keeps the last five', () => {
    const play = stage()
    for (let round = 0; round < 6; round++) {
      migrate(play)
      play.run(30_000)
    }
    expect(play.world.all(MIGRATIONS)).toHaveLength(5)
  })

  it('of a guest that writes faster than is copied fails, and the guest runs on where it was', () => {
    const play = stage({ guest: 'hanging' })
    const home = play.get(VMIS, KEY)?.status?.nodeName
    const key = migrate(play)
    play.run(200_000)
    expect(phases(play, key).slice(-2)).toEqual(['Running', 'Failed'])
    expect(stateOf(play)).toMatchObject({ failed: true, abortStatus: 'Succeeded', failureReason: 'Live migration stuck for 150 seconds and has been aborted' })
    expect(words(play)).toEqual(['Migrating', 'Running'])
    expect(play.get(VMIS, KEY)?.status?.nodeName).toBe(home)
    expect(launchers(play).filter(pod => pod.endsWith('Succeeded'))).toHaveLength(1)
  })

  it('that is deleted while it copies is aborted by virt-handler first', () => {
    const play = stage({ guest: 'hanging' })
    const key = migrate(play)
    until(play, key, 'Running')
    play.remove(MIGRATIONS, key)
    play.run(10_000)
    expect(play.seen(MIGRATIONS, key, one => `${one.status?.phase} ${findCondition(one.status?.conditions, 'migrationAbortRequested')?.status ?? ''}`.trim()).slice(-4)).toEqual(['Running', 'Running True', 'Failed True', 'gone'])
    expect(stateOf(play)).toMatchObject({ abortRequested: true, abortStatus: 'Succeeded', failed: true, failureReason: 'Live migration aborted ' })
  })

  it('that is deleted before it is handed over fails at once, and its pod goes', () => {
    const play = stage()
    const key = migrate(play)
    until(play, key, 'Scheduling')
    play.remove(MIGRATIONS, key)
    play.run(5_000)
    expect(phases(play, key).slice(-2)).toEqual(['Failed', 'gone'])
    expect(launchers(play)).toHaveLength(1)
    expect(words(play)).toEqual([])
  })

  it('that is deleted while the target prepares starts, and is aborted then', () => {
    const play = stage()
    const key = migrate(play)
    until(play, key, 'PreparingTarget')
    play.remove(MIGRATIONS, key)
    play.run(10_000)
    expect(phases(play, key).slice(-5)).toEqual(['PreparingTarget', 'TargetReady', 'Running', 'Failed', 'gone'])
  })

  it('with nowhere to go waits, and is given up after five minutes', () => {
    const play = stage({ hosts: 1 })
    const key = migrate(play)
    play.run(60_000)
    expect(phases(play, key)).toEqual(['', 'Pending', 'Scheduling'])
    const target = play.world.all(PODS).find(pod => pod.metadata.annotations?.['kubevirt.io/migrationJobName'] === key.slice(4))
    expect(findCondition(target?.status?.conditions, 'PodScheduled')).toMatchObject({ reason: 'Unschedulable', message: expect.stringContaining('1 node(s) didn\'t match pod anti-affinity rules') as string })
    play.run(300_000)
    expect(phases(play, key).slice(-1)).toEqual(['Failed'])
  })

  it('goes to the node that is asked for, and waits where that is none', () => {
    const play = stage({ hosts: 3 })
    const from = play.get(VMIS, KEY)?.status?.nodeName
    const to = ['node-1', 'node-2', 'node-3'].filter(name => name !== from)[1] ?? ''
    migrate(play, { 'kubernetes.io/hostname': to })
    play.run(30_000)
    expect(play.get(VMIS, KEY)?.status?.nodeName).toBe(to)
    const key = migrate(play, { 'kubernetes.io/hostname': 'node-9' })
    play.run(30_000)
    expect(play.get(MIGRATIONS, key)?.status?.phase).toBe('Scheduling')
  })

  it('of a VM that is halted meanwhile fails with the guest\'s end, and goes with the VMI', () => {
    const play = stage({ guest: 'hanging' })
    const key = migrate(play)
    until(play, key, 'Running')
    play.patch(VMS, KEY, { spec: { runStrategy: 'Halted' } })
    play.run(30_000)
    expect(words(play)).toEqual(['Migrating', 'Stopping', 'Migrating', 'Stopped'])
    expect(phases(play, key).slice(-3)).toEqual(['Running', 'Failed', 'gone'])
    expect(play.get(VMIS, KEY)).toBeUndefined()
  })

  it('of a VMI that has another under way fails', () => {
    const play = stage({ guest: 'hanging' })
    until(play, migrate(play), 'Running')
    const key = migrate(play)
    play.run(2_000)
    expect(phases(play, key)).toEqual(['', 'Failed'])
  })

  it('whose VMI is gone is deleted', () => {
    const play = stage()
    const lost = play.add(MIGRATIONS, { metadata: { name: 'lost', namespace: 'lab' }, spec: { vmiName: 'nosuch' } }) as Migration
    play.run(1_000)
    expect(play.get(MIGRATIONS, objectKey(lost))).toBeUndefined()
    expect(play.world.has(CLAIMS)).toBe(true)
  })
})
