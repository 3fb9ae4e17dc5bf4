import { describe, expect, it } from 'vitest'
import type { StorageClass } from '#kube/core.ts'
import { mutateImage, mutateVm } from './harvesterHooks.ts'
import type { JsonObject } from './json.ts'
import { fieldAt } from './json.ts'

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

  it('asks for less than its limits and gives the guest a little less memory', () => {
    const sized: JsonObject = { spec: { template: { spec: { domain: { resources: { limits: { cpu: '2', memory: '4Gi' } } } } } } }
    const domain = fieldAt(mutateVm(sized, undefined), 'spec.template.spec.domain')
    expect(domain).toMatchObject({ memory: { guest: '3996Mi' }, resources: { requests: { cpu: '125m', memory: '2730Mi' } } })
  })

  it('is not changed in place', () => {
    const before = vm('Always')
    const copy = structuredClone(before)
    mutateVm(before, vm('Halted'))
    expect(before).toEqual(copy)
  })
})

describe('an image', () => {
  const storageClass = (name: string, parameters: Record<string, string>, isDefault = false): StorageClass => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '', annotations: isDefault ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {} }, provisioner: 'driver.longhorn.io', parameters })
  const classes = [storageClass('usual', { numberOfReplicas: '3', migratable: 'true', staleReplicaTimeout: '30', fsType: 'ext4' }, true), storageClass('two', { numberOfReplicas: '2', diskSelector: 'ssd' }), storageClass('v2', { dataEngine: 'v2', numberOfReplicas: '3' })]
  const image = (spec: JsonObject, annotations: JsonObject = {}): JsonObject => ({ metadata: { name: 'i', annotations }, spec: { displayName: 'noble.img', ...spec } })

  it('gets the default class on both places, its backend, its label and the parameters that matter', () => {
    expect(mutateImage(image({}), classes)).toMatchObject({
      metadata: { labels: { 'harvesterhci.io/imageDisplayName': 'noble.img' }, annotations: { 'harvesterhci.io/storageClassName': 'usual' } },
      spec: { backend: 'backingimage', targetStorageClassName: 'usual', storageClassParameters: { numberOfReplicas: '3', migratable: 'true', staleReplicaTimeout: '30' } },
    })
  })

  it('keeps the class that either place names, and its own parameters', () => {
    expect(mutateImage(image({ storageClassParameters: { numberOfReplicas: '1' } }, { 'harvesterhci.io/storageClassName': 'two' }), classes)).toMatchObject({ spec: { targetStorageClassName: 'two', storageClassParameters: { numberOfReplicas: '1', diskSelector: 'ssd' } } })
  })

  it('of backend cdi takes nothing over', () => {
    expect(mutateImage(image({ backend: 'cdi', targetStorageClassName: 'v2' }), classes).spec).toEqual({ displayName: 'noble.img', backend: 'cdi', targetStorageClassName: 'v2' })
  })
})
