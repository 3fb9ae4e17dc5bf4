import type { Unseen } from '#kube/seen.ts'
import type { VmiPhase } from '#vms/vm.ts'
import type { PodRole } from './claimUsers.ts'

/** What speaks against an export now. Names are `namespace/name`, or `name` for nodes, attachments and Longhorn's volumes; the field says the kind. */
export type ExportSafetyReason
  = | Unseen
    | { readonly code: 'vm-wanted-on', readonly vm: string, readonly strategy: string }
    | { readonly code: 'vm-start-requested' | 'vm-terminating' | 'vm-will-restart' | 'instance-unseen', readonly vm: string }
    | { readonly code: 'vm-busy', readonly vm: string, readonly with: 'snapshot' | 'restore' | 'storage-migration' | 'memory-dump' }
    | { readonly code: 'vm-in-other-export', readonly vm: string, readonly claim: string }
    | { readonly code: 'guest', readonly vmi: string, readonly phase: VmiPhase, readonly paused: boolean, readonly ending: boolean }
    | { readonly code: 'guest-without-disk', readonly vmi: string }
    | { readonly code: 'node-unresponsive', readonly vmi: string, readonly node: string }
    | { readonly code: 'pod', readonly pod: string, readonly role: PodRole, readonly phase: string, readonly vm?: string }
    | { readonly code: 'attached', readonly attachment: string, readonly node: string, readonly ending: boolean }
    | { readonly code: 'longhorn-attached', readonly volume: string, readonly state: string, readonly node?: string }
    | { readonly code: 'longhorn-busy', readonly volume: string, readonly with: 'restore' | 'expansion' | 'clone' }
    | { readonly code: 'node-unreachable', readonly node: string, readonly fenced: boolean }
    | { readonly code: 'node-fenced', readonly node: string }
    | { readonly code: 'claim-deleting' | 'claim-resizing' }
    | { readonly code: 'export-in-progress', readonly image: string }
    | { readonly code: 'clone-in-progress' | 'being-filled', readonly dataVolume: string }
    | { readonly code: 'snapshot-in-progress', readonly snapshot: string }
    | { readonly code: 'vm-export-in-progress', readonly vmExport: string }
    | { readonly code: 'backup-in-progress', readonly vm: string, readonly backup: string }
    | { readonly code: 'restore-in-progress', readonly vm: string, readonly restore: string }
