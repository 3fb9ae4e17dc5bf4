import { ageOf } from './humanDuration.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { podCells, podConditions } from './podTable.ts'

// Columns and cells of built-ins as in kubernetes/kubernetes pkg/printers/internalversion/printers.go (1.34).

export interface TableColumn {
  readonly name: string
  readonly type?: string
  readonly format?: string
  readonly description?: string
  /** Above 0: shown by `-o wide` only. */
  readonly priority?: number
}

interface BuiltInTable {
  readonly columns: readonly TableColumn[]
  readonly row: (object: JsonObject, now: number) => { readonly cells: JsonValue[], readonly conditions?: JsonValue }
}

/** How a built-in kind is shown; undefined where upstream shows only name and date of creation. */
export function builtInTable({ group, plural }: KindVersion): BuiltInTable | undefined {
  return TABLES[group ? `${plural}.${group}` : plural]
}

type Cells = (object: JsonObject, now: number) => JsonValue[]

/** Headings as `Name`, `Name:integer`, or `Name*` for wide ones. `cells` gives all but the first, the object's name. */
function table(headings: readonly string[], cells: Cells): BuiltInTable {
  return tableOf(['Name', ...headings], (object, now) => [nameOf(object), ...cells(object, now)])
}

function tableOf(headings: readonly string[], cells: Cells): BuiltInTable {
  const columns = headings.map((heading): TableColumn => {
    const [, name = '', type, wide] = /^([^:*]+)(?::(\w+))?(\*)?$/.exec(heading) ?? []
    return { name, ...(type ? { type } : {}), ...(name === 'Name' || name === 'Attacher' ? { format: 'name' } : {}), ...(wide ? { priority: 1 } : {}) }
  })
  return { columns, row: (object, now) => ({ cells: cells(object, now) }) }
}

const at = (object: JsonObject, path: string): JsonValue | undefined => fieldAt(object, path)
const textAt = (object: JsonObject, path: string, otherwise = ''): string => {
  const value = at(object, path)
  return typeof value === 'string' && value !== '' ? value : otherwise
}
const flagAt = (object: JsonObject, path: string): boolean => at(object, path) === true
const listAt = (object: JsonObject, path: string): JsonValue[] => {
  const value = at(object, path)
  return Array.isArray(value) ? value : []
}
const objectsAt = (object: JsonObject, path: string): JsonObject[] => listAt(object, path).filter(isObject)
const sizeAt = (object: JsonObject, path: string): number => Object.keys(at(object, path) ?? {}).length
const nameOf = (object: JsonObject): string => textAt(object, 'metadata.name')
const age = (object: JsonObject, now: number): string => ageOf(at(object, 'metadata.creationTimestamp'), now)
const annotation = (object: JsonObject, key: string): JsonValue | undefined => {
  const annotations = at(object, 'metadata.annotations')
  return isObject(annotations) ? annotations[key] : undefined
}

const MODES: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' }
const accessModes = (object: JsonObject, path: string): string => Object.keys(MODES).filter(mode => listAt(object, path).includes(mode)).map(mode => MODES[mode]).join(',')
const storageClass = (object: JsonObject): JsonValue => annotation(object, 'volume.beta.kubernetes.io/storage-class') ?? textAt(object, 'spec.storageClassName')
const phase = (object: JsonObject): string => (at(object, 'metadata.deletionTimestamp') ? 'Terminating' : textAt(object, 'status.phase'))
const storage = (object: JsonObject, path: string): string => String(at(object, `${path}.storage`) ?? '0')

function nodeStatus(node: JsonObject): string {
  const ready = objectsAt(node, 'status.conditions').find(condition => condition.type === 'Ready')
  const status = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return flagAt(node, 'spec.unschedulable') ? `${status},SchedulingDisabled` : status
}

function nodeRoles(node: JsonObject): string {
  const labels = at(node, 'metadata.labels')
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.entries(isObject(labels) ? labels : {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)]
    return key === 'kubernetes.io/role' && value ? [String(value)] : []
  })
  return [...new Set(roles)].sort().join(',') || '<none>'
}

function nodeAddress(node: JsonObject, type: string): string {
  const address = objectsAt(node, 'status.addresses').find(candidate => candidate.type === type)
  return address ? textAt(address, 'address') : '<none>'
}

