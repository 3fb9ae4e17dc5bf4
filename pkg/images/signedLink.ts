import type { Address } from './imageUrlAddress.ts'

/** Query parameters of a link that ends by itself. Each list must be wholly present. */
const SIGNED_QUERIES: readonly (readonly string[])[] = [
  ['x-amz-signature'], ['x-amz-expires'], ['x-goog-signature'], ['awsaccesskeyid', 'signature'], ['expires', 'signature'], ['sig', 'se'], ['sig', 'sv'],
  ['expires', 'key-pair-id'], ['temp_url_sig'], ['temp_url_expires'], ['t', 'e', 'h'], ['p1'], ['token'], ['access_token'], ['hmac'], ['hdnea'], ['expires', 'md5'], ['oauth_token'],
]

/** Whether the link ends by itself, and when, as far as its query says so. */
export function signedLink({ query }: Address): { at?: string } | undefined {
  if (!query.size || !SIGNED_QUERIES.some(names => names.every(name => query.has(name))))
    return undefined
  const seconds = Number(query.get('expires') ?? query.get('e') ?? query.get('temp_url_expires') ?? query.get('p1'))
  if (seconds > 1e9 && seconds < 1e10)
    return { at: new Date(seconds * 1000).toISOString() }
  const began = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('x-amz-date') ?? query.get('x-goog-date') ?? '')
  const lasts = Number(query.get('x-amz-expires') ?? query.get('x-goog-expires'))
  const start = began ? Date.parse(`${began[1]}-${began[2]}-${began[3]}T${began[4]}:${began[5]}:${began[6]}Z`) : Date.parse(query.get('se') ?? '')
  const end = start + (began && lasts > 0 ? lasts * 1000 : 0)
  return Number.isFinite(end) && Math.abs(end) < 8e15 ? { at: new Date(end).toISOString() } : {}
}
