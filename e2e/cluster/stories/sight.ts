import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, KubeObject } from '../../api.ts'
import type { Watch } from '../../watch.ts'

// What can be seen of one namespace, from before the first act on.

export interface Sighting { readonly gone: boolean, readonly object: KubeObject }

const NAMESPACED = {
  VirtualMachine: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines',
  VirtualMachineInstance: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances',
  VirtualMachineInstanceMigration: '/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstancemigrations',
  Pod: '/api/v1/namespaces/{ns}/pods',
  PersistentVolumeClaim: '/api/v1/namespaces/{ns}/persistentvolumeclaims',
  VolumeAttachment: '/apis/storage.k8s.io/v1/volumeattachments',
} as const
export type Kind = keyof typeof NAMESPACED

/** Where the objects of a kind are. */
export function pathOf(kind: Kind, namespace: string, name?: string): string {
  return NAMESPACED[kind].replace('{ns}', namespace) + (name === undefined ? '' : `/${name}`)
}

const LONG = 3_600_000

/** Follows every kind of a story in a namespace, and remembers each change. */
export class Sight {
  readonly sightings: Sighting[] = []
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
  static async open(api: Api, namespace: string): Promise<Sight> {
    const sight = new Sight(namespace)
    await Promise.all((Object.keys(NAMESPACED) as Kind[]).map(async kind => {
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
    return [...this.present.values()].filter(object => object.kind === kind && (kind !== 'VolumeAttachment' || this.claimOf(object) !== undefined))
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

  /** Waits until nothing has changed for so many milliseconds. */
  async quiet(milliseconds: number): Promise<void> {
    while (Date.now() - this.lastChange < milliseconds)
      await sleep(50)
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
    if (object.kind === 'VolumeAttachment' ? this.claimOf(object) !== undefined : true)
      this.lastChange = Date.now()
    this.sightings.push(sighting)
    const key = `${object.kind} ${object.metadata.name}`
    if (gone)
      this.present.delete(key)
    else
      this.present.set(key, object)
    for (const look of [...this.waiting]) look()
  }

  private claimOf({ spec }: KubeObject): string | undefined {
    return this.claims.get(String((spec?.source as { persistentVolumeName?: string } | undefined)?.persistentVolumeName))
  }

  private describe(): string {
    const objects = [...this.present.values()].filter(({ kind }) => kind !== 'VolumeAttachment' && kind !== 'PersistentVolumeClaim')
    return objects.map(({ kind, metadata: { name, deletionTimestamp }, spec, status }) => `${kind} ${name} in ${this.namespace}: ${JSON.stringify({ deletionTimestamp, runStrategy: spec?.runStrategy, ...status, guestOSInfo: undefined })}`).join('\n') || `${this.namespace} is empty`
  }
}
