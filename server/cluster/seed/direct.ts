import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Call, Cluster } from '../cluster.ts'
import type { JsonObject } from '../json.ts'
import type { KindVersion } from '../kind.ts'
import { createObject, patchObject } from '../writing.ts'
import { resourceOf } from '../admission.ts'
import { storeKey } from '../objects.ts'
import type { SeedWriter } from './seed.ts'

const SYSTEM: Call = { user: { name: 'admin', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }

/** Writes as the API does, with all of its admission, but without the wire: a start must not wait for eight hundred requests. Throws StatusErrors. */
export function directWriter(cluster: Cluster): SeedWriter {
  const served = (kind: Resource): KindVersion => {
    const found = cluster.registry.find(kind.group, kind.version, kind.plural)
    if (!found)
      throw new Error(`${kind.plural} ${kind.group} is not served`)
    return found
  }
  const stored = (kind: Resource, at: { readonly namespace?: string, readonly name: string }): JsonObject | undefined =>
    cluster.store.of(resourceOf(served(kind))).get(storeKey(at.namespace ?? '', at.name))?.object
  return {
    create: (kind, manifest) => {
      const { namespace = '', name = '' } = manifest.metadata
      return (stored(kind, { namespace, name }) ?? createObject(cluster, served(kind), namespace, manifest as unknown as JsonObject, SYSTEM).object) as unknown as KubeObject
    },
    patchStatus: (kind, { namespace = '', name }, status, part) =>
      patchObject(cluster, served(kind), { namespace, name }, part, 'application/merge-patch+json', { status: status as JsonObject }, SYSTEM).object as unknown as KubeObject,
  }
}
