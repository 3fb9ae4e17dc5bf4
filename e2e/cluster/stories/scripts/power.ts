import type { Story } from '../story.ts'

// Starting, stopping and restarting, by each run strategy, with a guest that obeys.

export const POWER: readonly Story[] = [
  {
    name: 'Always: stop, stop again, start, start again',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('stop')
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Always: restart',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart')
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'Always: restart by force',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart', { gracePeriodSeconds: 0 })
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'Always: stop by force',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
  {
    name: 'Always: Halted while it runs, and Always again once it is off',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.admin.strategy('Halted')
      await stage.untilOff()
      await stage.admin.strategy('Always')
      await stage.untilRunning()
    },
  },
  {
    name: 'RerunOnFailure: stop, stop again, start, start again',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('stop')
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'RerunOnFailure: stop, start and restart while it stops',
    async run(stage) {
      await stage.disk()
      // It takes its time, so that all of this is said while it stops.
      await stage.admin.make({ runStrategy: 'RerunOnFailure', guest: 'deaf', grace: 20 })
      await stage.untilRunning()
      await stage.admin.ask('stop')
      await stage.untilPrinted('Stopping')
      await stage.admin.ask('stop')
      await stage.admin.ask('start')
      await stage.admin.ask('restart')
      await stage.untilOff()
    },
  },
  {
    name: 'RerunOnFailure: restart, and a restart of what is off',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart')
      await stage.untilRunsAgain(before)
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('restart')
    },
  },
  {
    name: 'RerunOnFailure: restart by force, and a restart with a grace of its own',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart', { gracePeriodSeconds: 5 })
      await stage.admin.ask('restart', { gracePeriodSeconds: -1 })
      await stage.admin.ask('restart', { gracePeriodSeconds: 0 })
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'RerunOnFailure: stop by force',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
  {
    name: 'Manual: it waits for a start, is started twice, stopped twice and started',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('stop')
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Manual: restart, by force, and a restart of what is off',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('restart')
      await stage.admin.ask('start')
      await stage.untilRunning()
      const first = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart')
      await stage.untilRunsAgain(first)
      const second = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart', { gracePeriodSeconds: 0 })
      await stage.untilRunsAgain(second)
    },
  },
  {
    name: 'Manual: stop by force',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Manual' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
  {
    name: 'Halted: stop, restart and stop by force are refused, start turns it on',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await stage.admin.ask('stop')
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.admin.ask('restart')
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Once: start and restart are refused, stop makes it Halted, and a start does not make it Once again',
    async run(stage) {
      await stage.running({ runStrategy: 'Once' })
      await stage.admin.ask('start')
      await stage.admin.ask('restart')
      await stage.admin.ask('stop')
      await stage.untilOff()
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'Once: stop by force',
    async run(stage) {
      await stage.running({ runStrategy: 'Once' })
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
]
