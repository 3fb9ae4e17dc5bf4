import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import { BACKING_IMAGES, LONGHORN_NODES, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { attacher, attachments } from './attachments.ts'
import { backingImages } from './backingImages.ts'
import { dataVolumes } from './cdi.ts'
import { claims, volumes } from './claims.ts'
import { provisioner, reclaimer } from './csiVolumes.ts'
import { dataVolumeFor, harvesterImages } from './harvesterImages.ts'
import { imageManagers } from './imageManagers.ts'
import { imageSources } from './imageSources.ts'
import { nodes, pods } from './kubelet.ts'
import { longhornNodes } from './longhornNodes.ts'
import { longhornReplicas } from './longhornReplicas.ts'
import { longhornVolumes } from './longhornVolumes.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'

// Harvester's images on Longhorn and on CDI, and the volumes below, from end to end on the steps alone.

const ACTORS = [
  nodes, scheduler, pods, claims, volumes, provisioner, reclaimer, attacher, attachments,
  longhornNodes, longhornVolumes, longhornReplicas, backingImages, imageManagers, imageSources, dataVolumes, harvesterImages,
] as readonly unknown[] as readonly Controller[]

const URL_OF = { good: 'https://cloud-images.ubuntu.com/noble/20260801/noble-server-cloudimg-amd64.img', gone: 'https://example.com/missing/x.img', nowhere: 'https://images.invalid/x.img' }

function stage(): Play {
  const play = new Play(ACTORS)
  for (const name of ['node-1', 'node-2', 'node-3']) {
    play.add(NODES, { metadata: { name } })
    play.add(LONGHORN_NODES, { metadata: { name, namespace: 'longhorn-system' }, spec: { name, allowScheduling: true, disks: { 'disk-1': { path: '/1', allowScheduling: true, diskType: 'filesystem' }, 'disk-v2': { path: '/v2', allowScheduling: true, diskType: 'block' } } } })
  }
  const parameters = { numberOfReplicas: '3', migratable: 'true' }
  play.add(STORAGE_CLASSES, { metadata: { name: 'usual' }, provisioner: 'driver.longhorn.io', parameters, volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' })
  play.add(STORAGE_CLASSES, { metadata: { name: 'v2' }, provisioner: 'driver.longhorn.io', parameters: { ...parameters, dataEngine: 'v2' }, volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' })
  play.run(1)
  return play
}

const addImage = (play: Play, spec: Partial<VirtualMachineImage['spec']>) => play.add(IMAGES, { metadata: { name: 'i', namespace: 'lab' }, spec: { displayName: 'i', sourceType: 'download', backend: 'backingimage', retry: 3, ...spec } })
const addClaim = (play: Play, name: string, storageClassName = 'usual') => play.add(CLAIMS, { metadata: { name, namespace: 'lab' }, spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName, resources: { requests: { storage: '4Gi' } } } })
const conditionOf = (play: Play, type: string) => findCondition(play.get(IMAGES, 'lab/i')?.status?.conditions, type)
const backingOf = (play: Play) => play.world.all(BACKING_IMAGES)[0]
const volumeOf = (play: Play, claim: string) => play.get(LONGHORN_VOLUMES, `longhorn-system/${play.get(CLAIMS, `lab/${claim}`)?.spec?.volumeName}`)
describe('an image on Longhorn v1', () => {
  it('is checked, made, imported, and tells its progress on the way', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good })
    play.run(30_000)
    const progress = play.seen(IMAGES, 'lab/i', image => image.status?.progress?.toString())
    expect(progress.at(-1)).toBe('100')
    expect(progress.length).toBeGreaterThan(5)
    expect(conditionOf(play, 'Imported')).toMatchObject({ status: 'True', reason: 'Imported' })
    expect(play.get(STORAGE_CLASSES, play.get(IMAGES, 'lab/i')?.status?.storageClassName ?? '')?.parameters).toMatchObject({ backingImage: backingOf(play)?.metadata.name, numberOfReplicas: '3' })
  })

  it('lies on any disk, whichever its class asks for: Harvester tells Longhorn of none', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good, storageClassParameters: { numberOfReplicas: '3', nodeSelector: 'east', diskSelector: 'ssd' } })
    play.run(60_000)
    expect(backingOf(play)?.spec).toMatchObject({ minNumberOfCopies: 3, nodeSelector: [], diskSelector: [] })
    expect(Object.values(backingOf(play)?.status?.diskFileStatusMap ?? {}).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  })

  it('is not looked at again once it is imported, whatever its copies do', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good })
    play.run(60_000)
    for (const node of ['node-1', 'node-2', 'node-3']) play.patch(LONGHORN_NODES, `longhorn-system/${node}`, { metadata: { annotations: { 'guardrails.test/bad-disks': 'disk-1' } } })
    play.run(60_000)
    expect(Object.values(backingOf(play)?.status?.diskFileStatusMap ?? {}).every(copy => copy.state === 'failed')).toBe(true)
    expect(conditionOf(play, 'Imported')?.status).toBe('True')
    expect(play.get(IMAGES, 'lab/i')?.status?.progress).toBe(100)
  })

  it('whose URL is not found is tried four times, ten seconds apart, and then frozen', () => {
    const play = stage()
    addImage(play, { url: URL_OF.gone })
    play.run(60_000)
    const told = play.seen(IMAGES, 'lab/i', image => findCondition(image.status?.conditions, 'RetryLimitExceeded')?.message)
    const error = `failed due to error: got 404 status code from ${URL_OF.gone}`
    expect(told).toEqual(['', error, `retry attempted 1/3 ${error}`, `retry attempted 2/3 ${error}`, `retry attempted 3/3 ${error}`])
    expect(conditionOf(play, 'RetryLimitExceeded')?.status).toBe('True')
    expect(conditionOf(play, 'Initialized')).toMatchObject({ status: 'False', message: `retry attempted 3/3 ${error}` })
    const before = play.history.length
    play.run(600_000)
    expect(play.history.length).toBe(before)
  })

  it('has a failure of its file counted once, though Longhorn says of it a second later that it is cleaned up; a minute later Longhorn fetches it again, and that counts', () => {
    const countsFrom = (past: number) => {
      const play = stage()
      play.run(past)
      addImage(play, { url: URL_OF.good, checksum: 'b'.repeat(128), retry: 1 })
      play.run(50_000)
      const before = play.get(IMAGES, 'lab/i')?.status?.failed
      play.run(50_000)
      return [before, play.get(IMAGES, 'lab/i')?.status?.failed, play.history.some(({ what, object }) => what.startsWith('backingimages ') && object === undefined)]
    }
    const counts = [0, 250, 500, 750].map(countsFrom)
    expect(counts).toEqual(counts.map(() => [1, 2, false]))
  })

  it('whose file fails is fetched again, and the failure stays readable meanwhile', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good, checksum: 'b'.repeat(128) })
    play.run(30_000)
    expect(play.get(IMAGES, 'lab/i')?.status?.failed).toBeGreaterThan(0)
    expect(conditionOf(play, 'RetryLimitExceeded')).toMatchObject({ status: 'False' })
    expect(conditionOf(play, 'RetryLimitExceeded')?.message).toContain('doesn\'t match the file actual checksum')
    expect(conditionOf(play, 'Imported')?.status).toBe('Unknown')
    play.run(300_000)
    expect(play.get(IMAGES, 'lab/i')?.status?.failed).toBe(4)
    expect(conditionOf(play, 'Imported')?.status).toBe('False')
  })

  it('with a checksum that is no SHA-512 fails in the words of Longhorn\'s webhook', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good, checksum: 'nothex', retry: 0 })
    play.run(10_000)
    expect(conditionOf(play, 'RetryLimitExceeded')?.message).toBe('failed due to error: admission webhook "validator.longhorn.io" denied the request: invalid checksum nothex')
  })

  it('that is deleted takes its class and its copies with it', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good })
    play.run(60_000)
    play.remove(IMAGES, 'lab/i')
    play.run(30_000)
    expect(play.get(IMAGES, 'lab/i')).toBeUndefined()
    expect(play.world.all(BACKING_IMAGES)).toEqual([])
    expect(play.world.all(STORAGE_CLASSES).map(one => one.metadata.name).sort()).toEqual(['usual', 'v2'])
  })
})

