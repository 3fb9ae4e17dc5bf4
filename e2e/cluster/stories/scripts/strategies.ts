import type { Story } from '../story.ts'

// The run strategy changed at an awkward moment.

export const STRATEGIES: readonly Story[] = [
  {
    name: 'Halted while Starting, before the guest boots',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Always', guest: 'stuck' })
      await stage.untilPhase('Scheduled')
      await stage.settle()
      await stage.admin.strategy('Halted')
      await stage.untilOff()
    },
  },
  {
    name: 'Halted, and RerunOnFailure while the instance is still there',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await stage.admin.strategy('Halted')
      await stage.untilPrinted('Stopping')
      await stage.admin.strategy('RerunOnFailure')
      await stage.untilOff()
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Halted, and RerunOnFailure once the instance is gone',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await stage.admin.strategy('Halted')
      await stage.untilOff()
      await stage.admin.strategy('RerunOnFailure')
      await stage.untilRunning()
    },
  },
  {
    name: 'Halted from Always, and Always while it stops',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.strategy('Halted')
      await stage.untilPrinted('Stopping')
      await stage.admin.strategy('Always')
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'Halted from Manual, and Manual again: only a start brings it back',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.strategy('Halted')
      await stage.untilOff()
      await stage.admin.strategy('Manual')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Manual made Always while it is off, and Manual while it runs',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.admin.strategy('Always')
      await stage.untilRunning()
      await stage.admin.strategy('Manual')
      await stage.settle()
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'a start asked for while Stopping from Halted is lost',
    async run(stage) {
      await stage.running({ runStrategy: 'Always', guest: 'deaf', grace: 20 })
      await stage.admin.ask('stop')
      await stage.untilPrinted('Stopping')
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
]
