import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import type { StatusCause } from './schema.ts'

// What a schema cannot say of built-ins, as in kubernetes/kubernetes pkg/apis/…/{defaults,validation}.go.

/** Fills in place what of a built-in follows from other fields of it; constants are defaults of its schema. */
export function completeBuiltIn({ group, plural }: KindVersion, object: JsonObject): void {
  switch (group ? `${plural}.${group}` : plural) {
    case 'pods': return completePod(object)
    case 'services': return completeService(object)
    case 'rolebindings.rbac.authorization.k8s.io':
    case 'clusterrolebindings.rbac.authorization.k8s.io':
      for (const subject of objectsAt(object, 'subjects')) if (subject.kind !== 'ServiceAccount') subject.apiGroup ??= 'rbac.authorization.k8s.io'
  }
}

/** What a built-in must have and its schema cannot ask for. */
export function checkBuiltIn({ group, plural }: KindVersion, object: JsonObject): StatusCause[] {
  if (group || plural !== 'persistentvolumeclaims') return []
  const modes = fieldAt(object, 'spec.accessModes')
  return [
    ...(Array.isArray(modes) && modes.length > 0 ? [] : [required('spec.accessModes', 'at least 1 access mode is required')]),
    ...(fieldAt(object, 'spec.resources.requests.storage') === undefined ? [required('spec.resources[storage]')] : []),
  ]
}

function required(field: string, detail?: string): StatusCause {
  return { reason: 'FieldValueRequired', field, message: detail ? `Required value: ${detail}` : 'Required value' }
}

function completePod(pod: JsonObject): void {
  for (const container of ['spec.containers', 'spec.initContainers', 'spec.ephemeralContainers'].flatMap(path => objectsAt(pod, path)))
    container.imagePullPolicy ??= isLatest(String(container.image ?? '')) ? 'Always' : 'IfNotPresent'
}

function isLatest(image: string): boolean {
  const name = image.slice(image.lastIndexOf('/') + 1)
  return !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'))
}

function completeService(service: JsonObject): void {
  for (const port of objectsAt(service, 'spec.ports')) port.targetPort ??= port.port ?? null
  const { spec } = service
  if (!isObject(spec)) return
  if (spec.clusterIP) spec.clusterIPs ??= [spec.clusterIP]
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
}

function objectsAt(object: JsonObject, path: string): JsonObject[] {
  const value: JsonValue | undefined = fieldAt(object, path)
  return Array.isArray(value) ? value.filter(isObject) : []
}
