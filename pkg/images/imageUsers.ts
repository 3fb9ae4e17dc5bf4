import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { ClaimUsers } from '#volumes/claimUsers.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import type { VirtualMachineImage } from './image.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import { blindSpot } from '#kube/seen.ts'
import { indexClaimUsers, usersIn } from '#volumes/claimUsers.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { CLAIM_TEMPLATES_ANNOTATION, VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { IMAGE_ID_ANNOTATION } from './image.ts'

// Source: harvester/harvester pkg/apis/harvesterhci.io/v1beta1/template.go.

export interface TemplateVersion extends KubeObject {
  readonly spec: { readonly templateId?: string, readonly imageId?: string, readonly vm?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } } }
  readonly status?: { readonly version?: number }
}
export const TEMPLATE_VERSIONS = defineResource<TemplateVersion>('harvesterhci.io/v1beta1', 'VirtualMachineTemplateVersion', 'virtualmachinetemplateversions')

interface UsingVolume {
  readonly claim: PersistentVolumeClaim
  readonly users: ClaimUsers
  /** CDI copies the image into the volume: `copied` lives on without it, `copying` does not yet. A volume of Longhorn v1 is `layered` on it for good. */
  readonly bond: 'layered' | 'copying' | 'copied'
}

export interface ImageUsers {
  readonly volumes: readonly UsingVolume[]
  /** To get a volume of it at their start, which is not there yet. */
  readonly awaiting: readonly VirtualMachine[]
  /** Whose VMs would boot from it. */
  readonly templates: readonly TemplateVersion[]
  /** Those that made the image of their own and own it. */
  readonly owners: readonly TemplateVersion[]
  readonly backups: readonly VmBackup[]
  /** What could not be looked at: there may be more. Empty where the lists are whole. */
  readonly unseen: readonly Unseen[]
}

export interface ImageUsersWorld {
  readonly claims: Seen<PersistentVolumeClaim>
  readonly dataVolumes: Seen<DataVolume>
  readonly vms: Seen<VirtualMachine>
  readonly vmis: Seen<VirtualMachineInstance>
  readonly templateVersions: Seen<TemplateVersion>
  readonly backups: Seen<VmBackup>
}

interface ClaimTemplate { readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> | null } }

/** Whether claims are to be made from the image: Harvester keeps them as JSON on the VM, and on the VM inside of a template. */
function isToBeMadeFrom(key: string, annotations: Readonly<Record<string, string>> | undefined): boolean {
  try {
    const read: unknown = JSON.parse(annotations?.[CLAIM_TEMPLATES_ANNOTATION] ?? '[]')
    return Array.isArray(read) && (read as (ClaimTemplate | null)[]).some(entry => entry?.metadata?.annotations?.[IMAGE_ID_ANNOTATION] === key)
  }
  catch {
    return false
  }
}

/**
 * Everything that hangs on an image. Volumes of Longhorn v1 are told by their class, which is the image's own, as Harvester
 * does (pkg/image/common/validator.go PVCOccupation); those that CDI copies by their DataVolume's source.
 */
export function usersOfImage(image: VirtualMachineImage, world: ImageUsersWorld): ImageUsers {
  const key = objectKey(image)
  const index = indexClaimUsers({ vms: world.vms.objects, vmis: world.vmis.objects, pods: [] })
  const volumes = volumesOf(image, world).map(found => ({ ...found, users: usersIn(index, found.claim) }))
  const placed = new Set(volumes.flatMap(({ users }) => users.vms))
  const owners = world.templateVersions.objects.filter(version => isOwner(version, image))
  const spots = [
    blindSpot(CLAIMS, world.claims), ...(image.spec.backend === 'cdi' ? [blindSpot(DATA_VOLUMES, world.dataVolumes)] : []),
    blindSpot(VMS, world.vms), blindSpot(VMIS, world.vmis), blindSpot(TEMPLATE_VERSIONS, world.templateVersions), blindSpot(VM_BACKUPS, world.backups),
  ]
  return {
    volumes,
    awaiting: world.vms.objects.filter(vm => !placed.has(vm) && isToBeMadeFrom(key, vm.metadata.annotations)),
    templates: world.templateVersions.objects.filter(({ spec, ...version }) => spec.imageId === key || isOwner(version, image) || isToBeMadeFrom(key, spec.vm?.metadata?.annotations)),
    owners,
    backups: world.backups.objects.filter(backup => isBackupOf(backup, image)),
    unseen: spots.filter(spot => spot !== undefined),
  }
}

function volumesOf(image: VirtualMachineImage, { claims, dataVolumes }: ImageUsersWorld): Omit<UsingVolume, 'users'>[] {
  if (image.spec.backend !== 'cdi')
    return claims.objects.filter(claim => isOfClass(claim, image)).map(claim => ({ claim, bond: 'layered' }))
  const key = objectKey(image)
  const copying = new Map(dataVolumes.objects.filter(({ spec, metadata }) => `${spec.source?.pvc?.namespace ?? metadata.namespace}/${spec.source?.pvc?.name}` === key).map(volume => [objectKey(volume), volume.status?.phase === 'Succeeded']))
  return claims.objects
    .filter(claim => objectKey(claim) !== key && (copying.has(objectKey(claim)) || claim.metadata.annotations?.[IMAGE_ID_ANNOTATION] === key))
    .map(claim => ({ claim, bond: copying.get(objectKey(claim)) === false ? 'copying' : 'copied' }))
}

function isOfClass({ spec }: PersistentVolumeClaim, { status }: VirtualMachineImage): boolean {
  return Boolean(status?.storageClassName) && spec?.storageClassName === status?.storageClassName
}

function isOwner({ metadata }: Pick<TemplateVersion, 'metadata'>, image: VirtualMachineImage): boolean {
  return metadata.namespace === image.metadata.namespace && (image.metadata.ownerReferences ?? []).some(({ kind, name }) => kind === TEMPLATE_VERSIONS.kind && name === metadata.name)
}

function isBackupOf({ status }: VmBackup, image: VirtualMachineImage): boolean {
  return Boolean(image.status?.storageClassName) && (status?.volumeBackups ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim?.spec?.storageClassName === image.status?.storageClassName)
}

/** What Harvester looks at before it lets an image go. */
export interface RemovalWorld {
  readonly templateVersions: readonly TemplateVersion[]
  readonly claims: readonly PersistentVolumeClaim[]
  readonly backups: readonly VmBackup[]
}

/**
 * Why Harvester refuses to delete the image, in its own words; undefined where it does not. An image of CDI, or without a class,
 * it lets go unasked. Source: harvester pkg/image/backingimage/validate.go Delete, pkg/image/common/validator.go.
 */
export function refusalOfRemoval(image: VirtualMachineImage, { templateVersions, claims, backups }: RemovalWorld): string | undefined {
  if (image.spec.backend === 'cdi' || !image.status?.storageClassName)
    return undefined
  const owner = templateVersions.find(version => isOwner(version, image))
  const claim = claims.find(candidate => isOfClass(candidate, image))
  const backed = backups.filter(backup => isBackupOf(backup, image))
  const user = owner
    ? `VMTemplateVersion ${owner.metadata.name}`
    : claim ? `volume ${objectKey(claim)}` : backed.length ? `VMBackups ${backed.map(objectKey).join(',')}` : undefined
  return user && `Cannot delete image ${image.metadata.namespace}/${image.spec.displayName}: being used by ${user}`
}
