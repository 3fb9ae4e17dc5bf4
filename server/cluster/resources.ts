import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { readObject, readOptionalObject, readPatch } from './body.ts'
import type { Call, Cluster } from './cluster.ts'
import { deleteCollection, deleteObject, readDeleteOptions } from './deleting.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { listPage, readListOptions } from './listing.ts'
import type { Shape } from './negotiation.ts'
import { negotiate } from './negotiation.ts'
import { storeKey } from './objects.ts'
import { stored, askBeforeEviction } from './admission.ts'
import type { User } from './rbac.ts'
import type { Rendered } from './rendering.ts'
import { EventWriter, readIncludeObject, renderObject, renderPage } from './rendering.ts'
import type { ResourceRequest } from './request.ts'
import { answerReview, isReview } from './reviews.ts'
import { admit, strictMessage } from './schema.ts'
import { badRequest, invalidOptions, methodNotAllowed, notFound, resourceUnknown, verbUnsupported, StatusError } from './status.ts'
import { bindPod, evictPod, finalizeNamespace } from './subresources.ts'
import type { Sink } from './watching.ts'
import { watchKind } from './watching.ts'
import type { Written } from './writing.ts'
import { createObject, heed, patchObject, replaceObject } from './writing.ts'

/** A request as it came in, its user known. */
export interface Incoming {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly user: User
  readonly body: () => Promise<Buffer>
  /** The body as it arrives, for those who must not hold it. */
  readonly stream: Readable
}

/** The way back. */
export interface Outgoing {
  readonly send: (code: number, rendered: Rendered, headers?: Readonly<Record<string, string | string[]>>) => void
  readonly stream: (type: string, headers?: Readonly<Record<string, string | string[]>>) => Sink
}

/** One request to a kind that is served. */
interface Exchange {
  readonly cluster: Cluster
  readonly kind: KindVersion
  readonly asked: ResourceRequest
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly shape: Shape
  readonly warnings: Set<string>
}

const OPTIONS: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' }

function readCall({ incoming, asked, warnings }: Exchange): Call {
  const query = incoming.url.searchParams
  const options = OPTIONS[asked.verb] ?? 'CreateOptions'
  const dryRuns = query.getAll('dryRun')
  if (dryRuns.some(value => value !== 'All')) {
    throw invalidOptions(options, 'dryRun', 'FieldValueNotSupported', `Unsupported value: ${JSON.stringify(dryRuns)}: supported values: "All"`)
  }
  const validation = query.get('fieldValidation') || 'Warn'
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    throw invalidOptions(options, 'fieldValidation', 'FieldValueNotSupported', `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`)
  }
  return { user: incoming.user, dryRun: dryRuns.length > 0, fieldValidation: validation, warn: text => warnings.add(text) }
}

function send(exchange: Exchange, code: number, object: JsonObject): void {
  const { cluster, kind, shape, incoming, outgoing, warnings } = exchange
  const rendered = renderObject(kind, shape, object, readIncludeObject(incoming.url.searchParams), cluster.now())
  outgoing.send(code, rendered, warningHeader(warnings))
}

/** `Warning: 299 - "text"`, one header a warning; together at most 4 KiB, as upstream cuts them. */
function warningHeader(warnings: ReadonlySet<string>): Readonly<Record<string, string[]>> {
  const headers: string[] = []
  let left = 4096
  for (const warning of warnings) {
    const printable = [...warning.replaceAll('\n', ' ')].filter(character => character >= ' ' && character <= '~').join('')
    const text = `299 - "${printable.replace(/["\\]/g, '\\$&')}"`
    if (text.length > left) break
    left -= text.length
    headers.push(text)
  }
  return headers.length ? { Warning: headers } : {}
}

async function readSent(exchange: Exchange, call: Call): Promise<JsonObject> {
  const { kind, incoming } = exchange
  const { object, duplicates } = readObject(kind, incoming.headers['content-type'], await incoming.body())
  const texts = duplicates.map(field => `duplicate field "${field}"`)
  if (texts.length && call.fieldValidation === 'Strict') throw badRequest(strictMessage(kind, texts))
  if (call.fieldValidation === 'Warn') texts.forEach(call.warn)
  return object
}

function sendWritten(exchange: Exchange, written: Written): void {
  send(exchange, written.code, written.object)
}

async function create(exchange: Exchange): Promise<void> {
  const { cluster, kind, asked } = exchange
  const call = readCall(exchange)
  const sent = await readSent(exchange, call)
  if (isReview(kind)) {
    heed(kind, admit(kind, sent, { fieldValidation: call.fieldValidation, part: 'object' }), call)
    send(exchange, 201, answerReview(cluster, kind, call.user, asked.namespace, sent))
  }
  else sendWritten(exchange, createObject(cluster, kind, asked.namespace, sent, call))
}

async function write(exchange: Exchange, part: 'object' | 'status'): Promise<void> {
  const { cluster, kind, asked, incoming } = exchange
  const call = readCall(exchange)
  if (asked.verb === 'patch') {
    const { type, patch } = readPatch(kind, incoming.headers['content-type'], await incoming.body())
    sendWritten(exchange, patchObject(cluster, kind, asked, part, type, patch, call))
    return
  }
  sendWritten(exchange, replaceObject(cluster, kind, asked, part, await readSent(exchange, call), call))
}

