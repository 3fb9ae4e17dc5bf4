import type { Node } from '#kube/core.ts'
import { NODES } from '#kube/core.ts'
import { stamp } from './conditions.ts'
import { isHandlerDown, silentSince } from './silence.ts'
import type { Controller } from './step.ts'
import { NOTHING, change, wait, write } from './step.ts'

/** On a node: when its virt-handler last said that it is there. */
export const HEARTBEAT = 'kubevirt.io/heartbeat'
/** Of a node: whether KubeVirt sends guests there. */
export const SCHEDULABLE = 'kubevirt.io/schedulable'

/** In milliseconds of the clock, whatever the pace: a moment is compared with it on a control plane that knows no pace. Upstream it is 60 s to 132 s. */
const EVERY = 60_000

/** virt-handler's word on its node, kubevirt pkg/virt-handler/heartbeat/heartbeat.go. One that has been silent for minutes left its last one then. */
export const heartbeats: Controller<Node> = {
  name: 'virt-handler-heartbeat',
  actor: 'virt-handler',
  kind: NODES,
  step(node, _world, time) {
    const { labels = {}, annotations = {} } = node.metadata
    // Where KubeVirt is not, nobody speaks.
    if (labels[SCHEDULABLE] === undefined)
      return NOTHING
    const last = Date.parse(annotations[HEARTBEAT] ?? '')
    const say = (at: number, more: object = {}) => write(change(NODES, node, { metadata: { annotations: { [HEARTBEAT]: stamp(at) }, ...more } }))
    if (isHandlerDown(node)) {
      const since = silentSince(node)
      return since !== undefined && last > since ? say(since) : NOTHING
    }
    const left = last + EVERY - time.now
    return left > 0 ? wait(left) : say(time.now, { labels: { [SCHEDULABLE]: 'true' } })
  },
}
