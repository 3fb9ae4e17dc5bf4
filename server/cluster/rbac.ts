import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'

export interface User { readonly name: string, readonly uid?: string, readonly groups: readonly string[] }

interface ResourceAttributes { readonly verb: string, readonly group: string, readonly resource: string, readonly subresource?: string, readonly namespace?: string, readonly name?: string }

/** What is asked for: a resource, or a path outside the API (`/version`). `resource` is the plural, without the subresource. */
export type Attributes = ResourceAttributes | { readonly verb: string, readonly path: string }

/** The RBAC objects in force, as stored. */
export interface Policy {
  readonly clusterRoles: readonly JsonObject[]
  readonly clusterRoleBindings: readonly JsonObject[]
  readonly roles: readonly JsonObject[]
  readonly roleBindings: readonly JsonObject[]
}

export interface Decision { readonly allowed: boolean, readonly reason: string }

/** Decides as Kubernetes' RBAC authorizer: who is in `system:masters` may all, else any rule that matches allows. `reason` as upstream words it, empty when nothing matched. */
export function authorize(user: User, attributes: Attributes, policy: Policy): Decision {
  if (user.groups.includes('system:masters')) return { allowed: true, reason: '' }
  const namespace = 'path' in attributes ? '' : attributes.namespace ?? ''
  const grants = grantsOf(user, namespace, policy)
  for (const { rules, source } of grants) {
    if (rules?.some(rule => allows(rule, attributes))) return { allowed: true, reason: `RBAC: allowed by ${source}` }
  }
  const missing = [...new Set(grants.filter(({ rules }) => !rules).map(({ missingRole }) => missingRole))]
  if (missing.length === 0) return { allowed: false, reason: '' }
  return { allowed: false, reason: `RBAC: ${missing.length === 1 ? missing[0] : `[${missing.join(', ')}]`}` }
}

/** Message of the 403: `pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "n"`, and the authorizer's reason where it gave one. */
export function forbiddenMessage(user: User, attributes: Attributes, reason = ''): string {
  const because = reason ? `: ${reason}` : ''
  if ('path' in attributes) return `forbidden: User ${JSON.stringify(user.name)} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${because}`
  const { verb, group, resource, subresource, namespace, name } = attributes
  const object = `${resource}${group ? `.${group}` : ''}${name ? ` ${JSON.stringify(name)}` : ''}`
  const scope = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  return `${object} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} resource "${resource}${subresource ? `/${subresource}` : ''}" in API group "${group}" ${scope}${because}`
}

export interface ResourceRule { readonly verbs: string[], readonly apiGroups: string[], readonly resources: string[], readonly resourceNames?: string[] }
export interface NonResourceRule { readonly verbs: string[], readonly nonResourceURLs: string[] }

/** The rules that apply to a user in a namespace, for a SelfSubjectRulesReview. */
export function rulesFor(user: User, namespace: string, policy: Policy): { resourceRules: ResourceRule[], nonResourceRules: NonResourceRule[] } {
  const all: Rule[] = user.groups.includes('system:masters') ? [ANY_RESOURCE, ANY_PATH] : []
  const rules = [...all, ...grantsOf(user, namespace, policy).flatMap(({ rules }) => rules ?? [])]
  return {
    resourceRules: rules.filter(rule => rule.resources.length > 0).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames.length > 0 ? { resourceNames } : {}) })),
    nonResourceRules: rules.filter(rule => rule.nonResourceURLs.length > 0).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
  }
}

interface Rule { readonly verbs: string[], readonly apiGroups: string[], readonly resources: string[], readonly resourceNames: string[], readonly nonResourceURLs: string[] }

const ANY_RESOURCE: Rule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] }
const ANY_PATH: Rule = { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] }

/** What one binding gives: its rules, or the role that is missing; `source` describes the binding. */
interface Grant { readonly source: string, readonly rules?: Rule[], readonly missingRole?: string }

function grantsOf(user: User, namespace: string, policy: Policy): Grant[] {
  const bindings = [
    ...policy.clusterRoleBindings.map(binding => ({ binding, kind: 'ClusterRoleBinding', in: '' })),
    ...(namespace ? policy.roleBindings.filter(binding => textAt(binding, 'metadata.namespace') === namespace).map(binding => ({ binding, kind: 'RoleBinding', in: namespace })) : []),
  ]
  return bindings.flatMap(({ binding, kind, in: home }) => {
    const subject = objects(binding.subjects).find(candidate => isSubject(user, candidate, home))
    if (!subject) return []
    const roleKind = textAt(binding, 'roleRef.kind')
    const role = textAt(binding, 'roleRef.name')
    const name = textAt(binding, 'metadata.name')
    const source = `${kind} ${JSON.stringify(home ? `${name}/${home}` : name)} of ${roleKind} ${JSON.stringify(role)} to ${describe(subject, home)}`
    const found = findRole(policy, roleKind, role, home)
    return [found ? { source, rules: objects(found.rules).map(readRule) } : { source, missingRole: `${roleKind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(role)} not found` }]
  })
}

function findRole(policy: Policy, kind: string, name: string, namespace: string): JsonObject | undefined {
  const roles = kind === 'ClusterRole' ? policy.clusterRoles : policy.roles.filter(role => textAt(role, 'metadata.namespace') === namespace)
  return roles.find(role => textAt(role, 'metadata.name') === name)
}

function isSubject(user: User, subject: JsonObject, home: string): boolean {
  const name = textAt(subject, 'name')
  switch (textAt(subject, 'kind')) {
    case 'User': return user.name === name
    case 'Group': return user.groups.includes(name)
    case 'ServiceAccount': return user.name === `system:serviceaccount:${textAt(subject, 'namespace') || home}:${name}`
    default: return false
  }
}

function describe(subject: JsonObject, home: string): string {
  const kind = textAt(subject, 'kind')
  const name = textAt(subject, 'name')
  return `${kind} ${JSON.stringify(kind === 'ServiceAccount' ? `${name}/${textAt(subject, 'namespace') || home}` : name)}`
}

function allows(rule: Rule, attributes: Attributes): boolean {
  if (!matches(rule.verbs, attributes.verb)) return false
  if ('path' in attributes) return rule.nonResourceURLs.some(url => url === attributes.path || (url.endsWith('*') && attributes.path.startsWith(url.replace(/\*+$/, ''))))
  const { group, resource, subresource, name = '' } = attributes
  const asked = subresource ? [`${resource}/${subresource}`, `*/${subresource}`] : [resource]
  return matches(rule.apiGroups, group)
    && (rule.resources.includes('*') || asked.some(candidate => rule.resources.includes(candidate)))
    && (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
}

function matches(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked)
}

function readRule(rule: JsonObject): Rule {
  return { verbs: strings(rule.verbs), apiGroups: strings(rule.apiGroups), resources: strings(rule.resources), resourceNames: strings(rule.resourceNames), nonResourceURLs: strings(rule.nonResourceURLs) }
}

function textAt(object: JsonObject, path: string): string {
  const value = fieldAt(object, path)
  return typeof value === 'string' ? value : ''
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function strings(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
