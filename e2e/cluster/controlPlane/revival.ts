import type { Api } from '../../api.ts'
import { endedPrograms, startAgain, waitFor } from '../processes.ts'

const SUBRESOURCES = '/apis/subresources.kubevirt.io/v1'
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases/virt-controller'

/**
 * Starts again what has ended on a standing control plane, as the kubelet of its node does, until all of it works. A controller
 * that could not renew its lease ends only after a while: it is back when it has renewed it.
 */
export async function revive(folder: string, api: Api): Promise<void> {
  const from = Date.now()
  const until = (what: string, works: () => Promise<boolean>) => waitFor(what, folder, () => {
    endedPrograms(folder).forEach(name => { startAgain(folder, name) })
    return works()
  })
  await until('kube-apiserver', async () => (await api.get('/readyz')).status === 200)
  await until('virt-api', async () => (await api.get(SUBRESOURCES)).status === 200)
  await until('virt-controller', async () => Date.parse(String((await api.get(LEASE)).expect(200).object.spec?.renewTime)) > from)
}
