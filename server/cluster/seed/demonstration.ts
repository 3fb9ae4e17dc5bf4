import { imageLayers } from './images.ts'
import { PLATFORM } from './platform.ts'
import type { Layer } from './seed.ts'
import { templateLayers } from './templates.ts'
import { vmLayers } from './vms.ts'

/** The whole demonstration, as of a moment (epoch milliseconds): layers for `applySeed`. */
export function demonstration(now: number): readonly Layer[] {
  return [...PLATFORM, ...imageLayers(now), ...vmLayers(now), ...templateLayers()]
}
