import type { Fields, KubeObject } from '../../api.ts'

// What a story looks at of each object: all that can be seen of a VM's life, and nothing that the clock or a dice wrote.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** What is looked at, by its path in the object. A facet that is not there is absent. */
export type Facets = Readonly<Record<string, Json>>

interface Condition { readonly type: string, readonly status: string, readonly reason?: string, readonly message?: string }
interface Request { readonly action: string, readonly uid?: string, readonly data?: Readonly<Record<string, string>> }
interface VolumeStatus { readonly name: string, readonly phase?: string, readonly hotplugVolume?: object }
type MigrationState = Readonly<Record<string, unknown>>

/** Projects an object by its kind; a kind that no story follows has no facets. */
export function facetsOf(object: KubeObject): Facets {
  return withoutAbsent({ deleting: object.metadata.deletionTimestamp !== undefined, ...PROJECTIONS[object.kind]?.(object, object.status ?? {}) })
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
  VolumeAttachment: (_object, status) => ({ attached: flag(status.attached) }),
}

/** Harvester's controllers hold instances too, where they are really there; a story of KubeVirt is told with them and without. */
const isNotHarvesters = (finalizer: string) => !finalizer.startsWith('wrangler.cattle.io/')

const text = (value: unknown): string | undefined => typeof value === 'string' ? value : undefined
const flag = (value: unknown): boolean => value === true

function conditionsOf(status: Fields): Record<string, Json> {
  const conditions = (status.conditions ?? []) as readonly Condition[]
  return Object.fromEntries(conditions.map(({ type, status: truth, reason = '', message = '' }) => [`condition ${type}`, [truth, reason, message].filter(Boolean).join(' · ')]))
}

function volumesOf(status: Fields): Json {
  const volumes = [...(status.volumeStatus ?? []) as readonly VolumeStatus[]].sort((a, b) => a.name < b.name ? -1 : 1)
  return volumes.map(({ name, phase, hotplugVolume }) => [name, ...(phase ? [phase] : []), ...(hotplugVolume ? ['hotplug'] : [])].join(' '))
}

const OF_MIGRATION = ['mode', 'completed', 'failed', 'failureReason', 'abortRequested', 'abortStatus'] as const

function migrationOf(state: MigrationState | undefined): Json | undefined {
  if (!state)
    return undefined
  const told = OF_MIGRATION.flatMap(key => state[key] ? [[key, state[key] as Json] as const] : [])
  return { ...Object.fromEntries(told), started: state.startTimestamp !== undefined, ended: state.endTimestamp !== undefined }
}

function withoutAbsent(facets: Readonly<Record<string, Json | undefined>>): Facets {
  return Object.fromEntries(Object.entries(facets).flatMap(([key, value]) => value === undefined ? [] : [[key, value] as const]))
}
