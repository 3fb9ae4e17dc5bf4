import type { KubeObject } from '../../../api.ts'
import type { Machine } from '../manifests.ts'
import { WEB } from '../manifests.ts'
import { OF_NODES } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// A node that is lost: what KubeVirt says of it when its virt-handler has been silent for five minutes, the pod that nobody there can
// end, and what is left when Harvester has given the node up.

/**
 * Who gives a node up is played: Harvester 1.8.2's own controller of lost nodes crashes, and all of Harvester's with it, when it sees the
 * taint that it has just written before its own condition (node_down_controller.go waitAndAddOutOfServiceTaint, a nil condition).
 */
const ofNodes = (name: string, run: Story['run']): Story => ({ name, looksAt: OF_NODES, without: ['harvester'], differs: 'a node that is lost is given up by Harvester', run })

/** Longer than KubeVirt waits for a virt-handler. */
const MINUTES = 10
/** Longer than a disk takes to go from a node that answers, once its pod is gone. */
const LET_GO_MS = 10_000

/** A guest whose disk is for one node alone: none can be sent for while its node is lost, and none starts elsewhere while that has the disk. */
async function onOneNode(stage: Stage, given: Pick<Machine, 'runStrategy'>): Promise<void> {
  await stage.disk(`${WEB}-disk`, 'ReadWriteOnce')
  await stage.admin.make(given)
  if (given.runStrategy === 'Manual') {
    await stage.untilPrinted('Stopped')
    await stage.admin.ask('start')
  }
  await stage.untilRunning()
  await stage.node()
}

const instanceOf = (stage: Stage): KubeObject | undefined => stage.find('VirtualMachineInstance')
const nodeOf = (stage: Stage) => String(instanceOf(stage)?.status?.nodeName)

async function lose(stage: Stage): Promise<string> {
  const node = nodeOf(stage)
  await stage.silence(node, { minutes: MINUTES })
  await stage.untilOpen(node, false)
  await stage.settle()
  return node
}

async function comesBack(stage: Stage, node: string): Promise<void> {
  await stage.hearAgain(node)
  await stage.untilTakenBack(node)
  await stage.settle()
}

export const NODES: readonly Story[] = [
  ofNodes('Always: a node is lost, its pod lingers, then it is fenced and the VM runs elsewhere', async stage => {
    await onOneNode(stage, { runStrategy: 'Always' })
    const before = instanceOf(stage)
    await stage.untilFenced(await lose(stage))
    await stage.untilRunsAgain(before)
  }),
  ofNodes('RerunOnFailure: a node is lost and fenced, the VM runs elsewhere, and the node comes back', async stage => {
    await onOneNode(stage, { runStrategy: 'RerunOnFailure' })
    const before = instanceOf(stage)
    const node = await lose(stage)
    await stage.untilFenced(node)
    await stage.untilRunsAgain(before)
    await comesBack(stage, node)
  }),
  ofNodes('RerunOnFailure: a node is lost, its pod lingers, a stop does not end, then it is fenced', async stage => {
    await onOneNode(stage, { runStrategy: 'RerunOnFailure' })
    const node = await lose(stage)
    await stage.admin.ask('stop')
    await stage.settle()
    await stage.admin.ask('start')
    await stage.untilFenced(node)
    await stage.untilOff()
  }),
  ofNodes('Manual: a node is lost and fenced, nothing starts by itself, and the node comes back', async stage => {
    await onOneNode(stage, { runStrategy: 'Manual' })
    const node = await lose(stage)
    await stage.untilFenced(node)
    await stage.untilKept('Failed')
    await comesBack(stage, node)
  }),
  ofNodes('Manual: a node is lost from which its guest is sent for in vain, and then fenced', async stage => {
    await stage.running({ runStrategy: 'Manual' })
    await stage.node()
    await stage.untilFenced(await lose(stage))
    await stage.untilKept('Failed')
  }),
  // Before KubeVirt misses the node's virt-handler: afterwards it says of whatever instance is there by then that its node is, be it another.
  ofNodes('Always: the pod on a lost node is removed by force, its disk stays there, and the VM runs elsewhere once the node is fenced', async stage => {
    await onOneNode(stage, { runStrategy: 'Always' })
    const before = instanceOf(stage)
    const node = nodeOf(stage)
    const [launcher] = stage.launchers()
    await stage.silence(node)
    await stage.until(`${node} lost`, () => JSON.stringify(stage.find('Node', node)?.spec?.taints ?? []).includes('node.kubernetes.io/unreachable'))
    await stage.settle()
    await stage.admin.remove('Pod', String(launcher?.metadata.name), { gracePeriodSeconds: 0 })
    await stage.until('a pod elsewhere', () => stage.launchers().some(({ spec }) => spec?.nodeName !== undefined && spec.nodeName !== node))
    await stage.lookOn(LET_GO_MS)
    await stage.untilFenced(node)
    await stage.untilRunsAgain(before)
  }),
  ofNodes('a node is lost and comes back with the guest still running', async stage => {
    await onOneNode(stage, { runStrategy: 'Always' })
    await comesBack(stage, await lose(stage))
    await stage.untilRunning()
  }),
  ofNodes('RerunOnFailure: nobody looks after a guest that crashes, KubeVirt gives it up, and it runs elsewhere', async stage => {
    await onOneNode(stage, { runStrategy: 'RerunOnFailure' })
    const before = instanceOf(stage)
    const node = nodeOf(stage)
    await stage.silence(node, { who: 'handler-down', minutes: MINUTES })
    await stage.untilOpen(node, false)
    await stage.guest('crash')
    await stage.untilRunsAgain(before)
    await comesBack(stage, node)
  }),
]
