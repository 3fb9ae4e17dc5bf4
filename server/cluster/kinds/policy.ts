import type { JsonObject } from '../json.ts'

// The roles that a Harvester cluster brings, as far as their kinds are served, and what the demonstration's two groups may do.
// Roles: kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy, kubevirt pkg/virt-operator/resource/generate/rbac,
// CDI pkg/operator/resources/cluster. They stand side by side instead of being put together by label.

type Rule = Readonly<Record<string, readonly string[]>>

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']
const VM_NAMESPACES = ['production', 'staging', 'lab']

const on = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({ apiGroups: [group], resources, verbs })
const paths = (nonResourceURLs: readonly string[], verbs: readonly string[]): Rule => ({ nonResourceURLs, verbs })

const CORE_OPEN = ['configmaps', 'persistentvolumeclaims', 'pods', 'pods/log', 'pods/status', 'serviceaccounts', 'services']
const VIRTUAL = ['virtualmachines', 'virtualmachineinstances']
const MIGRATIONS = ['virtualmachineinstancemigrations']
const IMAGES = ['virtualmachineimages', 'virtualmachinetemplates', 'virtualmachinetemplateversions', 'keypairs', 'virtualmachinebackups', 'virtualmachinerestores']
const CDI = ['datavolumes', 'datasources']
const POWER = [
  ...['start', 'stop', 'restart', 'addvolume', 'removevolume'].map(act => `virtualmachines/${act}`),
  ...['pause', 'unpause', 'softreboot', 'addvolume', 'removevolume'].map(act => `virtualmachineinstances/${act}`),
]
const API_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/']

const viewRules: Rule[] = [
  on('', [...CORE_OPEN, 'events', 'limitranges', 'namespaces', 'resourcequotas'], READ),
  on('coordination.k8s.io', ['leases'], READ),
  on('k8s.cni.cncf.io', ['network-attachment-definitions'], READ),
  on('snapshot.storage.k8s.io', ['volumesnapshots'], READ),
]
const kubevirtView = on('kubevirt.io', [...VIRTUAL, ...MIGRATIONS], READ)
const EXPORTS = ['virtualmachineexports']

const ROLES: Readonly<Record<string, readonly Rule[]>> = {
  'cluster-admin': [on('*', ['*'], ['*']), paths(['*'], ['*'])],
  'admin': [...viewRules, on('', [...CORE_OPEN, 'secrets'], [...READ, ...WRITE]), on('rbac.authorization.k8s.io', ['roles', 'rolebindings'], [...READ, ...WRITE]), on('authorization.k8s.io', ['localsubjectaccessreviews'], ['create'])],
  'edit': [...viewRules, on('', ['secrets'], READ), on('', ['configmaps', 'persistentvolumeclaims', 'pods', 'secrets', 'serviceaccounts', 'services'], WRITE), on('snapshot.storage.k8s.io', ['volumesnapshots'], WRITE)],
  'view': viewRules,
  'system:basic-user': [on('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']), on('authentication.k8s.io', ['selfsubjectreviews'], ['create'])],
  'system:discovery': [paths(API_PATHS, ['get'])],
  'system:public-info-viewer': [paths(['/healthz', '/livez', '/readyz', '/version', '/version/'], ['get'])],
  'kubevirt.io:admin': [on('kubevirt.io', VIRTUAL, [...READ, ...WRITE]), on('export.kubevirt.io', EXPORTS, [...READ, ...WRITE]), on('kubevirt.io', MIGRATIONS, READ), on('subresources.kubevirt.io', POWER, ['update'])],
  'kubevirt.io:edit': [on('kubevirt.io', VIRTUAL, [...READ, ...WRITE]), on('export.kubevirt.io', EXPORTS, [...READ, ...WRITE]), on('kubevirt.io', MIGRATIONS, READ), on('subresources.kubevirt.io', POWER, ['update'])],
  'kubevirt.io:view': [kubevirtView, on('export.kubevirt.io', EXPORTS, READ)],
  'kubevirt.io:migrate': [on('subresources.kubevirt.io', ['virtualmachines/migrate'], ['update']), on('kubevirt.io', MIGRATIONS, [...READ, ...WRITE])],
  'cdi.kubevirt.io:edit': [on('cdi.kubevirt.io', CDI, [...READ, ...WRITE])],
  'cdi.kubevirt.io:view': [on('cdi.kubevirt.io', CDI, READ)],
  'harvesterhci.io:edit': [on('harvesterhci.io', IMAGES, [...READ, ...WRITE])],
  'harvesterhci.io:view': [on('harvesterhci.io', IMAGES, READ)],
  // Where the mirror is, for everybody (tour.ts).
  'guardrails:tour': [{ ...on('', ['configmaps'], ['get']), resourceNames: ['guardrails-tour'] }],
  // What a form must look up, cluster-wide: not nodes, not attachments, nothing of Longhorn.
  'ops-editors:lookup': [on('', ['namespaces'], READ), on('storage.k8s.io', ['storageclasses'], READ)],
  // Everything that can be read, but secrets. RBAC knows no exception, so the rest is listed.
  'ops-viewers:read': [
    on('', ['configmaps', 'events', 'limitranges', 'namespaces', 'nodes', 'persistentvolumeclaims', 'persistentvolumes', 'pods', 'pods/log', 'resourcequotas', 'serviceaccounts', 'services'], READ),
    ...['apiextensions.k8s.io', 'cdi.kubevirt.io', 'coordination.k8s.io', 'export.kubevirt.io', 'harvesterhci.io', 'k8s.cni.cncf.io', 'kubevirt.io', 'longhorn.io', 'network.harvesterhci.io', 'rbac.authorization.k8s.io', 'snapshot.storage.k8s.io', 'storage.k8s.io']
      .map(group => on(group, ['*'], READ)),
  ],
}

