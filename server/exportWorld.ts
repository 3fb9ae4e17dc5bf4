import { setMaxListeners } from 'node:events'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS, NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS, VM_RESTORES } from '#vms/vmBackup.ts'
import { VM_EXPORTS } from '#vms/vmExport.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { Requester } from '#volumes/exportRequester.ts'
import type { ExportWorld } from '#volumes/exportWorld.ts'
import { VOLUME_SNAPSHOTS } from '#volumes/volumeSnapshot.ts'
import { reviewAccess } from './accessReview.ts'

interface Place { readonly namespace: string, readonly name: string }

/** Well below the API server's patience of 3 s: an answer that comes too late is none. In milliseconds. */
const READ_PATIENCE = 2_000

/** One object, or why it is not seen. */
export type SeenObject<T extends KubeObject> = { readonly state: 'seen', readonly object: T } | { readonly state: 'gone' } | { readonly state: 'forbidden' | 'stale' }

/**
 * Reads of the API server made for one review, and of nothing but it: no cache, no watch, the newest that it has. They go on
 * at the same time and end together; what is not there by then counts as not up to date.
 */
export function createFreshReads(client: KubeClient, patience = READ_PATIENCE) {
  const signal = AbortSignal.timeout(patience)
  // One for each read.
  setMaxListeners(0, signal)
  const late = new Promise<never>((_done, fail) => signal.addEventListener('abort', () => fail(new Error(`no answer within ${patience} ms`))))
  late.catch(() => undefined)
  // Credentials may be what takes so long, and they know no signal.
  const inTime = <T>(read: Promise<T>): Promise<T> => {
    read.catch(() => undefined)
    return Promise.race([read, late])
  }

  async function see<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<Seen<T>> {
    try {
      const { items } = await inTime(client.list(resource, { ...(namespace !== undefined && { namespace }), signal }))
      return { objects: items, state: 'live' }
    }
    catch (thrown) {
      return { objects: [], unread: true, state: stateOf(thrown) }
    }
  }

  async function find<T extends KubeObject>(resource: Resource<T>, at: Place): Promise<SeenObject<T>> {
    try {
      return { state: 'seen', object: await inTime(client.get(resource, at, { signal })) }
    }
    catch (thrown) {
      const state = stateOf(thrown)
      return { state: state === 'absent' ? 'gone' : state }
    }
  }

  /** All that an export of that claim is judged by, but for the claim and what Longhorn has of it. Images may be made of it in any namespace. */
  async function around({ namespace }: Place): Promise<Omit<ExportWorld, 'claim' | 'longhornVolumes'>> {
    const [vms, vmis, pods, attachments, nodes, images, dataVolumes, snapshots, backups, restores, vmExports, claims] = await Promise.all([
      see(VMS, namespace), see(VMIS, namespace), see(PODS, namespace), see(VOLUME_ATTACHMENTS), see(NODES), see(IMAGES),
      see(DATA_VOLUMES, namespace), see(VOLUME_SNAPSHOTS, namespace), see(VM_BACKUPS, namespace), see(VM_RESTORES, namespace), see(VM_EXPORTS, namespace), see(CLAIMS, namespace),
    ])
    return { vms, vmis, pods, attachments, nodes, images, dataVolumes, snapshots, backups, restores, vmExports, claims }
  }

  /** Longhorn's own volume of that claim. No such volume, or no such kind: there is none. */
  async function longhornVolume({ spec }: PersistentVolumeClaim): Promise<ExportWorld['longhornVolumes']> {
    const found = await find(LONGHORN_VOLUMES, { namespace: LONGHORN_NAMESPACE, name: spec?.volumeName ?? '-' })
    switch (found.state) {
      case 'seen': return { objects: [found.object], state: 'live' }
      case 'gone': return { objects: [], state: 'live' }
      default: return { objects: [], unread: true, state: found.state }
    }
  }

  /** Whether somebody may read that claim; undefined where the cluster does not say. */
  async function mayRead(who: Requester, { namespace, name }: Place): Promise<boolean | undefined> {
    const review = reviewAccess(client, who, { verb: 'get', resource: CLAIMS, where: { namespace } }, { name, signal })
    return inTime(review).then(answer => answer?.allowed === true, () => undefined)
  }

  return { see, find, around, longhornVolume, mayRead }
}

function stateOf(thrown: unknown): 'forbidden' | 'absent' | 'stale' {
  const { status } = toApiError(thrown)
  return status === 403 ? 'forbidden' : status === 404 ? 'absent' : 'stale'
}

export type FreshReads = ReturnType<typeof createFreshReads>
