import axios from 'axios'
import type { AxiosRequestConfig, AxiosResponse } from 'axios'
import { ApiError, toApiError } from './apiError.ts'
import { readFailure, readStatus } from './failure.ts'
import { jsonLines } from './jsonLines.ts'
import type { KubeList, KubeObject, Manifest } from './object.ts'
import { callOwnFetch } from './ownFetch.ts'
import type { OwnFetch } from './ownFetch.ts'
import { callRequest, createRequest, pageRequest, patchRequest, readRequest, removeRequest, replaceRequest, reviewRequest, rulesRequest, servedRequest, targetOf, watchRequest } from './request.ts'
import type { AccessQuestion, Address, FileForm, KubeRequest, ListScope, Patch, RemoveOptions, UploadOptions, WriteOptions } from './request.ts'
import { apiVersionOf } from './resource.ts'
import type { Resource } from './resource.ts'
import { createServerClock } from './serverClock.ts'
import { SocketRefusedError, socketMessages, socketUrl } from './socketMessages.ts'
import { parseWarnings } from './warnings.ts'

// Part of the client's own signature, wherever it is written down.
export type { AccessQuestion, Address, FileForm, JsonPatchOperation, ListScope, Patch, UploadProgress, WriteOptions } from './request.ts'

interface ListOptions<T extends KubeObject = KubeObject> extends ListScope {
  /** Objects per page; 500 when absent. All pages are read in any case. */
  readonly limit?: number
  readonly signal?: AbortSignal
  /** Sees each page as it arrives, while the next is on its way. Pages come again when the list starts anew. */
  readonly onPage?: (objects: readonly T[]) => void
}

interface WatchOptions extends ListScope {
  /** Events after this version; of a list, of an event or of a bookmark. */
  readonly resourceVersion: string
  /** After how long the server shall end the watch. */
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
  /** The server has accepted the watch. */
  readonly onOpen?: () => void
}

export type ObjectEvent<T extends KubeObject = KubeObject> = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED', readonly object: T }
export type WatchEvent<T extends KubeObject = KubeObject> = ObjectEvent<T>
  | { readonly type: 'BOOKMARK', readonly object: { readonly metadata: { readonly resourceVersion: string, readonly annotations?: Readonly<Record<string, string>> } } }

/** What the server answered to a write, and the warnings that came with it. */
export interface Written<T> { readonly object: T, readonly warnings: readonly string[] }

export interface AccessAnswer { readonly allowed: boolean, readonly reason?: string }

/** One rule of RBAC as a SelfSubjectRulesReview tells it; `*` stands for all. */
interface AccessRule { readonly verbs: readonly string[], readonly apiGroups?: readonly string[], readonly resources?: readonly string[], readonly resourceNames?: readonly string[] }

interface Abortable { readonly signal?: AbortSignal }

