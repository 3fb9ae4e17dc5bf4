import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '#kube/object.ts'
import { Api } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import type { Standing } from './catalogue.ts'
import { BACKUP, catalogueOf } from './catalogue.ts'
import { send, stand } from './standing.ts'

// Everything that the console and its server write, tried strictly on a real API server: with upstream's definitions and webhooks where
// REAL_PARTS names them, with our definitions alone otherwise.

const { REAL_KUBECONFIG = '', REAL_PARTS = '' } = process.env
const hasKubeVirt = REAL_PARTS.split(',').includes('kubevirt')

let api: Api
let standing: Standing | undefined
let catalogue: ReturnType<typeof catalogueOf> = []

beforeAll(async () => {
  api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
  standing = await stand(api, hasKubeVirt)
  catalogue = catalogueOf(standing)
}, 120_000)
afterAll(async () => {
  if (standing)
    await api.delete(`/api/v1/namespaces/${standing.namespace}`)
  await api.close()
})

describe('what the console and its server write is taken, strictly', () => {
  it('every manifest and every patch', async () => {
    expect(catalogue.length).toBeGreaterThan(30)
    const refused: string[] = []
    for (const [what, writes] of catalogue) {
      if (!writes.length)
        refused.push(`${what}: nothing is written`)
      for (const write of writes.filter(({ act }) => act !== 'call' || hasKubeVirt)) {
        const { status, text } = await send(api, write)
        if (status >= 300 && !(what === BACKUP && /backup.?target/i.test(text)))
          refused.push(`${what}: ${status} ${text}`)
      }
    }
    expect(refused).toEqual([])
  }, 120_000)

  it.each(['an image by URL on Longhorn v1', 'a Lease where there is none', 'the question whether somebody may see a claim'])('but no field that there is not: %s', async what => {
    const write = catalogue.find(([name]) => name === what)?.[1][0]
    if (write?.act !== 'create')
      throw new Error(`${what} is no manifest`)
    const { status, failure } = await send(api, { ...write, manifest: { ...write.manifest, colour: 'red' } as Manifest })
    expect([status, failure.message]).toEqual([400, expect.stringContaining('unknown field "colour"')])
  })
})
