import type { JsonObject, JsonValue } from './json.ts'
import { timestamp } from './metadata.ts'

// kubectl writes some built-ins as protobuf whatever the server offers (its typed clients: `create configmap`, `auth can-i`).
// Only those messages are known here; field numbers are those of the generated.proto files of k8s.io/api and apimachinery 0.34.

type Field = 'text' | 'bytes' | 'flag' | 'number' | 'time' | 'intOrString' | 'textMap' | 'bytesMap' | 'quantityMap' | 'texts' | { readonly one: string } | { readonly many: string }
type Message = Readonly<Record<number, readonly [name: string, field: Field]>>

const withMeta = (fields: Message): Message => ({ 1: ['metadata', { one: 'ObjectMeta' }], ...fields })
const binding = withMeta({ 2: ['subjects', { many: 'Subject' }], 3: ['roleRef', { one: 'RoleRef' }] })
const role = withMeta({ 2: ['rules', { many: 'PolicyRule' }] })
const subjectReview = withMeta({ 2: ['spec', { one: 'SubjectReviewSpec' }] })

const MESSAGES: Readonly<Record<string, Message>> = {
  ObjectMeta: {
    1: ['name', 'text'], 2: ['generateName', 'text'], 3: ['namespace', 'text'], 5: ['uid', 'text'], 6: ['resourceVersion', 'text'], 7: ['generation', 'number'],
    8: ['creationTimestamp', 'time'], 9: ['deletionTimestamp', 'time'], 10: ['deletionGracePeriodSeconds', 'number'], 11: ['labels', 'textMap'], 12: ['annotations', 'textMap'],
    13: ['ownerReferences', { many: 'OwnerReference' }], 14: ['finalizers', 'texts'],
  },
  OwnerReference: { 1: ['kind', 'text'], 3: ['name', 'text'], 4: ['uid', 'text'], 5: ['apiVersion', 'text'], 6: ['controller', 'flag'], 7: ['blockOwnerDeletion', 'flag'] },
  DeleteOptions: { 1: ['gracePeriodSeconds', 'number'], 2: ['preconditions', { one: 'Preconditions' }], 3: ['orphanDependents', 'flag'], 4: ['propagationPolicy', 'text'], 5: ['dryRun', 'texts'] },
  Preconditions: { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] },
  ConfigMap: withMeta({ 2: ['data', 'textMap'], 3: ['binaryData', 'bytesMap'], 4: ['immutable', 'flag'] }),
  Secret: withMeta({ 2: ['data', 'bytesMap'], 3: ['type', 'text'], 4: ['stringData', 'textMap'], 5: ['immutable', 'flag'] }),
  Namespace: withMeta({ 2: ['spec', { one: 'NamespaceSpec' }] }),
  NamespaceSpec: { 1: ['finalizers', 'texts'] },
  ServiceAccount: withMeta({ 4: ['automountServiceAccountToken', 'flag'] }),
  ClusterRole: role,
  Role: role,
  ClusterRoleBinding: binding,
  RoleBinding: binding,
  PolicyRule: { 1: ['verbs', 'texts'], 2: ['apiGroups', 'texts'], 3: ['resources', 'texts'], 4: ['resourceNames', 'texts'], 5: ['nonResourceURLs', 'texts'] },
  Subject: { 1: ['kind', 'text'], 2: ['apiGroup', 'text'], 3: ['name', 'text'], 4: ['namespace', 'text'] },
  RoleRef: { 1: ['apiGroup', 'text'], 2: ['kind', 'text'], 3: ['name', 'text'] },
  Service: withMeta({ 2: ['spec', { one: 'ServiceSpec' }] }),
  ServiceSpec: {
    1: ['ports', { many: 'ServicePort' }], 2: ['selector', 'textMap'], 3: ['clusterIP', 'text'], 4: ['type', 'text'], 5: ['externalIPs', 'texts'], 7: ['sessionAffinity', 'text'],
    8: ['loadBalancerIP', 'text'], 9: ['loadBalancerSourceRanges', 'texts'], 10: ['externalName', 'text'], 11: ['externalTrafficPolicy', 'text'], 12: ['healthCheckNodePort', 'number'],
    13: ['publishNotReadyAddresses', 'flag'], 14: ['sessionAffinityConfig', { one: 'SessionAffinityConfig' }], 17: ['ipFamilyPolicy', 'text'], 18: ['clusterIPs', 'texts'], 19: ['ipFamilies', 'texts'],
    20: ['allocateLoadBalancerNodePorts', 'flag'], 21: ['loadBalancerClass', 'text'], 22: ['internalTrafficPolicy', 'text'], 23: ['trafficDistribution', 'text'],
  },
  ServicePort: { 1: ['name', 'text'], 2: ['protocol', 'text'], 3: ['port', 'number'], 4: ['targetPort', 'intOrString'], 5: ['nodePort', 'number'], 6: ['appProtocol', 'text'] },
  SessionAffinityConfig: { 1: ['clientIP', { one: 'ClientIPConfig' }] },
  ClientIPConfig: { 1: ['timeoutSeconds', 'number'] },
  ResourceQuota: withMeta({ 2: ['spec', { one: 'ResourceQuotaSpec' }] }),
  ResourceQuotaSpec: { 1: ['hard', 'quantityMap'], 2: ['scopes', 'texts'], 3: ['scopeSelector', { one: 'ScopeSelector' }] },
  ScopeSelector: { 1: ['matchExpressions', { many: 'ScopeRequirement' }] },
  ScopeRequirement: { 1: ['scopeName', 'text'], 2: ['operator', 'text'], 3: ['values', 'texts'] },
  SelfSubjectReview: withMeta({}),
  SelfSubjectAccessReview: withMeta({ 2: ['spec', { one: 'SelfSubjectAccessReviewSpec' }] }),
  SelfSubjectAccessReviewSpec: { 1: ['resourceAttributes', { one: 'ResourceAttributes' }], 2: ['nonResourceAttributes', { one: 'NonResourceAttributes' }] },
  SelfSubjectRulesReview: withMeta({ 2: ['spec', { one: 'SelfSubjectRulesReviewSpec' }] }),
  SelfSubjectRulesReviewSpec: { 1: ['namespace', 'text'] },
  SubjectAccessReview: subjectReview,
  LocalSubjectAccessReview: subjectReview,
  SubjectReviewSpec: { 1: ['resourceAttributes', { one: 'ResourceAttributes' }], 2: ['nonResourceAttributes', { one: 'NonResourceAttributes' }], 3: ['user', 'text'], 4: ['groups', 'texts'], 6: ['uid', 'text'] },
  ResourceAttributes: { 1: ['namespace', 'text'], 2: ['verb', 'text'], 3: ['group', 'text'], 4: ['version', 'text'], 5: ['resource', 'text'], 6: ['subresource', 'text'], 7: ['name', 'text'] },
  NonResourceAttributes: { 1: ['path', 'text'], 2: ['verb', 'text'] },
}

