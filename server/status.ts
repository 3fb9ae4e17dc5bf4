import { firstLine } from './usageError.ts'

/** A failure in Kubernetes' own form (meta/v1 Status), so that a client reads the proxy's failures as it reads the API's. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, never>
  readonly status: 'Failure'
  readonly message: string
  readonly reason: string
  /** Of a cluster that did not answer, or of a request to the server's own endpoints (`guard`), whose first cause's reason is a code of pkg/images/probe.ts. */
  readonly details?: { readonly kind: 'cluster' | 'guard', readonly name: string, readonly causes: readonly { readonly reason: string, readonly message: string, readonly field?: string }[] }
  readonly code: number
}

const REASONS: Record<number, string> = {
  400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 405: 'MethodNotAllowed', 409: 'Conflict', 421: 'MisdirectedRequest', 429: 'TooManyRequests', 500: 'InternalError',
  502: 'BadGateway', 503: 'ServiceUnavailable', 504: 'Timeout',
}

/** A Status body of the proxy itself. */
export function statusOf(code: number, message: string, details?: Status['details']): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: REASONS[code] ?? 'InternalError', ...details && { details }, code }
}

/** Credentials of a context that could not be had: the plugin failed, a file is missing. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
}

interface Failure { readonly code: 502 | 503 | 504, readonly because: string }

const FAILURES: Record<string, Failure> = {
  ECONNREFUSED: { code: 503, because: 'nothing listens there (connection refused)' },
  ENOTFOUND: { code: 503, because: 'its name is not known (DNS)' },
  EAI_AGAIN: { code: 503, because: 'its name could not be looked up (DNS gave no answer)' },
  EHOSTUNREACH: { code: 503, because: 'there is no route to it' },
  ENETUNREACH: { code: 503, because: 'there is no network to it' },
  ETIMEDOUT: { code: 504, because: 'it did not take the connection in time' },
  UND_ERR_CONNECT_TIMEOUT: { code: 504, because: 'it did not take the connection in time' },
  UND_ERR_HEADERS_TIMEOUT: { code: 504, because: 'it took the request and did not answer in time' },
  ECONNRESET: { code: 502, because: 'it broke the connection' },
  EPIPE: { code: 502, because: 'it broke the connection' },
  UND_ERR_SOCKET: { code: 502, because: 'it broke the connection' },
  EPROTO: { code: 502, because: 'it does not speak TLS there' },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 502, because: 'it does not speak TLS there' },
  CERT_HAS_EXPIRED: { code: 502, because: 'its certificate has expired' },
  CERT_NOT_YET_VALID: { code: 502, because: 'its certificate is not valid yet' },
  ERR_TLS_CERT_ALTNAME_INVALID: { code: 502, because: 'its certificate is for another name' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: 502, because: 'its certificate is not signed by the kubeconfig\'s authority (self-signed)' },
  SELF_SIGNED_CERT_IN_CHAIN: { code: 502, because: 'its certificate is not signed by the kubeconfig\'s authority' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 502, because: 'its certificate is not signed by the kubeconfig\'s authority' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: 502, because: 'its certificate is not signed by the kubeconfig\'s authority' },
  UNABLE_TO_GET_ISSUER_CERT: { code: 502, because: 'its certificate is not signed by the kubeconfig\'s authority' },
}

/** The innermost word for what went wrong: of several addresses tried, and of wrapped errors, the first with a code. */
export function failureCode(error: unknown): string {
  if (!(error instanceof Error))
    return 'UNKNOWN'
  const inner: unknown[] = [...error instanceof AggregateError ? error.errors : [], error.cause]
  const codes = inner.filter(each => each instanceof Error).map(failureCode)
  const own = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
  return codes.find(code => code in FAILURES) ?? own
}

/**
 * Why a cluster gave no answer, as a Status that names the cluster and the cause: 503 nothing there, 504 too slow,
 * 502 something else is there. `details.causes[0].reason` is the code of the system or of TLS (`ECONNREFUSED`).
 */
export function describeFailure(error: unknown, cluster: { title: string, server: string, id: string }): Status {
  const code = failureCode(error)
  const credential = error instanceof CredentialError
  const failure = FAILURES[code]
  const because = credential ? firstLine(error) : `${failure?.because ?? firstLine(error)}${code === 'UNKNOWN' ? '' : ` [${code}]`}`
  const message = credential
    ? `no credentials for cluster ${cluster.title}: ${because}`
    : `cluster ${cluster.title} at ${cluster.server} does not answer: ${because}`
  return statusOf(credential ? 502 : failure?.code ?? 502, message, { kind: 'cluster', name: cluster.id, causes: [{ reason: credential ? 'Credentials' : code, message: because }] })
}
