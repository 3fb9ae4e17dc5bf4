import type { Node, Pod } from '#kube/core.ts'
import { NODES, PODS } from '#kube/core.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { HEARTBEAT, SCHEDULABLE } from './heartbeats.ts'
import { isLauncher } from './launcher.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, on, setStatus, tell, wait } from './step.ts'
import type { World } from './world.ts'

// kubevirt pkg/virt-controller/watch/node/node.go: a node whose virt-handler is silent gets no guests, and a guest there whose pod is
// over is given up. Neither follows from the kubelet's silence.

const REASON = 'NodeUnresponsive'
/** In milliseconds of the clock, as the heartbeats are. */
const HEARTBEAT_TIMEOUT = 300_000
const RECHECK = 60_000

export const unresponsiveNodes: Controller<Node> = {
  name: 'virt-controller-node',
  actor: 'virt-controller',
  kind: NODES,
  // A pod that ends wakes nobody: it is seen when its instance is told of it.
  reads: [PODS],
  wakes: [on(VMIS, vmi => [vmi.status?.nodeName])],
  step(node, world, time) {
    const last = Date.parse(node.metadata.annotations?.[HEARTBEAT] ?? '')
    if (Number.isNaN(last))
      return NOTHING
    const left = last + HEARTBEAT_TIMEOUT - time.now
    if (left >= 0)
      return wait(left + 1)
    const closed = node.metadata.labels?.[SCHEDULABLE] === 'true'
      ? [tell(NODES, node, 'Normal', REASON, 'virt-handler is not responsive, marking node as unresponsive', time.now), change(NODES, node, { metadata: { labels: { [SCHEDULABLE]: 'false' } } })]
      : []
    const lost = world.all(VMIS).filter(vmi => vmi.status?.nodeName === node.metadata.name && isActive(vmi) && !hasLivePod(vmi, node, world))
    return { ...wait(RECHECK), writes: [...closed, ...lost.flatMap(vmi => givenUp(vmi, time.now))] }
  },
}

function isActive({ status }: VirtualMachineInstance): boolean {
  return status?.phase === 'Running' || status?.phase === 'Scheduled'
}

/** Whether a pod of the guest is there that may still run it. One that is only told to end may. */
function hasLivePod(vmi: VirtualMachineInstance, node: Node, world: World): boolean {
  return world.owned(PODS, vmi.metadata.uid).some(pod => isLauncher(pod) && pod.spec?.nodeName === node.metadata.name && !hasEnded(pod) && !areTerminated(pod))
}

function areTerminated({ status }: Pod): boolean {
  const containers = status?.containerStatuses ?? []
  return containers.length > 0 && containers.every(({ state }) => state?.terminated)
}

function givenUp(vmi: VirtualMachineInstance, now: number) {
  const told = tell(VMIS, vmi, 'Normal', REASON, `virt-handler on node ${vmi.status?.nodeName} is not responsive, marking VMI as failed`, now)
  return [told, ...setStatus(VMIS, vmi, { ...vmi.status, phase: 'Failed', reason: REASON })]
}
