import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, Fields } from '../api.ts'
import { eventually, stage } from './stage.ts'

const { admin, editor, viewer, group, namespace, gadgets, vaults, core, gadget, vault } = stage('access')

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const review = (user: Api, attributes: Fields) => user.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
  apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: attributes },
})
const may = async (user: Api, attributes: Fields) => (await review(user, attributes)).expect(201).object.status?.allowed
const bind = (name: string, role: string, user: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
})
const role = (name: string, rules: Fields[]) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules })
const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { a: '1' } })
const roles = `${rbac}/namespaces/${namespace}/roles`
const bindings = `${rbac}/namespaces/${namespace}/rolebindings`

beforeAll(async () => {
  const steps = [
    [roles, role('reads', [{ apiGroups: [group], resources: ['gadgets'], verbs: ['get', 'list', 'watch'] }, { apiGroups: [''], resources: ['secrets'], resourceNames: ['public'], verbs: ['get'] }])],
    [roles, role('writes', [{ apiGroups: [group], resources: ['gadgets'], verbs: ['*'] }, { apiGroups: [group], resources: ['gadgets/status'], verbs: ['patch'] }])],
    [bindings, bind('viewer-reads', 'reads', 'viewer')],
    [bindings, bind('editor-writes', 'writes', 'editor')],
    [`${core}/secrets`, secret('public')],
    [`${core}/secrets`, secret('private')],
    [gadgets, gadget('one')],
  ] as const
  for (const [path, body] of steps)
    (await admin.post(path, body)).expect(201)
  // RBAC is read from a cache that follows the store.
  await eventually('the roles are in force', async () => await may(viewer, { namespace, group, resource: 'gadgets', verb: 'list' }) && await may(editor, { namespace, group, resource: 'gadgets', verb: 'create' }))
})
afterAll(async () => {
  await admin.delete(`${vaults}/access-${namespace}`)
})

describe('who one is', () => {
  const whoAmI = async (user: Api) => (await user.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' })).expect(201).object.status?.userInfo

  it('a SelfSubjectReview says name and groups', async () => {
    expect(await whoAmI(admin)).toMatchObject({ username: 'admin', groups: ['system:masters', 'system:authenticated'] })
    expect(await whoAmI(editor)).toMatchObject({ username: 'editor', groups: ['ops-editors', 'system:authenticated'] })
    expect(await whoAmI(viewer)).toMatchObject({ username: 'viewer', groups: ['ops-viewers', 'system:authenticated'] })
  })

  it('a token that nobody has is 401', async () => {
    const stranger = admin.withToken('nobody')
    const { status, failure } = await stranger.get(gadgets)
    expect(status).toBe(401)
    expect(failure).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 })
    await stranger.close()
  })

  it('without any token one is anonymous and may next to nothing: 403', async () => {
    const anonymous = admin.withToken(undefined)
    const { status, failure } = await anonymous.get('/api/v1/nodes')
    expect(status).toBe(403)
    expect(failure.message).toBe('nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope')
    expect((await anonymous.get('/version')).status).toBe(200)
    await anonymous.close()
  })
})

describe('a role', () => {
  it('allows what it says', async () => {
    expect((await viewer.get(gadgets)).names).toEqual(['one'])
    expect((await viewer.get(`${gadgets}/one`)).status).toBe(200)
    expect((await editor.post(gadgets, gadget('by-editor'))).status).toBe(201)
    expect((await editor.merge(`${gadgets}/by-editor`, { spec: { size: 2 } })).status).toBe(200)
    expect((await editor.delete(`${gadgets}/by-editor`)).status).toBe(200)
  })

  it('refuses the rest: 403 names user, verb, resource, group and namespace', async () => {
    const { status, failure } = await viewer.post(gadgets, gadget('by-viewer'))
    expect(status).toBe(403)
    expect(failure).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403, details: { group, kind: 'gadgets' },
      message: `gadgets.${group} is forbidden: User "viewer" cannot create resource "gadgets" in API group "${group}" in the namespace "${namespace}"`,
    })
  })

  it('refuses one object by its name', async () => {
    const { failure } = await viewer.delete(`${gadgets}/one`)
    expect(failure).toMatchObject({ code: 403, details: { name: 'one', group, kind: 'gadgets' }, message: `gadgets.${group} "one" is forbidden: User "viewer" cannot delete resource "gadgets" in API group "${group}" in the namespace "${namespace}"` })
  })

  it('refuses what is cluster-wide', async () => {
    expect((await editor.get(`/apis/${group}/v1/gadgets`)).failure.message).toBe(`gadgets.${group} is forbidden: User "editor" cannot list resource "gadgets" in API group "${group}" at the cluster scope`)
    expect((await viewer.post(vaults, vault(`access-${namespace}`))).failure.message).toBe(`vaults.${group} is forbidden: User "viewer" cannot create resource "vaults" in API group "${group}" at the cluster scope`)
  })

  it('says no before it says whether the object is there', async () => {
    expect((await viewer.get(`${core}/secrets/ghost`)).status).toBe(403)
  })

  it('of some names allows those alone', async () => {
    expect((await viewer.get(`${core}/secrets/public`)).status).toBe(200)
    expect((await viewer.get(`${core}/secrets/private`)).status).toBe(403)
    expect((await viewer.get(`${core}/secrets`)).status).toBe(403)
  })

  it('names subresources apart', async () => {
    expect((await editor.merge(`${gadgets}/one/status`, { status: { phase: 'x' } })).status).toBe(200)
    const { failure } = await editor.put(`${gadgets}/one/status`, {})
    expect(failure.message).toBe(`gadgets.${group} "one" is forbidden: User "editor" cannot update resource "gadgets/status" in API group "${group}" in the namespace "${namespace}"`)
  })

  it('checks a dry run like the real thing', async () => {
    expect((await viewer.post(`${gadgets}?dryRun=All`, gadget('dry'))).status).toBe(403)
  })

  it('of another group says nothing about this one', async () => {
    expect((await viewer.get(`${core}/replicationcontrollers`)).failure.message).toBe(`replicationcontrollers is forbidden: User "viewer" cannot list resource "replicationcontrollers" in API group "" in the namespace "${namespace}"`)
  })

  it('ends with its binding', async () => {
    await admin.post(bindings, bind('for-a-while', 'writes', 'viewer'))
    await eventually('it is in force', () => may(viewer, { namespace, group, resource: 'gadgets', verb: 'create' }).then(Boolean))
    await admin.delete(`${bindings}/for-a-while`)
    await eventually('it has ended', async () => !await may(viewer, { namespace, group, resource: 'gadgets', verb: 'create' }))
  })
})

