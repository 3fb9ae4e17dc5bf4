import { VMIS, VMS } from '#vms/vm.ts'
import type { AdmissionAnswer } from '../cluster.ts'
import { sameJson } from '../equality.ts'
import { fieldAt } from '../json.ts'
import type { Asked, Rule } from './rule.ts'
import { invalid } from './rule.ts'

// kubevirt pkg/virt-api/webhooks: the run strategy of a VM, and who may change an instance. All else that they refuse, no form of the console makes.

const STRATEGIES = ['Always', 'RerunOnFailure', 'Manual', 'Halted', 'Once', 'WaitAsReceiver']

function judgeStrategy({ object }: Asked): AdmissionAnswer | undefined {
  const [runStrategy, running] = [fieldAt(object, 'spec.runStrategy') ?? undefined, fieldAt(object, 'spec.running') ?? undefined]
  if (runStrategy === undefined && running === undefined)
    return { refusal: invalid('RunStrategy must be specified', 'spec.running') }
  if (runStrategy !== undefined && running !== undefined)
    return { refusal: invalid('Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead', 'spec.running') }
  if (running !== undefined)
    return { warnings: ['spec.running is deprecated, please use spec.runStrategy instead.'] }
  return typeof runStrategy === 'string' && STRATEGIES.includes(runStrategy) ? undefined : { refusal: invalid(`Invalid RunStrategy (${String(runStrategy)})`, 'spec.runStrategy') }
}

export const STRATEGY_RULE: Rule = { kind: VMS, operations: ['CREATE', 'UPDATE'], judge: judgeStrategy }

/** Whoever lays out a cluster that nothing moves yet plays KubeVirt's part as well. */
const isKubeVirt = ({ user, sight }: Asked) => !sight.has(VMIS) || user.startsWith('system:serviceaccount:harvester-system:kubevirt-')

/** Whoever is no part of KubeVirt writes an instance's status without an effect and without a word (mutators/vmi-mutator.go). */
export const STATUS_RULE: Rule = {
  kind: VMIS, operations: ['UPDATE'],
  judge: asked => isKubeVirt(asked) || !asked.old ? undefined : { object: { ...asked.object, status: asked.old.status ?? {} } },
}

export const INSTANCE_RULE: Rule = {
  kind: VMIS, operations: ['UPDATE'],
  judge: asked => isKubeVirt(asked) || sameJson(asked.object.spec, asked.old?.spec)
    ? undefined
    : { refusal: { ...invalid('update of VMI object is restricted'), causes: [{ reason: 'FieldValueNotSupported', message: 'update of VMI object is restricted', field: '' }] } },
}