async function remove(exchange: Exchange): Promise<void> {
  const { cluster, kind, asked, incoming, outgoing, shape } = exchange
  const query = incoming.url.searchParams
  const options = readDeleteOptions(readOptionalObject(incoming.headers['content-type'], await incoming.body()), query)
  const call: Call = { user: incoming.user, dryRun: options.dryRun, fieldValidation: 'Ignore', warn: text => exchange.warnings.add(text) }
  if (asked.verb === 'delete') {
    send(exchange, 200, deleteObject(cluster, kind, asked, options, call))
    return
  }
  const page = listPage(cluster, kind, asked.namespace, readListOptions(kind, query, false))
  deleteCollection(cluster, kind, page.items, options, call)
  outgoing.send(200, renderPage(kind, shape, page, readIncludeObject(query), cluster.now()), warningHeader(exchange.warnings))
}

function read(exchange: Exchange): void {
  const { cluster, kind, asked, incoming, outgoing, shape } = exchange
  const query = incoming.url.searchParams
  const include = readIncludeObject(query)
  if (asked.verb === 'get') {
    send(exchange, 200, stored(cluster, kind, storeKey(asked.namespace, asked.name), asked.name))
    return
  }
  const options = readListOptions(kind, query, asked.verb === 'watch')
  if (asked.verb === 'list') {
    outgoing.send(200, renderPage(kind, shape, listPage(cluster, kind, asked.namespace, options), include, cluster.now()), warningHeader(exchange.warnings))
    return
  }
  const writer = new EventWriter(kind, shape, include, cluster.now)
  watchKind(cluster, kind, asked.namespace, options, writer, () => outgoing.stream('application/json', warningHeader(exchange.warnings)))
}

/** Subresources that single built-ins have; false when the kind has no such one. */
async function special(exchange: Exchange): Promise<boolean> {
  const { cluster, kind, asked, incoming, outgoing } = exchange
  const which = `${kind.plural}/${asked.subresource} ${asked.verb}`
  if (!kind.builtIn || kind.group) return false
  const call = readCall(exchange)
  switch (which) {
    case 'pods/log get':
      stored(cluster, kind, storeKey(asked.namespace, asked.name), asked.name)
      outgoing.send(200, { type: 'text/plain', text: '' })
      return true
    case 'pods/binding create':
      send(exchange, 201, bindPod(cluster, kind, asked, await readSent(exchange, call), call))
      return true
    case 'pods/eviction create': {
      const sent = await readSent(exchange, call)
      const options = sent['deleteOptions']
      const body = typeof options === 'object' && options && !Array.isArray(options) ? options : undefined
      const deletion = readDeleteOptions(body, incoming.url.searchParams)
      stored(cluster, kind, storeKey(asked.namespace, asked.name), asked.name)
      await askBeforeEviction(cluster, kind, { namespace: asked.namespace, name: asked.name, dryRun: call.dryRun || deletion.dryRun })
      send(exchange, 201, evictPod(cluster, kind, asked, deletion, call))
      return true
    }
    case 'namespaces/finalize update':
      send(exchange, 200, finalizeNamespace(cluster, kind, asked.name, await readSent(exchange, call), call))
      return true
    default: return false
  }
}

/** Whether the kind is served at this scope: under a namespace, of all namespaces, or of the cluster. */
function scopeFits(kind: KindVersion, asked: ResourceRequest): boolean {
  if (!kind.namespaced) return !asked.namespace
  return Boolean(asked.namespace) || (!asked.name && (asked.verb === 'list' || asked.verb === 'watch'))
}

/** Answers a request to a served kind. Throws a StatusError; `undefined` stands for the plain 404 of a path that is not routed. */
export async function answerResource(cluster: Cluster, kind: KindVersion, asked: ResourceRequest, incoming: Incoming, outgoing: Outgoing): Promise<'done' | 'not routed'> {
  const exchange: Exchange = { cluster, kind, asked, incoming, outgoing, shape: negotiate(incoming.headers.accept), warnings: new Set(kind.deprecation ? [kind.deprecation] : []) }
  try {
    return await perform(exchange)
  }
  catch (error) {
    throw error instanceof StatusError ? error.withHeaders(warningHeader(exchange.warnings)) : error
  }
}

async function perform(exchange: Exchange): Promise<'done' | 'not routed'> {
  const { kind, asked } = exchange
  if (!scopeFits(kind, asked)) {
    if (!kind.builtIn) return 'not routed'
    throw asked.namespace ? resourceUnknown() : methodNotAllowed()
  }
  if (asked.subresource) {
    const isStatus = asked.subresource === 'status' && kind.hasStatus
    if (isStatus && asked.verb === 'get') read(exchange)
    else if (isStatus && (asked.verb === 'update' || asked.verb === 'patch')) await write(exchange, 'status')
    else if (isStatus) throw kind.builtIn ? methodNotAllowed() : verbUnsupported(kind, asked.verb)
    else if (!await special(exchange)) throw kind.builtIn ? resourceUnknown() : notFound(kind, asked.name)
    return 'done'
  }
  if (!asked.name && (asked.verb === 'update' || asked.verb === 'patch')) throw kind.builtIn ? methodNotAllowed() : badRequest('name must be provided')
  if (!kind.verbs.includes(asked.verb) || (kind.builtIn && asked.verb === 'create' && asked.name)) {
    if (isReview(kind) && asked.name) throw resourceUnknown()
    throw kind.builtIn ? methodNotAllowed() : verbUnsupported(kind, asked.verb)
  }
  if (asked.verb === 'create') await create(exchange)
  else if (asked.verb === 'update' || asked.verb === 'patch') await write(exchange, 'object')
  else if (asked.verb === 'delete' || asked.verb === 'deletecollection') await remove(exchange)
  else read(exchange)
  return 'done'
}
