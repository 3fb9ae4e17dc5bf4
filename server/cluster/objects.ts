import type { JsonObject } from './json.ts'
import { isObject } from './json.ts'

/** One object at one revision. Never changed once stored: a write puts a new one in its place. */
export class Stored {
  readonly key: string
  readonly object: JsonObject
  readonly revision: number
  private readonly texts = new Map<string, string>()

  constructor(key: string, object: JsonObject, revision: number) {
    this.key = key
    this.object = object
    this.revision = revision
  }

  /** The object as that apiVersion shows it. Versions of a kind differ in nothing else (conversion strategy None). */
  as(apiVersion: string): JsonObject {
    return this.object['apiVersion'] === apiVersion ? this.object : { ...this.object, apiVersion }
  }

  /** JSON of the object, kind and apiVersion first; made once, for a list of thousands costs what joining strings costs. */
  text(apiVersion: string): string {
    let text = this.texts.get(apiVersion)
    if (text === undefined) {
      const { kind, ...rest } = this.object
      text = JSON.stringify({ kind, ...rest, apiVersion })
      this.texts.set(apiVersion, text)
    }
    return text
  }
}

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One step of history. `after` of a deletion is the last state under the revision of the deletion. */
export interface HistoryEvent {
  readonly type: Change
  readonly revision: number
  readonly at: number
  readonly after: Stored
  readonly before: Stored | undefined
}

export type Listener = (event: HistoryEvent) => void
export type StoreListener = (resource: string, event: HistoryEvent) => void

export interface HistoryLimits {
  /** Events kept of one resource. */
  readonly events: number
  /** How long an event is kept, in ms. */
  readonly age: number
}

/** Objects of one resource in the order of their keys, and what happened to them lately. */
export class Collection {
  private readonly objects = new Map<string, Stored>()
  private readonly keys: string[] = []
  private history: HistoryEvent[] = []
  private readonly listeners = new Map<Listener, () => void>()
  /** Events up to and including this revision are forgotten. */
  private forgotten: number

  constructor(forgotten: number) {
    this.forgotten = forgotten
  }

  get size(): number { return this.objects.size }
  get compactedRevision(): number { return this.forgotten }

  get(key: string): Stored | undefined { return this.objects.get(key) }

  /** The objects under a prefix as they were at a revision, in order, from behind a key on. The caller makes sure that the revision is not forgotten. */
  at(revision: number, prefix: string, after = ''): Stored[] {
    const undone = new Map<string, Stored | undefined>()
    for (let i = this.history.length - 1; i >= 0; i--) {
      const event = this.history[i]
      if (!event || event.revision <= revision) break
      undone.set(event.after.key, event.before)
    }
    const now = this.range(prefix, after)
    if (!undone.size) return now
    const then = now.filter(stored => !undone.has(stored.key))
    for (const [key, stored] of undone) if (stored && key.startsWith(prefix) && key > after) then.push(stored)
    return then.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  }

  /** The objects under a prefix (`namespace/`, or '' for all) as they are, from behind a key on. */
  range(prefix: string, after = ''): Stored[] {
    const found: Stored[] = []
    for (let i = this.position(after > prefix ? `${after}\0` : prefix); i < this.keys.length; i++) {
      const key = this.keys[i] ?? ''
      if (!key.startsWith(prefix)) break
      const stored = this.objects.get(key)
      if (stored) found.push(stored)
    }
    return found
  }

