import { NODES, PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { isTrue } from './conditions.ts'
import { DRAIN_TAINT, hasTaint } from './fencing.ts'
import { suffix } from './hash.ts'
import { isLauncher } from './launcher.ts'
import { MIGRATIONS, MIGRATIONS_BY_VMI, isFinalMigration } from './migration.ts'
import type { Controller } from './step.ts'
import { NOTHING, create, on, write } from './step.ts'
import { isFinal } from './vmStatus.ts'

// kubevirt pkg/virt-controller/watch/drain/evacuation/evacuation.go.

/** Whether the guest wants to be moved from a node that is drained (kubevirt pkg/util/migrations VMIMigratableOnEviction). */
function isMovedFromDrained({ spec }: VirtualMachineInstance): boolean {
  const { evictionStrategy } = spec as { evictionStrategy?: string }
  return evictionStrategy === 'LiveMigrate' || evictionStrategy === 'LiveMigrateIfPossible'
}

/** Moves a guest that was asked to leave its node, or whose node is drained, once nothing of another migration is left. */
export const evacuations: Controller<VirtualMachineInstance> = {
  name: 'virt-controller-evacuation',
  actor: 'virt-controller',
  kind: VMIS,
  wakes: [
    on(MIGRATIONS, migration => [`${migration.metadata.namespace}/${migration.spec.vmiName}`]),
    on(NODES, (node, world) => world.all(VMIS).filter(vmi => vmi.status?.nodeName === node.metadata.name).map(objectKey), node => String(hasTaint(node, DRAIN_TAINT))),
    on(PODS, pod => pod.metadata.ownerReferences?.filter(owner => owner.kind === 'VirtualMachineInstance').map(owner => `${pod.metadata.namespace}/${owner.name}`) ?? []),
  ],
  step(vmi, world) {
    const { nodeName, evacuationNodeName, conditions } = vmi.status ?? {}
    const isAsked = evacuationNodeName ? nodeName === evacuationNodeName : false
    const isDrained = hasTaint(world.get(NODES, nodeName), DRAIN_TAINT) && isMovedFromDrained(vmi)
    if (!nodeName || !(isAsked || isDrained) || isFinal(vmi) || vmi.metadata.deletionTimestamp || !isTrue(conditions, 'LiveMigratable'))
      return NOTHING
    const earlier = world.find(MIGRATIONS_BY_VMI, objectKey(vmi))
    const pods = world.owned(PODS, vmi.metadata.uid).filter(pod => isLauncher(pod) && !hasEnded(pod))
    if (pods.length > 1 || !earlier.every(isFinalMigration))
      return NOTHING
    const { uid, name, namespace } = vmi.metadata
    const last = earlier.map(({ metadata }) => metadata.uid).sort().join(' ')
    const metadata = { name: `kubevirt-evacuation-${suffix(`${uid} ${nodeName} ${last}`)}`, namespace, annotations: { 'kubevirt.io/evacuationMigration': nodeName } }
    return write([create(MIGRATIONS, { metadata, spec: { vmiName: name } })])
  },
}
