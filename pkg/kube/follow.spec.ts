import fc from 'fast-check'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createKubeClient } from './client.ts'
import type { KubeClient } from './client.ts'
import { NAMESPACES } from './core.ts'
import type { Namespace } from './core.ts'
import { follow } from './follow.ts'
import type { FollowFailure, FollowOptions, Pace } from './follow.ts'
import { sendJson, sendStatus, startScriptedServer } from './scriptedServer.ts'
import type { Answer, Heard, ScriptedServer } from './scriptedServer.ts'

const QUICK: Partial<Pace> = { first: 10, longest: 80, slow: 300, watch: 20_000, margin: 1_000, tooShort: 5 }

let server: ScriptedServer | undefined
let abort = new AbortController()
afterEach(async () => {
  abort.abort()
  abort = new AbortController()
  await server?.close()
})

interface Told { readonly log: string[], readonly map: Map<string, string>, readonly failures: FollowFailure[], readonly done: Promise<void> }

function object(name: string, resourceVersion: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' } }
}
function line(type: string, name: string, resourceVersion: number): string {
  return `${JSON.stringify({ type, object: object(name, String(resourceVersion)) })}\n`
}
function list(resourceVersion: number, ...names: string[]): object {
  return { kind: 'NamespaceList', apiVersion: 'v1', metadata: { resourceVersion: String(resourceVersion) }, items: names.map(name => object(name, '1')) }
}

/** Follows with a follower that writes down what it is told. */
function begin(client: KubeClient, options: Partial<FollowOptions> = {}): Told {
  const log: string[] = []
  const map = new Map<string, string>()
  const failures: FollowFailure[] = []
  const done = follow(client, NAMESPACES, {
    listed: objects => {
      map.clear()
      for (const one of objects)
        map.set(one.metadata.name, one.metadata.resourceVersion)
      log.push(`list ${objects.map(one => one.metadata.name).join(' ')}`)
    },
    changed: ({ type, object: { metadata: { name, resourceVersion } } }) => {
      if (type === 'DELETED')
        map.delete(name)
      else
        map.set(name, resourceVersion)
      log.push(`${type} ${name}`)
    },
    live: () => log.push('live'),
    failed: failure => {
      failures.push(failure)
      log.push(`failed ${failure.during} ${failure.error.status}`)
    },
  }, { signal: abort.signal, random: () => 0.5, ...options, pace: { ...QUICK, ...options.pace } })
  return { log, map, failures, done }
}

async function against(answer: Answer): Promise<KubeClient> {
  server = await startScriptedServer(answer)
  return createKubeClient({ baseUrl: server.url })
}

/** Lists are answered alike; watches one after the other, the last for ever. */
function script(listing: object, ...watches: ((response: ServerResponse, heard: Heard) => unknown)[]): Answer {
  let turn = 0
  return (heard, response) => {
    if (!heard.query.has('watch'))
      return sendJson(response, 200, listing)
    const watch = watches[Math.min(turn++, watches.length - 1)]
    return watch?.(response, heard)
  }
}
const stay = (response: ServerResponse): void => response.flushHeaders()
const asked = (): string[] => server?.heard.map(({ query }) => query.has('watch') ? `watch ${query.get('resourceVersion') ?? ''}` : 'list') ?? []

