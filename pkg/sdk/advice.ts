import type { ApiError } from '#kube/apiError.ts'

/** What to try after a refusal; the sentences are `sdk.error.try.<advice>`. */
export type Advice = 'unreachable' | 'unauthorized' | 'forbidden' | 'missing' | 'conflict' | 'exists' | 'invalid' | 'busy' | 'server'

/** Judges by the HTTP status, and by the reason where one status has two meanings (`AlreadyExists` and `Conflict` are both 409). */
export function adviceFor(error: Pick<ApiError, 'status' | 'reason'>): Advice {
  switch (error.status) {
    case 401: return 'unauthorized'
    case 403: return 'forbidden'
    case 404: return 'missing'
    case 409: return error.reason === 'AlreadyExists' ? 'exists' : 'conflict'
    case 429: return 'busy'
    case 0: case 502: case 503: case 504: return 'unreachable'
  }
  return error.status >= 500 ? 'server' : 'invalid'
}
