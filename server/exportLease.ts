import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '#kube/client.ts'
import { LEASES } from '#kube/lease.ts'
import type { Lease } from '#kube/lease.ts'
import type { Manifest } from '#kube/object.ts'
import { permissionText } from '#kube/write.ts'
import { toApiError } from '#kube/apiError.ts'

// One leader of many by a Lease, as client-go's leaderelection does it; @kubernetes/client-node has none.

/** All in milliseconds; those of client-go's own users. */
export interface LeasePace {
  /** So long others leave it to its holder. */
  readonly duration: number
  /** So long the holder acts on it without having renewed it: less, so that clocks of different speed do no harm. */
  readonly deadline: number
  readonly retry: number
}
const PACE: LeasePace = { duration: 15_000, deadline: 10_000, retry: 2_000 }

/** A Lease as it was last seen to change, and when by our own clock: no two clocks have to agree. */
interface Observed { readonly lease: Lease, readonly at: number }

/**
 * What to do about a Lease: `create` where there is none, `renew` one's own, `take` one that nobody holds or whose holder has
 * not renewed it for as long as it says, or `wait`. `now` and `observed.at` in milliseconds of the same clock.
 */
export function judgeLease(observed: Observed | undefined, me: string, now: number): 'create' | 'renew' | 'take' | 'wait' {
  if (!observed)
    return 'create'
  const { holderIdentity, leaseDurationSeconds = PACE.duration / 1000 } = observed.lease.spec ?? {}
  if (holderIdentity === me)
    return 'renew'
  return !holderIdentity || now - observed.at > leaseDurationSeconds * 1000 ? 'take' : 'wait'
}

export interface LeaseOptions {
  readonly namespace: string
  readonly name: string
  /** This process, and no other one. */
  readonly me: string
  readonly signal: AbortSignal
  /** Called when leading begins or ends, and when the holder is another. */
  readonly changed: () => void
  readonly pace?: Partial<LeasePace>
}

export interface Leadership {
  /** Whether one may act as the leader at this moment. */
  readonly isLeading: () => boolean
  /** `unread`: there was no answer, or none yet. */
  readonly state: () => { readonly lease: 'held' | 'held-by-other' | 'unread', readonly holder?: string, readonly missing?: string }
  /** Ends when the Lease was given back after the signal was aborted, or could not be. */
  readonly ended: Promise<void>
}

/** MicroTime of Kubernetes: six digits, or the API server refuses it. */
const microTime = (now: Date): string => now.toISOString().replace('Z', '000Z')

/** Of which Lease, and by whom: `before` is what stands there, `duration` in milliseconds. */
interface LeaseTurn { readonly at: { readonly namespace: string, readonly name: string }, readonly before?: Lease, readonly me: string, readonly duration: number, readonly now: Date }

/**
 * The Lease as it is written: who gives it back names nobody, and leaves it to others at once. What stands there is replaced in
 * the version that was read alone (client-go tools/leaderelection).
 */
export function leaseManifest(act: 'create' | 'renew' | 'take' | 'give-back', { at, before, me, duration, now }: LeaseTurn): Manifest<Lease> {
  const renewTime = microTime(now)
  const old = before?.spec
  const held = { holderIdentity: me, leaseDurationSeconds: Math.max(1, Math.ceil(duration / 1000)), acquireTime: act === 'renew' ? old?.acquireTime ?? renewTime : renewTime, renewTime, leaseTransitions: (old?.leaseTransitions ?? 0) + (act === 'take' ? 1 : 0) }
  const spec = act === 'give-back' ? { ...old, holderIdentity: '', leaseDurationSeconds: 1, renewTime } : held
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: before?.metadata ?? at, spec }
}

/** Wants to lead until the signal is aborted, and gives the Lease back then. */
export function pursueLease(client: KubeClient, { namespace, name, me, signal, changed, pace: given }: LeaseOptions): Leadership {
  const pace = { ...PACE, ...given }
  const at = { namespace, name }
  let observed: Observed | undefined
  let renewedAt = -Infinity
  let unread = true
  let missing: string | undefined
  let told: string | undefined

  const clock = (): number => performance.now()
  const isLeading = (): boolean => clock() - renewedAt < pace.deadline
  function observe(lease: Lease): void {
    if (observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion)
      observed = { lease, at: clock() }
    unread = false
    missing = undefined
  }

  async function read(): Promise<void> {
    const lease = await client.get(LEASES, at, { signal }).catch((thrown: unknown) => {
      if (toApiError(thrown).status === 404)
        return undefined
      throw refusedFor('get', thrown)
    })
    if (lease)
      observe(lease)
    else
      observed = undefined
  }

  function refusedFor(verb: string, thrown: unknown): unknown {
    if (toApiError(thrown).status === 403)
      missing = permissionText({ verb, resource: LEASES, where: { namespace } })
    return thrown
  }

  const manifestFor = (act: 'create' | 'renew' | 'take' | 'give-back'): Manifest<Lease> => leaseManifest(act, { at, before: observed?.lease, me, duration: pace.duration, now: new Date() })

  async function turn(): Promise<void> {
    const begun = clock()
    await read()
    const act = judgeLease(observed, me, clock())
    if (act === 'wait') {
      renewedAt = -Infinity
      return
    }
    const manifest = manifestFor(act)
    const written = await (act === 'create' ? client.create(LEASES, manifest, { signal }) : client.replace(LEASES, manifest, { signal })).catch((thrown: unknown) => { throw refusedFor(act === 'create' ? 'create' : 'update', thrown) })
    observe(written.object)
    renewedAt = begun
  }

  function tell(): void {
    const now = `${isLeading()} ${observed?.lease.spec?.holderIdentity ?? ''} ${missing ?? ''} ${unread}`
    if (now !== told)
      changed()
    told = now
  }

  async function giveBack(): Promise<void> {
    if (!isLeading() || !observed)
      return
    renewedAt = -Infinity
    await client.replace(LEASES, manifestFor('give-back'), { signal: AbortSignal.timeout(pace.retry) }).catch(() => undefined)
  }

  async function pursue(): Promise<void> {
    while (!signal.aborted) {
      await turn().catch((thrown: unknown) => {
        // Somebody was faster (409), or there is no answer: what was held is held until its deadline.
        if (toApiError(thrown).status !== 409)
          unread = true
      })
      tell()
      await delay(pace.retry, undefined, { signal }).catch(() => undefined)
    }
    await giveBack()
  }

  return {
    isLeading,
    state() {
      const holder = observed?.lease.spec?.holderIdentity
      const lease = isLeading() ? 'held' : unread || !holder || holder === me ? 'unread' : 'held-by-other'
      return { lease, ...(holder && { holder }), ...(missing && { missing }) }
    },
    ended: pursue(),
  }
}
