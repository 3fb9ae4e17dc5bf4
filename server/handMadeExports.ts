import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { wasImported } from '#images/imageState.ts'
import { copyOf } from '#volumes/diskCopy.ts'
import { isLetGo } from '#volumes/exportedImage.ts'
import type { FreshReads } from './exportWorld.ts'

// Images of a volume that somebody made as an image alone: nobody watches over them but the guard.

/** The images of those, `namespace/name`, for which Longhorn still copies the disk, though Harvester calls them imported (`copyOf`). What cannot be read is left out. */
export async function copiedStill(images: readonly VirtualMachineImage[], reads: Pick<FreshReads, 'find' | 'longhornVolume'>): Promise<ReadonlySet<string>> {
  const candidates = images.filter(image => image.spec.backend === 'cdi' && wasImported(image) && !isLetGo(image))
  const keys = await Promise.all(candidates.map(async image => {
    const target = await reads.find(CLAIMS, { namespace: image.metadata.namespace ?? '', name: image.metadata.name })
    const longhornVolumes = target.state === 'seen' ? await reads.longhornVolume(target.object) : undefined
    // One that is gone is not copied to any more.
    const isGoingOn = target.state === 'seen' && longhornVolumes?.objects.length && copyOf(image, { claims: { objects: [target.object], state: 'live' }, longhornVolumes }).word === 'going-on'
    return isGoingOn ? [objectKey(image)] : []
  }))
  return new Set(keys.flat())
}

/** From so many on, the oldest are forgotten. */
const MANY = 1_000

/**
 * The images that an account which is only warned was let make of a disk in use: they need no disk left alone, and a VM that runs on
 * it must be able to come back. Known by volume and the name that Harvester has once in a namespace, since their own is not given
 * yet. Among the reviews of one process only, as with turns: where it is not known, the disk is kept.
 */
export function createWarnedExports() {
  const made = new Set<string>()
  const keyOf = ({ pvcNamespace, pvcName, displayName }: VirtualMachineImage['spec'], namespace: string) => JSON.stringify([namespace, displayName, pvcNamespace, pvcName])
  return {
    /** Another of that name may come once the first is deleted: the last one counts. */
    note(spec: VirtualMachineImage['spec'], namespace: string, isReadInUse: boolean): void {
      made.delete(keyOf(spec, namespace))
      if (isReadInUse)
        made.add(keyOf(spec, namespace))
      const [oldest] = made
      if (made.size > MANY && oldest !== undefined)
        made.delete(oldest)
    },
    has: ({ spec, metadata }: VirtualMachineImage): boolean => made.has(keyOf(spec, metadata.namespace ?? '')),
  }
}

export type WarnedExports = ReturnType<typeof createWarnedExports>
