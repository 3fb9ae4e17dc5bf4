import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskJournal } from './journal.ts'
import { ObjectStore } from './objects.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'guardrails-journal-')) })
afterEach(() => { rmSync(folder, { recursive: true }) })

function open() {
  const journal = new DiskJournal(folder)
  const store = new ObjectStore({ limits: { events: 100, age: 60_000 }, now: () => 0, revision: journal.saved.revision || 1, journal })
  for (const { resource, stored } of journal.saved.objects) store.restore(resource, stored)
  return { journal, store }
}

const named = (store: ObjectStore) => store.of('things').range('').map(({ key, object, revision }) => [key, object['value'], revision])

function fill(store: ObjectStore): void {
  for (const [key, value] of [['a', 1], ['b', 2], ['a', 3], ['c', 4]] as const) store.put('things', key, { metadata: { name: key }, value })
  store.remove('things', 'b')
}

describe('a journal', () => {
  it('gives everything back, and revisions go on', () => {
    const before = open()
    fill(before.store)
    before.journal.close()
    const after = open()
    expect(named(after.store)).toEqual(named(before.store))
    expect(after.store.revision).toBe(before.store.revision)
    expect(after.store.put('things', 'd', { metadata: {} }).revision).toBe(before.store.revision + 1)
    after.journal.close()
  })

  it('gives everything back of a process that was killed', () => {
    const before = open()
    fill(before.store)
    expect(named(open().store)).toEqual(named(before.store))
  })

  it('drops a last line that was not finished, and writes on behind it', () => {
    const before = open()
    fill(before.store)
    const whole = named(before.store)
    before.journal.close()
    appendFileSync(join(folder, 'journal.ndjson'), '{"resource":"things","key":"torn","revi')
    const after = open()
    expect(named(after.store)).toEqual(whole)
    after.store.put('things', 'e', { metadata: {}, value: 5 })
    after.journal.close()
    expect(named(open().store)).toEqual([...whole, ['e', 5, after.store.revision]])
  })

  it('is short after a snapshot, and the snapshot has it all', () => {
    const before = open()
    fill(before.store)
    before.journal.shorten(before.store, true)
    expect(readFileSync(join(folder, 'journal.ndjson'), 'utf8')).toBe('')
    before.store.put('things', 'z', { metadata: {}, value: 9 })
    before.journal.close()
    const after = open()
    expect(named(after.store)).toEqual(named(before.store))
    expect(after.store.revision).toBe(before.store.revision)
  })

  it('reads no line twice when it dies between the snapshot and the new journal', () => {
    const before = open()
    fill(before.store)
    const lines = readFileSync(join(folder, 'journal.ndjson'), 'utf8')
    before.store.remove('things', 'c')
    before.journal.shorten(before.store, true)
    before.journal.close()
    appendFileSync(join(folder, 'journal.ndjson'), lines)
    expect(named(open().store)).toEqual(named(before.store))
  })

  it('remembers that the last change was a removal', () => {
    const before = open()
    fill(before.store)
    before.journal.shorten(before.store, true)
    for (const key of ['a', 'c']) before.store.remove('things', key)
    before.journal.close()
    const after = open()
    expect(named(after.store)).toEqual([])
    expect(after.store.revision).toBe(before.store.revision)
  })

  it.each([
    ['a line cut in the middle', 'journal.ndjson', 3, (line: string) => line.slice(0, 30)],
    ['a line broken in two', 'journal.ndjson', 2, (line: string) => `${line.slice(0, 30)}\n${line.slice(30)}`],
    ['a line of something else', 'journal.ndjson', 1, () => '{"kind":"secret-word"}'],
    ['a line without its revision', 'journal.ndjson', 4, (line: string) => line.replace(/"revision":\d+/, '"revision":"x"')],
    ['a garbled head of the snapshot', 'objects.ndjson', 1, () => '\u0000'],
    ['a garbled row of the snapshot', 'objects.ndjson', 3, (line: string) => line.replaceAll('"', '\'')],
  ])('names the damaged file and line, never what it holds: %s', (_what, file, number, spoil) => {
    const before = open()
    fill(before.store)
    before.store.put('things', 's', { metadata: {}, value: 'secret-word' })
    if (file === 'objects.ndjson') before.journal.shorten(before.store, true)
    before.journal.close()
    const path = join(folder, file)
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').map((line, index) => (index === number - 1 ? spoil(line) : line)).join('\n'))
    expect(open).toThrow(expect.objectContaining({ name: 'UsageError', message: `${path} is damaged (line ${number}): put a copy of the folder back, or start a fresh cluster after mv ${folder} ${folder}.damaged` }))
  })

  it('does not pass over the end of a snapshot that is torn', () => {
    const before = open()
    fill(before.store)
    before.journal.shorten(before.store, true)
    before.journal.close()
    const path = join(folder, 'objects.ndjson')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -5))
    expect(open).toThrow(`${path} is damaged (line 3)`)
    writeFileSync(path, '')
    expect(open).toThrow(`${path} is damaged (line 1)`)
  })
})