function servicePorts(service: JsonObject): string {
  return objectsAt(service, 'spec.ports').map(({ port, protocol = 'TCP' }) => `${String(port)}/${String(protocol)}`).join(',') || '<none>'
}

function labelText(object: JsonObject, path: string): string {
  const labels = at(object, path)
  return Object.entries(isObject(labels) ? labels : {}).map(([key, value]) => `${key}=${String(value)}`).sort().join(',') || '<none>'
}

function eventCells(event: JsonObject, now: number): JsonValue[] {
  const first = ageOf(at(event, 'firstTimestamp') ?? at(event, 'eventTime'), now)
  const series = at(event, 'series')
  const last = isObject(series) ? ageOf(series.lastObservedTime, now) : at(event, 'lastTimestamp') ? ageOf(at(event, 'lastTimestamp'), now) : first
  const count = isObject(series) ? series.count ?? 0 : at(event, 'count') || 1
  const kind = textAt(event, 'involvedObject.kind').toLowerCase()
  const name = textAt(event, 'involvedObject.name')
  const source = [textAt(event, 'source.component', textAt(event, 'reportingComponent')), textAt(event, 'source.host', textAt(event, 'reportingInstance'))].filter(Boolean).join(', ')
  return [
    last, textAt(event, 'type'), textAt(event, 'reason'), name ? `${kind}/${name}` : kind, textAt(event, 'involvedObject.fieldPath'), source,
    textAt(event, 'message').trim(), first, count, nameOf(event),
  ]
}

const bindingTable = table(['Role', 'Age', 'Users*', 'Groups*', 'ServiceAccounts*'], (binding, now) => {
  const subjects = objectsAt(binding, 'subjects')
  const of = (kind: string) => subjects.filter(subject => subject.kind === kind)
  return [
    `${textAt(binding, 'roleRef.kind')}/${textAt(binding, 'roleRef.name')}`, age(binding, now),
    of('User').map(nameIn).join(', '), of('Group').map(nameIn).join(', '), of('ServiceAccount').map(subject => `${textAt(subject, 'namespace')}/${nameIn(subject)}`).join(', '),
  ]
})
const nameIn = (subject: JsonObject): string => textAt(subject, 'name')

/** `cpu: 1/4, pods: 3/10`: what is used of what, of the resources that are asked for. */
function quotaText(quota: JsonObject, wanted: (name: string) => boolean): string {
  const [hard, used] = ['status.hard', 'status.used'].map(path => at(quota, path))
  const names = Object.keys(isObject(hard) ? hard : {}).filter(wanted).sort()
  return names.map(name => `${name}: ${String(isObject(used) ? used[name] ?? '0' : '0')}/${String(isObject(hard) ? hard[name] : '')}`).join(', ')
}

