import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../json.ts'
import { fieldAt } from '../json.ts'
import { mutateVm } from './vms.ts'

const vm = (runStrategy: string, annotations: JsonObject = {}): JsonObject => ({ metadata: { name: 'vm', annotations }, spec: { runStrategy, template: { spec: { domain: {} } } } })

describe('a VM that leaves Halted', () => {
  const rows: [string, string, JsonObject, string][] = [
    ['Halted', 'Always', { 'harvesterhci.io/vmRunStrategy': 'RerunOnFailure' }, 'RerunOnFailure'],
    ['Halted', 'RerunOnFailure', { 'harvesterhci.io/vmRunStrategy': 'Manual' }, 'Manual'],
    ['Halted', 'Always', {}, 'RerunOnFailure'],
    ['Halted', 'Always', { 'harvesterhci.io/vmRunStrategy': 'Halted' }, 'RerunOnFailure'],
    ['Halted', 'Halted', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Halted'],
    ['Always', 'Manual', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Manual'],
    ['Always', 'Halted', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Halted'],
  ]
  it.each(rows)('from %s to %s, remembering %o, has %s', (old, asked, annotations, result) => {
    expect(fieldAt(mutateVm(vm(asked, annotations), vm(old)), 'spec.runStrategy')).toBe(result)
  })

  it('is not meant by a VM that is created', () => {
    expect(fieldAt(mutateVm(vm('Always'), undefined), 'spec.runStrategy')).toBe('Always')
  })
})

describe('every VM', () => {
  it('gets two minutes to shut down where nobody said otherwise', () => {
    expect(fieldAt(mutateVm(vm('Always'), undefined), 'spec.template.spec.terminationGracePeriodSeconds')).toBe(120)
    const own: JsonObject = { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } }
    expect(fieldAt(mutateVm(own, undefined), 'spec.template.spec.terminationGracePeriodSeconds')).toBe(5)
  })

  it('asks for less than its limits and gives the guest all of its memory but what it reserves', () => {
    const sized: JsonObject = { spec: { template: { spec: { domain: { resources: { limits: { cpu: '2', memory: '4Gi' } } } } } } }
    const domain = fieldAt(mutateVm(sized, undefined), 'spec.template.spec.domain')
    expect(domain).toMatchObject({ memory: { guest: '4Gi' }, cpu: { maxSockets: 1 }, resources: { requests: { cpu: '125m', memory: '2730Mi' } } })
    const reserving: JsonObject = { ...sized, metadata: { annotations: { 'harvesterhci.io/reservedMemory': '100Mi' } } }
    expect(fieldAt(mutateVm(reserving, undefined), 'spec.template.spec.domain.memory.guest')).toBe('3996Mi')
  })

  it('is not changed in place', () => {
    const before = vm('Always')
    const copy = structuredClone(before)
    mutateVm(before, vm('Halted'))
    expect(before).toEqual(copy)
  })
})
