import type { Node, Pod, VolumeAttachment } from '#kube/core.ts'
import { NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { ATTACHER_FINALIZER } from './attachments.ts'
import { isTrue, withCondition, withoutConditions } from './conditions.ts'
import { DOWN_ANNOTATION } from './kubelet.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, dropFinalizer, on, remove, setStatus, wait, write } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// A node that is given up for dead, so that its VMs may start elsewhere: harvester pkg/controller/master/node/node_down_controller.go,
// and what Kubernetes does at its taint (pod garbage collector, forced detach). What ran there may run on.

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'
/** The value of `DOWN_ANNOTATION` for a node that Harvester fences; any other is only away. */
const FENCED = 'fenced'

const isOut = (node: Node | undefined): boolean => node?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false
const isNodeOut = (world: World, name: string | undefined): boolean => isOut(world.get(NODES, name))

const fencedNodes: Controller<Node> = {
  name: 'node-down',
  actor: 'kubelet',
  kind: NODES,
  stage: node => String(node.metadata.annotations?.[DOWN_ANNOTATION] === FENCED),
  step(node, _world, time) {
    const { conditions } = node.status ?? {}
    const others = (node.spec?.taints ?? []).filter(({ key }) => key !== OUT_OF_SERVICE)
    if (node.metadata.annotations?.[DOWN_ANNOTATION] !== FENCED)
      return isOut(node) ? write(change(NODES, node, { spec: { taints: others } })) : isTrue(conditions, 'Drained') ? write(setStatus(NODES, node, { ...node.status, conditions: withoutConditions(conditions, 'Drained') })) : NOTHING
    if (time.left(TAKES.fenceNode) > 0)
      return wait(time.left(TAKES.fenceNode))
    return isOut(node)
      ? write(setStatus(NODES, node, { ...node.status, conditions: withCondition(conditions, { type: 'Drained', status: 'True' }, time.now) }))
      : write(change(NODES, node, { spec: { taints: [...others, { key: OUT_OF_SERVICE, effect: 'NoExecute' }] } }))
  },
}

const fencedPods: Controller<Pod> = {
  name: 'pod-gc',
  actor: 'kubelet',
  kind: PODS,
  wakes: [on(NODES, (node, world) => world.all(PODS).filter(pod => pod.spec?.nodeName === node.metadata.name).map(objectKey), node => String(isOut(node)))],
  step: (pod, world) => isNodeOut(world, pod.spec?.nodeName) ? write(remove(PODS, pod, 0)) : NOTHING,
}

const fencedAttachments: Controller<VolumeAttachment> = {
  name: 'force-detach',
  actor: 'csi',
  kind: VOLUME_ATTACHMENTS,
  wakes: [on(NODES, (node, world) => world.all(VOLUME_ATTACHMENTS).filter(({ spec }) => spec.nodeName === node.metadata.name).map(objectKey), node => String(isOut(node)))],
  step(attachment, world) {
    if (!isNodeOut(world, attachment.spec.nodeName))
      return NOTHING
    return attachment.metadata.deletionTimestamp ? write(dropFinalizer(VOLUME_ATTACHMENTS, attachment, ATTACHER_FINALIZER)) : write(remove(VOLUME_ATTACHMENTS, attachment))
  },
}

/** Fencing of nodes that are down, as `guardrails.test/down: fenced` says. */
export const fencing: readonly Controller[] = [fencedNodes, fencedPods, fencedAttachments] as readonly unknown[] as readonly Controller[]
