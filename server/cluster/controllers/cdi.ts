import type { PersistentVolumeClaim, Pod, StorageClass } from '#kube/core.ts'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { IMAGES } from '#images/image.ts'
import { importFrom } from './cdiImport.ts'
import { clone, cloneMarks, later, strategyFor } from './cdiClone.ts'
import { to } from './cdiStatus.ts'
import { makeWorker, worker } from './cdiWorkers.ts'
import { CONFIG_MAPS, STORAGE_PROFILES } from './kinds.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, create, on, ownerOf, remove, write } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

// kubevirt/containerized-data-importer pkg/controller/datavolume.

const SOURCES: Index<DataVolume> = { kind: DATA_VOLUMES, keys: volume => [volume.spec.source?.pvc ? `${volume.spec.source.pvc.namespace}/${volume.spec.source.pvc.name}` : undefined] }

/** CDI's DataVolumes: a claim of the same name, filled from a URL, from another claim, or by an upload. */
export const dataVolumes: Controller<DataVolume> = {
  name: 'cdi-datavolume',
  actor: 'cdi',
  kind: DATA_VOLUMES,
  reads: [STORAGE_CLASSES, STORAGE_PROFILES, IMAGES, CONFIG_MAPS],
  wakes: [
    on(CLAIMS, (claim, world) => [objectKey(claim), ...world.find(SOURCES, objectKey(claim)).map(objectKey)]),
    on(PODS, (pod, world) => (pod.spec?.volumes ?? []).flatMap(entry => entry.persistentVolumeClaim ? [`${pod.metadata.namespace}/${entry.persistentVolumeClaim.claimName}`] : []).flatMap(key => [key, ...world.find(SOURCES, key).map(objectKey)])),
  ],
  stage: volume => `${volume.status?.phase} ${volume.status?.progress} ${volume.status?.restartCount}`,
  step(volume, world, time) {
    if (volume.metadata.deletionTimestamp)
      return write(worker(volume, world) ? [remove(PODS, worker(volume, world) as Pod, 0)] : [])
    if (volume.status?.phase === 'Succeeded') {
      const left = volume.spec.source?.upload && worker(volume, world)
      return left && !left.metadata.deletionTimestamp ? write(remove(PODS, left)) : NOTHING
    }
    const claim = world.get(CLAIMS, objectKey(volume))
    if (!claim)
      return { writes: [makeClaim(volume, world), ...to(volume, { phase: 'Pending', progress: 'N/A' }, time)] }
    const { http, pvc, blank } = volume.spec.source ?? {}
    if (http)
      return importFrom(http.url, volume, claim, world, time)
    if (pvc)
      return clone(volume, claim, world, time)
    if (claim.status?.phase !== 'Bound')
      return write(to(volume, { phase: 'Pending', progress: 'N/A' }, time))
    return blank ? write(to(volume, { phase: 'Succeeded', progress: '100.0%' }, time)) : awaitUpload(volume, claim, world, time)
  },
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
  const marks = source ? cloneMarks(strategyFor(world.get(CLAIMS, `${source.namespace}/${source.name}`), { storageClassName, volumeMode: body.volumeMode ?? 'Filesystem' }, world)) : {}
  return create(CLAIMS, {
    metadata: { name, namespace, annotations: { ...annotations, ...marks, 'cdi.kubevirt.io/storage.contentType': 'kubevirt' }, labels: { ...labels, 'app': 'containerized-data-importer', 'app.kubernetes.io/component': 'storage' }, ownerReferences: [ownerOf(DATA_VOLUMES, volume)] },
    spec: body,
  })
}

/** Waits for whoever uploads, with a server of its own in the meantime. */
function awaitUpload(volume: DataVolume, claim: PersistentVolumeClaim, world: World, time: Time): Next {
  const { phase = '' } = volume.status ?? {}
  if (phase !== 'UploadScheduled' && phase !== 'UploadReady')
    return write(to(volume, { phase: 'UploadScheduled', progress: 'N/A' }, time))
  const made = makeWorker(volume, 'cdi-upload-server', objectKey(claim), world)
  if (made.length > 0)
    return later(time, TAKES.scheduleImport, () => made)
  return worker(volume, world)?.status?.phase === 'Running' && phase === 'UploadScheduled' ? write(to(volume, { phase: 'UploadReady', progress: 'N/A' }, time)) : NOTHING
}
