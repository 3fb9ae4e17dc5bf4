import type { Pod } from '#kube/core.ts'
import { NODES, PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { hasEnded } from './claimIndexes.ts'
import { isTrue, withCondition } from './conditions.ts'
import { OUT_OF_SERVICE, hasTaint } from './fencing.ts'
import type { Controller } from './step.ts'
import { NOTHING, on, remove, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'

const EVICTED = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' } as const

/**
 * What kube-controller-manager does with a pod on a node that is out of service: its taint eviction tells it to end, and where the node
 * does not answer its collector says in the kubelet's place that it has failed, and removes it by force (kubernetes
 * pkg/controller/tainteviction, pkg/controller/podgc/gc_controller.go gcTerminating).
 */
export const outOfService: Controller<Pod> = {
  name: 'pod-garbage-collector',
  actor: 'kube',
  kind: PODS,
  wakes: [on(NODES, (node, world) => world.all(PODS).filter(pod => pod.spec?.nodeName === node.metadata.name).map(objectKey), node => String(hasTaint(node, OUT_OF_SERVICE)))],
  stage: (pod, world) => `${hasTaint(world.get(NODES, pod.spec?.nodeName), OUT_OF_SERVICE)} ${Boolean(pod.metadata.deletionTimestamp)}`,
  step(pod, world, time) {
    const node = world.get(NODES, pod.spec?.nodeName)
    if (!hasTaint(node, OUT_OF_SERVICE) || isTrue(node?.status?.conditions, 'Ready'))
      return NOTHING
    if (!pod.metadata.deletionTimestamp)
      return write(setStatus(PODS, pod, { ...pod.status, conditions: withCondition(pod.status?.conditions, EVICTED, time.now) }), remove(PODS, pod))
    if (time.left(TAKES.collectPods) > 0)
      return wait(time.left(TAKES.collectPods))
    return write(hasEnded(pod) ? remove(PODS, pod, 0) : setStatus(PODS, pod, { ...pod.status, phase: 'Failed' }))
  },
}