/** Kubernetes over HTTP. Every method throws an `ApiError`. */
export interface KubeClient {
  readonly get: <T extends KubeObject>(resource: Resource<T>, at: Address, options?: Abortable & { readonly subresource?: string }) => Promise<T>
  /** The whole collection, in pages; its resourceVersion is the first page's. An expired `continue` token starts the list anew. */
  readonly list: <T extends KubeObject>(resource: Resource<T>, options?: ListOptions<T>) => Promise<KubeList<T>>
  readonly create: <T extends KubeObject>(resource: Resource<T>, manifest: Manifest<T>, options?: WriteOptions) => Promise<Written<T>>
  readonly replace: <T extends KubeObject>(resource: Resource<T>, object: Manifest<T>, options?: WriteOptions) => Promise<Written<T>>
  readonly patch: <T extends KubeObject>(resource: Resource<T>, at: Address, patch: Patch, options?: WriteOptions) => Promise<Written<T>>
  /** The object where it lives on (finalizers, grace), undefined where it is gone. */
  readonly remove: <T extends KubeObject>(resource: Resource<T>, at: Address, options?: RemoveOptions) => Promise<Written<T | undefined>>
  /** PUT on a subresource that acts, e.g. `start` of `subresources.kubevirt.io`. Not every server honours a dry run here, so none is offered. */
  readonly call: (resource: Resource, at: Address, subresource: string, body?: object, options?: Abortable) => Promise<{ readonly warnings: readonly string[] }>
  /** Discovery: the names that the resource's group and version serves, subresources too (`virtualmachines/start`); none where it is not there. */
  readonly served: (resource: Resource, options?: Abortable) => Promise<ReadonlySet<string>>
  /** POSTs a file. Ends when the cluster has answered, which may be long after the last byte; nothing but the signal ends it before. */
  readonly upload: (form: FileForm, options?: UploadOptions) => Promise<void>
  /** SelfSubjectAccessReview. */
  readonly review: (question: AccessQuestion, options?: Abortable) => Promise<AccessAnswer>
  /** SelfSubjectRulesReview: rules that hold in that namespace; not all of them where the cluster does not only use RBAC. */
  readonly rules: (namespace: string, options?: Abortable) => Promise<readonly AccessRule[]>
  /**
   * The API server's time when this machine's clock shows `local` (now when absent), both in epoch milliseconds; undefined as
   * long as no answer has told it. What whole clusters go by is judged by it: this machine's own clock may be hours off.
   */
  readonly time: (local?: number) => number | undefined
  /** Ends when the server ends it; throws on an ERROR event and when the line is cut. */
  readonly watch: <T extends KubeObject>(resource: Resource<T>, options: WatchOptions) => AsyncIterable<WatchEvent<T>>
}

export interface KubeClientOptions {
  /** `/k8s/clusters/demo` in a page, or an https URL. */
  readonly baseUrl: string
  readonly token?: string
  /** For Node with its own TLS. */
  readonly fetch?: OwnFetch
  /**
   * How watches travel. A page has six HTTP/1.1 connections for all its tabs and a watch holds one for ever, so there the
   * default is a WebSocket each (k8s.io/apiserver serves both), and a stream where the server takes none; elsewhere a stream.
   */
  readonly watchBy?: 'socket' | 'stream'
}

const PAGE_SIZE = 500
const LIST_ATTEMPTS = 5
const TIMEOUT_MS = 90_000
/** So often in a row a WebSocket may fail where a stream then opens, before only streams are used for a while. */
const SOCKET_REFUSALS = 3
const STREAMS_FOR_MS = 5 * 60_000

class ExpiredTokenError extends Error {}

