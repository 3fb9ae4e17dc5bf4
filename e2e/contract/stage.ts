import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, inject } from 'vitest'
import { Api } from '../api.ts'
import type { Fields } from '../api.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'

/** Three people of the cluster, a namespace of the spec's own, and the kinds to try the API with. */
export interface Stage {
  readonly admin: Api
  readonly editor: Api
  readonly viewer: Api
  readonly namespace: string
  readonly group: string
  /** Paths of collections. */
  readonly gadgets: string
  readonly widgets: string
  readonly vaults: string
  readonly core: string
  gadget(name: string, spec?: Fields, metadata?: Fields): Fields
  widget(name: string, fields?: Fields): Fields
  vault(name: string, fields?: Fields): Fields
  configMap(name: string, data?: Fields, metadata?: Fields): Fields
  /** Makes the server forget old resourceVersions, as time does. */
  forget(): Promise<void>
}

/** Sets up a namespace for the tests of one file and takes it away after them. */
export function stage(topic: string): Stage {
  const kubeconfig = inject('kubeconfig')
  const group = inject('group')
  const namespace = `${topic}-${randomBytes(3).toString('hex')}`
  const contexts = contextsOf(kubeconfig)
  const as = (context: string | undefined) => new Api(readAccess(kubeconfig, context ?? ''))
  const admin = as(contexts[0])
  const editor = as(contexts.find(name => name.endsWith('-editor')))
  const viewer = as(contexts.find(name => name.endsWith('-viewer')))
  const apiVersion = `${group}/v1`
  beforeAll(async () => {
    (await admin.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })).expect(201)
  })
  afterAll(async () => {
    // No kubelet ends these.
    await admin.delete(`/api/v1/namespaces/${namespace}/pods`, { gracePeriodSeconds: 0 })
    await admin.delete(`/api/v1/namespaces/${namespace}`)
    await Promise.all([admin, editor, viewer].map(api => api.close()))
  })
  const custom = `/apis/${apiVersion}/namespaces/${namespace}`
  return {
    admin, editor, viewer, namespace, group,
    gadgets: `${custom}/gadgets`,
    widgets: `${custom}/widgets`,
    vaults: `/apis/${apiVersion}/vaults`,
    core: `/api/v1/namespaces/${namespace}`,
    gadget: (name, spec = { size: 1 }, metadata = {}) => ({ apiVersion, kind: 'Gadget', metadata: { name, ...metadata }, spec }),
    widget: (name, fields = {}) => ({ apiVersion, kind: 'Widget', metadata: { name }, ...fields }),
    vault: (name, fields = {}) => ({ apiVersion, kind: 'Vault', metadata: { name }, ...fields }),
    configMap: (name, data = { a: '1' }, metadata = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data }),
    forget: async () => {
      const [command, ...args] = (process.env.CONTRACT_FORGET ?? '').split(' ').filter(Boolean)
      if (command)
        execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      else
        (await admin.post('/debug/compact', undefined)).expect(200)
    },
  }
}

/** Asks again until `see` answers something true, and answers that; throws after some seconds. */
export async function eventually<T>(what: string, see: () => Promise<T | undefined | false | null>, seconds = 20): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const seen = await see()
    if (seen)
      return seen
    if (Date.now() > deadline)
      throw new Error(`not seen within ${seconds} s: ${what}`)
    await sleep(50)
  }
}
