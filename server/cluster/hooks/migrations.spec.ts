import { describe, expect, it } from 'vitest'
import type { Condition } from '#kube/object.ts'
import type { VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { Migration, MigrationPhase } from '../controllers/migration.ts'
import { migrationHooks, refusalOfMigration } from './migrations.ts'
import { KUBEVIRT_KINDS } from '../kinds/kubevirt.ts'

// As KubeVirt 1.8.0's webhooks answered.

const metadata = { name: 'web', namespace: 'lab', uid: 'uid-1', resourceVersion: '1', creationTimestamp: '' }
const vmiOf = (phase: VmiPhase, conditions: Condition[] = []): VirtualMachineInstance => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata, spec: {}, status: { phase, conditions } })
const migrationOf = (phase: MigrationPhase): Migration => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration', metadata, spec: { vmiName: 'web' }, status: { phase } })
const worldOf = (vmi: VirtualMachineInstance | undefined, ...migrations: Migration[]) => ({ vmi: () => vmi, migrations: () => migrations })
const LOCAL: Condition = { type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable', message: 'cannot migrate VMI: PVC root is not shared' }

describe('the creation of a migration', () => {
  it.each([
    ['of no VMI', worldOf(undefined), 'the VMI "lab/web" does not exist'],
    ['of one that is over', worldOf(vmiOf('Succeeded')), 'Cannot migrate VMI in finalized state.'],
    ['of one whose disks are its node\'s', worldOf(vmiOf('Running', [LOCAL])), 'Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: cannot migrate VMI: PVC root is not shared'],
    ['beside another', worldOf(vmiOf('Running'), migrationOf('Failed'), migrationOf('Pending')), 'in-flight migration detected. Active migration job (uid-1) is currently already in progress for VMI web.'],
    ['after others', worldOf(vmiOf('Running'), migrationOf('Failed'), migrationOf('Succeeded')), undefined],
    ['of one that starts', worldOf(vmiOf('Scheduling')), undefined],
  ])('%s', (_what, world, message) => {
    expect(refusalOfMigration('lab', 'web', world)).toBe(message)
  })

  function review(spec: object, world = worldOf(vmiOf('Running'))) {
    const kind = { ...KUBEVIRT_KINDS[2], version: 'v1' }
    const request = { operation: 'CREATE', kind, subresource: '', namespace: 'lab', name: 'x', object: { metadata: { labels: { mine: 'yes' } }, spec }, old: undefined, user: { name: '', groups: [] }, dryRun: false }
    return migrationHooks(world).map(hook => hook.review(request as unknown as Parameters<typeof hook.review>[0]))
  }

  it('is given the label by which it is found, and the finalizer that keeps it until it is over', () => {
    expect(review({ vmiName: 'web' })).toEqual([{ object: { metadata: { labels: { 'mine': 'yes', 'kubevirt.io/vmi-name': 'web' }, finalizers: ['kubevirt.io/migrationJobFinalize'] }, spec: { vmiName: 'web' } } }, undefined])
  })

  it('is refused with 422 where it names no VMI, and with 400 for the rest', () => {
    expect(review({})[1]).toMatchObject({ refusal: { code: 422, reason: 'Invalid', message: 'vmiName is missing', causes: [{ field: 'spec.vmiName' }] } })
    expect(review({ vmiName: 'web' }, worldOf(undefined))[1]).toEqual({ refusal: { code: 400, message: 'the VMI "lab/web" does not exist' } })
  })
})
