import type { Node, PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { VmBackup, VmRestore } from '#vms/vmBackup.ts'
import type { VmExport } from '#vms/vmExport.ts'
import type { DataVolume } from './dataVolume.ts'
import type { VolumeSnapshot } from './volumeSnapshot.ts'
import { NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { blindSpot } from '#kube/seen.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS, VM_RESTORES } from '#vms/vmBackup.ts'
import { VM_EXPORTS } from '#vms/vmExport.ts'
import { DATA_VOLUMES } from './dataVolume.ts'
import { VOLUME_SNAPSHOTS } from './volumeSnapshot.ts'

/**
 * All that is known around one claim. Each collection says how well it is seen. Migrations are not in it: one needs an
 * instance that runs, which is a holder itself.
 */
export interface ExportWorld {
  readonly claim: PersistentVolumeClaim
  readonly vms: Seen<VirtualMachine>
  readonly vmis: Seen<VirtualMachineInstance>
  readonly pods: Seen<Pod>
  readonly attachments: Seen<VolumeAttachment>
  readonly nodes: Seen<Node>
  readonly images: Seen<VirtualMachineImage>
  readonly dataVolumes: Seen<DataVolume>
  readonly snapshots: Seen<VolumeSnapshot>
  readonly backups: Seen<VmBackup>
  readonly restores: Seen<VmRestore>
  readonly vmExports: Seen<VmExport>
  /** Where they may be read they add to the picture. No verdict needs them: few may read them, and a volume that Longhorn has attached to a VM's node has a VolumeAttachment. */
  readonly longhornVolumes?: Seen<LonghornVolume>
  /** The claims around it: whether an export that a VM's note names is still under way. Without them it counts as such. */
  readonly claims?: Seen<PersistentVolumeClaim>
  /** Nodes where the disk was last used, as remembered: an instance that is gone no longer says it. */
  readonly lastNodes?: readonly string[]
  /** `namespace/name` of the image that this very export makes: its own work does not stand in its way. */
  readonly ownImage?: string
}

/**
 * What of the world cannot be relied on. Work on the disk is looked for in the claim's namespace alone, and an add-on that
 * is not installed does none.
 */
export function unseenOf({ claim, vms, vmis, pods, attachments, nodes, images, dataVolumes, snapshots, backups, restores, vmExports }: ExportWorld): Unseen[] {
  const { namespace } = claim.metadata
  const holders = [blindSpot(VMS, vms, namespace), blindSpot(VMIS, vmis, namespace), blindSpot(PODS, pods, namespace), blindSpot(VOLUME_ATTACHMENTS, attachments), blindSpot(NODES, nodes)]
  const work = [blindSpot(IMAGES, images, namespace), blindSpot(DATA_VOLUMES, dataVolumes, namespace), blindSpot(VOLUME_SNAPSHOTS, snapshots, namespace), blindSpot(VM_BACKUPS, backups, namespace), blindSpot(VM_RESTORES, restores, namespace), blindSpot(VM_EXPORTS, vmExports, namespace)]
  return [...holders, ...work.filter(spot => spot?.state !== 'absent')].filter(spot => spot !== undefined)
}
