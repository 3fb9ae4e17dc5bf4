import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { DataEngine, LonghornVolume } from '#health/longhorn.ts'
import type { ClaimUsers } from './claimUsers.ts'
import { findCondition } from '#kube/object.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { IMAGE_ID_ANNOTATION } from '#images/image.ts'
import { dataEngineOf } from '#images/storageClass.ts'
import { isFinal } from '#vms/powerState.ts'
import { isHolding } from './claimUsers.ts'

/** `unknown`: nothing bad is seen, and not all of what could be bad can be. */
export type VolumeWord = 'unknown' | 'deleting' | 'lost' | 'pending' | 'faulted' | 'degraded' | 'resizing' | 'in-use' | 'ready'

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

/** What is known around a claim. */
export interface VolumeWorld {
  readonly users: ClaimUsers
  /** Whether instances and pods can be seen: without them nobody knows that nothing holds the disk. */
  readonly holders: 'seen' | 'blind'
  readonly storageClass: StorageClass | undefined
  /** The one named by `spec.volumeName`. */
  readonly longhorn: LonghornVolume | undefined | 'blind'
}

/** Bytes: what the disk has, or what was asked for. */
export function sizeOf({ spec, status }: PersistentVolumeClaim): number | undefined {
  return parseQuantity(status?.capacity?.storage) ?? parseQuantity(spec?.resources?.requests?.storage)
}

/** What a volume's row says. */
export function volumeFacts(claim: PersistentVolumeClaim, world: VolumeWorld): VolumeFacts {
  const { storageClass } = world
  const annotations = claim.metadata.annotations ?? {}
  const size = sizeOf(claim)
  const dataEngine = storageClass && dataEngineOf(storageClass)
  const image = annotations[IMAGE_ID_ANNOTATION]
  return {
    word: volumeWord(claim, world),
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

function volumeWord(claim: PersistentVolumeClaim, { users, holders, storageClass, longhorn }: VolumeWorld): VolumeWord {
  if (claim.metadata.deletionTimestamp)
    return 'deleting'
  if (claim.status?.phase === 'Lost')
    return 'lost'
  if (claim.status?.phase !== 'Bound')
    return 'pending'
  const robustness = longhorn === 'blind' ? undefined : longhorn?.status?.robustness
  if (robustness === 'faulted' || robustness === 'degraded')
    return robustness
  if (isResizing(claim))
    return 'resizing'
  // A class that is gone or not seen may have been Longhorn's.
  if (longhorn === 'blind' && (!storageClass || dataEngineOf(storageClass)))
    return 'unknown'
  if (users.vmis.some(vmi => !isFinal(vmi)) || users.pods.some(isHolding))
    return 'in-use'
  return holders === 'seen' ? 'ready' : 'unknown'
}

/** Whether the claim is being made larger: Harvester refuses to export it meanwhile (pkg/api/volume/formatter.go). */
export function isResizing(claim: PersistentVolumeClaim): boolean {
  return ['Resizing', 'FileSystemResizePending'].some(type => findCondition(claim.status?.conditions, type)?.status === 'True')
}
