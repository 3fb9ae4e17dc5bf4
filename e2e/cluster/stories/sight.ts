import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../../api.ts'
import type { Watch } from '../../watch.ts'
import { isNodeOf } from './names.ts'

// What can be seen of one play, from before the first act on: what is in its namespace, and what belongs to that elsewhere.

export interface Sighting { readonly gone: boolean, readonly object: KubeObject }

const LONGHORN = '/apis/longhorn.io/v1beta2/namespaces/longhorn-system'
const PLACES = {
  VirtualMachine: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines',
  VirtualMachineInstance: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances',
  VirtualMachineInstanceMigration: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstancemigrations',
  Pod: '/api/v1/namespaces/{ns}/pods',
  PersistentVolumeClaim: '/api/v1/namespaces/{ns}/persistentvolumeclaims',
  VolumeAttachment: '/apis/storage.k8s.io/v1/volumeattachments',
  VirtualMachineImage: '/apis/harvesterhci.io/v1beta1/namespaces/{ns}/virtualmachineimages',
  DataVolume: '/apis/cdi.kubevirt.io/v1beta1/namespaces/{ns}/datavolumes',
  StorageClass: '/apis/storage.k8s.io/v1/storageclasses',
  BackingImage: `${LONGHORN}/backingimages`,
  Node: '/api/v1/nodes',
  BackingImageDataSource: `${LONGHORN}/backingimagedatasources`,
} as const
export type Kind = keyof typeof PLACES

/** What a story of VMs looks at, and what one of images does. */
export const OF_VMS: readonly Kind[] = ['VirtualMachine', 'VirtualMachineInstance', 'VirtualMachineInstanceMigration', 'Pod', 'PersistentVolumeClaim', 'VolumeAttachment']
/** What a story of nodes looks at: where everything is too. */
export const OF_NODES: readonly Kind[] = [...OF_VMS, 'Node']
export const OF_IMAGES: readonly Kind[] = ['VirtualMachineImage', 'DataVolume', 'PersistentVolumeClaim', 'StorageClass', 'BackingImage', 'BackingImageDataSource']

/** Where the objects of a kind are. */
export function pathOf(kind: Kind, namespace: string, name?: string): string {
  return PLACES[kind].replace('{ns}', namespace) + (name === undefined ? '' : `/${name}`)
}

const LONG = 3_600_000

/** Follows the kinds of a story, and remembers each change. */
export class Sight {
  readonly sightings: Sighting[] = []
  /** When nothing moved any more: by the newest resource version that had been seen. */
  readonly rests: number[] = []
  private readonly namespace: string
  private readonly present = new Map<string, KubeObject>()
  private readonly watches: Watch[] = []
  private readonly waiting = new Set<() => void>()
  private lastChange = Date.now()
  private broken: unknown
  private closed = false

  private constructor(namespace: string) {
    this.namespace = namespace
  }

  /** Begins to look; answers once nothing more can be missed. Throws with the server's words. */
  static async open(api: Api, namespace: string, kinds: readonly Kind[]): Promise<Sight> {
    const sight = new Sight(namespace)
    await Promise.all(kinds.map(async kind => {
      const path = pathOf(kind, namespace)
      const { metadata: { resourceVersion } } = (await api.get(path)).expect(200).list
      const watch = await api.watch(`${path}?watch=1&resourceVersion=${resourceVersion}`)
      sight.watches.push(watch)
      void sight.pump(watch)
    }))
    return sight
  }

  /** An object as it was last seen, undefined where it is not there. */
  find(kind: Kind, name: string): KubeObject | undefined {
    return this.present.get(`${kind} ${name}`)
  }

  all(kind: Kind): readonly KubeObject[] {
    return [...this.present.values()].filter(object => object.kind === kind && this.isOurs(object))
  }

  /** What has been seen of the play's own objects. */
  get ours(): readonly Sighting[] {
    return this.sightings.filter(({ object }) => this.isOurs(object))
  }

