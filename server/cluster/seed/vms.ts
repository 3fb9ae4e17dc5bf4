import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { CLAIMS, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { writeIntent } from '#volumes/exportIntent.ts'
import { WITHOUT_IMAGE_ANNOTATION } from '#volumes/exportWithoutImage.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { ATTACHER_FINALIZER, attachmentName } from '../controllers/attachments.ts'
import { stamp } from '../controllers/conditions.ts'
import { GUEST_ANNOTATION } from '../controllers/guests.ts'
import { HARVESTER_VM_FINALIZER } from '../controllers/harvesterVms.ts'
import { hex, pick, uuidOf } from '../controllers/hash.ts'
import { LONGHORN_ENGINES, PERSISTENT_VOLUMES } from '../controllers/kinds.ts'
import { addressOnNetwork } from '../controllers/guests.ts'
import { podAddress } from '../controllers/kubelet.ts'
import { LAUNCHER_IMAGE, launcherOf } from '../controllers/launcher.ts'
import { ownerOf } from '../controllers/step.ts'
import { OBSERVED, VMI_FINALIZER, VM_FINALIZER, startVmi } from '../controllers/vms.ts'
import type { ImageKey } from './images.ts'
import { DAY, IMAGE_SEEDS, backingImageOf, classOf, disksOfImage, imageId, imageName, volumeOf } from './images.ts'
import { diskPath, diskUuid } from './platform.ts'
import type { Layer, Made, SeedManifest, SeedObject } from './seed.ts'

// VMs of the demonstration, with their disks down to the replicas.

const USUAL = ['node-1/disk-1', 'node-2/disk-1', 'node-3/disk-1']
const BLOCKS = ['node-1/disk-v2', 'node-2/disk-v2', 'node-3/disk-v2']

interface DiskSeed {
  readonly claim: string
  readonly size: string
  readonly image?: ImageKey
  readonly class?: string
  readonly on?: readonly string[]
  /** Already there under another VM. */
  readonly shared?: boolean
}

/** `unplaced`: its pod finds no node. `looping`: crashed, waiting for the next start. `claimless`: its claim is missing. `ended`: its guest shut down, and the VMI is kept. */
type State = 'running' | 'paused' | 'off' | 'stuck' | 'unplaced' | 'looping' | 'claimless' | 'ended'

interface VmSeed {
  readonly namespace: string
  readonly name: string
  readonly state: State
  readonly strategy: NonNullable<VirtualMachine['spec']['runStrategy']>
  readonly node?: string
  readonly os?: string
  readonly cpu?: number
  readonly memory?: string
  readonly guest?: string
  readonly network?: string
  /** What the strategy was before Halted. */
  readonly was?: RunStrategy
  readonly disks: readonly DiskSeed[]
  /** The image that an export of its first disk was to become, when the console that had shut it down was closed. */
  readonly exporting?: string
  /** The image that an export of its first disk was to become, two days ago, and did not: its guest had to be cut off. */
  readonly leftNoImage?: string
  readonly description?: string
  readonly days?: number
}

function root(name: string, image: ImageKey, size = '20Gi', on?: readonly string[]): DiskSeed {
  return { claim: `${name}-root`, size, image, ...(on ? { on } : {}) }
}
const blank = (claim: string, size: string, storageClass = 'harvester-longhorn', on: readonly string[] = USUAL): DiskSeed => ({ claim, size, class: storageClass, on })

const VM_SEEDS: readonly VmSeed[] = [
  { namespace: 'production', name: 'web-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-1', os: 'ubuntu', disks: [root('web-01', 'noble')], days: 13, description: 'Shop front end' },
  { namespace: 'production', name: 'web-02', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'ubuntu', disks: [root('web-02', 'noble')], days: 13, description: 'Shop front end' },
  { namespace: 'production', name: 'web-03', state: 'running', strategy: 'RerunOnFailure', node: 'node-3', os: 'ubuntu', disks: [root('web-03', 'noble')], days: 6, description: 'Shop front end' },
  { namespace: 'production', name: 'db-01', state: 'running', strategy: 'Always', node: 'node-1', os: 'ubuntu', cpu: 8, memory: '32Gi', network: 'production/vlan-100', disks: [root('db-01', 'jammy', '40Gi'), blank('db-01-data', '200Gi')], days: 96, description: 'Orders, primary' },
  { namespace: 'production', name: 'db-02', state: 'running', strategy: 'Always', node: 'node-3', os: 'ubuntu', cpu: 8, memory: '32Gi', network: 'production/vlan-100', disks: [root('db-02', 'jammy', '40Gi'), blank('db-02-data', '200Gi')], days: 96, description: 'Orders, standby' },
  { namespace: 'production', name: 'cache-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'debian', memory: '16Gi', disks: [root('cache-01', 'debian')], days: 40 },
  { namespace: 'production', name: 'legacy-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'linux', guest: 'deaf', disks: [root('legacy-01', 'rocky', '60Gi', USUAL)], leftNoImage: 'legacy-before-move', days: 118, description: 'Billing export; its guest does not answer ACPI' },
  { namespace: 'production', name: 'mail-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-3', os: 'linux', disks: [root('mail-01', 'rocky', '80Gi', ['node-1/disk-1', 'node-2/disk-2', 'node-3/disk-1'])], days: 117 },
  { namespace: 'production', name: 'ldap-01', state: 'running', strategy: 'Always', node: 'node-1', os: 'debian', disks: [root('ldap-01', 'debian', '10Gi')], days: 41 },
  { namespace: 'production', name: 'registry-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-3', os: 'ubuntu', disks: [root('registry-01', 'noble'), blank('registry-01-data', '500Gi', 'harvester-longhorn', [...USUAL, 'node-4/disk-1'])], days: 12, description: 'Container images; one replica on the node that is down' },
  { namespace: 'production', name: 'win-ad-01', state: 'running', strategy: 'Always', node: 'node-2', os: 'windows', cpu: 4, memory: '8Gi', network: 'production/vlan-100', disks: [blank('win-ad-01-root', '80Gi')], days: 201, description: 'Domain controller' },
  { namespace: 'production', name: 'v2-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-1', os: 'ubuntu', disks: [root('v2-01', 'nobleV2', '20Gi', BLOCKS)], days: 11, description: 'First VM on the v2 data engine' },
  { namespace: 'production', name: 'report-01', state: 'off', strategy: 'Halted', was: 'RerunOnFailure', os: 'ubuntu', disks: [root('report-01', 'jammy', '40Gi')], days: 90, description: 'Started for the quarterly reports' },

  { namespace: 'staging', name: 'build-01', state: 'running', strategy: 'Manual', node: 'node-3', os: 'ubuntu', cpu: 8, memory: '16Gi', disks: [root('build-01', 'noble', '60Gi')], days: 5 },
  { namespace: 'staging', name: 'web-01', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'ubuntu', network: 'staging/vlan-200', disks: [root('web-01', 'noble')], days: 8 },
  { namespace: 'staging', name: 'db-01', state: 'off', strategy: 'Halted', was: 'Always', os: 'ubuntu', disks: [root('db-01', 'jammy', '40Gi')], days: 60 },
  { namespace: 'staging', name: 'analytics-01', state: 'off', strategy: 'Halted', was: 'RerunOnFailure', os: 'centos', disks: [root('analytics-01', 'centos', '40Gi', ['node-1/disk-2', 'node-2/disk-1', 'node-3/disk-1'])], days: 62, description: 'Will not start: its image has no good copy' },
  { namespace: 'staging', name: 'crash-01', state: 'looping', strategy: 'RerunOnFailure', os: 'debian', guest: 'crashing', disks: [root('crash-01', 'debian')], days: 1 },
  { namespace: 'staging', name: 'import-test', state: 'claimless', strategy: 'RerunOnFailure', os: 'linux', disks: [{ claim: 'import-test-root', size: '20Gi', class: 'lh-0f3c2f6a-4f0e-4c7c-9d6b-3a1f0b7c5e21', on: [] }], days: 1, description: 'Its image was deleted before its disk was made' },
  { namespace: 'staging', name: 'train-01', state: 'unplaced', strategy: 'RerunOnFailure', os: 'ubuntu', cpu: 16, memory: '512Gi', disks: [root('train-01', 'noble', '100Gi')], days: 2 },
  { namespace: 'staging', name: 'wiki-01', state: 'off', strategy: 'Halted', was: 'RerunOnFailure', os: 'debian', disks: [root('wiki-01', 'debian')], exporting: 'wiki-before-upgrade', days: 27, description: 'Shut down for an export whose console was closed' },
  { namespace: 'staging', name: 'migrate-once', state: 'ended', strategy: 'Once', node: 'node-1', os: 'debian', disks: [root('migrate-once', 'debian')], days: 3 },

  { namespace: 'lab', name: 'paused-01', state: 'paused', strategy: 'RerunOnFailure', node: 'node-3', os: 'ubuntu', disks: [root('paused-01', 'noble')], days: 4 },
  { namespace: 'lab', name: 'shared-a', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'debian', disks: [root('shared-a', 'debian', '10Gi'), blank('shared-data', '50Gi')], days: 33, description: 'Cluster file system, first half' },
  { namespace: 'lab', name: 'shared-b', state: 'running', strategy: 'RerunOnFailure', node: 'node-2', os: 'debian', disks: [root('shared-b', 'debian', '10Gi'), { ...blank('shared-data', '50Gi'), shared: true }], days: 33, description: 'Cluster file system, second half' },
  { namespace: 'lab', name: 'jump-01', state: 'running', strategy: 'Always', node: 'node-1', os: 'debian', memory: '1Gi', disks: [root('jump-01', 'debian', '10Gi')], days: 39 },
  { namespace: 'lab', name: 'kernel-test', state: 'stuck', strategy: 'RerunOnFailure', node: 'node-3', os: 'ubuntu', guest: 'stuck', disks: [root('kernel-test', 'jammy')], days: 0 },
  { namespace: 'lab', name: 'scratch-01', state: 'off', strategy: 'RerunOnFailure', os: 'ubuntu', disks: [root('scratch-01', 'noble')], days: 10, description: 'Shut down from inside' },
  { namespace: 'lab', name: 'manual-01', state: 'off', strategy: 'Manual', os: 'debian', disks: [root('manual-01', 'debian')], days: 20 },
]

const ON: readonly State[] = ['running', 'paused', 'stuck']
const hasVmi = ({ state }: VmSeed) => [...ON, 'unplaced', 'claimless', 'ended'].includes(state)
const keyOf = ({ namespace, name }: VmSeed) => `${namespace}/${name}`

function storageClassOf(disk: DiskSeed, made: Made): string {
  return disk.image ? classOf(disk.image, made) : disk.class ?? ''
}

function isV2(disk: DiskSeed): boolean {
  return disk.class === 'longhorn-v2' || (disk.image !== undefined && 'cdi' in IMAGE_SEEDS[disk.image])
}

/** What Harvester's webhook writes on a VM that is on a network, of which it sees none yet when these are made. */
const ON_MGMT = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'network.harvesterhci.io/mgmt', operator: 'In', values: ['true'] }] }] } } }

