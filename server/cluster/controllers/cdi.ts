import type { PersistentVolumeClaim, Pod, StorageClass } from '#kube/core.ts'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { PODS_BY_CLAIM, hasEnded } from './claimIndexes.ts'
import type { Finding } from './conditions.ts'
import { withCondition } from './conditions.ts'
import { headOf, paceOf, rateOf } from './internet.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, create, on, ownerOf, remove, setStatus, tell, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

// kubevirt/containerized-data-importer pkg/controller/datavolume and pkg/controller/clone: a host-assisted copy.

const SOURCES: Index<DataVolume> = { kind: DATA_VOLUMES, keys: volume => [volume.spec.source?.pvc ? `${volume.spec.source.pvc.namespace}/${volume.spec.source.pvc.name}` : undefined] }

/** CDI's DataVolumes: a claim of the same name, filled from a URL, from another claim, or by an upload. */
export const dataVolumes: Controller<DataVolume> = {
  name: 'cdi-datavolume',
  actor: 'cdi',
  kind: DATA_VOLUMES,
  reads: [STORAGE_CLASSES],
  wakes: [
    on(CLAIMS, (claim, world) => [objectKey(claim), ...world.find(SOURCES, objectKey(claim)).map(objectKey)]),
    on(PODS, (pod, world) => (pod.spec?.volumes ?? []).flatMap(entry => entry.persistentVolumeClaim ? [`${pod.metadata.namespace}/${entry.persistentVolumeClaim.claimName}`] : []).flatMap(key => [key, ...world.find(SOURCES, key).map(objectKey)])),
  ],
  stage: volume => `${volume.status?.phase} ${volume.status?.progress} ${volume.status?.restartCount}`,
  step(volume, world, time) {
    if (volume.metadata.deletionTimestamp)
      return write(worker(volume, world) ? [remove(PODS, worker(volume, world) as Pod, 0)] : [])
    if (volume.status?.phase === 'Succeeded')
      return NOTHING
    const claim = world.get(CLAIMS, objectKey(volume))
    if (!claim)
      return { writes: [makeClaim(volume, world), ...to(volume, { phase: 'Pending', progress: 'N/A' }, time)] }
    const { http, pvc, blank } = volume.spec.source ?? {}
    if (http)
      return importFrom(http.url, volume, claim, world, time)
    if (pvc)
      return clone(volume, claim, world, time)
    if (claim.status?.phase !== 'Bound')
      return write(to(volume, { phase: 'Pending', progress: 'N/A', claimName: claim.metadata.name }, time))
    return write(to(volume, blank ? { phase: 'Succeeded', progress: '100.0%' } : { phase: 'UploadReady', progress: 'N/A' }, time))
  },
}

interface State { readonly phase: string, readonly progress?: string, readonly claimName?: string, readonly restartCount?: number, readonly error?: string }

function to(volume: DataVolume, { error, ...state }: State, time: Time): Write[] {
  const bound = state.phase !== 'Pending'
  const done = state.phase === 'Succeeded'
  const busy = ['ImportInProgress', 'CloneInProgress'].includes(state.phase)
  const running: Finding = error
    ? { type: 'Running', status: 'False', reason: 'Error', message: error }
    : { type: 'Running', status: busy ? 'True' : 'False', reason: done ? 'Completed' : busy ? 'Pod is running' : '', message: done ? 'Import Complete' : '' }
  const findings: Finding[] = [
    { type: 'Ready', status: done ? 'True' : 'False', reason: '', message: '' },
    { type: 'Bound', status: bound ? 'True' : 'False', reason: bound ? 'Bound' : 'Pending', message: `PVC ${volume.metadata.name} ${bound ? 'Bound' : 'Pending'}` },
    running,
  ]
  const conditions = findings.reduce<readonly Condition[]>((list, finding) => withCondition(list, finding, time.now), volume.status?.conditions ?? [])
  return setStatus(DATA_VOLUMES, volume, { restartCount: 0, ...volume.status, claimName: volume.metadata.name, ...state, conditions })
}

