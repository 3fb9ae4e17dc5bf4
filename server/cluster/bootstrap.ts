import { resourceOf } from './admission.ts'
import type { Call, Cluster } from './cluster.ts'
import type { JsonObject } from './json.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { DEFAULT_POLICY } from './kinds/policy.ts'
import { metaText } from './metadata.ts'
import { storeKey } from './objects.ts'
import { createObject } from './writing.ts'

const SYSTEM: Call = { user: { name: 'system:apiserver', groups: ['system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }
const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** Creates what every cluster of ours has from the start and is missing: system namespaces, RBAC, the CustomResourceDefinitions. */
export function furnish(cluster: Cluster): void {
  const namespaces = new Set([...NAMESPACES, ...DEFAULT_POLICY.map(manifest => metaText(manifest, 'namespace')).filter(Boolean)])
  const manifests: readonly JsonObject[] = [
    ...[...namespaces].map((name): JsonObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...DEFAULT_POLICY,
    ...CUSTOM_RESOURCE_DEFINITIONS,
  ]
  for (const manifest of manifests) {
    const kind = cluster.registry.byKind(String(manifest['apiVersion']), String(manifest['kind']))
    const namespace = metaText(manifest, 'namespace')
    if (kind && !cluster.store.of(resourceOf(kind)).get(storeKey(namespace, metaText(manifest, 'name')))) createObject(cluster, kind, namespace, manifest, SYSTEM)
  }
}
