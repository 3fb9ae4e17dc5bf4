import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import type { ObjectStore } from './objects.ts'
import type { Policy, User } from './rbac.ts'
import type { KindRegistry } from './registry.ts'
import type { StatusCause } from './schema.ts'

/** What a hook is asked, as an AdmissionReview asks a webhook. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly kind: KindVersion
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The object as it would be stored; of a deletion, undefined. */
  readonly object: JsonObject | undefined
  readonly old: JsonObject | undefined
  readonly user: User
  readonly dryRun: boolean
}

interface AdmissionRefusal {
  /** HTTP status, 400 where a webhook names none. */
  readonly code?: number
  readonly reason?: string
  readonly message: string
  readonly causes?: readonly StatusCause[]
  /** The causes alone are told, and not of what: so KubeVirt's webhooks. */
  readonly unnamed?: boolean
}

export interface AdmissionAnswer {
  readonly refusal?: AdmissionRefusal
  /** A mutating hook's changed object. */
  readonly object?: JsonObject
  readonly warnings?: readonly string[]
}

/** What an admission webhook is to a real API server, without the HTTP between. It answers at once and changes nothing itself. */
export interface AdmissionHook {
  /** The webhook's name in `admission webhook "…" denied the request: …`. */
  readonly name: string
  readonly phase: 'mutate' | 'validate'
  readonly review: (request: AdmissionRequest) => AdmissionAnswer | undefined
}

/** One that is asked whether a pod may be evicted, and may write before it answers: whether it may be is what it sets going. */
export interface EvictionHook {
  readonly name: string
  readonly review: (request: Pick<AdmissionRequest, 'namespace' | 'name' | 'dryRun'>) => Promise<AdmissionAnswer | undefined>
}

/** A request to a subresource that is not the API server's own, as an aggregated API gets it. */
export interface SubresourceCall {
  readonly namespace: string
  readonly name: string
  readonly body: JsonObject
  readonly query: URLSearchParams
  readonly user: User
}

export interface SubresourceAnswer { readonly status: number, readonly body?: JsonObject | string }

/** An aggregated subresource such as `PUT …/virtualmachines/web-01/stop` of `subresources.kubevirt.io`. */
export interface SubresourceRoute {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly answer: (call: SubresourceCall) => SubresourceAnswer | Promise<SubresourceAnswer>
}

/** A call of an action of Harvester's own API; the body as it arrives, unread. */
export interface ActionCall {
  readonly namespace: string
  readonly name: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

export interface ActionAnswer { readonly status: number, readonly body?: string, /** Media type; plain text when absent. */ readonly type?: string }

/** An action such as `?action=upload` of an image, for whoever may update the object. */
export interface ActionRoute {
  readonly kind: Pick<KindVersion, 'group' | 'version' | 'plural'>
  readonly action: string
  readonly answer: (call: ActionCall) => Promise<ActionAnswer>
}

/** The parts that every verb works with. */
export interface Cluster {
  readonly store: ObjectStore
  readonly registry: KindRegistry
  readonly hooks: AdmissionHook[]
  readonly evictionHooks: EvictionHook[]
  readonly routes: SubresourceRoute[]
  readonly actions: ActionRoute[]
  readonly now: () => number
  readonly policy: () => Policy
}

/** Who asks, and how. */
export interface Call {
  readonly user: User
  readonly dryRun: boolean
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** Adds a `Warning` header to the answer. */
  readonly warn: (text: string) => void
}
