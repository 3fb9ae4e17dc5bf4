import { checkCrd } from './crdCheck.ts'
import { defaultCrd, establishedStatus } from './crd.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { metadataOf } from './metadata.ts'
import type { ResourceName } from './status.ts'
import { qualifiedResource } from './status.ts'
import type { StatusCause } from './schema.ts'

// What single built-in kinds do differently on a write, after pkg/registry/*/strategy.go of Kubernetes 1.34.

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

function section(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}

function withFinalizer(object: JsonObject, finalizer: string): JsonObject {
  const metadata = metadataOf(object)
  const finalizers = Array.isArray(metadata['finalizers']) ? metadata['finalizers'] : []
  return finalizers.includes(finalizer) ? object : { ...object, metadata: { ...metadata, finalizers: [...finalizers, finalizer] } }
}

function withPhase(object: JsonObject, phase: string): JsonObject {
  return { ...object, status: { phase, ...section(object, 'status') } }
}

/** Go leaves empty maps out. */
function withoutEmptyMaps(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field, value]) => !['data', 'binaryData'].includes(field) || (isObject(value) && Object.keys(value).length > 0)))
}

/** A Secret's `stringData` is written only: it lands, encoded, in `data`. */
function encodeSecret(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object
  if (!isObject(stringData)) return object
  const encoded = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]))
  return { ...rest, data: { ...section(object, 'data'), ...encoded } }
}

const NO_EXECUTE: JsonValue[] = ['not-ready', 'unreachable'].map(key => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }))

function completeContainer(container: JsonValue): JsonValue {
  if (!isObject(container)) return container
  const image = String(container['image'] ?? '')
  const latest = !image.includes('@') && (!/:[^/]+$/.test(image) || image.endsWith(':latest'))
  return { resources: {}, imagePullPolicy: latest ? 'Always' : 'IfNotPresent', ...container }
}

function preparePod(object: JsonObject): JsonObject {
  const sent = section(object, 'spec')
  const containers: JsonObject = Array.isArray(sent['containers']) ? { containers: sent['containers'].map(completeContainer) } : {}
  const spec: JsonObject = { ...sent, ...containers }
  const tolerations = Array.isArray(spec['tolerations']) ? spec['tolerations'] : []
  const known = new Set(tolerations.filter(isObject).map(toleration => toleration['key']))
  const added = NO_EXECUTE.filter(toleration => isObject(toleration) && !known.has(toleration['key'] ?? null))
  return {
    ...object,
    spec: { priority: 0, preemptionPolicy: 'PreemptLowerPriority', ...spec, tolerations: [...tolerations, ...added] },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  }
}

function prepareNode(admitted: JsonObject, sent: JsonObject): JsonObject {
  // A node is the one kind whose status may come with its creation.
  const object = isObject(sent['status']) ? { ...admitted, status: sent['status'] } : admitted
  const spec = section(object, 'spec')
  const taints = Array.isArray(spec['taints']) ? spec['taints'] : []
  const notReady = 'node.kubernetes.io/not-ready'
  const ready = taints.some(taint => isObject(taint) && taint['key'] === notReady)
  return ready ? object : { ...object, spec: { ...spec, taints: [...taints, { key: notReady, effect: 'NoSchedule' }] } }
}

