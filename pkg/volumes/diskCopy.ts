import type { VirtualMachineImage } from '#images/image.ts'
import type { StepWorld } from './exportStep.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import { CLONE_TYPE_ANNOTATION } from './dataVolume.ts'
import { mayBeLonghorns } from './exportWorld.ts'

/**
 * How far Longhorn's own copy of a disk is. `none`: it makes none, so that the image has been read once Harvester says so.
 * `unseen`: whether it does may not be looked at. `going-on`: the disk is still needed as it is, whatever Harvester says; `volume`
 * is Longhorn's that is being filled. `over`: it is filled. `failed`: Longhorn has given it up. `gone`: what was to be filled is not there.
 */
export type DiskCopy = { readonly word: 'none' | 'unseen' | 'gone' } | { readonly word: 'going-on' | 'over' | 'failed', readonly volume: string }

/** A clone that Longhorn has filled; what it still does then it does among the replicas (longhorn-manager k8s/pkg/apis/longhorn/v1beta2/volume.go VolumeCloneState). */
const FILLED: readonly string[] = ['copy-completed-awaiting-healthy', 'completed']

/** Whether Longhorn is still filling a volume that is a clone: from 1.10.1 on it detaches one that is filled, and calls it completed only once that was attached and whole again, which may be never (longhorn#12341). */
export function isBeingFilled(volume: LonghornVolume | undefined): boolean {
  const state = volume?.status?.cloneStatus?.state
  return Boolean(state) && !FILLED.includes(state ?? '')
}

/** So many times Longhorn tries (longhorn-manager controller/volume_controller.go maxCloneRetry). */
const LAST_ATTEMPT = 10

/**
 * With the clone strategies `csi-clone` and `snapshot` no pod reads the disk: Longhorn fills the new volume from the old one.
 * Its driver calls the new one created before it has taken a snapshot of the old one (longhorn-manager csi/controller_server.go
 * CreateVolume), CDI the clone done once the claim is bound (containerized-data-importer pkg/controller/clone/csi-clone.go), and
 * Harvester the image imported: a VM that was started then could still write to what is copied.
 */
export function copyOf(image: VirtualMachineImage, { claims, longhornVolumes }: Pick<StepWorld, 'claims' | 'longhornVolumes'>): DiskCopy {
  if (image.spec.backend !== 'cdi' || longhornVolumes.state === 'absent')
    return { word: 'none' }
  // The claim that CDI fills has the image's name (harvester pkg/image/cdi/cdi.go).
  const target = claims.objects.find(claim => objectKey(claim) === objectKey(image))
  if (blindSpot(LONGHORN_VOLUMES, longhornVolumes, LONGHORN_NAMESPACE))
    return { word: target?.metadata.annotations?.[CLONE_TYPE_ANNOTATION] === 'copy' || (target?.spec?.volumeName && !mayBeLonghorns(target)) ? 'none' : 'unseen' }
  if (!target)
    return { word: 'gone' }
  const { volumeName: name = '' } = target.spec ?? {}
  if (name && !mayBeLonghorns(target))
    return { word: 'none' }
  const volume = longhornVolumes.objects.find(candidate => candidate.metadata.name === name)
  // A watch may show that the image is imported before it shows what it was imported to.
  if (!volume)
    return { word: 'going-on', volume: name }
  if (!volume.spec.dataSource)
    return { word: 'none' }
  const { state = '', attemptCount = 0 } = volume.status?.cloneStatus ?? {}
  return { word: FILLED.includes(state) ? 'over' : state === 'failed' && attemptCount >= LAST_ATTEMPT ? 'failed' : 'going-on', volume: name }
}
