import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import type { Seen, Unseen } from '#kube/seen.ts'
import type { Write } from '#kube/write.ts'
import type { RunStrategy } from '#vms/vm.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportResult, StepWord, TimelineEntry } from './exportTimeline.ts'
import type { ExportWorld } from './exportWorld.ts'

/** What the protocol looks at: all of `ExportWorld`, with the claims and classes. */
export interface StepWorld extends Omit<ExportWorld, 'claim' | 'claims' | 'lastNodes' | 'ownImage'> {
  readonly claims: Seen<PersistentVolumeClaim>
  readonly storageClasses: Seen<StorageClass>
  /** Whoever carries the export out may not write on its image: what he finds out is left to others. */
  readonly cannotTestify?: boolean
}

/** Names are `namespace/name`. */
export type StepReason
  = | ExportSafetyReason
    | Unseen
    | { readonly code: 'vm-started' | 'vm-gone', readonly vm: string }
    | { readonly code: 'stopping-vm' | 'starting-vm' | 'vm-stopped-again' | 'vm-off-by-choice' | 'old-instance' | 'start-unproven', readonly vm: string }
    | { readonly code: 'waiting-for-guest', readonly vm: string, readonly graceSeconds: number, readonly leftSeconds?: number }
    | { readonly code: 'guest-overdue', readonly vm: string, readonly graceSeconds: number }
    | { readonly code: 'cut-off-no-image', readonly vm: string }
    | { readonly code: 'cut-off' | 'not-observed' | 'forcing-stop', readonly vm: string }
    | { readonly code: 'force-left', readonly vm: string, readonly by: string }
    | { readonly code: 'backing-up' | 'backup-made', readonly backup: string }
    | { readonly code: 'backup-failed', readonly backup: string, readonly message?: string }
    | { readonly code: 'deadline-passed', readonly deadline: string }
    | { readonly code: 'import-overdue', readonly image: string, readonly deadline: string }
    | { readonly code: 'running-needs-v1', readonly storageClass: string }
    | { readonly code: 'acknowledged', readonly by: string }
    | { readonly code: 'visited', readonly pod: string }
    | { readonly code: 'longhorn-behind' | 'longhorn-copying' | 'clone-failed', readonly volume: string }
    | { readonly code: 'read-by-pod' }
    | { readonly code: 'taken-by', readonly by: string }
    | { readonly code: 'noting-end', readonly vm: string }
    | { readonly code: 'strategy-back', readonly vm: string, readonly strategy: RunStrategy }
    | { readonly code: 'strategy-left', readonly vm: string, readonly strategy: RunStrategy, readonly by: string }
    | { readonly code: 'refused', readonly message: string }
    | { readonly code: 'waiting-for-start', readonly vm: string, readonly message?: string }
    | { readonly code: 'class-gone', readonly storageClass: string }
    | { readonly code: 'image-of-other', readonly image: string }
    | { readonly code: 'claim-gone' | 'time-unknown' }
    | { readonly code: 'abandoned', readonly by: string }
    | { readonly code: 'importing' | 'import-failed' | 'copy-unseen' | 'image-unseen' | 'image-gone' | 'exported' | 'overtaken' | 'verifying' | 'testimony-left' | 'unverified', readonly image: string, readonly message?: string }

/** Why an export ends before there is an image, where the cluster's own words do not say it. */
export type CallOffReason = Extract<StepReason, { readonly code: 'vm-started' | 'vm-gone' | 'vm-in-other-export' | 'deadline-passed' | 'cut-off-no-image' | 'backup-failed' | 'class-gone' | 'running-needs-v1' | 'image-of-other' }>

export interface ExportStep {
  readonly word: StepWord
  /** What to send now, in order; nothing where one only waits. Sent by two at once they do no harm. */
  readonly writes: readonly Write[]
  /** What is done or waited for, or why it has stopped. */
  readonly because: readonly StepReason[]
  /** Of `blind`: the image that the server is to be asked about, by a dry run, where what is not seen is closed to whoever looks. Sent once it has answered `at-rest`. */
  readonly ask?: Write
  /** Of the import, in per cent. */
  readonly progress?: number
  /** Set once the image has been read, and only what is to be said of it is waited for. */
  readonly isRead?: true
  /** How the export itself ended, while what follows is still under way. */
  readonly result?: ExportResult
  /** For `stopped`: what takes the intent away once it has been read. For `wait-start`: what ends it here, where a VM does not come to run. */
  readonly dismiss?: readonly Write[]
  readonly timeline: readonly TimelineEntry[]
}

/** A step before it is laid on the timeline. */
export type BareStep = Omit<ExportStep, 'timeline'>
