import type { KubeObject } from '../../api.ts'

// Every name that a server generated is replaced by what it stands for, so that two plays can be laid side by side.

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
const LAUNCHER = /virt-launcher-([a-z0-9-]+?)-[a-z0-9]{5}(?![a-z0-9-])/g
const GENERATED = /\b(hp-volume|kubevirt-migrate-vm)-[a-z0-9]{5}\b/g

/** The names of one play in one namespace. Objects are met in the order in which they came to be. */
export class Names {
  private readonly namespace: string
  private readonly byUid = new Map<string, string>()
  private readonly counts = new Map<string, number>()
  /** From the name of a volume to its claim's. */
  private readonly claims: ReadonlyMap<string, string>

  constructor(namespace: string, claims: ReadonlyMap<string, string>) {
    this.namespace = namespace
    this.claims = claims
  }

  /** What an object is called in the trace: `vm web`, `vmi web 1`, `launcher web 1`, `attachment web-disk`. The first time gives it its number; a disk's attachments are one thing. */
  of(object: KubeObject): string {
    const known = this.byUid.get(object.metadata.uid)
    if (known !== undefined)
      return known
    const role = this.roleOf(object)
    const count = (this.counts.get(role) ?? 0) + 1
    this.counts.set(role, count)
    const name = object.kind === 'VolumeAttachment' || (object.kind === 'VirtualMachine' && count === 1) ? role : `${role} ${count}`
    this.byUid.set(object.metadata.uid, name)
    return name
  }

  /** A sentence without anything generated in it. */
  plain(sentence: string): string {
    return sentence
      .replaceAll(UID, uid => this.byUid.get(uid) ?? 'UID')
      .replaceAll(TIME, 'TIME')
      .replaceAll(LAUNCHER, 'virt-launcher-$1')
      .replaceAll(GENERATED, '$1')
      .replaceAll(this.namespace, 'NAMESPACE')
      .replaceAll(/\bnode-\w+/g, 'NODE')
      // Our scheduler counts the nodes of everybody who plays.
      .replaceAll(/\b0\/\d+ nodes are available: .*?(?:for scheduling|claims)\./g, 'no node is available')
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
        return `attachment ${this.claims.get(persistentVolumeName) ?? 'of no claim'}`
      }
      default:
        return labels['kubevirt.io'] === 'hotplug-disk' ? 'plug' : `${labels['kubevirt.io/migrationJobUID'] ? 'target' : 'launcher'} ${labels['vm.kubevirt.io/name'] ?? ''}`
    }
  }
}
