import { Api } from '../api.ts'
import { contextsOf, readAccess } from '../kubeconfig.ts'

/**
 * Throws where the cluster is not Kubernetes' own, by what its API server says it was built with: what the embedded cluster does
 * must never become the record of what upstream does.
 */
export async function demandUpstream(kubeconfig: string): Promise<void> {
  const api = new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0] ?? ''))
  const { compiler, gitVersion } = (await api.get('/version')).body as { readonly compiler?: string, readonly gitVersion?: string }
  await api.close()
  if (compiler !== 'gc')
    throw new Error(`nothing is recorded: the cluster of ${kubeconfig} (${gitVersion}, built with ${compiler}) is not upstream's own control plane`)
}
