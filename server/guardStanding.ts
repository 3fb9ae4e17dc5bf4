import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Agent, request } from 'undici'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { NAMESPACES } from '#kube/core.ts'
import { asksAsMuch, judgeCoverage } from '#volumes/guardCoverage.ts'
import type { GuardHook, GuardHooks, NamespaceSight } from '#volumes/guardCoverage.ts'
import { judgeGuard, UNSEEN } from '#volumes/guardState.ts'
import type { GuardedPlace, GuardFacts, GuardReport, GuardStanding } from '#volumes/guardState.ts'
import { clientOf } from './clusterClient.ts'
import type { Cluster } from './kubeconfig.ts'
import { failureCode, statusOf } from './status.ts'
import { MUTATING, VALIDATING } from './webhookConfigurations.ts'
import type { Webhook } from './webhookConfigurations.ts'
import { DNS_LABEL, GUARD_NAMES, WEBHOOK_PATHS, webhookManifests } from './webhookManifest.ts'

const PATIENCE = 3_000
const LONGEST_ANSWER = 16 * 1024

/** As this version has them asked: what is asked less leaves something unguarded. */
const OWN = (webhookManifests({ url: 'https://127.0.0.1' }, '', { guard: true, requester: true }) as { readonly webhooks: readonly (GuardHook & { readonly name: string })[] }[]).flatMap(({ webhooks }) => webhooks)
const named = <T extends { readonly name: string }>(webhooks: readonly T[], name: string) => webhooks.filter(webhook => webhook.name === name)
const halvesOf = (webhooks: readonly (GuardHook & { readonly name: string })[]): GuardHooks => ({ exports: named(webhooks, GUARD_NAMES.exports), starts: named(webhooks, GUARD_NAMES.starts) })

interface Found { readonly state: GuardFacts['configuration'], readonly webhooks: readonly Webhook[] }

async function findWebhooks(client: KubeClient, resource: typeof VALIDATING, names: readonly string[]): Promise<Found> {
  try {
    const { items } = await client.list(resource, { signal: AbortSignal.timeout(PATIENCE) })
    const webhooks = items.flatMap(({ webhooks: found }) => found ?? []).filter(({ name }) => names.includes(name))
    const isWhole = names.every(name => asksAsMuch(named(webhooks, name), named(OWN, name)))
    return { webhooks, state: isWhole ? 'installed' : webhooks.length ? 'partial' : 'absent' }
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

async function seeNamespace(client: KubeClient, name: string): Promise<NamespaceSight> {
  try {
    return (await client.get(NAMESPACES, { name }, { signal: AbortSignal.timeout(PATIENCE) })).metadata.labels ?? {}
  }
  catch (thrown) {
    return toApiError(thrown).status === 403 ? 'forbidden' : 'unread'
  }
}

async function coverageIn(client: KubeClient, { namespace, images = namespace }: GuardedPlace, { state, webhooks }: Found): Promise<GuardFacts['coverage']> {
  if (state === 'forbidden' || state === 'unread')
    return { word: 'unknown', because: [UNSEEN[state]] }
  const volume = seeNamespace(client, namespace)
  const [ofImages, ofVolume] = await Promise.all([images === namespace ? volume : seeNamespace(client, images), volume])
  return judgeCoverage(halvesOf(webhooks), halvesOf(OWN), { images: ofImages, volume: ofVolume })
}

async function standingOf(cluster: Cluster, place: GuardedPlace | undefined, report: GuardReport | undefined, now: number): Promise<GuardStanding> {
  const client = clientOf(cluster)
  const [guarding, requesting] = await Promise.all([findWebhooks(client, VALIDATING, [GUARD_NAMES.exports, GUARD_NAMES.starts]), findWebhooks(client, MUTATING, [GUARD_NAMES.requester])])
  const exports = guarding.webhooks.find(({ name }) => name === GUARD_NAMES.exports)
  const [{ answer, there }, coverage] = await Promise.all([exports ? askThere(exports) : { answer: 'unasked' as const, there: undefined }, place && coverageIn(client, place, guarding)])
  // The webhook answers for the default cluster alone.
  const here = cluster.default ? report : undefined
  const state = judgeGuard({ configuration: guarding.state, answer, ...(coverage && { coverage }), ...(here?.lastReviewAt !== undefined && here.guard === 'on' && { lastReviewAt: here.lastReviewAt }) }, now)
  return { ...state, requester: requesting.state, ...(here && { here }), ...(there && { there }) }
}

interface GuardSurroundings {
  readonly clusters: () => readonly Cluster[]
  /** What the webhook of this process says; undefined where it has none. */
  readonly report: () => GuardReport | undefined
}

interface Question { readonly cluster?: unknown, readonly namespace?: unknown, readonly images?: unknown }

/**
 * Adds `GET /guard/exports?cluster=ID[&namespace=NAME[&images=NAME]]`: whether the export guard of that cluster stands, and is
 * asked about starts in that namespace, and about images in the same or the other.
 */
export function addGuardStanding(app: FastifyInstance, { clusters, report }: GuardSurroundings): void {
  app.get<{ Querystring: Question }>('/guard/exports', async ({ query: { cluster: asked, namespace, images } }, reply) => {
    const cluster = clusters().find(({ id }) => id === asked)
    const isUnnamed = (name: unknown) => name !== undefined && !(typeof name === 'string' && DNS_LABEL.test(name))
    if (isUnnamed(namespace) || isUnnamed(images))
      return reply.code(400).send(statusOf(400, 'that is no name of a namespace'))
    const place = typeof namespace === 'string' ? { namespace, ...(typeof images === 'string' && { images }) } : undefined
    return cluster ? standingOf(cluster, place, report(), Date.now()) : reply.code(404).send(statusOf(404, 'the console has no such cluster'))
  })
}
