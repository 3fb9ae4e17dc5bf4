import type { Node } from '#kube/core.ts'
import { NODES } from '#kube/core.ts'
import { findCondition } from '#kube/object.ts'
import { withCondition, withoutConditions } from './conditions.ts'
import type { HarvesterSetting } from './kinds.ts'
import { HARVESTER_SETTINGS } from './kinds.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, on, setStatus, wait, write } from './step.ts'
import type { World } from './world.ts'

// Harvester gives up a node that is silent, so that its VMs may start elsewhere: harvester pkg/controller/master/node/node_down_controller.go.
// What ran there may run on.

/** KubeVirt moves the guests of a node with it elsewhere. */
export const DRAIN_TAINT = 'kubevirt.io/drain'
/** Kubernetes removes by force what is on a node with it. */
export const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

const DRAINED = 'Drained'
const MESSAGE = 'Node is draining due to kubelet/node not ready.'
const DRAINING = { type: DRAINED, status: 'False', reason: 'HarvesterNodeIsDraining', message: MESSAGE } as const
const IS_DRAINED = { type: DRAINED, status: 'True', reason: 'HarvesterNodeIsDrained', message: MESSAGE } as const

/** Harvester's setting vm-force-reset-policy; seconds, and what it is without a word of the operator. */
const POLICY = { enable: true, period: 15, vmMigrationTimeout: 180 }
const SETTING = 'vm-force-reset-policy'

function policyOf(world: World): typeof POLICY {
  const { value, default: usual } = world.get(HARVESTER_SETTINGS, SETTING) ?? {} as Partial<HarvesterSetting>
  const policy = { ...POLICY, ...JSON.parse(value || usual || '{}') as Partial<typeof POLICY> }
  // harvester pkg/settings/settings_helper.go DecodeVMForceResetPolicy.
  return { ...policy, vmMigrationTimeout: policy.vmMigrationTimeout || POLICY.vmMigrationTimeout }
}

/** Whether the node has that taint. */
export function hasTaint(node: Node | undefined, key: string): boolean {
  return node?.spec?.taints?.some(taint => taint.key === key) ?? false
}

export const fencing: Controller<Node> = {
  name: 'harvester-node-down',
  actor: 'harvester',
  kind: NODES,
  wakes: [on(HARVESTER_SETTINGS, ({ metadata: { name } }, world) => name === SETTING ? world.all(NODES).map(node => node.metadata.name) : [])],
  step(node, world, time) {
    const { conditions } = node.status ?? {}
    const [ready, drained] = ['Ready', DRAINED].map(type => findCondition(conditions, type))
    const { taints = [] } = node.spec ?? {}
    if (ready?.status === 'True') {
      const others = taints.filter(({ key }) => key !== DRAIN_TAINT && key !== OUT_OF_SERVICE)
      if (others.length < taints.length)
        return write(change(NODES, node, { spec: { taints: others } }))
      return write(drained ? setStatus(NODES, node, { ...node.status, conditions: withoutConditions(conditions, DRAINED) }) : [])
    }
    const { enable, period, vmMigrationTimeout } = policyOf(world)
    // A kubelet that says itself that it is not ready is not fenced: Go's `case` does not fall through.
    if (ready?.status !== 'Unknown' || !enable)
      return NOTHING
    const leftOf = (since: string | undefined, seconds: number) => Date.parse(since ?? '') + time.takes(seconds * 1000) - time.now
    const taint = (key: string, effect: string) => write(change(NODES, node, { spec: { taints: [...taints, { key, effect }] } }))
    const say = (finding: typeof DRAINING | typeof IS_DRAINED) => write(setStatus(NODES, node, { ...node.status, conditions: withCondition(conditions, finding, time.now) }))
    if (!hasTaint(node, DRAIN_TAINT)) {
      const left = leftOf(ready.lastTransitionTime, period)
      return left > 0 ? wait(left) : taint(DRAIN_TAINT, 'NoSchedule')
    }
    if (hasTaint(node, OUT_OF_SERVICE))
      return say(IS_DRAINED)
    if (!drained)
      return say(DRAINING)
    const left = leftOf(drained.lastTransitionTime, vmMigrationTimeout)
    return left > 0 ? wait(left) : taint(OUT_OF_SERVICE, 'NoExecute')
  },
}
