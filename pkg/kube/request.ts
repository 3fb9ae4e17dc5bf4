import type { KubeObject, Manifest } from './object.ts'
import { collectionPath, groupPath, objectPath } from './resource.ts'
import type { Resource } from './resource.ts'

// Every question to the API server as a value; `client.ts` sends them.

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly contentType?: string
  readonly accept?: string
}

export interface Address { readonly namespace?: string, readonly name: string }

export interface ListScope {
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface WriteOptions {
  /** The whole chain of admission and validation, and nothing kept. */
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly subresource?: string
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
  readonly signal?: AbortSignal
}

export interface RemoveOptions {
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string, readonly resourceVersion?: string }
  readonly gracePeriodSeconds?: number
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  /** Sent even when the page is being left. */
  readonly keepalive?: boolean
}

/** A file as the one field of a form: what a cluster takes beside the Kubernetes API. The file is passed by reference and never read whole. */
export interface FileForm {
  /** Below the cluster, with its query. */
  readonly path: string
  readonly field: string
  readonly file: File
  readonly headers?: Readonly<Record<string, string>>
}

/** How far an upload is; of the whole form, which is a little longer than the file. */
export interface UploadProgress {
  readonly loaded: number
  readonly total?: number
  readonly bytesPerSecond?: number
  readonly secondsLeft?: number
}

export interface UploadOptions {
  readonly signal?: AbortSignal
  /** Called a few times a second. */
  readonly onProgress?: (progress: UploadProgress) => void
}

/** One operation of RFC 6902. */
export type JsonPatchOperation
  = { readonly op: 'add' | 'replace' | 'test', readonly path: string, readonly value: unknown }
    | { readonly op: 'remove', readonly path: string }
    | { readonly op: 'move' | 'copy', readonly from: string, readonly path: string }

/** `merge`: RFC 7386, null deletes. `json`: RFC 6902, a failing `test` is a 422. */
export type Patch
  = { readonly type: 'merge', readonly body: object }
    | { readonly type: 'json', readonly body: readonly JsonPatchOperation[] }

export interface AccessQuestion {
  readonly verb: string
  readonly resource: Resource
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

const PATCH_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const

/** Path and query below the API root; what is absent, empty or false is left out of the query. */
export function targetOf({ path, query = {} }: KubeRequest): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false)
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
  return search ? `${path}?${search}` : path
}

export function readRequest(resource: Resource, at: Address, subresource?: string): KubeRequest {
  return { method: 'GET', path: objectPath(resource, at, subresource) }
}

/** One page; the token is the `continue` of the page before. */
export function pageRequest(resource: Resource, scope: ListScope, limit: number, token?: string): KubeRequest {
  const { labelSelector, fieldSelector } = scope
  return { method: 'GET', path: collectionPath(resource, scope.namespace), query: { limit, continue: token, labelSelector, fieldSelector } }
}

export function watchRequest(resource: Resource, scope: ListScope, resourceVersion: string, timeoutSeconds?: number): KubeRequest {
  const { labelSelector, fieldSelector } = scope
  const query = { watch: 1, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector }
  return { method: 'GET', path: collectionPath(resource, scope.namespace), query }
}

export function createRequest<T extends KubeObject>(resource: Resource<T>, manifest: Manifest<T>, options: WriteOptions = {}): KubeRequest {
  const path = options.subresource ? objectPath(resource, addressOf(manifest), options.subresource) : collectionPath(resource, manifest.metadata.namespace)
  return { method: 'POST', path, query: writeQuery(options), body: manifest }
}

export function replaceRequest<T extends KubeObject>(resource: Resource<T>, object: Manifest<T>, options: WriteOptions = {}): KubeRequest {
  return { method: 'PUT', path: objectPath(resource, addressOf(object), options.subresource), query: writeQuery(options), body: object }
}

export function patchRequest(resource: Resource, at: Address, patch: Patch, options: WriteOptions = {}): KubeRequest {
  return { method: 'PATCH', path: objectPath(resource, at, options.subresource), query: writeQuery(options), body: patch.body, contentType: PATCH_TYPES[patch.type] }
}

export function removeRequest(resource: Resource, at: Address, options: RemoveOptions = {}): KubeRequest {
  const { propagation, preconditions, gracePeriodSeconds, dryRun } = options
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, preconditions, gracePeriodSeconds, dryRun: dryRun ? ['All'] : undefined }
  return { method: 'DELETE', path: objectPath(resource, at), query: { dryRun: dryRun && 'All' }, body }
}

/** An aggregated server may answer nothing at all, so any media type will do. */
export function callRequest(resource: Resource, at: Address, subresource: string, body: object = {}): KubeRequest {
  return { method: 'PUT', path: objectPath(resource, at, subresource), body, accept: 'application/json, */*' }
}

export function reviewRequest({ verb, resource, namespace, name, subresource }: AccessQuestion): KubeRequest {
  const resourceAttributes = { verb, group: resource.group, version: resource.version, resource: resource.plural, namespace, name, subresource }
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } }
  return { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body }
}

/** Discovery of the resource's group and version. */
export function servedRequest(resource: Resource): KubeRequest {
  return { method: 'GET', path: groupPath(resource) }
}

/** What the user may do in a namespace; answered also where it cannot be complete. */
export function rulesRequest(namespace: string): KubeRequest {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } }
  return { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', body }
}

function writeQuery({ dryRun, fieldManager, fieldValidation }: WriteOptions): KubeRequest['query'] {
  return { dryRun: dryRun && 'All', fieldManager, fieldValidation }
}

function addressOf({ metadata: { namespace, name = '' } }: { readonly metadata: { readonly namespace?: string, readonly name?: string } }): Address {
  return { namespace, name }
}
