import { expect, it } from 'vitest'
import { demandUpstream } from './demandUpstream.ts'

const { REAL_KUBECONFIG = '', EMBEDDED_KUBECONFIG = '' } = process.env

it('lets what Kubernetes\' own API server tells be recorded, and never the embedded cluster\'s word for it', async () => {
  await expect(demandUpstream(REAL_KUBECONFIG)).resolves.toBeUndefined()
  await expect(demandUpstream(EMBEDDED_KUBECONFIG)).rejects.toThrow('is not upstream\'s own control plane')
})
