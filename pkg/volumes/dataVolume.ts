import type { Condition, KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import { defineResource } from '#kube/resource.ts'

// Source: kubevirt/containerized-data-importer staging/src/kubevirt.io/containerized-data-importer-api core/v1beta1.

export interface DataVolume extends KubeObject {
  readonly spec: {
    readonly source?: { readonly http?: { readonly url: string }, readonly pvc?: { readonly namespace: string, readonly name: string }, readonly upload?: object, readonly blank?: object }
    readonly storage?: { readonly storageClassName?: string, readonly resources?: { readonly requests?: { readonly storage?: string } }, readonly accessModes?: readonly string[], readonly volumeMode?: string }
    readonly pvc?: object
  }
  readonly status?: { readonly phase?: string, readonly progress?: string, readonly restartCount?: number, readonly claimName?: string, readonly conditions?: readonly Condition[] }
}
/** The data volume that CDI fills for an image: it has the image's name. Undefined where there is none, or none is seen (harvester pkg/image/cdi/common.go). */
export function dataVolumeOf(image: KubeObject, dataVolumes: Pick<Seen<DataVolume>, 'objects'> | undefined): DataVolume | undefined {
  return dataVolumes?.objects.find(candidate => candidate.metadata.namespace === image.metadata.namespace && candidate.metadata.name === image.metadata.name)
}

export const DATA_VOLUMES = defineResource<DataVolume>('cdi.kubevirt.io/v1beta1', 'DataVolume', 'datavolumes')

/** On a claim that CDI fills from another: by which strategy, `copy`, `snapshot` or `csi-clone` (containerized-data-importer pkg/controller/common/util.go AnnCloneType). */
export const CLONE_TYPE_ANNOTATION = 'cdi.kubevirt.io/cloneType'
