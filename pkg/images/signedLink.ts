import type { Address } from './imageUrlAddress.ts'

/** Query parameters of a link that ends by itself. Each list must be wholly present. Source: the stores' and delivery networks' own references. */
const SIGNED_QUERIES: readonly (readonly string[])[] = [
  ['x-amz-signature'], ['x-amz-expires'], ['x-goog-signature'], ['awsaccesskeyid', 'signature'], ['expires', 'signature'], ['sig', 'se'], ['sig', 'sv'],
  ['expires', 'key-pair-id'], ['policy', 'key-pair-id'], ['temp_url_sig'], ['temp_url_expires'], ['t', 'e', 'h'], ['p1'], ['token'], ['access_token'], ['hmac'], ['hdnea'], ['hdnts'], ['expires', 'md5'], ['oauth_token'],
  // Tencent, Alibaba, Huawei, Volcengine; then delivery networks with a key of their own, and nginx.
  ['q-signature'], ['x-oss-signature'], ['ossaccesskeyid', 'signature'], ['x-obs-signature'], ['x-tos-signature'], ['auth_key'], ['txsecret'], ['wssecret'], ['st', 'e'], ['tempauth'], ['x-jfrog-signature'],
]

/** A pre-authenticated request of Oracle's store: the token is a directory, and nothing says when it ends. */
const SIGNED_PATH = /^\/p\/[^/]+\/n\/[^/]+\/b\/[^/]+\/o\//
const SIGNED_PATH_HOST = /(?:^|\.)(?:oraclecloud|oci\.customer-oci)\.com$/

/** Stores whose links say when they were made and for how many seconds. */
const STORES = ['x-amz', 'x-goog', 'x-oss', 'x-obs', 'x-tos'] as const

/** Whether the link ends by itself, and when, as far as it says so. */
export function signedLink({ host, path, query }: Address): { at?: string } | undefined {
  if (path.startsWith('/p/') && SIGNED_PATH.test(path) && SIGNED_PATH_HOST.test(host))
    return {}
  if (!query.size || !SIGNED_QUERIES.some(names => names.every(name => query.has(name))))
    return undefined
  // `q-sign-time` is `begin;end`.
  const seconds = Number(query.get('expires') ?? query.get('e') ?? query.get('temp_url_expires') ?? query.get('p1') ?? query.get('q-sign-time')?.split(';')[1])
  if (seconds > 1e9 && seconds < 1e10)
    return { at: new Date(seconds * 1000).toISOString() }
  const store = STORES.find(name => query.has(`${name}-date`))
  const began = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get(`${store}-date`) ?? '')
  const lasts = Number(query.get(`${store}-expires`))
  const start = began ? Date.parse(`${began[1]}-${began[2]}-${began[3]}T${began[4]}:${began[5]}:${began[6]}Z`) : Date.parse(query.get('se') ?? '')
  const end = start + (began && lasts > 0 ? lasts * 1000 : 0)
  return Number.isFinite(end) && Math.abs(end) < 8e15 ? { at: new Date(end).toISOString() } : {}
}
