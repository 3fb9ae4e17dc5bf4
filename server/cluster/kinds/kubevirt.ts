import type { Schema } from '../kind.ts'
import type { KindDefinition } from './shapes.ts'
import {
  age, byteCount, column, conditions, flag, flags, integer, labelSelector, listOf, object, oneOf, open, quantity, resources, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// Names, versions, columns and field names as in kubevirt/kubevirt pkg/virt-operator/resource/generate/components (1.8); descriptions
// are ours. The stages of a VM that the console writes are named in full; what lies deeper is kept as it came.

const group = 'kubevirt.io'
const versions = ['v1', 'v1alpha3']
const categories = ['all']
const int32 = { format: 'int32' }
const nullable = { nullable: true }

const kvConditions = conditions({ lastProbeTime: time('When it was last looked at.', nullable), lastTransitionTime: time('When the status last changed.', nullable) })

const phases = listOf(shape('', {
  phase: text('Phase.'),
  phaseTransitionTimestamp: time('When it was entered.', nullable),
}), 'When each phase was entered.')

const cpu = open('Virtual processors.', {
  cores: integer('Cores a socket.', int32), sockets: integer('Sockets.', int32), threads: integer('Threads a core.', int32), maxSockets: integer('Most sockets by hot-plug.', int32),
  model: text('Model shown to the guest.'),
  dedicatedCpuPlacement: flag('Pin processors.'), isolateEmulatorThread: flag('A processor of its own for the emulator.'),
})

const bus = { bus: text('Bus: virtio, sata, scsi or usb.'), readonly: flag('For reading only.') }
const disk = open('', {
  'name!': text('Name of the volume it shows.'),
  'bootOrder': integer('Place in the boot order, from 1.'),
  'serial': text('Serial number shown to the guest.'),
  'cache': text('Caching: none, writethrough or writeback.'),
  'shareable': flag('Whether other VMs may use it at the same time.'),
  'disk': open('As a disk.', bus),
  'cdrom': open('As a CD-ROM.', bus),
  'lun': open('As a SCSI LUN.', bus),
})

const nic = open('', {
  'name!': text('Name of the network it is in.'),
  'model': text('Model shown to the guest: virtio, e1000 and others.'),
  'macAddress': text('Hardware address.'),
  'bootOrder': integer('Place in the boot order, from 1.'),
  'state': text('up, down or absent.'),
  'masquerade': open('Behind the address of the pod.'),
  'bridge': open('On the network itself.'),
  'sriov': open('A virtual function of a network card.'),
})

const domain: Schema = shape('The machine.', {
  'chassis': open('What the chassis says of itself.'),
  'clock': open('The clock.'),
  cpu,
  'devices!': open('Its devices.', {
    disks: listOf(disk, 'Disks, each showing a volume.'),
    interfaces: listOf(nic, 'Network cards, each in a network.'),
    inputs: listOf(open('', { 'bus': text('Bus.'), 'name!': text('Name.'), 'type!': text('Type: tablet.') }), 'Input devices.'),
    autoattachGraphicsDevice: flag('Whether there is a screen.'),
    autoattachSerialConsole: flag('Whether there is a serial console.'),
  }),
  'features': open('Features of the machine.', { acpi: open('ACPI: without it a guest cannot be asked to shut down.'), smm: open('System management mode.') }),
  'firmware': open('Firmware.', { bootloader: open('BIOS or EFI.'), uuid: text('UUID shown to the guest.'), serial: text('Serial number shown to the guest.') }),
  'ioThreads': open('Threads for input and output.'),
  'ioThreadsPolicy': text('How those threads are shared.'),
  'launchSecurity': open('Encrypted memory.'),
  'machine': open('Chipset.', { type: text('Type: q35.') }),
  'memory': open('Memory.', { guest: quantity('Memory that the guest sees.'), maxGuest: quantity('Most memory by hot-plug.'), hugepages: open('Large pages.') }),
  'rebootPolicy': oneOf('What a reboot of the guest does.', 'Reboot', 'Terminate'),
  'resources': open('What the pod asks for.', { ...resources().properties, overcommitGuestOverhead: flag('Do not count what the emulator needs.') }),
})

const named = (field: string, description: string): Record<string, Schema> => ({ [`${field}!`]: text(description) })
const cloudInit = (description: string) => open(description, {
  ...texts({ userData: 'User data.', userDataBase64: 'User data in base64.', networkData: 'Network data.', networkDataBase64: 'Network data in base64.' }),
  secretRef: shape('Secret with the user data.', texts({ name: 'Name.' })),
  networkDataSecretRef: shape('Secret with the network data.', texts({ name: 'Name.' })),
})

const volume = open('', {
  'name!': text('Name.'),
  'persistentVolumeClaim': shape('A claim.', { ...named('claimName', 'Name of the claim.'), readOnly: flag('For reading only.'), hotpluggable: flag('Whether it was added while running.') }),
  'dataVolume': shape('A DataVolume.', { ...named('name', 'Name of the DataVolume.'), hotpluggable: flag('Whether it was added while running.') }),
  'containerDisk': open('A disk inside a container image.', { ...named('image', 'Container image.'), imagePullPolicy: text('When to pull.'), imagePullSecret: text('Secret for the registry.'), path: text('Path in the image.') }),
  'cloudInitNoCloud': cloudInit('Cloud-init in NoCloud form.'),
  'cloudInitConfigDrive': cloudInit('Cloud-init in config drive form.'),
  'ephemeral': open('A claim with changes that are thrown away.'),
  'emptyDisk': open('An empty disk.'),
})

const network = open('', {
  'name!': text('Name.'),
  'pod': open('The network of pods.'),
  'multus': open('A network attachment definition.', { ...named('networkName', 'Name, or namespace/name.'), default: flag('Whether it takes the place of the pod network.') }),
})

const probe = (description: string) => shape(description, {
  ...Object.fromEntries(['exec', 'guestAgentPing', 'httpGet', 'tcpSocket'].map(way => [way, open('')])),
  ...Object.fromEntries(['failureThreshold', 'initialDelaySeconds', 'periodSeconds', 'successThreshold', 'timeoutSeconds'].map(name => [name, integer('', int32)])),
})

const vmiSpec: Schema = shape('The machine and where it may run.', {
  'accessCredentials': listOf(open(''), 'Keys and passwords put into the guest.'),
  'affinity': open('Where it likes to run.'),
  'architecture': text('Architecture of the processor.'),
  'dnsConfig': open('Name servers of the pod.'),
  'dnsPolicy': text('Where name servers come from.'),
  'domain!': domain,
  'evictionStrategy': text('What happens when its node is drained: LiveMigrate, LiveMigrateIfPossible, None or External.'),
  'hostname': text('Name of the host in the guest.'),
  'livenessProbe': probe('Stops the guest when it fails.'),
  'networks': listOf(network, 'Networks.'),
  'nodeSelector': textMap('Labels that the node must have.'),
  'priorityClassName': text('Priority of the pod.'),
  'readinessProbe': probe('Whether the guest serves.'),
  'resourceClaims': listOf(open(''), 'Devices asked for.'),
  'schedulerName': text('Scheduler of the pod.'),
  'startStrategy': text('Paused: start without running.'),
  'subdomain': text('Subdomain of the host name.'),
  'terminationGracePeriodSeconds': byteCount('Seconds that the guest has to shut down.'),
  'tolerations': listOf(open(''), 'Taints that are borne.'),
  'topologySpreadConstraints': listOf(open(''), 'How VMs are spread.'),
  'utilityVolumes': listOf(open(''), 'Volumes for tools.'),
  'volumes': listOf(volume, 'Volumes.'),
})

const matcher = (description: string) => shape(description, texts({
  kind: 'Kind.', name: 'Name.', revisionName: 'Revision.', inferFromVolume: 'Volume to take it from.', inferFromVolumeFailurePolicy: 'What to do when it cannot be taken.',
}))

const vm: KindDefinition = {
  group, versions, categories, kind: 'VirtualMachine', plural: 'virtualmachines', shortNames: ['vm', 'vms'], status: true,
  columns: [age(), column('Status', 'string', '.status.printableStatus'), column('Ready', 'string', '.status.conditions[?(@.type==\'Ready\')].status')],
  schema: object('A virtual machine: what it is and whether it should run.', {
    'spec!': shape('What it is and whether it should run.', {
      'dataVolumeTemplates': listOf(shape('', {
        ...texts({ apiVersion: 'API version.', kind: 'Kind.' }),
        'metadata': open('Metadata.', {}),
        'spec!': open('Spec of the DataVolume.'),
        'status': open('Unused.'),
      }, nullable), 'DataVolumes made with the VM.'),
      'instancetype': matcher('Instance type.'),
      'preference': matcher('Preference.'),
      'runStrategy': text('When it should run: Always, RerunOnFailure, Manual, Halted or Once.'),
      'running': flag('Older form of runStrategy: true is Always, false is Halted.'),
      'template!': shape('The instance that is run.', { metadata: { ...open('Metadata of the instance.'), nullable: true }, spec: vmiSpec }),
      'updateVolumesStrategy': text('What a change of volumes does.'),
    }),
    'status': shape('What it does.', {
      changedBlockTracking: open('Tracking of changed blocks.', {}),
      conditions: kvConditions,
      created: flag('Whether there is an instance.'),
      ready: flag('Whether the instance runs and is ready.'),
      desiredGeneration: byteCount('Generation that is wanted.'),
      observedGeneration: byteCount('Generation that was seen.'),
      instancetypeRef: open('Instance type in use.'),
      preferenceRef: open('Preference in use.'),
      memoryDumpRequest: open('A memory dump asked for.'),
      printableStatus: text('State in one word.', { default: 'Stopped' }),
      ...texts({ restoreInProgress: 'Restore under way.', snapshotInProgress: 'Snapshot under way.', runStrategy: 'Run strategy in force.' }),
      startFailure: { ...shape('Failed starts.', { consecutiveFailCount: integer('How many in a row.'), lastFailedVMIUID: text('Instance that failed last.'), retryAfterTimestamp: time('When to try again.') }), nullable: true },
      stateChangeRequests: listOf(shape('', { 'action!': text('Start or Stop.'), 'data': textMap('Options.'), 'uid': text('Instance that is meant.') }), 'Starts and stops asked for and not done.'),
      volumeRequests: listOf(open(''), 'Volumes to add or remove.'),
      volumeSnapshotStatuses: listOf(shape('', { 'name!': text('Volume.'), 'enabled!': flag('Whether it can be snapshotted.'), 'reason': text('Why not.') }), 'Which volumes can be snapshotted.'),
      volumeUpdateState: open('Volumes being replaced.'),
    }),
  }),
}

const migrationState = open('A migration between nodes.', {
  ...texts({ sourceNode: 'Node it leaves.', targetNode: 'Node it goes to.', sourcePod: 'Pod it leaves.', targetPod: 'Pod it goes to.', migrationUid: 'Identity of the migration.', mode: 'How memory is copied.', failureReason: 'Why it failed.', abortStatus: 'How far aborting is.' }),
  ...flags({ completed: 'Whether it is done.', failed: 'Whether it failed.', abortRequested: 'Whether it is to be aborted.' }),
  startTimestamp: time('When it began.', nullable),
  endTimestamp: time('When it ended.', nullable),
})

const vmi: KindDefinition = {
  group, versions, categories, kind: 'VirtualMachineInstance', plural: 'virtualmachineinstances', shortNames: ['vmi', 'vmis'],
  columns: [
    age(),
    column('Phase', 'string', '.status.phase'),
    column('IP', 'string', '.status.interfaces[0].ipAddress'),
    column('NodeName', 'string', '.status.nodeName'),
    column('Ready', 'string', '.status.conditions[?(@.type==\'Ready\')].status'),
    column('Live-Migratable', 'string', '.status.conditions[?(@.type==\'LiveMigratable\')].status', { priority: 1 }),
    column('Paused', 'string', '.status.conditions[?(@.type==\'Paused\')].status', { priority: 1 }),
  ],
  schema: object('A virtual machine while it runs.', {
    'spec!': vmiSpec,
    'status': open('What it does.', {
      ...texts({
        phase: 'Pending, Scheduling, Scheduled, Running, Succeeded, Failed or Unknown.', nodeName: 'Node that it runs on.', reason: 'Why it failed.', evacuationNodeName: 'Node that it is to leave.',
        fsFreezeStatus: 'Whether its file systems are frozen.', launcherContainerImageVersion: 'Image of its pod.', migrationMethod: 'How it can move.', migrationTransport: 'Over what it moves.',
        qosClass: 'Quality of service of its pod.', selinuxContext: 'SELinux context.', virtualMachineRevisionName: 'Revision of the VM that it was made from.',
      }),
      activePods: textMap('Its pods: identity and node.'),
      conditions: kvConditions,
      currentCPUTopology: shape('Processors in use.', { cores: integer('Cores.', int32), sockets: integer('Sockets.', int32), threads: integer('Threads.', int32) }),
      guestOSInfo: shape('What the guest agent says.', texts({ id: 'Short name.', kernelRelease: 'Kernel.', kernelVersion: 'Build of the kernel.', machine: 'Architecture.', name: 'Name.', prettyName: 'Name with version.', version: 'Version.', versionId: 'Version in short.' })),
      interfaces: listOf(open('', { ...texts({ name: 'Network.', ipAddress: 'Address.', mac: 'Hardware address.', interfaceName: 'Name in the guest.', infoSource: 'Who said so.' }), ipAddresses: textList('All addresses.') }), 'Network cards.'),
      machine: shape('Chipset.', texts({ type: 'Type.' })),
      memory: shape('Memory.', { guestAtBoot: quantity('At start.'), guestCurrent: quantity('Now.'), guestRequested: quantity('Asked for.'), memoryOverhead: quantity('Of the emulator.') }),
      migrationState,
      phaseTransitionTimestamps: phases,
      runtimeUser: byteCount('User of the emulator.'),
      volumeStatus: listOf(open('', {
        'name!': text('Volume.'),
        'target!': text('Device in the guest.'),
        ...texts({ phase: 'How far hot-plug is.', reason: 'Why.', message: 'Why, for people.' }),
        'size': byteCount('Size in bytes.'),
        'hotplugVolume': open('Pod of a hot-plugged volume.'),
        'persistentVolumeClaimInfo': open('Its claim.'),
      }), 'Volumes.'),
      VSOCKCID: integer('Number of its socket.', int32),
    }),
  }),
}

const migration: KindDefinition = {
  group, versions, categories, kind: 'VirtualMachineInstanceMigration', plural: 'virtualmachineinstancemigrations', shortNames: ['vmim', 'vmims'], status: true,
  columns: [column('Phase', 'string', '.status.phase'), column('VMI', 'string', '.spec.vmiName')],
  schema: object('The move of a running VM to another node.', {
    'spec!': shape('Which VM.', {
      addedNodeSelector: textMap('Labels that the new node must have too.'),
      ...texts({ priority: 'Priority among migrations.', vmiName: 'Instance that moves.' }),
      receive: shape('Take over from another cluster.', named('migrationID', 'Number of the migration.')),
      sendTo: shape('Hand over to another cluster.', { ...named('connectURL', 'Address.'), ...named('migrationID', 'Number of the migration.') }),
    }),
    'status': shape('How far it is.', {
      conditions: kvConditions, migrationState, phase: text('Phase.'), phaseTransitionTimestamps: phases, synchronizationAddresses: textList('Addresses of both ends.'),
    }),
  }),
}

const installation: KindDefinition = {
  group, versions, categories, kind: 'KubeVirt', plural: 'kubevirts', shortNames: ['kv', 'kvs'], status: true,
  columns: [age(), column('Phase', 'string', '.status.phase')],
  schema: object('KubeVirt itself.', {
    'spec!': open('How it is set up.', {
      configuration: open('Settings.', {
        ...texts({ evictionStrategy: 'Eviction strategy of VMs that say none.', vmRolloutStrategy: 'Whether changes reach running VMs: Stage or LiveUpdate.', cpuModel: 'Model of processors of VMs that say none.' }),
        developerConfiguration: open('Settings for developers.', { featureGates: textList('Features switched on.') }),
        autoCPULimitNamespaceLabelSelector: labelSelector('Namespaces in which VMs get a limit of processors.'),
        migrations: open('Settings of migrations.'),
        network: open('Settings of networks.'),
      }),
      ...texts({ imageTag: 'Version to install.', imageRegistry: 'Registry.', imagePullPolicy: 'When to pull.', uninstallStrategy: 'What removal does to VMs.' }),
    }),
    'status': open('How it is.', {
      conditions: kvConditions,
      ...texts({ phase: 'Deploying, Deployed, Deleting or Deleted.', defaultArchitecture: 'Architecture of VMs that say none.', observedKubeVirtVersion: 'Version that runs.', targetKubeVirtVersion: 'Version that is wanted.', operatorVersion: 'Version of the operator.' }),
      observedGeneration: byteCount('Generation that was seen.'),
    }),
  }),
}

/** Its controller is not played: nobody serves a disk here. */
const vmExport: KindDefinition = {
  group: 'export.kubevirt.io', versions: ['v1beta1', 'v1alpha1'], categories, kind: 'VirtualMachineExport', plural: 'virtualmachineexports', shortNames: ['vmexport', 'vmexports'], status: true,
  columns: [column('SourceKind', 'string', '.spec.source.kind'), column('SourceName', 'string', '.spec.source.name'), column('Phase', 'string', '.status.phase')],
  schema: object('Disks that are served for download.', {
    'spec!': shape('Which disks.', {
      'source!': shape('A claim, a VM or a snapshot of one.', { 'apiGroup': text('Group of its kind.'), 'kind!': text('Kind.'), 'name!': text('Name.') }),
      ...texts({ tokenSecretRef: 'Secret with the token for it.', ttlDuration: 'How long it is served.' }),
    }),
    'status': open('How far it is.', {
      conditions: kvConditions, ...texts({ phase: 'Pending, Ready, Terminated or Skipped.', serviceName: 'Service by which it is served.', virtualMachineName: 'VM that the disks are of.' }), ttlExpirationTime: time('When it is deleted.'),
    }),
  }),
}

export const KUBEVIRT_KINDS: readonly KindDefinition[] = [vm, vmi, migration, installation, vmExport]

/** What `subresources.kubevirt.io` serves: no kinds, actions only (kubevirt pkg/virt-api/api.go). */
export const KUBEVIRT_ACTIONS = {
  group: 'subresources.kubevirt.io',
  versions: ['v1', 'v1alpha3'],
  actions: [
    'virtualmachines/start', 'virtualmachines/stop', 'virtualmachines/restart', 'virtualmachines/migrate', 'virtualmachines/addvolume', 'virtualmachines/removevolume',
    'virtualmachineinstances/pause', 'virtualmachineinstances/unpause', 'virtualmachineinstances/softreboot', 'virtualmachineinstances/addvolume', 'virtualmachineinstances/removevolume',
  ],
} as const
