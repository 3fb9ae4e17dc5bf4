import { describe, expect, it } from 'vitest'
import { stage } from './stage.ts'

const { admin, group, namespace, gadgets, core, gadget, configMap } = stage('protocol')

const json = { 'content-type': 'application/json' }

describe('paths', () => {
  it('outside the API are a plain 404', async () => {
    const { status, text, headers } = await admin.get('/nowhere')
    expect(status).toBe(404)
    expect(text).toBe('404 page not found\n')
    expect(headers['audit-id']).toBeTruthy()
  })

  it('of a kind that the group does not have are a plain 404', async () => {
    const { status, text } = await admin.get(`/apis/${group}/v1/namespaces/${namespace}/sprockets`)
    expect([status, text]).toEqual([404, '404 page not found\n'])
  })

  it('of a kind that the core does not have are a 404 Status', async () => {
    const { status, failure } = await admin.get(`${core}/sprockets`)
    expect(status).toBe(404)
    expect(failure).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'the server could not find the requested resource', reason: 'NotFound', details: {}, code: 404 })
  })

  it('of a version that the group does not have are a plain 404', async () => {
    expect((await admin.get(`/apis/${group}/v9/gadgets`)).text).toBe('404 page not found\n')
  })

  it('of a namespaced object without its namespace lead nowhere', async () => {
    expect((await admin.get(`/apis/${group}/v1/gadgets/one`)).status).toBe(404)
  })

  it('of an unknown subresource are 404', async () => {
    await admin.post(gadgets, gadget('sub'))
    expect((await admin.get(`${gadgets}/sub/nothing`)).status).toBe(404)
    expect((await admin.get(`${core}/configmaps/x/nothing`)).status).toBe(404)
  })
})

describe('methods', () => {
  it('that a collection or an object of a built-in does not know are 405', async () => {
    for (const { status, failure } of [await admin.put(`${core}/configmaps`, configMap('x')), await admin.merge(`${core}/configmaps`, {}), await admin.post(`${core}/configmaps/x`, configMap('x'))]) {
      expect(status).toBe(405)
      expect(failure).toMatchObject({ reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource', details: {} })
    }
  })

  it('a custom collection wants a name for a replace: 400', async () => {
    const { status, failure } = await admin.put(gadgets, gadget('x'))
    expect([status, failure.message]).toEqual([400, 'name must be provided'])
  })

  it('reviews can only be posted', async () => {
    const { status, failure } = await admin.get('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')
    expect([status, failure.reason]).toEqual([405, 'MethodNotAllowed'])
    expect(failure.message).toBe('the server does not allow this method on the requested resource')
  })
})

describe('bodies', () => {
  it('that are no JSON are 400', async () => {
    const { status, failure } = await admin.send('POST', gadgets, '{"kind":', json)
    expect([status, failure.reason]).toEqual([400, 'BadRequest'])
    expect(failure.message).toMatch(/^the object provided is unrecognized \(must be of type Gadget\): /)
  })

  it('that are empty are 400', async () => {
    const { status, failure } = await admin.send('POST', gadgets, undefined, json)
    expect(status).toBe(400)
    expect(failure.message).toContain('unrecognized')
  })

  it('without kind and apiVersion are 400 on a custom kind', async () => {
    const { status, failure } = await admin.post(gadgets, { metadata: { name: 'x' }, spec: { size: 1 } })
    expect(status).toBe(400)
    expect(failure.message).toBe('the object provided is unrecognized (must be of type Gadget): Object \'Kind\' is missing in \'{"metadata":{"name":"x"},"spec":{"size":1}}\' ({"metadata":{"name":"x"},"spec ...)')
  })

  it('without kind and apiVersion are taken for what the path says on a built-in', async () => {
    const { status, object } = await admin.post(`${core}/configmaps`, { metadata: { name: 'bare' }, data: { a: '1' } })
    expect([status, object.kind]).toEqual([201, 'ConfigMap'])
  })

  it('of another API version are refused', async () => {
    const { status, failure } = await admin.post(gadgets, { ...gadget('x'), apiVersion: `${group}/v9` })
    expect(status).toBe(400)
    expect(failure.message).toBe(`the API version in the data (${group}/v9) does not match the expected API version (${group}/v1)`)
  })

  it('whose fields have the wrong type are 400 on a built-in', async () => {
    const { status, failure } = await admin.post(`${core}/configmaps`, configMap('typed', { a: 1 }))
    expect(status).toBe(400)
    expect(failure.message).toBe('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string')
  })

  it('in a format that nobody reads are 415', async () => {
    const { status, failure } = await admin.send('POST', gadgets, '<xml/>', { 'content-type': 'text/xml' })
    expect(status).toBe(415)
    expect(failure).toMatchObject({ reason: 'UnsupportedMediaType', message: expect.stringMatching(/^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/) as string })
  })

  it('above three megabytes are 413', async () => {
    const { status, failure } = await admin.post(gadgets, gadget('huge', { size: 1, free: { x: 'x'.repeat(3.2 * 1024 * 1024) } }))
    expect(status).toBe(413)
    expect(failure).toMatchObject({ reason: 'RequestEntityTooLarge', message: expect.stringMatching(/^Request entity too large: limit is \d+$/) as string })
  })

  it('of deletions that are no JSON delete nothing', async () => {
    await admin.post(gadgets, gadget('kept'))
    expect((await admin.send('DELETE', `${gadgets}/kept`, '{"propagationPolicy":', json)).status).toBeGreaterThanOrEqual(400)
    expect((await admin.get(`${gadgets}/kept`)).status).toBe(200)
  })
})

describe('headers', () => {
  it('each answer has an Audit-Id of its own and is not for caches', async () => {
    const [one, two] = [await admin.get(gadgets), await admin.get(gadgets)]
    expect(one.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(two.headers['audit-id']).not.toBe(one.headers['audit-id'])
    expect(one.headers['cache-control']).toBe('no-cache, private')
  })

  it('a client may bring its own Audit-Id', async () => {
    expect((await admin.get(gadgets, { 'audit-id': 'contract-1' })).headers['audit-id']).toBe('contract-1')
  })

  it('a failure is a Status even to who asked for a table', async () => {
    const { status, failure } = await admin.get(`${gadgets}/ghost`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' })
    expect([status, failure.reason]).toEqual([404, 'NotFound'])
  })

  it('a deprecated version warns', async () => {
    const { warnings } = await admin.get(gadgets.replace('/v1/', '/v1alpha1/'))
    expect(warnings).toEqual([`${group}/v1alpha1 Gadget is deprecated; use ${group}/v1 Gadget`])
    expect((await admin.get(gadgets)).warnings).toEqual([])
  })
})