interface Wire { readonly number: number, readonly value: bigint | Buffer }

function readVarint(bytes: Buffer, at: number): { value: bigint, next: number } {
  let value = 0n
  let shift = 0n
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    value |= BigInt(byte & 0x7F) << shift
    if (byte < 0x80) return { value, next: i + 1 }
    shift += 7n
  }
  throw new Error('unexpected EOF')
}

function* readFields(bytes: Buffer): Generator<Wire> {
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    const number = Number(tag.value >> 3n)
    const type = Number(tag.value & 7n)
    if (type !== 0 && type !== 2) throw new Error(`proto: illegal wireType ${type}`)
    const head = readVarint(bytes, tag.next)
    if (type === 0) {
      yield { number, value: head.value }
      at = head.next
      continue
    }
    const end = head.next + Number(head.value)
    if (end > bytes.length) throw new Error('unexpected EOF')
    yield { number, value: bytes.subarray(head.next, end) }
    at = end
  }
}

function readTime(bytes: Buffer): JsonValue {
  const seconds = [...readFields(bytes)].find(({ number }) => number === 1)?.value
  return typeof seconds === 'bigint' && seconds > 0n ? timestamp(Number(seconds) * 1000) : ''
}

type MapField = 'textMap' | 'bytesMap' | 'quantityMap'

