import { describe, expect, it } from 'vitest'
import { NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { attachments } from './attachments.ts'
import { fencing } from './fencing.ts'
import { DOWN_ANNOTATION, nodes, pods } from './kubelet.ts'
import { Play } from './play.ts'
import type { Controller } from './step.ts'
import { TAKES } from './takes.ts'

function stage(down: string): Play {
  const play = new Play([nodes, pods, attachments, ...fencing] as readonly unknown[] as readonly Controller[])
  for (const name of ['node-1', 'node-2']) {
    play.add(NODES, { metadata: { name } })
    play.add(PODS, { metadata: { name: `on-${name}`, namespace: 'lab' }, spec: { nodeName: name, containers: [{ name: 'c' }] } })
    play.add(VOLUME_ATTACHMENTS, { metadata: { name: `csi-${name}` }, spec: { attacher: 'of-another-driver', nodeName: name, source: { persistentVolumeName: 'pv-1' } } })
  }
  play.run(5_000)
  play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: down } } })
  return play
}
const left = (play: Play) => [...play.world.all(PODS), ...play.world.all(VOLUME_ATTACHMENTS)].map(({ metadata }) => metadata.name).sort()
const taintsOf = (play: Play) => play.get(NODES, 'node-1')?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? []
const drained = (play: Play) => play.get(NODES, 'node-1')?.status?.conditions?.find(({ type }) => type === 'Drained')?.status

describe('a node that dies and is fenced', () => {
  it('is waited for, then given up: its pods and attachments are gone by force, and no others', () => {
    const play = stage('fenced')
    play.run(TAKES.fenceNode / 2)
    expect(left(play)).toEqual(['csi-node-1', 'csi-node-2', 'on-node-1', 'on-node-2'])
    play.run(TAKES.fenceNode)
    expect(taintsOf(play)).toContain('node.kubernetes.io/out-of-service:NoExecute')
    expect(drained(play)).toBe('True')
    expect(left(play)).toEqual(['csi-node-2', 'on-node-2'])
  })

  it('is taken back when it is there again', () => {
    const play = stage('fenced')
    play.run(2 * TAKES.fenceNode)
    play.patch(NODES, 'node-1', { metadata: { annotations: { [DOWN_ANNOTATION]: null } } })
    play.run(5_000)
    expect(taintsOf(play)).toEqual([])
    expect(drained(play)).toBeUndefined()
  })

  it('is not given up where it is only away', () => {
    const play = stage('true')
    play.run(4 * TAKES.fenceNode)
    expect(left(play)).toEqual(['csi-node-1', 'csi-node-2', 'on-node-1', 'on-node-2'])
    expect(taintsOf(play)).not.toContain('node.kubernetes.io/out-of-service:NoExecute')
  })
})
