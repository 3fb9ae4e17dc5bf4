import type { RunStrategy } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// What guests do by themselves, and guests that do not listen.

function comesBack(runStrategy: RunStrategy, does: 'shutdown' | 'crash'): Story {
  return {
    name: `${runStrategy}: the guest ${does === 'crash' ? 'crashes' : 'shuts down from within'}, and another instance runs`,
    async run(stage) {
      await stage.running({ runStrategy })
      const before = stage.find('VirtualMachineInstance')
      await stage.guest(does)
      await stage.untilRunsAgain(before)
    },
  }
}

function kept(runStrategy: RunStrategy, does: 'shutdown' | 'crash', then: (stage: Stage) => Promise<void>, words: string): Story {
  return {
    name: `${runStrategy}: the guest ${does === 'crash' ? 'crashes' : 'shuts down from within'}, its instance stays${words}`,
    async run(stage) {
      await stage.running({ runStrategy })
      await stage.guest(does)
      await stage.untilKept(does === 'crash' ? 'Failed' : 'Succeeded')
      await then(stage)
    },
  }
}

async function startAgain(stage: Stage): Promise<void> {
  const before = stage.find('VirtualMachineInstance')
  await stage.admin.ask('stop')
  await stage.admin.ask('start')
  await stage.untilRunsAgain(before)
}

async function halt(stage: Stage): Promise<void> {
  await stage.admin.ask('start')
  await stage.admin.ask('restart')
  await stage.admin.ask('stop')
  await stage.untilOff()
}

export const GUESTS: readonly Story[] = [
  comesBack('Always', 'shutdown'),
  comesBack('Always', 'crash'),
  comesBack('RerunOnFailure', 'crash'),
  kept('Manual', 'shutdown', startAgain, ', and a start replaces it'),
  kept('Manual', 'crash', startAgain, ', and a start replaces it'),
  kept('Once', 'shutdown', halt, ' until it is Halted'),
  kept('Once', 'crash', halt, ' until it is Halted'),
  {
    name: 'Manual: the guest is over, and a restart replaces its instance',
    async run(stage) {
      await stage.running({ runStrategy: 'Manual' })
      await stage.guest('shutdown')
      await stage.untilKept('Succeeded')
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart')
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'RerunOnFailure: the guest shuts down from within and stays off until it is started',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await stage.guest('shutdown')
      await stage.untilOff()
      await stage.admin.ask('start')
      await stage.untilRunning()
    },
  },
  {
    name: 'a deaf guest is cut off when its grace is over',
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure', guest: 'deaf', grace: 4 })
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'a deaf guest with a long grace is stopped, then by force',
    async run(stage) {
      await stage.running({ runStrategy: 'Always', guest: 'deaf', grace: 600 })
      await stage.admin.ask('stop')
      await stage.untilPrinted('Stopping')
      await stage.untilUnready()
      await stage.settle()
      await stage.admin.ask('stop', { gracePeriod: 600 })
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
  {
    name: 'a deaf guest is restarted by force',
    async run(stage) {
      await stage.running({ runStrategy: 'Always', guest: 'deaf', grace: 600 })
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart', { gracePeriodSeconds: 0 })
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'a guest that never boots stays Starting until it is Halted',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Always', guest: 'stuck' })
      await stage.untilPhase('Scheduled')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
]
