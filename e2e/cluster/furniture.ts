import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Api, Fields } from '../api.ts'
import { make } from './kinds.ts'
import type { Part } from './parts.ts'

// What an installed Harvester has besides its programs, and what these want to find.

export const NODES = ['node-1', 'node-2', 'node-3'] as const
const NAMESPACES = ['harvester-system', 'longhorn-system', 'cdi', 'production', 'staging'] as const
const DISKS = ['disk-1', 'disk-2'] as const
const LONGHORN = '/apis/longhorn.io/v1beta2/namespaces/longhorn-system'
const CORE = '/api/v1'

interface Piece { readonly path: string, readonly object: Fields & { readonly metadata: { readonly name: string } }, readonly status?: Fields }

const piece = (path: string, apiVersion: string, kind: string, name: string, fields: Fields, status?: Fields, metadata: Fields = {}): Piece =>
  ({ path, object: { apiVersion, kind, metadata: { name, ...metadata }, ...fields }, ...(status ? { status } : {}) })

/** Where Harvester installs it: its webhook looks nowhere else. Beside a second one KubeVirt carries no migration on. */
const KUBEVIRT = piece('/apis/kubevirt.io/v1/namespaces/harvester-system/kubevirts', 'kubevirt.io/v1', 'KubeVirt', 'kubevirt',
  { spec: { configuration: { developerConfiguration: { featureGates: ['DeclarativeHotplugVolumes', 'ExpandDisks'] }, vmRolloutStrategy: 'LiveUpdate' } } },
  // Without the architecture every VMI is refused, and only virt-controller's log says so.
  { phase: 'Deployed', observedKubeVirtVersion: 'v1.8.0', defaultArchitecture: 'amd64' })

/** Harvester's wish to be told soon: by its default a node that was lost is given up after three minutes. In seconds. */
const FENCING = '{"enable":true,"period":15,"vmMigrationTimeout":60}'

/** Settings that Harvester's own start writes, with its defaults: without them its webhook fills in no sizes and no grace, and refuses backups. */
const SETTINGS: Readonly<Record<string, string>> = {
  'overcommit-config': '{"cpu":1600,"memory":150,"storage":200}', 'default-vm-termination-grace-period-seconds': '120', 'additional-guest-memory-overhead-ratio': '1.5',
  'csi-driver-config': '{"driver.longhorn.io":{"volumeSnapshotClassName":"longhorn-snapshot","backupVolumeSnapshotClassName":"longhorn"}}',
  'vm-force-reset-policy': FENCING,
}
const setting = ([name, value]: readonly [string, string]) => piece('/apis/harvesterhci.io/v1beta1/settings', 'harvesterhci.io/v1beta1', 'Setting', name, { default: value, value: '' })

/** A Service that leads to this machine: an aggregated API and Longhorn's webhook are reached by Service alone. */
const service = (namespace: string, name: string, externalName: string, port: number): Piece =>
  piece(`${CORE}/namespaces/${namespace}/services`, 'v1', 'Service', name, { spec: { type: 'ExternalName', externalName, ports: [{ port }] } })

const CLASS_PARAMETERS = { numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true' }
const CLASS = piece('/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1', 'StorageClass', 'harvester-longhorn',
  { provisioner: 'driver.longhorn.io', parameters: CLASS_PARAMETERS, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true },
  undefined, { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } })
const SNAPSHOTS = piece('/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', 'snapshot.storage.k8s.io/v1', 'VolumeSnapshotClass', 'longhorn-snapshot', { driver: 'driver.longhorn.io', deletionPolicy: 'Delete', parameters: { type: 'snap' } })
const PROFILE = piece('/apis/cdi.kubevirt.io/v1beta1/storageprofiles', 'cdi.kubevirt.io/v1beta1', 'StorageProfile', 'harvester-longhorn', { spec: {} },
  { claimPropertySets: [{ accessModes: ['ReadWriteMany'], volumeMode: 'Block' }], cloneStrategy: 'copy', provisioner: 'driver.longhorn.io', storageClass: 'harvester-longhorn' })

/** What must be there before any program starts. */
export function beforePrograms(): readonly Piece[] {
  return [
    ...NAMESPACES.map(name => piece(`${CORE}/namespaces`, 'v1', 'Namespace', name, {})),
    KUBEVIRT, service('harvester-system', 'virt-api', 'localhost', 443), service('longhorn-system', 'longhorn-admission-webhook', '127.0.0.1', 443), CLASS, PROFILE,
    ...Object.entries(SETTINGS).map(setting), SNAPSHOTS,
  ]
}

const ENGINE = 'longhornio/longhorn-engine:v1.10.0'

/** Longhorn's name for an engine image (longhorn-manager types.GetEngineImageChecksumName). */
function engineImageName(image: string): string {
  return `ei-${createHash('sha512').update(image).digest('hex').slice(0, 8)}`
}

const PROCESSOR = 'Skylake-Server-IBRS'

