import type { Cluster } from './cluster.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { timestamp } from './metadata.ts'
import type { Attributes, User } from './rbac.ts'
import { authorize, rulesFor } from './rbac.ts'
import { badRequest, StatusError } from './status.ts'

// Kinds that are questions: they are answered in the response to their creation and never stored.

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** What a review asks about, or 422 when it asks about both a resource and a path, or about neither. */
function questionOf(spec: JsonObject): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  if (isObject(resource) && !isObject(path)) {
    return {
      verb: text(resource['verb']), group: text(resource['group']), resource: text(resource['resource']), subresource: text(resource['subresource']),
      namespace: text(resource['namespace']), name: text(resource['name']),
    }
  }
  if (isObject(path) && !isObject(resource)) return { verb: text(path['verb']), path: text(path['path']) }
  const both = isObject(path)
  const field = both ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes'
  const message = both
    ? 'Invalid value: "": cannot be specified in combination with resourceAttributes'
    : 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified'
  throw new StatusError(422, 'Invalid', `.authorization.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'authorization.k8s.io', causes: [{ reason: 'FieldValueInvalid', message, field }],
  })
}

/** Decides for a user; administrators may all, whatever the rules say. */
export function decide(cluster: Cluster, user: User, attributes: Attributes): { allowed: boolean, reason: string } {
  if (user.groups.includes('system:masters')) return { allowed: true, reason: '' }
  return authorize(user, attributes, cluster.policy())
}

function accessStatus(cluster: Cluster, user: User, spec: JsonObject): JsonObject {
  const { allowed, reason } = decide(cluster, user, questionOf(spec))
  return { allowed, ...(reason ? { reason } : {}) }
}

function otherUser(spec: JsonObject): User {
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(String) : []
  const name = text(spec['user'])
  if (!name && !groups.length) {
    const message = 'Invalid value: "": at least one of user or group must be specified'
    throw new StatusError(422, 'Invalid', `.authorization.k8s.io "" is invalid: spec.user: ${message}`, {
      group: 'authorization.k8s.io', causes: [{ reason: 'FieldValueInvalid', message, field: 'spec.user' }],
    })
  }
  return { name, groups }
}

function rulesStatus(cluster: Cluster, user: User, spec: JsonObject): JsonObject {
  const namespace = text(spec['namespace'])
  if (!namespace) throw badRequest('no namespace on request')
  const { resourceRules, nonResourceRules } = rulesFor(user, namespace, cluster.policy())
  return {
    resourceRules: resourceRules.map(rule => ({ ...rule })),
    nonResourceRules: nonResourceRules.map(rule => ({ ...rule })),
    incomplete: false,
  }
}

function whoIs(user: User): JsonObject {
  return { userInfo: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: [...user.groups] } }
}

/** True where a kind is a question that is answered and not kept. */
export function isReview(kind: KindVersion): boolean {
  return kind.builtIn && (kind.group === 'authorization.k8s.io' || kind.group === 'authentication.k8s.io')
}

/** Answers a question. Throws 400 or 422 when it is not one. */
export function answerReview(cluster: Cluster, kind: KindVersion, user: User, namespace: string, sent: JsonObject): JsonObject {
  const spec = isObject(sent['spec']) ? sent['spec'] : {}
  const base: JsonObject = { kind: kind.kind, apiVersion: `${kind.group}/${kind.version}`, metadata: isObject(sent['metadata']) ? sent['metadata'] : {} }
  switch (kind.plural) {
    case 'selfsubjectreviews': return { ...base, metadata: { creationTimestamp: timestamp(cluster.now()) }, status: whoIs(user) }
    case 'selfsubjectaccessreviews': return { ...base, spec, status: accessStatus(cluster, user, spec) }
    case 'selfsubjectrulesreviews': return { ...base, spec: {}, status: rulesStatus(cluster, user, spec) }
    case 'subjectaccessreviews': return { ...base, spec, status: accessStatus(cluster, otherUser(spec), spec) }
    case 'localsubjectaccessreviews': {
      const asked = text(fieldAt(spec, 'resourceAttributes.namespace'))
      if (asked !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
      return { ...base, spec, status: accessStatus(cluster, otherUser(spec), spec) }
    }
    default: throw badRequest(`${kind.plural} are not reviewed here`)
  }
}
