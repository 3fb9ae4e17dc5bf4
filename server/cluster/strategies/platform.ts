import { createHash } from 'node:crypto'
import { defaultCrd, establishedStatus } from '../crd.ts'
import { checkCrd } from '../crdCheck.ts'
import { sameJson } from '../equality.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { metadataOf, metaText } from '../metadata.ts'
import type { Strategy } from './strategy.ts'
import { listOf, section, withFinalizer } from './strategy.ts'

/** The finalizer under which the objects of a CustomResourceDefinition go before it does. */
export const CRD_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

export const NAMESPACES: Strategy = {
  prepareCreate: object => {
    const metadata = metadataOf(object)
    return {
      ...object,
      metadata: { ...metadata, labels: { ...section(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata['name'] ?? '' } },
      spec: { ...section(object, 'spec'), finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }
  },
  // Only /finalize changes a namespace's own finalizers.
  prepareUpdate: (object, previous) => ({ ...object, spec: { ...section(object, 'spec'), ...section(previous, 'spec') } }),
  checkStatus: object => {
    const phase = fieldAt(object, 'status.phase')
    if (phase === 'Active' || metaText(object, 'deletionTimestamp')) return []
    return [{ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(phase ?? '')}: may only be 'Active' if \`deletionTimestamp\` is empty`, field: 'status.Phase' }]
  },
}

const NOT_READY = 'node.kubernetes.io/not-ready'

export const NODES: Strategy = {
  prepareCreate: (object, { sent }) => {
    const spec = section(object, 'spec')
    const taints = listOf(spec, 'taints')
    const tainted = taints.some(taint => taint['key'] === NOT_READY)
    return {
      ...object,
      spec: { ...spec, taints: tainted ? taints : [...taints, { key: NOT_READY, effect: 'NoSchedule' }] },
      // A node is the one kind whose status may come with its creation.
      ...(isObject(sent['status']) ? { status: sent['status'] } : {}),
    }
  },
}

/** An address of 10.0.0.0/24 for each service, the same for the same uid: nothing listens there. */
function clusterAddress(uid: string): string {
  return `10.0.0.${2 + (createHash('sha256').update(uid).digest()[0] ?? 0) % 250}`
}

export const SERVICES: Strategy = {
  prepareCreate: object => {
    const spec = section(object, 'spec')
    const type = spec['type'] ?? 'ClusterIP'
    const ports = listOf(spec, 'ports').map((port): JsonObject => ({ protocol: 'TCP', targetPort: port['port'] ?? 0, ...port }))
    const address = spec['clusterIP'] ?? clusterAddress(metaText(object, 'uid'))
    const addressed: JsonObject = type === 'ExternalName'
      ? {}
      : { clusterIP: address, clusterIPs: [address], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' }
    return { ...object, spec: { sessionAffinity: 'None', ...addressed, ...spec, type, ...(ports.length ? { ports } : {}) }, status: { loadBalancer: {} } }
  },
}

/** Formats of strings that a definition may name; others are kept and not checked (apiextensions-apiserver pkg/apiserver/validation/formats.go, 1.34). */
const FORMATS = new Set([
  'bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac', 'uuid', 'uuid3', 'uuid4', 'uuid5', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn',
  'hexcolor', 'rgbcolor', 'byte', 'password', 'date', 'duration', 'datetime', 'k8sshortname', 'k8slongname',
])

function unknownFormats(value: JsonValue | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(unknownFormats)
  if (!isObject(value)) return []
  const format = value['type'] === 'string' && typeof value['format'] === 'string' ? value['format'] : ''
  return [...(format && !FORMATS.has(format.replaceAll('-', '')) ? [format] : []), ...Object.values(value).flatMap(unknownFormats)]
}

export const DEFINITIONS: Strategy = {
  warn: object => [...new Set(listOf(section(object, 'spec'), 'versions').flatMap(version => unknownFormats(version['schema'])))].sort().map(format => `unrecognized format ${JSON.stringify(format)}`),
  // Served as soon as it is stored, and saying so at once: here nobody has to wait for names to be accepted.
  prepareCreate: (object, { now }) => {
    const complete = defaultCrd(object)
    return withFinalizer({ ...complete, status: establishedStatus(complete, now) }, CRD_CLEANUP)
  },
  prepareUpdate: (object, previous, { now }) => {
    const complete = defaultCrd(object)
    const before = section(previous, 'status')
    const { conditions = [], ...fresh } = establishedStatus({ ...complete, status: before }, now)
    return { ...complete, status: { conditions: before['conditions'] ?? conditions, ...fresh } }
  },
  check: checkCrd,
}

export const BINDINGS: Strategy = {
  checkUpdate: (object, previous) => {
    if (sameJson(object['roleRef'], previous['roleRef'])) return []
    const role = { APIGroup: fieldAt(object, 'roleRef.apiGroup'), Kind: fieldAt(object, 'roleRef.kind'), Name: fieldAt(object, 'roleRef.name') }
    return [{ reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(role)}: cannot change roleRef`, field: 'roleRef' }]
  },
}
