import { afterAll, describe, expect, it } from 'vitest'
import type { Fields, KubeObject } from '../api.ts'
import { eventually, stage } from './stage.ts'

const { admin, group, namespace } = stage('definitions')

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const made: string[] = []

function definition(plural: string, more: Fields = {}, versions: Fields[] = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }]) {
  made.push(plural)
  const singular = plural.slice(0, -1)
  const kind = singular[0]?.toUpperCase() + singular.slice(1)
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names: { plural, kind }, versions, ...more },
  }
}

const conditionsOf = (crd: KubeObject) => Object.fromEntries((crd.status?.conditions as { type: string, status: string }[] | undefined ?? []).map(({ type, status }) => [type, status]))
const served = (plural: string) => eventually(`${plural} is served`, async () => (await admin.get(`/apis/${group}/v1/${plural}`)).status === 200)
const collection = (plural: string, version = 'v1') => `/apis/${group}/${version}/namespaces/${namespace}/${plural}`
const instance = (kind: string, name: string, spec: Fields = {}) => ({ apiVersion: `${group}/v1`, kind, metadata: { name }, spec })

afterAll(async () => {
  for (const plural of made)
    await admin.delete(`${crds}/${plural}.${group}`)
})

describe('a definition', () => {
  it('fills its names in, is Established, and its kind is served', async () => {
    const { status, object } = await admin.post(crds, definition('cogs'))
    expect(status).toBe(201)
    expect(object.spec?.names).toEqual({ plural: 'cogs', singular: 'cog', kind: 'Cog', listKind: 'CogList' })
    expect(object.spec?.conversion).toEqual({ strategy: 'None' })
    await served('cogs')
    const { object: after } = await admin.get(`${crds}/cogs.${group}`)
    expect(conditionsOf(after)).toMatchObject({ NamesAccepted: 'True', Established: 'True' })
    expect(after.status).toMatchObject({ acceptedNames: { plural: 'cogs', singular: 'cog', kind: 'Cog', listKind: 'CogList' }, storedVersions: ['v1'] })
    expect((await admin.post(collection('cogs'), instance('Cog', 'one'))).status).toBe(201)
  })

  it('with a new schema holds for the next write, not for what is there', async () => {
    await admin.post(crds, definition('belts'))
    await served('belts')
    await admin.post(collection('belts'), instance('Belt', 'long', { size: 50 }))
    await admin.json(`${crds}/belts.${group}`, [{ op: 'add', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/maximum', value: 10 }])
    await eventually('the new schema is in force', async () => (await admin.post(`${collection('belts')}?dryRun=All`, instance('Belt', 'x', { size: 11 }))).status === 422)
    expect((await admin.get(`${collection('belts')}/long`)).object.spec?.size).toBe(50)
  })

  it('with another version serves the same objects under both', async () => {
    await admin.post(crds, definition('wheels'))
    await served('wheels')
    await admin.post(collection('wheels'), instance('Wheel', 'one', { size: 1 }))
    await admin.json(`${crds}/wheels.${group}`, [{ op: 'add', path: '/spec/versions/-', value: { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } } }])
    await eventually('v2 is served', async () => (await admin.get(`${collection('wheels', 'v2')}/one`)).status === 200)
    expect((await admin.get(`${collection('wheels', 'v2')}/one`)).object).toMatchObject({ apiVersion: `${group}/v2`, spec: { size: 1 } })
  })

  it('taken away takes its objects along, ends their watches, and is served no longer', async () => {
    await admin.post(crds, definition('springs'))
    await served('springs')
    await admin.post(collection('springs'), instance('Spring', 'one'))
    await admin.post(collection('springs'), instance('Spring', 'two'))
    const watch = await admin.watch(`${collection('springs')}?watch=1`)
    await watch.take(2)
    expect((await admin.delete(`${crds}/springs.${group}`)).status).toBe(200)
    const last = await watch.take(2)
    watch.close()
    expect(last.map(event => event.type)).toEqual(['DELETED', 'DELETED'])
    await eventually('the definition is gone', async () => (await admin.get(`${crds}/springs.${group}`)).status === 404)
    await eventually('the kind is gone', async () => (await admin.get(collection('springs'))).status === 404)
    await admin.post(crds, definition('springs'))
    await served('springs')
    expect((await admin.get(collection('springs'))).list.items).toEqual([])
  })

  it('has the finalizer that cleans up after it', async () => {
    await admin.post(crds, definition('bolts'))
    await served('bolts')
    await admin.post(collection('bolts'), { ...instance('Bolt', 'held'), metadata: { name: 'held', finalizers: ['test.local/hold'] } })
    const { object } = await admin.delete(`${crds}/bolts.${group}`)
    expect(object.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io'])
    await eventually('the object is being deleted', async () => (await admin.get(`${collection('bolts')}/held`)).object.metadata.deletionTimestamp)
    await admin.merge(`${collection('bolts')}/held`, { metadata: { finalizers: null } })
    await eventually('the definition is gone', async () => (await admin.get(`${crds}/bolts.${group}`)).status === 404)
  })
})

describe('a definition is refused', () => {
  const cases: [string, Fields, string][] = [
    ['whose name is not plural.group', { ...definition('nuts'), metadata: { name: 'nuts' } }, `metadata.name: Invalid value: "nuts": must be spec.names.plural+"."+spec.group`],
    ['without a version', definition('pins', { versions: [] }), 'spec.versions: Invalid value: []: must have exactly one version marked as storage version'],
    ['with two stored versions', definition('pins', {}, ['v1', 'v2'].map(name => ({ name, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }))), 'must have exactly one version marked as storage version'],
    ['without a schema', definition('pins', {}, [{ name: 'v1', served: true, storage: true }]), 'spec.versions[0].schema.openAPIV3Schema: Required value'],
    ['whose schema is no object', definition('pins', {}, [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'string' } } }]), 'spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root'],
    ['with a field without a type', definition('pins', {}, [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } }]), 'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields'],
    ['with an unknown scope', definition('pins', { scope: 'Everywhere' }), 'spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'],
    ['in a group that Kubernetes keeps for itself', { ...definition('pins', { group: 'pins.k8s.io' }), metadata: { name: 'pins.pins.k8s.io' } }, 'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io"'],
  ]
  it.each(cases)('%s', async (_, body, message) => {
    const { status, failure } = await admin.post(`${crds}?dryRun=All`, body)
    expect(status).toBe(422)
    expect(failure.message).toContain(message)
  })
})