function prepareNamespace(object: JsonObject): JsonObject {
  const metadata = metadataOf(object)
  return {
    ...object,
    metadata: { ...metadata, labels: { ...section(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata['name'] ?? '' } },
    spec: { ...section(object, 'spec'), finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}

/** The finalizer under which the objects of a CustomResourceDefinition go before it does. */
export const CRD_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

/** A definition is served as soon as it is stored, and says so at once: here nobody has to wait for names to be accepted. */
function prepareDefinition(object: JsonObject, now: string): JsonObject {
  const complete = defaultCrd(object)
  return withFinalizer({ ...complete, status: establishedStatus(complete, now) }, CRD_CLEANUP)
}

/** A built-in as its strategy and the default admission plugins complete it on create, from the admitted object and the one that was sent. Custom resources come back as they are. */
export function prepareCreate(kind: KindVersion, object: JsonObject, sent: JsonObject, now: string): JsonObject {
  if (!kind.builtIn) return object
  switch (qualifiedResource(kind)) {
    case 'customresourcedefinitions.apiextensions.k8s.io': return prepareDefinition(object, now)
    case 'namespaces': return prepareNamespace(object)
    case 'nodes': return prepareNode(object, sent)
    case 'pods': return preparePod(object)
    case 'configmaps': return withoutEmptyMaps(object)
    case 'secrets': return withoutEmptyMaps(encodeSecret({ type: 'Opaque', ...object }))
    case 'persistentvolumeclaims': return withFinalizer(withPhase({ ...object, status: {} }, 'Pending'), 'kubernetes.io/pvc-protection')
    case 'persistentvolumes': return withFinalizer(withPhase({ ...object, status: {} }, 'Pending'), 'kubernetes.io/pv-protection')
    default: return object
  }
}

function updateDefinition(object: JsonObject, previous: JsonObject, now: string): JsonObject {
  const complete = defaultCrd(object)
  const { conditions, ...fresh } = establishedStatus({ ...complete, status: section(previous, 'status') }, now)
  return { ...complete, status: { conditions: section(previous, 'status')['conditions'] ?? conditions ?? [], ...fresh } }
}

/** The same on update. */
export function prepareUpdate(kind: KindVersion, object: JsonObject, previous: JsonObject, now: string): JsonObject {
  if (!kind.builtIn) return object
  switch (qualifiedResource(kind)) {
    case 'customresourcedefinitions.apiextensions.k8s.io': return updateDefinition(object, previous, now)
    case 'configmaps': return withoutEmptyMaps(object)
    case 'secrets': return withoutEmptyMaps(encodeSecret({ ...(previous['type'] === undefined ? {} : { type: previous['type'] }), ...object }))
    // Only /finalize changes a namespace's own finalizers.
    case 'namespaces': return { ...object, spec: { ...section(object, 'spec'), ...section(previous, 'spec') } }
    default: return object
  }
}

function differs(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return JSON.stringify(a ?? null) !== JSON.stringify(b ?? null)
}

function immutable(field: string, value: JsonValue | undefined): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: field is immutable`, field }
}

function checkClaim(object: JsonObject, previous: JsonObject): StatusCause[] {
  const { resources, volumeAttributesClassName, ...after } = section(object, 'spec')
  const { resources: before, volumeAttributesClassName: classBefore, ...old } = section(previous, 'spec')
  void volumeAttributesClassName
  void classBefore
  const bound = section(previous, 'status')['phase'] === 'Bound'
  // A controller may name the volume once.
  const rebound = { ...after, volumeName: old['volumeName'] ?? after['volumeName'] ?? null }
  const sameShape = !differs(rebound, { ...old, volumeName: rebound['volumeName'] })
  const sameSize = !differs(resources, before)
  return [
    ...(sameShape && (sameSize || bound) && !differs(after['volumeName'], rebound['volumeName'])
      ? []
      : [{ reason: 'FieldValueForbidden', message: 'Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims', field: 'spec' }]),
    ...(differs(after['volumeMode'], old['volumeMode']) ? [immutable('volumeMode', after['volumeMode'])] : []),
  ]
}

function checkClaimSpec(object: JsonObject): StatusCause[] {
  const modes = fieldAt(object, 'spec.accessModes')
  return [
    ...(Array.isArray(modes) && modes.length ? [] : [{ reason: 'FieldValueRequired', message: 'Required value: at least 1 access mode is required', field: 'spec.accessModes' }]),
    ...(fieldAt(object, 'spec.resources.requests.storage') === undefined ? [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.resources[storage]' }] : []),
  ]
}

/** What a built-in must be beyond its schema, on create and update. */
export function checkObject(kind: KindVersion, object: JsonObject): StatusCause[] {
  if (!kind.builtIn) return []
  switch (qualifiedResource(kind)) {
    case 'customresourcedefinitions.apiextensions.k8s.io': return checkCrd(object)
    case 'persistentvolumeclaims': return checkClaimSpec(object)
    default: return []
  }
}

/** What a written status must be beyond its schema. */
export function checkStatus(kind: KindVersion, object: JsonObject): StatusCause[] {
  if (!kind.builtIn || qualifiedResource(kind) !== 'namespaces' || metadataOf(object)['deletionTimestamp']) return []
  const phase = fieldAt(object, 'status.phase')
  return phase === 'Active' ? [] : [{ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(phase ?? '')}: may only be 'Active' if \`deletionTimestamp\` is empty`, field: 'status.Phase' }]
}

/** What may not change in a built-in once it exists. Causes as upstream words them, without the diffs that Go prints after some. */
export function checkUpdate(kind: KindVersion, object: JsonObject, previous: JsonObject): StatusCause[] {
  if (!kind.builtIn) return []
  switch (qualifiedResource(kind)) {
    case 'secrets': return differs(object['type'], previous['type']) ? [immutable('type', object['type'])] : []
    case 'persistentvolumeclaims': return checkClaim(object, previous)
    case 'rolebindings.rbac.authorization.k8s.io':
    case 'clusterrolebindings.rbac.authorization.k8s.io': return differs(object['roleRef'], previous['roleRef'])
      ? [{ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify({ APIGroup: fieldAt(object, 'roleRef.apiGroup'), Kind: fieldAt(object, 'roleRef.kind'), Name: fieldAt(object, 'roleRef.name') })}: cannot change roleRef`, field: 'roleRef' }]
      : []
    case 'storageclasses.storage.k8s.io':
      return ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'].filter(field => differs(object[field], previous[field])).map(field => (
        field === 'parameters' || field === 'provisioner'
          ? { reason: 'FieldValueForbidden', message: `Forbidden: updates to ${field} are forbidden.`, field }
          : immutable(field, object[field])))
    case 'pods': return differs(section(object, 'spec')['nodeName'], section(previous, 'spec')['nodeName'])
      ? [{ reason: 'FieldValueForbidden', message: 'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)', field: 'spec' }]
      : []
    default: return []
  }
}
