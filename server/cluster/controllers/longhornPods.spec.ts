import { describe, expect, it } from 'vitest'
import type { LonghornVolume } from '#health/longhorn.ts'
import { LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import { longhornVolumes } from './longhornVolumes.ts'
import { Play } from './play.ts'
import type { Controller } from './step.ts'

const KEY = 'longhorn-system/pv-1'

function stage(): Play {
  const play = new Play([longhornVolumes] as readonly unknown[] as readonly Controller[])
  play.add(PERSISTENT_VOLUMES, { metadata: { name: 'pv-1' }, spec: {}, status: { phase: 'Bound' } })
  play.add(CLAIMS, { metadata: { name: 'root', namespace: 'lab' }, spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } })
  play.add(LONGHORN_VOLUMES, { metadata: { name: 'pv-1', namespace: 'longhorn-system' }, spec: { size: '1', numberOfReplicas: 0 } })
  play.run(1000)
  return play
}
const mount = (play: Play, name: string, phase = 'Running') => {
  play.add(PODS, { metadata: { name, namespace: 'lab' }, spec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }] }, status: { phase } })
  play.run(1000)
}
const leave = (play: Play, name: string) => {
  play.remove(PODS, `lab/${name}`)
  play.run(1000)
}
const pods = (play: Play) => {
  const { workloadsStatus, lastPodRefAt } = (play.get(LONGHORN_VOLUMES, KEY) as LonghornVolume).status?.kubernetesStatus ?? {}
  return { names: workloadsStatus?.map(({ podName }) => podName) ?? null, isGone: lastPodRefAt !== '' }
}

describe('what Longhorn remembers of the pods on a volume', () => {
  it('is nothing before the first', () => {
    expect(pods(stage())).toEqual({ names: null, isGone: false })
  })

  it('is those that are there, the ended too, and of the last ones the names and when they were gone', () => {
    const play = stage()
    mount(play, 'job', 'Succeeded')
    mount(play, 'guestfs')
    expect(pods(play)).toEqual({ names: ['guestfs', 'job'], isGone: false })
    leave(play, 'guestfs')
    expect(pods(play)).toEqual({ names: ['job'], isGone: false })
    leave(play, 'job')
    expect(pods(play)).toEqual({ names: ['job'], isGone: true })
  })

  it('is another time once one was there again', () => {
    const play = stage()
    const gone = () => (play.get(LONGHORN_VOLUMES, KEY) as LonghornVolume).status?.kubernetesStatus?.lastPodRefAt
    mount(play, 'guestfs')
    leave(play, 'guestfs')
    const first = gone()
    play.run(5000)
    expect(gone()).toBe(first)
    mount(play, 'guestfs')
    leave(play, 'guestfs')
    expect(gone()).not.toBe(first)
  })

  it('outlives the claim', () => {
    const play = stage()
    mount(play, 'guestfs')
    leave(play, 'guestfs')
    play.remove(CLAIMS, 'lab/root')
    play.run(1000)
    expect(play.get(LONGHORN_VOLUMES, KEY)?.status?.kubernetesStatus).toMatchObject({ namespace: 'lab', pvcName: 'root', lastPVCRefAt: expect.stringMatching(/^\d{4}-.*Z$/) as string, workloadsStatus: [{ podName: 'guestfs' }] })
  })
})
