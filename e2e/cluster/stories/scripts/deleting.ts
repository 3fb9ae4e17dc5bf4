import { WEB, instance } from '../manifests.ts'
import type { RunStrategy } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Deleting VMs and instances, and instances without a VM.

async function running(stage: Stage, runStrategy: RunStrategy): Promise<void> {
  await stage.running({ runStrategy })
}

function instanceDeleted(runStrategy: RunStrategy, comesBack: boolean): Story {
  return {
    name: `${runStrategy}: the instance is deleted under its VM${comesBack ? ', and another comes' : ''}`,
    async run(stage) {
      await stage.running({ runStrategy })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.remove('VirtualMachineInstance', WEB)
      await (comesBack ? stage.untilRunsAgain(before) : stage.untilOff())
    },
  }
}

/** Harvester 1.8.2 holds an instance by a finalizer and asks for its VM before it lets go: without one it asks for ever (VMController.BackfillObservedNetworkMacAddress). */
export const WAITED_FOR_BY_HARVESTER = { without: ['harvester'], differs: 'an instance whose VM is gone is deleted' } as const

export const DELETING: readonly Story[] = [
  {
    name: 'a running VM is deleted, and deleted again',
    async run(stage) {
      await running(stage, 'RerunOnFailure')
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilPrinted('Terminating')
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.admin.ask('start')
      await stage.untilGone('VirtualMachine')
      await stage.untilOff()
      await stage.admin.remove('VirtualMachine', WEB)
    },
  },
  {
    name: 'a running VM is deleted in the foreground',
    async run(stage) {
      await running(stage, 'Always')
      await stage.admin.remove('VirtualMachine', WEB, { propagationPolicy: 'Foreground' })
      await stage.untilGone('VirtualMachine')
      await stage.untilOff()
    },
  },
  {
    name: 'a running VM is deleted and its instance left running',
    ...WAITED_FOR_BY_HARVESTER,
    async run(stage) {
      await running(stage, 'Always')
      await stage.admin.remove('VirtualMachine', WEB, { propagationPolicy: 'Orphan' })
      await stage.untilGone('VirtualMachine')
      await stage.settle()
      await stage.admin.ask('stop')
      await stage.admin.remove('VirtualMachineInstance', WEB)
      await stage.untilOff()
    },
  },
  {
    name: 'a VM that is off is deleted',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.until('a VM that KubeVirt holds', () => stage.find('VirtualMachine')?.metadata.finalizers?.includes('kubevirt.io/virtualMachineControllerFinalize') ?? false)
      await stage.settle()
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilGone('VirtualMachine')
    },
  },
  {
    name: 'a VM is deleted while it starts',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Always', guest: 'stuck' })
      await stage.untilPhase('Scheduled')
      await stage.settle()
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilGone('VirtualMachine')
      await stage.untilOff()
    },
  },
  {
    name: 'a VM with a deaf guest is deleted',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure', guest: 'deaf', grace: 4 })
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilGone('VirtualMachine')
      await stage.untilOff()
    },
  },
  {
    name: 'a VM is deleted whose guest is over and whose instance was kept',
    async run(stage) {
      await running(stage, 'Once')
      await stage.guest('shutdown')
      await stage.untilKept('Succeeded')
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.untilGone('VirtualMachine')
      await stage.untilOff()
    },
  },
  instanceDeleted('Always', true),
  instanceDeleted('RerunOnFailure', false),
  instanceDeleted('Manual', false),
  {
    name: 'an instance without a VM runs and is deleted',
    ...WAITED_FOR_BY_HARVESTER,
    async run(stage) {
      await stage.disk()
      await stage.admin.create('VirtualMachineInstance', instance(stage.namespace, {}))
      await stage.untilRunning()
      await stage.admin.ask('stop')
      await stage.admin.remove('VirtualMachineInstance', WEB)
      await stage.untilOff()
    },
  },
  {
    name: 'an instance without a VM whose guest shuts down stays until it is deleted',
    ...WAITED_FOR_BY_HARVESTER,
    async run(stage) {
      await stage.disk()
      await stage.admin.create('VirtualMachineInstance', instance(stage.namespace, {}))
      await stage.untilRunning()
      await stage.guest('shutdown')
      await stage.untilKept('Succeeded')
      await stage.admin.remove('VirtualMachineInstance', WEB)
      await stage.untilOff()
    },
  },
]
