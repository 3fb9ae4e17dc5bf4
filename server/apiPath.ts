/** A path below `/k8s/clusters/<id>` that the proxy passes on, or why it does not. */
export type ApiPath
  = | { readonly pass: true, readonly cluster: string, readonly path: string, readonly query: string }
    | { readonly pass: false, readonly code: 403 | 404, readonly message: string }

const PREFIX = '/k8s/clusters/'
const ROOTS = new Set(['api', 'apis', 'version', 'openapi', 'healthz', 'livez', 'readyz'])
/** Slash, backslash, dot, percent and NUL in disguise: no name of Kubernetes has them, and upstream may decode once more. */
const DISGUISED = /%(2f|5c|2e|25|0[0-9a-f]|1[0-9a-f]|7f)/i
// What a URL path may hold unescaped (RFC 3986 pchar and slash).
const PLAIN = /^[\w\-.~!$&'()*+,;=:@%/]*$/
const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i

function refuse(code: 403 | 404, message: string): ApiPath {
  return { pass: false, code, message }
}

/**
 * Judges the raw URL of a request to the proxy, before anything has decoded it.
 * Only the Kubernetes API passes (/api, /apis, /version, /openapi, /healthz, /livez, /readyz), and only spelled so that
 * nobody on the way can read another path in it. `path` begins with a slash; `query` with `?` or is empty.
 */
export function judgeApiPath(url: string): ApiPath {
  const mark = url.indexOf('?')
  const whole = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark)
  if (!whole.startsWith(PREFIX))
    return refuse(404, `the proxy answers below ${PREFIX}<id>`)
  if (!PLAIN.test(whole) || DISGUISED.test(whole) || BROKEN_ESCAPE.test(whole) || /[^\x21-\x7e]/.test(query))
    return refuse(403, 'the path is not plain: encoded slashes, dots, percent signs, backslashes and control characters are refused')
  const [cluster = '', ...segments] = whole.slice(PREFIX.length).split('/')
  const [root = ''] = segments
  if (!ROOTS.has(root))
    return refuse(404, `/${segments.join('/')} is not part of the Kubernetes API: ${[...ROOTS].map(name => `/${name}`).join(', ')}`)
  const inner = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  if (inner.some(segment => segment === '' || segment === '.' || segment === '..'))
    return refuse(403, 'the path has empty or dot segments')
  return { pass: true, cluster, path: `/${segments.join('/')}`, query }
}

/** Whether the answer to a GET stays open: a watch, or a log that is followed. */
export function isStream(query: string): boolean {
  const params = new URLSearchParams(query)
  return ['watch', 'follow'].some(name => params.has(name) && !['false', '0'].includes(params.get(name) ?? ''))
}
