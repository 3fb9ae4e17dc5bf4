import { describe, expect, it } from 'vitest'
import { BACKING_IMAGES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { AdmissionAnswer } from './cluster.ts'
import { World } from './controllers/world.ts'
import { harvesterHooks } from './harvesterHooks.ts'
import type { Operation, Sight } from './hooks/rule.ts'
import { BLIND } from './hooks/rule.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'

// What the hooks say where upstream's own webhooks say it too is told by e2e/cluster/answers; here is what these cannot be brought to say, and what the hooks must not do.

type Spec = Readonly<Record<string, unknown>>
type Fields = Spec & { readonly name: string, readonly namespace?: string }

function worldOf(...objects: readonly (readonly [kind: Resource, object: Fields])[]): World {
  const world = new World()
  for (const [kind, { name, namespace = 'lab', ...fields }] of objects)
    world.put(kind, { apiVersion: 'x', kind: kind.kind, metadata: { name, ...(!kind.namespaced ? {} : { namespace }), uid: name, resourceVersion: '1', creationTimestamp: '' }, ...fields } as unknown as KubeObject)
  return world
}

interface Question { readonly kind: Resource, readonly operation?: Operation, readonly object?: JsonObject, readonly old?: JsonObject, readonly user?: string }

/** What all hooks together make of a request: the first refusal, or the object. */
function ask(sight: Sight, { kind, operation = 'CREATE', object, old, user = 'admin' }: Question): AdmissionAnswer {
  let answer: AdmissionAnswer = object ? { object } : {}
  for (const hook of harvesterHooks(() => sight)) {
    const said = hook.review({ operation, kind: { ...kind } as unknown as KindVersion, subresource: '', namespace: 'lab', name: 'one', object: answer.object, old, user: { name: user, groups: [] }, dryRun: false })
    answer = { ...answer, ...said }
    if (answer.refusal)
      return answer
  }
  return answer
}

const words = (sight: Sight, question: Question) => ask(sight, question).refusal?.message
const named = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({ metadata: { name: 'one', namespace: 'lab', uid: 'one', ...more }, spec })

describe('a hook that sees nothing', () => {
  it.each<[string, Resource, JsonObject]>([
    ['an export', IMAGES, named({ displayName: 'one', sourceType: 'export-from-volume', pvcNamespace: 'lab', pvcName: 'disk' })],
    ['an image of a class', IMAGES, named({ displayName: 'one', sourceType: 'upload' }, { annotations: { 'harvesterhci.io/storageClassName': 'nowhere' } })],
    ['a file of a volume', BACKING_IMAGES, named({ sourceType: 'export-from-volume', sourceParameters: { 'volume-name': 'pvc-1' } })],
  ])('misses nothing: %s is taken', (_, kind, object) => {
    expect(words(BLIND, { kind, object })).toBeUndefined()
  })
})

it('a file of Longhorn v2 is not made', () => {
  expect(words(worldOf(), { kind: BACKING_IMAGES, object: named({ dataEngine: 'v2', sourceType: 'upload' }) })).toBe('v2 backing image is not supported')
})

describe('an export of a volume of Longhorn', () => {
  const exported = named({ sourceType: 'export-from-volume', sourceParameters: { 'volume-name': 'pvc-1', 'export-type': 'raw' } })
  it.each<[string, Spec, string | undefined]>([
    ['v1 that is well', { spec: { dataEngine: 'v1' }, status: { robustness: 'healthy' } }, undefined],
    ['v1 that is not attached', { spec: { dataEngine: 'v1' }, status: { robustness: 'unknown' } }, undefined],
    ['v2', { spec: { dataEngine: 'v2' } }, 'exported from a v2 volume is not supported'],
    ['v1 whose every copy is lost', { spec: { dataEngine: 'v1' }, status: { robustness: 'faulted' } }, 'cannot export a backing image from faulted volume pvc-1'],
  ])('%s', (_, volume, refusal) => {
    expect(words(worldOf([LONGHORN_VOLUMES, { name: 'pvc-1', namespace: 'longhorn-system', ...volume }]), { kind: BACKING_IMAGES, object: exported })).toBe(refusal)
  })
})

describe('the deletion', () => {
  const image = named({ displayName: 'noble', sourceType: 'download', backend: 'backingimage' })
  const layered = worldOf([CLAIMS, { name: 'disk', spec: { storageClassName: 'lh-1' } }])

  it('of an image is refused with 422 and Harvester’s words while a volume is of its class', () => {
    const message = 'Cannot delete image lab/noble: being used by volume lab/disk'
    expect(ask(layered, { kind: IMAGES, operation: 'DELETE', old: { ...image, status: { storageClassName: 'lh-1' } } })).toEqual({ refusal: { code: 422, reason: 'Invalid', message, causes: [{ reason: 'FieldValueInvalid', message, field: '' }] } })
  })

  it('of an image is not where none is, and not of an image of CDI', () => {
    expect(words(layered, { kind: IMAGES, operation: 'DELETE', old: { ...image, status: { storageClassName: 'lh-2' } } })).toBeUndefined()
    expect(words(layered, { kind: IMAGES, operation: 'DELETE', old: { ...image, spec: { displayName: 'noble', backend: 'cdi' }, status: { storageClassName: 'lh-1' } } })).toBeUndefined()
  })

  it('of a golden claim is refused while its image is there, and not once it is lost', () => {
    const golden = (phase: string): JsonObject => ({ ...named({}, { annotations: { 'harvesterhci.io/goldenImage': 'true' } }), status: { phase } })
    const there = worldOf([IMAGES, { name: 'one', spec: { displayName: 'one' } }])
    expect(words(there, { kind: CLAIMS, operation: 'DELETE', old: golden('Bound') })).toBe('can not delete golden image PVC')
    expect(words(there, { kind: CLAIMS, operation: 'DELETE', old: golden('Lost') })).toBeUndefined()
    expect(words(worldOf(), { kind: CLAIMS, operation: 'DELETE', old: golden('Bound') })).toBeUndefined()
  })

  it('of a claim is not refused for a VM that is itself being deleted, nor for an export that is done', () => {
    const vm = { name: 'web', spec: { template: { spec: { volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'one' } }] } } } }
    expect(words(worldOf([VMS, vm]), { kind: CLAIMS, operation: 'DELETE', old: named({}) })).toContain('attached to VM: lab/web')
    const world = new World()
    world.put(VMS, { ...vm, apiVersion: 'x', kind: 'x', metadata: { name: 'web', namespace: 'lab', uid: 'w', resourceVersion: '1', creationTimestamp: '', deletionTimestamp: 'now' } } as unknown as KubeObject)
    expect(words(world, { kind: CLAIMS, operation: 'DELETE', old: named({}) })).toBeUndefined()
    const done = worldOf([IMAGES, { name: 'export', spec: { displayName: 'e', pvcNamespace: 'lab', pvcName: 'one' }, status: { conditions: [{ type: 'Imported', status: 'True' }] } }])
    expect(words(done, { kind: CLAIMS, operation: 'DELETE', old: named({}) })).toBeUndefined()
  })

  it('of a file is refused while a replica lies on it', () => {
    const used = worldOf([LONGHORN_REPLICAS, { name: 'r', namespace: 'longhorn-system', spec: { backingImage: 'one' } }])
    expect(words(used, { kind: BACKING_IMAGES, operation: 'DELETE', old: named({}) })).toBe('cannot delete backing image one since there are replicas using it')
  })
})

