import { resourceOf } from './admission.ts'
import type { Cluster } from './cluster.ts'
import type { KindVersion } from './kind.ts'
import type { Stored } from './objects.ts'
import type { Match } from './selector.ts'
import { fieldMatch, labelMatch } from './selector.ts'
import { badRequest, expired, invalidOptions, StatusError, tooNew } from './status.ts'

/** What a list or watch may ask in its query. */
export interface ListOptions {
  readonly match: Match | undefined
  readonly limit: number
  readonly continueToken: string
  /** '' when not given. */
  readonly resourceVersion: string
  readonly versionMatch: string
  readonly timeoutSeconds: number
  readonly bookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (text && !/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Math.max(0, Number(text || 0))
}

function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  return text !== null && text !== '0' && text !== 'false'
}

function forbiddenOption(field: string, because: string): StatusError {
  return invalidOptions('ListOptions', field, 'FieldValueForbidden', `Forbidden: ${because}`)
}

/** The rules of apimachinery meta/internalversion/validation. */
function checkOptions(options: ListOptions, watch: boolean): void {
  const { versionMatch, resourceVersion, sendInitialEvents, continueToken } = options
  if (watch && versionMatch && sendInitialEvents === undefined) throw forbiddenOption('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  if (!watch && sendInitialEvents !== undefined) throw forbiddenOption('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  if (watch && sendInitialEvents !== undefined && versionMatch !== 'NotOlderThan') throw forbiddenOption('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (!versionMatch || watch) return
  if (continueToken) throw forbiddenOption('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
  if (!resourceVersion) throw forbiddenOption('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (versionMatch !== 'Exact' && versionMatch !== 'NotOlderThan') {
    throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueNotSupported', `Unsupported value: ${JSON.stringify(versionMatch)}: supported values: "Exact", "NotOlderThan", ""`)
  }
  if (versionMatch === 'Exact' && resourceVersion === '0') throw forbiddenOption('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
}

function bothMatches(labels: Match | undefined, fields: Match | undefined): Match | undefined {
  if (!labels || !fields) return labels ?? fields
  return object => labels(object) && fields(object)
}

/** Reads the query of a list or watch. Throws 400 or 422. */
export function readListOptions(kind: KindVersion, query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    match: bothMatches(labelMatch(query.get('labelSelector') ?? ''), fieldMatch(kind, query.get('fieldSelector') ?? '')),
    limit: wholeNumber(query, 'limit'),
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    versionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: wholeNumber(query, 'timeoutSeconds'),
    bookmarks: flag(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? flag(query, 'sendInitialEvents') : undefined,
  }
  checkOptions(options, watch)
  return options
}

/** One page of a list. */
export interface Page {
  readonly items: readonly Stored[]
  readonly resourceVersion: string
  readonly continueToken: string
  readonly remaining: number | undefined
}

interface Token { readonly rv: number, readonly start: string }

function writeToken({ rv, start }: Token): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url')
}

function readToken(text: string): Token {
  const decoded = Buffer.from(text, 'base64url').toString('latin1')
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof token === 'object' && token && 'rv' in token && 'start' in token && typeof token.rv === 'number' && typeof token.start === 'string') return { rv: token.rv, start: token.start }
  }
  catch {
    throw badRequest(`invalid continue token: continue key is not valid: invalid character '${decoded[0] ?? ''}' looking for beginning of value`)
  }
  throw badRequest('invalid continue token: continue key is not valid: server response contained no resource version')
}

const TOO_OLD_TOKEN = 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** The revision that a page is read at, and where it starts. */
function startOf(cluster: Cluster, kind: KindVersion, options: ListOptions): Token {
  const collection = cluster.store.of(resourceOf(kind))
  const current = cluster.store.revision
  if (options.continueToken) {
    if (options.resourceVersion && options.resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue')
    const token = readToken(options.continueToken)
    if (token.rv < 0) return { rv: current, start: token.start }
    if (token.rv < collection.compactedRevision) {
      throw new StatusError(410, 'Expired', TOO_OLD_TOKEN, undefined, { continue: writeToken({ rv: -1, start: token.start }) })
    }
    return token
  }
  const asked = readVersion(options.resourceVersion)
  if (asked > current) throw tooNew(asked, current)
  // Without a match, a limit makes the version exact: an old rule that clients rely on.
  const exact = options.versionMatch === 'Exact' || (!options.versionMatch && options.limit > 0 && asked > 0)
  if (!exact || !asked) return { rv: current, start: '' }
  if (asked < collection.compactedRevision) throw expired('The resourceVersion for the provided list is too old.')
  return { rv: asked, start: '' }
}

function readVersion(text: string): number {
  if (!/^\d*$/.test(text)) throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text || 0)
}

/** Lists a namespace ('' for all, or a kind without namespaces). Throws 410 where the revision is forgotten, 504 where it is not yet reached. */
export function listPage(cluster: Cluster, kind: KindVersion, namespace: string, options: ListOptions): Page {
  const { rv, start } = startOf(cluster, kind, options)
  const all = cluster.store.of(resourceOf(kind)).at(rv, namespace ? `${namespace}/` : '', start)
  const { match } = options
  const limit = options.resourceVersion === '0' && !options.versionMatch ? 0 : options.limit
  const items: Stored[] = []
  let next = 0
  while (next < all.length && (!limit || items.length < limit)) {
    const stored = all[next++]
    if (stored && (!match || match(stored.object))) items.push(stored)
  }
  const more = next < all.length && (!match || all.slice(next).some(stored => match(stored.object)))
  return {
    items,
    resourceVersion: String(rv),
    continueToken: more ? writeToken({ rv, start: items[items.length - 1]?.key ?? start }) : '',
    remaining: more && !match ? all.length - next : undefined,
  }
}
