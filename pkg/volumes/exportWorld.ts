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
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { LONGHORN_DRIVER } from '#images/storageClass.ts'
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
  /** Longhorn fills, copies and enlarges a volume with no other trace in the cluster, and one that was attached by hand has no VolumeAttachment. */
  readonly longhornVolumes: Seen<LonghornVolume>
  /** The claims around it: whether an export that a VM's note names is still under way. Without them it counts as such. */
  readonly claims?: Seen<PersistentVolumeClaim>
  /** Nodes where the disk was last used, as remembered: an instance that is gone no longer says it. */
  readonly lastNodes?: readonly string[]
  /** `namespace/name` of the image that this very export makes: its own work does not stand in its way. */
  readonly ownImage?: string
}

/** Where the claim's driver is noted for it to provision the volume (kubernetes pkg/controller/volume/persistentvolume/pv_controller.go). */
const PROVISIONERS = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner']

/** Whether Longhorn may have the claim's volume: one that is there, and that no other driver was asked for. */
export function mayBeLonghorns({ metadata: { annotations }, spec }: PersistentVolumeClaim): boolean {
  const driver = PROVISIONERS.map(name => annotations?.[name]).find(value => value !== undefined) ?? LONGHORN_DRIVER
  return spec?.volumeName !== undefined && driver === LONGHORN_DRIVER
}

/**
 * What of the world cannot be relied on. Work on the disk is looked for in the claim's namespace alone, and an add-on that
 * is not installed does none. Longhorn has its volumes in a namespace of its own, and none of another driver's.
 */
export function unseenOf({ claim, vms, vmis, pods, attachments, nodes, images, dataVolumes, snapshots, backups, restores, vmExports, longhornVolumes }: ExportWorld): Unseen[] {
  const { namespace } = claim.metadata
  const holders = [blindSpot(VMS, vms, namespace), blindSpot(VMIS, vmis, namespace), blindSpot(PODS, pods, namespace), blindSpot(VOLUME_ATTACHMENTS, attachments), blindSpot(NODES, nodes)]
  const work = [blindSpot(IMAGES, images, namespace), blindSpot(DATA_VOLUMES, dataVolumes, namespace), blindSpot(VOLUME_SNAPSHOTS, snapshots, namespace), blindSpot(VM_BACKUPS, backups, namespace), blindSpot(VM_RESTORES, restores, namespace), blindSpot(VM_EXPORTS, vmExports, namespace)]
  const volume = mayBeLonghorns(claim) ? blindSpot(LONGHORN_VOLUMES, longhornVolumes, LONGHORN_NAMESPACE) : undefined
  return [...holders, ...[...work, volume].filter(spot => spot?.state !== 'absent')].filter(spot => spot !== undefined)
}
