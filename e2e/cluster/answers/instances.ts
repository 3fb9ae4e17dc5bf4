import { vmOf } from './vmShapes.ts'
import type { Fixture, Group, Row, Told } from './row.ts'
import { EDITORS } from './row.ts'
import { NS } from './shelves.ts'

// Instances: what kubectl beside the console does to a VM's running half.

const standing: readonly Fixture[] = [
  ...EDITORS,
  { shelf: 'vms', name: 'web', object: vmOf('web', 'RerunOnFailure'), until: ({ status }) => status?.printableStatus === 'Running' },
]

const { spec: { template: { spec } } } = vmOf('lone', 'Halted')
const lone = { metadata: { name: 'lone', namespace: NS }, spec }
/** KubeVirt fills in a processor's model, sizes, an architecture and more, for those who make one by hand: nobody does on the stage. */
const LONE: Told = {
  code: 201,
  object: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name: 'lone', namespace: NS, finalizers: ['kubevirt.io/foregroundDeleteVirtualMachine'] }, spec: { ...spec, evictionStrategy: 'None' } },
  shows: { status: { phase: 'Pending', phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: '<time>' }] } },
}
const changed = (says: string, body: Record<string, unknown>, more: Partial<Row> = {}): Row => ({ says, asks: { verb: 'merge', shelf: 'vmis', name: 'web', body }, ...more })

export const INSTANCES: Group = {
  name: 'instances',
  needs: ['kubevirt'],
  standing,
  rows: [
    // Not its finalizers: whether Harvester's controller has put its own there by then is chance.
    { says: 'an instance is deleted under its VM', asks: { verb: 'delete', shelf: 'vmis', name: 'web' }, only: ['kind'] },
    { says: 'an instance is deleted by a viewer', asks: { verb: 'delete', shelf: 'vmis', name: 'web' }, who: 'viewer' },
    { says: 'an instance is deleted that there is not', asks: { verb: 'delete', shelf: 'vmis', name: 'ghost' } },
    { says: 'an instance without a VM', asks: { verb: 'create', shelf: 'vmis', body: lone }, shows: ['status'], embedded: LONE },
    { says: 'an instance without a VM by a viewer', asks: { verb: 'create', shelf: 'vmis', body: lone }, who: 'viewer' },
    { says: 'an instance of a name that is taken', asks: { verb: 'create', shelf: 'vmis', body: { ...lone, metadata: { name: 'web', namespace: NS } } } },
    { says: 'an instance of an unknown kind of machine', asks: { verb: 'create', shelf: 'vmis', body: { ...lone, spec: { ...spec, evictionStrategy: 'Pray' } } }, unplayed: true },
    changed('the grace of an instance is changed', { spec: { terminationGracePeriodSeconds: 5 } }),
    changed('an instance is labelled', { metadata: { labels: { team: 'web' } } }, { only: ['metadata.labels.team'] }),
    changed('an instance is told that it has ended', { status: { phase: 'Failed' } }, { only: ['status.phase'] }),
    changed('the status of an instance is changed by an editor', { status: { phase: 'Failed' } }, { who: 'editor', only: ['status.phase'] }),
    { says: 'an instance is read that there is not', asks: { verb: 'get', shelf: 'vmis', name: 'ghost' } },
  ],
}
