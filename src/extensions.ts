import type { Extension } from '#sdk/extension.ts'
import health from '#health/index.ts'
import images from '#images/index.ts'
import vms from '#vms/index.ts'
import volumes from '#volumes/index.ts'

/** Add a line to add a feature. */
export const EXTENSIONS: readonly Extension[] = [images, volumes, vms, health]
