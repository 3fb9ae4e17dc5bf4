import { beforeAll, describe, expect, it } from 'vitest'
import type { Fields, KubeObject } from '../api.ts'
import { eventually, stage } from './stage.ts'

const { admin, group, namespace, gadgets, widgets, core, gadget, widget, configMap } = stage('deleting')

const gone = (path: string, seconds = 20) => eventually(`${path} is gone`, async () => (await admin.get(path)).status === 404, seconds)
const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject, more: Fields = {}) => ({ ownerReferences: [{ apiVersion, kind, name, uid, ...more }] })

describe('deleting', () => {
  it('answers a Status that names what went, and it is gone', async () => {
    const { object } = await admin.post(gadgets, gadget('simple'))
    const { status, body } = await admin.delete(`${gadgets}/simple`)
    expect(status).toBe(200)
    expect(body).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'simple', group, kind: 'gadgets', uid: object.metadata.uid } })
    expect((await admin.get(`${gadgets}/simple`)).status).toBe(404)
  })

  it('says 404 of what is not there', async () => {
    expect((await admin.delete(`${gadgets}/ghost`)).failure).toMatchObject({ code: 404, reason: 'NotFound', message: `gadgets.${group} "ghost" not found` })
  })

  it('frees the name for another object with another uid', async () => {
    const { object } = await admin.post(gadgets, gadget('again'))
    await admin.delete(`${gadgets}/again`)
    const { status, object: second } = await admin.post(gadgets, gadget('again'))
    expect(status).toBe(201)
    expect(second.metadata.uid).not.toBe(object.metadata.uid)
  })

  it('with a uid that is another\'s is a conflict', async () => {
    const { object } = await admin.post(gadgets, gadget('precondition'))
    const { status, failure } = await admin.delete(`${gadgets}/precondition`, { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } })
    expect([status, failure.reason]).toEqual([409, 'Conflict'])
    expect(failure.message).toContain(`the UID in the precondition (11111111-1111-1111-1111-111111111111) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`)
  })

  it('with a resourceVersion that is past is a conflict, with the present one it goes', async () => {
    const { object } = await admin.post(gadgets, gadget('seen'))
    const { object: after } = await admin.merge(`${gadgets}/seen`, { spec: { size: 2 } })
    const { status, failure } = await admin.delete(`${gadgets}/seen`, { preconditions: { resourceVersion: object.metadata.resourceVersion } })
    expect([status, failure.reason]).toEqual([409, 'Conflict'])
    expect(failure.message).toContain(`the ResourceVersion in the precondition (${object.metadata.resourceVersion}) does not match the ResourceVersion in record (${after.metadata.resourceVersion}). The object might have been modified`)
    expect((await admin.delete(`${gadgets}/seen`, { preconditions: { resourceVersion: after.metadata.resourceVersion } })).status).toBe(200)
  })

  it('knows three propagation policies', async () => {
    await admin.post(gadgets, gadget('policy'))
    const { status, failure } = await admin.delete(`${gadgets}/policy`, { propagationPolicy: 'Sometimes' })
    expect(status).toBe(422)
    expect(failure.message).toContain('propagationPolicy: Unsupported value: "Sometimes": supported values: "Foreground", "Background", "Orphan"')
  })

  it('reads its options from the query as well', async () => {
    await admin.post(gadgets, gadget('query'))
    await admin.delete(`${gadgets}/query?propagationPolicy=Background&gracePeriodSeconds=0`)
    expect((await admin.get(`${gadgets}/query`)).status).toBe(404)
  })
})