const TABLES: Readonly<Record<string, BuiltInTable>> = {
  'pods': {
    ...table(['Ready', 'Status', 'Restarts', 'Age', 'IP*', 'Node*', 'Nominated Node*', 'Readiness Gates*'], () => []),
    row: (pod, now) => ({ cells: [nameOf(pod), ...podCells(pod, now)], ...podConditions(pod) }),
  },
  'services': table(['Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector*'], (service, now) => [
    textAt(service, 'spec.type'), String(listAt(service, 'spec.clusterIPs')[0] ?? textAt(service, 'spec.clusterIP', '<none>')), textAt(service, 'spec.externalName', '<none>'), servicePorts(service), age(service, now), labelText(service, 'spec.selector'),
  ]),
  'nodes': table(['Status', 'Roles', 'Age', 'Version', 'Internal-IP*', 'External-IP*', 'OS-Image*', 'Kernel-Version*', 'Container-Runtime*'], (node, now) => [
    nodeStatus(node), nodeRoles(node), age(node, now), textAt(node, 'status.nodeInfo.kubeletVersion'), nodeAddress(node, 'InternalIP'), nodeAddress(node, 'ExternalIP'),
    ...['osImage', 'kernelVersion', 'containerRuntimeVersion'].map(field => textAt(node, `status.nodeInfo.${field}`, '<unknown>')),
  ]),
  'events': tableOf(['Last Seen', 'Type', 'Reason', 'Object', 'Subobject*', 'Source*', 'Message', 'First Seen*', 'Count*', 'Name*'], eventCells),
  'namespaces': table(['Status', 'Age'], (namespace, now) => [textAt(namespace, 'status.phase'), age(namespace, now)]),
  'secrets': table(['Type', 'Data', 'Age'], (secret, now) => [textAt(secret, 'type'), sizeAt(secret, 'data'), age(secret, now)]),
  'configmaps': table(['Data', 'Age'], (map, now) => [sizeAt(map, 'data') + sizeAt(map, 'binaryData'), age(map, now)]),
  'serviceaccounts': table(['Secrets', 'Age'], (account, now) => [listAt(account, 'secrets').length, age(account, now)]),
  'limitranges': table(['Created At'], range => [textAt(range, 'metadata.creationTimestamp')]),
  'resourcequotas': table(['Request', 'Limit', 'Age'], (quota, now) => [quotaText(quota, name => !name.startsWith('limits.')), quotaText(quota, name => name.startsWith('limits.')), age(quota, now)]),
  'persistentvolumes': table(['Capacity', 'Access Modes', 'Reclaim Policy', 'Status', 'Claim', 'StorageClass', 'VolumeAttributesClass', 'Reason', 'Age', 'VolumeMode*'], (volume, now) => [
    storage(volume, 'spec.capacity'), accessModes(volume, 'spec.accessModes'), textAt(volume, 'spec.persistentVolumeReclaimPolicy'), phase(volume),
    at(volume, 'spec.claimRef') ? `${textAt(volume, 'spec.claimRef.namespace')}/${textAt(volume, 'spec.claimRef.name')}` : '',
    storageClass(volume), textAt(volume, 'spec.volumeAttributesClassName', '<unset>'), textAt(volume, 'status.reason'), age(volume, now), textAt(volume, 'spec.volumeMode', '<unset>'),
  ]),
  'persistentvolumeclaims': table(['Status', 'Volume', 'Capacity', 'Access Modes', 'StorageClass', 'VolumeAttributesClass', 'Age', 'VolumeMode*'], (claim, now) => {
    const volume = textAt(claim, 'spec.volumeName')
    return [
      phase(claim), volume, volume ? storage(claim, 'status.capacity') : '', volume ? accessModes(claim, 'status.accessModes') : '',
      storageClass(claim), textAt(claim, 'spec.volumeAttributesClassName', '<unset>'), age(claim, now), textAt(claim, 'spec.volumeMode', '<unset>'),
    ]
  }),
  'storageclasses.storage.k8s.io': tableOf(['Name', 'Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'AllowVolumeExpansion', 'Age'], (storageClass, now) => [
    isDefault(storageClass) ? `${nameOf(storageClass)} (default)` : nameOf(storageClass), textAt(storageClass, 'provisioner'),
    textAt(storageClass, 'reclaimPolicy', 'Delete'), textAt(storageClass, 'volumeBindingMode', 'Immediate'), flagAt(storageClass, 'allowVolumeExpansion'), age(storageClass, now),
  ]),
  'volumeattachments.storage.k8s.io': table(['Attacher', 'PV', 'Node', 'Attached:boolean', 'Age'], (attachment, now) => [
    textAt(attachment, 'spec.attacher'), textAt(attachment, 'spec.source.persistentVolumeName'), textAt(attachment, 'spec.nodeName'), flagAt(attachment, 'status.attached'), age(attachment, now),
  ]),
  'csidrivers.storage.k8s.io': table(['AttachRequired:boolean', 'PodInfoOnMount:boolean', 'StorageCapacity:boolean', 'TokenRequests', 'RequiresRepublish:boolean', 'Modes', 'Age'], (driver, now) => [
    at(driver, 'spec.attachRequired') !== false, flagAt(driver, 'spec.podInfoOnMount'), flagAt(driver, 'spec.storageCapacity'),
    at(driver, 'spec.tokenRequests') === undefined ? '<unset>' : objectsAt(driver, 'spec.tokenRequests').map(({ audience }) => audience).join(','),
    flagAt(driver, 'spec.requiresRepublish'), listAt(driver, 'spec.volumeLifecycleModes').join(',') || '<none>', age(driver, now),
  ]),
  'leases.coordination.k8s.io': table(['Holder', 'Age'], (lease, now) => [textAt(lease, 'spec.holderIdentity'), age(lease, now)]),
  'rolebindings.rbac.authorization.k8s.io': bindingTable,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingTable,
}

function isDefault(storageClass: JsonObject): boolean {
  return ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'].some(key => annotation(storageClass, key) === 'true')
}