/** A client of the API server at that address. */
export function createKubeClient({ baseUrl, token, fetch: ownFetch, watchBy }: KubeClientOptions): KubeClient {
  const base = baseUrl.replace(/\/+$/, '')
  const bySocket = (watchBy ?? (base.startsWith('/') && !ownFetch ? 'socket' : 'stream')) === 'socket'
  const clock = createServerClock()
  let refusals = 0
  let refusedAt = 0
  const http = axios.create({
    adapter: 'fetch',
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    transformRequest: (data: unknown) => data,
    transformResponse: (data: unknown) => data,
    validateStatus: () => true,
    ...(ownFetch && { env: { fetch: (input, init) => callOwnFetch(ownFetch, input, init) } }),
  })

  function send(request: KubeRequest, signal?: AbortSignal, responseType: 'text' | 'stream' = 'text', keepalive?: boolean): Promise<AxiosResponse<unknown>> {
    const { method, body, accept = 'application/json', contentType = 'application/json' } = request
    return exchange({
      url: base + targetOf(request),
      method,
      data: body && JSON.stringify(body),
      headers: { Accept: accept, ...(body && { 'Content-Type': contentType }) },
      responseType,
      signal,
      timeout: responseType === 'text' ? TIMEOUT_MS : 0,
      ...(keepalive && { fetchOptions: { keepalive } }),
    })
  }

  async function upload({ path, field, file, headers }: FileForm, { signal, onProgress }: UploadOptions = {}): Promise<void> {
    const data = new FormData()
    data.append(field, file, file.name)
    await exchange({
      url: base + path,
      method: 'POST',
      data,
      headers: { Accept: 'application/json', ...headers },
      // fetch does not say how much of a body is sent, and would have to be given a stream to be asked.
      adapter: ['xhr', 'fetch'],
      signal,
      onUploadProgress: ({ loaded, total, rate, estimated }) => onProgress?.({ loaded, total, bytesPerSecond: rate, secondsLeft: estimated }),
    })
  }

  async function exchange(config: AxiosRequestConfig): Promise<AxiosResponse<unknown>> {
    const sentAt = Date.now()
    const response = await http.request<unknown>(config).catch((thrown: unknown) => { throw toApiError(thrown) })
    if (response.status < 300) {
      // A refusal may be of somebody on the way, with a clock of his own.
      clock.heard(headerOf(response, 'date'), sentAt, Date.now())
      return response
    }
    const text = response.data instanceof ReadableStream ? await new Response(response.data).text().catch(() => '') : String(response.data ?? '')
    throw new ApiError(readFailure(response.status, text, headerOf(response, 'retry-after'), Date.now()))
  }

  async function read<T>(request: KubeRequest, signal?: AbortSignal): Promise<T> {
    return parseBody<T>(await send(request, signal))
  }

  async function write<T>(request: KubeRequest, signal?: AbortSignal, keepalive?: boolean): Promise<Written<T>> {
    const response = await send(request, signal, 'text', keepalive)
    return { object: parseBody<T>(response), warnings: warningsOf(response) }
  }

  async function listOnce<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T>): Promise<KubeList<T>> {
    const limit = options.limit ?? PAGE_SIZE
    const first = await read<KubeList<T>>(pageRequest(resource, options, limit), options.signal)
    const items: T[] = []
    for (let page: KubeList<T> | undefined = first; page;) {
      const following: Promise<KubeList<T>> | undefined = page.metadata.continue
        ? read<KubeList<T>>(pageRequest(resource, options, limit, page.metadata.continue), options.signal)
        : undefined
      following?.catch(() => undefined)
      const objects = page.items.map(item => withKind(item, resource))
      options.onPage?.(objects)
      items.push(...objects)
      page = await following?.catch((thrown: unknown) => { throw toApiError(thrown).status === 410 ? new ExpiredTokenError('', { cause: thrown }) : thrown })
    }
    return { apiVersion: first.apiVersion, kind: first.kind, metadata: { resourceVersion: first.metadata.resourceVersion }, items }
  }

  async function list<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T> = {}): Promise<KubeList<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await listOnce(resource, options)
      }
      catch (thrown) {
        if (!(thrown instanceof ExpiredTokenError))
          throw thrown
        if (attempt === LIST_ATTEMPTS)
          throw thrown.cause
      }
    }
  }

  async function* values(request: KubeRequest, signal: AbortSignal, onOpen: () => void): AsyncGenerator<unknown> {
    let refused = false
    if (bySocket && (refusals < SOCKET_REFUSALS || Date.now() - refusedAt > STREAMS_FOR_MS)) {
      const taken = (): void => { refusals = 0; onOpen() }
      try {
        return yield* socketMessages(socketUrl(base + targetOf(request)), signal, taken)
      }
      catch (thrown) {
        if (!(thrown instanceof SocketRefusedError))
          throw thrown
        refused = true
      }
    }
    // What a refused WebSocket cannot say, the stream says: 403, 410, nobody there.
    const { data } = await send(request, signal, 'stream')
    if (refused) {
      refusals++
      refusedAt = Date.now()
    }
    onOpen()
    if (data instanceof ReadableStream)
      yield* jsonLines(data as ReadableStream<Uint8Array>)
  }

  async function* watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { signal } = options
    const ours = new AbortController()
    const abort = (): void => ours.abort()
    signal?.addEventListener('abort', abort)
    if (signal?.aborted)
      abort()
    try {
      const request = watchRequest(resource, options, options.resourceVersion, options.timeoutSeconds)
      for await (const value of values(request, ours.signal, () => options.onOpen?.()))
        yield readEvent<T>(value)
    }
    catch (thrown) {
      throw toWatchError(thrown, signal)
    }
    finally {
      signal?.removeEventListener('abort', abort)
      abort()
    }
  }

  return {
    get: (resource, at, options = {}) => read(readRequest(resource, at, options.subresource), options.signal),
    list,
    create: (resource, manifest, options) => write(createRequest(resource, manifest, options), options?.signal),
    replace: (resource, object, options) => write(replaceRequest(resource, object, options), options?.signal),
    patch: (resource, at, patch, options) => write(patchRequest(resource, at, patch, options), options?.signal),
    remove: async <T extends KubeObject>(resource: Resource<T>, at: Address, options?: RemoveOptions) => {
      const { object, warnings } = await write<T>(removeRequest(resource, at, options), options?.signal, options?.keepalive)
      return { object: object.kind === 'Status' ? undefined : object, warnings }
    },
    call: async (resource, at, subresource, body, options) => ({ warnings: warningsOf(await send(callRequest(resource, at, subresource, body), options?.signal)) }),
    served: async (resource, options) => {
      const found = await read<{ readonly resources?: readonly { readonly name: string }[] }>(servedRequest(resource), options?.signal).catch((thrown: unknown) => {
        if (toApiError(thrown).status === 404)
          return undefined
        throw thrown
      })
      return new Set((found?.resources ?? []).map(({ name }) => name))
    },
    upload,
    review: async (question, options) => {
      const { status } = await read<{ readonly status?: AccessAnswer }>(reviewRequest(question), options?.signal)
      return { allowed: status?.allowed === true, reason: status?.reason || undefined }
    },
    rules: async (namespace, options) => {
      const { status } = await read<{ readonly status?: { readonly resourceRules?: readonly AccessRule[] } }>(rulesRequest(namespace), options?.signal)
      return status?.resourceRules ?? []
    },
    time: (local = Date.now()) => clock.at(local),
    watch,
  }
}

