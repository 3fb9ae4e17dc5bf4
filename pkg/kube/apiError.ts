import type { ErrorCause, Failure, StatusDetails } from './failure.ts'

/** The one shape of every failure. */
export class ApiError extends Error {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number
  /** The `reason` of the Status (`Conflict`, `AlreadyExists`, …); ours where there was none: `Unreachable`, `Timeout`, `Aborted`, `LineCut`, `BadAnswer`. */
  readonly reason: string
  /** What is wrong with each field, in the cluster's words. */
  readonly causes: readonly ErrorCause[]
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number
  readonly details?: StatusDetails

  constructor(failure: Failure) {
    super(failure.message, { cause: failure.cause })
    this.name = 'ApiError'
    this.status = failure.status
    this.reason = failure.reason
    this.causes = failure.causes ?? []
    this.retryAfter = failure.retryAfter
    this.details = failure.details
  }
}

/** Whether the server has refused for certain, so that nothing was written. A lost answer, a time-out, a throttled request and a 5xx leave that open. */
export function isRefusal({ status }: Pick<ApiError, 'status'>): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** Any thrown value as an `ApiError`; an `ApiError` is returned as it is. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError)
    return thrown
  const message = thrown instanceof Error ? deepestMessage(thrown) : String(thrown)
  const failed = (reason: string, text: string): ApiError => new ApiError({ status: 0, reason, message: text, cause: thrown })
  if (thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'CanceledError'))
    return failed('Aborted', 'the request was given up')
  // Axios marks what it wraps, and leaves it its own name.
  if (thrown instanceof Error && 'isAxiosError' in thrown)
    return failed('code' in thrown && thrown.code === 'ETIMEDOUT' ? 'Timeout' : 'Unreachable', `no answer: ${message}`)
  return failed('InternalError', message)
}

// Node says "fetch failed" and keeps "connect ECONNREFUSED" in the cause.
function deepestMessage(error: Error): string {
  return error.cause instanceof Error ? deepestMessage(error.cause) : error.message || error.name
}
