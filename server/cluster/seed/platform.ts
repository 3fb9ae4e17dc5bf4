import { LONGHORN_NODES } from '#health/longhorn.ts'
import { NAMESPACES, NODES, STORAGE_CLASSES } from '#kube/core.ts'
import { defineResource } from '#kube/resource.ts'
import { HARVESTER_SETTINGS, LONGHORN_SETTINGS, STORAGE_PROFILES } from '../controllers/kinds.ts'
import { uuidOf } from '../controllers/hash.ts'
import { BAD_DISKS_ANNOTATION } from '../controllers/imageManagers.ts'
import { HEARTBEAT } from '../controllers/heartbeats.ts'
import { DOWN_ANNOTATION } from '../controllers/silence.ts'
import type { Layer, SeedObject } from './seed.ts'

// The house in which the VMs of the demonstration live: four nodes and their disks, storage classes, networks, settings.

const NETWORK_ATTACHMENTS = defineResource('k8s.cni.cncf.io/v1', 'NetworkAttachmentDefinition', 'network-attachment-definitions')
const CLUSTER_NETWORKS = defineResource('network.harvesterhci.io/v1beta1', 'ClusterNetwork', 'clusternetworks', 'cluster')
const KUBEVIRTS = defineResource('kubevirt.io/v1', 'KubeVirt', 'kubevirts')

const VM_NAMESPACES = ['production', 'staging', 'lab'] as const
const SYSTEM_NAMESPACES = ['harvester-system', 'longhorn-system', 'cdi']

/** The node that does not answer. */
const DOWN_NODE = 'node-4'
/** The node whose second disk spoils files; the operator has closed it for new ones. */
const BAD_NODE = 'node-2'
const NODE_NAMES = ['node-1', 'node-2', 'node-3', DOWN_NODE]
const GIB = 2 ** 30

const READY_AT = '2026-03-02T07:41:09Z'
const DOWN_AT = '2026-06-11T02:17:45Z'

function node(name: string, index: number): SeedObject {
  const down = name === DOWN_NODE
  const capacity = { 'cpu': '32', 'memory': '131886632Ki', 'pods': '200', 'ephemeral-storage': '149527126718' }
  const fine = (type: string, reason: string, message: string) => ({ type, status: down ? 'Unknown' : 'False', reason: down ? 'NodeStatusUnknown' : reason, message: down ? 'Kubelet stopped posting node status.' : message, lastTransitionTime: down ? DOWN_AT : READY_AT })
  return {
    kind: NODES,
    object: {
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'kubevirt.io/schedulable': down ? 'false' : 'true', 'harvesterhci.io/managed': 'true', ...(index < 3 ? { 'node-role.kubernetes.io/control-plane': 'true', 'node-role.kubernetes.io/etcd': 'true' } : {}) },
        ...(down ? { annotations: { [DOWN_ANNOTATION]: DOWN_AT, [HEARTBEAT]: DOWN_AT } } : {}),
      },
      spec: {
        podCIDR: `10.52.${index}.0/24`,
        ...(down ? { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] } : {}),
      },
    },
    status: {
      addresses: [{ type: 'InternalIP', address: `192.168.10.${11 + index}` }, { type: 'Hostname', address: name }],
      capacity, allocatable: { ...capacity, memory: '129789480Ki' },
      conditions: [
        fine('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        down
          ? { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: DOWN_AT }
          : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status', lastTransitionTime: READY_AT },
      ],
      nodeInfo: {
        architecture: 'amd64', operatingSystem: 'linux', osImage: 'Harvester v1.10.0', kernelVersion: '6.4.0-150700.53.22-default', kubeletVersion: 'v1.34.2+rke2r1', kubeProxyVersion: '',
        containerRuntimeVersion: 'containerd://2.1.5-k3s1', machineID: uuidOf(`machine ${name}`).replaceAll('-', ''), systemUUID: uuidOf(`system ${name}`), bootID: uuidOf(`boot ${name}`),
      },
    },
  }
}

