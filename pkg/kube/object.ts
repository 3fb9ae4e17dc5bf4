/** What every Kubernetes object has. Fields as in `k8s.io/apimachinery` meta/v1. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly ManagedFields[]
}

/** Who wrote which fields; `fieldsV1` is a tree of `f:name` keys. */
export interface ManagedFields {
  readonly manager?: string
  readonly operation?: string
  /** When it last changed any of them, by the API server's clock. */
  readonly time?: string
  readonly fieldsV1?: object
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** An object as the cluster said it: never changed by us, only replaced by a newer one. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** An object as we would send it: the server fills the rest of the metadata. */
export type Manifest<T extends KubeObject = KubeObject> = Omit<T, 'metadata' | 'status'> & {
  readonly metadata: Partial<ObjectMeta>
  readonly status?: T extends { status?: infer S } ? S : never
}

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastUpdateTime?: string
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly resourceVersion: string, readonly continue?: string, readonly remainingItemCount?: number }
  readonly items: readonly T[]
}

/** Names an object the way people and annotations do: `namespace/name`, or `name` where the kind has no namespace. */
export function objectKey(object: { readonly metadata: Partial<ObjectMeta> }): string {
  const { namespace, name = '' } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** The condition of that type, or undefined where the object has none. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find(condition => condition.type === type)
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Epoch milliseconds of a time as RFC 3339 writes it, of a day that the calendar has; undefined for anything else. `Date.parse`
 * alone takes "1" for a year, and the 31st of June for July's first.
 */
export function readTimestamp(value: unknown): number | undefined {
  const [text, day = ''] = typeof value === 'string' ? TIMESTAMP.exec(value) ?? [] : []
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) || !new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? undefined : time
}
