import type { Schema } from '../kind.ts'
import type { KindDefinition } from './shapes.ts'
import {
  age, byteCount, column, flag, flags, immutable, integer, integers, listOf, mapOf, object, oneOf, open, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// Names, columns and field names as in longhorn/longhorn-manager k8s/crds.yaml (v1beta2); descriptions are ours.
// All have a status subresource, and all live in namespace longhorn-system.

const group = 'longhorn.io'
const versions = ['v1beta2']
const status = true
const nullable = { nullable: true }

const lhConditions = (): Schema => listOf(shape('', texts({
  type: 'Name of the condition.', status: 'True, False or Unknown.', reason: 'Reason in one word.', message: 'Reason for people.',
  lastProbeTime: 'When it was last looked at.', lastTransitionTime: 'When the status last changed.',
})), 'What is known, one entry a type.', nullable)
const dataEngine = (more: Schema = {}): Schema => text('Data engine.', { enum: ['v1', 'v2'], ...more })
const sourceType = oneOf('How the content gets here.', 'download', 'upload', 'export-from-volume', 'restore', 'clone')
const frontend = oneOf('How the volume is offered to the node.', 'blockdev', 'iscsi', 'nvmf', 'ublk', '')
const size = (description: string): Schema => text(description, { format: 'int64' })
const inherited = (description: string, ...values: string[]): Schema => oneOf(`${description} "ignored" follows the global setting.`, 'ignored', ...values)
const owner = { ownerID: text('Node whose manager looks after the object.') }

const backingImage: KindDefinition = {
  group, versions, status, kind: 'BackingImage', plural: 'backingimages', shortNames: ['lhbi'],
  columns: [
    column('UUID', 'string', '.status.uuid'),
    column('SourceType', 'string', '.spec.sourceType'),
    column('Size', 'string', '.status.size'),
    column('VirtualSize', 'string', '.status.virtualSize'),
    age(),
  ],
  schema: object('A read-only disk image kept as copies on disks, below the volumes made from it.', {
    spec: shape('What it holds and where copies go.', {
      ...texts({ checksum: 'SHA-512 that the file must have, in hex.', secret: 'Secret of an encrypted image.', secretNamespace: 'Namespace of that secret.' }),
      dataEngine: dataEngine({ default: 'v1' }),
      diskFileSpecMap: mapOf(shape('', { dataEngine: dataEngine(), evictionRequested: flag('Whether the copy is to leave this disk.') }), 'Copies wanted, by disk UUID.'),
      disks: textMap('Disks with a copy (older field).'),
      diskSelector: textList('Tags that a disk must have.'),
      nodeSelector: textList('Tags that a node must have.'),
      minNumberOfCopies: integer('How many copies there must be at least.'),
      sourceParameters: textMap('Parameters of the source, such as url.'),
      sourceType,
    }),
    status: shape('The copies that there are.', {
      ...owner,
      ...texts({ checksum: 'SHA-512 of the file.', uuid: 'Identity of the content.', v2FirstCopyDisk: 'Disk of the first copy of the v2 engine.', v2FirstCopyStatus: 'State of that copy.' }),
      diskFileStatusMap: mapOf(shape('', {
        dataEngine: dataEngine(),
        progress: integer('Percent transferred.'),
        ...texts({ state: 'State of the copy.', message: 'Why it is in that state.', lastStateTransitionTime: 'When the state changed.' }),
      }), 'State of each copy, by disk UUID.', nullable),
      diskLastRefAtMap: textMap('When a copy was last used, by disk UUID.', nullable),
      size: byteCount('Size of the file in bytes.'),
      virtualSize: byteCount('Size of the disk inside in bytes.'),
      realSize: byteCount('Bytes taken on a disk.'),
    }),
  }),
}

const manager: KindDefinition = {
  group, versions, status, kind: 'BackingImageManager', plural: 'backingimagemanagers', shortNames: ['lhbim'],
  columns: [
    column('State', 'string', '.status.currentState'),
    column('Image', 'string', '.spec.image'),
    column('Node', 'string', '.spec.nodeID'),
    column('DiskUUID', 'string', '.spec.diskUUID'),
    column('DiskPath', 'string', '.spec.diskPath'),
    age(),
  ],
  schema: object('The process that keeps the copies on one disk.', {
    spec: shape('Its disk and what should be there.', {
      ...texts({ image: 'Container image.', nodeID: 'Node.', diskUUID: 'Disk.', diskPath: 'Path of the disk.' }),
      backingImages: textMap('Backing images wanted here: name and identity of the content.'),
    }),
    status: shape('What is there.', {
      ...owner,
      ...texts({ currentState: 'State of the process.', ip: 'Address of its pod.', storageIP: 'Address in the storage network.' }),
      ...integers({ apiVersion: 'Version of its interface.', apiMinVersion: 'Oldest version that it speaks.' }),
      backingImageFileMap: mapOf(shape('', {
        ...texts({ name: 'Backing image.', uuid: 'Identity of the content.', state: 'State of the copy.', message: 'Why it is in that state.', currentChecksum: 'SHA-512 of the copy.', senderManagerAddress: 'Who sends it.' }),
        ...integers({ progress: 'Percent transferred.', sendingReference: 'To how many others it is being sent.' }),
        size: byteCount('Size of the file in bytes.'), virtualSize: byteCount('Size of the disk inside in bytes.'), realSize: byteCount('Bytes taken on the disk.'),
      }), 'Copies on this disk, by name of the backing image.', nullable),
    }),
  }),
}

const dataSource: KindDefinition = {
  group, versions, status, kind: 'BackingImageDataSource', plural: 'backingimagedatasources', shortNames: ['lhbids'],
  columns: [
    column('UUID', 'string', '.spec.uuid'),
    column('State', 'string', '.status.currentState'),
    column('SourceType', 'string', '.spec.sourceType'),
    column('Size', 'string', '.status.size'),
    column('Node', 'string', '.spec.nodeID'),
    column('DiskUUID', 'string', '.spec.diskUUID'),
    age(),
  ],
  schema: object('The making of the first copy of a backing image.', {
    spec: shape('Where from and where to.', {
      ...texts({ checksum: 'SHA-512 that the file must have.', nodeID: 'Node of the first copy.', diskUUID: 'Disk of the first copy.', diskPath: 'Path of that disk.', uuid: 'Identity of the content.' }),
      fileTransferred: flag('Whether the file was handed to the manager of the disk.'),
      parameters: textMap('Parameters of the source.'),
      sourceType,
    }),
    status: shape('How far it is.', {
      ...owner,
      ...texts({ checksum: 'SHA-512 of what came.', currentState: 'State of the transfer.', ip: 'Address of its pod.', storageIP: 'Address in the storage network.', message: 'Why it is in that state.' }),
      progress: integer('Percent transferred.'),
      runningParameters: textMap('Parameters in use.', nullable),
      size: byteCount('Size of the file in bytes.'),
    }),
  }),
}

const node: KindDefinition = {
  group, versions, status, kind: 'Node', plural: 'nodes', shortNames: ['lhn'],
  columns: [
    column('Ready', 'string', '.status.conditions[?(@.type==\'Ready\')].status'),
    column('AllowScheduling', 'boolean', '.spec.allowScheduling'),
    column('Schedulable', 'string', '.status.conditions[?(@.type==\'Schedulable\')].status'),
    age(),
  ],
  schema: object('A node as storage sees it, with its disks.', {
    spec: shape('How it may be used.', {
      name: text('Name of the node.'),
      ...flags({ allowScheduling: 'Whether new replicas may be put here.', evictionRequested: 'Whether all replicas and copies are to leave.' }),
      instanceManagerCPURequest: integer('CPU of the instance manager in millicores.'),
      tags: textList('Tags of the node.'),
      disks: mapOf(shape('', {
        ...flags({ allowScheduling: 'Whether new replicas may be put here.', evictionRequested: 'Whether all replicas and copies are to leave.' }),
        diskDriver: oneOf('Driver of a block disk.', '', 'auto', 'aio', 'nvme'),
        diskType: oneOf('Directory in a file system, or a whole block device.', 'filesystem', 'block'),
        path: text('Directory or device.'),
        storageReserved: byteCount('Bytes that storage must leave free.'),
        tags: textList('Tags of the disk.'),
      }), 'Disks, by name.'),
    }),
    status: shape('What is seen.', {
      autoEvicting: flag('Whether it is being emptied by itself.'),
      conditions: lhConditions(),
      ...texts({ cpuPolicy: 'CPU policy of the kubelet.', region: 'Region.', zone: 'Zone.' }),
      diskStatus: mapOf(shape('', {
        conditions: lhConditions(),
        ...texts({ diskDriver: 'Driver in use.', diskName: 'Name.', diskPath: 'Path.', diskType: 'Type.', diskUUID: 'Identity, as backing images name the disk.', filesystemType: 'Type of the file system.', instanceManagerName: 'Instance manager of a block disk.' }),
        healthData: mapOf(open('What the drive says of itself.'), 'Health, by device.'),
        healthDataLastCollectedAt: time('When health was read.'),
        scheduledBackingImage: mapOf(byteCount(''), 'Bytes of each copy here, by backing image.', nullable),
        scheduledReplica: mapOf(byteCount(''), 'Bytes of each replica here.', nullable),
        storageAvailable: byteCount('Bytes free.'), storageMaximum: byteCount('Bytes in all.'), storageScheduled: byteCount('Bytes promised to replicas.'),
      }), 'Disks, by name.', nullable),
      snapshotCheckStatus: shape('Check of snapshots.', { lastPeriodicCheckedAt: time('When it last ran.') }),
    }),
  }),
}

const volume: KindDefinition = {
  group, versions, status, kind: 'Volume', plural: 'volumes', shortNames: ['lhv'],
  columns: [
    column('Data Engine', 'string', '.spec.dataEngine'),
    column('State', 'string', '.status.state'),
    column('Robustness', 'string', '.status.robustness'),
    column('Scheduled', 'string', '.status.conditions[?(@.type==\'Schedulable\')].status'),
    column('Size', 'string', '.spec.size'),
    column('Node', 'string', '.status.currentNodeID'),
    column('Switchover', 'string', '.status.switchoverState', { priority: 1 }),
    age(),
  ],
  schema: object('A volume.', {
    spec: shape('What it should be.', {
      ...flags({
        Standby: 'A standby for disaster recovery.', disableFrontend: 'Attach without offering a device.',
        migratable: 'Whether it can be attached to two nodes while a VM moves.', revisionCounterDisabled: 'Whether writes are not counted.',
      }),
      encrypted: flag('Whether the content is encrypted.', immutable('Encrypted')),
      accessMode: oneOf('How many nodes may use it.', 'rwo', 'rwop', 'rwx'),
      backingImage: text('Backing image below it.', immutable('BackingImage')),
      backupBlockSize: text('Block size of backups.', { enum: ['2097152', '16777216'], format: 'int64' }),
      backupCompressionMethod: oneOf('Compression of backups.', 'none', 'lz4', 'gzip'),
      cloneMode: oneOf('How a clone is made.', '', 'full-copy', 'linked-clone'),
      dataEngine: dataEngine(),
      dataLayout: shape('How data is spread over replicas.', {
        mode: oneOf('Mirrored or erasure coded.', 'raid1', 'erasureCoding', ''),
        type: oneOf('Replicated or sharded.', 'replicated', 'sharded', ''),
        dataChunks: integer('Data chunks.', { minimum: 0 }), parityChunks: integer('Parity chunks.', { minimum: 0 }), stripSizeKB: integer('Strip size.', { minimum: 0 }),
      }, immutable('DataLayout')),
      dataLocality: oneOf('Whether a replica should be where the volume is used.', 'disabled', 'best-effort', 'strict-local'),
      frontend,
      freezeFilesystemForSnapshot: inherited('Freeze the file system for snapshots.', 'enabled', 'disabled'),
      offlineRebuilding: inherited('Rebuild replicas while detached.', 'disabled', 'enabled'),
      replicaAutoBalance: inherited('Spread replicas again by itself.', 'disabled', 'least-effort', 'best-effort'),
      replicaSoftAntiAffinity: inherited('Allow two replicas on one node.', 'enabled', 'disabled'),
      replicaDiskSoftAntiAffinity: inherited('Allow two replicas on one disk.', 'enabled', 'disabled'),
      replicaZoneSoftAntiAffinity: inherited('Allow two replicas in one zone.', 'enabled', 'disabled'),
      restoreVolumeRecurringJob: inherited('Restore recurring jobs with the volume.', 'enabled', 'disabled'),
      snapshotDataIntegrity: inherited('Check snapshots for damage.', 'disabled', 'enabled', 'fast-check'),
      unmapMarkSnapChainRemoved: inherited('Give back space of trimmed snapshots.', 'disabled', 'enabled'),
      numberOfReplicas: integer('How many replicas there should be.'),
      rebuildConcurrentSyncLimit: integer('Files sent at once while rebuilding.', { minimum: 0, maximum: 5 }),
      replicaRebuildingBandwidthLimit: integer('Limit of rebuilding in MB/s.', { format: 'int64', minimum: 0 }),
      ...integers({ snapshotMaxCount: 'Most snapshots.', staleReplicaTimeout: 'Minutes after which a failed replica is given up.', ublkNumberOfQueue: 'Queues of ublk.', ublkQueueDepth: 'Depth of a queue of ublk.' }),
      size: size('Size in bytes.'),
      snapshotMaxSize: size('Most bytes of all snapshots.'),
      ...texts({
        backupTargetName: 'Where backups go.', dataSource: 'What it is filled from.', engineNodeID: 'Node of the engine.', fromBackup: 'Backup that it is restored from.', image: 'Image of the engine.',
        lastAttachedBy: 'Who attached it last.', migrationNodeID: 'Node that it moves to.', nodeID: 'Node that it is to be attached to.', snapshotHashingRequestedAt: 'When hashing of snapshots was asked for.',
      }),
      diskSelector: textList('Tags that a disk must have.'),
      nodeSelector: textList('Tags that a node must have.'),
    }),
    status: shape('What it is.', {
      ...owner,
      ...texts({
        state: 'creating, attached, detached, attaching, detaching or deleting.', robustness: 'healthy, degraded, faulted or unknown.', currentNodeID: 'Node that it is attached to.',
        currentEngineNodeID: 'Node of the engine.', currentImage: 'Image of the engine.', currentMigrationNodeID: 'Node that it moves to.', lastAutoSalvagedAt: 'When it was last salvaged.',
        lastBackup: 'Newest backup.', lastBackupAt: 'When that was taken.', lastDegradedAt: 'When it last lost a replica.', lastOnDemandSnapshotHashingCompleteAt: 'When snapshots were last hashed.',
        remountRequestedAt: 'When a remount was asked for.', shareEndpoint: 'Address of the share.', shareState: 'State of the share.', switchoverState: 'State of a switchover.',
      }),
      ...flags({ expansionRequired: 'Whether it is to grow.', frontendDisabled: 'Whether no device is offered.', isStandby: 'Whether it is a standby.', restoreInitiated: 'Whether restoring began.', restoreRequired: 'Whether it must be restored.' }),
      actualSize: byteCount('Bytes taken by one replica.'),
      conditions: lhConditions(),
      cloneStatus: shape('How cloning goes.', { attemptCount: integer('Attempts.'), ...texts({ nextAllowedAttemptAt: 'When to try again.', snapshot: 'Snapshot that is cloned.', sourceVolume: 'Volume that is cloned.', state: 'State.' }) }),
      kubernetesStatus: shape('What Kubernetes makes of it.', {
        ...texts({ lastPVCRefAt: 'When a claim was last seen.', lastPodRefAt: 'When a pod was last seen.', namespace: 'Namespace of the claim.', pvName: 'Persistent volume.', pvStatus: 'Its phase.', pvcName: 'Claim.' }),
        workloadsStatus: listOf(shape('', texts({ podName: 'Pod.', podStatus: 'Its phase.', workloadName: 'What it belongs to.', workloadType: 'Kind of that.' })), 'Pods that use it.', nullable),
      }),
    }),
  }),
}

const instance = {
  ...texts({ currentImage: 'Image in use.', currentState: 'State of the process.', instanceManagerName: 'Instance manager.', ip: 'Address.', storageIP: 'Address in the storage network.', uuid: 'Identity of the process.' }),
  ...integers({ port: 'Port.' }),
  ublkID: integer('Number of the ublk device.', { format: 'int32' }),
  ...flags({ logFetched: 'Whether its log was read.', salvageExecuted: 'Whether salvage was done.', started: 'Whether it has started.', starting: 'Whether it is starting.' }),
  conditions: lhConditions(),
  ...owner,
}
const instanceSpec = {
  ...texts({ image: 'Image to use.', nodeID: 'Node.', volumeName: 'Volume.', desireState: 'State that it should have.' }),
  ...flags({ active: 'Whether this one counts.', logRequested: 'Whether its log is wanted.', revisionCounterDisabled: 'Whether writes are not counted.', salvageRequested: 'Whether salvage is wanted.' }),
  dataEngine: dataEngine(),
  snapshotMaxCount: integer('Most snapshots.'),
  snapshotMaxSize: size('Most bytes of all snapshots.'),
  volumeSize: size('Size of the volume in bytes.'),
}

const instanceColumns = (...middle: ReturnType<typeof column>[]) => [
  column('Data Engine', 'string', '.spec.dataEngine'),
  column('State', 'string', '.status.currentState'),
  column('Node', 'string', '.spec.nodeID'),
  ...middle,
  column('InstanceManager', 'string', '.status.instanceManagerName'),
  column('Image', 'string', '.status.currentImage'),
  age(),
]

const engine: KindDefinition = {
  group, versions, status, kind: 'Engine', plural: 'engines', shortNames: ['lhe'],
  columns: instanceColumns(),
  schema: object('The process through which a volume is read and written.', {
    spec: shape('What it should do.', {
      ...instanceSpec,
      frontend,
      ...texts({ backupVolume: 'Volume in the backup store.', requestedBackupRestore: 'Backup to restore.', requestedDataSource: 'Source to clone.' }),
      ...flags({ disableFrontend: 'Offer no device.', unmapMarkSnapChainRemovedEnabled: 'Give back space of trimmed snapshots.' }),
      ...integers({ ublkNumberOfQueue: 'Queues of ublk.', ublkQueueDepth: 'Depth of a queue of ublk.' }),
      rebuildConcurrentSyncLimit: integer('Files sent at once while rebuilding.', { minimum: 0, maximum: 5 }),
      replicaAddressMap: textMap('Addresses of the replicas.'),
      upgradedReplicaAddressMap: textMap('Addresses of the replicas after an upgrade.'),
    }),
    status: shape('What it does.', {
      ...instance,
      ...texts({ endpoint: 'Device.', lastExpansionError: 'Why growing failed.', lastExpansionFailedAt: 'When growing failed.', lastRestoredBackup: 'Backup that was restored.', snapshotsError: 'Why snapshots could not be read.' }),
      ...flags({ isExpanding: 'Whether it is growing.', unmapMarkSnapChainRemovedEnabled: 'Whether space of trimmed snapshots is given back.' }),
      currentSize: size('Size in bytes.'),
      snapshotMaxCount: integer('Most snapshots.'),
      snapshotMaxSize: size('Most bytes of all snapshots.'),
      rebuildConcurrentSyncLimit: integer('Files sent at once while rebuilding.', { minimum: 0 }),
      currentReplicaAddressMap: textMap('Addresses of the replicas in use.', nullable),
      replicaModeMap: textMap('Mode of each replica: RW, WO or ERR.', nullable),
      replicaTransitionTimeMap: textMap('When the mode of each replica changed.'),
      backupStatus: mapOf(open(''), 'Backups under way.', nullable),
      cloneStatus: mapOf(open(''), 'Clones under way.', nullable),
      purgeStatus: mapOf(open(''), 'Purges under way.', nullable),
      rebuildStatus: mapOf(open(''), 'Rebuilds under way.', nullable),
      restoreStatus: mapOf(open(''), 'Restores under way.', nullable),
      snapshots: mapOf(open(''), 'Snapshots, by name.', nullable),
    }),
  }),
}

const replica: KindDefinition = {
  group, versions, status, kind: 'Replica', plural: 'replicas', shortNames: ['lhr'],
  columns: instanceColumns(column('Disk', 'string', '.spec.diskID')),
  schema: object('One copy of the data of a volume, on one disk.', {
    spec: shape('Where it is and what it should do.', {
      ...instanceSpec,
      ...texts({
        backingImage: 'Backing image below it.', dataDirectoryName: 'Directory on the disk.', diskID: 'Disk, by UUID.', diskPath: 'Path of the disk.', engineName: 'Engine that uses it.',
        failedAt: 'When it failed; empty while it is good.', hardNodeAffinity: 'Node that it must be on.', healthyAt: 'When it became good; empty while it never was.', lastFailedAt: 'When it last failed.',
        lastHealthyAt: 'When it was last good.', linkedCloneSrcReplicaName: 'Replica that a linked clone reads.', migrationEngineName: 'Engine on the other node while a VM moves.',
      }),
      ...flags({ evictionRequested: 'Whether it is to leave its disk.', unmapMarkDiskChainRemovedEnabled: 'Give back space of trimmed snapshots.' }),
      rebuildRetryCount: integer('How often rebuilding was tried.'),
    }),
    status: shape('What it does.', instance),
  }),
}

const setting: KindDefinition = {
  group, versions, status, kind: 'Setting', plural: 'settings', shortNames: ['lhs'],
  columns: [column('Value', 'string', '.value'), column('Applied', 'boolean', '.status.applied'), age()],
  schema: object('One setting of Longhorn.', {
    'value!': text('Value.'),
    'status': shape('Whether it is in force.', { 'applied!': flag('Whether it is in force.') }),
  }),
}

const attachment: KindDefinition = {
  group, versions, status, kind: 'VolumeAttachment', plural: 'volumeattachments', shortNames: ['lhva'],
  columns: [age()],
  schema: object('Who wants a volume attached where.', {
    spec: shape('The wishes.', {
      'volume!': text('Volume.'),
      'attachmentTickets': mapOf(shape('', {
        ...texts({ id: 'Name of the ticket.', nodeID: 'Node.', type: 'Who asks.' }),
        generation: integer('Version of the wish.', { format: 'int64' }),
        parameters: textMap('Parameters.'),
      }), 'Tickets, by name.'),
    }),
    status: shape('What became of them.', {
      attachmentTicketStatuses: mapOf(shape('', {
        'id': text('Name of the ticket.'),
        'generation': integer('Version of the wish that was seen.', { format: 'int64' }),
        'satisfied!': flag('Whether it is attached as wished.'),
        'conditions!': lhConditions(),
      }), 'Tickets, by name.'),
    }),
  }),
}

const snapshot: KindDefinition = {
  group, versions, status, kind: 'Snapshot', plural: 'snapshots', shortNames: ['lhsnap'],
  columns: [
    column('Volume', 'string', '.spec.volume'),
    column('CreationTime', 'string', '.status.creationTime'),
    column('ReadyToUse', 'boolean', '.status.readyToUse'),
    column('RestoreSize', 'string', '.status.restoreSize'),
    column('Size', 'string', '.status.size'),
    age(),
  ],
  schema: object('A state of a volume that was kept.', {
    spec: shape('Of which volume.', { 'volume!': text('Volume.'), 'createSnapshot': flag('Whether it is to be taken.'), 'labels': textMap('Labels.', nullable) }),
    status: shape('What it is.', {
      ...owner,
      ...texts({ checksum: 'Hash of the content.', checksumCalculatedAt: 'When it was hashed.', creationTime: 'When it was taken.', error: 'Why it failed.', parent: 'Snapshot before it.', requestedTime: 'When it was asked for.' }),
      ...flags({ markRemoved: 'Whether it is to be purged.', readyToUse: 'Whether it can be used.', userCreated: 'Whether a person asked for it.' }),
      children: mapOf(flag(''), 'Snapshots after it.', nullable),
      labels: textMap('Labels.', nullable),
      restoreSize: byteCount('Size of a volume made from it in bytes.'),
      size: byteCount('Bytes taken.'),
    }),
  }),
}

const backupImage: KindDefinition = {
  group, versions, status, kind: 'BackupBackingImage', plural: 'backupbackingimages', shortNames: ['lhbbi'],
  columns: [
    column('BackingImage', 'string', '.status.backingImage'),
    column('Size', 'string', '.status.size'),
    column('BackupCreatedAt', 'string', '.status.backupCreatedAt'),
    column('State', 'string', '.status.state'),
    column('LastSyncedAt', 'string', '.status.lastSyncedAt'),
  ],
  schema: object('A backing image in the backup store.', {
    spec: shape('Which one and where.', {
      'backingImage!': text('Backing image.'),
      'userCreated!': flag('Whether a person asked for it.'),
      'backupTargetName': text('Where it goes.', nullable),
      'labels': textMap('Labels.'),
      'syncRequestedAt': time('When reading it again was asked for.', nullable),
    }),
    status: shape('How it is.', {
      ...owner,
      ...texts({
        backingImage: 'Backing image.', backupCreatedAt: 'When it was made.', checksum: 'SHA-512 of the file.', compressionMethod: 'Compression.', error: 'Why it failed.',
        managerAddress: 'Who makes it.', secret: 'Secret of an encrypted image.', secretNamespace: 'Namespace of that secret.', state: 'State.', url: 'Address.',
      }),
      labels: textMap('Labels.', nullable),
      messages: textMap('What was said.', nullable),
      lastSyncedAt: time('When it was last read.', nullable),
      progress: integer('Percent done.'),
      size: byteCount('Size in bytes.'),
    }),
  }),
}

const backupTarget: KindDefinition = {
  group, versions, status, kind: 'BackupTarget', plural: 'backuptargets', shortNames: ['lhbt'],
  columns: [
    column('URL', 'string', '.spec.backupTargetURL'),
    column('Credential', 'string', '.spec.credentialSecret'),
    column('LastBackupAt', 'string', '.spec.pollInterval'),
    column('Available', 'boolean', '.status.available'),
    column('LastSyncedAt', 'string', '.status.lastSyncedAt'),
  ],
  schema: object('A store for backups.', {
    spec: shape('Where it is.', {
      ...texts({ backupTargetURL: 'Address.', credentialSecret: 'Secret with the credentials.', pollInterval: 'How often it is read.' }),
      syncRequestedAt: time('When reading it again was asked for.', nullable),
    }),
    status: shape('Whether it answers.', { ...owner, available: flag('Whether it answers.'), conditions: lhConditions(), lastSyncedAt: time('When it was last read.', nullable) }),
  }),
}

const orphan: KindDefinition = {
  group, versions, status, kind: 'Orphan', plural: 'orphans', shortNames: ['lho'],
  columns: [column('Type', 'string', '.spec.orphanType'), column('Node', 'string', '.spec.nodeID')],
  schema: object('Data on a disk that belongs to nothing.', {
    spec: shape('What and where.', { dataEngine: dataEngine(), ...texts({ nodeID: 'Node.', orphanType: 'What it is.' }), parameters: textMap('Where on the disk.') }),
    status: shape('What is known.', { ...owner, conditions: lhConditions() }),
  }),
}

export const LONGHORN_KINDS: readonly KindDefinition[] = [
  backingImage, manager, dataSource, node, volume, engine, replica, setting, attachment, snapshot, backupImage, backupTarget, orphan,
]
