import type { KindVersion } from './kind.ts'
import type { ResourceName } from './status.ts'
import { qualifiedResource } from './status.ts'
import { CLAIMS, STORAGE_CLASSES, VOLUME_ATTACHMENTS, VOLUMES } from './strategies/claims.ts'
import { CONFIG_MAPS, SECRETS } from './strategies/configuration.ts'
import { BINDINGS, DEFINITIONS, NAMESPACES, NODES, SERVICES } from './strategies/platform.ts'
import { PODS } from './strategies/pods.ts'
import type { Strategy } from './strategies/strategy.ts'

// In what single built-in kinds differ, after pkg/registry of Kubernetes 1.34.

const RETURN_DELETED = new Set([
  'csidrivers.storage.k8s.io', 'storageclasses.storage.k8s.io', 'volumeattachments.storage.k8s.io', 'csinodes.storage.k8s.io',
  'resourcequotas', 'persistentvolumes', 'serviceaccounts', 'persistentvolumeclaims', 'namespaces', 'pods', 'services', 'podtemplates',
])
const NEEDS_VERSION = new Set(['poddisruptionbudgets.policy', 'csidrivers.storage.k8s.io', 'volumeattachments.storage.k8s.io', 'csinodes.storage.k8s.io', 'leases.coordination.k8s.io'])
const CREATE_ON_UPDATE = new Set([
  'rolebindings.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io', 'roles.rbac.authorization.k8s.io', 'clusterroles.rbac.authorization.k8s.io',
  'leases.coordination.k8s.io', 'limitranges', 'events', 'services', 'endpoints',
])
const GENERATION = new Set([
  'deployments.apps', 'daemonsets.apps', 'statefulsets.apps', 'replicasets.apps', 'jobs.batch', 'cronjobs.batch', 'pods', 'poddisruptionbudgets.policy',
  'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io', 'priorityclasses.scheduling.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io', 'mutatingwebhookconfigurations.admissionregistration.k8s.io', 'validatingwebhookconfigurations.admissionregistration.k8s.io',
])

/** True where a deletion answers the object, not a Status. */
export function returnsDeleted(resource: ResourceName): boolean {
  return RETURN_DELETED.has(qualifiedResource(resource))
}

/** True where an update must name the resourceVersion that it was made from: all custom resources, few built-ins. */
export function needsVersion(kind: KindVersion): boolean {
  return !kind.builtIn || NEEDS_VERSION.has(qualifiedResource(kind))
}

/** True where PUT on a missing name creates. */
export function createsOnUpdate(kind: KindVersion): boolean {
  return kind.builtIn && CREATE_ON_UPDATE.has(qualifiedResource(kind))
}

/** True where the kind counts its generations. */
export function countsGenerations(kind: KindVersion): boolean {
  return !kind.builtIn || GENERATION.has(qualifiedResource(kind))
}

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  'namespaces': NAMESPACES,
  'nodes': NODES,
  'pods': PODS,
  'services': SERVICES,
  'configmaps': CONFIG_MAPS,
  'secrets': SECRETS,
  'persistentvolumeclaims': CLAIMS,
  'persistentvolumes': VOLUMES,
  'storageclasses.storage.k8s.io': STORAGE_CLASSES,
  'volumeattachments.storage.k8s.io': VOLUME_ATTACHMENTS,
  'rolebindings.rbac.authorization.k8s.io': BINDINGS,
  'clusterrolebindings.rbac.authorization.k8s.io': BINDINGS,
  'customresourcedefinitions.apiextensions.k8s.io': DEFINITIONS,
}

/** What a kind does differently on a write; nothing for custom resources and most built-ins. */
export function strategyOf(kind: KindVersion): Strategy {
  return (kind.builtIn ? STRATEGIES[qualifiedResource(kind)] : undefined) ?? {}
}
