// What a refused request says, read from its body: a Status of the API server, or whatever a proxy on the way put in its place.

export interface ErrorCause { readonly field: string, readonly message: string, readonly reason?: string }

/** `details` of a `Status` (k8s.io/apimachinery meta/v1). */
export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly retryAfterSeconds?: number
  readonly causes?: readonly { readonly field?: string, readonly message?: string, readonly reason?: string }[]
}

export interface Failure {
  readonly status: number
  readonly reason: string
  readonly message: string
  readonly causes?: readonly ErrorCause[]
  /** In seconds. */
  readonly retryAfter?: number
  readonly details?: StatusDetails
  readonly cause?: unknown
}

interface StatusBody {
  readonly kind?: unknown
  readonly code?: unknown
  readonly reason?: unknown
  readonly message?: unknown
  readonly details?: StatusDetails | null
}

/** The reason that the API server would give for a code (k8s.io/apimachinery pkg/api/errors). */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 405: 'MethodNotAllowed', 406: 'NotAcceptable',
  408: 'Timeout', 409: 'Conflict', 410: 'Gone', 413: 'RequestEntityTooLarge', 415: 'UnsupportedMediaType', 422: 'Invalid',
  429: 'TooManyRequests', 500: 'InternalError', 502: 'BadGateway', 503: 'ServiceUnavailable', 504: 'Timeout',
}
const LONGEST_TEXT = 300

/** Reads the body of a refusal. `retryAfter` is the header's text and `now` the moment of the answer, in epoch milliseconds. */
export function readFailure(status: number, body: string, retryAfter: string | undefined, now: number): Failure {
  const seconds = parseRetryAfter(retryAfter, now)
  const parsed = parseObject(body)
  if (parsed?.kind === 'Status')
    return { ...readStatus(parsed, status), ...(seconds !== undefined && { retryAfter: seconds }) }
  const said = typeof parsed?.message === 'string' ? parsed.message : plainText(body)
  return { status, reason: reasonOf(status), message: said || `HTTP ${status} ${reasonOf(status)}`, retryAfter: seconds }
}

/** A `Status` object, as a body or inside an ERROR event of a watch. */
export function readStatus(status: StatusBody, fallbackCode = 500): Failure {
  const code = typeof status.code === 'number' && status.code > 0 ? status.code : fallbackCode
  const reason = typeof status.reason === 'string' && status.reason ? status.reason : reasonOf(code)
  const details = status.details ?? undefined
  return {
    status: code,
    reason,
    message: typeof status.message === 'string' && status.message ? status.message : reason,
    causes: details?.causes?.map(cause => ({ field: cause.field ?? '', message: cause.message ?? '', reason: cause.reason })),
    retryAfter: details?.retryAfterSeconds || undefined,
    details,
  }
}

function reasonOf(code: number): string {
  return REASONS[code] ?? 'Unknown'
}

// Seconds, or an HTTP date (RFC 9110 §10.2.3).
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (!header)
    return undefined
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}

function parseObject(body: string): StatusBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed ? parsed : undefined
  }
  catch {
    return undefined
  }
}

// The page that a proxy puts in place of an answer says what is wrong in its title.
function plainText(body: string): string {
  const title = /<title>([^<]*)<\/title>/i.exec(body)?.[1] ?? (/^\s*</.test(body) ? '' : body)
  return title.replace(/\s+/g, ' ').trim().slice(0, LONGEST_TEXT)
}