function vmOf(seed: VmSeed, made: Made, now: number): SeedObject {
  const { namespace, name, strategy, cpu = 2, memory = '4Gi', os = 'linux', guest, network } = seed
  const templates = seed.disks.filter(disk => !disk.shared).map(disk => ({
    metadata: { name: disk.claim, ...(disk.image ? { annotations: { 'harvesterhci.io/imageId': imageId(disk.image) } } : seed.state === 'claimless' ? { annotations: { 'harvesterhci.io/imageId': `${namespace}/image-gone4` } } : {}) },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: disk.size } }, volumeMode: 'Block', storageClassName: storageClassOf(disk, made) },
  }))
  const nic = network ? { name: 'nic-1', model: 'virtio', bridge: {}, macAddress: macOf(seed) } : { name: 'default', model: 'virtio', masquerade: {}, macAddress: macOf(seed) }
  const spec = {
    evictionStrategy: 'LiveMigrateIfPossible', hostname: name, terminationGracePeriodSeconds: 120,
    ...(network ? { affinity: ON_MGMT } : {}),
    networks: [network ? { name: 'nic-1', multus: { networkName: network } } : { name: 'default', pod: {} }],
    domain: {
      machine: { type: 'q35' }, cpu: { cores: cpu, sockets: 1, threads: 1 }, resources: { limits: { cpu: String(cpu), memory } }, features: { acpi: { enabled: true } },
      devices: {
        inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }], interfaces: [nic],
        disks: [...seed.disks.map((disk, index) => ({ name: `disk-${index}`, bootOrder: index + 1, disk: { bus: 'virtio' }, ...(disk.claim === 'shared-data' ? { shareable: true } : {}) })), { name: 'cloudinitdisk', disk: { bus: 'virtio' } }],
      },
    },
    volumes: [...seed.disks.map((disk, index) => ({ name: `disk-${index}`, persistentVolumeClaim: { claimName: disk.claim } })), { name: 'cloudinitdisk', cloudInitNoCloud: { userData: '#cloud-config\npackage_update: true\npackages:\n- qemu-guest-agent\nruncmd:\n- - systemctl\n  - enable\n  - --now\n  - qemu-guest-agent.service\n' } }],
  }
  return {
    kind: VMS,
    object: {
      metadata: {
        name, namespace, labels: { 'harvesterhci.io/creator': 'harvester', 'harvesterhci.io/os': os }, finalizers: [VM_FINALIZER, HARVESTER_VM_FINALIZER],
        annotations: {
          ...OBSERVED,
          'harvesterhci.io/volumeClaimTemplates': JSON.stringify(templates), 'harvesterhci.io/vmRunStrategy': seed.was ?? strategy, 'network.harvesterhci.io/ips': '[]',
          ...(seed.exporting ? { [EXPORT_ANNOTATION]: `${namespace}/${seed.disks[0]?.claim}` } : {}),
          ...(seed.description ? { 'field.cattle.io/description': seed.description } : {}),
        },
      },
      spec: { runStrategy: strategy, template: { metadata: { labels: { 'harvesterhci.io/vmName': name }, annotations: { 'harvesterhci.io/sshNames': '[]', ...(guest ? { [GUEST_ANNOTATION]: guest } : {}) } }, spec } },
    },
    status: vmStatus(seed, now),
  }
}

