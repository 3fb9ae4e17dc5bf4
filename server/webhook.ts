import fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { KubeClient } from '#kube/client.ts'
import type { ImageWorld } from '#images/imageFindings.ts'
import { answerReview, readReview } from './admissionReview.ts'
import type { AdmissionAnswer, AdmissionRequest } from './admissionReview.ts'
import { createTurns } from './admissionTurns.ts'
import { createWarnedExports } from './handMadeExports.ts'
import type { LogLevel, WebhookOptions } from './cli.ts'
import { clientOf } from './clusterClient.ts'
import { admitExport, LET_THROUGH } from './exportAdmission.ts'
import type { ExportGuard } from './exportAdmission.ts'
import { createFreshReads } from './exportWorld.ts'
import { createGuardReviews } from './guardReviews.ts'
import type { GuardReport } from '#volumes/guardState.ts'
import { admitImage } from './imageAdmission.ts'
import type { AdmissionPolicy } from './imageAdmission.ts'
import { followImageWorld } from './imageWorld.ts'
import type { Cluster } from './kubeconfig.ts'
import { addressOf, doorNames, listen } from './listen.ts'
import type { Tls } from './listen.ts'
import { admitRequester } from './requesterAdmission.ts'
import { admitStart } from './startAdmission.ts'
import { statusOf } from './status.ts'
import { signServing, webhookAuthority } from './webhookCertificate.ts'
import { WEBHOOK_PATHS } from './webhookManifest.ts'

/** kube-apiserver takes objects of up to 3 MiB; a review holds one of them. */
const LARGEST_REVIEW = 4 * 1024 * 1024
/** So long the API server waits for an answer at most (`timeoutSeconds`). */
const PATIENCE = 5_000
/** Longer than Go's HTTP client keeps an idle connection (90 s), so that it never writes to one that is being closed. */
const KEEP_ALIVE = 120_000

interface WebhookSettings {
  readonly tls: Tls
  readonly logLevel: LogLevel | 'silent'
  /** What is known of the cluster at this moment. */
  readonly world: () => ImageWorld
  readonly policy: AdmissionPolicy
  /** Undefined where exports and starts are not judged. */
  readonly guard: ExportGuard | undefined
  readonly now: () => number
}

export interface Webhook { readonly app: FastifyInstance, readonly report: () => GuardReport }

/** The admission webhook: warns of images as the form warns and refuses what the policy names, and guards exports. Nothing listens yet. */
export function createWebhook({ tls, logLevel, world, policy, guard, now }: WebhookSettings): Webhook {
  const app = fastify({
    https: tls,
    bodyLimit: LARGEST_REVIEW,
    requestTimeout: PATIENCE,
    keepAliveTimeout: KEEP_ALIVE,
    forceCloseConnections: true,
    // Such keys are no reason to let an image pass unjudged.
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    logger: { level: logLevel, base: null, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
  }) as unknown as FastifyInstance

  const reviews = createGuardReviews(guard ? 'on' : 'off', now)
  const review = (path: string, judge: (request: AdmissionRequest, log: FastifyBaseLogger) => AdmissionAnswer | Promise<AdmissionAnswer>) => {
    app.post(path, async ({ body, log }, reply) => {
      const request = readReview(body)
      if ('problem' in request) {
        log.warn({ code: 400 }, request.problem)
        return reply.code(400).send(statusOf(400, request.problem))
      }
      return answerReview(request.uid, await judge(request, log))
    })
  }
  const guarded = (judge: (request: AdmissionRequest, guard: ExportGuard) => Promise<AdmissionAnswer>) => async (request: AdmissionRequest, log: FastifyBaseLogger) => {
    const answer = guard ? await judge(request, guard).catch((error: unknown) => { reviews.count('failed'); throw error }) : LET_THROUGH
    reviews.count(answer)
    if (answer.refusal || answer.warnings.length)
      log.info({ namespace: request.namespace, user: request.user.name, dryRun: request.dryRun, refused: answer.refusal?.message, warnings: answer.warnings }, 'a disk is not free')
    return answer
  }

  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok'))
  app.get(WEBHOOK_PATHS.state, async () => reviews.report())
  review(WEBHOOK_PATHS.images, (request, log) => {
    const { findings, ...answer } = admitImage(request, world(), policy)
    if (findings.length > 0)
      log.info({ namespace: request.namespace, user: request.user.name, findings, refused: answer.refusal !== undefined }, 'an image was found fragile')
    return answer
  })
  review(WEBHOOK_PATHS.exports, guarded(admitExport))
  review(WEBHOOK_PATHS.starts, guarded(admitStart))
  review(WEBHOOK_PATHS.requester, admitRequester)

  app.setNotFoundHandler((request, reply) => reply.code(404).send(statusOf(404, `reviews are answered at POST ${WEBHOOK_PATHS.images} and its neighbours, there is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}`)))
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500)
      request.log.error({ err: error }, 'failed')
    return reply.code(code).send(statusOf(code, code >= 500 ? 'the webhook failed at this; its log says how' : error.message))
  })
  return { app, report: reviews.report }
}

export interface RunningWebhook {
  readonly url: string
  /** What it has answered so far. */
  readonly report: () => GuardReport
  stop(): Promise<void>
}

interface WebhookSurroundings {
  readonly clusters: Promise<readonly Cluster[]>
  /** Where the webhook's own authority is kept. */
  readonly folder: string
  /** The certificate that the operator gave; one of the webhook's own authority where it is undefined. */
  readonly tls: Tls | undefined
  readonly now: () => number
  readonly logLevel: LogLevel
}

/** Takes the webhook's port, and follows the default cluster as soon as it is there. Throws UsageError for what the operator can mend. */
export async function startWebhook(options: WebhookOptions, { clusters, folder, tls: given, now, logLevel }: WebhookSurroundings): Promise<RunningWebhook> {
  const tls = given ?? await signServing(await webhookAuthority(folder, new Date(now())), doorNames(options.host, undefined), new Date(now()))
  const end = new AbortController()
  let world: () => ImageWorld = () => ({ images: undefined, classes: undefined })
  let client: KubeClient | undefined
  const warnOnly = new Set(options.warnOnly)
  const policy = { refuse: new Set(options.refuse), refuseHarvester: options.refuseHarvester, warnOnly }
  const guard = options.guard ? { reads: () => client && createFreshReads(client), turns: createTurns(now), warned: createWarnedExports(), warnOnly, now } : undefined
  const { app, report } = createWebhook({ tls, logLevel, policy, guard, now, world: () => world() })
  const port = await listen(app, options.host, options.port, '--webhook-')
  void clusters.then(found => {
    const cluster = found.find(each => each.default)
    if (!cluster || end.signal.aborted)
      return
    client = clientOf(cluster)
    world = followImageWorld(client, { signal: end.signal }, (collection, failure) => {
      if (failure)
        app.log.warn({ collection, code: failure.error.status }, `not judged by until it can be read again: ${failure.error.message}`)
      else
        app.log.info({ collection }, 'judged by')
    })
  }, () => undefined)
  return {
    url: new URL(WEBHOOK_PATHS.images, addressOf(options.host, port, true)).href,
    report,
    async stop() {
      end.abort()
      await app.close()
    },
  }
}