describe('an export on Longhorn v1', () => {
  it('attaches the volume while it is read, and only then', () => {
    const play = stage()
    addClaim(play, 'data')
    play.run(5_000)
    expect(play.get(CLAIMS, 'lab/data')).toMatchObject({
      metadata: { annotations: { 'volume.kubernetes.io/storage-provisioner': 'driver.longhorn.io', 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      status: { phase: 'Bound' },
    })
    addImage(play, { sourceType: 'export-from-volume', pvcName: 'data', pvcNamespace: 'lab' })
    play.run(60_000)
    expect(conditionOf(play, 'Imported')?.status).toBe('True')
    expect(backingOf(play)?.spec.sourceParameters).toEqual({ 'volume-name': volumeOf(play, 'data')?.metadata.name, 'export-type': 'raw' })
    const name = `longhorn-system/${volumeOf(play, 'data')?.metadata.name}`
    expect(play.seen(LONGHORN_VOLUMES, name, volume => volume.status?.state)).toEqual(['', 'detached', 'attaching', 'attached', 'detaching', 'detached'])
  })

  it('of a claim that is missing or unbound says why', () => {
    const play = stage()
    addImage(play, { sourceType: 'export-from-volume', pvcName: 'nosuch', pvcNamespace: 'lab', retry: 0 })
    play.run(5_000)
    expect(conditionOf(play, 'RetryLimitExceeded')?.message).toContain('persistentvolumeclaims "nosuch" not found')
    const other = stage()
    addClaim(other, 'pending', 'no-such-class')
    addImage(other, { sourceType: 'export-from-volume', pvcName: 'pending', pvcNamespace: 'lab', retry: 0 })
    other.run(5_000)
    expect(conditionOf(other, 'RetryLimitExceeded')?.message).toContain('invalid parameter map[export-type:raw volume-name:] for source type export-from-volume')
  })
})

describe('an image on CDI', () => {
  it('becomes a golden claim of its own name', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good, backend: 'cdi', targetStorageClassName: 'v2' })
    play.run(60_000)
    expect(conditionOf(play, 'Imported')?.status).toBe('True')
    expect(play.seen(DATA_VOLUMES, 'lab/i', volume => volume.status?.phase)).toEqual(['', 'Pending', 'ImportScheduled', 'ImportInProgress', 'Succeeded'])
    expect(play.get(CLAIMS, 'lab/i')).toMatchObject({ spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'v2' }, status: { phase: 'Bound' } })
    expect(volumeOf(play, 'i')?.spec.dataEngine).toBe('v2')
  })

  it('that cannot be fetched says Importing for ever; only the DataVolume tells', () => {
    const play = stage()
    addImage(play, { url: URL_OF.good, backend: 'cdi', targetStorageClassName: 'v2' })
    play.run(1_000)
    play.patch(DATA_VOLUMES, 'lab/i', { spec: { source: { http: { url: URL_OF.nowhere } } } })
    play.run(120_000)
    const volume = play.get(DATA_VOLUMES, 'lab/i')
    expect(volume?.status?.phase).toBe('ImportInProgress')
    expect(volume?.status?.restartCount).toBeGreaterThan(3)
    expect(findCondition(volume?.status?.conditions, 'Running')).toMatchObject({ status: 'False', reason: 'Error' })
    expect(conditionOf(play, 'Imported')?.status).toBe('Unknown')
    expect(play.get(IMAGES, 'lab/i')?.status?.failed ?? 0).toBe(0)
  })

  it('that is uploaded has no DataVolume until somebody uploads, and then waits for the bytes', () => {
    const play = stage()
    const image = addImage(play, { sourceType: 'upload', backend: 'cdi', targetStorageClassName: 'v2' })
    play.run(60_000)
    expect(conditionOf(play, 'Initialized')?.status).toBe('True')
    expect(play.get(DATA_VOLUMES, 'lab/i')).toBeUndefined()
    play.carryOut([dataVolumeFor(image, { upload: {} }, '2Gi')])
    play.run(30_000)
    expect(play.seen(DATA_VOLUMES, 'lab/i', volume => volume.status?.phase)).toEqual(['', 'Pending', 'UploadScheduled', 'UploadReady'])
    expect(play.get(PODS, 'lab/cdi-upload-i')?.status?.phase).toBe('Running')
  })
})

describe('a volume', () => {
  it('lies on three nodes, and is degraded while one of them is down', () => {
    const play = stage()
    addClaim(play, 'data')
    play.run(5_000)
    addImage(play, { sourceType: 'export-from-volume', pvcName: 'data', pvcNamespace: 'lab' })
    play.run(4_000)
    expect(volumeOf(play, 'data')?.status).toMatchObject({ state: 'attached', robustness: 'healthy' })
    const away = ['node-1', 'node-2', 'node-3'].find(node => node !== volumeOf(play, 'data')?.spec.nodeID) ?? ''
    play.patch(LONGHORN_NODES, `longhorn-system/${away}`, { metadata: { annotations: { 'guardrails.test/lost-disks': 'disk-1' } } })
    play.run(100)
    expect(volumeOf(play, 'data')?.status?.robustness).toBe('degraded')
  })

  it('goes with its claim', () => {
    const play = stage()
    addClaim(play, 'data')
    play.run(5_000)
    expect(play.world.all(LONGHORN_VOLUMES)).toHaveLength(1)
    play.remove(CLAIMS, 'lab/data')
    play.run(5_000)
    expect(play.world.all(LONGHORN_VOLUMES)).toEqual([])
  })
})
