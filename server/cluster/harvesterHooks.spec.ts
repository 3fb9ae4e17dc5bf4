import { describe, expect, it } from 'vitest'
import type { StorageClass } from '#kube/core.ts'
import { harvesterHooks, mutateImage, mutateVm, refusalOfChange } from './harvesterHooks.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
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

describe('a change of an image is refused', () => {
  const old: JsonObject = { metadata: { name: 'i' }, spec: { displayName: 'noble', sourceType: 'download', url: 'https://x', storageClassParameters: { numberOfReplicas: '3', migratable: 'true' } }, status: { progress: 1 } }
  const spec = old.spec as JsonObject
  const exported: JsonObject = { spec: { displayName: 'noble', sourceType: 'export-from-volume', pvcName: 'disk', pvcNamespace: 'lab' } }
  it.each<[string, JsonObject, JsonObject, string | undefined]>([
    ['not: of labels, description, retries and status', { metadata: { name: 'i', labels: { a: 'b' } }, spec: { ...spec, description: 'new', retry: 5 }, status: { progress: 2 } }, old, undefined],
    ['not: of the order of parameters', { ...old, spec: { ...spec, storageClassParameters: { migratable: 'true', numberOfReplicas: '3' } } }, old, undefined],
    ['of its name', { ...old, spec: { ...spec, displayName: 'other' } }, old, 'displayName cannot be modified'],
    ['of its URL', { ...old, spec: { ...spec, url: 'https://y' } }, old, 'url cannot be modified'],
    ['of its source', { ...old, spec: { ...spec, sourceType: 'upload' } }, old, 'sourceType cannot be modified'],
    ['of its parameters', { ...old, spec: { ...spec, storageClassParameters: {} } }, old, 'storageClassParameters of the VM Image cannot be modified'],
    ['of the volume that it was exported from', { spec: { ...exported.spec as JsonObject, pvcName: 'other' } }, exported, 'pvcName cannot be modified'],
  ])('%s', (_, image, before, words) => {
    expect(refusalOfChange(image, before)?.words).toBe(words)
  })
})

describe('the deletion of an image', () => {
  const image: JsonObject = { metadata: { name: 'i', namespace: 'lab' }, spec: { displayName: 'noble', sourceType: 'download' }, status: { storageClassName: 'lh-1' } }
  const meta = { name: 'disk', namespace: 'lab', uid: 'd', resourceVersion: '1', creationTimestamp: '' }
  const ask = (old: JsonObject, claimed: string) => {
    const claims = [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta, spec: { storageClassName: claimed } }]
    const [hook] = harvesterHooks(() => ({ classes: [], claims, templateVersions: [], backups: [] })).filter(({ phase }) => phase === 'validate')
    const kind = { group: 'harvesterhci.io', version: 'v1beta1', plural: 'virtualmachineimages' } as KindVersion
    return hook?.review({ operation: 'DELETE', kind, subresource: '', namespace: 'lab', name: 'i', object: undefined, old, user: { name: 'admin', groups: [] }, dryRun: false })
  }

  it('is refused with 422 and Harvester’s words while a volume is of its class', () => {
    const message = 'Cannot delete image lab/noble: being used by volume lab/disk'
    expect(ask(image, 'lh-1')).toEqual({ refusal: { code: 422, reason: 'Invalid', message, causes: [{ reason: 'FieldValueInvalid', message, field: '' }] } })
  })

  it('is not where none is, and not of an image of CDI', () => {
    expect(ask(image, 'lh-2')).toBeUndefined()
    expect(ask({ ...image, spec: { ...image.spec as JsonObject, backend: 'cdi' } }, 'lh-1')).toBeUndefined()
  })
})
