import { closeSync, existsSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder } from '../folder.ts'
import { damaged, parseKept } from './damage.ts'
import type { JsonObject } from './json.ts'
import { isObject } from './json.ts'
import { metaText } from './metadata.ts'
import type { HistoryEvent, Journal, ObjectStore } from './objects.ts'
import { Stored } from './objects.ts'

const SNAPSHOT = 'objects.ndjson'
const JOURNAL = 'journal.ndjson'
const LONG = 32 * 1024 * 1024
const SYNC_EVERY = 50

interface Entry { readonly resource: string, readonly key: string, readonly revision: number, readonly object: JsonObject | undefined }

/** What was kept of a cluster; `revision` 0 where nothing was. */
export interface Saved {
  readonly revision: number
  readonly objects: readonly { readonly resource: string, readonly stored: Stored }[]
}

/** The whole lines of a file, how many bytes they take, and how many it has: what follows the last line end was never finished. */
function wholeLines(path: string): { lines: string[], bytes: number, length: number } {
  if (!existsSync(path)) return { lines: [], bytes: 0, length: 0 }
  const content = readFileSync(path)
  const bytes = content.lastIndexOf(0x0A) + 1
  return { lines: content.subarray(0, bytes).toString('utf8').split('\n').slice(0, -1), bytes, length: content.length }
}

/** The entry in a line of a file, lines counted from 1. Throws UsageError where it is none. */
function readEntry(line: string, path: string, number: number): Entry {
  const value = parseKept(line)
  if (!isObject(value)) throw damaged(path, `line ${number}`)
  const { resource, key, revision, object } = value
  if (typeof resource !== 'string' || typeof key !== 'string' || typeof revision !== 'number' || !(object === undefined || isObject(object))) throw damaged(path, `line ${number}`)
  return { resource, key, revision, object }
}

/** The snapshot's revision and rows. It is moved into place whole: a torn one is damaged too. */
function readSnapshot(path: string): { revision: number, entries: Entry[] } {
  const { lines: [head, ...rows], bytes, length } = wholeLines(path)
  if (!existsSync(path)) return { revision: 0, entries: [] }
  const header = parseKept(head ?? '')
  if (!isObject(header) || typeof header['revision'] !== 'number') throw damaged(path, 'line 1')
  if (bytes < length) throw damaged(path, `line ${rows.length + 2}`)
  return { revision: header['revision'], entries: rows.map((row, index) => readEntry(row, path, index + 2)) }
}

/** Keeps a cluster's objects in a folder: a snapshot, and a line for each change since. A line is with the operating system before its write is answered, and on the disk a moment later. */
export class DiskJournal implements Journal {
  readonly saved: Saved
  private readonly folder: string
  private file: number
  private length: number
  private dirty = false
  private syncing: NodeJS.Timeout | undefined

  /** Opens the folder, made where it is missing. Throws UsageError where what it holds is damaged. */
  constructor(folder: string) {
    ownFolder(folder)
    this.folder = folder
    const { saved, bytes } = this.load()
    this.saved = saved
    this.file = openSync(join(folder, JOURNAL), 'a', 0o600)
    ftruncateSync(this.file, bytes)
    this.length = bytes
  }

  append(resource: string, event: HistoryEvent): void {
    const { key, object, revision } = event.after
    const line = `${JSON.stringify({ resource, key, revision, ...(event.type === 'DELETED' ? {} : { object }) })}\n`
    writeSync(this.file, line)
    this.length += Buffer.byteLength(line)
    this.dirty = true
    this.syncing ??= setTimeout(() => this.sync(), SYNC_EVERY)
  }

  /** Rewrites the snapshot when the journal has grown long. */
  shorten(store: ObjectStore, always = false): void {
    if (!always && this.length < LONG) return
    const path = join(this.folder, SNAPSHOT)
    const file = openSync(`${path}.new`, 'w', 0o600)
    writeSync(file, `${JSON.stringify({ revision: store.revision })}\n`)
    for (const resource of store.resources()) {
      for (const { key, object, revision } of store.of(resource).range('')) writeSync(file, `${JSON.stringify({ resource, key, revision, object })}\n`)
    }
    fsyncSync(file)
    closeSync(file)
    renameSync(`${path}.new`, path)
    // Lines that the snapshot has are skipped by their revision, should this be as far as it gets.
    ftruncateSync(this.file, 0)
    this.length = 0
  }

  close(): void {
    clearTimeout(this.syncing)
    fsyncSync(this.file)
    closeSync(this.file)
  }

  private sync(): void {
    this.syncing = undefined
    if (!this.dirty) return
    this.dirty = false
    fdatasync(this.file, () => undefined)
  }

  private load(): { saved: Saved, bytes: number } {
    const snapshot = readSnapshot(join(this.folder, SNAPSHOT))
    let { revision } = snapshot
    const objects = new Map<string, { resource: string, stored: Stored }>()
    const take = ({ resource, key, object, revision: at }: Entry) => {
      if (object) objects.set(`${resource} ${key}`, { resource, stored: new Stored(key, object, Number(metaText(object, 'resourceVersion')) || at) })
      else objects.delete(`${resource} ${key}`)
    }
    snapshot.entries.forEach(take)
    const path = join(this.folder, JOURNAL)
    const { lines, bytes } = wholeLines(path)
    for (const [index, line] of lines.entries()) {
      const entry = readEntry(line, path, index + 1)
      if (entry.revision <= revision) continue
      take(entry)
      revision = entry.revision
    }
    return { saved: { revision, objects: [...objects.values()] }, bytes }
  }
}