describe('finalizers', () => {
  const held = (name: string) => gadget(name, { size: 1 }, { finalizers: ['test.local/hold'] })

  it('turn a deletion into a deletionTimestamp: 200 with the object', async () => {
    await admin.post(gadgets, held('held'))
    const { status, object } = await admin.delete(`${gadgets}/held`)
    expect(status).toBe(200)
    expect(object).toMatchObject({ kind: 'Gadget', metadata: { name: 'held', deletionGracePeriodSeconds: 0, finalizers: ['test.local/hold'] } })
    expect(object.metadata.deletionTimestamp).toMatch(/Z$/)
    expect(object.metadata.generation).toBe(2)
  })

  it('a second deletion changes nothing', async () => {
    await admin.post(gadgets, held('held-twice'))
    const first = await admin.delete(`${gadgets}/held-twice`)
    const second = await admin.delete(`${gadgets}/held-twice`)
    expect(second.object.metadata.deletionTimestamp).toBe(first.object.metadata.deletionTimestamp)
  })

  it('the object goes with its last finalizer', async () => {
    await admin.post(gadgets, held('released'))
    await admin.delete(`${gadgets}/released`)
    const { status, object } = await admin.merge(`${gadgets}/released`, { metadata: { finalizers: null } })
    expect([status, object.metadata.name]).toEqual([200, 'released'])
    expect((await admin.get(`${gadgets}/released`)).status).toBe(404)
  })

  it('none can be added once the object is being deleted', async () => {
    await admin.post(gadgets, held('closing'))
    await admin.delete(`${gadgets}/closing`)
    const { status, failure } = await admin.merge(`${gadgets}/closing`, { metadata: { finalizers: ['test.local/hold', 'test.local/late'] } })
    expect(status).toBe(422)
    expect(failure.message).toContain('metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"test.local/late"}')
    await admin.merge(`${gadgets}/closing`, { metadata: { finalizers: null } })
  })

  it('must be qualified names', async () => {
    const { status, failure } = await admin.post(gadgets, gadget('unqualified', { size: 1 }, { finalizers: ['-hold-'] }))
    expect(status).toBe(422)
    expect(failure.message).toContain('metadata.finalizers: Invalid value: "-hold-": name part must consist of alphanumeric characters')
  })

  it('the object can still be changed while it is being deleted', async () => {
    await admin.post(gadgets, held('still'))
    await admin.delete(`${gadgets}/still`)
    expect((await admin.merge(`${gadgets}/still`, { spec: { size: 2 } })).object.spec?.size).toBe(2)
    await admin.merge(`${gadgets}/still`, { metadata: { finalizers: null } })
  })

  it('a taken name is taken until the object is gone', async () => {
    await admin.post(gadgets, held('waiting'))
    await admin.delete(`${gadgets}/waiting`)
    const { status, failure } = await admin.post(gadgets, gadget('waiting'))
    expect(status).toBe(409)
    expect(failure.message).toBe(`object is being deleted: gadgets.${group} "waiting" already exists`)
    await admin.merge(`${gadgets}/waiting`, { metadata: { finalizers: null } })
  })
})

describe('owners', () => {
  // kube-controller-manager looks for new kinds every 30 s; until then it does not see that an owner went.
  beforeAll(async () => {
    const { object } = await admin.post(gadgets, gadget('canary'))
    await admin.post(widgets, widget('canary', { metadata: { name: 'canary', ...ownedBy(object) } }))
    await admin.delete(`${gadgets}/canary`)
    await gone(`${widgets}/canary`, 90)
  }, 100_000)

  it('background: the owner goes at once, what it owns follows', async () => {
    const { object } = await admin.post(gadgets, gadget('owner'))
    await admin.post(widgets, widget('owned', { metadata: { name: 'owned', ...ownedBy(object) } }))
    await admin.post(`${core}/configmaps`, configMap('owned', {}, ownedBy(object)))
    await admin.delete(`${gadgets}/owner`, { propagationPolicy: 'Background' })
    expect((await admin.get(`${gadgets}/owner`)).status).toBe(404)
    await gone(`${widgets}/owned`)
    await gone(`${core}/configmaps/owned`)
  })

  it('background is what happens by default', async () => {
    const { object } = await admin.post(gadgets, gadget('owner-default'))
    await admin.post(widgets, widget('owned-default', { metadata: { name: 'owned-default', ...ownedBy(object) } }))
    await admin.delete(`${gadgets}/owner-default`)
    await gone(`${widgets}/owned-default`)
  })

  it('orphan: what it owned stays and is nobody\'s', async () => {
    const { object } = await admin.post(gadgets, gadget('owner-orphan'))
    await admin.post(widgets, widget('orphan', { metadata: { name: 'orphan', ...ownedBy(object) } }))
    await admin.delete(`${gadgets}/owner-orphan`, { propagationPolicy: 'Orphan' })
    await gone(`${gadgets}/owner-orphan`)
    const { object: orphan } = await admin.get(`${widgets}/orphan`)
    expect(orphan.metadata).not.toHaveProperty('ownerReferences')
  })

  it('foreground: the owner waits for what blocks it', async () => {
    const { object } = await admin.post(gadgets, gadget('owner-foreground'))
    await admin.post(widgets, widget('blocking', { metadata: { name: 'blocking', finalizers: ['test.local/hold'], ...ownedBy(object, { blockOwnerDeletion: true, controller: true }) } }))
    const { status, object: deleting } = await admin.delete(`${gadgets}/owner-foreground`, { propagationPolicy: 'Foreground' })
    expect(status).toBe(200)
    expect(deleting.metadata.finalizers).toEqual(['foregroundDeletion'])
    await eventually('the owned object is being deleted', async () => (await admin.get(`${widgets}/blocking`)).object.metadata.deletionTimestamp)
    expect((await admin.get(`${gadgets}/owner-foreground`)).status).toBe(200)
    await admin.merge(`${widgets}/blocking`, { metadata: { finalizers: null } })
    await gone(`${widgets}/blocking`)
    await gone(`${gadgets}/owner-foreground`)
  })

  it('an object whose owner never was goes too', async () => {
    const absent = { apiVersion: `${group}/v1`, kind: 'Gadget', name: 'never', uid: '11111111-1111-1111-1111-111111111111' }
    await admin.post(widgets, widget('owned-by-none', { metadata: { name: 'owned-by-none', ownerReferences: [absent] } }))
    await gone(`${widgets}/owned-by-none`)
  })

  it('of two owners one is enough', async () => {
    const { object: one } = await admin.post(gadgets, gadget('owner-one'))
    const { object: two } = await admin.post(gadgets, gadget('owner-two'))
    await admin.post(widgets, widget('shared', { metadata: { name: 'shared', ownerReferences: [...ownedBy(one).ownerReferences, ...ownedBy(two).ownerReferences] } }))
    await admin.delete(`${gadgets}/owner-one`)
    await eventually('only the second owner is left', async () => ((await admin.get(`${widgets}/shared`)).object.metadata.ownerReferences as unknown[]).length === 1)
    await admin.delete(`${gadgets}/owner-two`)
    await gone(`${widgets}/shared`)
  })

  it('an owner reference without a uid is refused', async () => {
    const { status, failure } = await admin.post(widgets, widget('no-uid', { metadata: { name: 'no-uid', ownerReferences: [{ apiVersion: `${group}/v1`, kind: 'Gadget', name: 'x' }] } }))
    expect(status).toBe(422)
    expect(failure.details?.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'metadata.ownerReferences.uid', message: 'Invalid value: "": must not be empty' }])
  })

  it('only one may be the controller', async () => {
    const reference = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid, controller: true })
    const { status, failure } = await admin.post(widgets, widget('two-controllers', { metadata: { name: 'two-controllers', ownerReferences: [reference('a'), reference('b')] } }))
    expect(status).toBe(422)
    expect(failure.message).toContain('Only one reference can have Controller set to true')
  })
})

