import { describe, expect, it } from 'vitest'
import { VMS } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { Play } from './play.ts'
import type { Controller } from './step.ts'
import { TAKES } from './takes.ts'
import { vmBackups } from './vmBackups.ts'

function stage(annotations: object): Play {
  const play = new Play([vmBackups] as readonly unknown[] as readonly Controller[])
  play.add(VMS, { metadata: { name: 'web', namespace: 'lab', annotations }, spec: { template: { spec: {} } } })
  play.add(VM_BACKUPS, { metadata: { name: 'b', namespace: 'lab' }, spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web' }, type: 'backup' } })
  return play
}
const statusOf = (play: Play) => play.get(VM_BACKUPS, 'lab/b')?.status

describe('a backup of a VM', () => {
  it('is begun, and ready after a while', () => {
    const play = stage({})
    play.run(TAKES.backUp / 2)
    expect(statusOf(play)).toMatchObject({ readyToUse: false, progress: 0 })
    play.run(TAKES.backUp)
    expect(statusOf(play)).toMatchObject({ readyToUse: true, progress: 100 })
    expect(statusOf(play)?.error).toBeUndefined()
  })

  it('fails of a VM whose backups fail, and is never ready', () => {
    const play = stage({ 'guardrails.test/backup': 'failing' })
    play.run(3 * TAKES.backUp)
    expect(statusOf(play)).toMatchObject({ readyToUse: false, error: { message: expect.stringContaining('backup target') as string } })
  })
})
