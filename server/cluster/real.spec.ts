import { describe, expect, it } from 'vitest'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { VMIS } from '#vms/vm.ts'
import { CLAIMS, NODES, PODS, STORAGE_CLASSES } from '#kube/core.ts'
import { CONTROLLERS } from './controllers/all.ts'
import { provisioner } from './controllers/csiVolumes.ts'
import { guests } from './controllers/guests.ts'
import { pods } from './controllers/kubelet.ts'
import { LONGHORN_ENGINES } from './controllers/kinds.ts'
import { releasers } from './controllers/longhornFinalizers.ts'
import { longhornVolumes } from './controllers/longhornVolumes.ts'
import { Play } from './controllers/play.ts'
import type { RealPart } from './real.ts'
import { actorsOf } from './real.ts'

const played = (...real: RealPart[]) => [...new Set(CONTROLLERS.map(({ actor }) => actor).filter(actor => !actorsOf(real).includes(actor)))].sort()

describe('beside a real control plane', () => {
  it.each<[readonly RealPart[], readonly string[]]>([
    [['kubernetes'], ['cdi', 'csi', 'harvester', 'kubelet', 'longhorn', 'longhorn-engine', 'scheduler', 'virt-controller', 'virt-handler']],
    [['kubernetes', 'kubevirt'], ['cdi', 'csi', 'harvester', 'kubelet', 'longhorn', 'longhorn-engine', 'scheduler', 'virt-handler']],
    [['kubernetes', 'kubevirt', 'harvester', 'longhorn'], ['cdi', 'csi', 'kubelet', 'longhorn-engine', 'scheduler', 'virt-handler']],
  ])('with %j real, these are played: %j', (real, others) => {
    expect(played(...real)).toEqual(others)
  })
})

describe('what upstream\'s controllers expect of those who are played', () => {
  it('virt-handler\'s conditions hold the time of a probe: virt-controller changes only what it can write the very same', () => {
    const play = new Play([guests])
    const { metadata: { uid } } = play.add(VMIS, { metadata: { namespace: 'lab', name: 'web' }, spec: {}, status: { phase: 'Scheduled', conditions: [{ type: 'Ready', status: 'False', lastProbeTime: '2026-05-04T03:00:00Z' }] } })
    play.add(PODS, { metadata: { namespace: 'lab', name: 'virt-launcher-web', labels: { 'kubevirt.io': 'virt-launcher' }, ownerReferences: [{ kind: 'VirtualMachineInstance', name: 'web', uid }] }, status: { phase: 'Running' } })
    play.run(10_000)
    const conditions = play.get(VMIS, 'lab/web')?.status?.conditions ?? []
    expect(conditions.map(condition => [condition.type, (condition as { lastProbeTime?: unknown }).lastProbeTime])).toEqual([['Ready', '2026-05-04T03:00:00Z'], ['LiveMigratable', '2026-05-04T03:00:02Z'], ['AgentConnected', '2026-05-04T03:00:06Z']])
  })
})

describe('what upstream\'s webhooks do to the objects of those who are played', () => {
  it('a finalizer that Longhorn\'s webhook added does not hold a volume for ever', () => {
    const play = new Play([...releasers])
    const metadata = { namespace: LONGHORN_NAMESPACE, finalizers: ['longhorn.io'] }
    play.add(LONGHORN_VOLUMES, { metadata: { ...metadata, name: 'pvc-1' }, spec: {} })
    play.add(LONGHORN_ENGINES, { metadata: { ...metadata, name: 'pvc-1-e-0' }, spec: {} })
    play.remove(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/pvc-1`)
    play.run(1000)
    expect(play.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/pvc-1`)).toBeUndefined()
    expect(play.get(LONGHORN_ENGINES, `${LONGHORN_NAMESPACE}/pvc-1-e-0`)?.metadata.finalizers).toEqual(['longhorn.io'])
  })

  it('a volume says which engine it runs, where its spec names one: an export asks for it', () => {
    const play = new Play([longhornVolumes])
    play.add(LONGHORN_VOLUMES, { metadata: { namespace: LONGHORN_NAMESPACE, name: 'pvc-1' }, spec: { numberOfReplicas: 1, image: 'longhorn-engine:v1' } })
    play.run(1000)
    expect(play.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/pvc-1`)?.status).toMatchObject({ currentImage: 'longhorn-engine:v1' })
  })

  it.each([['ReadWriteOnce', false], ['ReadWriteMany', true]])('a %s claim of a migratable class makes a volume that is migratable: %s', (mode, migratable) => {
    const play = new Play([provisioner])
    play.add(STORAGE_CLASSES, { metadata: { name: 'fast' }, provisioner: 'driver.longhorn.io', parameters: { migratable: 'true' } })
    play.add(CLAIMS, { metadata: { namespace: 'lab', name: 'disk' }, spec: { storageClassName: 'fast', accessModes: [mode], resources: { requests: { storage: '1Gi' } } } })
    play.run(1000)
    expect(play.world.all(LONGHORN_VOLUMES).map(({ spec }) => spec.migratable)).toEqual([migratable])
  })

  it('the kubelet leaves the pods of Longhorn\'s own controllers to whoever runs them', () => {
    const play = new Play([pods])
    play.add(NODES, { metadata: { name: 'node-1' } })
    play.add(PODS, { metadata: { namespace: LONGHORN_NAMESPACE, name: 'backing-image-manager-1' }, spec: { nodeName: 'node-1' } })
    play.add(PODS, { metadata: { namespace: 'lab', name: 'other' }, spec: { nodeName: 'node-1' } })
    play.run(10_000)
    expect(play.get(PODS, `${LONGHORN_NAMESPACE}/backing-image-manager-1`)?.status).toBeUndefined()
    expect(play.get(PODS, 'lab/other')?.status?.phase).toBe('Running')
  })
})
