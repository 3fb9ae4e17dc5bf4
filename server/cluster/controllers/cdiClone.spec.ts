import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { LONGHORN_NODES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { attacher, attachments } from './attachments.ts'
import { dataVolumes } from './cdi.ts'
import { claims, volumes } from './claims.ts'
import { provisioner, reclaimer } from './csiVolumes.ts'
import { EVENTS, STORAGE_PROFILES } from './kinds.ts'
import { nodes, pods } from './kubelet.ts'
import { longhornNodes } from './longhornNodes.ts'
import { longhornReplicas } from './longhornReplicas.ts'
import { longhornVolumes } from './longhornVolumes.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'

// How CDI clones a claim, by what the profile of the class says.

const ACTORS = [
  nodes, scheduler, pods, claims, volumes, provisioner, reclaimer, attacher, attachments, longhornNodes, longhornVolumes, longhornReplicas, dataVolumes,
] as readonly unknown[] as readonly Controller[]

/** A disk of class `v2`, and one of class `v1`; the profile of each class says that strategy. */
function stage(cloneStrategy: string): Play {
  const play = new Play(ACTORS)
  for (const name of ['node-1', 'node-2', 'node-3']) {
    play.add(NODES, { metadata: { name } })
    play.add(LONGHORN_NODES, { metadata: { name, namespace: 'longhorn-system' }, spec: { name, allowScheduling: true, disks: { v1: { path: '/1', allowScheduling: true, diskType: 'filesystem' }, v2: { path: '/v2', allowScheduling: true, diskType: 'block' } } } })
  }
  for (const dataEngine of ['v1', 'v2']) {
    play.add(STORAGE_CLASSES, { metadata: { name: dataEngine }, provisioner: 'driver.longhorn.io', parameters: { numberOfReplicas: '3', migratable: 'true', dataEngine }, volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' })
    play.add(STORAGE_PROFILES, { metadata: { name: dataEngine }, status: { cloneStrategy } })
    play.add(CLAIMS, { metadata: { name: `disk-${dataEngine}`, namespace: 'lab' }, spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: dataEngine, resources: { requests: { storage: '10Gi' } } } })
  }
  play.run(20_000)
  return play
}

const clone = (play: Play, source = 'disk-v2') => play.add(DATA_VOLUMES, { metadata: { name: 'copy', namespace: 'lab' }, spec: { source: { pvc: { namespace: 'lab', name: source } }, storage: { storageClassName: 'v2', resources: { requests: { storage: '10Gi' } } } } })
const phaseOf = (play: Play) => play.get(DATA_VOLUMES, 'lab/copy')?.status?.phase
const volumeOf = (play: Play, claim: string): LonghornVolume | undefined => play.get(LONGHORN_VOLUMES, `longhorn-system/${play.get(CLAIMS, `lab/${claim}`)?.spec?.volumeName}`)
const copied = (play: Play) => volumeOf(play, 'copy')?.status?.cloneStatus?.state
const hold = (play: Play) => play.add(PODS, { metadata: { name: 'guest', namespace: 'lab' }, spec: { containers: [{ name: 'guest', image: 'guest' }], volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'disk-v2' } }] } })

describe('a clone of CDI\'s', () => {
  it('is left to the driver with csi-clone: no pod comes to the source, and it is called done before Longhorn has copied it', () => {
    const play = stage('csi-clone')
    const before = volumeOf(play, 'disk-v2')?.status?.kubernetesStatus
    clone(play)
    const seen: string[] = []
    for (let half = 0; half < 240 && copied(play) !== 'completed'; half++) {
      play.run(500)
      seen.push(`${phaseOf(play)} ${copied(play)}`)
    }
    expect([...new Set(seen)]).toEqual(['CloneScheduled undefined', 'Succeeded ', 'Succeeded initiated', 'Succeeded completed'])
    expect(play.world.all(PODS)).toEqual([])
    expect(volumeOf(play, 'disk-v2')?.status?.kubernetesStatus).toEqual(before)
    expect(volumeOf(play, 'copy')?.spec.dataSource).toBe(`vol://${volumeOf(play, 'disk-v2')?.metadata.name}`)
    play.run(20_000)
    expect(['disk-v2', 'copy'].map(claim => volumeOf(play, claim)?.status?.state)).toEqual(['detached', 'detached'])
  })

  it.each<[string, string, string]>([
    ['a pod that reads the source with copy', 'copy', 'disk-v2'],
    ['one where there is no snapshot class for snapshot', 'snapshot', 'disk-v2'],
    ['one between the engines with copy', 'copy', 'disk-v1'],
  ])('is done by %s', (_, strategy, source) => {
    const play = stage(strategy)
    clone(play, source)
    play.run(5_000)
    expect(phaseOf(play)).toBe('CloneInProgress')
    expect(play.world.all(PODS).map(pod => pod.metadata.labels?.['cdi.kubevirt.io'])).toEqual(['cdi-clone-source'])
    play.run(120_000)
    expect([phaseOf(play), copied(play)]).toEqual(['Succeeded', undefined])
    expect(volumeOf(play, source)?.status?.kubernetesStatus?.workloadsStatus?.map(({ podName }) => podName)).toEqual([expect.stringContaining('-source-pod')])
  })

  it('comes to nothing with csi-clone where the engines of the two differ: Longhorn refuses it, again and again', () => {
    const play = stage('csi-clone')
    clone(play, 'disk-v1')
    play.run(120_000)
    expect([phaseOf(play), play.get(CLAIMS, 'lab/copy')?.status?.phase]).toEqual(['CSICloneInProgress', 'Pending'])
    expect(play.world.all(EVENTS).map(({ message }) => message)).toContainEqual(expect.stringContaining('cannot clone volume with data engine v1 into a volume with data engine v2'))
    expect(play.world.all(LONGHORN_VOLUMES)).toHaveLength(2)
  })

  it.each(['csi-clone', 'copy'])('waits while a pod uses the source, also with %s, and begins once that is gone', strategy => {
    const play = stage(strategy)
    hold(play)
    play.run(5_000)
    clone(play)
    play.run(20_000)
    expect(phaseOf(play)).toBe('CloneScheduled')
    expect(play.world.all(EVENTS).map(({ reason, message }) => [reason, message])).toContainEqual(['CloneSourceInUse', 'pod lab/guest using PersistentVolumeClaim disk-v2'])
    play.remove(PODS, 'lab/guest', 0)
    play.run(120_000)
    expect(phaseOf(play)).toBe('Succeeded')
  })
})
