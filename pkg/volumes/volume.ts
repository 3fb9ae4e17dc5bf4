import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { DataEngine, LonghornVolume } from '#health/longhorn.ts'
import type { ClaimUsers } from './claimUsers.ts'
import { findCondition } from '#kube/object.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { IMAGE_ID_ANNOTATION } from '#images/image.ts'
import { dataEngineOf } from '#images/storageClass.ts'
import { isFinal } from '#vms/powerState.ts'
import { isHolding } from './claimUsers.ts'

export type VolumeWord = 'deleting' | 'lost' | 'pending' | 'faulted' | 'degraded' | 'resizing' | 'in-use' | 'ready'

export interface VolumeFacts {
  readonly word: VolumeWord
  /** Bytes: what the disk has, or what was asked for. */
  readonly size?: number
  readonly storageClass?: string
  /** Longhorn's engine; undefined for other provisioners and for a class that is gone. */
  readonly dataEngine?: DataEngine
  /** The image it was made from, `namespace/name`. */
  readonly image?: string
  /** The claim holds an image of the CDI backend and is not for VMs to use (harvester pkg/webhook/resources/persistentvolumeclaim). */
  readonly golden: boolean
}

/** What a volume's row says. `longhornVolume` is the one named by `spec.volumeName`, where it may be read. */
export function volumeFacts(claim: PersistentVolumeClaim, users: ClaimUsers, storageClass: StorageClass | undefined, longhornVolume?: LonghornVolume): VolumeFacts {
  const annotations = claim.metadata.annotations ?? {}
  const size = parseQuantity(claim.status?.capacity?.storage) ?? parseQuantity(claim.spec?.resources?.requests?.storage)
  const dataEngine = storageClass && dataEngineOf(storageClass)
  const image = annotations[IMAGE_ID_ANNOTATION]
  return {
    word: volumeWord(claim, users, longhornVolume),
    ...(size !== undefined && { size }),
    ...(claim.spec?.storageClassName && { storageClass: claim.spec.storageClassName }),
    ...(dataEngine && { dataEngine }),
    ...(image && { image }),
    golden: isGolden(claim),
  }
}

/** Whether the claim holds an image of the CDI backend (harvester pkg/webhook/resources/persistentvolumeclaim/mutator.go). */
export function isGolden(claim: PersistentVolumeClaim): boolean {
  return claim.metadata.annotations?.['harvesterhci.io/goldenImage'] === 'true'
}

function volumeWord(claim: PersistentVolumeClaim, users: ClaimUsers, longhornVolume: LonghornVolume | undefined): VolumeWord {
  if (claim.metadata.deletionTimestamp)
    return 'deleting'
  if (claim.status?.phase === 'Lost')
    return 'lost'
  if (claim.status?.phase !== 'Bound')
    return 'pending'
  const robustness = longhornVolume?.status?.robustness
  if (robustness === 'faulted' || robustness === 'degraded')
    return robustness
  if (isResizing(claim))
    return 'resizing'
  return users.vmis.some(vmi => !isFinal(vmi)) || users.pods.some(isHolding) ? 'in-use' : 'ready'
}

/** Whether the claim is being made larger: Harvester refuses to export it meanwhile (pkg/api/volume/formatter.go). */
export function isResizing(claim: PersistentVolumeClaim): boolean {
  return ['Resizing', 'FileSystemResizePending'].some(type => findCondition(claim.status?.conditions, type)?.status === 'True')
}
