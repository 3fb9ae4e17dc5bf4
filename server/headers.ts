import type { IncomingHttpHeaders } from 'node:http'

type Headers = Record<string, string | string[]>

/**
 * What of a browser's request goes on to the API. A list of what passes, not of what is dropped: so no cookie,
 * credential, impersonation, front-proxy name (X-Remote-*), origin or hop-by-hop header can slip through in a spelling
 * that nobody thought of.
 */
const PASSED_ON = new Set([
  'accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-disposition', 'content-encoding',
  'content-length', 'content-range', 'content-type', 'file-size', 'if-match', 'if-modified-since', 'if-none-match',
  'if-unmodified-since', 'range', 'traceparent', 'tracestate', 'user-agent', 'x-stream-protocol-version',
])

const HOP_BY_HOP = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'trailers', 'transfer-encoding', 'upgrade',
])

/** Of an answer: what would act on this console's own origin (its cookies, its rules) and not on the answer. */
const ABOUT_THE_ORIGIN = /^(set-cookie2?|clear-site-data|strict-transport-security|alt-svc|content-security-policy(-report-only)?|access-control-.*|nel|report-to|reporting-endpoints|service-worker-allowed|x-frame-options|cross-origin-.*)$/

/** The headers that pass a test and that Connection does not make hop-by-hop (RFC 9110 §7.6.1). On the way of every request: one plain loop. */
function select(headers: IncomingHttpHeaders, passes: (name: string) => boolean): Headers {
  const hop = headers.connection === undefined ? [] : String(headers.connection).toLowerCase().split(',').map(name => name.trim())
  const passed: Headers = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && passes(name) && !hop.includes(name))
      passed[name] = value
  }
  return passed
}

/** The headers of a browser's request that the API gets, names in lower case. A stream is never compressed: compressors buffer. */
export function requestHeaders(incoming: IncomingHttpHeaders, stream: boolean): Headers {
  const headers = select(incoming, name => PASSED_ON.has(name))
  if (stream)
    headers['accept-encoding'] = 'identity'
  return headers
}

const K8S_ANSWER = {
  // What a pod serves through the API must not run as this console: opened in a tab, it is a sandbox without scripts.
  'content-security-policy': 'default-src \'none\'; sandbox; frame-ancestors \'none\'',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

/**
 * The headers of the API's answer that the browser gets: all but hop-by-hop ones and those that would act on this origin.
 * Where nothing is said of keeping it, it is not kept: browsers may keep a 404 or a 410 for good (RFC 9110 §15.1).
 */
export function responseHeaders(upstream: IncomingHttpHeaders): Headers {
  return { 'cache-control': 'no-store', ...select(upstream, name => !HOP_BY_HOP.has(name) && !ABOUT_THE_ORIGIN.test(name)), ...K8S_ANSWER }
}

/** The rules for the console's own pages: nothing from elsewhere, no inline script, no frame (issue: strict CSP). */
export const PAGE_HEADERS = {
  'content-security-policy': [
    'default-src \'self\'', 'script-src \'self\'', 'style-src \'self\'', 'img-src \'self\' data:', 'connect-src \'self\'',
    'frame-ancestors \'none\'', 'base-uri \'none\'', 'form-action \'self\'', 'object-src \'none\'',
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/**
 * The rules for a worker's script, which a browser takes from the script's own answer and not from the page's (CSP3
 * §4.2.2): it may compile WebAssembly, and do nothing else; the page may not (docs/adr/0007).
 */
export const WORKER_POLICY = 'default-src \'none\'; script-src \'self\' \'wasm-unsafe-eval\''

const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'

/** The WebSocket subprotocols that go on: Kubernetes takes a token as one of them, and a browser's credentials do not pass. */
export function webSocketProtocols(offered: string | undefined): string | undefined {
  const kept = (offered ?? '').split(',').map(name => name.trim()).filter(name => name && !name.toLowerCase().startsWith(BEARER_PROTOCOL))
  return kept.length ? kept.join(', ') : undefined
}
