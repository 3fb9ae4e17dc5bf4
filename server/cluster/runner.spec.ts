import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { KubeClient, WatchEvent } from '#kube/client.ts'
import type { PersistentVolumeClaim, Pod } from '#kube/core.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Controller, Next, Time } from './controllers/step.ts'
import { on } from './controllers/step.ts'
import { runControllers } from './runner.ts'

// The laws of the runner, against a scripted client.

const pod = (name: string, version = 1, phase = 'Pending'): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'lab', uid: name, resourceVersion: String(version), creationTimestamp: '' }, status: { phase } })
const claim = (name: string, version = 1, phase: 'Pending' | 'Bound' = 'Pending'): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'lab', uid: name, resourceVersion: String(version), creationTimestamp: '' }, status: { phase } })

const asManifest = (object: KubeObject): Manifest => object as unknown as Manifest

interface Script { readonly lists: Map<Resource, KubeObject[] | number>, readonly write?: (verb: string, kind: Resource) => unknown }

/** A client that lists what the script has, never hears of changes but those that are told, and answers writes as scripted. */
function scripted({ lists, write = () => undefined }: Script) {
  const calls: string[] = []
  const tellers = new Map<Resource, (event: WatchEvent) => void>()
  const failing = (status: number) => new ApiError({ status, reason: status === 409 ? 'Conflict' : '', message: `answer ${status}` })
  const answer = (verb: string, kind: Resource, object: unknown) => {
    calls.push(`${verb} ${kind.plural}`)
    const said = write(verb, kind)
    if (typeof said === 'number')
      throw failing(said)
    return { object: said ?? object, warnings: [] }
  }
  const client = {
    list: async (kind: Resource) => {
      const items = lists.get(kind)
      if (typeof items === 'number')
        throw failing(items)
      return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '1' }, items: items ?? [] }
    },
    async* watch(kind: Resource, { signal, onOpen }: { signal: AbortSignal, onOpen: () => void }) {
      onOpen()
      const events: WatchEvent[] = []
      let heard: () => void = () => undefined
      tellers.set(kind, event => { events.push(event); heard() })
      signal.addEventListener('abort', () => heard())
      while (!signal.aborted) {
        const event = events.shift()
        if (event)
          yield event
        else
          await new Promise<void>(resolve => { heard = resolve })
      }
    },
    create: async (kind: Resource, object: object) => answer('create', kind, { ...object, metadata: { ...(object as KubeObject).metadata, uid: 'new', resourceVersion: '9' } }),
    patch: async (kind: Resource, at: { name: string }) => answer('patch', kind, kind === PODS ? pod(at.name, 50, 'Running') : claim(at.name, 50)),
    remove: async (kind: Resource) => answer('remove', kind, undefined),
  } as unknown as KubeClient
  return { client, calls, tell: (kind: Resource, event: WatchEvent) => tellers.get(kind)?.(event) }
}

/** A controller of pods that does what it is told, and remembers when it was asked. */
function watcher(step: (object: Pod, time: Time, turn: number) => Next, more: Partial<Controller<Pod>> = {}) {
  const asked: { readonly name: string, readonly time: Time }[] = []
  const controller = {
    name: 'watcher', actor: 'kubelet', kind: PODS, ...more,
    step: (object: Pod, _world: unknown, time: Time) => { asked.push({ name: object.metadata.name, time }); return step(object, time, asked.length) },
  } as unknown as Controller
  return { controller, asked }
}

const NOTHING: Next = { writes: [] }
const patch = (name: string): Next => ({ writes: [{ do: 'patch', kind: PODS, at: { namespace: 'lab', name }, part: 'status', body: { status: {} }, expect: '1' }] })
const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000 })

