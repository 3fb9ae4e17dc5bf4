import { describe, expect, it } from 'vitest'
import type { JsonObject } from './json.ts'
import { DEFAULT_POLICY } from './kinds/policy.ts'
import type { Attributes, Policy, User } from './rbac.ts'
import { authorize, forbiddenMessage, rulesFor } from './rbac.ts'

const of = (kind: string, objects: readonly JsonObject[]) => objects.filter(object => object.kind === kind)
const policyOf = (objects: readonly JsonObject[]): Policy => ({
  clusterRoles: of('ClusterRole', objects), clusterRoleBindings: of('ClusterRoleBinding', objects), roles: of('Role', objects), roleBindings: of('RoleBinding', objects),
})

const role = (rules: JsonObject[]): JsonObject => ({ kind: 'Role', metadata: { name: 'reader', namespace: 'lab' }, rules })
const binding = (subjects: JsonObject[], more: JsonObject = {}): JsonObject => ({ kind: 'RoleBinding', metadata: { name: 'b', namespace: 'lab' }, roleRef: { kind: 'Role', name: 'reader' }, subjects, ...more })
const alice: User = { name: 'alice', groups: ['devs', 'system:authenticated'] }
const on = (verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => ({ verb, group: '', resource, namespace: 'lab', ...more })
const toAlice = [{ kind: 'User', name: 'alice' }]

describe('a rule', () => {
  const cases: [JsonObject, Attributes, boolean][] = [
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('get', 'pods'), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('list', 'pods'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('get', 'pods', { group: 'metrics' }), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('get', 'pods', { subresource: 'log' }), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, on('get', 'pods', { subresource: 'log' }), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['*/log'] }, on('get', 'pods', { subresource: 'log' }), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['*/log'] }, on('get', 'pods'), false],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, on('delete', 'virtualmachines', { group: 'kubevirt.io', subresource: 'status' }), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, on('get', 'pods', { name: 'a' }), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, on('get', 'pods', { name: 'b' }), false],
    [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, on('list', 'pods'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('get', 'pods', { namespace: 'staging' }), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, on('get', 'pods', { namespace: '' }), false],
  ]
  it.each(cases)('%j for %j: %s', (rule, attributes, allowed) => {
    expect(authorize(alice, attributes, policyOf([role([rule]), binding(toAlice)])).allowed).toBe(allowed)
  })

  const paths: [string, string, boolean][] = [['/healthz', '/healthz', true], ['/healthz', '/healthz/ping', false], ['/api/*', '/api/v1', true], ['*', '/debug', true]]
  it.each(paths)('for the path %s on %s: %s', (url, path, allowed) => {
    const policy = policyOf([
      { kind: 'ClusterRole', metadata: { name: 'reader' }, rules: [{ verbs: ['get'], nonResourceURLs: [url] }] },
      { kind: 'ClusterRoleBinding', metadata: { name: 'b' }, roleRef: { kind: 'ClusterRole', name: 'reader' }, subjects: toAlice },
    ])
    expect(authorize(alice, { verb: 'get', path }, policy).allowed).toBe(allowed)
  })
})

describe('the reason', () => {
  const rules = role([{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }])
  const cases: [string, JsonObject[], User, string][] = [
    ['names the user', [rules, binding(toAlice)], alice, 'RBAC: allowed by RoleBinding "b/lab" of Role "reader" to User "alice"'],
    ['names the group', [rules, binding([{ kind: 'Group', name: 'devs' }])], alice, 'RBAC: allowed by RoleBinding "b/lab" of Role "reader" to Group "devs"'],
    ['names the account', [rules, binding([{ kind: 'ServiceAccount', name: 'robot' }])], { name: 'system:serviceaccount:lab:robot', groups: [] }, 'RBAC: allowed by RoleBinding "b/lab" of Role "reader" to ServiceAccount "robot/lab"'],
    ['names the role that is missing', [binding(toAlice)], alice, 'RBAC: role.rbac.authorization.k8s.io "reader" not found'],
    ['is empty where nothing speaks for it', [rules], alice, ''],
    ['is empty for administrators', [], { name: 'root', groups: ['system:masters'] }, ''],
  ]
  it.each(cases)('%s', (_, objects, user, reason) => {
    expect(authorize(user, on('get', 'pods'), policyOf(objects)).reason).toBe(reason)
  })
})