function macOf(seed: VmSeed): string {
  return `52:54:00:${[0, 1, 2].map(index => pick(`${keyOf(seed)} ${index}`, 256).toString(16).padStart(2, '0')).join(':')}`
}

function sinceOf(seed: VmSeed, now: number): string {
  return stamp(now - (seed.days ?? 1) * DAY - 2_000_000 - pick(keyOf(seed), 3_600) * 1000)
}

const PRINTABLE: Readonly<Record<State, string>> = { running: 'Running', paused: 'Paused', off: 'Stopped', stuck: 'Starting', unplaced: 'ErrorUnschedulable', looping: 'CrashLoopBackOff', claimless: 'ErrorPvcNotFound', ended: 'Stopped' }
const UNSCHEDULABLE = '0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 3 Insufficient memory. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.'

/** The VMI's conditions: of KubeVirt's controller first, then of virt-handler. */
function conditionsOf(seed: VmSeed, now: number): Condition[] {
  const since = sinceOf(seed, now)
  const at = (type: string, status: Condition['status'], reason?: string, message?: string): Condition => ({ type, status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), lastTransitionTime: since })
  const lost = `failed to render launch manifest: didn't find PVC ${seed.disks[0]?.claim}`
  const agent = seed.guest === 'deaf' ? [] : [at('AgentConnected', 'True')]
  const filled = seed.disks.some(isV2) ? [at('DataVolumesReady', 'True', 'AllDVsReady', 'All of the VMI\'s DVs are bound and ready')] : []
  const byState: Partial<Record<State, Condition[]>> = {
    running: [at('Ready', 'True'), ...filled, at('LiveMigratable', 'True'), ...agent],
    paused: [at('Ready', 'False', 'ReadinessGatesNotReady', 'corresponding condition of pod readiness gate "kubevirt.io/virtual-machine-unpaused" is not "True"'), at('LiveMigratable', 'True'), ...agent, at('Paused', 'True', 'PausedByUser', 'VMI was paused by user')],
    stuck: [at('Ready', 'False', 'GuestNotRunning', 'Guest VM is not reported as running')],
    unplaced: [at('Ready', 'False', 'GuestNotRunning', 'Guest VM is not reported as running'), at('PodScheduled', 'False', 'Unschedulable', UNSCHEDULABLE)],
    claimless: [at('Ready', 'False', 'PodNotExists', 'virt-launcher pod has not yet been scheduled'), at('Synchronized', 'False', 'FailedPvcNotFound', lost), at('PodScheduled', 'False', 'Unschedulable', lost)],
    ended: [at('Ready', 'False', 'PodTerminating', 'virt-launcher pod is terminating'), at('LiveMigratable', 'True')],
  }
  return byState[seed.state] ?? []
}

