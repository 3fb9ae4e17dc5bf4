import type { KindDefinition } from './shapes.ts'
import {
  age, byteCount, column, conditions as conditionsWith, flag, flags, immutable, integer, integers, listOf, localReference, mapOf, object, oneOf, open, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// Names, versions, scopes, columns and required fields as in harvester/harvester deploy/charts/harvester-crd; descriptions are ours. Where there is no `status: true`, upstream has no status subresource.

const group = 'harvesterhci.io'
const versions = ['v1beta1']

const conditions = (description?: string) =>
  conditionsWith(texts({ lastTransitionTime: 'When the status last changed.', lastUpdateTime: 'When the entry was last written.' }), description)

/** A VM inside a template version or a backup: upstream copies the whole VM spec. */
const machine = (description: string) => open(description, { metadata: open('Metadata of the VM.'), spec: open('Spec of the VM.') })
const claim = (description: string) => shape(description, { metadata: open('Metadata of the claim.'), spec: open('Spec of the claim.') })
const failure = (description: string) => shape(description, { message: text('What went wrong.'), time: time('When it went wrong.') })
const backupTarget = shape('Where the backup was put.', texts({ bucketName: 'Bucket.', bucketRegion: 'Region of the bucket.', endpoint: 'Address of the store.' }))

const image: KindDefinition = {
  group, versions, kind: 'VirtualMachineImage', plural: 'virtualmachineimages', shortNames: ['vmimage', 'vmimages'],
  columns: [
    column('BACKEND', 'string', '.spec.backend'),
    column('DISPLAY-NAME', 'string', '.spec.displayName'),
    column('SIZE', 'integer', '.status.size'),
    column('VIRTUALSIZE', 'integer', '.status.virtualSize'),
    age('AGE'),
  ],
  schema: object('A disk image from which VM volumes are made.', {
    'spec!': shape('Where the image comes from and where it is kept.', {
      'backend': text('What keeps the image: a Longhorn backing image, or a volume filled by CDI.', { enum: ['backingimage', 'cdi'], default: 'backingimage' }),
      'checksum': text('SHA-512 that the downloaded file must have, in hex.'),
      'description': text('Note for people.'),
      'displayName!': text('Name shown to people, unique in the namespace.'),
      'pvcName': text('Claim that is exported, for export-from-volume.'),
      'pvcNamespace': text('Namespace of that claim.'),
      'retry': integer('How often a failed import is tried again.', { default: 3, minimum: 0, maximum: 10 }),
      'securityParameters': shape('Encryption of an image, or decryption of an encrypted one.', {
        'cryptoOperation!': oneOf('What to do with the source image.', 'encrypt', 'decrypt'),
        'sourceImageName!': text('Name of the source image.'),
        'sourceImageNamespace!': text('Namespace of the source image.'),
      }),
      'sourceType!': oneOf('How the content gets here.', 'download', 'upload', 'export-from-volume', 'restore', 'clone'),
      'storageClassParameters': textMap('Parameters of the storage class made for the image.'),
      'targetStorageClassName': text('Storage class of the volume that keeps the image, for CDI.'),
      'url': text('Address that is downloaded, for download.'),
    }),
    'status': shape('How the import went.', {
      ...texts({
        appliedUrl: 'The URL that was last imported.', lastFailedTime: 'When the import last failed.',
        storageClassName: 'Storage class for volumes made from the image.', targetStorageClassName: 'Storage class that was used to keep the image.',
      }),
      backupTarget,
      conditions: conditions('Initialized, Imported, RetryLimitExceeded and others.'),
      failed: integer('How often the import has failed.', { default: 0, minimum: 0 }),
      progress: integer('Percent imported.'),
      size: byteCount('Size of the file in bytes.'),
      virtualSize: byteCount('Size of the disk inside in bytes.'),
    }),
  }),
}
const template: KindDefinition = {
  group, versions, kind: 'VirtualMachineTemplate', plural: 'virtualmachinetemplates', shortNames: ['vmtemplate', 'vmtemplates'], status: true,
  columns: [
    column('VERSION_ID', 'string', '.spec.defaultVersionId'),
    column('DESCRIPTION', 'string', '.spec.description', { priority: 10 }),
    column('VERSION_DEFAULT', 'integer', '.status.defaultVersion', { priority: 8 }),
    column('VERSION_LATEST', 'integer', '.status.latestVersion', { priority: 8 }),
    age('AGE'),
  ],
  schema: object('A name under which versions of a VM template are kept.', {
    spec: shape('Which version counts.', texts({ defaultVersionId: 'Version used when none is named, as namespace/name.', description: 'Note for people.' })),
    status: shape('Numbers of the versions.', integers({ defaultVersion: 'Number of the default version.', latestVersion: 'Number of the newest version.' })),
  }),
}

const templateVersion: KindDefinition = {
  group, versions, kind: 'VirtualMachineTemplateVersion', plural: 'virtualmachinetemplateversions', shortNames: ['vmtemplateversion', 'vmtemplateversions'],
  columns: [
    column('TEMPLATE_ID', 'string', '.spec.templatedId'),
    column('DESCRIPTION', 'string', '.spec.description', { priority: 10 }),
    column('VERSION', 'integer', '.status.version'),
    age('AGE'),
  ],
  schema: object('One version of a VM template.', {
    'spec!': shape('The VM that is made from it.', {
      'description': text('Note for people.'),
      'imageId': text('Image of the boot disk, as namespace/name.'),
      'keyPairIds': textList('SSH keys, as namespace/name.'),
      'templateId!': text('The template that it belongs to, as namespace/name.'),
      'vm': machine('The VM to be.'),
    }),
    'status': shape('Its number.', { conditions: conditions(), version: integer('Number of the version.') }),
  }),
}

const keyPair: KindDefinition = {
  group, versions, kind: 'KeyPair', plural: 'keypairs', shortNames: ['kp', 'kps'],
  columns: [column('FINGER_PRINT', 'string', '.status.fingerPrint'), age('AGE')],
  schema: object('An SSH public key that can be put into VMs.', {
    'spec!': shape('The key.', { 'publicKey!': text('Public key in OpenSSH format.') }),
    'status': shape('What was made of it.', { conditions: conditions(), fingerPrint: text('Fingerprint of the key.') }),
  }),
}

const setting: KindDefinition = {
  group, versions, kind: 'Setting', plural: 'settings', cluster: true,
  columns: [column('VALUE', 'string', '.value')],
  schema: object('One setting of the cluster.', {
    ...texts({ value: 'Value in force; empty means the default.', default: 'Value when none is set.', source: 'Where the value comes from.' }),
    customized: flag('Whether the value was changed.'),
    status: shape('Whether the value was taken up.', { conditions: conditions() }),
  }),
}

const volumeBackup = shape('Backup of one volume.', {
  ...texts({ name: 'Name of the volume snapshot.', longhornBackupName: 'Backup in Longhorn.' }),
  'volumeName!': text('Name of the volume in the VM.'),
  'csiDriverName!': text('Driver of the volume.', { default: 'driver.longhorn.io' }),
  'persistentVolumeClaim!': claim('The claim as it was.'),
  'creationTime': time('When the snapshot was taken.'),
  'error': failure('Why it failed.'),
  'progress': integer('Percent done.'),
  'readyToUse': flag('Whether it can be restored.'),
  'volumeSize': byteCount('Size of the volume in bytes.'),
})

const backup: KindDefinition = {
  group, versions, kind: 'VirtualMachineBackup', plural: 'virtualmachinebackups', shortNames: ['vmbackup', 'vmbackups'],
  columns: [
    column('SOURCE_KIND', 'string', '.spec.source.kind'),
    column('SOURCE_NAME', 'string', '.spec.source.name'),
    column('TYPE', 'string', '.spec.type'),
    column('READY_TO_USE', 'boolean', '.status.readyToUse'),
    age('AGE'),
    column('ERROR', 'string', '.status.error.message'),
  ],
  schema: object('A backup or a snapshot of a VM with its volumes.', {
    'spec!': shape('What is backed up.', {
      'fsFreezeDeadline': text('How long the file systems may be frozen.'),
      'source!': localReference('The VM.'),
      'type': text('A backup leaves the cluster, a snapshot stays.', {
        enum: ['backup', 'snapshot'], default: 'backup', ...immutable('spec.type'),
      }),
    }),
    'status': shape('How it went.', {
      backupTarget,
      conditions: conditions(),
      creationTime: time('When it was taken.'),
      csiDriverVolumeSnapshotClassNames: textMap('Snapshot class used for each driver.'),
      error: failure('Why it failed.'),
      progress: integer('Percent done.'),
      readyToUse: flag('Whether it can be restored.'),
      secretBackups: listOf(shape('', { 'name!': text('Name of the secret.'), 'data': mapOf(text('', { format: 'byte' }), 'Its data.') }), 'Secrets of the VM.'),
      source: machine('The VM as it was.'),
      sourceUID: text('Identity of the VM.'),
      volumeBackups: listOf(volumeBackup, 'Its volumes.'),
    }),
  }),
}

const restore: KindDefinition = {
  group, versions, kind: 'VirtualMachineRestore', plural: 'virtualmachinerestores', shortNames: ['vmrestore', 'vmrestores'],
  columns: [
    column('TARGET_KIND', 'string', '.spec.target.kind'),
    column('TARGET_NAME', 'string', '.spec.target.name'),
    column('COMPLETE', 'boolean', '.status.complete'),
    age('AGE'),
    column('ERROR', 'date', '.status.error.message'),
  ],
  schema: object('A VM made again from a backup or snapshot.', {
    'spec!': shape('What is restored where.', {
      'target!': localReference('The VM to write.'),
      'virtualMachineBackupName!': text('The backup.'),
      'virtualMachineBackupNamespace!': text('Namespace of the backup.'),
      'deletionPolicy': text('What becomes of the volumes that the VM had: delete or retain.'),
      ...flags({ haltAfterRestore: 'Leave the VM stopped.', keepMacAddress: 'Keep the hardware addresses.', newVM: 'Make another VM instead of replacing.' }),
    }),
    'status': shape('How it went.', {
      complete: flag('Whether it is done.'),
      conditions: conditions(),
      deletedVolumes: textList('Claims that were removed.'),
      progress: integer('Percent done.'),
      restoreTime: time('When it was done.'),
      restores: listOf(shape('', {
        ...texts({ longhornEngineName: 'Engine that restores.', volumeBackupName: 'Backup of the volume.', volumeName: 'Name of the volume in the VM.' }),
        persistentVolumeClaimSpec: claim('The claim made for it.'),
        progress: integer('Percent done.'),
        volumeSize: byteCount('Size of the volume in bytes.'),
      }), 'Its volumes.'),
      targetUID: text('Identity of the VM.'),
    }),
  }),
}

export const HARVESTER_KINDS: readonly KindDefinition[] = [image, template, templateVersion, keyPair, setting, backup, restore]
