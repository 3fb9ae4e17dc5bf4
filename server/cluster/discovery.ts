import type { KindRegistry } from './registry.ts'

/** A whole answer, ready to send; the body is text (JSON), empty with 304. */
export interface Answer { readonly status: number, readonly headers: Readonly<Record<string, string>>, readonly body: string }

/** Answers `/api`, `/apis`, `/api/v1`, `/apis/{group}`, `/apis/{group}/{version}` and `/version`; undefined for any other path. */
export function discoveryAnswer(registry: KindRegistry, path: string, accept: string, ifNoneMatch?: string): Answer | undefined {
  void registry
  void path
  void accept
  void ifNoneMatch
  return undefined
}
