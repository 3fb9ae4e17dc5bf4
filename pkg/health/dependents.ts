import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { ClaimUsers } from '#volumes/claimUsers.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { BackingImage, LonghornVolume } from './longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { IMAGE_ID_ANNOTATION } from '#images/image.ts'

interface DependentVolume {
  readonly volume: LonghornVolume
  /** The claim that is bound to it now. */
  readonly claim?: PersistentVolumeClaim
  readonly users?: ClaimUsers
}
export interface Dependents {
  readonly volumes: readonly DependentVolume[]
  /** Each once. */
  readonly vms: readonly VirtualMachine[]
}

export interface DependentsWorld {
  readonly longhornVolumes: readonly LonghornVolume[]
  readonly claims: readonly PersistentVolumeClaim[]
  /** From `indexClaimUsers`. */
  readonly users: ReadonlyMap<string, ClaimUsers>
}

const NONE: Dependents = { volumes: [], vms: [] }

/**
 * What hangs on each BackingImage, by its name: Longhorn volumes, the claims bound to them, the VMs that use those. The
 * claim is found by its `volumeName`: Longhorn's own note of it outlives the claim, and the image annotation survives clones.
 */
export function indexDependents(world: DependentsWorld): ReadonlyMap<string, Dependents> {
  const claimOf = new Map(world.claims.flatMap(claim => claim.spec?.volumeName ? [[claim.spec.volumeName, claim] as const] : []))
  const index = new Map<string, { volumes: DependentVolume[], vms: VirtualMachine[] }>()
  for (const volume of world.longhornVolumes) {
    const { backingImage } = volume.spec
    if (!backingImage)
      continue
    const entry = index.get(backingImage) ?? { volumes: [], vms: [] }
    const claim = claimOf.get(volume.metadata.name)
    const users = claim && world.users.get(objectKey(claim))
    entry.volumes.push({ volume, ...(claim && { claim }), ...(users && { users }) })
    entry.vms.push(...(users?.vms ?? []).filter(vm => !entry.vms.includes(vm)))
    index.set(backingImage, entry)
  }
  return index
}

/** What hangs on one image. */
export function dependentsOf(image: BackingImage, index: ReadonlyMap<string, Dependents>): Dependents {
  return index.get(image.metadata.name) ?? NONE
}

/** Harvester's image behind a BackingImage, as `namespace/name`; undefined for one that Longhorn alone knows. */
export function imageOfBackingImage(image: BackingImage): string | undefined {
  return image.metadata.annotations?.[IMAGE_ID_ANNOTATION]
}
