import { describe, expect, it } from 'vitest'
import { stage } from './stage.ts'

const { admin, namespace, group, gadgets, widgets, vaults, core, gadget, widget, vault, configMap } = stage('objects')

describe('creating', () => {
  it('answers 201 with uid, resourceVersion, generation 1 and creationTimestamp', async () => {
    const { status, object } = await admin.post(gadgets, gadget('born'))
    expect(status).toBe(201)
    expect(object).toMatchObject({ apiVersion: `${group}/v1`, kind: 'Gadget', metadata: { name: 'born', namespace, generation: 1 }, spec: { size: 1 } })
    expect(object.metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(object.metadata.resourceVersion).toMatch(/^[1-9]\d*$/)
    expect(object.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it('is read back as it was answered', async () => {
    const { object } = await admin.post(gadgets, gadget('read-back', { size: 3, color: 'red' }))
    expect((await admin.get(`${gadgets}/read-back`)).object).toEqual(object)
  })

  it('refuses a name that is taken: 409 AlreadyExists', async () => {
    await admin.post(gadgets, gadget('twice'))
    const { status, failure } = await admin.post(gadgets, gadget('twice'))
    expect(status).toBe(409)
    expect(failure).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'AlreadyExists', code: 409,
      message: `gadgets.${group} "twice" already exists`, details: { name: 'twice', group, kind: 'gadgets' },
    })
  })

  it('says the same of a built-in without a group', async () => {
    await admin.post(`${core}/configmaps`, configMap('twice'))
    const { failure } = await admin.post(`${core}/configmaps`, configMap('twice'))
    expect(failure).toMatchObject({ code: 409, reason: 'AlreadyExists', message: 'configmaps "twice" already exists', details: { name: 'twice', kind: 'configmaps' } })
  })

  it('makes a name from generateName with five random characters', async () => {
    const made = await admin.post(gadgets, gadget('', { size: 1 }, { name: undefined, generateName: 'auto-' }))
    expect(made.status).toBe(201)
    expect(made.object.metadata).toMatchObject({ name: expect.stringMatching(/^auto-[bcdfghjklmnpqrstvwxz2456789]{5}$/) as string, generateName: 'auto-' })
  })

  it('refuses an object without a name', async () => {
    const { status, failure } = await admin.post(gadgets, gadget('', { size: 1 }, { name: undefined }))
    expect(status).toBe(422)
    expect(failure).toMatchObject({
      reason: 'Invalid', message: `Gadget.${group} "" is invalid: metadata.name: Required value: name or generateName is required`,
      details: { causes: [{ reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' }] },
    })
  })

  it('refuses a name that is no DNS subdomain', async () => {
    const { failure } = await admin.post(gadgets, gadget('Big_Name'))
    expect(failure).toMatchObject({
      code: 422,
      message: `Gadget.${group} "Big_Name" is invalid: metadata.name: Invalid value: "Big_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    })
  })

  it('refuses labels and annotations that are not well formed', async () => {
    const { failure } = await admin.post(gadgets, gadget('labels', { size: 1 }, { labels: { 'bad key': 'x', 'app': 'two words' } }))
    expect(failure.code).toBe(422)
    expect(failure.details?.causes?.map(cause => [cause.reason, cause.field])).toEqual(expect.arrayContaining([['FieldValueInvalid', 'metadata.labels']]))
    expect(failure.message).toContain('Invalid value: "two words": a valid label must be an empty string or consist of alphanumeric characters')
  })

  it('takes the namespace from the path and refuses another in the body', async () => {
    const { status, failure } = await admin.post(gadgets, gadget('elsewhere', { size: 1 }, { namespace: 'default' }))
    expect(status).toBe(400)
    expect(failure).toMatchObject({ reason: 'BadRequest', message: 'the namespace of the provided object does not match the namespace sent on the request' })
  })

  it('refuses a namespace that does not exist', async () => {
    const { status, failure } = await admin.post(gadgets.replace(namespace, 'nowhere'), gadget('lost'))
    expect(status).toBe(404)
    expect(failure).toMatchObject({ reason: 'NotFound', message: 'namespaces "nowhere" not found', details: { name: 'nowhere', kind: 'namespaces' } })
  })

  it('ignores uid, resourceVersion, generation and creationTimestamp that a client makes up', async () => {
    const { object, status } = await admin.post(gadgets, gadget('made-up', { size: 1 }, { uid: '11111111-1111-1111-1111-111111111111', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' }))
    expect(status).toBe(201)
    expect(object.metadata.uid).not.toContain('11111111')
    expect(object.metadata.generation).toBe(1)
    expect(object.metadata.creationTimestamp).not.toContain('2001')
  })

  it('refuses an object that brings a resourceVersion', async () => {
    const { status, failure } = await admin.post(gadgets, gadget('versioned', { size: 1 }, { resourceVersion: '5' }))
    expect(status).toBe(500)
    expect(failure.message).toContain('resourceVersion should not be set on objects to be created')
  })

  it('refuses another kind than the path names', async () => {
    const { status, failure } = await admin.post(gadgets, { ...gadget('other-kind'), kind: 'Widget' })
    expect(status).toBe(422)
    expect(failure.message).toBe(`Widget.${group} "other-kind" is invalid: kind: Invalid value: "Widget": must be Gadget`)
  })

  it('keeps a cluster-scoped object without a namespace', async () => {
    const name = `safe-${namespace}`
    const { object } = await admin.post(vaults, vault(name, { anything: { goes: [1, 'two'] } }))
    expect(object.metadata.namespace).toBeUndefined()
    expect((await admin.get(`${vaults}/${name}`)).object).toMatchObject({ anything: { goes: [1, 'two'] } })
    await admin.delete(`${vaults}/${name}`)
  })

  it('drops the status that comes with it where status is a subresource', async () => {
    const { object } = await admin.post(gadgets, { ...gadget('no-status'), status: { phase: 'Done' } })
    expect(object.status).toBeUndefined()
  })

  it('keeps the status that comes with it where status is a field', async () => {
    const { object } = await admin.post(widgets, widget('with-status', { status: { phase: 'Done' } }))
    expect(object.status).toEqual({ phase: 'Done' })
  })
})

describe('reading', () => {
  it('says 404 NotFound of an object that is not there', async () => {
    const { status, failure } = await admin.get(`${gadgets}/ghost`)
    expect(status).toBe(404)
    expect(failure).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404,
      message: `gadgets.${group} "ghost" not found`, details: { name: 'ghost', group, kind: 'gadgets' },
    })
  })

  it('serves the same object under each served version', async () => {
    await admin.post(gadgets, gadget('versions'))
    const { object } = await admin.get(`${gadgets.replace('/v1/', '/v1alpha1/')}/versions`)
    expect(object).toMatchObject({ apiVersion: `${group}/v1alpha1`, kind: 'Gadget', spec: { size: 1 } })
  })
})

describe('replacing', () => {
  it('answers 200, a new resourceVersion, and counts the generation up when the spec changed', async () => {
    const { object } = await admin.post(gadgets, gadget('grow'))
    const { status, object: after } = await admin.put(`${gadgets}/grow`, { ...object, spec: { ...object.spec, size: 2 } })
    expect(status).toBe(200)
    expect(after.metadata.generation).toBe(2)
    expect(after.metadata.resourceVersion).not.toBe(object.metadata.resourceVersion)
    expect(after.metadata.uid).toBe(object.metadata.uid)
  })

  it('keeps the generation when only metadata changed', async () => {
    const { object } = await admin.post(gadgets, gadget('relabel'))
    const { object: after } = await admin.put(`${gadgets}/relabel`, { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } })
    expect(after.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } })
    expect(after.metadata.resourceVersion).not.toBe(object.metadata.resourceVersion)
  })

  it('keeps the resourceVersion when nothing changed', async () => {
    const { object } = await admin.post(gadgets, gadget('same'))
    const { object: after } = await admin.put(`${gadgets}/same`, object)
    expect(after.metadata.resourceVersion).toBe(object.metadata.resourceVersion)
  })

  it('refuses a stale resourceVersion: 409 Conflict', async () => {
    const { object } = await admin.post(gadgets, gadget('stale'))
    await admin.merge(`${gadgets}/stale`, { spec: { size: 2 } })
    const { status, failure } = await admin.put(`${gadgets}/stale`, { ...object, spec: { size: 3 } })
    expect(status).toBe(409)
    expect(failure).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Conflict', code: 409, details: { name: 'stale', group, kind: 'gadgets' },
      message: `Operation cannot be fulfilled on gadgets.${group} "stale": the object has been modified; please apply your changes to the latest version and try again`,
    })
  })

  it('refuses a custom object without a resourceVersion', async () => {
    await admin.post(gadgets, gadget('unversioned'))
    const { status, failure } = await admin.put(`${gadgets}/unversioned`, gadget('unversioned', { size: 2 }))
    expect(status).toBe(422)
    expect(failure).toMatchObject({
      reason: 'Invalid', message: `gadgets.${group} "unversioned" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
      details: { causes: [{ reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update', field: 'metadata.resourceVersion' }] },
    })
  })

  it('takes a ConfigMap without a resourceVersion, whatever it was', async () => {
    await admin.post(`${core}/configmaps`, configMap('free'))
    const { status, object } = await admin.put(`${core}/configmaps/free`, configMap('free', { a: '2' }))
    expect(status).toBe(200)
    expect(object.data).toEqual({ a: '2' })
  })

  it('refuses another name than the path has', async () => {
    const { object } = await admin.post(gadgets, gadget('named'))
    const { status, failure } = await admin.put(`${gadgets}/named`, { ...object, metadata: { ...object.metadata, name: 'renamed' } })
    expect(status).toBe(400)
    expect(failure.message).toBe('the name of the object (renamed) does not match the name on the URL (named)')
  })

  it('refuses another uid: 409 with the uid as precondition', async () => {
    const { object } = await admin.post(gadgets, gadget('identity'))
    const { status, failure } = await admin.put(`${gadgets}/identity`, { ...object, metadata: { ...object.metadata, uid: '11111111-1111-1111-1111-111111111111' } })
    expect(status).toBe(409)
    expect(failure.reason).toBe('Conflict')
    expect(failure.message).toMatch(`Operation cannot be fulfilled on gadgets.${group} "identity": `)
    expect(failure.message).toMatch(`Precondition failed: UID in precondition: 11111111-1111-1111-1111-111111111111, UID in object meta: ${object.metadata.uid}`)
  })

  it('says 404 of a custom object that is not there', async () => {
    const { status, failure } = await admin.put(`${gadgets}/ghost`, gadget('ghost', { size: 1 }, { resourceVersion: '1' }))
    expect(status).toBe(404)
    expect(failure.message).toBe(`gadgets.${group} "ghost" not found`)
  })
})

describe('the status subresource', () => {
  it('takes the status and nothing else', async () => {
    const { object } = await admin.post(gadgets, gadget('phase'))
    const { status, object: after } = await admin.put(`${gadgets}/phase/status`, { ...object, metadata: { ...object.metadata, labels: { a: 'b' } }, spec: { size: 9 }, status: { phase: 'Ready' } })
    expect(status).toBe(200)
    expect(after).toMatchObject({ spec: { size: 1 }, status: { phase: 'Ready' }, metadata: { generation: 1 } })
    expect(after.metadata.labels).toBeUndefined()
  })

  it('is untouched by a write to the object itself', async () => {
    await admin.post(gadgets, gadget('kept'))
    const { object } = await admin.merge(`${gadgets}/kept/status`, { status: { phase: 'Ready' } })
    const { object: after } = await admin.put(`${gadgets}/kept`, { ...object, spec: { size: 2 }, status: { phase: 'Lost' } })
    expect(after).toMatchObject({ spec: { size: 2 }, status: { phase: 'Ready' }, metadata: { generation: 2 } })
  })

  it('is not there for a kind whose definition has none', async () => {
    await admin.post(widgets, widget('plain'))
    expect((await admin.get(`${widgets}/plain/status`)).status).toBe(404)
    expect((await admin.merge(`${widgets}/plain/status`, { status: { phase: 'x' } })).status).toBe(404)
  })

  it('a write to status counts the generation up where status is a field', async () => {
    await admin.post(widgets, widget('counts', { spec: { size: 1 } }))
    const { object } = await admin.merge(`${widgets}/counts`, { status: { phase: 'x' } })
    expect(object.metadata.generation).toBe(2)
  })

  it('can be read by itself as the whole object', async () => {
    await admin.post(gadgets, gadget('whole'))
    expect((await admin.get(`${gadgets}/whole/status`)).object).toMatchObject({ kind: 'Gadget', metadata: { name: 'whole' }, spec: { size: 1 } })
  })
})

describe('dry run', () => {
  it('of a create answers 201 with the object and keeps nothing', async () => {
    const { status, object } = await admin.post(`${gadgets}?dryRun=All`, gadget('dry', { size: 1 }))
    expect(status).toBe(201)
    expect(object).toMatchObject({ metadata: { name: 'dry' }, spec: { size: 1, mode: 'auto' } })
    expect(object.metadata.uid).toBeTruthy()
    expect(object.metadata.resourceVersion).toBeUndefined()
    expect((await admin.get(`${gadgets}/dry`)).status).toBe(404)
  })

  it('of a replace and of a patch answers the result and keeps nothing', async () => {
    const { object } = await admin.post(gadgets, gadget('dry-write'))
    const replaced = await admin.put(`${gadgets}/dry-write?dryRun=All`, { ...object, spec: { size: 2 } })
    const patched = await admin.merge(`${gadgets}/dry-write?dryRun=All`, { spec: { size: 3 } })
    expect([replaced.object.spec?.size, patched.object.spec?.size]).toEqual([2, 3])
    expect((await admin.get(`${gadgets}/dry-write`)).object).toEqual(object)
  })

  it('of a delete answers success and deletes nothing', async () => {
    await admin.post(gadgets, gadget('dry-delete'))
    const { status, failure } = await admin.delete(`${gadgets}/dry-delete?dryRun=All`)
    expect([status, (failure as unknown as { status: string }).status]).toEqual([200, 'Success'])
    expect((await admin.get(`${gadgets}/dry-delete`)).status).toBe(200)
  })

  it('finds what a real write would find', async () => {
    await admin.post(gadgets, gadget('dry-twice'))
    expect((await admin.post(`${gadgets}?dryRun=All`, gadget('dry-twice'))).failure.reason).toBe('AlreadyExists')
    expect((await admin.post(`${gadgets}?dryRun=All`, gadget('dry-bad', { size: 99 }))).failure.reason).toBe('Invalid')
  })

  it('knows no other word than All', async () => {
    const { status, failure } = await admin.post(`${gadgets}?dryRun=Some`, gadget('dry-some'))
    expect(status).toBe(422)
    expect(failure.message).toBe('CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"')
  })
})