describe('deleting a collection', () => {
  it('answers the list of what it deleted, by selector', async () => {
    for (const [name, set] of [['set-1', 'a'], ['set-2', 'a'], ['set-3', 'b']] as const)
      await admin.post(`${core}/configmaps`, configMap(name, {}, { labels: { set } }))
    const answer = await admin.delete(`${core}/configmaps?labelSelector=set%3Da`)
    expect([answer.status, answer.list.kind, answer.names.sort()]).toEqual([200, 'ConfigMapList', ['set-1', 'set-2']])
    expect((await admin.get(`${core}/configmaps?labelSelector=set`)).names).toEqual(['set-3'])
  })

  it('of custom objects too', async () => {
    await admin.post(widgets, widget('many-1', { metadata: { name: 'many-1', labels: { set: 'many' } } }))
    await admin.post(widgets, widget('many-2', { metadata: { name: 'many-2', labels: { set: 'many' } } }))
    expect((await admin.delete(`${widgets}?labelSelector=set%3Dmany`)).status).toBe(200)
    expect((await admin.get(`${widgets}?labelSelector=set%3Dmany`)).list.items).toEqual([])
  })

  it('cannot be asked of all namespaces at once', async () => {
    const { status, failure } = await admin.delete('/api/v1/configmaps')
    expect([status, failure.reason]).toEqual([405, 'MethodNotAllowed'])
  })
})

describe('namespaces', () => {
  const make = (name: string) => admin.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

  it('are Active, carry their name as a label, and have the finalizer kubernetes in their spec', async () => {
    const { object } = await make(`${namespace}-fresh`)
    expect(object).toMatchObject({ metadata: { labels: { 'kubernetes.io/metadata.name': `${namespace}-fresh` } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } })
    await admin.delete(`/api/v1/namespaces/${namespace}-fresh`)
  })

  it('take all that is in them along, and refuse what is new meanwhile', async () => {
    const name = `${namespace}-ending`
    const inside = gadgets.replace(namespace, name)
    await make(name)
    await admin.post(inside, gadget('held', { size: 1 }, { finalizers: ['test.local/hold'] }))
    await admin.post(`/api/v1/namespaces/${name}/configmaps`, configMap('inside'))
    const { status, object } = await admin.delete(`/api/v1/namespaces/${name}`)
    expect([status, object.status?.phase]).toEqual([200, 'Terminating'])
    const { status: late, failure } = await admin.post(inside, gadget('late'))
    expect(late).toBe(403)
    expect(failure.message).toBe(`gadgets.${group} "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`)
    expect(failure.details?.causes).toEqual([{ reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' }])
    await gone(`/api/v1/namespaces/${name}/configmaps/inside`)
    await eventually('the held object is being deleted', async () => (await admin.get(`${inside}/held`)).object.metadata.deletionTimestamp)
    await admin.merge(`${inside}/held`, { metadata: { finalizers: null } })
    await gone(`/api/v1/namespaces/${name}`)
  })

  it('must have a name that is a DNS label', async () => {
    const { status, failure } = await make('not.a.label')
    expect(status).toBe(422)
    expect(failure.message).toBe('Namespace "not.a.label" is invalid: metadata.name: Invalid value: "not.a.label": must not contain dots')
    const upper = await make('Upper')
    expect(upper.failure.message).toContain('a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\'')
  })
})
