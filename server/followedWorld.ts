import { CLAIMS, NODES, PODS, STORAGE_CLASSES, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { KubeClient } from '#kube/client.ts'
import { follow } from '#kube/follow.ts'
import type { FollowOptions } from '#kube/follow.ts'
import { createMirror } from '#kube/mirror.ts'
import type { Mirror } from '#kube/mirror.ts'
import type { KubeObject } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS, VM_RESTORES } from '#vms/vmBackup.ts'
import { VM_EXPORTS } from '#vms/vmExport.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import type { StepWorld } from '#volumes/exportStep.ts'
import { VOLUME_SNAPSHOTS } from '#volumes/volumeSnapshot.ts'

/** A collection that is followed as long as somebody holds it. */
export interface Followed<T extends KubeObject = KubeObject> {
  readonly seen: () => Seen<T>
  readonly release: () => void
}

export interface FollowedWorldOptions extends Pick<FollowOptions, 'pace'> {
  /** Ends all of it. */
  readonly signal: AbortSignal
}

type State = Seen['state']
/** What is worst of two halves counts for both. */
const WORST: readonly State[] = ['forbidden', 'absent', 'loading', 'stale', 'live']

/** Keeps a collection in step until the signal is aborted. */
function keepSeen<T extends KubeObject>(client: KubeClient, resource: Resource<T>, options: FollowOptions, changed: () => void): () => Seen<T> {
  let shown: Seen<T> | undefined
  const mirror: Mirror<T> = createMirror(() => {
    mirror.settle()
    shown = undefined
    changed()
  })
  void follow(client, resource, mirror, options)
  return () => {
    const { state, unread } = mirror.status()
    return shown ??= { objects: [...mirror.objects()], state, ...(unread && { unread }) }
  }
}

/** What exports are decided from, followed once however many of them look at it, and only as long as one does. */
export class FollowedWorld {
  private readonly followed = new Map<string, { holders: number, readonly end: AbortController, readonly seen: () => Seen }>()
  private readonly listeners = new Set<() => void>()
  private readonly client: KubeClient
  private readonly options: FollowedWorldOptions
  /** How often anything has changed. */
  changes = 0

  constructor(client: KubeClient, options: FollowedWorldOptions) {
    this.client = client
    this.options = options
  }

  /** Calls when anything that is followed has changed; returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Follows a collection, of one namespace or whole, until it is released. */
  hold<T extends KubeObject>(resource: Resource<T>, namespace?: string): Followed<T> {
    const key = `${qualifiedName(resource)} ${namespace ?? ''}`
    const entry = this.followed.get(key) ?? this.begin(resource, namespace)
    this.followed.set(key, entry)
    entry.holders++
    let held = true
    return {
      seen: entry.seen as () => Seen<T>,
      release: () => {
        if (held && --entry.holders === 0) {
          entry.end.abort()
          this.followed.delete(key)
        }
        held = false
      },
    }
  }

  /** What the export is decided from, in its own namespaces. */
  holdFor(intent: ExportIntent): { readonly look: () => StepWorld, readonly release: () => void } {
    const { namespace } = intent.claim
    const released: (() => void)[] = []
    const hold = <T extends KubeObject>(resource: Resource<T>, of?: string): () => Seen<T> => {
      const held = this.hold(resource, of)
      released.push(held.release)
      return held.seen
    }
    const images = [...new Set([namespace, intent.image.namespace])].map(of => ({ of, seen: hold(IMAGES, of) }))
    const parts = {
      claims: hold(CLAIMS, namespace), vms: hold(VMS, namespace), vmis: hold(VMIS, namespace), pods: hold(PODS, namespace), dataVolumes: hold(DATA_VOLUMES, namespace),
      snapshots: hold(VOLUME_SNAPSHOTS, namespace), backups: hold(VM_BACKUPS, namespace), restores: hold(VM_RESTORES, namespace), vmExports: hold(VM_EXPORTS, namespace),
      attachments: hold(VOLUME_ATTACHMENTS), nodes: hold(NODES), storageClasses: hold(STORAGE_CLASSES), longhornVolumes: hold(LONGHORN_VOLUMES, LONGHORN_NAMESPACE),
    }
    return {
      look: () => ({
        claims: parts.claims(), vms: parts.vms(), vmis: parts.vmis(), pods: parts.pods(), dataVolumes: parts.dataVolumes(),
        snapshots: parts.snapshots(), backups: parts.backups(), restores: parts.restores(), vmExports: parts.vmExports(),
        attachments: parts.attachments(), nodes: parts.nodes(), storageClasses: parts.storageClasses(), longhornVolumes: parts.longhornVolumes(),
        images: joined(images.map(({ of, seen }) => ({ of, seen: seen() }))),
      }),
      release: () => released.forEach(release => release()),
    }
  }

  private begin<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined): { holders: number, readonly end: AbortController, readonly seen: () => Seen } {
    const end = new AbortController()
    const signal = AbortSignal.any([end.signal, this.options.signal])
    const tell = () => {
      this.changes++
      this.listeners.forEach(listener => listener())
    }
    return { holders: 0, end, seen: keepSeen(this.client, resource, { ...this.options, signal, ...(namespace && { namespace }) }, tell) }
  }
}

function joined<T extends KubeObject>(parts: readonly { readonly of: string, readonly seen: Seen<T> }[]): Seen<T> {
  return {
    objects: parts.flatMap(({ seen }) => seen.objects),
    state: WORST.find(state => parts.some(({ seen }) => seen.state === state)) ?? 'loading',
    partial: parts.map(({ of }) => of),
    ...(parts.some(({ seen }) => seen.unread) && { unread: true }),
  }
}
