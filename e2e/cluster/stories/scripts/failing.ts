import type { RunStrategy } from '../manifests.ts'
import { WEB, claim } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Starts that fail: back-off, missing and unbound disks, no room.

/** How many starts in a row have failed, as KubeVirt counts them. */
export const failures = (stage: Stage) => (stage.find('VirtualMachine')?.status?.startFailure as { consecutiveFailCount?: number } | undefined)?.consecutiveFailCount ?? 0

/** A VM that has failed twice and waits, with nothing of it left. */
export async function untilBackedOff(stage: Stage, runStrategy: RunStrategy): Promise<void> {
  await stage.disk()
  await stage.admin.make({ runStrategy, guest: 'crashing' })
  await untilSecondFailure(stage)
}

/** Until the second start has failed, and nothing is left of it. */
async function untilSecondFailure(stage: Stage): Promise<void> {
  await stage.until('a second failed start', () => failures(stage) === 2)
  await stage.until('the second instance gone', () => !stage.find('VirtualMachineInstance') && stage.launchers().length === 0)
  await stage.untilPrinted('CrashLoopBackOff')
  await stage.settle()
}

export const FAILING: readonly Story[] = [
  {
    name: 'Halted: a start turns it on, its guest crashes at once, and it is tried again after a while',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted', guest: 'crashing' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.ask('start')
      await untilSecondFailure(stage)
      await stage.until('its disk let go', () => stage.attachments() === 0)
      await stage.settle()
    },
  },
  {
    name: 'Always: a guest that crashes at once is tried again after a while, until it is Halted',
    async run(stage) {
      await untilBackedOff(stage, 'Always')
      await stage.admin.strategy('Halted')
      await stage.untilPrinted('Stopped')
      await stage.untilOff()
    },
  },
  {
    name: 'RerunOnFailure: a guest that crashes at once is tried again, and Halted does not hold against the start that KubeVirt asked for itself',
    async run(stage) {
      await untilBackedOff(stage, 'RerunOnFailure')
      await stage.admin.ask('stop')
      await stage.admin.strategy('Halted')
      await stage.until('a VM that is not Halted', () => stage.find('VirtualMachine')?.spec?.runStrategy !== 'Halted')
      await stage.untilOff()
    },
  },
  {
    name: 'Manual: a guest that crashes at once stays as it failed',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual', guest: 'crashing' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('start')
      await stage.untilKept('Failed')
      await stage.admin.ask('stop')
    },
  },
  {
    name: 'Once: a guest that crashes at once stays as it failed',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Once', guest: 'crashing' })
      await stage.untilKept('Failed')
      await stage.admin.ask('start')
    },
  },
  {
    name: 'a missing disk holds the start, and a stop gives it up',
    async run(stage) {
      await stage.admin.make({ runStrategy: 'RerunOnFailure' })
      await stage.untilPrinted('ErrorPvcNotFound')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'a missing disk appears, and the VM starts by itself',
    async run(stage) {
      await stage.admin.make({ runStrategy: 'Always' })
      await stage.untilPrinted('ErrorPvcNotFound')
      await stage.settle()
      await stage.disk()
      await stage.untilRunning()
    },
  },
  {
    name: 'Halted while a missing disk holds the start',
    async run(stage) {
      await stage.admin.make({ runStrategy: 'Always' })
      await stage.untilPrinted('ErrorPvcNotFound')
      await stage.settle()
      await stage.admin.strategy('Halted')
      await stage.untilOff()
      await stage.untilPrinted('Stopped')
    },
  },
  {
    name: 'a disk of a class that nobody provisions is waited for',
    async run(stage) {
      const { spec, ...rest } = claim(stage.namespace, `${WEB}-disk`)
      await stage.admin.create('PersistentVolumeClaim', { ...rest, spec: { ...spec as object, storageClassName: 'nobodys' } })
      await stage.admin.make({ runStrategy: 'Always' })
      await stage.untilPrinted('WaitingForVolumeBinding')
      await stage.settle()
      await stage.admin.strategy('Halted')
      await stage.untilOff()
    },
  },
  {
    name: 'a VM that is off and whose disk is not bound',
    async run(stage) {
      const { spec, ...rest } = claim(stage.namespace, `${WEB}-disk`)
      await stage.admin.create('PersistentVolumeClaim', { ...rest, spec: { ...spec as object, storageClassName: 'nobodys' } })
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.strategy('Manual')
      await stage.settle()
    },
  },
  {
    name: 'no node has room: the start is held, and given up when it is Halted',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Always', memory: '9000Gi' })
      await stage.untilPrinted('ErrorUnschedulable')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.admin.strategy('Halted')
      await stage.untilOff()
    },
  },
  {
    name: 'the node that a VM asks for comes later',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'RerunOnFailure', nodes: `${stage.namespace}-late` })
      await stage.untilPrinted('ErrorUnschedulable')
      await stage.settle()
      await stage.node(`${stage.namespace}-late`)
      await stage.untilRunning()
    },
  },
]
