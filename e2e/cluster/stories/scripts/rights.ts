import { WEB, instance } from '../manifests.ts'
import type { Operator } from '../operator.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Who may do what, two who write at once, and requests that make no sense.

async function tryEach(stage: Stage, who: Operator): Promise<void> {
  await who.ask('start')
  await who.ask('pause', { dryRun: ['All'] })
  await who.ask('unpause')
  await who.ask('restart', { dryRun: ['All'] })
  await who.ask('stop', { dryRun: ['All'] })
  await who.strategy('Manual')
  await stage.settle()
  await who.ask('stop')
}

function rightsOf(role: 'viewer' | 'editor' | 'admin'): Story {
  return {
    name: `the rights of ${role === 'viewer' ? 'a viewer' : role === 'editor' ? 'an editor' : 'an administrator'} on each power request`,
    async run(stage) {
      await stage.running({ runStrategy: 'RerunOnFailure' })
      await tryEach(stage, stage[role])
      await (role === 'viewer' ? stage.settle() : stage.untilOff())
      await stage[role].remove('VirtualMachineInstance', WEB)
      await stage[role].remove('VirtualMachine', WEB)
      await (role === 'viewer' ? stage.settle() : stage.untilGone('VirtualMachine'))
      await stage[role].make({ runStrategy: 'Halted' })
      if (role !== 'viewer')
        await stage.untilPrinted('Stopped')
      await stage[role].create('VirtualMachineInstance', instance(stage.namespace, { name: 'alone', claim: `${WEB}-disk`, guest: 'stuck' }))
      if (role !== 'viewer')
        await stage.untilPhase('Scheduled', 'alone')
    },
  }
}

export const RIGHTS: readonly Story[] = [
  rightsOf('viewer'),
  rightsOf('editor'),
  rightsOf('admin'),
  {
    name: 'requests about a VM that is not there',
    async run(stage) {
      for (const act of ['start', 'stop', 'restart', 'pause', 'unpause'] as const)
        await stage.admin.ask(act)
      await stage.admin.strategy('Halted')
      await stage.admin.remove('VirtualMachine', WEB)
      await stage.admin.remove('VirtualMachineInstance', WEB)
    },
  },
  {
    name: 'requests that are only tried change nothing',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('start', { dryRun: ['All'] })
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.ask('stop', { dryRun: ['All'] })
      await stage.admin.ask('stop', { dryRun: ['All'], gracePeriod: 0 })
      await stage.admin.ask('restart', { dryRun: ['All'] })
      await stage.admin.ask('pause', { dryRun: ['All'] })
      await stage.settle()
    },
  },
  {
    name: 'two who edit one VM: the second is told of the first',
    async run(stage) {
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      const read = stage.find('VirtualMachine')
      await stage.editor.strategy('Manual')
      await stage.settle()
      await stage.admin.replace('VirtualMachine', { ...read, spec: { ...read?.spec, runStrategy: 'Always' } })
      await stage.admin.change('VirtualMachine', WEB, { metadata: { resourceVersion: '1' }, spec: { runStrategy: 'Always' } })
      await stage.untilRunning()
    },
  },
]