describe('access reviews', () => {
  it('say allowed with the reason, and are kept nowhere', async () => {
    const { object } = await review(viewer, { namespace, group, resource: 'gadgets', verb: 'list' })
    expect(object.status).toMatchObject({ allowed: true, reason: `RBAC: allowed by RoleBinding "viewer-reads/${namespace}" of Role "reads" to User "viewer"` })
    expect(object.metadata.uid).toBeUndefined()
  })

  it('say not allowed without being a failure', async () => {
    const { status, object } = await review(viewer, { namespace, group, resource: 'gadgets', verb: 'delete' })
    expect(status).toBe(201)
    expect(object.status).toMatchObject({ allowed: false })
  })

  it('tell by name and by subresource', async () => {
    expect(await may(viewer, { namespace, resource: 'secrets', verb: 'get', name: 'public' })).toBe(true)
    expect(await may(viewer, { namespace, resource: 'secrets', verb: 'get', name: 'private' })).toBe(false)
    expect(await may(editor, { namespace, group, resource: 'gadgets', subresource: 'status', verb: 'patch' })).toBe(true)
    expect(await may(editor, { namespace, group, resource: 'gadgets', subresource: 'scale', verb: 'patch' })).toBe(false)
  })

  it('tell a namespace from all of them', async () => {
    expect(await may(viewer, { group, resource: 'gadgets', verb: 'list' })).toBe(false)
  })

  it('an administrator may everything, also what does not exist', async () => {
    expect(await may(admin, { namespace, group: 'nobody.test', resource: 'things', verb: 'frobnicate' })).toBe(true)
  })

  it('without anything asked are refused: 422', async () => {
    const { status, failure } = await viewer.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} })
    expect(status).toBe(422)
    expect(failure.message).toContain('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  })

  it('a rules review lists what one may in a namespace', async () => {
    const { object } = await viewer.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } })
    expect(object.status).toMatchObject({ incomplete: false })
    expect(object.status?.resourceRules).toContainEqual({ verbs: ['get', 'list', 'watch'], apiGroups: [group], resources: ['gadgets'] })
    expect(object.status?.resourceRules).toContainEqual({ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['public'] })
  })

  it('a rules review without a namespace is refused', async () => {
    const { status, failure } = await viewer.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: {} })
    expect([status, failure.message]).toEqual([400, 'no namespace on request'])
  })
})

describe('roles as objects', () => {
  it('a binding cannot be turned to another role', async () => {
    const { status, failure } = await admin.merge(`${bindings}/viewer-reads`, { roleRef: { name: 'writes' } })
    expect(status).toBe(422)
    expect(failure.message).toMatch(/roleRef: Invalid value: \{.*\}: cannot change roleRef$/)
  })

  it('nobody can give away what he has not', async () => {
    await admin.post(roles, role('manages', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }]))
    await admin.post(bindings, bind('editor-manages', 'manages', 'editor'))
    await eventually('it is in force', () => may(editor, { namespace, group: 'rbac.authorization.k8s.io', resource: 'roles', verb: 'create' }).then(Boolean))
    const { status, failure } = await editor.post(roles, role('grab', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]))
    expect(status).toBe(403)
    expect(failure.message).toContain('is attempting to grant RBAC permissions not currently held')
  })
})
