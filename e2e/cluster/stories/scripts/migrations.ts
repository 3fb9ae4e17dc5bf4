import type { Guest } from '../manifests.ts'
import { WEB } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// A running guest moves to another node, or does not.

const MIGRATION = 'VirtualMachineInstanceMigration'

/** A running VM with another node to go to. */
async function running(stage: Stage, guest?: Guest): Promise<void> {
  await stage.running({ runStrategy: 'Always', ...(guest ? { guest } : {}) })
  await stage.node()
}

function untilMigration(stage: Stage, ...phases: readonly string[]): Promise<void> {
  return stage.until(`a migration ${phases.join(' or ')}`, () => stage.migrations().some(({ status }) => phases.includes(String(status?.phase))))
}

/** Deletes every migration of the play, which is how one is cancelled. */
async function cancel(stage: Stage): Promise<void> {
  for (const { metadata: { name } } of stage.migrations()) {
    await stage.admin.remove(MIGRATION, name)
    await stage.untilGone(MIGRATION, name)
  }
  await stage.settle()
}

/** Until virt-handler has nothing more to do about it. */
async function untilCleaned(stage: Stage): Promise<void> {
  await stage.until('nothing left of the migration', () => stage.find('VirtualMachineInstance')?.metadata.labels?.['kubevirt.io/migrationTargetNodeName'] === undefined
    && stage.launchers().filter(({ status }) => status?.phase === 'Running').length === 1 && stage.attachments() === 1)
  await stage.settle()
}

const given = (name: string, vmiName?: string) => ({ apiVersion: 'kubevirt.io/v1', kind: MIGRATION, metadata: { name }, spec: vmiName === undefined ? {} : { vmiName } })

export const MIGRATIONS: readonly Story[] = [
  {
    name: 'a migration that succeeds, and one back',
    async run(stage) {
      await running(stage)
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Succeeded')
      await untilCleaned(stage)
      const [{ metadata: { name } } = { metadata: { name: '' } }] = stage.migrations()
      await stage.admin.remove(MIGRATION, name)
      await stage.untilGone(MIGRATION, name)
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Succeeded')
      await untilCleaned(stage)
    },
  },
  {
    name: 'a second migration is refused while one is under way',
    async run(stage) {
      await running(stage, 'hanging')
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Running')
      await stage.admin.ask('migrate')
      await stage.admin.create(MIGRATION, given('second', WEB))
      await cancel(stage)
      await untilCleaned(stage)
    },
  },
  {
    name: 'a migration that fails: the guest writes faster than its memory is copied',
    async run(stage) {
      await running(stage, 'hanging')
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Running')
      await stage.until('a migration Failed', () => stage.migrations().some(({ status }) => status?.phase === 'Failed'), 200)
      await untilCleaned(stage)
    },
  },
  {
    name: 'a migration cancelled while it copies',
    async run(stage) {
      await running(stage, 'hanging')
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Running')
      await stage.settle()
      await cancel(stage)
      await untilCleaned(stage)
    },
  },
  {
    name: 'a migration cancelled while its target has no place',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Scheduling')
      await stage.settle()
      await cancel(stage)
    },
  },
  {
    name: 'a migration to a node that nobody has, cancelled',
    async run(stage) {
      await running(stage)
      await stage.admin.ask('migrate', { addedNodeSelector: { 'kubernetes.io/hostname': 'nowhere' } })
      await untilMigration(stage, 'Scheduling')
      await stage.settle()
      await cancel(stage)
    },
  },
  {
    name: 'a migration that is impossible: its disk is for one node alone',
    async run(stage) {
      await stage.disk(`${WEB}-disk`, 'ReadWriteOnce')
      await stage.admin.make({ runStrategy: 'Always' })
      await stage.untilRunning()
      await stage.node()
      await stage.admin.ask('migrate')
      await stage.admin.create(MIGRATION, given('given', WEB))
      await stage.admin.create(MIGRATION, given('of-nobody', 'nobody'))
      await stage.admin.create(MIGRATION, given('of-nothing'))
    },
  },
  {
    name: 'Halted while Migrating',
    async run(stage) {
      await running(stage, 'hanging')
      await stage.admin.ask('migrate')
      await untilMigration(stage, 'Running')
      await stage.settle()
      await stage.admin.strategy('Halted')
      await stage.untilOff()
    },
  },
  {
    name: 'what does not run is not migrated',
    async run(stage) {
      await stage.admin.ask('migrate')
      await stage.disk()
      await stage.admin.make({ runStrategy: 'Halted', guest: 'stuck' })
      await stage.untilPrinted('Stopped')
      await stage.admin.ask('migrate')
      await stage.admin.ask('start')
      await stage.untilPhase('Scheduled')
      await stage.admin.ask('migrate')
      await stage.settle()
    },
  },
  {
    name: 'an editor may not migrate, and neither may a viewer',
    async run(stage) {
      await running(stage)
      for (const who of [stage.editor, stage.viewer]) {
        await who.ask('migrate')
        await who.create(MIGRATION, given('given', WEB))
      }
      await stage.admin.ask('migrate', { dryRun: ['All'] })
      await stage.settle()
    },
  },
]
