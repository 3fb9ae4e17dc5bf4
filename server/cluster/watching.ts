import { resourceOf } from './admission.ts'
import type { Cluster } from './cluster.ts'
import type { KindVersion } from './kind.ts'
import type { ListOptions } from './listing.ts'
import type { HistoryEvent } from './objects.ts'
import type { EventWriter } from './rendering.ts'
import { asLeft } from './rendering.ts'
import { StatusError, tooOld } from './status.ts'

/** Where the lines of a watch go. */
export interface Sink {
  /** False when the reader is so far behind that it must be let go. */
  readonly write: (line: string) => boolean
  readonly end: () => void
  /** Called once when the reader has gone, or the watch has ended. */
  readonly closed: (then: () => void) => void
}

const BOOKMARK_EVERY = 60_000
/** A last bookmark this long before a watch ends lets the follower resume without a gap. */
const BOOKMARK_BEFORE_END = 2_000
const SHORTEST = 30 * 60_000

/** What an event is to a watcher who sees only what its selector chooses; undefined when it is nothing. */
function lineOf(event: HistoryEvent, options: ListOptions, writer: EventWriter): string | undefined {
  const { match } = options
  const is = event.type !== 'DELETED' && (!match || match(event.after.object))
  const was = event.before !== undefined && (!match || match(event.before.object))
  if (is) return writer.line(was ? 'MODIFIED' : 'ADDED', event.after)
  if (!was || !event.before) return undefined
  return writer.line('DELETED', event.type === 'DELETED' ? event.after : asLeft(event.before, event.revision))
}

function startRevision(options: ListOptions): number {
  const text = options.resourceVersion
  if (!/^\d*$/.test(text)) throw new StatusError(500, '', `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text || 0)
}

/** Follows a kind until the reader goes, the time is up or the kind is no longer served. Throws 500 for a malformed revision before anything is written. */
export function watchKind(cluster: Cluster, kind: KindVersion, namespace: string, options: ListOptions, writer: EventWriter, open: () => Sink): void {
  const collection = cluster.store.of(resourceOf(kind))
  const from = startRevision(options)
  const sink = open()
  const prefix = namespace ? `${namespace}/` : ''
  const initial = options.sendInitialEvents ?? from === 0
  let stop = () => sink.end()
  const send = (line: string | undefined) => {
    if (line !== undefined && !sink.write(line)) stop()
  }
  if (!initial && from > 0 && options.sendInitialEvents === undefined && from < collection.compactedRevision) {
    send(writer.error(tooOld(from, collection.compactedRevision).body))
    sink.end()
    return
  }
  if (initial) {
    for (const stored of collection.range(prefix)) if (!options.match || options.match(stored.object)) send(writer.line('ADDED', stored))
    if (options.bookmarks) send(writer.bookmark(cluster.store.revision, { 'k8s.io/initial-events-end': 'true' }))
  }
  else if (options.sendInitialEvents === undefined) {
    for (const event of collection.since(from)) if (event.after.key.startsWith(prefix)) send(lineOf(event, options, writer))
  }

  const unlisten = collection.listen(event => {
    if (event.revision > from && event.after.key.startsWith(prefix)) send(lineOf(event, options, writer))
  }, () => stop())
  const life = options.timeoutSeconds ? options.timeoutSeconds * 1000 : SHORTEST * (1 + Math.random())
  const bookmark = () => { if (options.bookmarks) send(writer.bookmark(Math.max(cluster.store.revision, from))) }
  const timers = [setInterval(bookmark, BOOKMARK_EVERY), setTimeout(() => stop(), life)]
  if (life > BOOKMARK_BEFORE_END) timers.push(setTimeout(bookmark, life - BOOKMARK_BEFORE_END))
  const release = () => {
    unlisten()
    timers.forEach(timer => clearTimeout(timer))
  }
  stop = () => {
    release()
    sink.end()
  }
  sink.closed(release)
}
