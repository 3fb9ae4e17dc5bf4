import type { KindDefinition } from './shapes.ts'
import {
  age, column, conditions, flag, immutable, integer, labelSelector, listOf, localReference, object, oneOf, open, quantity, resources, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// CDI (kubevirt/containerized-data-importer pkg/operator/resources) and volume snapshots (kubernetes-csi/external-snapshotter
// client/config/crd): names, scopes, columns and fields as there, descriptions ours.

const cdi = { group: 'cdi.kubevirt.io', versions: ['v1beta1'] }
const snapshots = { group: 'snapshot.storage.k8s.io', versions: ['v1'] }
const approved = (pull: number) => ({ 'api-approved.kubernetes.io': `https://github.com/kubernetes-csi/external-snapshotter/pull/${pull}` })

const cdiConditions = conditions({ lastHeartbeatTime: time('When it was last looked at.'), lastTransitionTime: time('When the status last changed.') })
const named = (description: string) => shape(description, { 'name!': text('Name.'), 'namespace!': text('Namespace.') })
const credentials = texts({ secretRef: 'Secret with the credentials.', certConfigMap: 'ConfigMap with the certificates to trust.' })

const claimSpec = {
  accessModes: textList('How it may be attached.'),
  dataSource: localReference('What it is filled from.'),
  dataSourceRef: shape('What it is filled from, in any namespace.', { ...localReference('').properties, 'apiGroup': text('API group.'), 'kind!': text('Kind.'), 'name!': text('Name.'), 'namespace': text('Namespace.') }),
  resources: resources('Size asked for.'),
  selector: labelSelector('Labels of the persistent volume.'),
  storageClassName: text('Storage class; empty means the default.'),
  volumeMode: text('Block or Filesystem.'),
  volumeName: text('Persistent volume to take.'),
}

const dataVolume: KindDefinition = {
  ...cdi, kind: 'DataVolume', plural: 'datavolumes', shortNames: ['dv', 'dvs'], categories: ['all'], status: true,
  columns: [column('Phase', 'string', '.status.phase'), column('Progress', 'string', '.status.progress'), column('Restarts', 'integer', '.status.restartCount'), age()],
  schema: object('A claim that is filled from somewhere.', {
    'spec!': shape('What is put where.', {
      checkpoints: listOf(shape('', { 'current!': text('Snapshot.'), 'previous!': text('Snapshot before it.') }), 'Stages of a warm import.'),
      contentType: oneOf('What comes: a disk image or an archive.', 'kubevirt', 'archive'),
      finalCheckpoint: flag('Whether the last stage is there.'),
      preallocation: flag('Take all space at once.'),
      priorityClassName: text('Priority of the pods.'),
      pvc: shape('The claim, as it is.', { ...claimSpec, volumeAttributesClassName: text('Class of attributes.') }),
      serviceAccountName: text('Account of the pods.'),
      source: shape('Where the content comes from.', {
        blank: open('Nothing: an empty disk.'),
        gcs: shape('Google storage.', { 'url!': text('Address.'), 'secretRef': text('Secret with the credentials.') }),
        http: shape('A web server.', {
          'url!': text('Address.'), ...credentials, 'checksum': text('Checksum that it must have.'),
          'extraHeaders': textList('Headers to send.'), 'secretExtraHeaders': textList('Secrets with headers to send.'), 'insecureSkipVerify': flag('Trust any certificate.'),
        }),
        imageio: shape('oVirt.', { 'url!': text('Address.'), 'diskId!': text('Disk.'), ...credentials, 'insecureSkipVerify': flag('Trust any certificate.') }),
        pvc: named('A claim, cloned.'),
        registry: shape('A container image.', { ...credentials, ...texts({ url: 'Address.', imageStream: 'Image stream.', pullMethod: 'Who pulls.' }), platform: shape('Platform.', texts({ architecture: 'Architecture.' })) }),
        s3: shape('S3.', { 'url!': text('Address.'), ...credentials }),
        snapshot: named('A volume snapshot, cloned.'),
        upload: open('What somebody uploads.'),
        vddk: shape('VMware.', { ...credentials, ...texts({ url: 'Address.', backingFile: 'Disk.', extraArgs: 'ConfigMap with arguments.', initImageURL: 'Image with the library.', thumbprint: 'Thumbprint of the server.', uuid: 'VM.' }) }),
      }),
      sourceRef: shape('Where the content comes from, by reference.', { 'kind!': text('DataSource.'), 'name!': text('Name.'), 'namespace': text('Namespace.') }),
      storage: shape('The claim, with gaps filled from the storage profile.', claimSpec),
    }),
    'status': shape('How far it is.', {
      ...texts({ claimName: 'The claim.', phase: 'Phase.', progress: 'Percent, as text.' }),
      conditions: cdiConditions,
      restartCount: integer('How often it began again.', { format: 'int32' }),
    }),
  }),
}

const claimPropertySets = listOf(shape('', {
  'accessModes!': textList('How a claim may be attached.'),
  'volumeMode!': oneOf('Block or file system.', 'Block', 'Filesystem'),
}), 'What claims of the class can be, best first.')
const profileFields = { claimPropertySets, ...texts({ cloneStrategy: 'How clones are made.', dataImportCronSourceFormat: 'How imported disks are kept.', snapshotClass: 'Snapshot class.' }) }

const storageProfile: KindDefinition = {
  ...cdi, kind: 'StorageProfile', plural: 'storageprofiles', cluster: true, status: true,
  schema: object('What claims of a storage class can be.', {
    'spec!': shape('What somebody set.', profileFields),
    'status': shape('What is in force.', { ...profileFields, conditions: cdiConditions, ...texts({ provisioner: 'Provisioner of the class.', storageClass: 'The class.' }) }),
  }),
}

const overhead = shape('Part of a file system volume that is lost to the file system.', { global: text('For all classes.', { pattern: '^(0(?:\\.\\d{1,3})?|1)$' }), storageClass: textMap('By class.') })
const importProxy = shape('Proxy for imports.', texts({ HTTPProxy: 'For http.', HTTPSProxy: 'For https.', noProxy: 'Addresses without.', trustedCAProxy: 'ConfigMap with its certificates.' }))
const pullSecrets = listOf(shape('', texts({ name: 'Secret.' })), 'Secrets for registries.')

/** It and DataSource are here for KubeVirt's own controllers, which wait for both where DataVolumes are served. */
const cdiConfig: KindDefinition = {
  ...cdi, kind: 'CDIConfig', plural: 'cdiconfigs', cluster: true,
  schema: object('Settings of CDI.', {
    'spec!': shape('What somebody set.', {
      dataVolumeTTLSeconds: integer('Seconds that a DataVolume is kept when done.', { format: 'int32' }),
      featureGates: textList('Features switched on.'),
      filesystemOverhead: overhead, imagePullSecrets: pullSecrets, importProxy,
      insecureRegistries: textList('Registries without a certificate.'),
      logVerbosity: integer('How much is logged.', { format: 'int32' }),
      podResourceRequirements: open('Resources of the pods.'),
      preallocation: flag('Take all space at once.'),
      scratchSpaceStorageClass: text('Storage class for scratch space.'),
      tlsSecurityProfile: open('Which TLS is spoken.'),
      ...texts({ uploadProxyURLOverride: 'Address for uploads.', webhookPvcRendering: 'Whether claims are filled in on creation.' }),
    }),
    'status': shape('What is in force.', {
      defaultPodResourceRequirements: open('Resources of the pods.'),
      filesystemOverhead: overhead, imagePullSecrets: pullSecrets, importProxy,
      preallocation: flag('Whether all space is taken at once.'),
      ...texts({ scratchSpaceStorageClass: 'Storage class for scratch space.', uploadProxyCA: 'Certificate of the upload address.', uploadProxyURL: 'Address for uploads.' }),
    }),
  }),
}

const sources = shape('What it points to.', { dataSource: named('Another data source.'), pvc: named('A claim.'), snapshot: named('A volume snapshot.') })

const dataSource: KindDefinition = {
  ...cdi, kind: 'DataSource', plural: 'datasources', shortNames: ['das'], categories: ['all'],
  schema: object('A name for a disk that others are cloned from.', {
    'spec!': shape('What it points to.', { 'source!': sources }),
    'status': shape('What is known.', { conditions: cdiConditions, source: sources }),
  }),
}

const failure = shape('Why it failed.', { message: text('What went wrong.'), time: time('When it went wrong.') })

const volumeSnapshot: KindDefinition = {
  ...snapshots, kind: 'VolumeSnapshot', plural: 'volumesnapshots', shortNames: ['vs'], status: true, annotations: approved(814),
  columns: [
    column('ReadyToUse', 'boolean', '.status.readyToUse'),
    column('SourcePVC', 'string', '.spec.source.persistentVolumeClaimName'),
    column('SourceSnapshotContent', 'string', '.spec.source.volumeSnapshotContentName'),
    column('RestoreSize', 'string', '.status.restoreSize'),
    column('SnapshotClass', 'string', '.spec.volumeSnapshotClassName'),
    column('SnapshotContent', 'string', '.status.boundVolumeSnapshotContentName'),
    column('CreationTime', 'date', '.status.creationTime'),
    age(),
  ],
  schema: object('A wish for a snapshot of a claim.', {
    'spec!': shape('Of what and how.', {
      'source!': shape('Of what.', {
        persistentVolumeClaimName: text('A claim.', immutable('persistentVolumeClaimName')),
        volumeSnapshotContentName: text('A snapshot that is there already.', immutable('volumeSnapshotContentName')),
      }),
      'volumeSnapshotClassName': text('Snapshot class.'),
    }),
    'status': shape('What became of it.', {
      ...texts({ boundVolumeSnapshotContentName: 'The snapshot.', volumeGroupSnapshotName: 'Group that it was taken with.' }),
      creationTime: time('When it was taken.'),
      error: failure,
      readyToUse: flag('Whether a volume can be made from it.'),
      restoreSize: quantity('Size of such a volume.'),
    }),
  }),
}

const volumeSnapshotClass: KindDefinition = {
  ...snapshots, kind: 'VolumeSnapshotClass', plural: 'volumesnapshotclasses', shortNames: ['vsclass', 'vsclasses'], cluster: true, annotations: approved(814),
  columns: [column('Driver', 'string', '.driver'), column('DeletionPolicy', 'string', '.deletionPolicy'), age()],
  schema: object('How snapshots are taken.', {
    'deletionPolicy!': oneOf('What becomes of the snapshot when its wish is deleted.', 'Delete', 'Retain'),
    'driver!': text('Driver that takes them.'),
    'parameters': textMap('Parameters of the driver.'),
  }),
}

export const STORAGE_ADDON_KINDS: readonly KindDefinition[] = [dataVolume, storageProfile, cdiConfig, dataSource, volumeSnapshot, volumeSnapshotClass]