/** Modes as CDI knows them for Longhorn (pkg/storagecapabilities): a migratable class gives shared blocks. */
function modesOf(kind: StorageClass | undefined): { accessModes: string[], volumeMode: 'Block' | 'Filesystem' } {
  const { parameters = {} } = kind ?? {}
  if (parameters.migratable === 'true')
    return { accessModes: ['ReadWriteMany'], volumeMode: 'Block' }
  if (parameters.nfsOptions)
    return { accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' }
  return { accessModes: ['ReadWriteOnce'], volumeMode: parameters.fsType ? 'Filesystem' : 'Block' }
}

function makeClaim(volume: DataVolume, world: World): Write {
  const { name, namespace, annotations = {}, labels = {} } = volume.metadata
  const { storage = {} } = volume.spec
  const storageClassName = storage.storageClassName ?? ''
  const modes = modesOf(world.get(STORAGE_CLASSES, storageClassName))
  const source = volume.spec.source?.pvc
  const size = storage.resources?.requests?.storage ?? world.get(CLAIMS, `${source?.namespace}/${source?.name}`)?.spec?.resources?.requests?.storage ?? '10Gi'
  const body: NonNullable<PersistentVolumeClaim['spec']> = {
    accessModes: storage.accessModes ?? modes.accessModes, volumeMode: (storage.volumeMode as 'Block' | undefined) ?? modes.volumeMode,
    resources: { requests: { storage: size } }, storageClassName,
  }
  return create(CLAIMS, {
    metadata: { name, namespace, annotations: { ...annotations, 'cdi.kubevirt.io/storage.contentType': 'kubevirt' }, labels: { ...labels, 'app': 'containerized-data-importer', 'app.kubernetes.io/component': 'storage' }, ownerReferences: [ownerOf(DATA_VOLUMES, volume)] },
    spec: body,
  })
}

function percentOf(volume: DataVolume): number {
  return Number.parseFloat(volume.status?.progress ?? '') || 0
}

/** A failing import stays ImportInProgress, restarts, and says so in its Running condition. */
function importFrom(url: string, volume: DataVolume, claim: PersistentVolumeClaim, world: World, time: Time): Next {
  const { phase = '', restartCount = 0 } = volume.status ?? {}
  if (claim.status?.phase !== 'Bound')
    return write(to(volume, { phase: 'Pending', progress: 'N/A' }, time))
  if (phase !== 'ImportScheduled' && phase !== 'ImportInProgress')
    return write(to(volume, { phase: 'ImportScheduled', progress: 'N/A' }, time))
  const head = headOf(url)
  if (phase === 'ImportScheduled')
    return later(time, TAKES.scheduleImport, () => [...makeWorker(volume, 'importer', objectKey(claim), world), ...to(volume, { phase: 'ImportInProgress', progress: head.ok ? '0.00%' : 'N/A' }, time)])
  if (!head.ok) {
    const error = `Unable to connect to http data source: ${head.code ? `expected status code 200, got ${head.code}` : head.message.replace('Head ', 'Get ')}`
    return restartCount > 0 && time.left(TAKES.retryImport) > 0 ? wait(time.left(TAKES.retryImport)) : write(to(volume, { phase, progress: 'N/A', restartCount: restartCount + 1, error }, time))
  }
  const { ms, percent } = paceOf(head.size, rateOf(url))
  return later(time, ms, () => advance(volume, percentOf(volume) + percent, 'ImportInProgress', world, time))
}

/** Waits while any pod uses the source (clone/common.go IsSourceClaimReady), then copies with a pod that mounts it. */
function clone(volume: DataVolume, claim: PersistentVolumeClaim, world: World, time: Time): Next {
  const { pvc } = volume.spec.source ?? {}
  const key = `${pvc?.namespace}/${pvc?.name}`
  const source = world.get(CLAIMS, key)
  const { phase = '' } = volume.status ?? {}
  const user = world.find(PODS_BY_CLAIM, key).find(pod => !hasEnded(pod) && pod.metadata.name !== workerName(volume) && pod.metadata.labels?.['cdi.kubevirt.io'] !== 'cdi-clone-source')
  const filling = world.get(DATA_VOLUMES, key)
  const ready = source?.status?.phase === 'Bound' && (!filling || filling.status?.phase === 'Succeeded')
  if (phase !== 'CloneScheduled' && phase !== 'CloneInProgress')
    return write(to(volume, { phase: 'CloneScheduled', progress: 'N/A' }, time))
  if (phase === 'CloneScheduled') {
    if (user)
      return write(tell(DATA_VOLUMES, volume, 'Warning', 'CloneSourceInUse', `pod ${user.metadata.namespace}/${user.metadata.name} using PersistentVolumeClaim ${pvc?.name}`, time.now))
    if (!ready || claim.status?.phase !== 'Bound')
      return NOTHING
    return later(time, TAKES.scheduleImport, () => [...makeWorker(volume, 'cdi-clone-source', key, world), ...to(volume, { phase: 'CloneInProgress', progress: '0.00%' }, time)])
  }
  const { ms, percent } = paceOf(parseQuantity(claim.spec?.resources?.requests?.storage) || 1, rateOf(''))
  const pod = worker(volume, world)
  if (!pod)
    return write(makeWorker(volume, 'cdi-clone-source', key, world))
  return pod.status?.phase === 'Running' ? later(time, ms, () => advance(volume, percentOf(volume) + percent, 'CloneInProgress', world, time)) : NOTHING
}

function later(time: Time, ms: number, writes: () => readonly Write[]): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : writeOr(writes(), NOTHING)
}

function advance(volume: DataVolume, percent: number, phase: string, world: World, time: Time): Write[] {
  if (percent < 100)
    return to(volume, { phase, progress: `${percent.toFixed(2)}%` }, time)
  const pod = worker(volume, world)
  return [...to(volume, { phase: 'Succeeded', progress: '100.0%' }, time), ...(pod ? [remove(PODS, pod)] : [])]
}

function workerName(volume: DataVolume): string {
  return volume.spec.source?.pvc ? `${volume.metadata.uid}-source-pod` : `importer-${volume.metadata.name}`
}

function worker(volume: DataVolume, world: World): Pod | undefined {
  return world.get(PODS, `${volume.spec.source?.pvc?.namespace ?? volume.metadata.namespace}/${workerName(volume)}`)
}

function makeWorker(volume: DataVolume, component: string, claimKey: string, world: World): Write[] {
  if (worker(volume, world))
    return []
  const [namespace, claimName = ''] = claimKey.split('/')
  const spec = {
    restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 30,
    containers: [{ name: component, image: `registry.suse.com/suse/sles/15.7/${component === 'importer' ? 'cdi-importer' : 'cdi-cloner'}:1.65.0-150700.9.3.1` }],
    volumes: [{ name: 'cdi-data-vol', persistentVolumeClaim: { claimName } }],
  }
  return [create(PODS, {
    metadata: { name: workerName(volume), namespace, labels: { 'app': 'containerized-data-importer', 'cdi.kubevirt.io': component }, ...(namespace === volume.metadata.namespace ? { ownerReferences: [ownerOf(DATA_VOLUMES, volume)] } : {}) },
    spec: spec as NonNullable<Pod['spec']>,
  })]
}
