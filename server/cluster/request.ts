/** What a path and a method ask for, as upstream's RequestInfo reads them. */
export interface ResourceRequest {
  readonly is: 'resource'
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly plural: string
  /** '' for cluster scope and for all namespaces. */
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}

export interface PathRequest { readonly is: 'path', readonly verb: string, readonly path: string }

const VERBS: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value !== 'false'
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = VERBS[method] ?? ''
  if (name) return verb
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list'
  return verb === 'delete' ? 'deletecollection' : verb
}

/** Reads a request. Paths outside `/api/…` and `/apis/…`, and the discovery documents within, are path requests. */
export function readRequest(method: string, url: URL): ResourceRequest | PathRequest {
  const parts = url.pathname.split('/').filter(Boolean).map(part => decodeURIComponent(part))
  const core = parts[0] === 'api'
  const rest = core ? parts.slice(2) : parts.slice(3)
  if ((parts[0] !== 'api' && parts[0] !== 'apis') || !rest.length) return { is: 'path', verb: method.toLowerCase(), path: url.pathname }
  const group = core ? '' : parts[1] ?? ''
  const version = (core ? parts[1] : parts[2]) ?? ''
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize'
  const [plural = '', name = '', ...sub] = scoped ? rest.slice(2) : rest
  const namespace = scoped ? rest[1] ?? '' : ''
  return { is: 'resource', verb: verbOf(method, name, url.searchParams), group, version, plural, namespace, name, subresource: sub.join('/') }
}