function vmStatus(seed: VmSeed, now: number): object {
  const since = sinceOf(seed, now)
  const conditions = conditionsOf(seed, now)
  const none = { type: 'Ready', status: 'False', reason: 'VMINotExists', message: 'VMI does not exist', lastTransitionTime: since }
  const generations = hasVmi(seed) ? { observedGeneration: 1, desiredGeneration: 1 } : {}
  return {
    printableStatus: PRINTABLE[seed.state], created: hasVmi(seed), ready: seed.state === 'running', runStrategy: seed.strategy, ...generations,
    conditions: hasVmi(seed) ? conditions : [none],
    ...(seed.state === 'looping' ? { stateChangeRequests: [{ action: 'Start' }], startFailure: { consecutiveFailCount: 7, lastFailedVMIUID: uuidOf(`last ${keyOf(seed)}`), retryAfterTimestamp: stamp(now + 280_000) } } : {}),
  }
}

function vmiOf(seed: VmSeed, made: Made): SeedObject {
  const { object } = startVmi(made.get(VMS, keyOf(seed)))
  const ended = seed.state === 'ended'
  const node = ON.includes(seed.state) || ended ? { 'kubevirt.io/nodeName': seed.node ?? '' } : {}
  return { kind: VMIS, object: { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...node }, ...(ended ? { finalizers: [VMI_FINALIZER] } : {}) } } as unknown as SeedManifest }
}

