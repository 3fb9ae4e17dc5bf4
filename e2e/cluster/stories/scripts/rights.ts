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

const NAMES = { viewer: 'a viewer', editor: 'an editor', admin: 'an administrator' } as const
type Role = keyof typeof NAMES

const PLUGGED = { name: 'more', disk: { disk: { bus: 'scsi' } }, volumeSource: { persistentVolumeClaim: { claimName: 'more' } }, dryRun: ['All'] }

/** What is asked of a guest and its disks; a soft reboot cannot be only tried. */
function rightsOnGuests(role: Role): Story {
  return {
    name: `the rights of ${NAMES[role]} on a running guest and its volumes`,
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.disk('more')
      await stage.node()
      const who = stage[role]
      await who.ask('addvolume', PLUGGED)
      await who.ask('removevolume', { name: 'disk-0', dryRun: ['All'] })
      await who.askInstance('addvolume', PLUGGED)
      await who.askInstance('removevolume', { name: 'disk-0', dryRun: ['All'] })
      await who.ask('migrate', { dryRun: ['All'] })
      await who.create('VirtualMachineInstanceMigration', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration', metadata: { name: 'given' }, spec: { vmiName: 'nobody' } })
      await who.ask('softreboot')
      if (role === 'viewer')
        return
      await stage.until('the agent gone', () => !JSON.stringify(stage.find('VirtualMachineInstance')?.status?.conditions).includes('AgentConnected'))
      await stage.untilRunning()
    },
  }
}

function rightsOf(role: Role): Story {
  return {
    name: `the rights of ${NAMES[role]} on each power request`,
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
  ...(['viewer', 'editor', 'admin'] as const).flatMap(role => [rightsOf(role), rightsOnGuests(role)]),
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
