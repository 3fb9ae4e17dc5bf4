import type { AdmissionRequest, Call, Cluster, EvictionHook } from './cluster.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { metaText } from './metadata.ts'
import { conflict, forbidden, notFound, StatusError } from './status.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }

/** Refuses to create in a namespace that is missing (404) or ending (403), as the plugin NamespaceLifecycle. */
export function checkNamespace(cluster: Cluster, kind: KindVersion, namespace: string, name: string): void {
  if (!kind.namespaced) return
  const found = cluster.store.of('namespaces').get(namespace)
  if (!found) throw notFound(NAMESPACES, namespace)
  if (metaText(found.object, 'deletionTimestamp')) {
    throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`,
      [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }])
  }
}

function refusalOf(hook: string, kind: KindVersion, name: string, refusal: { code?: number, reason?: string, message: string, causes?: readonly { reason: string, message: string, field: string }[], unnamed?: boolean }): StatusError {
  const code = refusal.code ?? 400
  const about = refusal.unnamed ? {} : { ...(name ? { name } : {}), ...(kind.group ? { group: kind.group } : {}), kind: kind.kind }
  const details = refusal.causes
    ? { details: { ...about, causes: refusal.causes.map(({ reason, message, field }) => ({ reason, message, ...(field ? { field } : {}) })) } }
    : {}
  return new StatusError(code, refusal.reason ?? '', `admission webhook "${hook}" denied the request: ${refusal.message}`, details.details)
}

/** Asks the hooks of a phase in their order; answers the object as they changed it. Throws the first refusal. */
export function askHooks(cluster: Cluster, phase: 'mutate' | 'validate', request: AdmissionRequest, call: Call): JsonObject | undefined {
  let object = request.object
  for (const hook of cluster.hooks) {
    if (hook.phase !== phase) continue
    const answer = hook.review({ ...request, object })
    answer?.warnings?.forEach(call.warn)
    if (answer?.refusal) throw refusalOf(hook.name, request.kind, request.name, answer.refusal)
    if (phase === 'mutate' && answer?.object) object = answer.object
  }
  return object
}

/** Asks the hooks on evictions whether a pod may be evicted. Throws the first refusal. */
export async function askBeforeEviction(cluster: Cluster, kind: KindVersion, asked: Parameters<EvictionHook['review']>[0]): Promise<void> {
  for (const hook of cluster.evictionHooks) {
    const answer = await hook.review(asked)
    if (answer?.refusal) throw refusalOf(hook.name, kind, asked.name, answer.refusal)
  }
}

/** The stored object under that name, or 404. */
export function stored(cluster: Cluster, kind: KindVersion, key: string, name: string): JsonObject {
  const found = cluster.store.of(resourceOf(kind)).get(key)
  if (!found) throw notFound(kind, name)
  return found.object
}

/** The name of a kind's collection in the store; all its versions share it. */
export function resourceOf(kind: { readonly group: string, readonly plural: string }): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural
}

/** `group/version`, or `v1` in the core group. */
export function apiVersionOf(kind: { readonly group: string, readonly version: string }): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version
}

/** Where the real server keeps an object in etcd; two of its error texts say it. */
function etcdKey(kind: KindVersion, namespace: string, name: string): string {
  return ['/registry', ...(kind.builtIn ? [] : [kind.group]), kind.plural, ...(namespace ? [namespace] : []), name].join('/')
}

/** 409 for a uid in the body that is not the stored object's. */
export function uidConflict(kind: KindVersion, namespace: string, name: string, asked: string, actual: string): StatusError {
  return conflict(kind, name, `StorageError: invalid object, Code: 4, Key: ${etcdKey(kind, namespace, name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${actual}`)
}
