import { describe, expect, it } from 'vitest'
import { stage } from './stage.ts'

const { admin, viewer, group, namespace, gadgets, widgets, vaults, core, gadget, widget, vault, configMap, forget } = stage('watching')

const now = async (path: string) => (await admin.get(`${path}?limit=1`)).list.metadata.resourceVersion
const types = (events: readonly { type: string }[]) => events.map(event => event.type)
let count = 0

/** A place of its own for each test: a label that only its objects carry. */
function lane() {
  const label = `lane-${++count}`
  return { label, only: `labelSelector=lane%3D${label}`, object: (name: string, spec = { size: 1 }) => gadget(`${label}-${name}`, spec, { labels: { lane: label } }), path: (name: string) => `${gadgets}/${label}-${name}` }
}

describe('watching', () => {
  it('answers 200 and headers at once, before anything happens', async () => {
    const watch = await admin.watch(`${gadgets}?watch=1&resourceVersion=${await now(gadgets)}`)
    expect(watch.contentType).toBe('application/json')
    watch.close()
  })

  it('from a resourceVersion has exactly what came after it: ADDED, MODIFIED, DELETED', async () => {
    const { only, object, path } = lane()
    await admin.post(gadgets, object('before'))
    const from = await now(gadgets)
    const made = await admin.post(gadgets, object('a'))
    const changed = await admin.merge(path('a'), { spec: { size: 2 } })
    await admin.delete(path('a'))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${from}`)
    const events = await watch.take(3)
    watch.close()
    expect(types(events)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    expect(events[0]?.object).toEqual(made.object)
    expect(events[1]?.object).toEqual(changed.object)
  })

  it('DELETED carries the last state with a resourceVersion of its own', async () => {
    const { only, object, path } = lane()
    const { object: last } = await admin.post(gadgets, object('last', { size: 7 }))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${last.metadata.resourceVersion}`)
    await admin.delete(path('last'))
    const { type, object: gone } = await watch.next()
    watch.close()
    expect([type, gone.spec?.size, gone.metadata.uid]).toEqual(['DELETED', 7, last.metadata.uid])
    expect(Number(gone.metadata.resourceVersion)).toBeGreaterThan(Number(last.metadata.resourceVersion))
  })

  it('without a resourceVersion begins with an ADDED for each object there is', async () => {
    const { only, object } = lane()
    await admin.post(gadgets, object('one'))
    await admin.post(gadgets, object('two'))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}`)
    const events = await watch.take(2)
    await admin.post(gadgets, object('three'))
    events.push(await watch.next())
    watch.close()
    expect(types(events)).toEqual(['ADDED', 'ADDED', 'ADDED'])
    expect(events.map(event => event.object.metadata.name.split('-').pop())).toEqual(['one', 'two', 'three'])
  })

  it('from 0 does the same', async () => {
    const { only, object } = lane()
    await admin.post(gadgets, object('one'))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=0`)
    expect((await watch.next()).type).toBe('ADDED')
    watch.close()
  })

  it('a write that changes nothing is no event', async () => {
    const { only, object, path } = lane()
    const { object: made } = await admin.post(gadgets, object('same'))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${made.metadata.resourceVersion}`)
    await admin.merge(path('same'), { spec: { size: 1 } })
    await admin.merge(`${path('same')}?dryRun=All`, { spec: { size: 5 } })
    await admin.merge(path('same'), { spec: { size: 2 } })
    expect((await watch.next()).object.spec?.size).toBe(2)
    expect(await watch.isSilent(300)).toBe(true)
    watch.close()
  })

  it('a deletion held by a finalizer is MODIFIED first', async () => {
    const { only, label, path } = lane()
    const { object } = await admin.post(gadgets, gadget(`${label}-held`, { size: 1 }, { labels: { lane: label }, finalizers: ['test.local/hold'] }))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${object.metadata.resourceVersion}`)
    await admin.delete(path('held'))
    await admin.merge(path('held'), { metadata: { finalizers: null } })
    const events = await watch.until(event => event.type === 'DELETED')
    watch.close()
    expect(types(events)).toEqual(['MODIFIED', 'DELETED'])
    expect(events[0]?.object.metadata.deletionTimestamp).toBeTruthy()
  })

  it('over all namespaces sees each, in one namespace only its own', async () => {
    const { only, object } = lane()
    const all = await admin.watch(`/apis/${group}/v1/gadgets?watch=1&${only}&resourceVersion=${await now(gadgets)}`)
    const elsewhere = await admin.watch(`${gadgets.replace(namespace, 'default')}?watch=1&${only}&resourceVersion=${await now(gadgets)}`)
    await admin.post(gadgets, object('one'))
    expect((await all.next()).object.metadata.namespace).toBe(namespace)
    expect(await elsewhere.isSilent(300)).toBe(true)
    all.close()
    elsewhere.close()
  })

  it('works for built-ins and cluster-scoped kinds alike, and gives items of built-ins their kind', async () => {
    const watch = await admin.watch(`${core}/configmaps?watch=1&resourceVersion=${await now(`${core}/configmaps`)}`)
    await admin.post(`${core}/configmaps`, configMap('seen'))
    expect((await watch.next()).object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } })
    watch.close()
    const wide = await admin.watch(`${vaults}?watch=1&resourceVersion=${await now(vaults)}&fieldSelector=metadata.name%3Dv-${namespace}`)
    await admin.post(vaults, vault(`v-${namespace}`))
    await admin.delete(`${vaults}/v-${namespace}`)
    expect(types(await wide.take(2))).toEqual(['ADDED', 'DELETED'])
    wide.close()
  })

  it('many at once see the same in the same order', async () => {
    const { only, object } = lane()
    const from = await now(gadgets)
    const watches = await Promise.all(Array.from({ length: 5 }, () => admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${from}`)))
    await Promise.all(Array.from({ length: 20 }, (_, index) => admin.post(gadgets, object(`n${index}`))))
    const seen = await Promise.all(watches.map(async watch => (await watch.take(20)).map(event => event.object.metadata.resourceVersion)))
    watches.forEach(watch => watch.close())
    expect(new Set(seen.map(versions => versions.join()))).toHaveLength(1)
    expect(seen[0]).toEqual([...seen[0] ?? []].sort((a, b) => Number(a) - Number(b)))
  })

  it('sees a status written through the subresource', async () => {
    const { only, object, path } = lane()
    const { object: made } = await admin.post(gadgets, object('status'))
    const watch = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${made.metadata.resourceVersion}`)
    await admin.merge(`${path('status')}/status`, { status: { phase: 'Ready' } })
    expect((await watch.next()).object.status).toEqual({ phase: 'Ready' })
    watch.close()
  })
})

