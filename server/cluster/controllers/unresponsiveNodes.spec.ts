import { describe, expect, it } from 'vitest'
import { NODES, PODS } from '#kube/core.ts'
import { VMIS } from '#vms/vm.ts'
import { stamp } from './conditions.ts'
import { HEARTBEAT, SCHEDULABLE, heartbeats } from './heartbeats.ts'
import { Play } from './play.ts'
import { DOWN_ANNOTATION, HANDLER_DOWN_ANNOTATION } from './silence.ts'
import type { Controller } from './step.ts'
import { unresponsiveNodes } from './unresponsiveNodes.ts'

const MINUTE = 60_000

function stage(): Play {
  const play = new Play([heartbeats, unresponsiveNodes] as readonly unknown[] as readonly Controller[])
  play.add(NODES, { metadata: { name: 'node-1', labels: { [SCHEDULABLE]: 'true' } } })
  play.add(NODES, { metadata: { name: 'elsewhere' } })
  play.run(1_000)
  return play
}

/** A guest on the node, and its pod in that phase; without one where none is given. */
function guest(play: Play, phase: string, pod?: { readonly phase: string, readonly containerStatuses?: object[] }): void {
  const vmi = play.add(VMIS, { metadata: { name: 'web', namespace: 'lab' }, spec: {}, status: { phase, nodeName: 'node-1' } })
  if (pod)
    play.add(PODS, { metadata: { name: 'virt-launcher-web', namespace: 'lab', labels: { 'kubevirt.io': 'virt-launcher' }, ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'web', uid: vmi.metadata.uid }] }, spec: { nodeName: 'node-1' }, status: pod })
}

const silence = (play: Play, annotation = DOWN_ANNOTATION, minutes = 0) => play.patch(NODES, 'node-1', { metadata: { annotations: { [annotation]: stamp(play.now - minutes * MINUTE) } } })
const beat = (play: Play) => Date.parse(play.get(NODES, 'node-1')?.metadata.annotations?.[HEARTBEAT] ?? '')
const label = (play: Play) => play.get(NODES, 'node-1')?.metadata.labels?.[SCHEDULABLE]
const statusOf = (play: Play) => play.get(VMIS, 'lab/web')?.status

describe('virt-handler\'s heartbeat', () => {
  it('is never older than a minute while the node lives, and is nowhere without KubeVirt', () => {
    const play = stage()
    for (let minute = 0; minute < 10; minute++) {
      play.run(MINUTE)
      expect(play.now - beat(play)).toBeLessThanOrEqual(MINUTE + 1_000)
    }
    expect(label(play)).toBe('true')
    expect(play.get(NODES, 'elsewhere')?.metadata.annotations?.[HEARTBEAT]).toBeUndefined()
  })

  it.each([DOWN_ANNOTATION, HANDLER_DOWN_ANNOTATION])('stops with %s, at the moment that is told', annotation => {
    const play = stage()
    silence(play, annotation, 10)
    const since = play.now - 10 * MINUTE
    play.run(3 * MINUTE)
    expect(beat(play)).toBe(since)
  })

  it('opens the node again with its first', () => {
    const play = stage()
    silence(play, DOWN_ANNOTATION, 10)
    play.run(1_000)
    expect(label(play)).toBe('false')
    play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: null } } })
    play.run(1_000)
    expect(label(play)).toBe('true')
  })
})

describe('a node whose virt-handler is silent', () => {
  it('gets no guests after five minutes, and before that does', () => {
    const play = stage()
    silence(play)
    play.run(4 * MINUTE)
    expect(label(play)).toBe('true')
    play.run(2 * MINUTE)
    expect(label(play)).toBe('false')
  })

  it.each([
    ['whose pod has failed', 'Running', { phase: 'Failed' }, 'Failed', 'NodeUnresponsive'],
    ['whose pod has succeeded', 'Running', { phase: 'Succeeded' }, 'Failed', 'NodeUnresponsive'],
    ['whose containers have all ended', 'Running', { phase: 'Running', containerStatuses: [{ name: 'compute', state: { terminated: {} } }] }, 'Failed', 'NodeUnresponsive'],
    ['that has no pod', 'Scheduled', undefined, 'Failed', 'NodeUnresponsive'],
    ['whose pod is still there', 'Running', { phase: 'Running' }, 'Running', undefined],
    ['one of whose containers runs', 'Running', { phase: 'Running', containerStatuses: [{ name: 'compute', state: { running: {} } }, { name: 'other', state: { terminated: {} } }] }, 'Running', undefined],
    ['that has shut down', 'Succeeded', { phase: 'Succeeded' }, 'Succeeded', undefined],
  ])('a guest %s', (_what, phase, pod, after, reason) => {
    const play = stage()
    guest(play, phase, pod)
    silence(play, HANDLER_DOWN_ANNOTATION, 10)
    play.run(2_000)
    expect(statusOf(play)).toMatchObject({ phase: after, ...(reason ? { reason } : {}) })
    expect(statusOf(play)?.reason).toBe(reason)
  })

  it('does nothing to a guest while it is heard of', () => {
    const play = stage()
    guest(play, 'Running', { phase: 'Failed' })
    play.run(10 * MINUTE)
    expect(statusOf(play)?.phase).toBe('Running')
  })
})