describe('the runner', () => {
  it('asks about every object once all kinds are known, and about none whose kind is not served', async () => {
    const { client } = scripted({ lists: new Map<Resource, KubeObject[] | number>([[PODS, [pod('a'), pod('b')]], [CLAIMS, 404]]) })
    const { controller, asked } = watcher(() => NOTHING, { wakes: [on(CLAIMS, () => [])] })
    const runner = runControllers({ controllers: [controller], clientOf: () => client })
    await runner.ready
    await soon(() => expect(asked.map(one => one.name).sort()).toEqual(['a', 'b']))
    expect(runner.world.has(PODS)).toBe(true)
    expect(runner.world.all(CLAIMS)).toEqual([])
    await runner.stop()
  })

  it('is woken by the kinds that a controller names, and not by what does not matter of them', async () => {
    const { client, tell } = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]], [CLAIMS, [claim('c')]]]) })
    const { controller, asked } = watcher(() => NOTHING, { wakes: [on(CLAIMS, () => ['lab/a'], one => one.status?.phase ?? '')] })
    const runner = runControllers({ controllers: [controller], clientOf: () => client })
    await soon(() => expect(asked).toHaveLength(1))
    tell(CLAIMS, { type: 'MODIFIED', object: claim('c', 2) })
    await soon(() => expect(runner.world.get(CLAIMS, 'lab/c')?.metadata.resourceVersion).toBe('2'))
    tell(CLAIMS, { type: 'MODIFIED', object: claim('c', 3, 'Bound') })
    await soon(() => expect(asked).toHaveLength(2))
    await runner.stop()
  })

  it('tells since when an object is in its stage, and asks again when it is asked to', async () => {
    const { client, tell } = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]) })
    const { controller, asked } = watcher((_object, time) => time.left(1_000) > 0 ? { writes: [], again: time.left(1_000) } : NOTHING, { stage: one => one.status?.phase ?? '' })
    const runner = runControllers({ controllers: [controller], clientOf: () => client, pace: 20 })
    await soon(() => expect(asked.at(-1)?.time.left(1_000)).toBe(0))
    const [first, last] = [asked[0], asked.at(-1)]
    expect(last?.time.since).toBe(first?.time.since)
    expect((last?.time.now ?? 0) - (first?.time.now ?? 0)).toBeGreaterThanOrEqual(50)
    tell(PODS, { type: 'MODIFIED', object: pod('a', 2, 'Running') })
    await soon(() => expect(asked.at(-1)?.time.since).toBeGreaterThan(first?.time.since ?? 0))
    await runner.stop()
  })

  it('takes a conflict as a reason to look again, and leaves what it meant to write after it', async () => {
    let refusals = 2
    const { client, calls } = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]), write: () => refusals-- > 0 ? 409 : undefined })
    const { controller, asked } = watcher(object => object.status?.phase === 'Running' ? NOTHING : { writes: [...patch('a').writes, { do: 'create', kind: CLAIMS, object: asManifest(claim('c')) }] })
    const runner = runControllers({ controllers: [controller], clientOf: () => client })
    await soon(() => expect(calls).toEqual(['patch pods', 'patch pods', 'patch pods', 'create persistentvolumeclaims']))
    expect(asked.length).toBeGreaterThanOrEqual(3)
    await runner.stop()
  })

  it('tells a step what admission refused, waits longer each time, and says it in the log once', async () => {
    let refusals = 3
    const lines: string[] = []
    const { client, calls } = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]), write: () => refusals-- > 0 ? 422 : undefined })
    const { controller, asked } = watcher(object => object.status?.phase === 'Running' ? NOTHING : patch('a'))
    const runner = runControllers({ controllers: [controller], clientOf: () => client, log: line => lines.push(line) })
    await soon(() => expect(calls).toHaveLength(4))
    expect(asked[1]?.time.refused).toMatchObject({ kind: PODS, message: 'answer 422' })
    expect(asked[2] && asked[1] ? asked[2].time.now - asked[1].time.now : 0).toBeGreaterThan(400)
    expect(lines).toEqual(['watcher lab/a: patch pods: 422 answer 422'])
    await soon(() => expect(asked.at(-1)?.time.refused).toBeUndefined())
    await runner.stop()
  })

  it('takes what is there already, or gone already, as done', async () => {
    const exists = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]), write: verb => {
      if (verb === 'create')
        throw new ApiError({ status: 409, reason: 'AlreadyExists', message: '' })
      return verb === 'remove' ? 404 : undefined
    } })
    const { controller } = watcher((_object, _time, turn) => turn > 1 ? NOTHING : { writes: [{ do: 'create', kind: CLAIMS, object: asManifest(claim('c')) }, { do: 'remove', kind: CLAIMS, at: { namespace: 'lab', name: 'c' }, uid: 'c' }, ...patch('a').writes] })
    const runner = runControllers({ controllers: [controller], clientOf: () => exists.client })
    await soon(() => expect(exists.calls).toEqual(['create persistentvolumeclaims', 'remove persistentvolumeclaims', 'patch pods']))
    await runner.stop()
  })

  it('leaves out the actors that somebody else plays, and writes for each under its own account', async () => {
    const kubelet = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]) })
    const others = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]) })
    const mine = watcher(object => object.status?.phase === 'Running' ? NOTHING : patch('a'))
    const left = watcher(() => NOTHING, { name: 'left', actor: 'scheduler' })
    const runner = runControllers({ controllers: [mine.controller, left.controller], clientOf: actor => actor === 'kubelet' ? kubelet.client : others.client, without: ['scheduler'] })
    await soon(() => expect(kubelet.calls).toEqual(['patch pods']))
    expect(left.asked).toEqual([])
    expect(others.calls).toEqual([])
    await runner.stop()
  })

  it('does nothing more once it is stopped', async () => {
    const { client, tell } = scripted({ lists: new Map<Resource, KubeObject[]>([[PODS, [pod('a')]]]) })
    const { controller, asked } = watcher(() => ({ writes: [], again: 5 }))
    const runner = runControllers({ controllers: [controller], clientOf: () => client })
    await soon(() => expect(asked.length).toBeGreaterThan(2))
    await runner.stop()
    const count = asked.length
    tell(PODS, { type: 'MODIFIED', object: pod('a', 9) })
    await new Promise(done => setTimeout(done, 60))
    expect(asked.length).toBe(count)
  })
})
