import type { BackingImage } from '#health/longhorn.ts'
import type { VirtualMachineImage } from './image.ts'

/** `none`: nothing was asked for. `ignored`: CDI looks at none. `awaited`: nothing is recorded yet. `equal`, `differs`: what is recorded, beside what was asked for. */
export interface ImageChecksum {
  readonly word: 'none' | 'ignored' | 'awaited' | 'equal' | 'differs'
  readonly expected?: string
  /** What Longhorn counted when it first had the file; it accepts no other afterwards. */
  readonly recorded?: string
}

/** The checksum that was asked for and the one that Longhorn keeps. Source: longhorn-manager controller/backing_image_controller.go:1408. */
export function checksumOf({ spec }: VirtualMachineImage, backingImage: BackingImage | undefined): ImageChecksum {
  const expected = (spec.checksum || backingImage?.spec.checksum || '').trim().toLowerCase()
  const recorded = backingImage?.status?.checksum?.trim().toLowerCase() ?? ''
  const word = !expected ? 'none' : spec.backend === 'cdi' ? 'ignored' : !recorded ? 'awaited' : expected === recorded ? 'equal' : 'differs'
  return { word, ...(expected && { expected }), ...(recorded && { recorded }) }
}