describe('follow', () => {
  it('lists, watches from there with bookmarks, and tells that the line stands', async () => {
    const told = begin(await against(script(list(5, 'a', 'b'), response => { response.write(line('ADDED', 'c', 6)) })))
    await expect.poll(() => told.log).toEqual(['list a b', 'live', 'ADDED c'])
    expect(asked()).toEqual(['list', 'watch 5'])
    expect(server?.heard[1]?.query.get('allowWatchBookmarks')).toBe('true')
    expect(Number(server?.heard[1]?.query.get('timeoutSeconds'))).toBe(25)
  })

  it('resumes from the last event after a normal end, without a list and without calling it stale', async () => {
    const told = begin(await against(script(list(5),
      async response => { response.write(line('ADDED', 'c', 6)); await sleep(20); response.end() },
      response => response.write(line('MODIFIED', 'c', 7)))))
    await expect.poll(() => told.log).toEqual(['list ', 'live', 'ADDED c', 'live', 'MODIFIED c'])
    expect(asked()).toEqual(['list', 'watch 5', 'watch 6'])
  })

  it('resumes from a bookmark, which is no change', async () => {
    const told = begin(await against(script(list(5),
      async response => { response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Namespace', metadata: { resourceVersion: '90' } } })}\n`); await sleep(20); response.end() },
      stay)), { pace: { tooShort: 0 } })
    await expect.poll(asked).toEqual(['list', 'watch 5', 'watch 90'])
    expect(told.log.filter(entry => entry !== 'live')).toEqual(['list '])
  })

  it('resumes from the last whole line after a cut, tells so, and repeats nothing', async () => {
    const told = begin(await against(script(list(5),
      response => { response.write(line('ADDED', 'c', 6) + line('ADDED', 'd', 7).slice(0, 30)); setTimeout(() => response.destroy(), 20) },
      response => response.write(line('ADDED', 'd', 7)))))
    await expect.poll(() => told.log).toEqual(['list ', 'live', 'ADDED c', 'failed watch 0', 'live', 'ADDED d'])
    expect(asked()).toEqual(['list', 'watch 5', 'watch 6'])
  })

  it.each([
    ['HTTP status', (response: ServerResponse) => sendStatus(response, 410, 'Expired')],
    ['ERROR event', (response: ServerResponse) => response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}\n')],
  ])('lists again on 410 as %s', async (_, expire) => {
    const told = begin(await against(script(list(9, 'a'),
      async response => { await sleep(5); response.end(line('ADDED', 'b', 10)) },
      expire,
      response => response.write(line('ADDED', 'z', 11)))))
    await expect.poll(() => told.log.at(-1)).toBe('ADDED z')
    expect(asked()).toEqual(['list', 'watch 9', 'watch 10', 'list', 'watch 9'])
    expect(told.failures).toMatchObject([{ error: { status: 410 }, during: 'watch' }])
    expect([...told.map.keys()]).toEqual(['a', 'z'])
  })

  it('waits longer and longer while the server always says 410', async () => {
    const told = begin(await against(script(list(9), response => sendStatus(response, 410, 'Expired'))))
    await expect.poll(() => told.failures.length).toBeGreaterThan(5)
    const listsByThen = asked().filter(one => one === 'list').length
    expect(listsByThen).toBeLessThan(9)
  })

  it('lists again where the version is of another life of the server', async () => {
    const told = begin(await against(script(list(5),
      response => sendStatus(response, 504, 'Timeout', 'Too large resource version', { retryAfterSeconds: 0, causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] }),
      stay)))
    await expect.poll(asked).toEqual(['list', 'watch 5', 'list', 'watch 5'])
    expect(told.failures).toHaveLength(1)
  })

  it('waits longer after each failure, up to a limit, with jitter', async () => {
    const client = await against((_, response) => sendStatus(response, 500, 'InternalError'))
    const waits: number[] = []
    const rolls = [0, 1, 0, 1, 0, 1, 0, 1]
    void follow(client, NAMESPACES, { listed: () => undefined, changed: () => undefined, live: () => undefined, failed: ({ retryAt }) => waits.push(retryAt) },
      { signal: abort.signal, now: () => 0, random: () => rolls.shift() ?? 0.5, pace: QUICK })
    await expect.poll(() => waits.length).toBeGreaterThanOrEqual(6)
    expect(waits.slice(0, 6)).toEqual([5, 20, 20, 80, 40, 80])
  })

  it('takes a watch that ends as soon as it began for a failure', async () => {
    const told = begin(await against(script(list(5), response => response.end())), { pace: { tooShort: 1_000 } })
    await expect.poll(() => told.failures.length).toBeGreaterThan(2)
    expect(told.failures[0]).toMatchObject({ error: { reason: 'LineCut' }, during: 'watch' })
    expect(asked().filter(one => one === 'list')).toHaveLength(1)
  })

  it('does not try again before Retry-After, not even when woken', async () => {
    let wake: (suspect: boolean) => void = () => undefined
    const times: number[] = []
    const told = begin(await against((_, response) => {
      times.push(Date.now())
      response.setHeader('Retry-After', '1')
      sendStatus(response, 429, 'TooManyRequests')
    }), { wake: listener => { wake = listener; return () => undefined } })
    await expect.poll(() => told.failures.length).toBe(1)
    wake(true)
    await expect.poll(() => times.length, { timeout: 3_000 }).toBe(2)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
  })

  it.each([401, 403, 404])('tells %i and tries again slowly', async code => {
    const told = begin(await against((_, response) => sendStatus(response, code, 'No', 'no such thing')), { random: () => 1 })
    await expect.poll(() => told.failures.length).toBe(1)
    expect(told.failures[0]?.error).toMatchObject({ status: code, message: 'no such thing' })
    await sleep(150)
    expect(server?.heard).toHaveLength(1)
    await expect.poll(() => server?.heard.length).toBe(2)
  })

  it('asks the list what has become of a kind whose watch is refused', async () => {
    const told = begin(await against(script(list(5, 'a'),
      async response => { response.write(line('ADDED', 'b', 6)); await sleep(10); response.end() },
      response => sendStatus(response, 404, 'NotFound'),
      stay)))
    await expect.poll(asked).toEqual(['list', 'watch 5', 'watch 6', 'list', 'watch 5'])
    expect(told.log.at(-1)).toBe('live')
  })

  it('tries again at once when woken', async () => {
    let wake: (suspect: boolean) => void = () => undefined
    const told = begin(await against((_, response) => sendStatus(response, 403, 'Forbidden')),
      { wake: listener => { wake = listener; return () => undefined }, pace: { slow: 60_000 } })
    await expect.poll(() => told.failures.length).toBe(1)
    wake(false)
    await expect.poll(() => told.failures.length).toBe(2)
  })

  it('leaves a line that may be dead when woken, and resumes', async () => {
    let wake: (suspect: boolean) => void = () => undefined
    const told = begin(await against(script(list(5), response => response.write(line('ADDED', 'a', 6)), stay)),
      { wake: listener => { wake = listener; return () => undefined } })
    await expect.poll(() => told.log).toContain('ADDED a')
    wake(false)
    await sleep(30)
    expect(asked()).toEqual(['list', 'watch 5'])
    wake(true)
    await expect.poll(asked).toEqual(['list', 'watch 5', 'watch 6'])
    await expect.poll(() => server?.open.size).toBe(1)
    expect(told.failures).toEqual([])
  })

  it('finds a line that is silent for longer than the watch may last, and resumes', async () => {
    const told = begin(await against(script(list(5), stay, response => response.write(line('ADDED', 'late', 6)))), { pace: { watch: 100, margin: 50 } })
    await expect.poll(() => told.log).toContain('ADDED late')
    expect(asked().slice(0, 3)).toEqual(['list', 'watch 5', 'watch 5'])
    expect(told.failures).toEqual([])
  })

  it('takes a line that is never answered for a failure, and says so', async () => {
    const told = begin(await against(script(list(5), stay, () => undefined)), { pace: { watch: 60, margin: 40, opening: 120 } })
    await expect.poll(() => told.failures.length, { timeout: 3_000 }).toBeGreaterThan(0)
    expect(told.failures[0]).toMatchObject({ error: { status: 0, reason: 'Timeout' }, during: 'watch' })
    expect(told.log.slice(0, 3)).toEqual(['list ', 'live', 'failed watch 0'])
  })

  it('gives a list up that may never be answered when woken, and lists again', async () => {
    let wake: (suspect: boolean) => void = () => undefined
    let lists = 0
    const told = begin(await against(({ query }, response) => {
      if (query.has('watch'))
        return stay(response)
      return ++lists > 1 ? sendJson(response, 200, list(5, 'a')) : undefined
    }), { wake: listener => { wake = listener; return () => undefined } })
    await expect.poll(() => lists).toBe(1)
    wake(false)
    await sleep(30)
    expect(lists).toBe(1)
    wake(true)
    await expect.poll(() => told.log).toEqual(['list a', 'live'])
    expect(told.failures).toEqual([])
  })

  it('waits at most minutes, whatever a server asks', async () => {
    const told = begin(await against((_, response) => {
      response.setHeader('Retry-After', '2592000')
      sendStatus(response, 503, 'ServiceUnavailable')
    }), { now: () => 0 })
    await expect.poll(() => told.failures.length).toBe(1)
    await sleep(100)
    expect(told.failures.map(({ retryAt }) => retryAt)).toEqual([5 * 60_000])
  })

  it('woken before Retry-After, tries as soon as that is over', async () => {
    let wake: (suspect: boolean) => void = () => undefined
    const times: number[] = []
    const told = begin(await against((_, response) => {
      times.push(Date.now())
      response.setHeader('Retry-After', '1')
      sendStatus(response, 429, 'TooManyRequests')
    }), { wake: listener => { wake = listener; return () => undefined }, random: () => 1, pace: { first: 60_000, longest: 60_000 } })
    await expect.poll(() => told.failures.length).toBe(1)
    wake(false)
    await expect.poll(() => times.length, { timeout: 3_000 }).toBe(2)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
  })

  it('lists less and less often a kind that may be listed but not watched', async () => {
    const waits: number[] = []
    const client = await against(script(list(5, 'a'), response => sendStatus(response, 403, 'Forbidden', 'cannot watch')))
    void follow(client, NAMESPACES, { listed: () => undefined, changed: () => undefined, live: () => undefined, failed: ({ retryAt, during }) => during === 'watch' && waits.push(retryAt) },
      { signal: abort.signal, now: () => 0, random: () => 1, pace: { ...QUICK, slow: 20, slowest: 100 } })
    await expect.poll(() => waits.length, { timeout: 3_000 }).toBeGreaterThanOrEqual(5)
    expect(waits.slice(0, 5)).toEqual([20, 40, 80, 100, 100])
  })

  it('leaves nothing open when it is told to stop, whatever it is at', async () => {
    const told = begin(await against(script(list(5), stay)))
    await expect.poll(() => told.log.at(-1)).toBe('live')
    abort.abort()
    await told.done
    await expect.poll(() => server?.open.size).toBe(0)

    abort = new AbortController()
    const waiting = begin(createKubeClient({ baseUrl: 'http://127.0.0.1:9' }), { pace: { first: 60_000, longest: 60_000 } })
    await expect.poll(() => waiting.failures.length).toBe(1)
    abort.abort()
    await waiting.done
  })

  it('finds the server again that was away', async () => {
    server = await startScriptedServer(script(list(5), stay))
    const port = Number(new URL(server.url).port)
    const told = begin(createKubeClient({ baseUrl: server.url }))
    await expect.poll(() => told.log.at(-1)).toBe('live')
    await server.close()
    await expect.poll(() => told.failures.length).toBeGreaterThan(3)
    server = await startScriptedServer(script(list(7), response => response.write(line('ADDED', 'new', 8))), port)
    await expect.poll(() => told.log.at(-1)).toBe('ADDED new')
    expect(asked()).toEqual(['watch 5'])
  })
})

