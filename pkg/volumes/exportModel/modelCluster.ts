import type { StepWorld } from '../exportStep.ts'
import type { Chance } from './chance.ts'
import type { ModelControllers } from './modelControllers.ts'
import type { ModelApi } from './modelApi.ts'
import type { CdiScenario, Scenario } from './scenario.ts'
import { NAMESPACE } from './modelApi.ts'
import { CLAIM } from './modelControllers.ts'

/** Puts into the cluster what is there before the export begins. */
export function furnish(api: ModelApi, controllers: ModelControllers, chance: Chance, { vms }: Scenario, cdi: CdiScenario | undefined): void {
  api.put('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  api.put('storageClasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'harvester-longhorn' }, provisioner: 'driver.longhorn.io', ...(cdi && { parameters: { dataEngine: 'v2' } }) })
  api.put('claims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: CLAIM, namespace: NAMESPACE, ...(chance.happens(0.7) && { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }) }, spec: { volumeName: 'pv-1', storageClassName: 'harvester-longhorn' }, status: { phase: 'Bound' } })
  for (const { name, strategy, isOn, guest } of vms) {
    controllers.createVm(name, strategy, isOn, guest)
    if (isOn && strategy === 'Manual')
      api.start(name, 'controller')
  }
}

/** The claim that is exported, as it is seen; undefined where it is gone. CDI makes others. */
export function claimIn({ claims }: StepWorld): StepWorld['claims']['objects'][number] | undefined {
  return claims.objects.find(({ metadata }) => metadata.name === CLAIM)
}
