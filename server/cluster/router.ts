import { randomUUID } from 'node:crypto'
import { answerAction, readAction } from './action.ts'
import type { Cluster } from './cluster.ts'
import { discoveryAnswer } from './discovery.ts'
import type { Answer } from './discovery.ts'
import { readOptionalObject } from './body.ts'
import { openApiAnswer } from './openapi.ts'
import type { Attributes } from './rbac.ts'
import { forbiddenMessage } from './rbac.ts'
import { renderJson } from './rendering.ts'
import type { PathRequest, ResourceRequest } from './request.ts'
import { readRequest } from './request.ts'
import type { Incoming, Outgoing } from './resources.ts'
import { answerResource } from './resources.ts'
import { decide } from './reviews.ts'
import { pinnedName } from './selector.ts'
import { detailsOf, internalError, resourceUnknown, StatusError } from './status.ts'

const PAGE_NOT_FOUND = { type: 'text/plain; charset=utf-8', text: '404 page not found\n' }
const HEALTH = new Set(['/healthz', '/livez', '/readyz', '/healthz/ping', '/livez/ping', '/readyz/ping'])
/** Not Kubernetes: makes the server forget its history, so that followers meet 410. For administrators of the embedded cluster. */
const COMPACT_PATH = '/debug/compact'

function attributesOf(asked: ResourceRequest | PathRequest, url: URL): Attributes {
  if (asked.is === 'path') return { verb: asked.verb, path: asked.path }
  const { verb, group, plural, subresource } = asked
  const many = verb === 'list' || verb === 'watch' || verb === 'deletecollection'
  const name = asked.name || (many ? pinnedName(url.searchParams.get('fieldSelector') ?? '') : '')
  const isNamespace = plural === 'namespaces' && !group
  const namespace = isNamespace ? asked.name : asked.namespace
  return { verb, group, resource: plural, ...(subresource ? { subresource } : {}), ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) }
}

/** Refuses what the user may not do: 403 in RBAC's words. */
function checkAccess(cluster: Cluster, asked: ResourceRequest | PathRequest, incoming: Incoming): void {
  const attributes = attributesOf(asked, incoming.url)
  const { allowed, reason } = decide(cluster, incoming.user, attributes)
  if (allowed) return
  const details = asked.is === 'resource' ? detailsOf(asked, asked.name) : {}
  throw new StatusError(403, 'Forbidden', forbiddenMessage(incoming.user, attributes, reason), details)
}

function sendAnswer(outgoing: Outgoing, answer: Answer | Answer<Uint8Array>): void {
  const { 'Content-Type': type = 'application/json', ...headers } = answer.headers
  outgoing.send(answer.status, { type, text: answer.body }, headers)
}

function answerPath(cluster: Cluster, incoming: Incoming, outgoing: Outgoing): void {
  const { url, method, headers } = incoming
  const accept = headers.accept ?? ''
  if (HEALTH.has(url.pathname)) return outgoing.send(200, { type: 'text/plain; charset=utf-8', text: 'ok' })
  if (url.pathname === COMPACT_PATH && method === 'POST') {
    return outgoing.send(200, renderJson({ format: 'json', as: 'object' }, { compactedRevision: String(cluster.store.compact()) }))
  }
  if (method === 'GET' || method === 'HEAD') {
    const answer = discoveryAnswer(cluster.registry, url.pathname, accept, headers['if-none-match'])
      ?? openApiAnswer(cluster.registry, url.pathname, accept, url.searchParams)
    if (answer) return sendAnswer(outgoing, answer)
  }
  outgoing.send(404, PAGE_NOT_FOUND)
}

/** Answers a subresource that somebody else serves (an aggregated API); false where nobody does. */
async function answerRoute(cluster: Cluster, asked: ResourceRequest, incoming: Incoming, outgoing: Outgoing): Promise<boolean> {
  const route = cluster.routes.find(candidate => candidate.group === asked.group && candidate.version === asked.version
    && candidate.resource === asked.plural && candidate.subresource === asked.subresource && candidate.method === incoming.method)
  if (!route) return false
  // A route that answers without a body offers no media type, and go-restful then takes no wish for one.
  if (incoming.method === 'PUT' && !(incoming.headers.accept ?? '*/*').includes('*/*')) {
    outgoing.send(406, { type: 'text/plain', text: '406: Not Acceptable\n\nAvailable representations: ' })
    return true
  }
  const body = readOptionalObject(undefined, await incoming.body()) ?? {}
  const answer = await route.answer({ namespace: asked.namespace, name: asked.name, body, query: incoming.url.searchParams, user: incoming.user })
  const text = answer.body === undefined ? '' : typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  outgoing.send(answer.status, { type: typeof answer.body === 'object' ? 'application/json' : 'text/plain; charset=utf-8', text })
  return true
}

/** An unknown resource is a Status in a group that the server itself has, plain text elsewhere. */
function answerUnknown(cluster: Cluster, asked: ResourceRequest, outgoing: Outgoing): void {
  if (cluster.routes.some(route => route.group === asked.group && route.version === asked.version)) {
    outgoing.send(404, { type: 'text/plain; charset=utf-8', text: '404: Page Not Found' })
    return
  }
  if (cluster.registry.all().some(kind => kind.builtIn && kind.group === asked.group && kind.version === asked.version)) throw resourceUnknown()
  outgoing.send(404, PAGE_NOT_FOUND)
}

async function answer(cluster: Cluster, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  const action = readAction(incoming.method, incoming.url)
  if (action && await answerAction(cluster, action, incoming, outgoing)) return
  const asked = readRequest(incoming.method, incoming.url)
  checkAccess(cluster, asked, incoming)
  if (asked.is === 'path') return answerPath(cluster, incoming, outgoing)
  if (await answerRoute(cluster, asked, incoming, outgoing)) return
  const kind = cluster.registry.find(asked.group, asked.version, asked.plural)
  if (!kind) return answerUnknown(cluster, asked, outgoing)
  if (await answerResource(cluster, kind, asked, incoming, outgoing) === 'not routed') outgoing.send(404, PAGE_NOT_FOUND)
}

/** Answers a request; whatever goes wrong becomes a Status. */
export async function serveRequest(cluster: Cluster, incoming: Incoming, outgoing: Outgoing, log: (message: string) => void): Promise<void> {
  try {
    await answer(cluster, incoming, outgoing)
  }
  catch (error) {
    if (error instanceof StatusError) {
      const retry = error.details?.['retryAfterSeconds']
      const headers = { ...error.headers, ...(retry === undefined ? {} : { 'Retry-After': String(retry) }) }
      const wantsYaml = incoming.headers.accept?.startsWith('application/yaml') ?? false
      outgoing.send(error.code, renderJson({ format: wantsYaml ? 'yaml' : 'json', as: 'object' }, error.body), headers)
      return
    }
    const incident = randomUUID()
    log(`${incident} ${incoming.method} ${incoming.url.pathname}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
    const failure = internalError(`${error instanceof Error ? error.message : 'unknown'} (incident ${incident})`)
    outgoing.send(500, renderJson({ format: 'json', as: 'object' }, failure.body))
  }
}
