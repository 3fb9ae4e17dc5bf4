import { resourceOf } from '../admission.ts'
import type { Call, Cluster } from '../cluster.ts'
import { deleteCollection } from '../deleting.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import type { KindVersion } from '../kind.ts'
import { finalizersOf, metaText, timestamp } from '../metadata.ts'
import type { Stored } from '../objects.ts'
import { storeKey } from '../objects.ts'
import { finalizeNamespace } from '../subresources.ts'
import { createObject } from '../writing.ts'
import { WorkQueue } from './queue.ts'

const CALL: Call = { user: { name: 'system:serviceaccount:kube-system:namespace-controller', groups: ['system:serviceaccounts', 'system:masters'] }, dryRun: false, fieldValidation: 'Ignore', warn: () => undefined }
const BACKGROUND = { gracePeriodSeconds: undefined, propagationPolicy: 'Background' as const, preconditions: {}, dryRun: false }
const ROOT_CA = 'kube-root-ca.crt'
const ROOT_CA_NOTE = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

interface Remains { readonly kind: KindVersion, readonly items: readonly Stored[] }

function condition(type: string, wrong: boolean, reason: string, message: string, now: string): JsonObject {
  return { type, status: wrong ? 'True' : 'False', lastTransitionTime: now, reason, message }
}

/** Conditions of a namespace that is ending, in the words of kube-controller-manager's namespace controller. */
function conditionsOf(remains: readonly Remains[], now: string): JsonObject[] {
  const counts = remains.map(({ kind, items }) => `${kind.plural}.${kind.group} has ${items.length} resource instances`)
  const waiting = new Map<string, number>()
  for (const { items } of remains) for (const { object } of items) for (const finalizer of finalizersOf(object)) waiting.set(finalizer, (waiting.get(finalizer) ?? 0) + 1)
  const finalizers = [...waiting].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
  return [
    condition('NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered', now),
    condition('NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed', now),
    condition('NamespaceDeletionContentFailure', false, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization', now),
    counts.length
      ? condition('NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${counts.join(', ')}`, now)
      : condition('NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed', now),
    finalizers.length
      ? condition('NamespaceFinalizersRemaining', true, 'SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`, now)
      : condition('NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished', now),
  ]
}

function kindsOfNamespaces(cluster: Cluster): KindVersion[] {
  const seen = new Map<string, KindVersion>()
  for (const kind of cluster.registry.all()) if (kind.namespaced && kind.verbs.includes('delete') && !seen.has(resourceOf(kind))) seen.set(resourceOf(kind), kind)
  return [...seen.values()]
}

function withoutTimes(conditions: JsonValue | undefined): string {
  return JSON.stringify(Array.isArray(conditions) ? conditions.map(known => (isObject(known) ? [known['type'], known['status'], known['message']] : known)) : [])
}

function refusalOf(act: () => void): Error[] {
  try {
    act()
    return []
  }
  catch (error) {
    return [error instanceof Error ? error : new Error(String(error))]
  }
}

/** Empties namespaces that are ending and lets them go; gives each live one its root certificate and default service account. */
export function keepNamespaces(cluster: Cluster, caPem: string, log: (message: string) => void): () => void {
  const namespaces = cluster.store.of('namespaces')

  const empty = (name: string, namespace: JsonObject) => {
    const refusals = kindsOfNamespaces(cluster).flatMap(kind => {
      const items = cluster.store.of(resourceOf(kind)).range(`${name}/`).filter(stored => !metaText(stored.object, 'deletionTimestamp'))
      return items.flatMap(item => refusalOf(() => { deleteCollection(cluster, kind, [item], BACKGROUND, CALL) }))
    })
    const remains = kindsOfNamespaces(cluster).map(kind => ({ kind, items: cluster.store.of(resourceOf(kind)).range(`${name}/`) })).filter(({ items }) => items.length)
    const conditions = conditionsOf(remains, timestamp(cluster.now()))
    const status = isObject(namespace['status']) ? namespace['status'] : {}
    if (withoutTimes(status['conditions']) !== withoutTimes(conditions)) cluster.store.put('namespaces', name, { ...namespace, status: { ...status, conditions } })
    // Tried again: what is refused because of something else may be granted once that is gone.
    if (refusals.length) throw refusals[0]
    if (remains.length) return
    const kind = cluster.registry.find('', 'v1', 'namespaces')
    const finalizers = fieldAt(namespace, 'spec.finalizers')
    const rest = Array.isArray(finalizers) ? finalizers.filter(finalizer => finalizer !== 'kubernetes') : []
    if (kind) finalizeNamespace(cluster, kind, name, { spec: { finalizers: rest } }, CALL)
  }

  const furnish = (name: string) => {
    const furniture: readonly [string, string, JsonObject][] = [
      ['configmaps', ROOT_CA, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: ROOT_CA, annotations: { 'kubernetes.io/description': ROOT_CA_NOTE } }, data: { 'ca.crt': caPem } }],
      ['serviceaccounts', 'default', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }],
    ]
    for (const [plural, object, manifest] of furniture) {
      const kind = cluster.registry.find('', 'v1', plural)
      if (kind && !cluster.store.of(plural).get(storeKey(name, object))) createObject(cluster, kind, name, manifest, CALL)
    }
  }

  const attend = (name: string) => {
    const namespace = namespaces.get(name)?.object
    if (!namespace) return
    if (metaText(namespace, 'deletionTimestamp')) empty(name, namespace)
    else furnish(name)
  }
  const queue = new WorkQueue(attend, log)
  for (const { key } of namespaces.range('')) queue.add(key)
  const unlisten = cluster.store.listen((resource, event) => {
    if (resource === 'namespaces') return queue.add(event.after.key)
    const namespace = metaText(event.after.object, 'namespace')
    if (!namespace) return
    const ending = metaText(namespaces.get(namespace)?.object, 'deletionTimestamp')
    const isFurniture = event.type === 'DELETED' && ((resource === 'configmaps' && event.after.key.endsWith(`/${ROOT_CA}`)) || (resource === 'serviceaccounts' && event.after.key.endsWith('/default')))
    if (ending || isFurniture) queue.add(namespace)
  })
  return () => {
    unlisten()
    queue.stop()
  }
}
