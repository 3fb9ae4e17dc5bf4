import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { ClaimUsers } from './claimUsers.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { VolumeFacts, VolumeWord } from './volume.ts'

/** The sign that goes with a volume's state; the words are the state's own. */
export const VOLUME_TONES: Readonly<Record<VolumeWord, 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'>> = {
  'deleting': 'progress', 'lost': 'bad', 'pending': 'progress', 'faulted': 'bad', 'degraded': 'attention', 'resizing': 'progress', 'in-use': 'ok', 'ready': 'ok',
}
/** Which states an operator wants to see first. */
export const VOLUME_RANKS: Readonly<Record<VolumeWord, number>> = { 'lost': 0, 'faulted': 1, 'degraded': 2, 'pending': 3, 'resizing': 4, 'deleting': 5, 'in-use': 6, 'ready': 7 }

/** A volume with everything that a list shows of it. */
export interface VolumeRow {
  readonly claim: PersistentVolumeClaim
  readonly facts: VolumeFacts
  readonly users: ClaimUsers
  readonly exporting?: ExportIntent | 'unreadable'
}