const partsOf = (bytes: Buffer) => new Map([...readFields(bytes)].map(({ number, value }) => [number, value]))
const textOf = (value: bigint | Buffer | undefined, encoding: 'utf8' | 'base64' = 'utf8') => (Buffer.isBuffer(value) ? value.toString(encoding) : '')

function readPair(bytes: Buffer, field: MapField): JsonObject {
  const parts = partsOf(bytes)
  const value = parts.get(2)
  const read = field === 'quantityMap' ? textOf(partsOf(Buffer.isBuffer(value) ? value : Buffer.alloc(0)).get(1)) : textOf(value, field === 'bytesMap' ? 'base64' : 'utf8')
  return { [textOf(parts.get(1))]: read }
}

function readIntOrString(bytes: Buffer): JsonValue {
  const parts = partsOf(bytes)
  const number = parts.get(2)
  return parts.get(1) === 1n ? textOf(parts.get(3)) : readScalar('number', typeof number === 'bigint' ? number : 0n)
}

/** Numbers and flags that Go always writes; JSON leaves them out where they say nothing. */
const ALWAYS_WRITTEN = new Set(['generation', 'nodePort', 'targetPort', 'healthCheckNodePort', 'publishNotReadyAddresses'])

function readScalar(field: Field, value: bigint): JsonValue {
  return field === 'flag' ? value !== 0n : Number(BigInt.asIntN(64, value))
}

function put(object: JsonObject, name: string, field: Field, value: bigint | Buffer): void {
  const before = object[name]
  if (typeof value === 'bigint') object[name] = readScalar(field, value)
  else if (field === 'texts') object[name] = [...(Array.isArray(before) ? before : []), value.toString('utf8')]
  else if (field === 'textMap' || field === 'bytesMap' || field === 'quantityMap') {
    const map = typeof before === 'object' && before && !Array.isArray(before) ? before : {}
    object[name] = { ...map, ...readPair(value, field) }
  }
  else if (field === 'intOrString') object[name] = readIntOrString(value)
  else if (field === 'time') object[name] = readTime(value)
  else if (typeof field === 'string') object[name] = value.toString(field === 'bytes' ? 'base64' : 'utf8')
  else if ('one' in field) object[name] = readMessage(field.one, value)
  else object[name] = [...(Array.isArray(before) ? before : []), readMessage(field.many, value)]
  // Go writes empty texts too.
  if (object[name] === '' || (ALWAYS_WRITTEN.has(name) && !object[name])) Reflect.deleteProperty(object, name)
}

function readMessage(name: string, bytes: Buffer): JsonObject {
  const object: JsonObject = {}
  for (const { number, value } of readFields(bytes)) {
    const known = MESSAGES[name]?.[number]
    if (known) put(object, known[0], known[1], value)
  }
  return object
}

const MAGIC = Buffer.from([0x6B, 0x38, 0x73, 0x00])

/** Reads an object from Kubernetes' protobuf envelope; undefined where its kind is not among those known here. Throws on a broken message. */
export function readProtobuf(body: Buffer, expected: string): JsonObject | undefined {
  if (!body.subarray(0, 4).equals(MAGIC)) throw new Error('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  const parts = partsOf(body.subarray(4))
  const [meta, raw] = [parts.get(1), parts.get(2)]
  const type = new Map(Buffer.isBuffer(meta) ? [...readFields(meta)].map(({ number, value }) => [number, String(value)]) : [])
  const kind = type.get(2) || expected
  if (!MESSAGES[kind] || kind !== expected) return undefined
  return { apiVersion: type.get(1) ?? '', kind, ...readMessage(kind, Buffer.isBuffer(raw) ? raw : Buffer.alloc(0)) }
}
