import type { JsonObject } from './json.ts'

export interface User { readonly name: string, readonly uid?: string, readonly groups: readonly string[] }

/** What is asked for: a resource, or a path outside the API (`/version`). `resource` is the plural, without the subresource. */
export type Attributes
  = | { readonly verb: string, readonly group: string, readonly resource: string, readonly subresource?: string, readonly namespace?: string, readonly name?: string }
    | { readonly verb: string, readonly path: string }

/** The RBAC objects in force, as stored. */
export interface Policy {
  readonly clusterRoles: readonly JsonObject[]
  readonly clusterRoleBindings: readonly JsonObject[]
  readonly roles: readonly JsonObject[]
  readonly roleBindings: readonly JsonObject[]
}

/** Decides as Kubernetes' RBAC authorizer: who is in `system:masters` may all, else any rule that matches allows. `reason` as upstream words it, empty when nothing matched. */
export function authorize(user: User, attributes: Attributes, policy: Policy): { allowed: boolean, reason: string } {
  void user
  void attributes
  void policy
  return { allowed: false, reason: '' }
}

/** Message of the 403: `pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "n"`. */
export function forbiddenMessage(user: User, attributes: Attributes): string {
  void user
  void attributes
  return ''
}

export interface ResourceRule { readonly verbs: string[], readonly apiGroups: string[], readonly resources: string[], readonly resourceNames?: string[] }
export interface NonResourceRule { readonly verbs: string[], readonly nonResourceURLs: string[] }

/** The rules that apply to a user in a namespace, for a SelfSubjectRulesReview. */
export function rulesFor(user: User, namespace: string, policy: Policy): { resourceRules: ResourceRule[], nonResourceRules: NonResourceRule[] } {
  void user
  void namespace
  void policy
  return { resourceRules: [], nonResourceRules: [] }
}
