import type { Pod } from '#kube/core.ts'
import { LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import type { ModelApi } from './modelApi.ts'
import { NAMESPACE } from './modelApi.ts'

const VOLUME = 'pv-1'

/** What Longhorn notes of the pods on the one volume, in its own time (longhorn-manager controller/kubernetes_pv_controller.go setWorkloads). */
export class ModelLonghorn {
  private readonly api: ModelApi
  private readonly claim: string

  constructor(api: ModelApi, claim: string) {
    this.api = api
    this.claim = claim
  }

  private get noted() {
    return this.api.find('longhornVolumes', VOLUME)?.status?.kubernetesStatus
  }

  /** Whether it knows that the pod is there: of pods that have gone it keeps the names, and the next may have the same. */
  lists(pod: Pod): boolean {
    const { workloadsStatus, lastPodRefAt } = this.noted ?? {}
    return lastPodRefAt === '' && (workloadsStatus?.some(({ podName }) => podName === pod.metadata.name) ?? false)
  }

  notePods(): void {
    const { workloadsStatus: before = null, lastPodRefAt = '' } = this.noted ?? {}
    const workloadsStatus = this.api.list('pods').map(({ metadata, status }) => ({ podName: metadata.name, podStatus: status?.phase ?? '' }))
    const isGone = before && lastPodRefAt === ''
    const pods = workloadsStatus.length ? { workloadsStatus, lastPodRefAt: '' } : { workloadsStatus: before, lastPodRefAt: isGone ? new Date(this.api.time).toISOString() : lastPodRefAt }
    const kubernetesStatus = { namespace: NAMESPACE, pvcName: this.claim, ...pods }
    if (JSON.stringify(kubernetesStatus) !== JSON.stringify(this.noted))
      this.api.put('longhornVolumes', { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: { name: VOLUME, namespace: LONGHORN_NAMESPACE }, spec: {}, status: { kubernetesStatus } })
  }
}
