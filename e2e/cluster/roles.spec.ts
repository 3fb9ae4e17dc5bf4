import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { Api } from '../api.ts'
import type { Fields, KubeObject } from '../api.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'

// The roles that the guide hands out, applied to both clusters and asked of each cluster's own RBAC: who may write what.

const { REAL_KUBECONFIG = '', EMBEDDED_KUBECONFIG = '' } = process.env
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const ROLES = parseAllDocuments(readFileSync(resolve(import.meta.dirname, '../../docs/roles/console.yaml'), 'utf8')).map(document => document.toJS() as KubeObject)
const HERE = 'default'
const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection']
const POWER = ['start', 'stop', 'restart', 'migrate', 'addvolume', 'removevolume']

/** `verb resource.group`, of all that the console's kinds can be asked for. */
const QUESTIONS = [
  ...Object.entries({
    '': ['persistentvolumeclaims', 'pods', 'configmaps', 'secrets', 'nodes', 'namespaces', 'serviceaccounts'], 'storage.k8s.io': ['volumeattachments', 'storageclasses'], 'kubevirt.io': ['virtualmachines', 'virtualmachineinstances'], 'export.kubevirt.io': ['virtualmachineexports'],
    'harvesterhci.io': ['virtualmachineimages', 'virtualmachinebackups', 'virtualmachinerestores', 'settings'], 'cdi.kubevirt.io': ['datavolumes'], 'longhorn.io': ['volumes', 'backingimages', 'nodes'], 'snapshot.storage.k8s.io': ['volumesnapshots'],
    'admissionregistration.k8s.io': ['validatingwebhookconfigurations'], 'rbac.authorization.k8s.io': ['rolebindings', 'clusterroles'],
  }).flatMap(([group, resources]) => resources.flatMap(resource => WRITES.map(verb => ({ verb, group, resource, subresource: '' })))),
  ...POWER.map(subresource => ({ verb: 'update', group: 'subresources.kubevirt.io', resource: 'virtualmachines', subresource })),
  { verb: 'get', group: '', resource: 'secrets', subresource: '' },
]
const MAY: Readonly<Record<string, readonly string[]>> = {
  viewer: [],
  exporter: ['patch persistentvolumeclaims.', 'create virtualmachineimages.harvesterhci.io', 'patch virtualmachineimages.harvesterhci.io'],
  operator: [
    'patch persistentvolumeclaims.', 'create virtualmachineimages.harvesterhci.io', 'patch virtualmachineimages.harvesterhci.io', 'create virtualmachinebackups.harvesterhci.io',
    'patch virtualmachines.kubevirt.io', 'update virtualmachines/start.subresources.kubevirt.io', 'update virtualmachines/stop.subresources.kubevirt.io',
  ],
}

describe.each([['real', REAL_KUBECONFIG], ['embedded', EMBEDDED_KUBECONFIG]])('the roles to hand out, on the %s cluster', (_name, kubeconfig) => {
  let api: Api
  const made: string[] = []

  async function make(path: string, object: Fields & { readonly metadata: { readonly name: string, readonly namespace?: string } }): Promise<void> {
    (await api.post(path, object)).expect(201)
    made.push(`${path}/${object.metadata.name}`)
  }

  beforeAll(async () => {
    api = new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0] ?? ''))
    for (const role of ROLES)
      await make(`${RBAC}/clusterroles`, role)
    for (const person of Object.keys(MAY)) {
      const bound = (role: string) => ({ roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `guardrails-${role}` }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: `the-${person}` }] })
      await make(`${RBAC}/clusterrolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: `roles-${person}` }, ...bound('viewer') })
      if (person !== 'viewer')
        await make(`${RBAC}/namespaces/${HERE}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: `roles-${person}`, namespace: HERE }, ...bound(person) })
    }
  })
  afterAll(async () => {
    for (const path of made)
      await api.delete(path)
    await api.close()
  })

  async function allowedTo(user: string, namespace: string): Promise<string[]> {
    const answers = await Promise.all(QUESTIONS.map(async ({ verb, group, resource, subresource }) => {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec: { user, groups: ['system:authenticated'], resourceAttributes: { verb, group, resource, subresource, namespace } } }
      const { status } = (await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review)).expect(201).object
      return status?.allowed === true ? [`${verb} ${resource}${subresource && `/${subresource}`}.${group}`] : []
    }))
    return answers.flat().sort()
  }

  it.each(Object.keys(MAY))('let a %s write what its name says and nothing else, where it is bound', async person => {
    await expect.poll(() => allowedTo(`the-${person}`, HERE)).toEqual([...MAY[person] ?? []].sort())
    expect(await allowedTo(`the-${person}`, 'kube-system')).toEqual([])
  })
})