function node(name: string): Piece {
  const offer = { cpu: '32', memory: '128Gi', pods: '200' }
  return piece(`${CORE}/nodes`, 'v1', 'Node', name, {}, {
    capacity: offer, allocatable: offer, addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, { type: 'Hostname', address: name }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }],
    nodeInfo: {
      architecture: 'amd64', operatingSystem: 'linux', osImage: 'Harvester v1.8.2', kernelVersion: '6.4.0-150700.53.22-default', kubeletVersion: 'v1.34.2+rke2r1', kubeProxyVersion: '',
      containerRuntimeVersion: 'containerd://2.1.5-k3s1', machineID: '', systemUUID: '', bootID: '',
    },
  }, {
    labels: {
      'kubernetes.io/hostname': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'harvesterhci.io/managed': 'true',
      // As virt-handler's labeller leaves a node.
      'kubevirt.io/schedulable': 'true', 'machine-type.node.kubevirt.io/q35': 'true', 'machine-type.node.kubevirt.io/pc': 'true',
      'cpu-vendor.node.kubevirt.io/Intel': 'true', [`host-model-cpu.node.kubevirt.io/${PROCESSOR}`]: 'true', [`cpu-model-migration.node.kubevirt.io/${PROCESSOR}`]: 'true',
    },
  })
}

function longhornNode(name: string, folder: string): Piece {
  const disks = DISKS.map(disk => {
    const path = join(folder, 'disks', name, disk)
    mkdirSync(path, { recursive: true })
    return [disk, { diskType: 'filesystem', path, allowScheduling: true, evictionRequested: false, storageReserved: 0, diskDriver: '', tags: [] }] as const
  })
  return piece(`${LONGHORN}/nodes`, 'longhorn.io/v1beta2', 'Node', name, { spec: { name, allowScheduling: true, evictionRequested: false, tags: [], instanceManagerCPURequest: 0, disks: Object.fromEntries(disks) } })
}

/** Where virt-api asks virt-handler to pause and to reboot a guest: at the pod's address, at one port for all nodes. */
function handlerPod(nodeName: string): Piece {
  return piece(`${CORE}/namespaces/harvester-system/pods`, 'v1', 'Pod', `virt-handler-${nodeName}`, { spec: { nodeName, containers: [{ name: 'virt-handler', image: 'virt-handler' }] } },
    { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }, { labels: { 'kubevirt.io': 'virt-handler' } })
}

/** Longhorn's own pods run under it; without it none of them can be made. */
const LONGHORN_ACCOUNT = piece(`${CORE}/namespaces/longhorn-system/serviceaccounts`, 'v1', 'ServiceAccount', 'longhorn-service-account', {})

/** Longhorn's node controller looks for this pod on its node, and at how it mounts. */
function managerPod(nodeName: string): Piece {
  const volumeMounts = [{ name: 'longhorn', mountPath: '/var/lib/longhorn/', mountPropagation: 'Bidirectional' }]
  return piece(`${CORE}/namespaces/longhorn-system/pods`, 'v1', 'Pod', `longhorn-manager-${nodeName}`, {
    spec: {
      nodeName, containers: [{ name: 'longhorn-manager', image: 'longhornio/longhorn-manager:v1.10.0', volumeMounts, securityContext: { privileged: true } }],
      volumes: [{ name: 'longhorn', hostPath: { path: '/var/lib/longhorn/' } }],
    },
  }, undefined, { labels: { app: 'longhorn-manager' } })
}

/** Longhorn's webhook refuses a volume without a backup target and an engine that is deployed. */
function wantedByWebhook(): readonly Piece[] {
  const nodeDeploymentMap = Object.fromEntries(NODES.map(name => [name, true]))
  return [
    piece(`${LONGHORN}/engineimages`, 'longhorn.io/v1beta2', 'EngineImage', engineImageName(ENGINE), { spec: { image: ENGINE } },
      { state: 'deployed', incompatible: false, cliAPIVersion: 11, cliAPIMinVersion: 3, controllerAPIVersion: 6, controllerAPIMinVersion: 3, nodeDeploymentMap, ownerID: NODES[0] }),
    piece(`${LONGHORN}/backuptargets`, 'longhorn.io/v1beta2', 'BackupTarget', 'default', { spec: { backupTargetURL: '', credentialSecret: '', pollInterval: '300s' } }),
  ]
}

/** The nodes and what is on them, once the webhooks answer for their kinds; the folders of the disks are made below `folder`. */
export function afterWebhooks(folder: string, parts: readonly Part[]): readonly Piece[] {
  return [
    ...NODES.map(node),
    ...(parts.includes('kubevirt') ? NODES.map(handlerPod) : []),
    ...(parts.includes('longhorn-webhook') ? wantedByWebhook() : []),
    ...(parts.includes('longhorn') ? [LONGHORN_ACCOUNT, ...NODES.map(managerPod)] : []),
    ...NODES.map(name => longhornNode(name, folder)),
  ]
}

const PATIENCE = 20_000

/** Puts the pieces there, in their order. A webhook that has just begun to answer is asked again. Throws with the server's words. */
export async function furnish(api: Api, pieces: readonly Piece[]): Promise<void> {
  for (const { path, object, status } of pieces) {
    const until = Date.now() + PATIENCE
    while (!await make(api, path, object).then(() => true, (thrown: unknown) => {
      if (Date.now() > until)
        throw thrown
      return false
    }))
      await new Promise(done => setTimeout(done, 300))
    if (status)
      (await api.merge(`${path}/${object.metadata.name}/status`, { status })).expect(200)
  }
}
