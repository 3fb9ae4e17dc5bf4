import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { version } from '../package.json'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS } from '#kube/core.ts'
import type { FollowOptions } from '#kube/follow.ts'
import { exportReference, readIntent } from '#volumes/exportIntent.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import { judgeKeeper } from '#volumes/keeperStatus.ts'
import type { KeeperFacts, KeeperJob, KeeperMode, KeeperReport } from '#volumes/keeperStatus.ts'
import type { LeasePace } from './exportLease.ts'
import { FollowedWorld } from './followedWorld.ts'
import { takeTheLead } from './keeperLead.ts'
import { keepExport } from './keptExport.ts'
import type { KeeperPace } from './keptExport.ts'
import type { OwnExports } from './ownExports.ts'
import { KEEPER_BARRED } from './requesterRights.ts'

/** So long the last answers are waited for, in milliseconds: whatever was sent stands, heard or not. */
const LAST_WORDS = 1_500

export interface KeeperOptions {
  readonly client: KubeClient
  readonly mode: KeeperMode
  /** Where the Lease is, for `all`. */
  readonly namespace: string
  /** By what name this cluster's own exports are kept. */
  readonly cluster: string
  readonly own: OwnExports
  readonly log: FastifyBaseLogger
  readonly pace?: { readonly turns?: Partial<KeeperPace>, readonly lease?: Partial<LeasePace>, readonly follow?: FollowOptions['pace'] }
}

export interface ExportKeeper {
  /** Takes on the export that stands on the claim, for a session of this console. `absent`: that one does not stand there. Throws an `ApiError`. */
  readonly take: (at: { readonly namespace: string, readonly name: string }, id: string) => Promise<'taken' | 'absent'>
  readonly report: () => KeeperReport
  /** Ends when the last write under way was answered and the Lease was given back, or a moment later without that. */
  readonly stop: () => Promise<void>
}

interface Kept { readonly id: string, readonly onBehalfOf: KeeperJob['onBehalfOf'], readonly end: AbortController, readonly ended: Promise<void>, job?: KeeperJob }

/**
 * Carries out export jobs of one cluster without any browser: those of this console's own sessions, with the same
 * credentials, and in mode `all`, as the one that holds the Lease, everybody's whose requester a webhook has noted, each
 * write held to that requester's rights.
 */
export function startExportKeeper(options: KeeperOptions): ExportKeeper {
  const { client, mode, cluster, own, log, pace = {} } = options
  const end = new AbortController()
  const world = new FollowedWorld(client, { signal: end.signal, ...(pace.follow && { pace: pace.follow }) })
  const kept = new Map<string, Kept>()
  /** The last export of each claim that has ended, until it is seen there no more: what is followed may be a moment behind. */
  const over = new Map<string, string>()
  /** Rights of its own that were found missing on the way. */
  const lacking = new Set<string>()
  let lastAct: KeeperReport['lastAct']
  const leading = mode === 'all' ? takeTheLead({ client, namespace: options.namespace, world, signal: end.signal, changed: reconcile, pace: pace.lease }) : undefined

  function begin(intent: ExportIntent, onBehalfOf: KeeperJob['onBehalfOf']): void {
    const claim = exportReference(intent)
    const stop = new AbortController()
    const mayAct = () => !stop.signal.aborted && !end.signal.aborted && (onBehalfOf === 'session' || leading?.isLeading() === true)
    const entry: Kept = { id: intent.id, onBehalfOf, end: stop, ended: run().catch((error: unknown) => log.error({ err: error, claim, export: intent.id }, 'an export is not carried out any more')) }
    kept.set(claim, entry)

    async function run(): Promise<void> {
      // Not before the entry is there.
      await Promise.resolve()
      const ended = await keepExport({
        client, world, intent, onBehalfOf, mayAct, signal: AbortSignal.any([stop.signal, end.signal]), pace: pace.turns,
        tell(job, failed) {
          if (failed?.reason === KEEPER_BARRED)
            lacking.add(failed.message)
          if (job.message !== undefined && job.message !== entry.job?.message)
            log.warn({ claim, export: intent.id, step: job.step, word: job.word }, job.message)
          entry.job = job
        },
        acted(step, write) {
          lacking.clear()
          lastAct = { at: new Date().toISOString(), claim, step }
          log.info({ claim, export: intent.id, onBehalfOf, step, act: write.act, resource: write.resource.plural }, 'carried out')
        },
      }).finally(leave)
      if (ended === 'left')
        return
      if (onBehalfOf === 'session')
        own.forget(cluster, intent)
      over.set(claim, intent.id)
      reconcile()
    }

    function leave(): void {
      if (kept.get(claim) === entry)
        kept.delete(claim)
    }
  }

  /** What others have asked for is carried out while this one leads, and left at once when it does not, or when another export stands in its place. */
  function reconcile(): void {
    if (end.signal.aborted)
      return
    const wanted = new Map((leading?.exports() ?? []).map(intent => [exportReference(intent), intent]))
    for (const [claim, id] of over) {
      if (wanted.get(claim)?.id !== id)
        over.delete(claim)
    }
    for (const [claim, { id, onBehalfOf, end: stop }] of kept) {
      const other = wanted.get(claim)
      if (onBehalfOf === 'requester' && (!leading?.isLeading() || (other && other.id !== id))) {
        stop.abort()
        kept.delete(claim)
      }
    }
    for (const [claim, intent] of wanted) {
      if (!kept.has(claim) && over.get(claim) !== intent.id)
        begin(intent, 'requester')
    }
  }

  function takeOn(intent: ExportIntent): void {
    kept.get(exportReference(intent))?.end.abort()
    begin(intent, 'session')
  }

  for (const intent of mode === 'off' ? [] : own.of(cluster))
    takeOn(intent)

  return {
    async take(at, id) {
      const intent = mode === 'off' ? undefined : readIntent(await client.get(CLAIMS, at))
      if (!intent || intent === 'unreadable' || intent.id !== id)
        return 'absent'
      // Whatever it was asked to do with that claim before has ended.
      own.of(cluster).filter(other => exportReference(other) === exportReference(intent)).forEach(other => own.forget(cluster, other))
      own.keep(cluster, intent)
      takeOn(intent)
      return 'taken'
    },
    report() {
      const facts: KeeperFacts = { mode, lease: 'unread', requesterWebhook: 'unread', ...leading?.facts(), missing: [...leading?.facts().missing ?? [], ...lacking] }
      return { ...judgeKeeper(facts), version, ...(lastAct && { lastAct }), jobs: [...kept.values()].flatMap(({ job }) => job ?? []) }
    },
    async stop() {
      end.abort()
      await Promise.race([Promise.all([...[...kept.values()].map(({ ended }) => ended), leading?.ended]), delay(LAST_WORDS, undefined, { ref: false })])
    },
  }
}
