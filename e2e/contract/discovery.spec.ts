import { describe, expect, it } from 'vitest'
import type { Fields } from '../api.ts'
import { eventually, stage } from './stage.ts'

const { admin, group } = stage('discovery')

interface Resource { readonly name: string, readonly kind: string, readonly namespaced: boolean, readonly verbs: readonly string[], readonly singularName: string, readonly shortNames?: readonly string[], readonly categories?: readonly string[] }
const resourcesOf = async (path: string) => ((await admin.get(path)).expect(200).body as { resources: Resource[] }).resources
const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' }
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

describe('the old discovery', () => {
  it('/api names the versions of the core', async () => {
    expect((await admin.get('/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
  })

  it('/apis names groups with their preferred version', async () => {
    const { groups } = (await admin.get('/apis')).body as { groups: { name: string, versions: Fields[], preferredVersion: Fields }[] }
    expect(groups.find(({ name }) => name === group)).toEqual({
      name: group,
      versions: [{ groupVersion: `${group}/v1`, version: 'v1' }, { groupVersion: `${group}/v1alpha1`, version: 'v1alpha1' }],
      preferredVersion: { groupVersion: `${group}/v1`, version: 'v1' },
    })
    for (const name of ['storage.k8s.io', 'rbac.authorization.k8s.io', 'apiextensions.k8s.io', 'authorization.k8s.io', 'coordination.k8s.io'])
      expect(groups.map(entry => entry.name)).toContain(name)
  })

  it('/apis/GROUP names that group alone', async () => {
    expect((await admin.get(`/apis/${group}`)).body).toMatchObject({ kind: 'APIGroup', name: group, preferredVersion: { version: 'v1' } })
  })

  it('/apis/GROUP/VERSION names its resources with their subresources', async () => {
    const resources = await resourcesOf(`/apis/${group}/v1`)
    expect(resources.find(({ name }) => name === 'gadgets')).toMatchObject({ singularName: 'gadget', namespaced: true, kind: 'Gadget', shortNames: ['gd'], categories: ['contract'] })
    expect([...resources.find(({ name }) => name === 'gadgets')?.verbs ?? []].sort()).toEqual(verbs)
    expect(resources.find(({ name }) => name === 'gadgets/status')?.verbs).toEqual(['get', 'patch', 'update'])
    expect(resources.find(({ name }) => name === 'vaults')?.namespaced).toBe(false)
    expect(resources.map(({ name }) => name)).not.toContain('widgets/status')
  })

  it('/api/v1 has the built-ins with their short names', async () => {
    const resources = await resourcesOf('/api/v1')
    const brief = (wanted: string) => {
      const { shortNames = [], namespaced, kind, singularName } = resources.find(({ name }) => name === wanted) ?? {}
      return { shortNames, namespaced, kind, singularName }
    }
    expect(brief('pods')).toEqual({ shortNames: ['po'], namespaced: true, kind: 'Pod', singularName: 'pod' })
    expect(brief('persistentvolumeclaims')).toEqual({ shortNames: ['pvc'], namespaced: true, kind: 'PersistentVolumeClaim', singularName: 'persistentvolumeclaim' })
    expect(brief('nodes')).toEqual({ shortNames: ['no'], namespaced: false, kind: 'Node', singularName: 'node' })
    expect(brief('secrets')).toMatchObject({ kind: 'Secret' })
    expect(brief('events')).toMatchObject({ shortNames: ['ev'] })
  })

  it('of a group that nobody serves is a plain 404', async () => {
    const { status, text } = await admin.get('/apis/nobody.test/v1')
    expect([status, text]).toEqual([404, '404 page not found\n'])
  })
})

describe('the aggregated discovery', () => {
  interface Group { readonly metadata: { readonly name: string }, readonly versions: readonly { readonly version: string, readonly freshness: string, readonly resources: readonly Fields[] }[] }

  it('/apis answers all groups, versions and resources at once', async () => {
    const { headers, body } = await admin.get('/apis', aggregated)
    expect(headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    const { kind, apiVersion, items } = body as { kind: string, apiVersion: string, items: Group[] }
    expect([kind, apiVersion]).toEqual(['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2'])
    const ours = items.find(({ metadata }) => metadata.name === group)
    expect(ours?.versions.map(({ version }) => version)).toEqual(['v1', 'v1alpha1'])
    expect(ours?.versions[0]?.resources).toContainEqual(expect.objectContaining({
      resource: 'gadgets', singularResource: 'gadget', scope: 'Namespaced', shortNames: ['gd'], categories: ['contract'],
      responseKind: { group, version: 'v1', kind: 'Gadget' },
      subresources: [{ subresource: 'status', responseKind: { group, version: 'v1', kind: 'Gadget' }, verbs: ['get', 'patch', 'update'] }],
    }))
  })

  it('/api answers the core', async () => {
    const { items } = (await admin.get('/api', aggregated)).body as { items: Group[] }
    expect(items).toHaveLength(1)
    expect(items[0]?.versions[0]?.resources.map(({ resource }) => resource)).toEqual(expect.arrayContaining(['pods', 'secrets', 'namespaces']))
  })

  it('carries an ETag, and 304 to who has it already', async () => {
    const { headers: { etag } } = await admin.get('/apis', aggregated)
    expect(etag).toBeTruthy()
    expect((await admin.get('/apis', { ...aggregated, 'if-none-match': String(etag) })).status).toBe(304)
  })

  it('changes with a new kind', async () => {
    const before = (await admin.get('/apis', aggregated)).headers.etag
    const name = `temps.${group}`
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    ;(await admin.post(crds, {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name },
      spec: { group, scope: 'Cluster', names: { plural: 'temps', kind: 'Temp' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
    })).expect(201)
    await eventually('another ETag', async () => (await admin.get('/apis', aggregated)).headers.etag !== before)
    await admin.delete(`${crds}/${name}`)
  })
})

describe('what else a client asks first', () => {
  it('/version says which Kubernetes it is', async () => {
    expect((await admin.get('/version')).body).toMatchObject({ major: '1', minor: expect.stringMatching(/^\d+/) as string, gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) as string, platform: expect.any(String) as string })
  })

  it.each(['/healthz', '/livez', '/readyz'])('%s says ok', async path => {
    const { status, text } = await admin.get(path)
    expect([status, text]).toEqual([200, 'ok'])
  })

  it('/openapi/v3 points to a document for each group and version', async () => {
    const { paths } = (await admin.get('/openapi/v3')).body as { paths: Record<string, { serverRelativeURL: string }> }
    expect(paths['api/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=/)
    await eventually('our kinds in the index', async () => Object.hasOwn(((await admin.get('/openapi/v3')).body as { paths: object }).paths, `apis/${group}/v1`))
  })

  it('the document of a custom kind has its schema and its kind', async () => {
    // A definition that came or went a moment ago is published a moment later: the path then redirects to the new one.
    const text = await eventually('our document', async () => {
      const path = ((await admin.get('/openapi/v3')).body as { paths: Record<string, { serverRelativeURL: string }> }).paths[`apis/${group}/v1`]?.serverRelativeURL
      const answer = path === undefined ? undefined : await admin.get(path)
      return answer?.status === 200 ? answer.text : undefined
    })
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, Fields> } }
    const [, schema] = Object.entries(components.schemas).find(([name]) => name.endsWith('.v1.Gadget')) ?? []
    expect(schema).toMatchObject({
      'description': 'Gadget is a thing to try the API with.',
      'type': 'object',
      'properties': { spec: { required: ['size'], properties: { size: { type: 'integer', minimum: 1, maximum: 10 } } } },
      'x-kubernetes-group-version-kind': [{ group, version: 'v1', kind: 'Gadget' }],
    })
  })
})