const apiVersion = 'rbac.authorization.k8s.io/v1'
const apiGroup = 'rbac.authorization.k8s.io'
const bootstrapped = (name: string): JsonObject => /^(system:|cluster-admin$|admin$|edit$|view$)/.test(name) ? { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } } : {}
const group = (name: string) => [{ kind: 'Group', apiGroup, name }]
const clusterRole = (name: string) => ({ apiGroup, kind: 'ClusterRole', name })

function bind(name: string, role: string, ...to: string[]): JsonObject {
  return { apiVersion, kind: 'ClusterRoleBinding', metadata: { name, ...bootstrapped(name) }, roleRef: clusterRole(role), subjects: to.flatMap(group) }
}

function bindIn(namespace: string, role: string, to: string): JsonObject {
  return { apiVersion, kind: 'RoleBinding', metadata: { name: `${to}:${role}`, namespace }, roleRef: clusterRole(role), subjects: group(to) }
}

/** The RBAC objects that a fresh cluster has: roles, bindings of the demonstration's groups. Its namespaces must be there first. */
export const DEFAULT_POLICY: readonly JsonObject[] = [
  ...Object.entries(ROLES).map(([name, rules]) => ({ apiVersion, kind: 'ClusterRole', metadata: { name, ...bootstrapped(name) }, rules: structuredClone(rules) }) as unknown as JsonObject),
  bind('cluster-admin', 'cluster-admin', 'system:masters'),
  bind('system:basic-user', 'system:basic-user', 'system:authenticated'),
  bind('system:discovery', 'system:discovery', 'system:authenticated'),
  bind('system:public-info-viewer', 'system:public-info-viewer', 'system:authenticated', 'system:unauthenticated'),
  bind('ops-editors:lookup', 'ops-editors:lookup', 'ops-editors'),
  bind('ops-viewers:read', 'ops-viewers:read', 'ops-viewers'),
  bindIn('default', 'guardrails:tour', 'system:authenticated'),
  ...VM_NAMESPACES.flatMap(namespace => ['edit', 'kubevirt.io:edit', 'cdi.kubevirt.io:edit', 'harvesterhci.io:edit'].map(role => bindIn(namespace, role, 'ops-editors'))),
]
