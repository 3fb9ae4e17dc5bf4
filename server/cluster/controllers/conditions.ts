import type { Condition } from '#kube/object.ts'
import { findCondition } from '#kube/object.ts'

/** A moment as Kubernetes writes it: UTC, whole seconds. */
export function stamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`
}

export interface Finding { readonly type: string, readonly status: Condition['status'], readonly reason?: string, readonly message?: string }

/**
 * The conditions with this one set. One that says so already is left as the server wrote it, with the fields that it added; the transition
 * time moves only with the status; nothing else of the list changes.
 */
export function withCondition(conditions: readonly Condition[] | undefined, finding: Finding, now: number): Condition[] {
  const list = [...conditions ?? []]
  const old = findCondition(list, finding.type)
  if (!old)
    return [...list, { ...finding, lastTransitionTime: stamp(now) }]
  const same = old.status === finding.status
  if (same && (old.reason ?? '') === (finding.reason ?? '') && (old.message ?? '') === (finding.message ?? ''))
    return list
  return list.map(condition => condition === old ? { ...finding, lastTransitionTime: same && old.lastTransitionTime ? old.lastTransitionTime : stamp(now) } : condition)
}

/** The conditions without those types. */
export function withoutConditions(conditions: readonly Condition[] | undefined, ...types: readonly string[]): Condition[] {
  return (conditions ?? []).filter(condition => !types.includes(condition.type))
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}
