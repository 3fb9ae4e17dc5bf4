import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../api.ts'
import type { KubeObject } from '../api.ts'
import { OwnConsole } from '../embedded.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'
import { Kubectl, normalise } from './kubectl.ts'
import { startRealCluster } from './realCluster.ts'
import type { RealCluster } from './realCluster.ts'

// Upstream's own CustomResourceDefinitions lie beside the repository where the project is worked on, not in it.
const UPSTREAM = resolve(import.meta.dirname, '../../../shared/crds')
const { KUBE_BINARY = '' } = process.env
const PORT = 8750
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

const apiOf = (kubeconfig: string) => new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0] ?? ''))

const SESSION: readonly (readonly string[])[] = [
  ['create', '-f', UPSTREAM],
  ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'],
  ['get', 'crd', '-o', 'name'],
  ['create', '-f', join(UPSTREAM, 'kubevirt.io_virtualmachines.yaml')],
  ...['kubevirt.io', 'harvesterhci.io', 'longhorn.io', 'cdi.kubevirt.io', 'snapshot.storage.k8s.io'].map(group => ['api-resources', `--api-group=${group}`, '-o', 'wide']),
  ['explain', 'virtualmachine.spec'],
  ['explain', 'vm.spec.template.spec.domain', '--recursive'],
  ['explain', 'virtualmachineimage', '--recursive'],
  ['explain', 'backingimages.longhorn.io.spec'],
  ['explain', 'datavolume.spec.source'],
  ['get', 'virtualmachines,virtualmachineimages,backingimages,datavolumes', '-A'],
]

/** Takes every kind and its objects away, those that a finalizer holds too. */
async function clearKinds(api: Api): Promise<void> {
  await api.delete(CRDS)
  const deadline = Date.now() + 60_000
  for (let left = await crdsOf(api); left.length; left = await crdsOf(api)) {
    if (Date.now() > deadline)
      throw new Error(`still there after 60 s: ${left.map(({ path }) => path).join(', ')}`)
    await Promise.all(left.map(({ path }) => release(api, path)))
  }
}

async function release(api: Api, path: string): Promise<void> {
  for (const { metadata: { name, namespace, finalizers } } of (await api.get(path)).list.items ?? []) {
    if (finalizers)
      await api.merge(`${namespace ? path.replace(/[^/]+$/, `namespaces/${namespace}/$&`) : path}/${name}`, { metadata: { finalizers: null } })
  }
}

interface Definition { readonly plural: string, readonly kind: string, readonly group: string, readonly path: string }

async function crdsOf(api: Api): Promise<Definition[]> {
  return (await api.get(CRDS)).expect(200).list.items.map(({ spec }) => {
    const { group, names, versions } = spec as { group: string, names: { plural: string, kind: string }, versions: { name: string, storage: boolean }[] }
    return { ...names, group, path: `/apis/${group}/${versions.find(version => version.storage)?.name}/${names.plural}` }
  })
}

describe.skipIf(!existsSync(UPSTREAM))('upstream\'s definitions', () => {
  let folder: string
  const embedded = new OwnConsole(PORT)
  let real: RealCluster
  const demonstration: KubeObject[] = []
  let ours: Api
  let theirs: Api

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guardrails-upstream-'));
    [real] = await Promise.all([startRealCluster({ folder, binary: KUBE_BINARY, tied: true }), embedded.start()])
    ours = apiOf(join(embedded.folder, 'demo.kubeconfig'))
    theirs = apiOf(real.kubeconfig)
    for (const { path } of await crdsOf(ours))
      demonstration.push(...(await ours.get(path)).expect(200).list.items)
    await clearKinds(ours)
  })

  afterAll(async () => {
    await Promise.all([ours?.close(), theirs?.close(), embedded.remove(), real?.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(SESSION.map(args => [args.join(' ').replace(UPSTREAM, 'CRDS'), args] as const))('kubectl %s prints the same on both', async (_, args) => {
    const [printed, expected] = await Promise.all([new Kubectl(KUBE_BINARY, join(embedded.folder, 'demo.kubeconfig')), new Kubectl(KUBE_BINARY, real.kubeconfig)]
      .map(async kubectl => normalise(await kubectl.run(args))))
    expect(printed).toBe(expected)
  }, 120_000)

  it('take every object of the demonstration, strictly, its status too', async () => {
    expect(demonstration.length).toBeGreaterThan(100)
    const namespaces = new Set(demonstration.flatMap(({ metadata }) => metadata.namespace ?? []))
    for (const name of namespaces)
      await theirs.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const plurals = new Map((await crdsOf(theirs)).map(({ group, kind, plural }) => [`${group}/${kind}`, plural]))
    const refused: string[] = []
    for (const object of demonstration) {
      const { name, namespace, labels, annotations } = object.metadata
      const plural = plurals.get(`${object.apiVersion.split('/')[0]}/${object.kind}`)
      const path = `/apis/${object.apiVersion}/${namespace ? `namespaces/${namespace}/` : ''}${plural}`
      const made = await theirs.post(`${path}?fieldValidation=Strict`, { ...object, metadata: { name, namespace, labels, annotations } })
      if (made.status !== 201)
        refused.push(`${object.kind} ${name}: ${made.text}`)
      else if (object.status && !made.object.status) {
        const written = await theirs.put(`${path}/${name}/status?fieldValidation=Strict`, { ...made.object, status: object.status })
        if (written.status !== 200)
          refused.push(`${object.kind} ${name}, status: ${written.text}`)
      }
    }
    expect(refused).toEqual([])
  })
})
