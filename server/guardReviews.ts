import { version } from '../package.json'
import type { AdmissionAnswer } from './admissionReview.ts'

/** What a webhook says of its export guard to whoever asks its port: nothing about the cluster. */
export interface GuardReport {
  readonly version: string
  readonly guard: 'on' | 'off'
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly lastReviewAt?: number
  readonly reviews: { readonly allowed: number, readonly warned: number, readonly refused: number, readonly failed: number }
}

/** Counts the guard's answers. */
export function createGuardReviews(guard: GuardReport['guard'], now: () => number) {
  const startedAt = now()
  const reviews = { allowed: 0, warned: 0, refused: 0, failed: 0 }
  let lastReviewAt: number | undefined
  return {
    count(answer: AdmissionAnswer | 'failed') {
      lastReviewAt = now()
      reviews[answer === 'failed' ? 'failed' : answer.refusal ? 'refused' : answer.warnings.length ? 'warned' : 'allowed']++
    },
    report: (): GuardReport => ({ version, guard, startedAt, ...(lastReviewAt !== undefined && { lastReviewAt }), reviews: { ...reviews } }),
  }
}
