import type { AdmissionHook } from './cluster.ts'
import { CLAIM_RULES, CLASS_MUTATION } from './hooks/claims.ts'
import { IMAGE_MUTATION, IMAGE_RULES } from './hooks/images.ts'
import { INSTANCE_RULE, STATUS_RULE, STRATEGY_RULE } from './hooks/kubevirt.ts'
import { LIBRARY_RULES, TEMPLATE_MUTATION } from './hooks/library.ts'
import { LONGHORN_MUTATIONS, LONGHORN_RULES } from './hooks/longhorn.ts'
import type { Sight } from './hooks/rule.ts'
import { hookOf } from './hooks/rule.ts'
import { VM_DEFAULTS } from './hooks/vmDefaults.ts'
import { VM_MUTATION } from './hooks/vmMutation.ts'
import { VM_RULES } from './hooks/vms.ts'

/** The webhooks of a Harvester cluster under their own names, as far as the console, and kubectl beside it, meet them. */
export function harvesterHooks(sight: () => Sight): AdmissionHook[] {
  return [
    hookOf('mutator.harvesterhci.io', 'mutate', [VM_MUTATION, IMAGE_MUTATION, TEMPLATE_MUTATION, CLASS_MUTATION], sight),
    hookOf('mutator.longhorn.io', 'mutate', LONGHORN_MUTATIONS, sight),
    hookOf('virtualmachines-mutator.kubevirt.io', 'mutate', [VM_DEFAULTS], sight),
    hookOf('virtualmachineinstances-mutator.kubevirt.io', 'mutate', [STATUS_RULE], sight),
    hookOf('validator.harvesterhci.io', 'validate', [...VM_RULES, ...IMAGE_RULES, ...CLAIM_RULES, ...LIBRARY_RULES], sight),
    hookOf('validator.longhorn.io', 'validate', LONGHORN_RULES, sight),
    hookOf('virtualmachine-validator.kubevirt.io', 'validate', [STRATEGY_RULE], sight),
    hookOf('virtualmachineinstances-update-validator.kubevirt.io', 'validate', [INSTANCE_RULE], sight),
  ]
}
