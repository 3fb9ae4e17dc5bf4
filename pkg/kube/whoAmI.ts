import type { SelfSubjectReview } from './core.ts'
import type { Manifest } from './object.ts'

/** The question what the cluster calls who asks. Source: kubernetes api/authentication/v1. */
export function whoAmI(): Manifest<SelfSubjectReview> {
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} }
}
