import { afterEach, expect, it, vi } from 'vitest'
import { parseMirror } from './addressRules.ts'
import { createOutbound } from './outbound.ts'
import { createReads, READ_LIMITS } from './reads.ts'
import type { ReadLimits } from './reads.ts'
import { startServer } from './testCluster.ts'

const running: (() => unknown)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

async function start(now: () => number) {
  const server = await startServer(({ url }, response) => response.writeHead(url?.startsWith('/disk.img') ? 200 : 404).end('bytes'))
  const outbound = createOutbound({ mirrors: [parseMirror(`127.0.0.1:${server.port}`)].filter(mirror => mirror !== undefined), proxyFor: () => '' })
  const lines: string[] = []
  const write = (...words: unknown[]) => { lines.push(JSON.stringify(words)) }
  const reads = createReads({ outbound, limits: READ_LIMITS, log: { info: write, warn: write }, now })
  running.push(() => reads.close(), () => outbound.close(), server.stop)
  const begun = reads.begin({ cluster: 'c0', namespace: 'default', url: `http://127.0.0.1:${server.port}/disk.img?signature=secret` }, 'somebody')
  await vi.waitFor(() => expect(reads.find(begun?.id ?? '')?.state).toBe('computed'), { timeout: 20_000 })
  return { reads, lines, id: begun?.id ?? '', port: server.port }
}

it('a read\'s result can be looked at for six hours', async () => {
  let now = Date.parse('2024-11-25T12:00:00Z')
  const { reads, id } = await start(() => now)
  expect(reads.find(id)).toMatchObject({ created: '2024-11-25T12:00:00.000Z', ended: '2024-11-25T12:00:00.000Z' })
  now += 6 * 3_600_000
  expect(reads.find(id)?.id).toBe(id)
  now += 1
  expect(reads.find(id)).toBeUndefined()
}, 30_000)

it('a log says which host was read from, and nothing of a signed link', async () => {
  const { lines, port } = await start(Date.now)
  expect(lines.join('\n')).toContain(`127.0.0.1:${port}`)
  expect(lines.join('\n')).not.toMatch(/secret|disk\.img/)
}, 30_000)

/** A server whose files never end: `/trickle…` comes a few bytes at a time, `/quick…` in pieces of 64 KiB. */
async function startEndless(limits: Partial<ReadLimits> = {}) {
  const server = await startServer(({ url = '' }, response) => {
    if (!/^\/(?:trickle|quick)/.test(url))
      return response.writeHead(404).end()
    response.writeHead(200, { 'content-length': 10 ** 10 })
    const timer = setInterval(() => response.write(Buffer.alloc(url.startsWith('/quick') ? 65_536 : 8)), 20)
    response.on('close', () => clearInterval(timer))
    return response
  })
  const outbound = createOutbound({ mirrors: [parseMirror(`127.0.0.1:${server.port}`)].filter(mirror => mirror !== undefined), proxyFor: () => '' })
  const reads = createReads({ outbound, limits: { ...READ_LIMITS, ...limits }, log: { info: () => undefined, warn: () => undefined } })
  running.push(() => reads.close(), () => outbound.close(), server.stop)
  const begin = (path: string, owner: string) => reads.begin({ cluster: 'c0', namespace: 'default', url: `http://127.0.0.1:${server.port}/${path}` }, owner)?.id ?? ''
  return { begin, stateOf: (id: string) => reads.find(id)?.state, find: reads.find, end: reads.end }
}

it('a read that only trickles ends and says so, and one that comes fast enough goes on', async () => {
  const { begin, find } = await startEndless({ slowest: 10_000, overSeconds: 0.5 })
  const [slow, quick] = [begin('trickle.img', 'ann'), begin('quick.img', 'ben')]
  await vi.waitFor(() => expect(find(slow)).toMatchObject({ state: 'failed', failure: { code: 'too-slow', least: 10_000, seconds: 0.5 } }), { timeout: 20_000 })
  await vi.waitFor(() => expect(find(quick)?.bytes).toBeGreaterThan(2_000_000), { timeout: 20_000 })
  expect(find(quick)?.state).toBe('reading')
}, 60_000)

it('nobody waits for another\'s second read', async () => {
  const { begin, stateOf, end } = await startEndless()
  const [first, second, theirs] = [begin('quick1.img', 'ann'), begin('quick2.img', 'ann'), begin('quick3.img', 'ben')]
  expect([first, second, theirs].map(stateOf)).toEqual(['reading', 'queued', 'reading'])
  end(theirs)
  expect(stateOf(second)).toBe('queued')
  end(first)
  await vi.waitFor(() => expect(stateOf(second)).toBe('reading'), { timeout: 10_000 })
}, 60_000)
