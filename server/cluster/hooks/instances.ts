import { VMIS } from '#vms/vm.ts'
import type { AdmissionHook } from '../cluster.ts'
import { stamp } from '../controllers/conditions.ts'
import { VMI_FINALIZER } from '../controllers/vms.ts'
import { fieldAt } from '../json.ts'

/** KubeVirt's mutator of instances (pkg/virt-api/webhooks/mutating-webhook/mutators/vmi-mutator.go): a new one is Pending, held until its pods are gone, and ended with its node unless it says otherwise. */
export function instanceHook(now: () => number): AdmissionHook {
  return {
    name: 'virtualmachineinstances-mutator.kubevirt.io',
    phase: 'mutate',
    review({ operation, kind, subresource, object }) {
      if (operation !== 'CREATE' || kind.plural !== VMIS.plural || kind.group !== VMIS.group || subresource !== '' || !object)
        return undefined
      const given = fieldAt(object, 'metadata.finalizers')
      const finalizers = Array.isArray(given) ? given : []
      return {
        object: {
          ...object,
          metadata: { ...fieldAt(object, 'metadata') as object, finalizers: finalizers.includes(VMI_FINALIZER) ? finalizers : [...finalizers, VMI_FINALIZER] },
          spec: { evictionStrategy: 'None', ...fieldAt(object, 'spec') as object },
          status: { phase: 'Pending', phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: stamp(now()) }] },
        },
      }
    },
  }
}
