import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import { CLAIMS, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { BACKING_IMAGES, LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { clonedFrom } from './cdiClone.ts'
import { waitsForConsumer } from './claims.ts'
import type { PersistentVolume } from './kinds.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { Controller, Write } from './step.ts'
import { NOTHING, create, on, remove, tell, write } from './step.ts'

// Longhorn's CSI driver with the external provisioner: a volume for each claim, gone with it.

const DRIVER = 'driver.longhorn.io'

export const provisioner: Controller<PersistentVolumeClaim> = {
  name: 'csi-provisioner',
  actor: 'csi',
  kind: CLAIMS,
  reads: [STORAGE_CLASSES, DATA_VOLUMES],
  wakes: [
    on(LONGHORN_VOLUMES, volume => [(volume.metadata.labels?.[CLAIM_LABEL] ?? '').replace('.', '/')]),
    on(STORAGE_CLASSES, (kind, world) => world.all(CLAIMS).filter(claim => claim.spec?.storageClassName === kind.metadata.name && !claim.spec.volumeName).map(objectKey)),
    on(PODS, pod => (pod.spec?.volumes ?? []).map(volume => volume.persistentVolumeClaim && `${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`)),
  ],
  step(claim, world, time) {
    const kind = world.get(STORAGE_CLASSES, claim.spec?.storageClassName)
    if (kind?.provisioner !== DRIVER || claim.spec?.volumeName || claim.metadata.deletionTimestamp)
      return NOTHING
    if (waitsForConsumer(claim, kind, world))
      return NOTHING
    const source = clonedFrom(claim, world)
    if (source === 'waiting')
      return NOTHING
    const name = `pvc-${claim.metadata.uid}`
    if (world.get(PERSISTENT_VOLUMES, name))
      return NOTHING
    const volume = world.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${name}`)
    if (!volume) {
      const image = kind.parameters?.backingImage
      if (image && !world.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/${image}`))
        return NOTHING
      const cloned = world.get(CLAIMS, source)?.spec?.volumeName
      const from = world.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${cloned}`)
      const engines = [from?.spec.dataEngine, kind.parameters?.dataEngine].map(engine => engine ?? 'v1')
      // longhorn-manager webhook/resources/volume/validator.go verifyVolumeDataSource; the provisioner asks again for ever.
      if (from && engines[0] !== engines[1])
        return write(tell(CLAIMS, claim, 'Warning', 'ProvisioningFailed', `failed to provision volume with StorageClass "${kind.metadata.name}": admission webhook "validator.longhorn.io" denied the request: cannot clone volume with data engine ${engines[0]} into a volume with data engine ${engines[1]}`, time.now))
      return write(makeVolume(name, claim, kind, cloned))
    }
    return volume.status?.state ? write(makePersistentVolume(name, claim, kind)) : NOTHING
  },
}

/** Only a shared volume can be migratable: Longhorn's driver makes another so in silence (longhorn-manager csi/util.go), and its webhook refuses the rest. */
function isShared(claim: PersistentVolumeClaim): boolean {
  return claim.spec?.accessModes?.includes('ReadWriteMany') ?? false
}

const CLAIM_LABEL = 'guardrails.test/claim'

function makeVolume(name: string, claim: PersistentVolumeClaim, kind: StorageClass, source: string | undefined): Write {
  const { parameters = {} } = kind
  const list = (text: string | undefined) => text ? text.split(',').map(entry => entry.trim()) : []
  const spec = {
    size: String(parseQuantity(claim.spec?.resources?.requests?.storage) || 0),
    numberOfReplicas: Number(parameters.numberOfReplicas ?? 3), dataEngine: parameters.dataEngine ?? 'v1', backingImage: parameters.backingImage ?? '',
    accessMode: isShared(claim) ? 'rwx' : 'rwo', migratable: parameters.migratable === 'true' && isShared(claim), nodeID: '',
    frontend: parameters.dataEngine === 'v2' ? 'ublk' : 'blockdev', staleReplicaTimeout: Number(parameters.staleReplicaTimeout ?? 30),
    nodeSelector: list(parameters.nodeSelector), diskSelector: list(parameters.diskSelector), encrypted: parameters.encrypted === 'true', ...(source ? { dataSource: `vol://${source}` } : {}),
  }
  return create(LONGHORN_VOLUMES, { metadata: { name, namespace: LONGHORN_NAMESPACE, labels: { longhornvolume: name, [CLAIM_LABEL]: labelOf(claim) } }, spec })
}

/** As a label value: `namespace.name`, cut where it would be too long. */
function labelOf(claim: PersistentVolumeClaim): string {
  return `${claim.metadata.namespace}.${claim.metadata.name}`.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '')
}

function makePersistentVolume(name: string, claim: PersistentVolumeClaim, kind: StorageClass): Write {
  const { uid, namespace = '', resourceVersion } = claim.metadata
  return create(PERSISTENT_VOLUMES, {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER } },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.storage ?? '0' }, accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'], volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      storageClassName: kind.metadata.name, persistentVolumeReclaimPolicy: kind.reclaimPolicy ?? 'Delete',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claim.metadata.name, uid, resourceVersion } as PersistentVolume['spec']['claimRef'] & object,
      csi: { driver: DRIVER, volumeHandle: name, fsType: 'ext4', volumeAttributes: { ...kind.parameters } } as PersistentVolume['spec']['csi'] & object,
    },
  })
}

/** A released volume of class policy Delete is removed, and Longhorn's volume behind it. */
export const reclaimer: Controller<PersistentVolume> = {
  name: 'csi-reclaimer',
  actor: 'csi',
  kind: PERSISTENT_VOLUMES,
  reads: [LONGHORN_VOLUMES],
  step(volume, world) {
    if (volume.status?.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete' || volume.spec.csi?.driver !== DRIVER || volume.metadata.deletionTimestamp)
      return NOTHING
    const behind = world.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${volume.spec.csi.volumeHandle}`)
    return write(behind ? [remove(LONGHORN_VOLUMES, behind)] : [], remove(PERSISTENT_VOLUMES, volume))
  },
}