function headerOf(response: AxiosResponse<unknown>, name: string): string | undefined {
  const value: unknown = response.headers[name]
  return typeof value === 'string' ? value : undefined
}

function warningsOf(response: AxiosResponse<unknown>): string[] {
  return parseWarnings(headerOf(response, 'warning'))
}

function parseBody<T>(response: AxiosResponse<unknown>): T {
  try {
    return JSON.parse(String(response.data)) as T
  }
  catch (thrown) {
    throw new ApiError({ status: response.status, reason: 'BadAnswer', message: 'the answer is not JSON', cause: thrown })
  }
}

// The items of a built-in list say neither their kind nor their version (k8s.io/apimachinery leaves it to the list).
function withKind<T extends KubeObject>(item: T, resource: Resource<T>): T {
  return item.kind ? item : { ...item, apiVersion: apiVersionOf(resource), kind: resource.kind }
}

function readEvent<T extends KubeObject>(value: unknown): WatchEvent<T> {
  const event = value as WatchEvent<T> | { readonly type: 'ERROR', readonly object: object }
  if (event.type === 'ERROR')
    throw new ApiError(readStatus(event.object))
  return event
}

function toWatchError(thrown: unknown, signal: AbortSignal | undefined): ApiError {
  if (signal?.aborted)
    return new ApiError({ status: 0, reason: 'Aborted', message: 'the watch was given up', cause: thrown })
  return thrown instanceof ApiError ? thrown : new ApiError({ status: 0, reason: 'LineCut', message: 'the line was cut', cause: thrown })
}
