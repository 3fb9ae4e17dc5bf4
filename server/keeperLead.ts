import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import { permissionText } from '#kube/write.ts'
import { openExports } from '#volumes/exportIntent.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import type { KeeperFacts } from '#volumes/keeperStatus.ts'
import { pursueLease } from './exportLease.ts'
import type { LeasePace } from './exportLease.ts'
import type { Followed, FollowedWorld } from './followedWorld.ts'
import { MUTATING } from './webhookConfigurations.ts'
import { GUARD_NAMES } from './webhookManifest.ts'

const LEASE_NAME = 'guardrails-export-keeper'
/** How often it is looked for, in milliseconds. */
const LOOK_EVERY = 30_000

const LISTING_WEBHOOKS = permissionText({ verb: 'list', resource: MUTATING, where: {} })
const FOLLOWING_CLAIMS = ['list', 'watch'].map(verb => permissionText({ verb, resource: CLAIMS, where: {} })).join(' and ')

export interface LeadOptions {
  readonly client: KubeClient
  /** Where the Lease is. */
  readonly namespace: string
  readonly world: FollowedWorld
  readonly signal: AbortSignal
  /** Called when anything of it may have changed. */
  readonly changed: () => void
  readonly pace?: Partial<LeasePace>
}

export interface Lead {
  /** Whether this keeper, and no other, may act for others at this moment. */
  readonly isLeading: () => boolean
  /** The open exports whose requester the cluster vouches for; none while it does not lead. */
  readonly exports: () => readonly ExportIntent[]
  readonly facts: () => Pick<KeeperFacts, 'lease' | 'holder' | 'requesterWebhook' | 'missing'>
  /** Ends when the Lease was given back after the signal was aborted. */
  readonly ended: Promise<void>
}

/** Wants to lead, and follows all claims while it does and a webhook vouches for the requesters that stand on them. */
export function takeTheLead({ client, namespace, world, signal, changed, pace }: LeadOptions): Lead {
  let webhook: KeeperFacts['requesterWebhook'] = 'unread'
  let mayNotList = false
  let claims: Followed<PersistentVolumeClaim> | undefined
  const lease = pursueLease(client, { namespace, name: LEASE_NAME, me: `${hostname()}_${randomUUID()}`, signal, changed: settle, pace })
  const isLeading = (): boolean => webhook === 'installed' && lease.isLeading()

  function settle(): void {
    if (isLeading() && !signal.aborted) {
      claims ??= world.hold(CLAIMS)
    }
    else {
      claims?.release()
      claims = undefined
    }
    changed()
  }

  async function lookForWebhook(): Promise<void> {
    const before = webhook
    try {
      const { items } = await client.list(MUTATING, { signal })
      mayNotList = false
      webhook = items.some(({ webhooks = [] }) => webhooks.some(({ name, failurePolicy }) => name === GUARD_NAMES.requester && failurePolicy === 'Fail')) ? 'installed' : 'absent'
    }
    catch (thrown) {
      mayNotList = toApiError(thrown).status === 403
      // An API server that is away for a while has not uninstalled it.
      if (mayNotList)
        webhook = 'unread'
    }
    if (webhook !== before)
      settle()
  }

  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      await lookForWebhook()
      await delay(webhook === 'unread' ? Math.min(LOOK_EVERY, pace?.retry ?? LOOK_EVERY) : LOOK_EVERY, undefined, { signal }).catch(() => undefined)
    }
  }
  void keepLooking()
  let told: Seen<PersistentVolumeClaim> | undefined
  world.onChange(() => {
    const seen = claims?.seen()
    if (seen !== told)
      changed()
    told = seen
  })

  return {
    isLeading,
    exports: () => isLeading() && claims ? [...openExports(claims.seen().objects).values()].flatMap(intent => intent !== 'unreadable' && intent.identity ? intent : []) : [],
    facts() {
      const { lease: state, holder, missing } = lease.state()
      return { lease: state, ...(holder && { holder }), requesterWebhook: webhook, missing: [missing, mayNotList && LISTING_WEBHOOKS, claims?.seen().state === 'forbidden' && FOLLOWING_CLAIMS].flatMap(right => right || []) }
    },
    ended: lease.ended,
  }
}
