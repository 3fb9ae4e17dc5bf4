import { describe, expect, it } from 'vitest'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import type { Eviction } from './evictions.ts'
import { judgeEviction } from './evictions.ts'

function guest(evictionStrategy: string | undefined, isMigratable: boolean, status: object = {}): VirtualMachineInstance {
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name: 'web', namespace: 'lab', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { ...(evictionStrategy === undefined ? {} : { evictionStrategy }) },
    status: { phase: 'Running', nodeName: 'node-1', conditions: [{ type: 'LiveMigratable', status: isMigratable ? 'True' : 'False' }], ...status },
  }
}

describe('a guest whose node is drained', () => {
  it.each<[string, VirtualMachineInstance, Eviction]>([
    ['moves where it can', guest('LiveMigrateIfPossible', true), 'moves'],
    ['moves where it must and can', guest('LiveMigrate', true), 'moves'],
    ['ends where it cannot move and need not', guest('LiveMigrateIfPossible', false), 'goes'],
    ['ends where it says so', guest('None', true), 'goes'],
    ['ends where it says nothing', guest(undefined, true), 'goes'],
    ['stays where it must move and cannot', guest('LiveMigrate', false), { because: 'VMI web is configured with an eviction strategy but is not live-migratable' }],
    ['stays while it moves', guest('LiveMigrate', true, { evacuationNodeName: 'node-1' }), { because: 'Evacuation in progress: Eviction triggered evacuation of VMI "lab/web"' }],
    ['stays where only a target is', guest('LiveMigrate', true, { nodeName: 'node-2' }), { because: 'Eviction request for target Pod' }],
    ['is somebody else\'s to move', guest('External', false), 'moves'],
  ])('%s', (_what, vmi, eviction) => {
    expect(judgeEviction(vmi, 'node-1')).toEqual(eviction)
  })
})
