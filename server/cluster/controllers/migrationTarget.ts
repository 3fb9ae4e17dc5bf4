import type { VirtualMachineInstance } from '#vms/vm.ts'
import { launcherOf } from './launcher.ts'
import type { Migration } from './migration.ts'
import { JOB_ANNOTATION, JOB_LABEL } from './migration.ts'
import type { Write } from './step.ts'

/** A launcher as any other, for another node than those where the VMI has a pod (migration.go createTargetPod). */
export function targetPod(migration: Migration, vmi: VirtualMachineInstance): Write {
  const { uid, name } = migration.metadata
  const launcher = launcherOf(vmi, uid)
  const { metadata, spec } = launcher.object as typeof launcher.object & { readonly spec: { readonly nodeSelector?: object } }
  const term = { labelSelector: { matchLabels: { 'kubevirt.io/created-by': vmi.metadata.uid } }, topologyKey: 'kubernetes.io/hostname' }
  const object = {
    ...launcher.object,
    metadata: { ...metadata, labels: { ...metadata.labels, [JOB_LABEL]: uid }, annotations: { ...metadata.annotations, [JOB_ANNOTATION]: name } },
    spec: { ...spec, nodeSelector: { ...migration.spec.addedNodeSelector, ...spec.nodeSelector }, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  }
  return { ...launcher, object }
}
