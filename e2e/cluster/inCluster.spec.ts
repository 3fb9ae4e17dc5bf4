import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { Api } from '../api.ts'
import type { KubeObject } from '../api.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'

// What the documentation has people apply, before a real API server with strict fields: no typing error, no field of another version.

const { REAL_KUBECONFIG = '' } = process.env
const DOCS = resolve(import.meta.dirname, '../../docs')
const FILES = ['in-cluster', 'roles'].flatMap(folder => readdirSync(join(DOCS, folder)).filter(name => name.endsWith('.yaml')).map(name => join(folder, name)))
const read = (file: string) => parseAllDocuments(readFileSync(join(DOCS, file), 'utf8')).map(document => document.toJS() as KubeObject)
const HOME = 'harvester-guardrails'
const PLURALS: Readonly<Record<string, string>> = { Namespace: 'namespaces', ServiceAccount: 'serviceaccounts', ConfigMap: 'configmaps', Service: 'services', Deployment: 'deployments', ClusterRole: 'clusterroles', ClusterRoleBinding: 'clusterrolebindings', Role: 'roles', RoleBinding: 'rolebindings' }

function pathOf({ apiVersion = '', kind = '', metadata: { namespace } }: KubeObject): string {
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}${namespace ? `/namespaces/${namespace}` : ''}/${PLURALS[kind] ?? kind}`
}

describe('what the documentation has people apply', () => {
  let api: Api
  const made: string[] = []

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    // A dry run makes no namespace for what is tried after it.
    for (const name of [HOME, 'harvester-system']) {
      const [own] = read('in-cluster/guardrails.yaml').filter(({ kind, metadata }) => kind === 'Namespace' && metadata.name === name)
      if ((await api.post('/api/v1/namespaces', own ?? { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })).status === 201)
        made.push(`/api/v1/namespaces/${name}`)
    }
  })
  afterAll(async () => {
    for (const path of made)
      await api.delete(path)
    await api.close()
  })

  it.each(FILES)('%s is taken as it stands there', async file => {
    const objects = read(file).filter(({ kind, metadata }) => !(kind === 'Namespace' && metadata.name === HOME))
    expect(objects.length).toBeGreaterThan(0)
    for (const object of objects) {
      const { status, text } = await api.post(`${pathOf(object)}?dryRun=All&fieldValidation=Strict`, object)
      expect([object.kind, object.metadata.name, status, status === 201 ? '' : text]).toEqual([object.kind, object.metadata.name, 201, ''])
    }
  })

  it('makes a pod that the namespace lets run, which is held to the restricted standard', async () => {
    const [deployment] = read('in-cluster/guardrails.yaml').filter(({ kind }) => kind === 'Deployment') as (KubeObject & { readonly spec: { readonly template: { readonly spec: object } } })[]
    const pod = (spec: object | undefined) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'guardrails', namespace: HOME }, spec })
    const where = `/api/v1/namespaces/${HOME}/pods?dryRun=All&fieldValidation=Strict`
    // The account must be there; nobody makes that of a namespace here.
    const account = `/api/v1/namespaces/${HOME}/serviceaccounts`
    await api.post(account, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'guardrails', namespace: HOME } })
    made.unshift(`${account}/guardrails`)
    const { status, text } = await api.post(where, pod(deployment?.spec.template.spec))
    expect([status, status === 201 ? '' : text]).toEqual([201, ''])
    const free = await api.post(where, pod({ ...deployment?.spec.template.spec, securityContext: {} }))
    expect(free.status).toBe(403)
  })
})