describe('a refusal', () => {
  const cases: [Attributes, string][] = [
    [on('list', 'pods'), 'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "lab"'],
    [on('get', 'pods', { name: 'a', subresource: 'log' }), 'pods "a" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "lab"'],
    [{ verb: 'list', group: 'longhorn.io', resource: 'volumes' }, 'volumes.longhorn.io is forbidden: User "alice" cannot list resource "volumes" in API group "longhorn.io" at the cluster scope'],
    [{ verb: 'get', path: '/debug' }, 'forbidden: User "alice" cannot get path "/debug"'],
  ]
  it.each(cases)('of %j', (attributes, message) => {
    expect(forbiddenMessage(alice, attributes)).toBe(message)
  })
})

describe('the demonstration\'s people', () => {
  const policy = policyOf(DEFAULT_POLICY)
  const editor: User = { name: 'editor', groups: ['ops-editors', 'system:authenticated'] }
  const viewer: User = { name: 'viewer', groups: ['ops-viewers', 'system:authenticated'] }
  const may = (user: User, verb: string, group: string, resource: string, namespace = '', subresource = '') => authorize(user, { verb, group, resource, namespace, subresource }, policy).allowed

  const cases: [string, boolean, boolean][] = [
    ['an editor patches a VM in production', may(editor, 'patch', 'kubevirt.io', 'virtualmachines', 'production'), true],
    ['an editor stops a VM in lab', may(editor, 'update', 'subresources.kubevirt.io', 'virtualmachines', 'lab', 'stop'), true],
    ['an editor creates an image in staging', may(editor, 'create', 'harvesterhci.io', 'virtualmachineimages', 'staging'), true],
    ['an editor writes a secret in lab', may(editor, 'create', '', 'secrets', 'lab'), true],
    ['an editor lists VMs everywhere', may(editor, 'list', 'kubevirt.io', 'virtualmachines'), false],
    ['an editor lists VMs in kube-system', may(editor, 'list', 'kubevirt.io', 'virtualmachines', 'kube-system'), false],
    ['an editor lists namespaces', may(editor, 'list', '', 'namespaces'), true],
    ['an editor lists storage classes', may(editor, 'list', 'storage.k8s.io', 'storageclasses'), true],
    ['an editor lists nodes', may(editor, 'list', '', 'nodes'), false],
    ['an editor lists attachments', may(editor, 'list', 'storage.k8s.io', 'volumeattachments'), false],
    ['an editor lists backing images', may(editor, 'list', 'longhorn.io', 'backingimages', 'longhorn-system'), false],
    ['a viewer lists VMs everywhere', may(viewer, 'list', 'kubevirt.io', 'virtualmachines'), true],
    ['a viewer watches backing images', may(viewer, 'watch', 'longhorn.io', 'backingimages'), true],
    ['a viewer lists nodes and attachments', may(viewer, 'list', '', 'nodes') && may(viewer, 'list', 'storage.k8s.io', 'volumeattachments'), true],
    ['a viewer reads a secret', may(viewer, 'get', '', 'secrets', 'production'), false],
    ['a viewer stops a VM', may(viewer, 'update', 'subresources.kubevirt.io', 'virtualmachines', 'lab', 'stop'), false],
    ['an editor pauses a VM', may(editor, 'update', 'subresources.kubevirt.io', 'virtualmachineinstances', 'production', 'pause'), true],
    ['an editor migrates a VM', may(editor, 'update', 'subresources.kubevirt.io', 'virtualmachines', 'production', 'migrate') || may(editor, 'create', 'kubevirt.io', 'virtualmachineinstancemigrations', 'production'), false],
    ['an editor sees migrations', may(editor, 'list', 'kubevirt.io', 'virtualmachineinstancemigrations', 'production'), true],
    ['a viewer deletes an image', may(viewer, 'delete', 'harvesterhci.io', 'virtualmachineimages', 'production'), false],
    ['anybody known asks what they may', may(viewer, 'create', 'authorization.k8s.io', 'selfsubjectaccessreviews'), true],
    ['a stranger asks what they may', may({ name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'create', 'authorization.k8s.io', 'selfsubjectaccessreviews'), false],
  ]
  it.each(cases)('%s', (_, allowed, expected) => {
    expect(allowed).toBe(expected)
  })

  it('see the rules that apply to them', () => {
    const { resourceRules, nonResourceRules } = rulesFor(editor, 'production', policy)
    expect(resourceRules).toContainEqual({ verbs: ['update'], apiGroups: ['subresources.kubevirt.io'], resources: expect.arrayContaining(['virtualmachines/start', 'virtualmachineinstances/pause']) as unknown })
    expect(nonResourceRules.flatMap(rule => rule.nonResourceURLs)).toContain('/version')
    expect(rulesFor(editor, 'default', policy).resourceRules).not.toContainEqual(expect.objectContaining({ apiGroups: ['kubevirt.io'] }))
    expect(rulesFor({ name: 'root', groups: ['system:masters'] }, 'default', policy).resourceRules[0]).toEqual({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] })
  })
})
