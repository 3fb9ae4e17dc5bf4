import { resourceOf } from './admission.ts'
import type { Call, Cluster } from './cluster.ts'
import type { ConfigMap } from './controllers/kinds.ts'
import { CONFIG_MAPS } from './controllers/kinds.ts'
import { TOUR, daysAheadIn } from './controllers/mirrorSight.ts'
import type { KindVersion } from './kind.ts'
import { storeKey } from './objects.ts'
import { createObject, patchObject } from './writing.ts'

const SYSTEM: Call = { user: { name: 'admin', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }

function servedMaps(cluster: Cluster): KindVersion {
  const kind = cluster.registry.find(CONFIG_MAPS.group, CONFIG_MAPS.version, CONFIG_MAPS.plural)
  if (!kind)
    throw new Error('ConfigMaps are not served')
  return kind
}

function mapOf(cluster: Cluster): ConfigMap | undefined {
  return cluster.store.of(resourceOf(servedMaps(cluster))).get(storeKey(TOUR.namespace, TOUR.name))?.object as ConfigMap | undefined
}

/** Days by which the mirror is ahead of the calendar for a reader, as the cluster says now. */
export function daysAhead(cluster: Cluster, reader: string): number {
  return daysAheadIn(mapOf(cluster), reader)
}

/** Tells in the cluster where the mirror is; the day that it has come to stays. */
export function tellMirror(cluster: Cluster, mirror: string): void {
  const kind = servedMaps(cluster)
  if (mapOf(cluster))
    patchObject(cluster, kind, TOUR, 'object', 'application/merge-patch+json', { data: { mirror } }, SYSTEM)
  else
    createObject(cluster, kind, TOUR.namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...TOUR }, data: { mirror, daysAhead: '0' } }, SYSTEM)
}