const PHASES: Readonly<Record<State, readonly string[]>> = { running: ['Pending', 'Scheduling', 'Scheduled', 'Running'], paused: ['Pending', 'Scheduling', 'Scheduled', 'Running'], stuck: ['Pending', 'Scheduling', 'Scheduled'], unplaced: ['Pending', 'Scheduling'], claimless: ['Pending'], ended: ['Pending', 'Scheduling', 'Scheduled', 'Running', 'Succeeded'], off: [], looping: [] }

function vmiStatus(seed: VmSeed, made: Made, now: number): SeedObject {
  const { namespace, name, node = '', state } = seed
  const vmi: VirtualMachineInstance = made.get(VMIS, keyOf(seed))
  const since = Date.parse(sinceOf(seed, now))
  const phases = PHASES[state]
  const placed = ON.includes(state) || state === 'ended'
  const ran = phases.includes('Running')
  const pod = placed ? made.get(PODS, `${namespace}/${launcherOf(vmi).object.metadata.name}`) : undefined
  const nic = seed.network ? 'nic-1' : 'default'
  const address = seed.network || !pod ? addressOnNetwork(seed, 0) : podAddress(pod)
  const volumes = (vmi.spec.volumes ?? []).map((volume, index) => {
    const disk = seed.disks[index]
    const target = ran ? `vd${String.fromCharCode(97 + index)}` : ''
    if (!disk)
      return ran ? { name: volume.name, target, size: 1_048_576 } : { name: volume.name, target }
    const storage = { storage: disk.size }
    return { name: volume.name, target, persistentVolumeClaimInfo: ran ? { claimName: disk.claim, accessModes: ['ReadWriteMany'], capacity: storage, requests: storage, volumeMode: 'Block', filesystemOverhead: '0.055' } : { claimName: disk.claim } }
  })
  return {
    kind: VMIS, at: { namespace, name },
    status: {
      phase: phases.at(-1), conditions: conditionsOf(seed, now),
      phaseTransitionTimestamps: phases.map((phase, index) => ({ phase, phaseTransitionTimestamp: stamp(phase === 'Succeeded' ? now - 20 * 3_600_000 : since - (phases.length - index) * 2_000) })),
      ...(pod ? { nodeName: node, activePods: { [pod.metadata.uid]: node }, volumeStatus: volumes } : {}),
      ...(ran ? { interfaces: [{ name: nic, ipAddress: address, ipAddresses: [address], mac: macOf(seed), infoSource: 'domain, guest-agent' }], qosClass: 'Burstable', migrationTransport: 'Unix', migrationMethod: 'LiveMigration', runtimeUser: 107, selinuxContext: 'none' } : {}),
    },
  }
}

const addresses = (hostIP: string, podIP: string) => ({ hostIP, hostIPs: [{ ip: hostIP }], podIP, podIPs: [{ ip: podIP }] })

