import type { ApiError } from '#kube/apiError.ts'

type Failed = Pick<ApiError, 'status' | 'reason'>

/** Harvester's mutators refuse what they cannot read with 500, as if it were their own failure; Kubernetes says of each webhook that it denied the request (apiserver pkg/admission/plugin/webhook/errors). */
const DENIED = /^admission webhook "[^"]+" denied the request/

/** What to try after a refusal; the sentences are `sdk.error.try.<advice>`. */
export type Advice = 'unreachable' | 'unauthorized' | 'forbidden' | 'missing' | 'conflict' | 'exists' | 'invalid' | 'busy' | 'server'

/** Failures that the console names itself because nobody else has said anything; the sentences are `sdk.error.own.<failure>`. */
export type OwnFailure = 'Unreachable' | 'Timeout' | 'Aborted' | 'LineCut' | 'BadAnswer'

const UNANSWERED: readonly OwnFailure[] = ['Unreachable', 'Timeout', 'LineCut']
const OWN: readonly OwnFailure[] = [...UNANSWERED, 'Aborted']

/** Undefined where the words are the cluster's, or of the work that failed. */
export function ownFailure({ status, reason }: Failed): OwnFailure | undefined {
  return status === 0 ? OWN.find(own => own === reason) : reason === 'BadAnswer' ? 'BadAnswer' : undefined
}

/** False where nothing came back; work that stopped by itself is no silence. */
export function wasAnswered(error: Failed): boolean {
  return !UNANSWERED.some(own => own === ownFailure(error))
}

/**
 * Judges by the HTTP status, and by the reason where one status has two meanings (`AlreadyExists` and `Conflict` are both 409)
 * or there is none. Undefined where the words of the failure say all that there is to say: work that was given up or stopped.
 */
export function adviceFor(error: Failed & Pick<ApiError, 'message'>): Advice | undefined {
  switch (error.status) {
    case 0: return wasAnswered(error) ? undefined : 'unreachable'
    case 401: return 'unauthorized'
    case 403: return 'forbidden'
    case 404: return 'missing'
    case 409: return error.reason === 'AlreadyExists' ? 'exists' : 'conflict'
    case 429: return 'busy'
    case 502: case 503: case 504: return 'unreachable'
  }
  if (DENIED.test(error.message))
    return 'invalid'
  return error.status >= 500 || error.reason === 'BadAnswer' ? 'server' : 'invalid'
}

/** What is to be read of a failure: the cluster's own words, or ours in the reader's language where it has said nothing. */
export function errorWords(error: Failed & Pick<ApiError, 'message'>, t: (key: string) => string): string {
  const own = ownFailure(error)
  return own ? t(`sdk.error.own.${own}`) : error.message
}
