import type { CopiesWorld } from '#health/copies.ts'
import type { BackingImage } from '#health/longhorn.ts'
import type { Seen } from '#kube/seen.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageKeepers, Known } from './imageState.ts'
import { copiesOf } from '#health/copies.ts'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { blindSpot } from '#kube/seen.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { IMAGE_ID_ANNOTATION } from './image.ts'

/** What images are kept by, as far as it is seen. */
export interface KeepersWorld {
  readonly backingImages: Seen<BackingImage>
  readonly dataVolumes: Seen<DataVolume>
}

export interface FoundKeepers extends ImageKeepers { readonly backingImage?: BackingImage }

const UNSEEN: Seen<never> = { objects: [], state: 'loading', unread: true }
/** Longhorn's own word on each copy, without a look at its node and manager. */
const NO_HOSTS: CopiesWorld = { nodes: UNSEEN, managers: UNSEEN, dataSources: UNSEEN, replicas: UNSEEN }

/** Finds what keeps each of many images: the BackingImage that names it, or the DataVolume of its name. */
export function indexKeepers({ backingImages, dataVolumes }: KeepersWorld): (image: VirtualMachineImage) => FoundKeepers {
  const named = new Map<string, BackingImage[]>()
  for (const backing of backingImages.objects) {
    const key = backing.metadata.annotations?.[IMAGE_ID_ANNOTATION]
    if (key)
      named.set(key, [...named.get(key) ?? [], backing])
  }
  const volumes = new Map(dataVolumes.objects.map(volume => [objectKey(volume), volume]))
  return image => {
    if (image.spec.backend === 'cdi')
      return { dataVolume: known(volumes.get(objectKey(image)), blindSpot(DATA_VOLUMES, dataVolumes, image.metadata.namespace)) }
    const backing = ownOf(image, named.get(objectKey(image)) ?? [])
    const copies = backing && { copies: copiesOf(backing, NO_HOSTS), desired: Math.max(1, backing.spec.minNumberOfCopies ?? 1) }
    return { copies: known(copies, blindSpot(BACKING_IMAGES, backingImages, LONGHORN_NAMESPACE)), ...(backing && { backingImage: backing }) }
  }
}

function known<T>(object: T | undefined, unseen: Known<T>['unseen']): Known<T> {
  return { ...(object && { object }), ...(unseen && { unseen }) }
}

/**
 * `vmi-<uid>`; an older one, or one that was restored, has another name. One of another uid is a predecessor's, which
 * had the name before (harvester pkg/util/image.go:22).
 */
function ownOf({ metadata, spec }: VirtualMachineImage, candidates: readonly BackingImage[]): BackingImage | undefined {
  return candidates.find(({ metadata: { name } }) => name === `vmi-${metadata.uid}`)
    ?? candidates.find(({ metadata: { name } }) => spec.sourceType === 'restore' || !name.startsWith('vmi-'))
}
