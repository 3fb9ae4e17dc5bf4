import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { ImageBackend, VirtualMachineImage } from '#images/image.ts'
import type { ImageFormReason } from '#images/imageForm.ts'
import { checkImageName } from '#images/imageForm.ts'
import { dataEngineOf, imageBackendOf, isClonedAcrossEngines, isReservedClass } from '#images/storageClass.ts'
import { LONGEST_DESCRIPTION } from './exportIntentText.ts'
import { isGolden, isResizing } from './volume.ts'

export interface ExportTarget {
  readonly claim: PersistentVolumeClaim
  /** The claim's class, undefined where it is gone. */
  readonly sourceClass: StorageClass | undefined
  readonly targetClass: StorageClass | undefined
  /** Where the image shall be. */
  readonly namespace: string
  readonly displayName: string
  readonly description: string
  readonly images: readonly VirtualMachineImage[]
  /** The claim's own, where it may be read and is Longhorn's. */
  readonly longhornVolume?: LonghornVolume
}

type ExportTargetReason
  = | ImageFormReason
    | { readonly code: 'claim-not-bound' | 'golden' | 'claim-deleting' | 'claim-resizing' | 'faulted' | 'encrypted' | 'reserved-class' | 'cdi-to-v1' | 'cloned-across-engines' | 'source-class-gone' }
    | { readonly code: 'namespace-must-match', readonly namespace: string }
    | { readonly code: 'description-too-long', readonly longest: number }

export interface ExportTargetJudgement {
  /** What will make the image; undefined without a class. */
  readonly backend?: ImageBackend
  /** What Harvester would refuse, or accept and then fail at, or what is no room for, by field. */
  readonly problems: Partial<Record<'claim' | 'storageClass' | 'namespace' | 'name' | 'description', ExportTargetReason>>
}

/**
 * Whether the volume can become that image. Longhorn v1 to v1 makes a BackingImage; anything else goes through CDI, which
 * reads the claim in the image's namespace whatever `pvcNamespace` says (harvester pkg/image/cdi/common.go:81); from CDI
 * there is no way back to v1 (pkg/api/volume/handler.go:128).
 */
export function judgeExportTarget(target: ExportTarget): ExportTargetJudgement {
  const { claim, targetClass, namespace } = target
  const backend = targetClass && imageBackendOf(targetClass)
  const problems: ExportTargetJudgement['problems'] = {}
  const onClaim = checkClaim(target)
  if (onClaim)
    problems.claim = onClaim
  const onClass = checkClass(target)
  if (onClass)
    problems.storageClass = onClass
  if (!namespace)
    problems.namespace = { code: 'required' }
  else if (backend === 'cdi' && namespace !== claim.metadata.namespace)
    problems.namespace = { code: 'namespace-must-match', namespace: claim.metadata.namespace ?? '' }
  const onName = checkImageName(target.displayName, namespace, target.images)
  if (onName)
    problems.name = onName
  if ([...target.description].length > LONGEST_DESCRIPTION)
    problems.description = { code: 'description-too-long', longest: LONGEST_DESCRIPTION }
  return { ...(backend && { backend }), problems }
}

/** Whether a disk can be copied while it is written to: CDI waits for it to be free, however long; only Longhorn v1 does not. */
export function isCopiedWhileInUse(sourceClass: StorageClass | undefined, targetClass: StorageClass): boolean {
  return imageBackendOf(targetClass) === 'backingimage' && sourceClass !== undefined && dataEngineOf(sourceClass) === 'v1'
}

function checkClaim({ claim, sourceClass, longhornVolume }: ExportTarget): ExportTargetReason | undefined {
  if (claim.metadata.deletionTimestamp)
    return { code: 'claim-deleting' }
  if (isGolden(claim))
    return { code: 'golden' }
  if (claim.status?.phase !== 'Bound')
    return { code: 'claim-not-bound' }
  if (isResizing(claim))
    return { code: 'claim-resizing' }
  // Longhorn's webhook refuses the image's copy, and Harvester's image ends as failed (longhorn-manager webhook/resources/backingimage/validator.go).
  if (longhornVolume?.status?.robustness === 'faulted')
    return { code: 'faulted' }
  return sourceClass?.parameters?.encrypted === 'true' ? { code: 'encrypted' } : undefined
}

function checkClass({ sourceClass, targetClass }: ExportTarget): ExportTargetReason | undefined {
  if (!targetClass)
    return { code: 'required' }
  if (targetClass.parameters?.backingImage)
    return { code: 'image-class' }
  if (isReservedClass(targetClass))
    return { code: 'reserved-class' }
  if (imageBackendOf(targetClass) === 'cdi')
    return sourceClass && isClonedAcrossEngines(sourceClass, targetClass) ? { code: 'cloned-across-engines' } : undefined
  if (!sourceClass)
    return { code: 'source-class-gone' }
  return imageBackendOf(sourceClass) === 'cdi' ? { code: 'cdi-to-v1' } : undefined
}
