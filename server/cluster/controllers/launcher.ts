import type { Pod } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { claimNameOf } from './claimNames.ts'
import { isPluggable } from './guestVolumes.ts'
import { suffix } from './hash.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { Write } from './step.ts'
import { create, ownerOf } from './step.ts'

export const LAUNCHER_IMAGE = 'registry.suse.com/suse/sles/15.7/virt-launcher:1.8.4-150700.5.2.1'

/** On a running VMI: what the guest does by itself, once: `shutdown` or `crash`. */
export const ACT_ANNOTATION = 'guardrails.test/guest-does'

export function isLauncher(pod: Pod): boolean {
  return pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher'
}

/** The grace that a guest has to shut down, in seconds; KubeVirt's default is 30. */
export function graceOf(vmi: VirtualMachineInstance): number {
  return vmi.spec.terminationGracePeriodSeconds ?? 30
}

/** What the guest is given plus what the hypervisor takes, in bytes. */
function memoryOf({ spec: { domain } }: VirtualMachineInstance): number {
  const asked = [domain?.resources?.requests?.memory, domain?.memory?.guest, domain?.resources?.limits?.memory].map(parseQuantity).find(bytes => bytes)
  return (asked ?? 2 ** 30) + 256 * 2 ** 20
}

/** The pod that runs the guest (kubevirt pkg/virt-controller/services/template.go): what a guard matches on is here, not how qemu is called. Its name comes of the seed; hot-plugged volumes are not its own. */
export function launcherOf(vmi: VirtualMachineInstance, seed = vmi.metadata.uid): Extract<Write, { do: 'create' }> {
  const { name, namespace, uid, labels } = vmi.metadata
  const { nodeSelector, hostname } = vmi.spec as { nodeSelector?: Record<string, string>, hostname?: string }
  const memory = `${Math.ceil(memoryOf(vmi) / 2 ** 20)}Mi`
  const claims = (vmi.spec.volumes ?? []).flatMap(volume => {
    const claimName = isPluggable(volume) ? undefined : claimNameOf(volume)
    return claimName ? [{ name: volume.name, persistentVolumeClaim: { claimName } }] : []
  })
  const spec = {
    restartPolicy: 'Never', hostname: hostname ?? name, automountServiceAccountToken: false, enableServiceLinks: false,
    terminationGracePeriodSeconds: graceOf(vmi) + 30,
    nodeSelector: { ...nodeSelector, 'kubevirt.io/schedulable': 'true' },
    readinessGates: [{ conditionType: 'kubevirt.io/virtual-machine-unpaused' }],
    containers: [{ name: 'compute', image: LAUNCHER_IMAGE, imagePullPolicy: 'IfNotPresent', resources: { requests: { cpu: '100m', memory }, limits: { memory: `${Math.ceil(memoryOf(vmi) / 2 ** 20) + 128}Mi` } } }],
    volumes: [...claims, { name: 'hotplug-disks', emptyDir: {} }],
  }
  return create(PODS, {
    metadata: {
      name: `virt-launcher-${name}-${suffix(seed)}`, namespace,
      labels: { ...labels, 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': uid, 'vm.kubevirt.io/name': name },
      annotations: { 'kubectl.kubernetes.io/default-container': 'compute', 'kubevirt.io/domain': name, 'kubevirt.io/migrationTransportUnix': 'true' },
      ownerReferences: [ownerOf(VMIS, vmi)],
    },
    spec: spec as NonNullable<Pod['spec']>,
  })
}
