import { version } from '../package.json'
import type { GuardReport } from '#volumes/guardState.ts'
import type { AdmissionAnswer } from './admissionReview.ts'

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
