import { resourceOf } from './admission.ts'
import type { Cluster } from './cluster.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { metaText } from './metadata.ts'
import { storeKey } from './objects.ts'
import type { User } from './rbac.ts'
import { decide } from './reviews.ts'
import { forbidden, notFound } from './status.ts'

const GROUP = 'rbac.authorization.k8s.io'

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function quoted(list: readonly string[]): string {
  return `[${list.map(text => JSON.stringify(text)).join(' ')}]`
}

/** What of a rule a user does not hold himself, a line for each resource, as the real server prints it. */
function missingOf(cluster: Cluster, user: User, namespace: string, rule: JsonObject): string[] {
  const verbs = texts(rule['verbs'])
  const paths = texts(rule['nonResourceURLs']).flatMap(path => {
    const missing = verbs.filter(verb => !decide(cluster, user, { verb, path }).allowed)
    return missing.length ? [`{NonResourceURLs:[${JSON.stringify(path)}], Verbs:${quoted(missing)}}`] : []
  })
  const names = texts(rule['resourceNames'])
  const resources = texts(rule['apiGroups']).flatMap(group => texts(rule['resources']).flatMap(whole => {
    const [resource = '', subresource = ''] = whole.split('/')
    const holds = (verb: string, name: string) => decide(cluster, user, { verb, group, resource, ...(subresource ? { subresource } : {}), ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) }).allowed
    const missing = verbs.filter(verb => !(names.length ? names.every(name => holds(verb, name)) : holds(verb, '')))
    const named = names.length ? `, ResourceNames:${quoted(names)}` : ''
    return missing.length ? [`{APIGroups:[${JSON.stringify(group)}], Resources:[${JSON.stringify(whole)}]${named}, Verbs:${quoted(missing)}}`] : []
  }))
  return [...resources, ...paths]
}

/** The rules that a role gives, or that a binding hands on. Throws 404 where the bound role is missing. */
function grantedBy(cluster: Cluster, kind: KindVersion, namespace: string, object: JsonObject): JsonObject[] {
  if (!kind.plural.endsWith('bindings')) return Array.isArray(object['rules']) ? object['rules'].filter(isObject) : []
  const plural = fieldAt(object, 'roleRef.kind') === 'Role' ? 'roles' : 'clusterroles'
  const name = String(fieldAt(object, 'roleRef.name') ?? '')
  const role = cluster.store.of(resourceOf({ group: GROUP, plural })).get(storeKey(plural === 'roles' ? namespace : '', name))
  if (!role) throw notFound({ group: GROUP, plural }, name)
  return Array.isArray(role.object['rules']) ? role.object['rules'].filter(isObject) : []
}

/** Keeps a user from giving away permissions that he does not hold (pkg/registry/rbac policybased storage). Throws 403. */
export function checkEscalation(cluster: Cluster, kind: KindVersion, object: JsonObject, user: User): void {
  if (!kind.builtIn || kind.group !== GROUP || user.groups.includes('system:masters')) return
  const namespace = metaText(object, 'namespace')
  const name = metaText(object, 'name')
  const isBinding = kind.plural.endsWith('bindings')
  const bound = String(fieldAt(object, 'roleRef.name') ?? '')
  const boundPlural = fieldAt(object, 'roleRef.kind') === 'Role' ? 'roles' : 'clusterroles'
  const exempt = isBinding
    ? { verb: 'bind', group: GROUP, resource: boundPlural, name: bound }
    : { verb: 'escalate', group: GROUP, resource: kind.plural, name }
  if (decide(cluster, user, { ...exempt, ...(namespace ? { namespace } : {}) }).allowed) return
  const missing = grantedBy(cluster, kind, namespace, object).flatMap(rule => missingOf(cluster, user, namespace, rule))
  if (!missing.length) return
  throw forbidden(kind, name, `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${missing.join('\n')}`)
}
