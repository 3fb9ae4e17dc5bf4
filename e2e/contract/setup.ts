import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { OwnConsole } from '../embedded.ts'
import { Api } from '../api.ts'
import { gadgetsCrd, vaultsCrd, widgetsCrd } from './gadgets.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly kubeconfig: string
    readonly group: string
  }
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const PORT = 8740

/** The suite runs on the cluster of CONTRACT_KUBECONFIG, by default on an embedded one of its own, started as the operator starts it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.CONTRACT_KUBECONFIG
  const own = given ? undefined : new OwnConsole(PORT)
  await own?.start()
  const kubeconfig = given ?? join(own?.folder ?? '', 'demo.kubeconfig')
  const group = `run-${randomBytes(3).toString('hex')}.guardrails.test`
  const admin = new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0] ?? ''))
  for (const crd of [gadgetsCrd(group), widgetsCrd(group), vaultsCrd(group)])
    (await admin.post(CRDS, crd)).expect(201)
  const deadline = Date.now() + 20_000
  for (const kind of ['gadgets', 'widgets', 'vaults']) {
    while ((await admin.get(`/apis/${group}/v1/${kind}`)).status !== 200) {
      if (Date.now() > deadline)
        throw new Error(`${kind}.${group} was not served after 20 s`)
      await sleep(50)
    }
  }
  project.provide('kubeconfig', kubeconfig)
  project.provide('group', group)
  return async () => {
    for (const kind of ['gadgets', 'widgets', 'vaults'])
      await admin.delete(`${CRDS}/${kind}.${group}`)
    await admin.close()
    await own?.remove()
  }
}