function podOf(seed: VmSeed, made: Made, now: number): SeedObject {
  const { object } = launcherOf(made.get(VMIS, keyOf(seed)))
  const manifest = object as unknown as SeedManifest & { readonly spec: object }
  const since = sinceOf(seed, now)
  const at = (type: string, status: string, reason?: string, message?: string) => ({ type, status, ...(reason ? { reason } : {}), ...(message ? { message } : {}), lastTransitionTime: since })
  if (seed.state === 'unplaced')
    return { kind: PODS, object: manifest, status: { phase: 'Pending', conditions: [at('PodScheduled', 'False', 'Unschedulable', UNSCHEDULABLE)] } }
  const ended = seed.state === 'ended'
  const paused = seed.state === 'paused'
  const done = ended ? 'PodCompleted' : undefined
  const container = { name: 'compute', image: LAUNCHER_IMAGE, imageID: '', restartCount: 0, ready: !ended, started: !ended }
  return {
    kind: PODS, object: { ...manifest, spec: { ...manifest.spec, nodeName: seed.node } },
    status: pod => ({
      phase: ended ? 'Succeeded' : 'Running', ...addresses(`192.168.10.${10 + Number(seed.node?.at(-1) ?? 0)}`, podAddress(pod as Parameters<typeof podAddress>[0])), startTime: since, qosClass: 'Burstable',
      conditions: [
        at('PodScheduled', 'True'), at('Initialized', 'True'), at('ContainersReady', ended ? 'False' : 'True', done),
        paused ? at('kubevirt.io/virtual-machine-unpaused', 'False', 'Paused', 'the virtual machine is paused') : at('kubevirt.io/virtual-machine-unpaused', 'True', 'NotPaused', 'the virtual machine is not paused'),
        paused ? at('Ready', 'False', 'ReadinessGatesNotReady', 'corresponding condition of pod readiness gate "kubevirt.io/virtual-machine-unpaused" is not "True"') : at('Ready', ended ? 'False' : 'True', done),
      ],
      containerStatuses: [{ ...container, state: ended ? { terminated: { exitCode: 0, reason: 'Completed', finishedAt: stamp(now - 20 * 3_600_000) } } : { running: { startedAt: since } } }],
    }),
  }
}

/** A disk with the VM whose it is, or a golden claim with none. */
interface Placed { readonly namespace: string, readonly disk: DiskSeed, readonly vm?: VmSeed }

const GOLDEN: readonly Placed[] = (['nobleV2', 'flatcar'] as const).map(key => ({ namespace: IMAGE_SEEDS[key].namespace, disk: { claim: imageName(key), size: '10Gi', class: 'longhorn-v2', on: BLOCKS } }))
const DISKS: readonly Placed[] = [
  ...VM_SEEDS.filter(vm => vm.state !== 'claimless').flatMap(vm => vm.disks.filter(disk => !disk.shared).map(disk => ({ namespace: vm.namespace, disk, vm }))),
  ...GOLDEN,
  { namespace: 'production', disk: blank('old-reports', '120Gi') },
]

const replicasOf = (disk: DiskSeed): readonly string[] => disk.on ?? disksOfImage(disk.image ?? 'noble')
const nodeOf = ({ vm }: Placed): string => vm && ON.includes(vm.state) ? vm.node ?? '' : ''

/** What the console that was closed had written on the disk before it shut the VM down. */
function openExport({ namespace, name, was, node = 'node-2', exporting: displayName, disks }: VmSeed, claimName: string, now: number): Record<string, string> {
  if (!displayName || disks[0]?.claim !== claimName)
    return {}
  return { [EXPORT_ANNOTATION]: writeIntent({
    id: hex(`${namespace}/${name} export`, 8), claim: { namespace, name: claimName }, image: { namespace, displayName }, storageClass: 'harvester-longhorn',
    vms: [{ name, runStrategy: was ?? 'RerunOnFailure', wasRunning: true, node }], restart: true, requester: 'admin', startedAt: stamp(now - 25 * 60_000),
  }) }
}

/** What its volume keeps of an export that ended without an image. */
function endedExport({ namespace, name, strategy, node = '', leftNoImage: displayName, disks }: VmSeed, claimName: string, now: number): Record<string, string> {
  if (!displayName || disks[0]?.claim !== claimName)
    return {}
  const at = (seconds: number) => stamp(now - 2.2 * DAY + seconds * 1_000)
  return { [WITHOUT_IMAGE_ANNOTATION]: JSON.stringify([{
    id: hex(`${namespace}/${name} ended`, 8), image: { namespace, displayName }, storageClass: 'harvester-longhorn', vms: [{ name, runStrategy: strategy, wasRunning: true, node }], restart: true, requester: 'admin', startedAt: at(0),
    endings: { [name]: { word: 'cut-off', at: at(121) } }, calledOff: [{ code: 'cut-off-no-image', vm: `${namespace}/${name}` }], isSettled: true, settledAt: at(139),
  }]) }
}

