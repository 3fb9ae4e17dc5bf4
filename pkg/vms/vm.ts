import type { Condition, KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

// Source: kubevirt.io/api core/v1 types.go (1.8).

export type RunStrategy = 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once' | 'WaitAsReceiver'

export interface VmVolume {
  readonly name: string
  readonly persistentVolumeClaim?: { readonly claimName: string, readonly hotpluggable?: boolean }
  readonly dataVolume?: { readonly name: string, readonly hotpluggable?: boolean }
  readonly ephemeral?: { readonly persistentVolumeClaim?: { readonly claimName: string } }
  readonly memoryDump?: { readonly claimName: string }
  readonly containerDisk?: { readonly image: string }
  readonly cloudInitNoCloud?: object
}

export interface VmiSpec {
  readonly terminationGracePeriodSeconds?: number
  readonly evictionStrategy?: string
  readonly hostname?: string
  readonly domain?: {
    readonly cpu?: { readonly cores?: number, readonly sockets?: number, readonly threads?: number }
    readonly memory?: { readonly guest?: string }
    readonly resources?: { readonly limits?: Readonly<Record<string, string>>, readonly requests?: Readonly<Record<string, string>> }
    readonly features?: { readonly acpi?: { readonly enabled?: boolean } }
    readonly machine?: { readonly type?: string }
    readonly firmware?: { readonly uuid?: string, readonly bootloader?: { readonly efi?: { readonly persistent?: boolean } } }
    readonly devices?: { readonly tpm?: { readonly persistent?: boolean }, readonly inputs?: readonly object[], readonly disks?: readonly { readonly name: string, readonly bootOrder?: number, readonly shareable?: boolean, readonly disk?: object, readonly cdrom?: object }[], readonly interfaces?: readonly object[] }
  }
  readonly networks?: readonly object[]
  readonly affinity?: object
  readonly volumes?: readonly VmVolume[]
  readonly utilityVolumes?: readonly { readonly name: string, readonly claimName: string }[]
}

export interface VirtualMachine extends KubeObject {
  readonly spec: {
    readonly runStrategy?: RunStrategy
    /** Deprecated by KubeVirt and exclusive with runStrategy: true is Always, false is Halted. */
    readonly running?: boolean
    readonly template: { readonly metadata?: object, readonly spec: VmiSpec }
    readonly dataVolumeTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  }
  readonly status?: {
    readonly printableStatus?: string
    readonly created?: boolean
    readonly ready?: boolean
    readonly runStrategy?: RunStrategy
    readonly conditions?: readonly Condition[]
    readonly stateChangeRequests?: readonly { readonly action: 'Start' | 'Stop', readonly uid?: string }[]
    readonly startFailure?: { readonly consecutiveFailCount?: number, readonly retryAfterTimestamp?: string }
    readonly snapshotInProgress?: string
    readonly restoreInProgress?: string
    readonly memoryDumpRequest?: { readonly claimName: string, readonly phase?: string }
    readonly volumeUpdateState?: object
  }
}
export const VMS = defineResource<VirtualMachine>('kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')

export type VmiPhase = '' | 'Pending' | 'Scheduling' | 'Scheduled' | 'Running' | 'Succeeded' | 'Failed' | 'WaitingForSync' | 'Unknown'

export interface VirtualMachineInstance extends KubeObject {
  readonly spec: VmiSpec
  readonly status?: {
    readonly phase?: VmiPhase
    readonly reason?: string
    readonly nodeName?: string
    /** The node that it is asked to leave, until it has left it. */
    readonly evacuationNodeName?: string
    readonly conditions?: readonly Condition[]
    readonly activePods?: Readonly<Record<string, string>>
    readonly interfaces?: readonly { readonly ipAddress?: string, readonly name?: string }[]
    readonly volumeStatus?: readonly { readonly name: string, readonly target?: string, readonly phase?: string, readonly persistentVolumeClaimInfo?: { readonly claimName?: string } }[]
    readonly migrationState?: { readonly startTimestamp?: string, readonly endTimestamp?: string, readonly completed?: boolean, readonly failed?: boolean, readonly sourceNode?: string, readonly targetNode?: string }
    readonly phaseTransitionTimestamps?: readonly { readonly phase: string, readonly phaseTransitionTimestamp: string }[]
  }
}
export const VMIS = defineResource<VirtualMachineInstance>('kubevirt.io/v1', 'VirtualMachineInstance', 'virtualmachineinstances')

/** Claims that Harvester's VM controller makes for a VM, as a JSON array. Source: harvester pkg/util/constants.go. */
export const CLAIM_TEMPLATES_ANNOTATION = 'harvesterhci.io/volumeClaimTemplates'
/** Where Harvester remembers the run strategy from before a stop. Source: harvester pkg/controller/master/virtualmachine/vm_controller.go. */
export const RUN_STRATEGY_ANNOTATION = 'harvesterhci.io/vmRunStrategy'

/** KubeVirt's own, where an instance says nothing (kubevirt.io/api core/v1 types.go DefaultGracePeriodSeconds). Harvester's mutator writes 120 on VMs that come through it. */
export const DEFAULT_GRACE_SECONDS = 30

/** Seconds that the guest has to shut down before KubeVirt cuts its power: the instance's own word while there is one, else the VM's for the next. */
export function graceSecondsOf(vm: VirtualMachine, vmi?: VirtualMachineInstance): number {
  return (vmi ?? vm.spec.template).spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
}

/** The run strategy that counts, whichever of the two fields says it. */
export function effectiveRunStrategy(vm: VirtualMachine): RunStrategy {
  if (vm.spec.runStrategy)
    return vm.spec.runStrategy
  return vm.spec.running ? 'Always' : 'Halted'
}
/** The aggregated API that acts on VMs: `start`, `stop`, `restart` (kubevirt pkg/virt-api/api.go). It serves no objects. */
export const VM_SUBRESOURCES = defineResource('subresources.kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')

/** The claims that the VM's disks live on, from its own spec. Source: kubevirt pkg/storage/types/pvc.go. */
export function claimNamesOf(vm: VirtualMachine): string[] {
  const names = (vm.spec.template.spec.volumes ?? []).map(volume => volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName)
  return [...new Set(names.filter(name => name !== undefined))]
}

/** Where a disk of the VM is exported: at its only one, or at the choice of one. Below the cluster. */
export function exportPathOf(vm: VirtualMachine): string {
  const { namespace, name } = vm.metadata
  const [only, ...others] = claimNamesOf(vm)
  return only && !others.length ? `/volumes/${namespace}/${only}/export` : `/exports/create?vm=${namespace}/${name}`
}
