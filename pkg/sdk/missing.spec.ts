import { describe, expect, it } from 'vitest'
import { NODES, PODS } from '#kube/core.ts'
import { defineResource } from '#kube/resource.ts'
import { missingPermission, ownerOf } from './missing.ts'

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
  it('has no namespace where the kind has none', () => {
    expect(missingPermission(NODES)).toBe('list nodes')
  })
})

describe('what a missing CRD belongs to', () => {
  it.each([['longhorn.io', 'longhorn'], ['cdi.kubevirt.io', 'cdi'], ['example.org', undefined]] as const)('%s: %s', (group, owner) => {
    expect(ownerOf({ group })).toBe(owner)
  })
})
