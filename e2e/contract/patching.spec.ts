import { describe, expect, it } from 'vitest'
import { stage } from './stage.ts'

const { admin, group, gadgets, core, gadget, configMap } = stage('patching')

describe('merge patch', () => {
  it('sets, deletes by null, and replaces lists as a whole', async () => {
    await admin.post(gadgets, gadget('merged', { size: 1, color: 'red', tags: ['a', 'b'], labels: { x: '1', y: '2' } }))
    const { status, object } = await admin.merge(`${gadgets}/merged`, { spec: { size: 2, color: null, tags: ['c'], labels: { x: null, z: '3' } } })
    expect(status).toBe(200)
    expect(object.spec).toMatchObject({ size: 2, tags: ['c'], labels: { y: '2', z: '3' } })
    expect(object.spec).not.toHaveProperty('color')
    expect(object.metadata.generation).toBe(2)
  })

  it('that changes nothing keeps the resourceVersion', async () => {
    const { object } = await admin.post(gadgets, gadget('unmoved'))
    expect((await admin.merge(`${gadgets}/unmoved`, { spec: { size: 1 } })).object.metadata.resourceVersion).toBe(object.metadata.resourceVersion)
  })

  it('with a stale resourceVersion is a conflict', async () => {
    const { object } = await admin.post(gadgets, gadget('versioned'))
    await admin.merge(`${gadgets}/versioned`, { spec: { size: 2 } })
    const { status, failure } = await admin.merge(`${gadgets}/versioned`, { metadata: { resourceVersion: object.metadata.resourceVersion }, spec: { size: 3 } })
    expect([status, failure.reason]).toEqual([409, 'Conflict'])
    expect(failure.message).toContain('the object has been modified; please apply your changes to the latest version and try again')
  })

  it('of an object that is not there is 404', async () => {
    expect((await admin.merge(`${gadgets}/ghost`, { spec: { size: 2 } })).failure).toMatchObject({ code: 404, message: `gadgets.${group} "ghost" not found` })
  })

  it('cannot change the name', async () => {
    await admin.post(gadgets, gadget('firm'))
    const { status, failure } = await admin.merge(`${gadgets}/firm`, { metadata: { name: 'soft' } })
    expect(status).toBe(400)
    expect(failure.message).toBe('the name of the object (soft) does not match the name on the URL (firm)')
  })

  it('gets its defaults back for a field that it deletes', async () => {
    await admin.post(gadgets, gadget('default-again', { size: 1, mode: 'manual' }))
    expect((await admin.merge(`${gadgets}/default-again`, { spec: { mode: null } })).object.spec?.mode).toBe('auto')
  })

  it('that is no object is refused', async () => {
    await admin.post(gadgets, gadget('no-object'))
    const { status, failure } = await admin.send('PATCH', `${gadgets}/no-object`, '{"spec":', { 'content-type': 'application/merge-patch+json' })
    expect([status, failure.reason]).toEqual([400, 'BadRequest'])
  })
})

describe('JSON patch', () => {
  it('adds, replaces, removes and tests', async () => {
    await admin.post(gadgets, gadget('edited', { size: 1, color: 'red', tags: ['a'] }))
    const { status, object } = await admin.json(`${gadgets}/edited`, [
      { op: 'test', path: '/spec/size', value: 1 },
      { op: 'replace', path: '/spec/size', value: 2 },
      { op: 'add', path: '/spec/tags/-', value: 'b' },
      { op: 'remove', path: '/spec/color' },
      { op: 'add', path: '/metadata/annotations', value: { 'a.b/c': '1' } },
      { op: 'replace', path: '/metadata/annotations/a.b~1c', value: '2' },
    ])
    expect(status).toBe(200)
    expect(object).toMatchObject({ spec: { size: 2, tags: ['a', 'b'] }, metadata: { annotations: { 'a.b/c': '2' } } })
    expect(object.spec).not.toHaveProperty('color')
  })

  it('whose test fails changes nothing: 422', async () => {
    const { object } = await admin.post(gadgets, gadget('tested'))
    const { status, failure } = await admin.json(`${gadgets}/tested`, [{ op: 'replace', path: '/spec/size', value: 2 }, { op: 'test', path: '/spec/mode', value: 'manual' }])
    expect(status).toBe(422)
    expect(failure).toMatchObject({ reason: 'Invalid', message: expect.stringContaining('the server rejected our request due to an error in our request') as string })
    expect((await admin.get(`${gadgets}/tested`)).object).toEqual(object)
  })

  it('that makes the annotations too long is 422 too, and says so where a test that failed does not', async () => {
    await admin.post(gadgets, gadget('long'))
    const { status, failure } = await admin.json(`${gadgets}/long`, [{ op: 'add', path: '/metadata/annotations', value: { note: 'x'.repeat(262_144) } }])
    expect(status).toBe(422)
    expect(failure).toMatchObject({ reason: 'Invalid', message: expect.stringContaining('metadata.annotations: Too long: may not be more than 262144 bytes') as string })
    expect(failure.message).not.toContain('the server rejected our request')
  })

  it('that removes what is not there is 422', async () => {
    await admin.post(gadgets, gadget('bare'))
    expect((await admin.json(`${gadgets}/bare`, [{ op: 'remove', path: '/spec/color' }])).failure).toMatchObject({ code: 422, reason: 'Invalid' })
  })

  it('that is no list is 400', async () => {
    await admin.post(gadgets, gadget('no-list'))
    const { status, failure } = await admin.send('PATCH', `${gadgets}/no-list`, '{"op":"test"}', { 'content-type': 'application/json-patch+json' })
    expect([status, failure.reason]).toEqual([400, 'BadRequest'])
  })

  it('with a test of the resourceVersion is the way to change only what one has seen', async () => {
    const { object } = await admin.post(gadgets, gadget('guarded'))
    const steps = (value: number) => [{ op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion }, { op: 'replace', path: '/spec/size', value }]
    expect((await admin.json(`${gadgets}/guarded`, steps(2))).status).toBe(200)
    expect((await admin.json(`${gadgets}/guarded`, steps(3))).status).toBe(422)
  })
})

