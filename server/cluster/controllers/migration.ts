import type { Pod } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import type { Condition, KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { hasEnded } from './claimIndexes.ts'
import { isLauncher } from './launcher.ts'
import type { Index, World } from './world.ts'

// What virt-controller and virt-handler tell each other about a migration (kubevirt.io/api core/v1 types.go).

export type MigrationPhase = '' | 'Pending' | 'Scheduling' | 'Scheduled' | 'PreparingTarget' | 'TargetReady' | 'Running' | 'Succeeded' | 'Failed'

export interface Migration extends KubeObject {
  readonly spec: { readonly vmiName?: string, readonly addedNodeSelector?: Readonly<Record<string, string>> }
  readonly status?: {
    readonly phase?: MigrationPhase
    readonly conditions?: readonly Condition[]
    readonly migrationState?: MigrationState
    readonly phaseTransitionTimestamps?: readonly { readonly phase: string, readonly phaseTransitionTimestamp: string }[]
  }
}
export const MIGRATIONS = defineResource<Migration>('kubevirt.io/v1', 'VirtualMachineInstanceMigration', 'virtualmachineinstancemigrations')

export interface MigrationState {
  readonly migrationUid?: string
  readonly sourceNode?: string
  readonly sourcePod?: string
  readonly targetNode?: string
  readonly targetPod?: string
  readonly targetAttachmentPodUID?: string
  readonly targetNodeAddress?: string
  readonly targetDirectMigrationNodePorts?: Readonly<Record<string, number>>
  readonly targetNodeDomainDetected?: boolean
  readonly targetNodeDomainReadyTimestamp?: string
  readonly startTimestamp?: string
  readonly endTimestamp?: string
  readonly mode?: 'PreCopy'
  readonly completed?: boolean
  readonly failed?: boolean
  readonly failureReason?: string
  readonly abortRequested?: boolean
  readonly abortStatus?: 'Aborting' | 'Succeeded'
  readonly migrationConfiguration?: object
}

/** On the target's pod: the uid and the name of its migration. */
export const JOB_LABEL = 'kubevirt.io/migrationJobUID'
export const JOB_ANNOTATION = 'kubevirt.io/migrationJobName'
/** On a VMI: where virt-handler is to prepare for it; and where it runs. */
export const TARGET_NODE_LABEL = 'kubevirt.io/migrationTargetNodeName'
export const NODE_LABEL = 'kubevirt.io/nodeName'

export const MIGRATIONS_BY_VMI: Index<Migration> = { kind: MIGRATIONS, keys: migration => [`${migration.metadata.namespace}/${migration.spec.vmiName}`] }

/** Whether nothing more comes of the object: KubeVirt keeps it for a while. */
export function isFinalMigration({ status }: Migration): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

export function migrationStateOf(vmi: VirtualMachineInstance | undefined): MigrationState | undefined {
  return vmi?.status?.migrationState as MigrationState | undefined
}

/** Whether nothing more comes of it: virt-handler leaves it alone then. */
export function isOver(state: MigrationState): boolean {
  return state.endTimestamp !== undefined && Boolean(state.completed || state.failed)
}

/** Whether the pod's containers run and it stays. */
export function isReady(pod: Pod): boolean {
  const containers = pod.status?.containerStatuses ?? []
  return !hasEnded(pod) && !pod.metadata.deletionTimestamp && containers.length > 0 && containers.every(one => one.state?.running !== undefined)
}

/** The pod that a VMI's guest is in: the newest on the VMI's node, or the newest where it has none yet (kubevirt pkg/controller CurrentVMIPod). */
export function currentPod(vmi: VirtualMachineInstance, world: World): Pod | undefined {
  const node = vmi.status?.nodeName
  return world.owned(PODS, vmi.metadata.uid)
    .filter(pod => isLauncher(pod) && (!node || pod.spec?.nodeName === node))
    .sort((a, b) => a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1)[0]
}

/** Whether a launcher's guest has gone elsewhere, or never came: it ends then by itself. */
export function isLeft(pod: Pod, vmi: VirtualMachineInstance): boolean {
  const state = migrationStateOf(vmi)
  if (!state || pod.spec?.nodeName === vmi.status?.nodeName)
    return false
  return Boolean((state.completed && state.sourcePod === pod.metadata.name) || (state.failed && state.targetPod === pod.metadata.name))
}
