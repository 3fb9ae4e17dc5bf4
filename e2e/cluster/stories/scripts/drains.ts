import type { Fields } from '../../../api.ts'
import { WEB } from '../manifests.ts'
import type { EvictionStrategy } from '../manifests.ts'
import type { Operator } from '../operator.ts'
import { OF_VMS } from '../sight.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// A node is drained as kubectl does it: nothing more is put there, and each pod is asked to go.

async function onShared(stage: Stage, evictionStrategy: EvictionStrategy): Promise<void> {
  await stage.running({ runStrategy: 'Always', evictionStrategy })
}

/** A guest whose disk is for one node alone: it cannot be migrated. */
async function onLocal(stage: Stage, evictionStrategy: EvictionStrategy): Promise<void> {
  await stage.disk(`${WEB}-disk`, 'ReadWriteOnce')
  await stage.admin.make({ runStrategy: 'Always', evictionStrategy })
  await stage.untilRunning()
}

/** Closes the guest's node, where another is open. */
async function cordon(stage: Stage): Promise<void> {
  await stage.node()
  await stage.cordon(String(stage.find('VirtualMachineInstance')?.status?.nodeName))
}

/** Each pod that runs is asked to go. */
async function drain(stage: Stage, who: Operator, more?: Fields): Promise<void> {
  for (const { metadata: { name }, status } of stage.launchers()) {
    if (status?.phase === 'Running')
      await who.evict(name, more)
  }
}

/** Until the guest is on another node, and nothing of it is left on the first. */
async function untilMoved(stage: Stage): Promise<void> {
  await stage.until('a migration Succeeded', () => stage.migrations().some(({ status }) => status?.phase === 'Succeeded'))
  await stage.until('the source let go', () => stage.launchers().filter(({ status }) => status?.phase === 'Running').length === 1 && stage.attachments() === 1)
  await stage.settle()
}

async function evictedAndBack(stage: Stage): Promise<void> {
  const before = stage.find('VirtualMachineInstance')
  await cordon(stage)
  await drain(stage, stage.admin)
  await stage.untilRunsAgain(before)
  await stage.until('the first node without the disk', () => stage.attachments() <= 1)
  await stage.settle()
}

export const DRAINS: readonly Story[] = [
  {
    name: 'a node is drained: its guest is migrated, and must not be evicted meanwhile',
    async run(stage) {
      await onShared(stage, 'LiveMigrateIfPossible')
      await cordon(stage)
      await drain(stage, stage.admin)
      await drain(stage, stage.admin)
      await untilMoved(stage)
    },
  },
  {
    name: 'a node is drained that has a guest which must be migrated, with no other node open',
    async run(stage) {
      await onShared(stage, 'LiveMigrate')
      await stage.cordon(String(stage.find('VirtualMachineInstance')?.status?.nodeName))
      await drain(stage, stage.admin)
      await stage.until('a target without a place', () => stage.launchers().some(({ status }) => JSON.stringify(status?.conditions ?? '').includes('Unschedulable')))
      await stage.settle()
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'a node is drained: a guest that must be migrated and cannot be stays',
    async run(stage) {
      await onLocal(stage, 'LiveMigrate')
      await cordon(stage)
      await drain(stage, stage.admin)
      await stage.settle()
    },
  },
  {
    name: 'a node is drained: a guest that need not be migrated and cannot be is ended, and runs elsewhere',
    async run(stage) {
      await onLocal(stage, 'LiveMigrateIfPossible')
      await evictedAndBack(stage)
    },
  },
  {
    // Which node lets a shared disk go first, or has it last, is chance.
    looksAt: OF_VMS.filter(kind => kind !== 'VolumeAttachment'),
    name: 'a node is drained: a guest that is never migrated is ended, and runs elsewhere',
    async run(stage) {
      await onShared(stage, 'None')
      await evictedAndBack(stage)
    },
  },
  {
    name: 'a drain is only tried, or asked for by who may not',
    async run(stage) {
      await onShared(stage, 'LiveMigrateIfPossible')
      await cordon(stage)
      await drain(stage, stage.viewer)
      await drain(stage, stage.editor)
      await drain(stage, stage.admin, { deleteOptions: { dryRun: ['All'] } })
      await stage.settle()
    },
  },
]