interface SeedDisk { readonly path: string, readonly diskType: 'filesystem' | 'block', readonly tags: readonly string[], readonly size: number, readonly evicting?: boolean, readonly closed?: boolean }

const EXTRA = '/var/lib/harvester/extra-disks/'

function disksOf(name: string): Readonly<Record<string, SeedDisk>> {
  const first: SeedDisk = { path: '/var/lib/harvester/defaultdisk', diskType: 'filesystem', tags: ['ssd'], size: 894 * GIB }
  if (name === DOWN_NODE)
    return { 'disk-1': first }
  const evicting = name === 'node-3'
  return {
    'disk-1': first,
    'disk-2': { path: `${EXTRA}${uuidOf(`extra ${name}`).replaceAll('-', '')}`, diskType: 'filesystem', tags: evicting ? ['archive'] : ['hdd'], size: 3_726 * GIB, evicting, closed: name === BAD_NODE },
    'disk-v2': { path: `0000:${name === 'node-1' ? '3b' : '5e'}:00.0`, diskType: 'block', tags: ['nvme'], size: 1_788 * GIB },
  }
}

/** The UUID of a disk of the demonstration. */
export function diskUuid(nodeName: string, disk: string): string {
  return uuidOf(`${nodeName} ${disk}`)
}

export function diskPath(nodeName: string, disk: string): string {
  return disksOf(nodeName)[disk]?.path ?? ''
}

function longhornNode(name: string): SeedObject {
  const down = name === DOWN_NODE
  const entries = Object.entries(disksOf(name))
  const at = (type: string, status: string, message: string, reason = '') => ({ type, status, message, reason, lastProbeTime: '', lastTransitionTime: type === 'Ready' && down ? DOWN_AT : READY_AT })
  return {
    kind: LONGHORN_NODES,
    object: {
      metadata: { name, namespace: 'longhorn-system', finalizers: ['longhorn.io'], ...(name === BAD_NODE ? { annotations: { [BAD_DISKS_ANNOTATION]: 'disk-2' } } : {}) },
      spec: {
        name, allowScheduling: true, evictionRequested: false, tags: [], instanceManagerCPURequest: 0,
        disks: Object.fromEntries(entries.map(([disk, { path, diskType, tags, evicting = false, closed = false }]) => [disk, { path, diskType, tags, diskDriver: diskType === 'block' ? 'auto' : '', allowScheduling: !evicting && !closed, evictionRequested: evicting, storageReserved: 30 * GIB }])),
      },
    },
    status: {
      conditions: [
        down ? at('Ready', 'False', `Kubernetes node ${name} not ready: `, 'KubernetesNodeNotReady') : at('Ready', 'True', `Node ${name} is ready`),
        at('Schedulable', 'True', ''),
        at('MountPropagation', 'True', ''),
      ],
      region: '', zone: '', autoEvicting: false,
      diskStatus: Object.fromEntries(entries.map(([disk, { path, diskType, size }]) => [disk, {
        diskUUID: diskUuid(name, disk), diskName: disk, diskPath: path, diskType, storageMaximum: size, storageAvailable: size, storageScheduled: 0, scheduledReplica: {}, scheduledBackingImage: {},
        conditions: [at('Ready', 'True', `Disk ${disk}(${path}) on node ${name} is ready`), at('Schedulable', 'True', `Disk ${disk}(${path}) on node ${name} is schedulable`)],
      }])),
    },
  }
}

function storageClass(name: string, parameters: Record<string, string>, annotations: Record<string, string> = {}): SeedObject {
  return {
    kind: STORAGE_CLASSES,
    object: { metadata: { name, annotations }, provisioner: 'driver.longhorn.io', parameters, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true },
  }
}