/** A collection behind an API: pages, versions, a history that can be forgotten, watchers that can be cut. */
function modelServer(): { answer: Answer, step: (what: Step) => void, state: () => Record<string, string> } {
  let version = 100
  let forgotten = 0
  let pageSize = 3
  let expireBy: 'status' | 'event' = 'status'
  const objects = new Map<string, string>()
  const history: { version: number, text: string }[] = []
  const watchers = new Set<ServerResponse>()

  function record(type: string, name: string): void {
    version++
    if (type === 'DELETED')
      objects.delete(name)
    else
      objects.set(name, String(version))
    const text = line(type, name, version)
    history.push({ version, text })
    for (const watcher of watchers)
      watcher.write(text)
  }

  const answer: Answer = ({ query }, response) => {
    const from = Number(query.get('resourceVersion') ?? 0)
    if (query.has('watch'))
      return watch(response, from)
    const [at, after] = (query.get('continue') ?? '').split('/')
    if (at && Number(at) < forgotten)
      return sendStatus(response, 410, 'Expired')
    // Pages of the present are as good as a snapshot here: what changes meanwhile is also watched.
    const names = [...objects.keys()].sort().filter(name => !after || name > after)
    const page = names.slice(0, pageSize)
    const token = names.length > pageSize ? `${at || version}/${page.at(-1) ?? ''}` : undefined
    return sendJson(response, 200, { metadata: { resourceVersion: at || String(version), continue: token }, items: page.map(name => object(name, objects.get(name) ?? '')) })
  }

  function watch(response: ServerResponse, from: number): void {
    if (from < forgotten && expireBy === 'status')
      return sendStatus(response, 410, 'Expired')
    response.flushHeaders()
    if (from < forgotten)
      return void response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
    for (const past of history.filter(one => one.version > from))
      response.write(past.text)
    watchers.add(response)
    response.on('close', () => watchers.delete(response))
  }

  function leave(how: (watcher: ServerResponse) => void): void {
    watchers.forEach(how)
    watchers.clear()
  }

  function step(what: Step): void {
    switch (what.do) {
      case 'put': return record(objects.has(what.name) ? 'MODIFIED' : 'ADDED', what.name)
      case 'delete': return objects.has(what.name) ? record('DELETED', what.name) : undefined
      case 'forget': forgotten = version; expireBy = what.by; return
      case 'pages': pageSize = what.size; return
      case 'end': return leave(watcher => watcher.end())
      case 'cut': return leave(watcher => { watcher.write(line('ADDED', 'half', version + 1).slice(0, what.after)); watcher.destroy() })
      case 'wait': return
    }
  }
  return { answer, step, state: () => Object.fromEntries([...objects].sort()) }
}

type Step = { do: 'put' | 'delete', name: string } | { do: 'forget', by: 'status' | 'event' } | { do: 'pages', size: number } | { do: 'cut', after: number } | { do: 'end' } | { do: 'wait' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'put' as const, 'delete' as const), name: fc.constantFrom(...'abcdefgh') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forget' as const), by: fc.constantFrom('status' as const, 'event' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pages' as const), size: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), after: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'end' as const }, { do: 'wait' as const }, { do: 'wait' as const }) },
)

describe('whatever happens on the way', () => {
  it('the follower ends with what the server has', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const model = modelServer()
      const one = await startScriptedServer(model.answer)
      const stop = new AbortController()
      const told = begin(createKubeClient({ baseUrl: one.url }), { signal: stop.signal, pace: { first: 1, longest: 4 } })
      try {
        for (const what of steps) {
          model.step(what)
          if (what.do === 'wait')
            await sleep(3)
        }
        await expect.poll(() => Object.fromEntries([...told.map].sort()), { timeout: 2_000, interval: 5 }).toEqual(model.state())
      }
      finally {
        stop.abort()
        await told.done
        await one.close()
      }
    }), { numRuns: 40 })
  }, 60_000)
})
