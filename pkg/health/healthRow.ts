import type { CopyWord } from './copies.ts'
import type { Dependents } from './dependents.ts'
import type { BackingImage } from './longhorn.ts'
import type { Health, HealthWord } from './verdict.ts'

type Sign = 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'

/** The sign that goes with a verdict; the words are the verdict's own. */
export const HEALTH_TONES: Readonly<Record<HealthWord, Sign>> = { healthy: 'ok', degraded: 'attention', failed: 'bad', unknown: 'unknown', importing: 'progress', recovering: 'progress', deleting: 'progress' }
/** Which verdicts an operator wants to see first. */
export const HEALTH_RANKS: Readonly<Record<HealthWord, number>> = { failed: 0, unknown: 1, recovering: 2, degraded: 3, importing: 4, deleting: 5, healthy: 6 }

const CALM: readonly HealthWord[] = ['healthy', 'importing', 'deleting']

/** Whether an image needs the operator: its copies are not as wanted, or cannot be seen. The badge, the overview and the filter all count by this. */
export function needsOperator({ health: { verdict } }: { readonly health: Pick<Health, 'verdict'> }): boolean {
  return !CALM.includes(verdict)
}

/** The sign of one copy. */
export const COPY_TONES: Readonly<Record<CopyWord, Sign>> = {
  'ready': 'ok', 'moving': 'progress', 'absent': 'attention', 'failed': 'bad', 'unreachable': 'unknown', 'orphan-disk': 'bad', 'ambiguous-disk': 'unknown', 'leftover': 'progress', 'unrecognised': 'unknown',
}

/** A BackingImage with everything that a list shows of it. */
export interface HealthRow {
  readonly image: BackingImage
  readonly health: Health
  readonly dependents: Dependents
  /** What people call it: the display name of Harvester's image, or its own name. */
  readonly title: string
  /** Harvester's image, `namespace/name`. */
  readonly imageKey?: string
}
