import { describe, expect, it } from 'vitest'
import { NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { attachments } from './attachments.ts'
import { fencing } from './fencing.ts'
import { HARVESTER_SETTINGS } from './kinds.ts'
import { nodes, pods } from './kubelet.ts'
import { outOfService } from './outOfService.ts'
import { Play } from './play.ts'
import { DOWN_ANNOTATION } from './silence.ts'
import type { Controller } from './step.ts'
import { TAKES } from './takes.ts'

const [PERIOD, TIMEOUT] = [15_000, 180_000]

function stage({ policy }: { readonly policy?: string } = {}): Play {
  const play = new Play([nodes, pods, attachments, outOfService, fencing] as readonly unknown[] as readonly Controller[])
  if (policy !== undefined)
    play.add(HARVESTER_SETTINGS, { metadata: { name: 'vm-force-reset-policy' }, default: policy, value: '' })
  for (const name of ['node-1', 'node-2']) {
    play.add(NODES, { metadata: { name } })
    play.add(PODS, { metadata: { name: `on-${name}`, namespace: 'lab' }, spec: { nodeName: name, containers: [{ name: 'c' }] } })
    play.add(VOLUME_ATTACHMENTS, { metadata: { name: `csi-${name}` }, spec: { attacher: 'driver.longhorn.io', nodeName: name, source: { persistentVolumeName: 'pv-1' } } })
  }
  play.run(2_500)
  play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: 'yes' } } })
  return play
}
const left = (play: Play) => [...play.world.all(PODS), ...play.world.all(VOLUME_ATTACHMENTS)].filter(({ spec }) => spec?.nodeName === 'node-1').map(({ metadata }) => metadata.name).sort()
const taintsOf = (play: Play) => play.get(NODES, 'node-1')?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`).filter(taint => !taint.includes('unreachable')) ?? []
const drained = (play: Play) => play.get(NODES, 'node-1')?.status?.conditions?.find(({ type }) => type === 'Drained')?.status
const readiness = (play: Play) => play.get(PODS, 'lab/on-node-1')?.status?.conditions?.find(({ type }) => type === 'Ready')?.status

const DRAIN = 'kubevirt.io/drain:NoSchedule'
const OUT = 'node.kubernetes.io/out-of-service:NoExecute'

describe('a node that dies', () => {
  it('leaves its pods as they were, and not ready', () => {
    const play = stage()
    play.run(5_000)
    expect(play.get(PODS, 'lab/on-node-1')?.status?.phase).toBe('Running')
    expect(readiness(play)).toBe('False')
    play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: null } } })
    play.run(5_000)
    expect(readiness(play)).toBe('True')
  })

  it('leaves its guests Harvester\'s own time where the setting says none', () => {
    const play = stage({ policy: '{"enable":true,"period":15,"vmMigrationTimeout":0}' })
    play.run(PERIOD + TIMEOUT - 5_000)
    expect(taintsOf(play)).toEqual([DRAIN])
    play.run(7_000)
    expect(taintsOf(play)).toEqual([DRAIN, OUT])
  })

  it('is drained first, and given up when its guests have had their time: what is there is gone by force, and nothing elsewhere', () => {
    const play = stage()
    play.run(PERIOD - 2_000)
    expect(taintsOf(play)).toEqual([])
    play.run(5_000)
    expect(taintsOf(play)).toEqual([DRAIN])
    expect(drained(play)).toBe('False')
    play.run(TIMEOUT - 5_000)
    expect(taintsOf(play)).toEqual([DRAIN])
    play.run(7_000)
    expect(taintsOf(play)).toEqual([DRAIN, OUT])
    expect(drained(play)).toBe('True')
    expect(play.get(PODS, 'lab/on-node-1')?.metadata.deletionTimestamp).toBeDefined()
    play.run(TAKES.collectPods + TAKES.detachAfterPod + 2_000)
    expect(left(play)).toEqual([])
    expect(play.get(PODS, 'lab/on-node-2')).toBeDefined()
  })

  it('says in the kubelet\'s place that a pod has failed before it is gone', () => {
    const play = stage()
    play.run(PERIOD + TIMEOUT + TAKES.collectPods + 5_000)
    const phases = play.history.filter(({ what }) => what === 'pods lab/on-node-1').map(({ object }) => (object as { status?: { phase?: string } } | undefined)?.status?.phase)
    expect(phases.slice(-2)).toEqual(['Failed', undefined])
  })

  it('is taken back when it is there again', () => {
    const play = stage()
    play.run(PERIOD + TIMEOUT + 5_000)
    play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: null } } })
    play.run(5_000)
    expect(taintsOf(play)).toEqual([])
    expect(drained(play)).toBeUndefined()
  })

  it('is given up as soon as the operator says, or never', () => {
    const soon = stage({ policy: '{"enable":true,"period":1,"vmMigrationTimeout":2}' })
    soon.run(6_000)
    expect(taintsOf(soon)).toEqual([DRAIN, OUT])
    const never = stage({ policy: '{"enable":false,"period":1,"vmMigrationTimeout":2}' })
    never.run(PERIOD + TIMEOUT + TAKES.collectPods)
    expect(taintsOf(never)).toEqual([])
    expect(left(never)).toContain('on-node-1')
  })

  it('keeps its disks for minutes where nobody has given it up, whatever becomes of its pods', () => {
    const play = stage({ policy: '{"enable":false}' })
    play.remove(PODS, 'lab/on-node-1', 0)
    play.run(TAKES.forceDetach - 10_000)
    expect(left(play)).toEqual(['csi-node-1'])
    play.run(20_000)
    expect(left(play)).toEqual([])
  })
})
