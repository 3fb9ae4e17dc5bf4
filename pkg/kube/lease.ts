import type { KubeObject } from './object.ts'
import { defineResource } from './resource.ts'

// Of several equal programs the one that holds a Lease does the work, and renews it every few seconds (client-go, tools/leaderelection).
// Where nobody renews it, nobody does the work.

/** Only the fields that are looked at. */
export interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string, readonly leaseDurationSeconds?: number, readonly acquireTime?: string, readonly renewTime?: string, readonly leaseTransitions?: number }
}
export const LEASES = defineResource<Lease>('coordination.k8s.io/v1', 'Lease', 'leases')

/** `silent`: nobody has renewed the Lease for so long that its holder has lost it. `unknown`: it was not seen, not seen for long enough, or is not seen now. */
export type HolderWord = 'alive' | 'silent' | 'unknown'

/** What reading a Lease again and again has shown. Times in milliseconds of the reader's own steady clock: no two clocks have to agree. */
export interface LeaseSight {
  readonly lease: Lease
  /** When it was first read as it is now. */
  readonly since: number
  readonly readAt: number
  /** For how long it was watched without being renewed: not while it could not be read, and hardly while nobody looked. */
  readonly unmoved: number
  /** It was seen to be renewed. */
  readonly renewed: boolean
  /** The last try to read it failed. */
  readonly blind: boolean
}

/** So much of the time between two readings counts: in a longer one the API server itself may have been away, and nobody could renew anything. */
const LONGEST_GAP = 15_000
/** So old a reading says nothing of now. */
const STALE = 30_000
/** So long after its end others may still be about to take it: they look every few seconds. */
const SLACK = 5_000
/** Of most holders. Who gives a Lease back writes one second. */
const USUAL_SECONDS = 15

/** What is known of a Lease once it was read again; `lease` is undefined where that failed. */
export function seeLease(before: LeaseSight | undefined, lease: Lease | undefined, at: number): LeaseSight | undefined {
  if (!lease)
    return before && { ...before, blind: true }
  if (!before || before.lease.spec?.renewTime !== lease.spec?.renewTime)
    return { lease, since: at, readAt: at, unmoved: 0, renewed: before !== undefined, blind: false }
  const watched = before.blind ? 0 : Math.min(at - before.readAt, LONGEST_GAP)
  return { ...before, lease, readAt: at, unmoved: before.unmoved + watched, blind: false }
}

/** Whether somebody holds the Lease and works. */
export function judgeHolder(sight: LeaseSight | undefined, now: number): HolderWord {
  if (!sight?.lease.spec?.renewTime || sight.blind || now - sight.readAt > STALE)
    return 'unknown'
  const seconds = Math.max(USUAL_SECONDS, sight.lease.spec.leaseDurationSeconds ?? 0)
  if (sight.unmoved > seconds * 1000 + SLACK)
    return 'silent'
  return sight.renewed ? 'alive' : 'unknown'
}
