import type { ApiError } from '#kube/apiError.ts'
import type { Resource } from '#kube/resource.ts'
import { qualifiedName } from '#kube/resource.ts'

/** Who brings the CRDs of a group; the words are `sdk.collection.owners.<owner>`. */
export type CrdOwner = 'harvester' | 'network' | 'kubevirt' | 'cdi' | 'longhorn' | 'multus' | 'snapshot'

const OWNERS: Readonly<Record<string, CrdOwner>> = {
  'harvesterhci.io': 'harvester',
  'network.harvesterhci.io': 'network',
  'kubevirt.io': 'kubevirt',
  'subresources.kubevirt.io': 'kubevirt',
  'cdi.kubevirt.io': 'cdi',
  'longhorn.io': 'longhorn',
  'k8s.cni.cncf.io': 'multus',
  'snapshot.storage.k8s.io': 'snapshot',
}

/** Undefined for a group that none of them owns. */
export function ownerOf(resource: Pick<Resource, 'group'>): CrdOwner | undefined {
  return OWNERS[resource.group]
}

/** The words of RBAC for what was refused: `list pods in namespace lab`. The namespace is the one that the refusal names (k8s.io/apiserver, `ForbiddenStatus`). */
export function missingPermission(resource: Resource, error?: Pick<ApiError, 'message'>): string {
  const namespace = /in the namespace "([^"]+)"/.exec(error?.message ?? '')?.[1]
  const what = `list ${qualifiedName(resource)}`
  if (namespace)
    return `${what} in namespace ${namespace}`
  return resource.namespaced ? `${what} in all namespaces` : what
}
