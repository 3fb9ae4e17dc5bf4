import { beforeAll, describe, expect, it } from 'vitest'
import { Kubectl, normalise } from './kubectl.ts'
import { SCRIPT } from './script.ts'

const { KUBE_BINARY = '', REAL_KUBECONFIG = '', EMBEDDED_KUBECONFIG = '' } = process.env

async function session(kubeconfig: string): Promise<Map<string, string>> {
  const kubectl = new Kubectl(KUBE_BINARY, kubeconfig)
  const printed = new Map<string, string>()
  for (const [name, take] of SCRIPT)
    printed.set(name, normalise(await (typeof take === 'function' ? take(kubectl) : kubectl.run(take))))
  return printed
}

/** Rows of `api-resources` that say the same on both, and those of the embedded cluster that the real one does not have. */
async function resources(kubeconfig: string): Promise<string[]> {
  const kubectl = new Kubectl(KUBE_BINARY, kubeconfig)
  return normalise(await kubectl.run(['api-resources', '-o', 'wide'])).split('\n').filter(Boolean).slice(1)
}

describe('the same session of kubectl on the embedded cluster and the real API server prints the same', () => {
  let embedded = new Map<string, string>()
  let real = new Map<string, string>()

  beforeAll(async () => {
    [embedded, real] = await Promise.all([session(EMBEDDED_KUBECONFIG), session(REAL_KUBECONFIG)])
  }, 300_000)

  it.each(SCRIPT.map(([name]) => name))('%s', name => {
    expect(real.get(name)).toBeDefined()
    expect(embedded.get(name)).toBe(real.get(name))
  })
})

it('api-resources lists each kind as the real API server lists it', async () => {
  const [ours, theirs] = await Promise.all([resources(EMBEDDED_KUBECONFIG), resources(REAL_KUBECONFIG)])
  expect(ours.length).toBeGreaterThan(50)
  expect(ours.filter(row => !theirs.includes(row))).toEqual([])
})
