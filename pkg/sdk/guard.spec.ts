// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import type { Answer } from '#kube/scriptedServer.ts'
import { createGuard, guardKey, useGuard } from './guard.ts'
import type { Guard, GuardCall } from './guard.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => { await Promise.all(stops.splice(0).map(stop => stop())) })

async function serve(answer: Answer) {
  const server = await startScriptedServer((heard, response) => {
    // The page of this test has another origin.
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    return heard.method === 'OPTIONS' ? response.end() : answer(heard, response)
  })
  stops.push(server.close)
  return { server, guard: createGuard(server.url) }
}

const call: GuardCall<{ readonly size: number }> = { method: 'POST', path: '/guard/probe', body: { url: 'https://a.example/x.img' } }

function inSetup(provided?: Guard): Guard {
  const seen: Guard[] = []
  mount({ setup: () => { seen.push(useGuard()); return () => undefined } }, { global: { provide: provided ? { [guardKey as symbol]: provided } : {} } })
  return seen[0] as Guard
}

describe('the door to the console\'s own server', () => {
  it('asks in JSON and hands back the answer', async () => {
    const { server, guard } = await serve((_heard, response) => response.end('{"size":7}'))
    expect((await guard.ask(call)).size).toBe(7)
    expect(server.heard.at(-1)).toMatchObject({ method: 'POST', path: '/guard/probe', body: '{"url":"https://a.example/x.img"}' })
    expect(server.heard.at(-1)?.headers['content-type']).toBe('application/json')
  })

  it('turns a refusal into an ApiError that keeps its code', async () => {
    const status = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'x is not asked', details: { kind: 'guard', name: '10.0.0.1', causes: [{ reason: 'address-private', field: 'url', message: 'x is not asked' }] } }
    const { guard } = await serve((_heard, response) => response.writeHead(403).end(JSON.stringify(status)))
    await expect(guard.ask(call)).rejects.toMatchObject({ name: 'ApiError', status: 403, details: { name: '10.0.0.1' }, causes: [{ reason: 'address-private', field: 'url' }] })
  })

  it('says that nothing was understood, that nobody is there, and that it was given up', async () => {
    const { server, guard } = await serve((_heard, response) => response.end('<html>'))
    await expect(guard.ask(call)).rejects.toMatchObject({ name: 'ApiError', reason: 'BadAnswer' })
    const giveUp = AbortSignal.abort()
    await expect(guard.ask(call, { signal: giveUp })).rejects.toMatchObject({ name: 'ApiError', status: 0, reason: 'Aborted' })
    await server.close()
    await expect(guard.ask(call)).rejects.toMatchObject({ name: 'ApiError', status: 0, reason: 'Unreachable' })
  })

  it('is closed where no host provides it', async () => {
    const absent = inSetup()
    expect(absent.available).toBe(false)
    await expect(absent.ask(call)).rejects.toMatchObject({ name: 'ApiError', reason: 'NoServer' })
    expect(inSetup(createGuard()).available).toBe(true)
  })
})
