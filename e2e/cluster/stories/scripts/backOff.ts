import type { Guest, RunStrategy } from '../manifests.ts'
import { WEB } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'
import { failures, untilBackedOff } from './failing.ts'

// What can be asked of a VM that waits before it is tried again, and of the next try.

/** A VM whose first start has failed, and whose next guest is another. It is changed while there is no instance: one that is there would be told to be restarted. */
async function changed(stage: Stage, runStrategy: RunStrategy, guest: Guest): Promise<void> {
  await stage.disk()
  await stage.admin.make({ runStrategy, guest: 'crashing' })
  await stage.until('a failed start', () => failures(stage) === 1 && !stage.find('VirtualMachineInstance'))
  await stage.admin.change('VirtualMachine', WEB, { spec: { template: { metadata: { annotations: { 'guardrails.test/guest': guest } } } } })
}

/** Until the next try is under way, and goes no further: its guest never boots. */
async function untilTried(stage: Stage, times: number): Promise<void> {
  await stage.until(`try ${times}`, () => stage.tries() === times && stage.find('VirtualMachineInstance')?.status?.phase === 'Scheduled')
  await stage.settle()
}

export const BACK_OFF: readonly Story[] = [
  {
    name: 'Always: in back-off a start and a restart are refused, a stop turns it off, and a start begins anew',
    async run(stage) {
      await untilBackedOff(stage, 'Always')
      await stage.admin.ask('start')
      await stage.admin.ask('restart')
      await stage.admin.ask('stop')
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.until('a first failure again', () => failures(stage) === 1 && !stage.find('VirtualMachineInstance'))
      await stage.untilPrinted('CrashLoopBackOff')
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilPrinted('Stopped')
      await stage.untilOff()
    },
  },
  {
    name: 'RerunOnFailure: in back-off start, stop and restart are refused, and what is mended meanwhile runs when it is tried again',
    async run(stage) {
      await changed(stage, 'RerunOnFailure', 'obedient')
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.admin.ask('restart')
      await stage.admin.ask('restart', { gracePeriodSeconds: 0 })
      await stage.untilRunning()
    },
  },
  {
    name: 'RerunOnFailure: the try after a back-off is stopped, and a start does not wait for what failed before',
    async run(stage) {
      await changed(stage, 'RerunOnFailure', 'stuck')
      await untilTried(stage, 2)
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('start')
      await untilTried(stage, 3)
    },
  },
  ...(['Always', 'RerunOnFailure'] as const).map((runStrategy): Story => ({
    name: `${runStrategy}: the try after a back-off is restarted, and its failures are counted anew`,
    async run(stage) {
      await changed(stage, runStrategy, 'stuck')
      await untilTried(stage, 2)
      await stage.admin.ask('restart')
      await untilTried(stage, 3)
    },
  })),
]