function claim({ namespace, disk, vm }: Placed, made: Made, now: number): SeedObject {
  const volumeName = volumeOf(namespace, disk.claim)
  const source = isV2(disk) ? made.get(DATA_VOLUMES, `${namespace}/${disk.claim}`) : undefined
  return {
    kind: CLAIMS,
    object: {
      metadata: {
        name: disk.claim, namespace,
        annotations: {
          'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes',
          'volume.beta.kubernetes.io/storage-provisioner': 'driver.longhorn.io', 'volume.kubernetes.io/storage-provisioner': 'driver.longhorn.io',
          ...(vm ? { ...openExport(vm, disk.claim, now), ...endedExport(vm, disk.claim, now) } : {}),
          ...(disk.image ? { 'harvesterhci.io/imageId': imageId(disk.image) } : {}), ...(vm ? {} : source ? { 'harvesterhci.io/goldenImage': 'true' } : {}),
        },
        ...(source ? { labels: { 'app': 'containerized-data-importer', 'app.kubernetes.io/component': 'storage' }, ownerReferences: [ownerOf(DATA_VOLUMES, source)] } : {}),
      },
      spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', resources: { requests: { storage: disk.size } }, storageClassName: storageClassOf(disk, made), volumeName },
    },
  }
}

/** Told once the volume is there: Kubernetes' own binder calls a bound claim without one Lost. */
function claimStatus({ namespace, disk }: Placed): SeedObject {
  return { kind: CLAIMS, at: { namespace, name: disk.claim }, status: { phase: 'Bound', accessModes: ['ReadWriteMany'], capacity: { storage: disk.size } } }
}

function persistentVolume({ namespace, disk }: Placed, made: Made): SeedObject {
  const name = volumeOf(namespace, disk.claim)
  return {
    kind: PERSISTENT_VOLUMES,
    object: {
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': 'driver.longhorn.io' } },
      spec: {
        capacity: { storage: disk.size }, accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: storageClassOf(disk, made), persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: disk.claim, uid: made.uid(CLAIMS, `${namespace}/${disk.claim}`) },
        csi: { driver: 'driver.longhorn.io', volumeHandle: name, fsType: 'ext4' },
      },
    },
    status: { phase: 'Bound' },
  }
}

function longhornVolume(placed: Placed, made: Made, now: number): SeedObject {
  const { namespace, disk, vm } = placed
  const name = volumeOf(namespace, disk.claim)
  const node = nodeOf(placed)
  const replicas = replicasOf(disk)
  const lost = replicas.some(on => on.startsWith('node-4'))
  const users = VM_SEEDS.filter(one => ON.includes(one.state) && one.namespace === namespace && one.disks.some(other => other.claim === disk.claim))
  return {
    kind: LONGHORN_VOLUMES,
    object: {
      metadata: { name, namespace: 'longhorn-system', labels: { longhornvolume: name }, finalizers: [] },
      spec: {
        size: String(parseQuantity(disk.size)), numberOfReplicas: replicas.length, dataEngine: isV2(disk) ? 'v2' : 'v1', backingImage: disk.image && !isV2(disk) ? backingImageOf(disk.image, made) : '',
        accessMode: 'rwx', migratable: true, nodeID: node, frontend: isV2(disk) ? 'ublk' : 'blockdev', staleReplicaTimeout: 30, nodeSelector: [], diskSelector: [], encrypted: false,
      },
    },
    status: {
      state: node ? 'attached' : 'detached', robustness: node ? lost ? 'degraded' : 'healthy' : 'unknown', currentNodeID: node, ownerID: node || (replicas[0] ?? '').split('/')[0],
      conditions: [{ type: 'Scheduled', status: 'True', lastTransitionTime: stamp(now - (vm?.days ?? 30) * DAY) }],
      kubernetesStatus: {
        pvName: name, pvStatus: 'Bound', namespace, pvcName: disk.claim, lastPVCRefAt: '', lastPodRefAt: '',
        workloadsStatus: users.length > 0 ? users.map(user => ({ podName: `virt-launcher-${user.name}`, podStatus: 'Running', workloadName: user.name, workloadType: 'VirtualMachineInstance' })) : null,
      },
    },
  }
}

