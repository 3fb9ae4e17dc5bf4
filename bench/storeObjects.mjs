// Objects as heavy as Longhorn's own, managedFields included: what the store must carry.
const NAMESPACE = 'longhorn-system'
const MOMENT = '2026-02-03T04:05:06Z'

function uid(kind, index) {
  return `${kind}0000000-0000-4000-8000-${String(index).padStart(12, '0')}`
}

function fields(...names) {
  return Object.fromEntries([['.', {}], ...names.map(name => [`f:${name}`, {}])])
}

function metadata(kind, name, index, version, status) {
  return {
    annotations: { 'longhorn.io/last-applied-tolerations': '[]', 'bench.guardrails/at': '0' },
    creationTimestamp: MOMENT,
    finalizers: ['longhorn.io'],
    generation: 3,
    labels: { 'backup-target': 'default', 'longhornvolume': name, 'recurring-job-group.longhorn.io/default': 'enabled', 'setting.longhorn.io/replica-auto-balance': 'ignored' },
    managedFields: [
      { apiVersion: 'longhorn.io/v1beta2', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"longhorn.io"': {} }, 'f:labels': fields('backup-target', 'longhornvolume') }, 'f:spec': fields('accessMode', 'backingImage', 'dataEngine', 'dataLocality', 'diskSelector', 'encrypted', 'frontend', 'image', 'nodeID', 'numberOfReplicas', 'size', 'snapshotMaxCount', 'staleReplicaTimeout') }, manager: 'longhorn-manager', operation: 'Update', time: MOMENT },
      { apiVersion: 'longhorn.io/v1beta2', fieldsType: 'FieldsV1', fieldsV1: { 'f:status': fields(...status) }, manager: 'longhorn-manager', operation: 'Update', subresource: 'status', time: MOMENT },
    ],
    name,
    namespace: NAMESPACE,
    resourceVersion: String(version),
    uid: uid(kind, index),
  }
}

function condition(type, status, reason = '') {
  return { lastProbeTime: '', lastTransitionTime: MOMENT, message: '', reason, status, type }
}

/** A Longhorn volume; `turn` changes what an event would change. */
export function volume(index, version, turn = 0) {
  const name = `pvc-${uid('b', index)}`
  const attached = (index + turn) % 3 !== 0
  return {
    apiVersion: 'longhorn.io/v1beta2',
    kind: 'Volume',
    metadata: metadata('b', name, index, version, ['actualSize', 'conditions', 'currentImage', 'currentNodeID', 'expansionRequired', 'frontendDisabled', 'isStandby', 'kubernetesStatus', 'lastDegradedAt', 'ownerID', 'remountRequestedAt', 'restoreRequired', 'robustness', 'shareState', 'state']),
    spec: {
      Standby: false, accessMode: 'rwx', backingImage: `vmi-${uid('c', index % 5000)}`, backupCompressionMethod: 'lz4', backupTargetName: 'default', cloneMode: '',
      dataEngine: 'v1', dataLocality: 'disabled', dataSource: '', disableFrontend: false, diskSelector: [], encrypted: false, freezeFilesystemForSnapshot: 'ignored',
      fromBackup: '', frontend: 'blockdev', image: 'longhornio/longhorn-engine:v1.12.0', lastAttachedBy: '', migratable: true, migrationNodeID: '', nodeID: `node-${index % 12}`,
      nodeSelector: [], numberOfReplicas: 3, replicaAutoBalance: 'ignored', replicaDiskSoftAntiAffinity: 'ignored', replicaSoftAntiAffinity: 'ignored', replicaZoneSoftAntiAffinity: 'ignored',
      restoreVolumeRecurringJob: 'ignored', revisionCounterDisabled: true, size: '42949672960', snapshotDataIntegrity: 'ignored', snapshotMaxCount: 250, snapshotMaxSize: '0', staleReplicaTimeout: 30, unmapMarkSnapChainRemoved: 'ignored',
    },
    status: {
      actualSize: 10737418240 + index,
      cloneStatus: { attemptCount: 0, nextAllowedAttemptAt: '', snapshot: '', sourceVolume: '', state: '' },
      conditions: [condition('WaitForBackingImage', 'False'), condition('Restore', 'False'), condition('TooManySnapshots', 'False'), condition('OfflineRebuilding', 'False'), condition('Scheduled', 'True')],
      currentImage: 'longhornio/longhorn-engine:v1.12.0', currentMigrationNodeID: '', currentNodeID: attached ? `node-${index % 12}` : '', expansionRequired: false, frontendDisabled: false, isStandby: false,
      kubernetesStatus: {
        lastPVCRefAt: '', lastPodRefAt: '', namespace: `team-${index % 40}`, pvName: name, pvStatus: 'Bound', pvcName: `vm-${index}-disk-0`,
        workloadsStatus: attached ? [{ podName: `virt-launcher-vm-${index}-abcde`, podStatus: 'Running', workloadName: `vm-${index}`, workloadType: 'VirtualMachineInstance' }] : null,
      },
      lastBackup: '', lastBackupAt: '', lastDegradedAt: '', ownerID: `node-${index % 12}`, remountRequestedAt: '', restoreInitiated: false, restoreRequired: false,
      robustness: attached ? (index + turn) % 17 === 0 ? 'degraded' : 'healthy' : 'unknown', shareEndpoint: '', shareState: '', state: attached ? 'attached' : 'detached',
    },
  }
}

/** A BackingImage with three copies. */
export function backingImage(index, version, turn = 0) {
  const name = `vmi-${uid('c', index)}`
  const disks = [0, 1, 2].map(copy => uid(`d${copy}`, (index + copy * 7) % 36))
  const failed = (index + turn) % 29 === 0
  return {
    apiVersion: 'longhorn.io/v1beta2',
    kind: 'BackingImage',
    metadata: metadata('c', name, index, version, ['checksum', 'diskFileStatusMap', 'diskLastRefAtMap', 'ownerID', 'realSize', 'size', 'uuid', 'v2FirstCopyDisk', 'v2FirstCopyStatus', 'virtualSize']),
    spec: {
      checksum: '', dataEngine: 'v1', diskFileSpecMap: Object.fromEntries(disks.map(disk => [disk, { dataEngine: 'v1', evictionRequested: false }])), diskSelector: [], disks: Object.fromEntries(disks.map(disk => [disk, ''])),
      minNumberOfCopies: 3, nodeSelector: [], secret: '', secretNamespace: '', sourceParameters: { url: `https://images.example/${index}/disk.qcow2` }, sourceType: 'download',
    },
    status: {
      checksum: 'f'.repeat(128),
      diskFileStatusMap: Object.fromEntries(disks.map((disk, copy) => [disk, { dataEngine: 'v1', lastStateTransitionTime: MOMENT, message: '', progress: 100, state: failed && copy === 2 ? 'failed' : 'ready' }])),
      diskLastRefAtMap: Object.fromEntries(disks.map(disk => [disk, ''])),
      ownerID: `node-${index % 12}`, realSize: 734003200, size: 734003200 + index, uuid: uid('e', index).slice(-8), v2FirstCopyDisk: '', v2FirstCopyStatus: '', virtualSize: 2361393152,
    },
  }
}