  /** What happened after a revision, oldest first. */
  since(revision: number): HistoryEvent[] {
    let low = 0
    let high = this.history.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.history[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return this.history.slice(low)
  }

  /** Hears every later change, until the returned function is called or the resource is no longer served (`ended`). */
  listen(listener: Listener, ended: () => void = () => undefined): () => void {
    this.listeners.set(listener, ended)
    return () => { this.listeners.delete(listener) }
  }

  /** Sends everybody away who listens: the resource is gone, or is served in another shape. */
  endListening(): void {
    for (const ended of [...this.listeners.values()]) ended()
  }

  record(event: HistoryEvent, limits: HistoryLimits): void {
    const key = event.after.key
    if (event.type === 'DELETED') {
      this.objects.delete(key)
      this.keys.splice(this.position(key), 1)
    }
    else {
      if (!this.objects.has(key)) this.keys.splice(this.position(key), 0, key)
      this.objects.set(key, event.after)
    }
    this.history.push(event)
    this.forgetOld(event.at, limits)
    for (const listener of [...this.listeners.keys()]) listener(event)
  }

  /** Puts an object back as it was saved, without history. */
  restore(stored: Stored): void {
    if (!this.objects.has(stored.key)) this.keys.splice(this.position(stored.key), 0, stored.key)
    this.objects.set(stored.key, stored)
  }

  forget(upTo: number): void {
    this.history = this.since(upTo)
    this.forgotten = Math.max(this.forgotten, upTo)
  }

  private forgetOld(now: number, limits: HistoryLimits): void {
    const oldest = this.history[0]
    if (!oldest) return
    if (this.history.length <= limits.events && now - oldest.at <= limits.age) return
    // An eighth at a time, so that a long history is not copied for each event.
    const excess = this.history.length > limits.events ? Math.max(this.history.length - limits.events, limits.events >> 3) : 0
    let drop = excess
    while (drop < this.history.length && now - (this.history[drop]?.at ?? now) > limits.age) drop++
    this.forget(this.history[drop - 1]?.revision ?? this.forgotten)
  }

  private position(key: string): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.keys[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The key of an object in its collection. */
export function storeKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name
}

/** Where each change is written down before it is answered. */
export interface Journal { append(resource: string, event: HistoryEvent): void }

/** What etcd is to a real API server: objects under one counter of revisions, with enough history to follow. */
export class ObjectStore {
  private counter: number
  private readonly collections = new Map<string, Collection>()
  private readonly started: number
  private readonly limits: HistoryLimits
  private readonly now: () => number
  private readonly journal: Journal | undefined
  private readonly listeners = new Set<StoreListener>()

  constructor(options: { limits: HistoryLimits, now: () => number, revision?: number, journal?: Journal | undefined }) {
    this.counter = options.revision ?? 1
    this.started = this.counter
    this.limits = options.limits
    this.now = options.now
    this.journal = options.journal
  }

  get revision(): number { return this.counter }

  /** Objects of a resource by its qualified name, e.g. `pods` or `volumes.longhorn.io`. */
  of(resource: string): Collection {
    let collection = this.collections.get(resource)
    if (!collection) {
      collection = new Collection(this.started)
      this.collections.set(resource, collection)
    }
    return collection
  }

  /** Puts back what was saved, before anything is stored or followed. */
  restore(resource: string, stored: Stored): void {
    this.of(resource).restore(stored)
  }

  resources(): string[] { return [...this.collections.keys()] }

  /** Hears every later change of every resource. */
  listen(listener: StoreListener): () => void {
    this.listeners.add(listener)
    return () => { this.listeners.delete(listener) }
  }

  /** Stores an object under the next revision and says what is stored. */
  put(resource: string, key: string, object: JsonObject): Stored {
    const before = this.of(resource).get(key)
    return this.record(resource, before ? 'MODIFIED' : 'ADDED', key, object, before)
  }

  /** Takes an object out; answers its last state, or undefined where there was none. */
  remove(resource: string, key: string, last?: JsonObject): Stored | undefined {
    const before = this.of(resource).get(key)
    return before && this.record(resource, 'DELETED', key, last ?? before.object, before)
  }

  /** Forgets history up to now: followers who ask for an older revision must list again. */
  compact(): number {
    for (const collection of this.collections.values()) collection.forget(this.counter)
    return this.counter
  }

  private record(resource: string, type: Change, key: string, object: JsonObject, before: Stored | undefined): Stored {
    const revision = ++this.counter
    const metadata = isObject(object['metadata']) ? object['metadata'] : {}
    const after = new Stored(key, { ...object, metadata: { ...metadata, resourceVersion: String(revision) } }, revision)
    const event: HistoryEvent = { type, revision, at: this.now(), after, before }
    this.journal?.append(resource, event)
    this.of(resource).record(event, this.limits)
    for (const listener of this.listeners) listener(resource, event)
    return after
  }
}