describe('patch types', () => {
  it('custom kinds take no strategic merge: 415 names those that they take', async () => {
    await admin.post(gadgets, gadget('typed'))
    const { status, failure } = await admin.strategic(`${gadgets}/typed`, { spec: { size: 2 } })
    expect(status).toBe(415)
    expect(failure).toMatchObject({ reason: 'UnsupportedMediaType' })
    expect(failure.message).toMatch(/^the body of the request was in an unknown format - accepted media types include: application\/json-patch\+json, application\/merge-patch\+json/)
  })

  it('plain JSON is no patch: 415', async () => {
    await admin.post(gadgets, gadget('plain'))
    const { status, failure } = await admin.send('PATCH', `${gadgets}/plain`, { spec: { size: 2 } })
    expect([status, failure.reason]).toEqual([415, 'UnsupportedMediaType'])
  })
})

describe('strategic merge on built-ins', () => {
  const service = (name: string) => ({
    apiVersion: 'v1', kind: 'Service', metadata: { name },
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }, { name: 'https', port: 443 }] },
  })
  const pod = (name: string) => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'main:1' }, { name: 'side', image: 'side:1' }] },
  })

  it('merges ports of a Service by their port', async () => {
    await admin.post(`${core}/services`, service('ports'))
    const { object } = await admin.strategic(`${core}/services/ports`, { spec: { ports: [{ port: 443, name: 'tls' }, { port: 8080, name: 'alt' }] } })
    const ports = object.spec?.ports as { name: string, port: number }[]
    expect(ports.map(({ name, port }) => `${name} ${port}`).sort()).toEqual(['alt 8080', 'http 80', 'tls 443'])
  })

  it('takes a port away by $patch: delete', async () => {
    await admin.post(`${core}/services`, service('fewer'))
    const { object } = await admin.strategic(`${core}/services/fewer`, { spec: { ports: [{ port: 80, $patch: 'delete' }] } })
    expect(object.spec?.ports).toMatchObject([{ port: 443 }])
  })

  it('replaces a whole list or map by $patch: replace', async () => {
    await admin.post(`${core}/services`, service('replaced'))
    const { object } = await admin.strategic(`${core}/services/replaced`, { spec: { ports: [{ port: 1 }, { $patch: 'replace' }], selector: { $patch: 'replace', only: 'this' } } })
    expect(object.spec).toMatchObject({ ports: [{ port: 1 }] })
    expect(object.spec?.ports).toHaveLength(1)
    expect(object.spec?.selector).toEqual({ only: 'this' })
  })

  it('merges containers of a Pod by their name', async () => {
    await admin.post(`${core}/pods`, pod('containers'))
    const { status, object } = await admin.strategic(`${core}/pods/containers`, { spec: { containers: [{ name: 'side', image: 'side:2' }] } })
    expect(status).toBe(200)
    expect(object.spec?.containers).toMatchObject([{ name: 'main', image: 'main:1' }, { name: 'side', image: 'side:2' }])
  })

  it('adds to finalizers as a set, and deletes keys of maps by null', async () => {
    await admin.post(`${core}/configmaps`, configMap('set', { a: '1', b: '2' }, { finalizers: ['test.local/one'] }))
    const { object } = await admin.strategic(`${core}/configmaps/set`, { data: { a: null, c: '3' }, metadata: { finalizers: ['test.local/two'] } })
    expect(object.data).toEqual({ b: '2', c: '3' })
    expect([...object.metadata.finalizers ?? []].sort()).toEqual(['test.local/one', 'test.local/two'])
    const { object: fewer } = await admin.strategic(`${core}/configmaps/set`, { metadata: { '$deleteFromPrimitiveList': undefined, '$deleteFromPrimitiveList/finalizers': ['test.local/one', 'test.local/two'] } })
    expect(fewer.metadata.finalizers).toBeUndefined()
  })

  it('merge patch on a built-in replaces lists', async () => {
    await admin.post(`${core}/services`, service('list'))
    const { object } = await admin.merge(`${core}/services/list`, { spec: { ports: [{ port: 1, name: 'one' }] } })
    expect(object.spec?.ports).toMatchObject([{ port: 1 }])
    expect(object.spec?.ports).toHaveLength(1)
  })
})
