import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../json.ts'
import { fieldAt } from '../json.ts'
import { BLIND } from './rule.ts'
import { mutateVm } from './vmMutation.ts'

const mutated = (object: JsonObject, old?: JsonObject) => mutateVm({ object, old, namespace: 'lab', sight: BLIND }).object

const vm = (runStrategy: string, annotations: JsonObject = {}): JsonObject => ({ metadata: { name: 'vm', annotations }, spec: { runStrategy, template: { spec: { domain: {} } } } })

describe('a VM that leaves Halted', () => {
  const rows: [string, string, JsonObject, string][] = [
    ['Halted', 'Always', { 'harvesterhci.io/vmRunStrategy': 'RerunOnFailure' }, 'RerunOnFailure'],
    ['Halted', 'RerunOnFailure', { 'harvesterhci.io/vmRunStrategy': 'Manual' }, 'Manual'],
    ['Halted', 'Always', {}, 'RerunOnFailure'],
    ['Halted', 'Always', { 'harvesterhci.io/vmRunStrategy': 'Halted' }, 'Halted'],
    ['Halted', 'Halted', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Halted'],
    ['Always', 'Manual', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Manual'],
    ['Always', 'Halted', { 'harvesterhci.io/vmRunStrategy': 'Always' }, 'Halted'],
  ]
  it.each(rows)('from %s to %s, remembering %o, has %s', (old, asked, annotations, result) => {
    expect(fieldAt(mutated(vm(asked, annotations), vm(old)), 'spec.runStrategy')).toBe(result)
  })

  it('is not meant by a VM that is created', () => {
    expect(fieldAt(mutated(vm('Always')), 'spec.runStrategy')).toBe('Always')
  })
})

describe('every VM', () => {
  it('gets two minutes to shut down where nobody said otherwise', () => {
    expect(fieldAt(mutated(vm('Always')), 'spec.template.spec.terminationGracePeriodSeconds')).toBe(120)
    const own: JsonObject = { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } }
    expect(fieldAt(mutated(own), 'spec.template.spec.terminationGracePeriodSeconds')).toBe(5)
  })

  it('asks for less than its limits and gives the guest all of its memory but what it reserves', () => {
    const sized: JsonObject = { spec: { template: { spec: { domain: { resources: { limits: { cpu: '2', memory: '4Gi' } } } } } } }
    const domain = fieldAt(mutated(sized), 'spec.template.spec.domain')
    expect(domain).toMatchObject({ memory: { guest: '4Gi' }, cpu: { maxSockets: 1 }, resources: { requests: { cpu: '125m', memory: '2730Mi' } } })
    const reserving: JsonObject = { ...sized, metadata: { annotations: { 'harvesterhci.io/reservedMemory': '100Mi' } } }
    expect(fieldAt(mutated(reserving), 'spec.template.spec.domain.memory.guest')).toBe('3996Mi')
  })

  it('keeps a request that somebody changed while its limits stay, and is sized anew where they change', () => {
    const sized = (memory: string, request: string): JsonObject => ({ spec: { template: { spec: { domain: { resources: { limits: { memory }, requests: { memory: request } } } } } } })
    const requestOf = (vm: JsonObject | undefined) => fieldAt(vm, 'spec.template.spec.domain.resources.requests.memory')
    expect(requestOf(mutated(sized('3Gi', '1Gi'), sized('3Gi', '2Gi')))).toBe('1Gi')
    expect(requestOf(mutated(sized('6Gi', '2Gi'), sized('3Gi', '2Gi')))).toBe('4Gi')
  })

  it('gets an address for each interface that has none and of which none was seen', () => {
    const wired = (...interfaces: JsonObject[]): JsonObject => ({ metadata: { annotations: { 'harvesterhci.io/mac-address': '{"seen":"02:00:00:00:00:01"}' } }, spec: { template: { spec: { domain: { devices: { interfaces } } } } } })
    const own = '52:54:00:00:00:01'
    const [one, other, ...kept] = fieldAt(mutated(wired({ name: 'a' }, { name: 'b' }, { name: 'own', macAddress: own }, { name: 'seen' })), 'spec.template.spec.domain.devices.interfaces') as JsonObject[]
    expect(kept).toEqual([{ name: 'own', macAddress: own }, { name: 'seen' }])
    expect(one?.macAddress).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/)
    expect(other?.macAddress).not.toBe(one?.macAddress)
  })

  it('is not changed in place', () => {
    const before = vm('Always')
    const copy = structuredClone(before)
    mutated(before, vm('Halted'))
    expect(before).toEqual(copy)
  })
})
