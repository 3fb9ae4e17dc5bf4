import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { KubeClient } from '#kube/client.ts'
import { createAccess } from './access.ts'
import { createCollectionCache } from './collectionCache.ts'
import type { CacheOptions } from './collectionCache.ts'
import { createFrameSchedule } from './frame.ts'
import { wakeWithPage } from './pageWake.ts'
import type { Connection, ProxyStore } from './proxyStore.ts'
import { isUnwatched } from '#kube/seen.ts'
import { statusOf } from './sourceStatus.ts'

/** Whose fields these are, in the objects' managedFields. */
const FIELD_MANAGER = 'harvester-guardrails'

const ALL: ReadonlySet<string> = new Set()

let made = 0

/** A Pinia store for one client, for the host to provide; specs bring their own frames. */
export function defineProxyStore(client: KubeClient, own: Partial<CacheOptions> = {}): () => ProxyStore {
  const options: CacheOptions = { client, schedule: createFrameSchedule(), wake: wakeWithPage, ...own }
  return defineStore(`proxy-${++made}`, () => {
    const cache = createCollectionCache(options)
    const connection = computed<Connection>(before => {
      const all = cache.sources().map(source => statusOf(source.status.value, ALL))
      const stale = all.filter(status => status.state === 'stale' && !isUnwatched(status)).sort((one, other) => one.since - other.since)[0]
      if (stale)
        return { state: 'stale', since: stale.since, error: stale.error }
      const answered = all.find(status => status.state !== 'loading')
      const next = answered ? 'live' : before?.state ?? 'loading'
      return before?.state === next ? before : { state: next, since: Date.now() }
    })
    const by = { fieldManager: FIELD_MANAGER }
    const { get, list, remove, call, upload, time } = client
    const create: KubeClient['create'] = (resource, manifest, write) => client.create(resource, manifest, { ...by, ...write })
    const replace: KubeClient['replace'] = (resource, object, write) => client.replace(resource, object, { ...by, ...write })
    const patch: KubeClient['patch'] = (resource, at, change, write) => client.patch(resource, at, change, { ...by, ...write })
    return { collection: cache.collection, can: createAccess(client), connection, get, list, create, replace, patch, remove, call, upload, time }
  })
}
