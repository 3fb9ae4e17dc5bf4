import { describe, expect, it } from 'vitest'
import { NODES, PODS } from '#kube/core.ts'
import { ApiError } from '#kube/apiError.ts'
import { defineResource } from '#kube/resource.ts'
import type { CollectionState } from './collection.ts'
import { findTroubles, missingPermission, ownerOf } from './trouble.ts'

const VMS = defineResource('kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')

describe('the permission that is missing', () => {
  it('names the namespace that the refusal names', () => {
    const message = 'virtualmachines.kubevirt.io is forbidden: User "eve" cannot list resource "virtualmachines" in API group "kubevirt.io" in the namespace "lab"'
    expect(missingPermission(VMS, { message })).toBe('list virtualmachines.kubevirt.io in namespace lab')
  })
  it('is for all namespaces when the refusal is of the cluster-wide list', () => {
    const message = 'pods is forbidden: User "eve" cannot list resource "pods" in API group "" at the cluster scope'
    expect(missingPermission(PODS, { message })).toBe('list pods in all namespaces')
  })
  it('is for the namespaces that were asked for, which would be enough', () => {
    const message = 'pods is forbidden: User "eve" cannot list resource "pods" in API group "" at the cluster scope'
    expect(missingPermission(PODS, { message }, ['longhorn-system'])).toBe('list pods in namespace longhorn-system')
    expect(missingPermission(PODS, { message }, ['lab', 'staging'])).toBe('list pods in namespace lab, staging')
    expect(missingPermission(NODES, { message }, ['lab'])).toBe('list nodes')
  })
  it('is to watch where the list is granted', () => {
    expect(missingPermission(PODS, { message: 'no' }, [], 'watch')).toBe('watch pods in all namespaces')
  })
  it('has no namespace where the kind has none', () => {
    expect(missingPermission(NODES)).toBe('list nodes')
  })
})

describe('what a missing CRD belongs to', () => {
  it.each([['longhorn.io', 'longhorn'], ['cdi.kubevirt.io', 'cdi'], ['example.org', undefined]] as const)('%s: %s', (group, owner) => {
    expect(ownerOf({ group })).toBe(owner)
  })
})

describe('what is wrong with collections', () => {
  const cut = new ApiError({ status: 0, reason: 'Unreachable', message: 'connection refused' })
  const seen = (resource: typeof NODES | typeof PODS, state: CollectionState, more: { since?: number, partial?: string[], error?: ApiError } = {}) => ({ resource, state, since: 0, ...more })
  const say = (...given: Parameters<typeof findTroubles>[0]) => findTroubles(given, 10_000).map(trouble => [trouble.state, trouble.since, trouble.collections.map(({ resource }) => resource.plural).join()])

  it('is nothing when all are live and whole', () => {
    expect(say(seen(PODS, 'live'), seen(NODES, 'live'))).toEqual([])
  })
  it('is nothing yet while a list has been awaited for less than a second', () => {
    expect(say(seen(PODS, 'loading', { since: 9_500 }), seen(NODES, 'loading', { since: 8_000 }))).toEqual([['loading', 8_000, 'nodes']])
  })
  it('is one trouble where one line is cut for several, counted from the first', () => {
    expect(say(seen(PODS, 'stale', { since: 500, error: cut }), seen(NODES, 'stale', { since: 300, error: cut }))).toEqual([['stale', 300, 'pods,nodes']])
  })
  it('is one each where each lacks its own permission or kind', () => {
    expect(say(seen(PODS, 'forbidden'), seen(NODES, 'forbidden'))).toHaveLength(2)
    expect(say(seen(PODS, 'absent'), seen(NODES, 'absent'))).toHaveLength(2)
  })
  it('is one for each kind that may be listed and not watched, however the line is', () => {
    const refused = new ApiError({ status: 403, reason: 'Forbidden', message: 'cannot watch' })
    expect(say(seen(PODS, 'stale', { error: refused }), seen(NODES, 'stale', { error: refused }))).toHaveLength(2)
  })
  it('tells apart what is seen of different namespaces', () => {
    expect(say(seen(PODS, 'live', { partial: ['lab'] }), seen(PODS, 'live', { partial: [] }))).toHaveLength(2)
  })
})
