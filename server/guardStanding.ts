import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Agent, request } from 'undici'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { judgeGuard } from '#volumes/guardState.ts'
import type { GuardFacts, GuardReport, GuardStanding } from '#volumes/guardState.ts'
import { clientOf } from './clusterClient.ts'
import type { Cluster } from './kubeconfig.ts'
import { failureCode, statusOf } from './status.ts'
import { MUTATING, VALIDATING } from './webhookConfigurations.ts'
import type { Webhook } from './webhookConfigurations.ts'
import { GUARD_NAMES, WEBHOOK_PATHS } from './webhookManifest.ts'

const PATIENCE = 3_000
const LONGEST_ANSWER = 16 * 1024

interface Found { readonly state: GuardFacts['configuration'], readonly webhooks: readonly Webhook[] }

async function findWebhooks(client: KubeClient, resource: typeof VALIDATING, names: readonly string[]): Promise<Found> {
  try {
    const { items } = await client.list(resource, { signal: AbortSignal.timeout(PATIENCE) })
    const webhooks = items.flatMap(({ webhooks: found }) => found ?? []).filter(({ name }) => names.includes(name))
    return { webhooks, state: names.every(name => webhooks.some(found => found.name === name)) ? 'installed' : webhooks.length ? 'partial' : 'absent' }
  }
  catch (thrown) {
    const { status } = toApiError(thrown)
    return { webhooks: [], state: status === 403 ? 'forbidden' : status === 404 ? 'absent' : 'unread' }
  }
}

/** Where the webhook says how it stands: beside the path at which it is asked. Undefined where that is not ours. */
function stateUrl({ url, service }: Webhook['clientConfig']): URL | undefined {
  const text = url ?? (service && `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}${service.path ?? ''}`)
  return text?.endsWith(WEBHOOK_PATHS.exports) && URL.canParse(text) ? new URL(text.slice(0, -WEBHOOK_PATHS.exports.length) + WEBHOOK_PATHS.state) : undefined
}

function isReport(read: unknown): read is GuardReport {
  const { version, guard } = (read ?? {}) as Partial<GuardReport>
  return typeof version === 'string' && (guard === 'on' || guard === 'off')
}

/** Names that only a cluster's own DNS knows: there the webhook may well answer the API server, and not us. */
const isNotOurs = (url: URL, code: string): boolean => url.hostname.endsWith('.svc') && !isIP(url.hostname) && ['ENOTFOUND', 'EAI_AGAIN'].includes(code)

/** Asks the webhook itself, as the API server finds and trusts it, without credentials. */
async function askThere({ clientConfig }: Webhook): Promise<{ readonly answer: GuardFacts['answer'], readonly there?: GuardReport }> {
  const url = stateUrl(clientConfig)
  if (url?.protocol !== 'https:')
    return { answer: 'unasked' }
  const dispatcher = new Agent({ connect: { ...(clientConfig.caBundle && { ca: Buffer.from(clientConfig.caBundle, 'base64').toString() }) }, maxResponseSize: LONGEST_ANSWER })
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(PATIENCE) })
    const read: unknown = JSON.parse(await body.text())
    return statusCode === 200 && isReport(read) ? { answer: read.guard === 'on' ? 'answered' : 'off', there: read } : { answer: 'none' }
  }
  catch (error) {
    return { answer: isNotOurs(url, failureCode(error)) ? 'unasked' : 'none' }
  }
  finally {
    await dispatcher.destroy()
  }
}

async function standingOf(cluster: Cluster, report: GuardReport | undefined, now: number): Promise<GuardStanding> {
  const client = clientOf(cluster)
  const [guarding, requesting] = await Promise.all([findWebhooks(client, VALIDATING, [GUARD_NAMES.exports, GUARD_NAMES.starts]), findWebhooks(client, MUTATING, [GUARD_NAMES.requester])])
  const exports = guarding.webhooks.find(({ name }) => name === GUARD_NAMES.exports)
  const { answer, there } = exports ? await askThere(exports) : { answer: 'unasked' as const }
  // The webhook answers for the default cluster alone.
  const here = cluster.default ? report : undefined
  const state = judgeGuard({ configuration: guarding.state, answer, ...(here?.lastReviewAt !== undefined && here.guard === 'on' && { lastReviewAt: here.lastReviewAt }) }, now)
  return { ...state, requester: requesting.state, ...(here && { here }), ...(there && { there }) }
}

interface GuardSurroundings {
  readonly clusters: () => readonly Cluster[]
  /** What the webhook of this process says; undefined where it has none. */
  readonly report: () => GuardReport | undefined
}

/** Adds `GET /guard/exports?cluster=ID`: whether the export guard of that cluster stands. */
export function addGuardStanding(app: FastifyInstance, { clusters, report }: GuardSurroundings): void {
  app.get<{ Querystring: { cluster?: unknown } }>('/guard/exports', async ({ query }, reply) => {
    const cluster = clusters().find(({ id }) => id === query.cluster)
    return cluster ? standingOf(cluster, report(), Date.now()) : reply.code(404).send(statusOf(404, 'the console has no such cluster'))
  })
}
