import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { ClaimUsers } from '#volumes/claimUsers.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { BackingImage, LonghornVolume } from './longhorn.ts'
import { CLAIMS } from '#kube/core.ts'
import { blindSpot } from '#kube/seen.ts'
import { IMAGE_ID_ANNOTATION } from '#images/image.ts'
import { indexClaimUsers, usersIn } from '#volumes/claimUsers.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from './longhorn.ts'

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
  /** What could not be looked at: there may be more. Empty where the lists are whole. */
  readonly unseen: readonly Unseen[]
}

export interface DependentsWorld {
  readonly volumes: Seen<LonghornVolume>
  readonly claims: Seen<PersistentVolumeClaim>
  readonly vms: Seen<VirtualMachine>
  readonly vmis: Seen<VirtualMachineInstance>
}

/** Dependents by the name of the BackingImage, and what is unseen for all of them. */
export interface DependentsIndex {
  readonly byImage: ReadonlyMap<string, Omit<Dependents, 'unseen'>>
  readonly unseen: readonly Unseen[]
}

/**
 * What hangs on each BackingImage: Longhorn volumes, the claims bound to them, the VMs that use those. The claim is found
 * by its `volumeName`: Longhorn's own note of it outlives the claim, and the image annotation survives clones.
 */
export function indexDependents(world: DependentsWorld): DependentsIndex {
  const claimOf = new Map(world.claims.objects.flatMap(claim => claim.spec?.volumeName ? [[claim.spec.volumeName, claim] as const] : []))
  const users = indexClaimUsers({ vms: world.vms.objects, vmis: world.vmis.objects, pods: [] })
  const byImage = new Map<string, { volumes: DependentVolume[], vms: VirtualMachine[] }>()
  for (const volume of world.volumes.objects) {
    const { backingImage } = volume.spec
    if (!backingImage)
      continue
    const entry = byImage.get(backingImage) ?? { volumes: [], vms: [] }
    const claim = claimOf.get(volume.metadata.name)
    const found = claim && usersIn(users, claim)
    entry.volumes.push({ volume, ...(claim && { claim }), ...(found && { users: found }) })
    entry.vms.push(...(found?.vms ?? []).filter(vm => !entry.vms.includes(vm)))
    byImage.set(backingImage, entry)
  }
  const spots = [blindSpot(LONGHORN_VOLUMES, world.volumes, LONGHORN_NAMESPACE), blindSpot(CLAIMS, world.claims), blindSpot(VMS, world.vms), blindSpot(VMIS, world.vmis)]
  return { byImage, unseen: spots.filter(spot => spot !== undefined) }
}

/** What hangs on one image. */
export function dependentsOf(image: BackingImage, { byImage, unseen }: DependentsIndex): Dependents {
  const { volumes, vms } = byImage.get(image.metadata.name) ?? { volumes: [], vms: [] }
  return { volumes, vms, unseen }
}

/** Harvester's image behind a BackingImage, as `namespace/name`; undefined for one that Longhorn alone knows. */
export function imageOfBackingImage(image: BackingImage): string | undefined {
  return image.metadata.annotations?.[IMAGE_ID_ANNOTATION]
}
