import type { Fields, KubeObject } from '../../api.ts'

// What a story looks at of each object: all that can be seen of a VM's life, and nothing that the clock or a dice wrote.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** What is looked at, by its path in the object. A facet that is not there is absent. */
export type Facets = Readonly<Record<string, Json>>

interface Condition { readonly type: string, readonly status: string, readonly reason?: string, readonly message?: string }
interface Request { readonly action: string, readonly uid?: string, readonly data?: Readonly<Record<string, string>> }
interface VolumeStatus { readonly name: string, readonly phase?: string, readonly reason?: string, readonly message?: string, readonly hotplugVolume?: object }
type MigrationState = Readonly<Record<string, unknown>>

/** Projects an object by its kind; a kind that no story follows has no facets. `placed`: it is told too on which node it is. */
export function facetsOf(object: KubeObject, placed = false): Facets {
  return withoutAbsent({ deleting: object.metadata.deletionTimestamp !== undefined, ...(placed ? { node: placeOf(object) } : {}), ...PROJECTIONS[object.kind]?.(object, object.status ?? {}) })
}

function placeOf({ spec, status }: KubeObject): string | undefined {
  return text(spec?.nodeName) ?? text(status?.nodeName)
}

type Projection = (object: KubeObject, status: Fields) => Readonly<Record<string, Json | undefined>>

const PROJECTIONS: Readonly<Record<string, Projection>> = {
  VirtualMachine: ({ spec }, status) => ({
    'spec.runStrategy': text(spec?.runStrategy),
    'printableStatus': text(status.printableStatus),
    'created': flag(status.created),
    'ready': flag(status.ready),
    'status.runStrategy': text(status.runStrategy),
    'stateChangeRequests': (status.stateChangeRequests as readonly Request[] | undefined ?? []).map(({ action, uid, data }) => ({ action, ...(uid ? { uid } : {}), ...(data ? { data } : {}) })),
    'startFailure': (status.startFailure as { readonly consecutiveFailCount?: number } | undefined)?.consecutiveFailCount,
    ...conditionsOf(status),
  }),
  VirtualMachineInstance: ({ metadata: { finalizers = [] } }, status) => ({
    phase: text(status.phase) ?? '',
    reason: text(status.reason),
    finalizers: finalizers.filter(isNotHarvesters).sort(),
    volumes: volumesOf(status),
    migrationState: migrationOf(status.migrationState as MigrationState | undefined),
    ...conditionsOf(status),
  }),
  VirtualMachineInstanceMigration: ({ metadata: { finalizers = [], labels = {} } }, status) => ({
    phase: text(status.phase) ?? '',
    finalizers: [...finalizers].sort(),
    of: labels['kubevirt.io/vmi-name'],
    migrationState: migrationOf(status.migrationState as MigrationState | undefined),
    ...conditionsOf(status),
  }),
  // Which conditions a pod has is what our own kubelet says, on both sides.
  Pod: ({ metadata: { finalizers = [] } }, status) => ({ phase: text(status.phase), finalizers: [...finalizers].sort() }),
  PersistentVolumeClaim: (_object, status) => ({ phase: text(status.phase) }),
  VolumeAttachment: (_object, status) => ({ attached: flag(status.attached) }),
  VirtualMachineImage: ({ metadata: { finalizers = [], labels = {}, annotations = {} }, spec }, status) => ({
    'spec.backend': text(spec?.backend),
    'spec.retry': number(spec?.retry),
    'spec.targetStorageClassName': text(spec?.targetStorageClassName),
    'spec.storageClassParameters': pairs(spec?.storageClassParameters),
    'finalizers': [...finalizers].sort(),
    'labels': pairs(labels),
    'class annotation': annotations['harvesterhci.io/storageClassName'],
    'storageClassName': text(status.storageClassName),
    'appliedUrl': text(status.appliedUrl),
    'progress': milestone(status.progress),
    'failed': number(status.failed),
    'size': number(status.size),
    'virtualSize': number(status.virtualSize),
    ...conditionsOf(status),
  }),
  DataVolume: (_object, status) => ({ phase: text(status.phase) }),
  StorageClass: ({ parameters, reclaimPolicy, volumeBindingMode }) => ({ parameters: pairs(parameters), reclaimPolicy: text(reclaimPolicy), volumeBindingMode: text(volumeBindingMode) }),
  BackingImage: ({ metadata: { finalizers = [] }, spec }, status) => ({
    'finalizers': [...finalizers].sort(),
    'spec.checksum': text(spec?.checksum),
    'spec.source': [spec?.sourceType, ...pairs(spec?.sourceParameters) ?? []].join(' '),
    'minNumberOfCopies': number(spec?.minNumberOfCopies),
    'selectors': selectorsOf(spec),
    'checksum': text(status.checksum),
    'virtualSize': number(status.virtualSize),
    ...Object.fromEntries(Object.entries((spec?.diskFileSpecMap ?? {}) as Readonly<Record<string, CopySpec>>).map(([disk, { evictionRequested }]) => [`place on ${disk}`, evictionRequested ? 'evicted' : 'wanted'])),
    ...Object.fromEntries(Object.entries((status.diskFileStatusMap ?? {}) as Readonly<Record<string, CopyStatus>>).map(([disk, { state = '', message = '' }]) => [`copy on ${disk}`, [state, message].filter(Boolean).join(' · ')])),
  }),
  Node: ({ metadata: { labels = {} }, spec }, status) => ({
    schedulable: labels['kubevirt.io/schedulable'],
    ...Object.fromEntries(taintsOf(spec).map(([key, effects]) => [`taint ${key}`, effects])),
    ...conditionsOf(status),
  }),
  BackingImageDataSource: ({ spec }, status) => ({
    placed: Boolean(spec?.diskUUID),
    fileTransferred: flag(spec?.fileTransferred),
    state: [text(status.currentState) ?? '', text(status.message) ?? ''].filter(Boolean).join(' · '),
  }),
}

