import { describe, expect, it } from 'vitest'
import { NODES } from '#kube/core.ts'
import { VMIS } from '#vms/vm.ts'
import { evacuations } from './evacuations.ts'
import { DRAIN_TAINT } from './fencing.ts'
import { MIGRATIONS } from './migration.ts'
import { Play } from './play.ts'
import type { Controller } from './step.ts'

/** How many migrations are made of a guest on node-1, with what is said of it and that taint on its node. */
function moves({ evictionStrategy, phase = 'Running', migratable = 'True', asked }: { evictionStrategy?: string, phase?: string, migratable?: string, asked?: string }, taint: string): number {
  const play = new Play([evacuations] as readonly unknown[] as readonly Controller[])
  play.add(NODES, { metadata: { name: 'node-1' }, spec: {} })
  play.add(VMIS, { metadata: { name: 'web', namespace: 'lab' }, spec: { evictionStrategy }, status: { phase, nodeName: 'node-1', evacuationNodeName: asked, conditions: [{ type: 'LiveMigratable', status: migratable }] } })
  play.run(1_000)
  play.patch(NODES, 'node-1', { spec: { taints: [{ key: taint, effect: 'NoSchedule' }] } })
  play.run(1_000)
  return play.world.all(MIGRATIONS).length
}

describe('a guest whose node is lost or drained', () => {
  it.each([
    ['is moved where it must be', { evictionStrategy: 'LiveMigrate' }, DRAIN_TAINT, 1],
    ['is moved where it can be', { evictionStrategy: 'LiveMigrateIfPossible' }, DRAIN_TAINT, 1],
    ['is not where it cannot be', { evictionStrategy: 'LiveMigrateIfPossible', migratable: 'False' }, DRAIN_TAINT, 0],
    ['is not where it shall not be', { evictionStrategy: 'None' }, DRAIN_TAINT, 0],
    ['is not where nothing is said of it', {}, DRAIN_TAINT, 0],
    ['is not once it is over', { evictionStrategy: 'LiveMigrate', phase: 'Failed' }, DRAIN_TAINT, 0],
    ['is not for another taint', { evictionStrategy: 'LiveMigrate' }, 'node.kubernetes.io/unreachable', 0],
    ['is moved where it was asked to leave that node', { evictionStrategy: 'LiveMigrate', asked: 'node-1' }, 'node.kubernetes.io/unreachable', 1],
    ['is not where it was asked to leave another', { evictionStrategy: 'LiveMigrate', asked: 'node-2' }, 'node.kubernetes.io/unreachable', 0],
  ])('%s', (_what, guest, taint, migrations) => {
    expect(moves(guest, taint)).toBe(migrations)
  })
})
