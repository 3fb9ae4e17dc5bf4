import type { RunStrategy } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Guests that stand still.

async function paused(stage: Stage, grace?: number): Promise<void> {
  await stage.running({ runStrategy: 'RerunOnFailure', ...(grace === undefined ? {} : { grace }) })
  await stage.admin.ask('pause')
  await stage.untilPrinted('Paused')
  await stage.settle()
}

const isConnected = (stage: Stage) => (stage.find('VirtualMachineInstance')?.status?.conditions as readonly { readonly type: string }[]).some(({ type }) => type === 'AgentConnected')

/** The guest starts again in its instance, whatever the run strategy. */
function softlyRebooted(runStrategy: RunStrategy): Story {
  return {
    name: `${runStrategy}: soft reboot`,
    async run(stage) {
      await stage.running({ runStrategy })
      await stage.admin.ask('softreboot')
      await stage.until('the agent gone', () => !isConnected(stage))
      await stage.untilRunning()
    },
  }
}

/** A guest that stands still is neither started nor restarted by its run strategy, and goes on where it was. */
function pausedAndResumed(runStrategy: RunStrategy): Story {
  return {
    name: `${runStrategy}: paused, started in vain, and resumed`,
    async run(stage) {
      await stage.running({ runStrategy })
      await stage.admin.ask('pause')
      await stage.untilPrinted('Paused')
      await stage.settle()
      await stage.admin.ask('start')
      await stage.admin.ask('unpause')
      await stage.untilRunning()
    },
  }
}

export const PAUSES: readonly Story[] = [
  ...(['RerunOnFailure', 'Manual', 'Once'] as const).map(softlyRebooted),
  ...(['Always', 'RerunOnFailure', 'Manual', 'Once'] as const).map(pausedAndResumed),
  {
    name: 'Halted: pause, unpause and soft reboot are refused',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      for (const act of ['pause', 'unpause', 'softreboot'] as const)
        await stage.admin.ask(act)
    },
  },
  {
    name: 'paused twice, resumed twice',
    async run(stage) {
      await paused(stage)
      await stage.admin.ask('pause')
      await stage.admin.ask('unpause')
      await stage.untilRunning()
      await stage.admin.ask('unpause')
    },
  },
  {
    name: 'stopped while Paused: the guest cannot hear it, and is cut off',
    async run(stage) {
      await paused(stage, 4)
      await stage.admin.ask('start')
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'Halted while Paused, then by force',
    async run(stage) {
      await paused(stage)
      await stage.admin.strategy('Halted')
      await stage.untilPrinted('Stopping')
      await stage.settle()
      await stage.admin.ask('stop', { gracePeriod: 0 })
      await stage.untilOff()
    },
  },
  {
    name: 'restarted while Paused: the next guest is not',
    async run(stage) {
      await paused(stage, 4)
      const before = stage.find('VirtualMachineInstance')
      await stage.admin.ask('restart')
      await stage.untilRunsAgain(before)
    },
  },
  {
    name: 'soft reboot: the guest starts again in the same instance; what is paused is refused',
    async run(stage) {
      await stage.disk()
      await stage.admin.ask('softreboot')
      await stage.admin.make({ runStrategy: 'Always' })
      await stage.untilRunning()
      await stage.admin.ask('softreboot')
      await stage.until('the agent gone', () => !isConnected(stage))
      await stage.untilRunning()
      await stage.admin.ask('pause')
      await stage.untilPrinted('Paused')
      await stage.admin.ask('softreboot')
      await stage.editor.ask('softreboot')
      await stage.viewer.ask('softreboot')
      await stage.settle()
    },
  },
  {
    name: 'what does not run cannot be paused or resumed',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Always', guest: 'stuck' })
      await stage.untilPhase('Scheduled')
      await stage.settle()
      await stage.admin.ask('pause')
      await stage.admin.ask('unpause')
      await stage.admin.strategy('Halted')
      await stage.untilOff()
      await stage.admin.ask('pause')
      await stage.admin.ask('unpause')
    },
  },
]