/** What a file's disks must have; absent where nothing is asked of them. */
function selectorsOf(spec: Fields | undefined): Json | undefined {
  const [nodes, disks] = [spec?.nodeSelector, spec?.diskSelector].map(list => (list ?? []) as readonly string[])
  const told = [...(nodes ?? []).map(tag => `node ${tag}`), ...(disks ?? []).map(tag => `disk ${tag}`)]
  return told.length > 0 ? told : undefined
}

/** Each with its effects. That a node which comes is not ready yet, an API server says or not. */
function taintsOf(spec: Fields | undefined): [key: string, effects: string][] {
  const taints = (spec?.taints ?? []) as readonly { readonly key: string, readonly effect: string }[]
  const keys = new Set(taints.map(({ key }) => key).filter(key => key !== 'node.kubernetes.io/not-ready'))
  return [...keys].map(key => [key, taints.filter(taint => taint.key === key).map(({ effect }) => effect).sort().join(' ')])
}

interface CopySpec { readonly evictionRequested?: boolean }
interface CopyStatus { readonly state?: string, readonly message?: string }

/** Harvester's controllers hold instances too, where they are really there; a story of KubeVirt is told with them and without. */
const isNotHarvesters = (finalizer: string) => !finalizer.startsWith('wrangler.cattle.io/')

const text = (value: unknown): string | undefined => typeof value === 'string' ? value : undefined
const number = (value: unknown): number | undefined => typeof value === 'number' ? value : undefined
const pairs = (map: unknown): readonly string[] | undefined => map ? Object.entries(map).map(([key, value]) => `${key}=${value}`).sort() : undefined
/** How far it is in between is chance. */
const milestone = (progress: unknown): Json | undefined => typeof progress === 'number' && progress > 0 && progress < 100 ? 'under way' : number(progress)
const flag = (value: unknown): boolean => value === true

function conditionsOf(status: Fields): Record<string, Json> {
  const conditions = (status.conditions ?? []) as readonly Condition[]
  return Object.fromEntries(conditions.map(({ type, status: truth, reason = '', message = '' }) => [`condition ${type}`, [truth, reason, message].filter(Boolean).join(' · ')]))
}

function volumesOf(status: Fields): Json {
  const volumes = [...(status.volumeStatus ?? []) as readonly VolumeStatus[]].sort((a, b) => a.name < b.name ? -1 : 1)
  return volumes.map(({ name, phase, hotplugVolume, reason, message }) => [[name, phase, hotplugVolume && 'hotplug'].filter(Boolean).join(' '), reason, message].filter(Boolean).join(' · '))
}

const OF_MIGRATION = ['mode', 'completed', 'failed', 'failureReason', 'abortRequested', 'abortStatus', 'sourceNode', 'targetNode'] as const

function migrationOf(state: MigrationState | undefined): Json | undefined {
  if (!state)
    return undefined
  const told = OF_MIGRATION.flatMap(key => state[key] ? [[key, state[key] as Json] as const] : [])
  return { ...Object.fromEntries(told), started: state.startTimestamp !== undefined, ended: state.endTimestamp !== undefined }
}

function withoutAbsent(facets: Readonly<Record<string, Json | undefined>>): Facets {
  return Object.fromEntries(Object.entries(facets).flatMap(([key, value]) => value === undefined ? [] : [[key, value] as const]))
}
