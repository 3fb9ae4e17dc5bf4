import type { Pod } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { stamp } from './conditions.ts'
import { UNPULLABLE } from './kubelet.ts'
import type { Write } from './step.ts'
import { create, ownerOf, setStatus } from './step.ts'
import type { World } from './world.ts'

// The pods that do CDI's work: each mounts the claim that it fills or reads.

type Work = 'importer' | 'cdi-upload-server' | 'cdi-clone-source'

const IMAGES: Readonly<Record<Work, string>> = { 'importer': 'cdi-importer', 'cdi-upload-server': 'cdi-uploadserver', 'cdi-clone-source': 'cdi-cloner' }

export function workerName(volume: DataVolume): string {
  const { pvc, upload } = volume.spec.source ?? {}
  return pvc ? `${volume.metadata.uid}-source-pod` : upload ? `cdi-upload-${volume.metadata.name}` : `importer-${volume.metadata.name}`
}

export function worker(volume: DataVolume, world: World): Pod | undefined {
  return world.get(PODS, `${volume.spec.source?.pvc?.namespace ?? volume.metadata.namespace}/${workerName(volume)}`)
}

/** The pod, where there is none yet; with `pull: 'fails'` one whose image no registry has. */
export function makeWorker(volume: DataVolume, work: Work, claimKey: string, world: World, pull: 'works' | 'fails' = 'works'): Write[] {
  if (worker(volume, world))
    return []
  const [namespace, claimName = ''] = claimKey.split('/')
  const registry = pull === 'fails' ? UNPULLABLE : 'registry.suse.com'
  const spec = {
    restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 30,
    containers: [{ name: work, image: `${registry}/suse/sles/15.7/${IMAGES[work]}:1.65.0-150700.9.3.1` }],
    volumes: [{ name: 'cdi-data-vol', persistentVolumeClaim: { claimName } }],
  }
  return [create(PODS, {
    metadata: { name: workerName(volume), namespace, labels: { 'app': 'containerized-data-importer', 'cdi.kubevirt.io': work }, ...(namespace === volume.metadata.namespace ? { ownerReferences: [ownerOf(DATA_VOLUMES, volume)] } : {}) },
    spec: spec as NonNullable<Pod['spec']>,
  })]
}

interface ContainerStatus { readonly name: string, readonly image: string, readonly restartCount?: number }

/** The pod's only container as the kubelet tells of it. */
export function containerOf(pod: Pod | undefined): ContainerStatus | undefined {
  const { containerStatuses = [] } = (pod?.status ?? {}) as { readonly containerStatuses?: readonly ContainerStatus[] }
  return containerStatuses[0]
}

/** The container has ended with these words and is kept from starting for a while; or, without words, it runs again. */
export function restarted(pod: Pod, restartCount: number, words: string | undefined, now: number): Write[] {
  const container = containerOf(pod)
  if (!container)
    return []
  const failing = words !== undefined
  const running = { running: { startedAt: stamp(now) } }
  const waiting = { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${Math.min(300, 10 * 2 ** Math.max(0, restartCount - 1))}s restarting failed container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})` } }
  const ended = { terminated: { exitCode: 1, reason: 'Error', message: words, finishedAt: stamp(now) } }
  return setStatus(PODS, pod, { ...pod.status, containerStatuses: [{ ...container, ready: !failing, started: !failing, restartCount, state: failing ? waiting : running, ...(failing ? { lastState: ended } : {}) }] })
}
