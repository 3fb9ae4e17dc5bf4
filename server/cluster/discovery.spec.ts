import { describe, expect, it } from 'vitest'
import { compareVersions, discoveryAnswer } from './discovery.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { KindRegistry } from './registry.ts'

const registry = new KindRegistry()
for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const V2BETA1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
const answer = (path: string, accept = 'application/json', etag?: string) => discoveryAnswer(registry, path, accept, etag) ?? expect.fail(`${path} is not answered`)
const bodyOf = (path: string, accept?: string) => JSON.parse(answer(path, accept).body) as Record<string, unknown> & { resources: { name: string }[], items: { metadata: { name: string }, versions: { version: string, resources: Record<string, unknown>[] }[] }[] }

describe('discovery', () => {
  it('lists groups with the preferred version first', () => {
    expect(bodyOf('/apis').groups).toContainEqual({
      name: 'kubevirt.io',
      versions: [{ groupVersion: 'kubevirt.io/v1', version: 'v1' }, { groupVersion: 'kubevirt.io/v1alpha3', version: 'v1alpha3' }],
      preferredVersion: { groupVersion: 'kubevirt.io/v1', version: 'v1' },
    })
    expect(bodyOf('/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    expect(bodyOf('/apis/kubevirt.io')).toMatchObject({ kind: 'APIGroup', name: 'kubevirt.io' })
  })

  it('lists a resource as upstream does, its status beside it', () => {
    const { resources } = bodyOf('/apis/kubevirt.io/v1')
    const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
    expect(resources).toContainEqual({ name: 'virtualmachines', singularName: 'virtualmachine', namespaced: true, kind: 'VirtualMachine', verbs, shortNames: ['vm', 'vms'], categories: ['all'] })
    expect(resources).toContainEqual({ name: 'virtualmachines/status', singularName: '', namespaced: true, kind: 'VirtualMachine', verbs: ['get', 'patch', 'update'] })
    expect(resources.map(({ name }) => name)).not.toContain('virtualmachineinstances/status')
  })

  it('leaves the API version out of the core list, as upstream does', () => {
    expect(bodyOf('/api/v1')).not.toHaveProperty('apiVersion')
    expect(bodyOf('/api/v1').resources).toContainEqual({ name: 'pods/eviction', singularName: '', namespaced: true, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] })
  })

  it('lists actions without kinds', () => {
    expect(bodyOf('/apis/subresources.kubevirt.io/v1').resources).toContainEqual({ name: 'virtualmachines/stop', singularName: '', namespaced: true, kind: '', verbs: ['update'] })
  })

  it.each(['/apis/nope.io', '/apis/nope.io/v1', '/apis/kubevirt.io/v9', '/api/v2', '/apis/kubevirt.io/v1/virtualmachines', '/healthz'])('does not answer %s', path => {
    expect(discoveryAnswer(registry, path, '')).toBeUndefined()
  })

  it('says its version', () => {
    expect(bodyOf('/version')).toMatchObject({ major: '1', minor: '34', gitVersion: 'v1.34.2' })
  })
})

describe('aggregated discovery', () => {
  it('is given to who asks for it first', () => {
    const accepts: [string, string][] = [
      [`${V2},${V2BETA1},application/json`, 'apidiscovery.k8s.io/v2'],
      [`${V2BETA1},application/json`, 'apidiscovery.k8s.io/v2beta1'],
      [`application/json,${V2}`, 'v1'],
      ['', 'v1'],
    ]
    for (const [accept, version] of accepts) expect(bodyOf('/apis', accept).apiVersion).toBe(version)
  })

  it('describes custom kinds in full and built-ins in short', () => {
    const groups = bodyOf('/apis', V2).items
    const resourceOf = (group: string, name: string) => groups.find(item => item.metadata.name === group)?.versions[0]?.resources.find(({ resource }) => resource === name)
    expect(resourceOf('longhorn.io', 'volumes')).toMatchObject({
      responseKind: { group: 'longhorn.io', version: 'v1beta2', kind: 'Volume' }, scope: 'Namespaced', singularResource: 'volume', shortNames: ['lhv'],
      subresources: [{ subresource: 'status', responseKind: { group: 'longhorn.io', version: 'v1beta2', kind: 'Volume' }, verbs: ['get', 'patch', 'update'] }],
    })
    expect(resourceOf('storage.k8s.io', 'storageclasses')).toMatchObject({ responseKind: { group: '', version: '', kind: 'StorageClass' }, scope: 'Cluster' })
    expect(bodyOf('/api', V2).items).toMatchObject([{ metadata: { name: '' }, versions: [{ version: 'v1' }] }])
  })

  it('answers 304 to who has it already, until the kinds change', () => {
    const own = new KindRegistry()
    const ask = (etag?: string) => discoveryAnswer(own, '/apis', V2, etag) ?? expect.fail('not answered')
    const { ETag } = ask().headers
    expect(ask(ETag)).toMatchObject({ status: 304, body: '' })
    own.addCrd(CUSTOM_RESOURCE_DEFINITIONS[0] ?? {})
    expect(ask(ETag)).toMatchObject({ status: 200 })
  })
})

it('orders versions by stability, then by age', () => {
  expect(['v1alpha3', 'v1', 'v1beta1', 'foo', 'v2', 'v1beta2', 'v10'].sort(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v1alpha3', 'foo'])
})
