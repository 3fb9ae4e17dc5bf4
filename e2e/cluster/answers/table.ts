import { CLAIMS } from './claims.ts'
import { CLASSES } from './classes.ts'
import { IMAGES } from './images.ts'
import { INSTANCES } from './instances.ts'
import { LIBRARY } from './library.ts'
import { LONGHORN } from './longhorn.ts'
import { MIGRATIONS } from './migrations.ts'
import { POWER } from './power.ts'
import type { Group } from './row.ts'
import { VMS } from './vms.ts'

/** Everything that is asked. */
export const GROUPS: readonly Group[] = [POWER, VMS, INSTANCES, MIGRATIONS, IMAGES, CLAIMS, CLASSES, LIBRARY, LONGHORN]