describe('selecting while watching', () => {
  it('an object that comes to fit is ADDED, one that no longer fits is DELETED', async () => {
    const { object, path, label } = lane()
    const { object: made } = await admin.post(gadgets, object('moving'))
    const watch = await admin.watch(`${gadgets}?watch=1&labelSelector=lane%3D${label},stage%3Don&resourceVersion=${made.metadata.resourceVersion}`)
    await admin.merge(path('moving'), { metadata: { labels: { stage: 'on' } } })
    await admin.merge(path('moving'), { spec: { size: 2 } })
    await admin.merge(path('moving'), { metadata: { labels: { stage: 'off' } } })
    const events = await watch.take(3)
    expect(await watch.isSilent(200)).toBe(true)
    watch.close()
    expect(types(events)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    expect(events[2]?.object.metadata.labels?.stage).toBe('on')
  })

  it('the name of one object', async () => {
    const { object, path } = lane()
    const { object: made } = await admin.post(gadgets, object('alone'))
    const watch = await admin.watch(`${gadgets}?watch=1&fieldSelector=metadata.name%3D${made.metadata.name}&resourceVersion=${made.metadata.resourceVersion}`)
    await admin.post(gadgets, object('other'))
    await admin.merge(path('alone'), { spec: { size: 2 } })
    expect((await watch.next()).object.metadata.name).toBe(made.metadata.name)
    watch.close()
  })

  it('a definition\'s selectable field', async () => {
    const { label } = lane()
    const from = await now(gadgets)
    const watch = await admin.watch(`${gadgets}?watch=1&labelSelector=lane%3D${label}&fieldSelector=spec.color%3Dblue&resourceVersion=${from}`)
    await admin.post(gadgets, gadget(`${label}-red`, { size: 1, color: 'red' }, { labels: { lane: label } }))
    await admin.post(gadgets, gadget(`${label}-blue`, { size: 1, color: 'blue' }, { labels: { lane: label } }))
    expect((await watch.next()).object.metadata.name).toBe(`${label}-blue`)
    watch.close()
  })
})

describe('the end of a watch', () => {
  it('timeoutSeconds ends it in good order', async () => {
    const begun = Date.now()
    const watch = await admin.watch(`${gadgets}?watch=1&timeoutSeconds=1&resourceVersion=${await now(gadgets)}`)
    expect(await watch.rest()).toEqual([])
    expect(Date.now() - begun).toBeGreaterThan(900)
    expect(Date.now() - begun).toBeLessThan(5000)
  })

  it('with bookmarks the last line before it says how far it was', async () => {
    // A real server sends none before it has seen an event of the kind since it began to serve that definition.
    const { only, object } = lane()
    const watch = await admin.watch(`${gadgets}?watch=1&allowWatchBookmarks=true&timeoutSeconds=8&resourceVersion=${await now(gadgets)}&${only}`)
    const from = (await admin.post(gadgets, object('tick'))).object.metadata.resourceVersion
    const events = await watch.rest()
    expect(events[0]?.type).toBe('ADDED')
    const bookmark = events.at(-1)
    expect(bookmark?.type).toBe('BOOKMARK')
    expect(bookmark?.object).toMatchObject({ kind: 'Gadget', apiVersion: `${group}/v1` })
    expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(from))
    expect(bookmark?.object.spec).toBeUndefined()
  })

  it('one can go on from the last event without gap or repeat', async () => {
    const { only, object } = lane()
    const first = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${await now(gadgets)}`)
    await admin.post(gadgets, object('a'))
    await admin.post(gadgets, object('b'))
    const { object: last } = (await first.take(2))[1] ?? { object: undefined }
    first.close()
    await admin.post(gadgets, object('c'))
    const second = await admin.watch(`${gadgets}?watch=1&${only}&resourceVersion=${last?.metadata.resourceVersion}`)
    await admin.post(gadgets, object('d'))
    expect((await second.take(2)).map(event => event.object.metadata.name.split('-').pop())).toEqual(['c', 'd'])
    second.close()
  })

  it('too old a resourceVersion is 410 Expired, as status or as ERROR event', async () => {
    await admin.post(widgets, widget('tick'))
    await admin.delete(`${widgets}/tick`)
    await forget()
    const answer = await admin.watch(`${gadgets}?watch=1&resourceVersion=1`).then(watch => watch.next(), (refused: Error) => refused)
    if (answer instanceof Error)
      return expect(answer.message).toMatch(/got 410: .*"reason":"Expired"/)
    expect(answer).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/) as string } })
  })
})

describe('streaming a list', () => {
  const streaming = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

  it('sends all objects, then a bookmark that says so, then what happens', async () => {
    const { only, object } = lane()
    await admin.post(gadgets, object('one'))
    await admin.post(gadgets, object('two'))
    const watch = await admin.watch(`${gadgets}?${streaming}&${only}`)
    const events = await watch.until(event => event.type === 'BOOKMARK')
    expect(types(events)).toEqual(['ADDED', 'ADDED', 'BOOKMARK'])
    expect(events[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    await admin.post(gadgets, object('three'))
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: expect.stringMatching(/three$/) as string } } })
    watch.close()
  })

  it('is what a watch from nowhere does anyway when it allows bookmarks', async () => {
    const { only, object } = lane()
    await admin.post(gadgets, object('one'))
    const watch = await admin.watch(`${gadgets}?watch=1&allowWatchBookmarks=true&${only}`)
    const events = await watch.take(2)
    watch.close()
    expect(types(events)).toEqual(['ADDED', 'BOOKMARK'])
    expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
  })

  it('of nothing is the bookmark alone', async () => {
    const watch = await admin.watch(`${gadgets}?${streaming}&${lane().only}`)
    expect((await watch.next()).type).toBe('BOOKMARK')
    watch.close()
  })

  it('wants resourceVersionMatch NotOlderThan: 422', async () => {
    const { status, failure } = await admin.get(`${gadgets}?watch=1&sendInitialEvents=true`)
    expect(status).toBe(422)
    expect(failure.message).toContain('resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  })

  it('is for watches only: 422', async () => {
    const { status, failure } = await admin.get(`${gadgets}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`)
    expect(status).toBe(422)
    expect(failure.message).toContain('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')
  })

  it('a match without sendInitialEvents is refused: 422', async () => {
    const { status, failure } = await admin.get(`${gadgets}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1`)
    expect(status).toBe(422)
    expect(failure.message).toContain('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  })
})

describe('watching and permission', () => {
  it('is refused with 403 before any event', async () => {
    const { status, failure } = await viewer.get(`${gadgets}?watch=1`)
    expect(status).toBe(403)
    expect(failure.message).toBe(`gadgets.${group} is forbidden: User "viewer" cannot watch resource "gadgets" in API group "${group}" in the namespace "${namespace}"`)
  })
})