function storageProfile(name: string, cloneStrategy: string): SeedObject {
  const claimPropertySets = [{ accessModes: ['ReadWriteMany'], volumeMode: 'Block' }, { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' }]
  return { kind: STORAGE_PROFILES, object: { metadata: { name }, spec: {} }, status: { claimPropertySets, cloneStrategy, provisioner: 'driver.longhorn.io', storageClass: name, dataImportCronSourceFormat: 'pvc' } }
}

function network(namespace: string, name: string, vlan: number): SeedObject {
  const config = JSON.stringify({ cniVersion: '0.3.1', name, type: 'bridge', bridge: 'mgmt-br', promiscMode: true, vlan, ipam: {} })
  return { kind: NETWORK_ATTACHMENTS, object: { metadata: { name, namespace, labels: { 'network.harvesterhci.io/clusternetwork': 'mgmt', 'network.harvesterhci.io/type': 'L2VlanNetwork', 'network.harvesterhci.io/vlan-id': String(vlan) } }, spec: { config } } }
}

const LONGHORN_VALUES: Readonly<Record<string, string>> = {
  'backing-image-cleanup-wait-interval': '60', 'backing-image-recovery-wait-interval': '300', 'default-min-number-of-backing-image-copies': '3', 'concurrent-backing-image-replenish-per-node-limit': '5',
  'replica-replenishment-wait-interval': '600', 'v1-data-engine': 'true', 'v2-data-engine': 'true', 'current-longhorn-version': 'v1.12.1',
}

const HARVESTER_VALUES: Readonly<Record<string, string>> = {
  'server-version': 'v1.10.0', 'default-vm-termination-grace-period-seconds': '120', 'longhorn-v2-data-engine-enabled': 'true',
  // Its operators do not let a node be fenced of itself: what ran there is looked for first.
  'vm-force-reset-policy': '{"enable":false,"period":15,"vmMigrationTimeout":180}',
}

/** Namespaces, nodes, classes, networks and settings: what a test needs to create images and VMs of its own. */
export const PLATFORM: readonly Layer[] = [
  () => [...VM_NAMESPACES, ...SYSTEM_NAMESPACES].map(name => ({ kind: NAMESPACES, object: { metadata: { name } } })),
  () => [
    ...NODE_NAMES.map(node),
    ...NODE_NAMES.map(longhornNode),
    storageClass('harvester-longhorn', { numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true' }, { 'storageclass.kubernetes.io/is-default-class': 'true', 'storageclass.beta.kubernetes.io/is-default-class': 'true' }),
    storageClass('longhorn-v2', { numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true', encrypted: 'false', dataEngine: 'v2' }, { 'cdi.harvesterhci.io/storageProfileCloneStrategy': 'csi-clone', 'cdi.harvesterhci.io/storageProfileVolumeSnapshotClass': 'longhorn-snapshot' }),
    storageClass('longhorn-archive', { numberOfReplicas: '1', staleReplicaTimeout: '30', migratable: 'true', diskSelector: 'archive' }),
    storageProfile('harvester-longhorn', 'copy'),
    storageProfile('longhorn-v2', 'csi-clone'),
    network('production', 'vlan-100', 100),
    network('staging', 'vlan-200', 200),
    { kind: CLUSTER_NETWORKS, object: { metadata: { name: 'mgmt' } } },
    ...Object.entries(LONGHORN_VALUES).map(([name, value]): SeedObject => ({ kind: LONGHORN_SETTINGS, object: { metadata: { name, namespace: 'longhorn-system' }, value } })),
    ...Object.entries(HARVESTER_VALUES).map(([name, value]): SeedObject => ({ kind: HARVESTER_SETTINGS, object: { metadata: { name }, value } })),
    { kind: KUBEVIRTS, object: { metadata: { name: 'kubevirt', namespace: 'harvester-system' }, spec: { configuration: { developerConfiguration: { featureGates: ['DeclarativeHotplugVolumes', 'ExpandDisks'] }, vmRolloutStrategy: 'LiveUpdate' } } }, status: { phase: 'Deployed', observedKubeVirtVersion: 'v1.8.4', defaultArchitecture: 'amd64' } },
  ],
]
