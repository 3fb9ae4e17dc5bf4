import type { Condition } from '#kube/object.ts'
import { findCondition } from '#kube/object.ts'

/** A moment as Kubernetes writes it: UTC, whole seconds. */
export function stamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`
}

export interface Finding { readonly type: string, readonly status: Condition['status'], readonly reason?: string, readonly message?: string }

/** The conditions with this one set. Its transition time moves only when its status does; nothing else of the list changes. */
export function withCondition(conditions: readonly Condition[] | undefined, finding: Finding, now: number): Condition[] {
  const old = findCondition(conditions, finding.type)
  const same = old?.status === finding.status
  const next: Condition = { ...finding, lastTransitionTime: same && old.lastTransitionTime ? old.lastTransitionTime : stamp(now) }
  return old ? (conditions ?? []).map(condition => condition === old ? next : condition) : [...conditions ?? [], next]
}

/** The conditions without those types. */
export function withoutConditions(conditions: readonly Condition[] | undefined, ...types: readonly string[]): Condition[] {
  return (conditions ?? []).filter(condition => !types.includes(condition.type))
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}
