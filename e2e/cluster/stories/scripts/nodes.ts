import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// A node that is lost, and the pod that nobody there can end.

async function lose(stage: Stage): Promise<string> {
  const node = String(stage.find('VirtualMachineInstance')?.status?.nodeName)
  await stage.silence(node)
  await stage.settle()
  // As kube-controller-manager's taint eviction does.
  await stage.evict()
  await stage.untilUnready()
  await stage.settle()
  return node
}

export const NODES: readonly Story[] = [
  {
    name: 'Always: a node is lost, its pod lingers, then it is fenced and the VM runs elsewhere',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.node()
      const before = stage.find('VirtualMachineInstance')
      await lose(stage)
      await stage.fence()
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'RerunOnFailure: a node is lost, its pod lingers, a stop does not end, then it is fenced',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await lose(stage)
      await stage.admin.ask('stop')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.fence()
      await stage.untilOff()
    },
  },
  {
    name: 'Manual: a node is lost and fenced, and nothing starts by itself',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('start')
      await stage.untilRunning()
      await lose(stage)
      await stage.fence()
      await stage.untilKept('Failed')
    },
  },
  {
    name: 'a node is lost and comes back with the guest still running',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      const node = String(stage.find('VirtualMachineInstance')?.status?.nodeName)
      await stage.silence(node)
      await stage.settle()
      await stage.silence(node, false)
      await stage.settle()
    },
  },
]
