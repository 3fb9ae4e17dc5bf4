import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { ClaimUsers, UsersSight } from './claimUsers.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { VolumeFacts, VolumeWord } from './volume.ts'

/** The sign that goes with a volume's state; the words are the state's own. */
export const VOLUME_TONES: Readonly<Record<VolumeWord, 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'>> = {
  'unknown': 'unknown', 'deleting': 'progress', 'lost': 'bad', 'pending': 'progress', 'faulted': 'bad', 'degraded': 'attention', 'resizing': 'progress', 'in-use': 'ok', 'ready': 'ok',
}
/** Which states an operator wants to see first. */
export const VOLUME_RANKS: Readonly<Record<VolumeWord, number>> = { 'lost': 0, 'faulted': 1, 'degraded': 2, 'unknown': 3, 'pending': 4, 'resizing': 5, 'deleting': 6, 'in-use': 7, 'ready': 8 }

/** A volume with everything that a list shows of it. */
export interface VolumeRow {
  readonly claim: PersistentVolumeClaim
  readonly facts: VolumeFacts
  /** What people call the image it was made from; its name where the image is gone or not seen. */
  readonly imageTitle?: string
  readonly users: ClaimUsers
  /** Whether the VMs, and their instances, of its namespace can be seen: without them nobody can be called off, or missing. */
  readonly sight: UsersSight
  readonly exporting?: ExportIntent | 'unreadable'
}
