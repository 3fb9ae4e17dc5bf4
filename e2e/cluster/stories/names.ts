import type { KubeObject } from '../../api.ts'

// Every name that a server generated is replaced by what it stands for, so that two plays can be laid side by side.

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000 UTC)/g
const LAUNCHER = /virt-launcher-([a-z0-9-]+?)-[a-z0-9]{5}(?![a-z0-9-])/g
const CHECKSUM = /\b[0-9a-f]{128}\b/g
const MIRROR = /http:\/\/127\.0\.0\.1:\d+\/~[\w-]+\//g
const GENERATED = /\b(hp-volume|kubevirt-migrate-vm|kubevirt-evacuation)-[a-z0-9]{5}\b/g

/** What the nodes that a play adds are called, before their number. */
export function ownNode(namespace: string): string {
  return `node-${namespace.replace('-', '')}`
}

/** Whether the play in that namespace has added the node. */
export function isNodeOf(namespace: string, name: string): boolean {
  return new RegExp(`^${ownNode(namespace)}\\d+$`).test(name)
}

/** Kinds whose objects seldom come again under the same name: the first has no number. */
/** Kinds whose name in the trace has its number already, or needs none. */
const NUMBERED = ['VolumeAttachment', 'Node']
const ONCE = ['VirtualMachine', 'VirtualMachineImage', 'DataVolume', 'PersistentVolumeClaim']

/** The names of one play in one namespace. Objects are met in the order in which they came to be. */
export class Names {
  private readonly namespace: string
  /** The nodes that the play has added, in their order; whichever of the others a name is of is chance. */
  private readonly ownNodes: RegExp
  private readonly byUid = new Map<string, string>()
  private disks = 0
  /** Of each claim the nodes that its disk was attached to, in the order in which they were met. */
  private readonly places = new Map<string, string[]>()
  private readonly checksums = new Map<string, string>()
  private readonly counts = new Map<string, number>()
  /** From the name of a volume to its claim's. */
  private readonly claims: ReadonlyMap<string, string>

  constructor(namespace: string, claims: ReadonlyMap<string, string>) {
    this.namespace = namespace
    this.ownNodes = new RegExp(`\\b${ownNode(namespace)}(\\d+)\\b`, 'g')
    this.claims = claims
  }

  /** What an object is called in the trace: `vm web`, `vmi web 1`, `launcher web 1`, `attachment web-disk`, `image noble`. The first time gives it its number; a disk's attachments to one node are one thing, and on another node it is `attachment web-disk on node 2`. */
  of(object: KubeObject): string {
    this.meetDisks(object)
    const known = this.byUid.get(object.metadata.uid)
    if (known !== undefined)
      return known
    const role = this.roleOf(object)
    const count = (this.counts.get(role) ?? 0) + 1
    this.counts.set(role, count)
    const name = NUMBERED.includes(object.kind) || (ONCE.includes(object.kind) && count === 1) ? role : `${role} ${count}`
    this.byUid.set(object.metadata.uid, name)
    return name
  }

  /** A sentence without anything generated in it. A checksum is called by the order in which it was met. */
  plain(sentence: string): string {
    return sentence
      .replaceAll(MIRROR, 'MIRROR/')
      .replaceAll(CHECKSUM, checksum => this.checksumOf(checksum))
      .replaceAll(UID, uid => this.byUid.get(uid) ?? 'UID')
      .replaceAll(TIME, 'TIME')
      .replaceAll(LAUNCHER, 'virt-launcher-$1')
      .replaceAll(GENERATED, '$1')
      .replaceAll(this.namespace, 'NAMESPACE')
      .replaceAll(this.ownNodes, 'node $1')
      // Nor the two readers of a secret that are called so in a class.
      .replaceAll(/\bnode-(?!stage-|publish-)\w+/g, 'NODE')
      // Our scheduler counts the nodes of everybody who plays.
      .replaceAll(/\b0\/\d+ nodes are available: .*?(?:for scheduling|claims)\./g, 'no node is available')
  }

  private checksumOf(checksum: string): string {
    const known = this.checksums.get(checksum) ?? `checksum ${this.checksums.size + 1}`
    this.checksums.set(checksum, known)
    return known
  }

  /** Disks are known by UUID alone, and numbered as an image comes to them. */
  private meetDisks({ kind, spec, status }: KubeObject): void {
    if (kind !== 'BackingImage')
      return
    for (const disk of [spec?.diskFileSpecMap, status?.diskFileStatusMap].flatMap(map => Object.keys(map ?? {}))) {
      if (!this.byUid.has(disk)) {
        this.disks += 1
        this.byUid.set(disk, `disk ${this.disks}`)
      }
    }
  }

  private attachmentOf(claim: string, node: string): string {
    const nodes = this.places.get(claim) ?? []
    this.places.set(claim, nodes)
    if (!nodes.includes(node))
      nodes.push(node)
    const place = nodes.indexOf(node) + 1
    return `attachment ${claim}${place === 1 ? '' : ` on node ${place}`}`
  }

  private roleOf({ kind, metadata, spec }: KubeObject): string {
    const labels = metadata.labels ?? {}
    switch (kind) {
      case 'VirtualMachine':
        return `vm ${metadata.name}`
      case 'VirtualMachineInstance':
        return `vmi ${metadata.name}`
      case 'VirtualMachineInstanceMigration':
        return `migration of ${labels['kubevirt.io/vmi-name'] ?? ''}`
      case 'VolumeAttachment': {
        const { persistentVolumeName = '' } = spec?.source as { persistentVolumeName?: string }
        return this.attachmentOf(this.claims.get(persistentVolumeName) ?? 'of no claim', String(spec?.nodeName))
      }
      case 'Node':
        return this.plain(metadata.name)
      case 'VirtualMachineImage':
        return `image ${metadata.name}`
      case 'DataVolume':
        return `data volume ${metadata.name}`
      case 'PersistentVolumeClaim':
        return `claim ${this.plain(metadata.name)}`
      case 'StorageClass':
        return `class ${this.plain(metadata.name)}`
      case 'BackingImage':
        return `file ${this.plain(metadata.name)}`
      case 'BackingImageDataSource':
        return `source ${this.plain(metadata.name)}`
      default:
        if (labels['cdi.kubevirt.io'])
          return `worker ${labels['cdi.kubevirt.io']}`
        return labels['kubevirt.io'] === 'hotplug-disk' ? 'plug' : `${labels['kubevirt.io/migrationJobUID'] ? 'target' : 'launcher'} ${labels['vm.kubevirt.io/name'] ?? ''}`
    }
  }
}