describe('a VM on a claim that another has', () => {
  const vm = (name: string, disk: object) => ({ name, spec: { template: { spec: { domain: { devices: { disks: [{ name: 'a', ...disk }] } }, volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'disk' } }] } } } })
  const claim = (name: string): [Resource, Fields] => [CLAIMS, { name: 'disk', spec: { storageClassName: name, accessModes: ['ReadWriteMany'] } }]
  const classes: [Resource, Fields][] = [[STORAGE_CLASSES, { name: 'longhorn', provisioner: 'driver.longhorn.io' }], [STORAGE_CLASSES, { name: 'nfs', provisioner: 'nfs.csi.k8s.io' }]]
  const { spec } = vm('one', {})
  const object = named({ runStrategy: 'Halted', template: { spec: { ...spec.template.spec, domain: { memory: { guest: '1Gi' } } } } } as unknown as JsonObject)
  it.each<[string, string, object, boolean]>([
    ['of Longhorn, for itself', 'longhorn', {}, true],
    ['of Longhorn, said to be shared', 'longhorn', { shareable: true }, false],
    ['of another class that many may write', 'nfs', {}, false],
  ])('%s', (_, name, disk, isRefused) => {
    expect(words(worldOf(...classes, claim(name), [VMS, vm('other', disk)]), { kind: VMS, object }) !== undefined).toBe(isRefused)
  })

  it('is itself what it has already', () => {
    expect(words(worldOf(...classes, claim('longhorn'), [VMS, vm('one', {})]), { kind: VMS, operation: 'UPDATE', object, old: object })).toBeUndefined()
  })
})

describe('an instance', () => {
  const old: JsonObject = { ...named({ hostname: 'a' }), status: { phase: 'Running' } }
  const changed: JsonObject = { ...old, status: { phase: 'Failed' } }
  const moving = worldOf([VMIS, { name: 'one', spec: {} }])
  it('gets its status from KubeVirt alone', () => {
    const of = (user: string) => ask(moving, { kind: VMIS, operation: 'UPDATE', object: changed, old, user }).object?.status
    expect(of('admin')).toEqual({ phase: 'Running' })
    expect(of('system:serviceaccount:harvester-system:kubevirt-handler')).toEqual({ phase: 'Failed' })
    expect(ask(BLIND, { kind: VMIS, operation: 'UPDATE', object: changed, old }).object?.status).toEqual({ phase: 'Failed' })
  })

  it('is changed by KubeVirt alone', () => {
    const of = (user: string) => words(moving, { kind: VMIS, operation: 'UPDATE', object: named({ hostname: 'b' }), old, user })
    expect(of('admin')).toBe('update of VMI object is restricted')
    expect(of('system:serviceaccount:harvester-system:kubevirt-controller')).toBeUndefined()
  })
})
