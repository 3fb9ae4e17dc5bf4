import type { Fields } from '../../api.ts'

export type RunStrategy = 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once'
/** What the guest is like (server/cluster/controllers/guests.ts). */
export type Guest = 'obedient' | 'deaf' | 'crashing' | 'stuck' | 'hanging'

/** What happens to a guest when its node is drained. */
export type EvictionStrategy = 'LiveMigrate' | 'LiveMigrateIfPossible' | 'None'

export interface Machine {
  readonly name?: string
  readonly runStrategy: RunStrategy
  /** Obedient when absent. */
  readonly guest?: Guest
  /** Seconds that the guest has to shut down; long enough for every guest that listens, when absent. */
  readonly grace?: number
  /** `NAME-disk` when absent. */
  readonly claim?: string
  /** Whether the disk is named by its claim, or by the DataVolume that fills it; by the first when absent. */
  readonly by?: 'claim' | 'volume'
  /** Other VMs may have the disk too. */
  readonly shareable?: boolean
  /** LiveMigrateIfPossible when absent, as Harvester's is. */
  readonly evictionStrategy?: EvictionStrategy
  readonly memory?: string
  /** Nodes with this label; those of the play when absent. */
  readonly nodes?: string
}

/** The one VM of most stories. */
export const WEB = 'web'

/** A VM as the console writes it, on a claim that is there already. */
export function machine(namespace: string, { name = WEB, runStrategy, guest, grace = 60, claim = `${name}-disk`, by = 'claim', shareable, evictionStrategy = 'LiveMigrateIfPossible', memory = '1Gi', nodes = namespace }: Machine): Fields {
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine',
    metadata: { name, namespace, labels: { 'harvesterhci.io/creator': 'harvester', 'harvesterhci.io/os': 'linux' }, annotations: { 'harvesterhci.io/volumeClaimTemplates': '[]', 'network.harvesterhci.io/ips': '[]' } },
    spec: {
      runStrategy,
      template: { metadata: { annotations: guest ? { 'guardrails.test/guest': guest } : {}, labels: { 'harvesterhci.io/vmName': name } }, spec: instanceSpec({ name, grace, source: sourceOf(claim, by), shareable, evictionStrategy, memory, nodes }) },
    },
  }
}

/** The same without a VM around it. */
export function instance(namespace: string, { name = WEB, guest, grace = 60, claim = `${name}-disk`, memory = '1Gi' }: Pick<Machine, 'name' | 'guest' | 'grace' | 'claim' | 'memory'>): Fields {
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance',
    metadata: { name, namespace, annotations: guest ? { 'guardrails.test/guest': guest } : {} },
    spec: instanceSpec({ name, grace, source: sourceOf(claim, 'claim'), evictionStrategy: 'LiveMigrateIfPossible', memory, nodes: namespace }),
  }
}

function sourceOf(claim: string, by: 'claim' | 'volume'): Fields {
  return by === 'claim' ? { persistentVolumeClaim: { claimName: claim } } : { dataVolume: { name: claim } }
}

interface Shape extends Required<Pick<Machine, 'name' | 'grace' | 'evictionStrategy' | 'memory' | 'nodes'>> { readonly source: Fields, readonly shareable?: boolean | undefined }

function instanceSpec({ name, grace, source, shareable, evictionStrategy, memory, nodes }: Shape): Fields {
  return {
    evictionStrategy, hostname: name, networks: [{ name: 'default', pod: {} }], terminationGracePeriodSeconds: grace,
    domain: {
      machine: { type: '' }, cpu: { cores: 1, sockets: 1, threads: 1 }, features: { acpi: { enabled: true } }, resources: { limits: { cpu: '1', memory } },
      devices: { inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }], interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }], disks: [{ name: 'disk-0', disk: { bus: 'virtio' }, bootOrder: 1, ...(shareable ? { shareable } : {}) }] },
    },
    volumes: [{ name: 'disk-0', ...source }],
    nodeSelector: { 'guardrails.test/story': nodes },
  }
}

/** A disk of Harvester's usual class. */
export function claim(namespace: string, name: string, accessMode = 'ReadWriteMany'): Fields {
  return {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace },
    spec: { accessModes: [accessMode], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '1Gi' } } },
  }
}

/** A disk that CDI fills with what is at a URL. */
export function importOf(namespace: string, name: string, url: string): Fields {
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { name, namespace },
    spec: { source: { http: { url } }, storage: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '1Gi' } } } },
  }
}

/** A disk that CDI fills with what is on another; large where nothing is said, so that it takes its time. */
export function copyOf(namespace: string, name: string, source: string, storage = '40Gi'): Fields {
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { name, namespace },
    spec: { source: { pvc: { namespace, name: source } }, storage: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage } } } },
  }
}

/** A node that belongs to one story, as virt-handler's labeller leaves it. */
export function node(label: string, name: string): Fields {
  const labels = {
    'kubernetes.io/hostname': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'kubevirt.io/schedulable': 'true',
    'machine-type.node.kubevirt.io/q35': 'true', 'machine-type.node.kubevirt.io/pc': 'true', 'guardrails.test/story': label,
    // A migration looks for the same processor.
    'host-model-cpu.node.kubevirt.io/Skylake-Server-IBRS': 'true', 'cpu-model-migration.node.kubevirt.io/Skylake-Server-IBRS': 'true',
  }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }
}

/** What it offers; our scheduler sends a guest where most is left. */
export const OFFER: Fields = {
  capacity: { cpu: '8', memory: '8Gi', pods: '20' }, allocatable: { cpu: '8', memory: '8Gi', pods: '20' },
  conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }],
}

/** Where virt-api asks for a guest on that node to be paused: one address for all nodes. */
export function handlerPod(nodeName: string): Fields {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `virt-handler-${nodeName}`, labels: { 'kubevirt.io': 'virt-handler' } }, spec: { nodeName, containers: [{ name: 'virt-handler', image: 'virt-handler' }] } }
}
