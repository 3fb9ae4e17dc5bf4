import { DELETING } from './scripts/deleting.ts'
import { FAILING } from './scripts/failing.ts'
import { GUESTS } from './scripts/guests.ts'
import { MIGRATIONS } from './scripts/migrations.ts'
import { NODES } from './scripts/nodes.ts'
import { PAUSES } from './scripts/pauses.ts'
import { POWER } from './scripts/power.ts'
import { RIGHTS } from './scripts/rights.ts'
import { STRATEGIES } from './scripts/strategies.ts'
import { VOLUMES } from './scripts/volumes.ts'
import type { Story } from './story.ts'

export const STORIES: readonly Story[] = [...POWER, ...STRATEGIES, ...GUESTS, ...FAILING, ...PAUSES, ...DELETING, ...NODES, ...MIGRATIONS, ...VOLUMES, ...RIGHTS]