function engineAndReplicas(placed: Placed, made: Made, now: number): SeedObject[] {
  const { namespace, disk } = placed
  const name = volumeOf(namespace, disk.claim)
  const node = nodeOf(placed)
  const ownerReferences = [ownerOf(LONGHORN_VOLUMES, made.get(LONGHORN_VOLUMES, `longhorn-system/${name}`))]
  const backingImage = disk.image && !isV2(disk) ? backingImageOf(disk.image, made) : ''
  const common = { volumeName: name, volumeSize: String(parseQuantity(disk.size)), dataEngine: isV2(disk) ? 'v2' : 'v1', active: true, desireState: node ? 'running' : 'stopped' }
  const since = stamp(now - 12 * 3_600_000)
  return [
    { kind: LONGHORN_ENGINES, object: { metadata: { name: `${name}-e-0`, namespace: 'longhorn-system', labels: { longhornvolume: name }, ownerReferences }, spec: { ...common, nodeID: node } }, status: { currentState: node ? 'running' : 'stopped' } },
    ...replicasOf(disk).map((on): SeedObject => {
      const [nodeID = '', diskName = ''] = on.split('/')
      const lost = node !== '' && nodeID === 'node-4'
      return {
        kind: LONGHORN_REPLICAS,
        object: {
          metadata: { name: `${name}-r-${hex(`${name} ${on}`)}`, namespace: 'longhorn-system', labels: { 'longhornvolume': name, 'longhornnode': nodeID, 'longhorndiskuuid': diskUuid(nodeID, diskName), 'longhorn.io/backing-image': backingImage }, ownerReferences },
          spec: { ...common, nodeID, diskID: diskUuid(nodeID, diskName), diskPath: diskPath(nodeID, diskName), backingImage, failedAt: lost ? since : '', healthyAt: since },
        },
        status: { currentState: node && !lost ? 'running' : 'stopped' },
      }
    }),
  ]
}

function attachment(placed: Placed): SeedObject[] {
  const nodeName = nodeOf(placed)
  const name = volumeOf(placed.namespace, placed.disk.claim)
  return nodeName
    ? [{ kind: VOLUME_ATTACHMENTS, object: { metadata: { name: attachmentName(name, nodeName), finalizers: [ATTACHER_FINALIZER] }, spec: { attacher: 'driver.longhorn.io', nodeName, source: { persistentVolumeName: name } } }, status: { attached: true } }]
    : []
}

function dataVolume({ namespace, disk }: Placed, now: number): SeedObject {
  const since = stamp(now - 11 * DAY)
  const at = (type: string, status: string, reason: string, message: string) => ({ type, status, reason, message, lastTransitionTime: since })
  return {
    kind: DATA_VOLUMES,
    object: { metadata: { name: disk.claim, namespace, annotations: disk.image ? { 'harvesterhci.io/imageId': imageId(disk.image) } : {} }, spec: { source: { pvc: { namespace: 'production', name: imageName('nobleV2') } }, storage: { storageClassName: 'longhorn-v2', resources: { requests: { storage: disk.size } } } } },
    status: { phase: 'Succeeded', progress: '100.0%', restartCount: 0, claimName: disk.claim, conditions: [at('Ready', 'True', '', ''), at('Bound', 'True', 'Bound', `PVC ${disk.claim} Bound`), at('Running', 'False', 'Completed', 'Import Complete')] },
  }
}

const V1 = DISKS.filter(({ disk }) => !isV2(disk))
const V2 = DISKS.filter(({ disk }) => isV2(disk))

/** Layers, after those of the images: VMs and claims with Longhorn's volumes; VMIs, replicas and volumes; pods; what is known of the VMIs. */
export function vmLayers(now: number): readonly Layer[] {
  return [
    made => [
      ...VM_SEEDS.map(seed => vmOf(seed, made, now)),
      ...V1.map(placed => claim(placed, made, now)),
      ...V2.filter(({ vm }) => vm).map(placed => dataVolume(placed, now)),
      ...DISKS.map(placed => longhornVolume(placed, made, now)),
      ...DISKS.flatMap(attachment),
    ],
    made => [
      ...VM_SEEDS.filter(hasVmi).map(seed => vmiOf(seed, made)),
      ...V1.map(placed => persistentVolume(placed, made)),
      ...V2.map(placed => claim(placed, made, now)),
      ...DISKS.flatMap(placed => engineAndReplicas(placed, made, now)),
    ],
    made => [
      ...VM_SEEDS.filter(seed => hasVmi(seed) && seed.state !== 'claimless').map(seed => podOf(seed, made, now)),
      ...V1.map(claimStatus),
      ...V2.map(placed => persistentVolume(placed, made)),
    ],
    made => [
      ...VM_SEEDS.filter(hasVmi).map(seed => vmiStatus(seed, made, now)),
      ...V2.map(claimStatus),
    ],
  ]
}
