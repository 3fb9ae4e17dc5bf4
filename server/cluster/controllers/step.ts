import type { KubeObject, Manifest, OwnerReference } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { apiVersionOf } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { stamp } from './conditions.ts'
import { hex } from './hash.ts'
import { EVENTS } from './kinds.ts'
import { mergePatchOf } from './merge.ts'
import type { World } from './world.ts'

/** Whose part a controller plays; on a real control plane each may have its own identity, or be left to the real one. */
export type Actor = 'kube' | 'scheduler' | 'kubelet' | 'csi' | 'virt-controller' | 'virt-handler' | 'harvester' | 'cdi' | 'longhorn' | 'longhorn-engine'

export interface Address { readonly namespace?: string, readonly name: string }

/** What is to be written, as data. `expect` is the resourceVersion that the object must still have. */
export type Write
  = { readonly do: 'create', readonly kind: Resource, readonly object: Manifest, readonly subresource?: string }
    | { readonly do: 'patch', readonly kind: Resource, readonly at: Address, readonly part: 'object' | 'status', readonly body: object, readonly expect?: string }
    | { readonly do: 'remove', readonly kind: Resource, readonly at: Address, readonly uid: string, readonly grace?: number, readonly foreground?: true }

/** What a step wants: writes, in order, and to be asked again after so many milliseconds even if nothing happens. */
export interface Next { readonly writes: readonly Write[], readonly again?: number }

export interface Refusal { readonly kind: Resource, readonly message: string, /** Milliseconds since 1970. */ readonly at: number }

/** The only clock that a step knows. */
export interface Time {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Milliseconds at which the object came to its stage; when the runner first saw it there. */
  readonly since: number
  /** How many real milliseconds something takes at this cluster's pace. */
  takes(ms: number): number
  /** How many real milliseconds remain until the object has been in its stage for so long; 0 when it is due. */
  left(ms: number): number
  /** The API's refusal of a write of this step, until one to that kind is tried again (not for conflicts, which are simply tried again). */
  readonly refused?: Refusal
}

export interface Controller<T extends KubeObject = KubeObject> {
  readonly name: string
  readonly actor: Actor
  readonly kind: Resource<T>
  /** Other kinds that the step reads; a change there wakes the objects with these keys (`namespace/name`). */
  readonly wakes?: readonly Wake[]
  /** Kinds that the step reads without being woken by them. */
  readonly reads?: readonly Resource[]
  /** Milliseconds between two looks at one object, where many things wake it. */
  readonly rest?: number
  /** One word (or a few) for where the object stands: `time.since` is when it last changed. */
  stage?(object: T, world: World): string
  step(object: T, world: World, time: Time): Next
}

export interface Wake<T extends KubeObject = KubeObject> {
  readonly kind: Resource<T>
  keys(object: T, world: World): readonly (string | undefined)[]
  /** What matters of an object; a change elsewhere in it wakes nobody. */
  matters?(object: T): string
}

/** A change of an object of that kind wakes the objects with these keys. */
export function on<T extends KubeObject>(kind: Resource<T>, keys: (object: T, world: World) => readonly (string | undefined)[], matters?: (object: T) => string): Wake {
  return (matters ? { kind, keys, matters } : { kind, keys }) as Wake
}

export const NOTHING: Next = { writes: [] }

export function wait(ms: number): Next {
  return { writes: [], again: ms }
}

export function write(...writes: readonly (Write | readonly Write[])[]): Next {
  return { writes: writes.flat() }
}

/** The writes that are not empty, or else the wait. */
export function writeOr(writes: readonly Write[], otherwise: Next): Next {
  return writes.length > 0 ? { ...otherwise, writes } : otherwise
}

export function create<T extends KubeObject>(kind: Resource<T>, object: Omit<Manifest<T>, 'apiVersion' | 'kind'>): Extract<Write, { do: 'create' }> {
  return { do: 'create', kind, object: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object } as unknown as Manifest }
}

export function remove(kind: Resource, object: KubeObject, grace?: number): Write {
  return { do: 'remove', kind, at: addressOf(object), uid: object.metadata.uid, ...(grace === undefined ? {} : { grace }) }
}

/** CRDs of upstream without a status subresource: their status is a field like any other. */
const WITHOUT_STATUS: readonly Resource[] = [IMAGES, VMIS, VM_BACKUPS]

/** Where the status of a kind is written. */
export function statusPart(kind: Resource): 'object' | 'status' {
  return WITHOUT_STATUS.includes(kind) ? 'object' : 'status'
}

/** The patch that brings the status to this, if it is not so already. */
export function setStatus<T extends KubeObject & { readonly status?: object }>(kind: Resource<T>, object: T, status: object): Write[] {
  const body = mergePatchOf(object.status, status)
  return body ? [{ do: 'patch', kind, at: addressOf(object), part: statusPart(kind), body: { status: body }, expect: object.metadata.resourceVersion }] : []
}

/** A merge patch of the object itself, sent only where it changes something that is there. */
export function change(kind: Resource, object: KubeObject, body: object): Write {
  return { do: 'patch', kind, at: addressOf(object), part: 'object', body, expect: object.metadata.resourceVersion }
}

/** The object stays until what it owns is gone. */
export function removeInForeground(kind: Resource, object: KubeObject): Write {
  return { do: 'remove', kind, at: addressOf(object), uid: object.metadata.uid, foreground: true }
}

export function addFinalizer(kind: Resource, object: KubeObject, finalizer: string): Write[] {
  const finalizers = object.metadata.finalizers ?? []
  return finalizers.includes(finalizer) || object.metadata.deletionTimestamp ? [] : [change(kind, object, { metadata: { finalizers: [...finalizers, finalizer] } })]
}

export function dropFinalizer(kind: Resource, object: KubeObject, finalizer: string): Write[] {
  const finalizers = object.metadata.finalizers ?? []
  return finalizers.includes(finalizer) ? [change(kind, object, { metadata: { finalizers: finalizers.filter(other => other !== finalizer) } })] : []
}

export function addressOf(object: KubeObject): Address {
  const { namespace, name } = object.metadata
  return namespace ? { namespace, name } : { name }
}

/** The reference by which an object is owned; what it owns goes when it goes. */
export function ownerOf(kind: Resource, object: KubeObject): OwnerReference {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name: object.metadata.name, uid: object.metadata.uid, controller: true, blockOwnerDeletion: true }
}

/** An Event about an object. Its name follows from what it says, so that it is told once. */
export function tell(kind: Resource, about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, now: number): Write {
  const { name, namespace = 'default', uid } = about.metadata
  const body = {
    metadata: { name: `${name}.${hex(`${uid} ${reason} ${message}`, 16)}`, namespace },
    involvedObject: { apiVersion: apiVersionOf(kind), kind: kind.kind, name, namespace: about.metadata.namespace, uid },
    type, reason, message, count: 1, firstTimestamp: stamp(now), lastTimestamp: stamp(now), source: { component: 'guardrails-demonstration' },
  }
  return create(EVENTS, body)
}