  /** The names of Longhorn's files of this play's images. */
  get files(): ReadonlySet<string> {
    return new Set(this.sightings.filter(({ object }) => object.kind === 'BackingImage' && ownerOf(object).startsWith(`${this.namespace}/`)).map(({ object: { metadata } }) => metadata.name))
  }

  /** From the name of each volume that a claim of this namespace ever had to the claim's. */
  get claims(): ReadonlyMap<string, string> {
    return new Map(this.sightings.filter(({ object }) => object.kind === 'PersistentVolumeClaim').map(({ object: { metadata, spec } }) => [String(spec?.volumeName), metadata.name]))
  }

  /** Waits until what is seen is as wanted, looking at each change by itself; throws with what there is when `seconds` are over. */
  async until(what: string, wanted: () => boolean, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000
    await new Promise<void>((done, fail) => {
      const look = () => {
        if (this.broken !== undefined)
          end(() => { fail(this.broken) })
        else if (wanted())
          end(done)
        else if (Date.now() > deadline)
          end(() => { fail(new Error(`${what} was not seen within ${seconds} s\n${this.describe()}`)) })
      }
      const end = (then: () => void) => { this.waiting.delete(look); clearInterval(timer); then() }
      const timer = setInterval(look, 250)
      this.waiting.add(look)
      look()
    })
  }

  /** Waits until nothing has changed for so many milliseconds. Throws where a watch has broken: nobody would tell then; and with what there is where it still moves when `seconds` are over. */
  async quiet(milliseconds: number, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000 + milliseconds
    while (Date.now() - this.lastChange < milliseconds) {
      if (Date.now() > deadline)
        throw new Error(`rest was not seen within ${seconds} s\n${this.describe()}`)
      await sleep(50)
    }
    if (this.broken)
      throw this.broken
    this.rests.push(this.sightings.reduce((newest, { object }) => Math.max(newest, Number(object.metadata.resourceVersion)), 0))
  }

  close(): void {
    this.closed = true
    this.watches.forEach(watch => { watch.close() })
  }

  private async pump(watch: Watch): Promise<void> {
    try {
      for (;;) {
        const { type, object } = await watch.next(LONG)
        if (type === 'ERROR')
          throw new Error(`the watch ended: ${JSON.stringify(object)}`)
        this.take({ gone: type === 'DELETED', object })
      }
    }
    catch (error) {
      if (!this.closed)
        this.broken = error
    }
  }

  private take(sighting: Sighting): void {
    const { gone, object } = sighting
    this.sightings.push(sighting)
    if (this.isOurs(object))
      this.lastChange = Date.now()
    const key = `${object.kind} ${object.metadata.name}`
    if (gone)
      this.present.delete(key)
    else
      this.present.set(key, object)
    for (const look of [...this.waiting]) look()
  }

  /** Whether an object belongs to the play. What is not in its namespace is asked for what it is made for. */
  private isOurs({ kind, metadata, spec, parameters }: KubeObject): boolean {
    switch (kind) {
      case 'VolumeAttachment': return this.claims.has(String((spec?.source as { persistentVolumeName?: string } | undefined)?.persistentVolumeName))
      case 'BackingImage': case 'BackingImageDataSource': return this.files.has(metadata.name)
      case 'Node': return isNodeOf(this.namespace, metadata.name)
      case 'StorageClass': return this.files.has(String((parameters as Fields | undefined)?.backingImage))
      default: return true
    }
  }

  private describe(): string {
    const objects = [...this.present.values()].filter(object => !['VolumeAttachment', 'PersistentVolumeClaim', 'StorageClass'].includes(object.kind) && this.isOurs(object))
    return objects.map(({ kind, metadata: { name, deletionTimestamp }, spec, status }) => `${kind} ${name} in ${this.namespace}: ${JSON.stringify({ deletionTimestamp, runStrategy: spec?.runStrategy, ...status, guestOSInfo: undefined })}`).join('\n') || `${this.namespace} is empty`
  }
}

/** The image, `NAMESPACE/NAME`, that a file is for; Harvester writes it down on each, and so does a story on those that it makes itself. */
function ownerOf({ metadata }: KubeObject): string {
  return metadata.annotations?.['harvesterhci.io/imageId'] ?? ''
}
