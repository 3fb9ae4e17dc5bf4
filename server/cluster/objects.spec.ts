import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from './json.ts'
import { metaText } from './metadata.ts'
import { ObjectStore } from './objects.ts'

function newStore(limits = { events: 1000, age: 60_000 }, now = () => 0): ObjectStore {
  return new ObjectStore({ limits, now })
}

const thing = (name: string, value = 0): JsonObject => ({ kind: 'Thing', apiVersion: 'x/v1', metadata: { name }, value })
const shown = (store: ObjectStore, revision: number, prefix = '') => store.of('things').at(revision, prefix).map(stored => [stored.key, stored.object['value'], stored.revision])

describe('the object store', () => {
  it('gives each change the next revision, and the object says it', () => {
    const store = newStore()
    const first = store.put('things', 'a/x', thing('x'))
    const second = store.put('others', 'a/x', thing('x'))
    expect(second.revision).toBe(first.revision + 1)
    expect(metaText(second.object, 'resourceVersion')).toBe(String(second.revision))
    expect(store.revision).toBe(second.revision)
  })

  it('lists in the order of keys, a namespace by its prefix, and from behind a key on', () => {
    const store = newStore()
    for (const key of ['b/1', 'a/2', 'a-b/1', 'a/10']) store.put('things', key, thing(key))
    expect(store.of('things').range('').map(stored => stored.key)).toEqual(['a-b/1', 'a/10', 'a/2', 'b/1'])
    expect(store.of('things').range('a/').map(stored => stored.key)).toEqual(['a/10', 'a/2'])
    expect(store.of('things').range('', 'a/10').map(stored => stored.key)).toEqual(['a/2', 'b/1'])
  })

  it('shows a removed object to followers under the revision of its removal', () => {
    const store = newStore()
    const { revision } = store.put('things', 'x', thing('x', 7))
    store.remove('things', 'x')
    const [event] = store.of('things').since(revision)
    expect(event).toMatchObject({ type: 'DELETED', revision: revision + 1 })
    expect(event?.after.object).toMatchObject({ value: 7, metadata: { resourceVersion: String(revision + 1) } })
    expect(store.remove('things', 'x')).toBeUndefined()
  })

  it('remembers every past state until it is forgotten', () => {
    const writes = fc.array(fc.record({ key: fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2'), value: fc.nat(9), remove: fc.boolean() }), { maxLength: 40 })
    fc.assert(fc.property(writes, steps => {
      const store = newStore()
      const past = new Map([[store.revision, shown(store, store.revision)]])
      for (const { key, value, remove } of steps) {
        if (remove) store.remove('things', key)
        else store.put('things', key, thing(key, value))
        past.set(store.revision, [...store.of('things').range('')].map(stored => [stored.key, stored.object['value'], stored.revision]))
      }
      for (const [revision, state] of past) expect(shown(store, revision)).toEqual(state)
    }))
  })

  it('forgets the oldest events beyond its limit, and says up to where', () => {
    const store = newStore({ events: 8, age: 60_000 })
    for (let i = 0; i < 40; i++) store.put('things', 'x', thing('x', i))
    const { compactedRevision } = store.of('things')
    expect(compactedRevision).toBeGreaterThan(30)
    expect(store.of('things').since(compactedRevision).map(event => event.revision)[0]).toBe(compactedRevision + 1)
    expect(store.of('things').since(0).length).toBeLessThanOrEqual(8)
  })

  it('forgets events that are older than their age', () => {
    let now = 0
    const store = newStore({ events: 1000, age: 1000 }, () => now)
    store.put('things', 'x', thing('x'))
    now = 2000
    const { revision } = store.put('things', 'x', thing('x', 1))
    expect(store.of('things').compactedRevision).toBe(revision - 1)
  })

  it('forgets all when it is told to', () => {
    const store = newStore()
    store.put('things', 'x', thing('x'))
    expect(store.compact()).toBe(store.revision)
    expect(store.of('things').compactedRevision).toBe(store.revision)
    expect(store.of('things').since(0)).toEqual([])
  })

  it('writes kind and apiVersion first, and the text of an object once', () => {
    const store = newStore()
    const stored = store.put('things', 'x', thing('x'))
    expect(stored.text('x/v1')).toMatch(/^\{"kind":"Thing","apiVersion":"x\/v1",/)
    expect(stored.text('x/v1')).toBe(stored.text('x/v1'))
    expect(JSON.parse(stored.text('x/v2'))).toEqual({ ...stored.object, apiVersion: 'x/v2' })
  })
})
