import type { StorageClass } from '#kube/core.ts'
import type { ImageBackend } from './image.ts'

/** Longhorn's driver, which provisions its volumes and attaches them. */
export const LONGHORN_DRIVER = 'driver.longhorn.io'

/** Which engine of Longhorn a class provisions on, or undefined for another provisioner. An absent parameter means v1 (facts: harvester pkg/util). */
export function dataEngineOf(storageClass: StorageClass): 'v1' | 'v2' | undefined {
  if (storageClass.provisioner !== LONGHORN_DRIVER)
    return undefined
  return storageClass.parameters?.dataEngine === 'v2' ? 'v2' : 'v1'
}

/** The image backend that follows from the class: BackingImage for Longhorn v1, CDI for everything else (harvester pkg/api/volume/handler.go:550). */
export function imageBackendOf(storageClass: StorageClass): ImageBackend {
  return dataEngineOf(storageClass) === 'v1' ? 'backingimage' : 'cdi'
}

/** On a class: how CDI shall clone into it, which Harvester writes into the class's StorageProfile: `csi-clone` on its own of Longhorn v2 (harvester pkg/webhook/resources/storageclass/mutator.go). */
const CLONE_STRATEGY_ANNOTATION = 'cdi.harvesterhci.io/storageProfileCloneStrategy'

/** Whether CDI would have Longhorn clone a disk of the first class into one of the second, of the other engine: Longhorn refuses it, again and again (longhorn-manager webhook/resources/volume/validator.go verifyVolumeDataSource). */
export function isClonedAcrossEngines(from: StorageClass, into: StorageClass): boolean {
  const [source, target] = [dataEngineOf(from), dataEngineOf(into)]
  return source !== undefined && target !== undefined && source !== target && into.metadata.annotations?.[CLONE_STRATEGY_ANNOTATION] === 'csi-clone'
}

/** Whether the class is the cluster's default (annotation of kubernetes/kubernetes pkg/volume/util). */
export function isDefaultClass(storageClass: StorageClass): boolean {
  return storageClass.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
}

/** Harvester's internal classes, in which it takes neither images nor volumes (harvester pkg/util/constants.go). */
const RESERVED = ['longhorn-static', 'vmstate-persistence']

/** Whether the class is Harvester's own, for what it keeps itself. */
export function isReservedClass({ metadata }: Pick<StorageClass, 'metadata'>): boolean {
  return RESERVED.includes(metadata.name)
}
